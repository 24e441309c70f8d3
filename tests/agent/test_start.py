"""What an agent tells its engine first."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.agent.test_hints import BACKUP, PRIMARY, QuietRunner, TalkingRouter
from wanfailover import agent as agents
from wanfailover.agent import Agent
from wanfailover.config import Profile
from wanfailover.core.facts import RouterView, WindowTold
from wanfailover.core.site import Policy
from wanfailover.ports import RouterAccess
from wanfailover.sites import SiteDir


async def test_the_window_is_told_before_anything_can_be_decided(tmp_path, monkeypatch):
    """Or a return that is due would be made outside it, in the moment of a restart."""
    monkeypatch.setattr(agents, "Runner", lambda *_, **__: QuietRunner())
    profile = Profile(
        Path("office.yaml"), "office", "memory", RouterAccess(None, "local"),
        (PRIMARY, BACKUP), (), Policy(),
    )  # fmt: skip
    agent = Agent(profile, SiteDir(tmp_path), TalkingRouter(PRIMARY.address, PRIMARY.gateway))
    told, feed, read = [], agent.engine.feed, asyncio.Event()

    def note(fact, now):
        told.append(fact)
        if isinstance(fact, RouterView):
            read.set()
        return feed(fact, now)

    monkeypatch.setattr(agent.engine, "feed", note)
    running = asyncio.create_task(agent.run())
    await read.wait()
    agent.stop()
    await running
    assert isinstance(told[0], WindowTold)
