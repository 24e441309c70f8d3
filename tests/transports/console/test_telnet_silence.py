"""Telnet to a router that vanishes, over real packets between two network namespaces."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.drivers.conftest import namespaces  # noqa: F401
from tests.drivers.testbed import ROUTER, Testbed
from wanfailover.errors import RouterUnreachable
from wanfailover.ports import RouterAccess
from wanfailover.transports.console.telnet import ConsoleBusy, TelnetLine, dial

pytestmark = pytest.mark.packets

DROP = "table ip cut { chain in { type filter hook input priority -200; drop; }; }"

NOTICED_WITHIN = 9.0
"""Seconds: 3 until the first question, 3 more a second apart, and time for a busy machine."""


@pytest.fixture
def bed(namespaces: None) -> Iterator[Testbed]:  # noqa: F811
    """A router's namespace, seen from the agent's place."""
    with Testbed() as bed, bed.here("agent"):
        yield bed


@asynccontextmanager
async def greeted(bed: Testbed) -> AsyncIterator[TelnetLine]:
    """A session with a router that has said one byte; from then on its bytes vanish."""
    with bed.socket("router", kind=socket.SOCK_STREAM) as listener:
        listener.bind((ROUTER, 23))
        listener.listen()
        line = await dial(RouterAccess(ROUTER, "telnet"))
        peer, _ = listener.accept()
        with peer:
            peer.send(b"!")
            assert await line.read(5) == b"!"
            bed.sh("router", f"nft '{DROP}'")
            yield line
            await line.close()


@pytest.mark.parametrize("speaks", [False, True])
async def test_a_router_that_vanishes_is_noticed(bed: Testbed, speaks: bool) -> None:
    """Whether we only listen or have just pressed a key, a dead router ends the session."""
    async with greeted(bed) as line:
        began = time.monotonic()
        if speaks:
            await line.write(b"\r")
        with pytest.raises(RouterUnreachable, match=r"192\.168\.10\.1 port 23 was lost") as caught:
            await line.read(30)
        assert time.monotonic() - began < NOTICED_WITHIN
        assert not isinstance(caught.value, ConsoleBusy)


async def test_a_router_that_is_away_is_given_up(bed: Testbed) -> None:
    """Where nothing answers at all, dialling ends after four seconds."""
    bed.sh("router", f"nft '{DROP}'")
    began = time.monotonic()
    with pytest.raises(RouterUnreachable, match=r"192\.168\.10\.1 port 23 does not answer"):
        await dial(RouterAccess(ROUTER, "telnet"))
    assert time.monotonic() - began < 6


async def test_closing_a_session_with_the_dead_takes_no_time(bed: Testbed) -> None:
    """A session whose router is gone closes at once."""
    async with greeted(bed) as line:
        await line.write(b"\r")
        began = time.monotonic()
        await line.close()
        assert time.monotonic() - began < 1
