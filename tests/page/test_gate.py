"""The page beside a real agent: it opens, it closes, and what befalls it befalls no failover."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import urllib.request

import pytest

from tests.support.box import Box
from wanfailover.counts import Counts
from wanfailover.page import gate
from wanfailover.page.gate import Gate
from wanfailover.page.sources import Sources
from wanfailover.sites import SiteDir
from wanfailover.specs import Page


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def fetch(port: int, path: str):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return json.load(answer)


@pytest.mark.timeout(90)
def test_a_real_agent_shows_its_page(tmp_path):
    """What the page tells is what `status` tells, also after a failover; at the end it is gone."""
    box, port = Box(tmp_path), free_port()
    with box.profile.open("a") as profile:
        profile.write(f"page: 127.0.0.1:{port}\n")
    with box.agent() as agent:
        box.wait(
            lambda r: (
                r["health"].get("primary", {}).get("state") == "up" and "page-open" in box.logged
            )
        )
        box.kill("primary")
        told = box.settled("backup", 30)
        shown = fetch(port, "/api/status")
        assert {key for key in told if told[key] != shown.get(key)} <= {
            "agent",
            "health",
            "next",
            "decision",
        }
        assert shown["active"] == "backup"
        made = fetch(port, "/api/timeline?range=day")
        assert [each["to"] for each in made["switchovers"]] == ["backup"]
        rules = [each["rule"] for each in fetch(port, "/api/decisions")["decisions"]]
        assert "active-down" in rules
        with socket.create_connection(("127.0.0.1", port)) as stream:
            stream.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert stream.recv(100).startswith(b"HTTP/1.1 200 OK")
            began = time.monotonic()
            agent.terminate()
            agent.wait(20)
            assert time.monotonic() - began < 10, "an open page holds it up"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1)
    assert "Traceback" not in box.logged


@pytest.mark.timeout(60)
def test_where_it_cannot_listen_the_agent_watches_all_the_same(tmp_path):
    """`status` says why."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        box, port = Box(tmp_path), taken.getsockname()[1]
        with box.profile.open("a") as profile:
            profile.write(f"page: 127.0.0.1:{port}\n")
        with box.agent():
            report = box.wait(lambda r: r["warnings"] and r["active"])
            assert report["warnings"] == [
                f"the page cannot listen at 127.0.0.1:{port}: Address already in use"
            ]
            box.kill("primary")
            assert box.settled("backup", 30)["switchover"]["outcome"] == "proved"


def gate_of(folder, page):
    sources = Sources(SiteDir(folder), dict, Counts(), lambda: 0.0)
    return Gate(page, sources)


async def troubled(made: Gate) -> None:
    async with asyncio.timeout(5):
        while made.trouble is None:  # noqa: ASYNC110 - from outside
            await asyncio.sleep(0.01)


async def test_it_is_tried_again_until_it_can(tmp_path, monkeypatch):
    """An address may come later than the agent."""
    monkeypatch.setattr(gate, "AGAIN", 0.05)
    taken = socket.create_server(("127.0.0.1", 0))
    made = gate_of(tmp_path, Page("127.0.0.1", taken.getsockname()[1]))
    run = asyncio.create_task(made.run())
    await troubled(made)
    taken.close()
    await run
    assert made.trouble is None
    await made.close()


async def test_an_address_that_is_nobodys(tmp_path, monkeypatch):
    monkeypatch.setattr(gate, "AGAIN", 60)
    made = gate_of(tmp_path, Page("192.0.2.1", 8480))
    run = asyncio.create_task(made.run())
    await troubled(made)
    assert (
        made.trouble == "the page cannot listen at 192.0.2.1:8480: Cannot assign requested address"
    )
    run.cancel()
    await made.close()


async def test_none_is_wanted(tmp_path):
    made = gate_of(tmp_path, None)
    await made.run()
    await made.close()
    assert made.trouble is None


async def test_a_bug_in_it_is_told_and_ends_nobody(tmp_path, monkeypatch):
    def broken(_):
        raise ZeroDivisionError

    monkeypatch.setattr(gate, "import_module", broken)
    made = gate_of(tmp_path, Page("127.0.0.1", 1))
    await made.run()
    assert made.trouble == "the page is not there: this is a bug in wanfailover"
