"""Routers whose circuits have marks, and what a packet with a code point comes to."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.drivers.testbed import PORTS, ROUTER, SHARED, SWAP, Testbed, ask
from wanfailover.abilities import Marking
from wanfailover.core.site import Path, Site
from wanfailover.ports import RouterAccess
from wanfailover_iproute2.driver import Iproute2
from wanfailover_iproute2.plugin import PLUGIN

MakeBed = Callable[..., Testbed]


def marked(site: Site) -> Site:
    """Every circuit with a mark: 8 and 9."""
    circuits = (replace(c, vantage=Path(dscp=8 + n)) for n, c in enumerate(site.circuits))
    return replace(site, circuits=tuple(circuits))


SITES = tuple(map(marked, (SWAP, PORTS, SHARED)))
SHAPES = pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
MARKED_SWAP = SITES[0]


def drive(bed: Testbed, **access: object) -> Iproute2:
    """A driver in another namespace than its router's, as a host of the LAN would be."""
    given = {
        "host": ROUTER,
        "transport": "local",
        "options": PLUGIN.options({"netns": bed.router}),
        "circuits": bed.site.circuits,
    }
    driver = PLUGIN.build(RouterAccess(**(given | access)))
    kept: Marking = driver  # mypy: it is one
    assert isinstance(kept, Marking)
    return driver


def everything(bed: Testbed) -> str:
    """Addresses, rules, routes of all tables and the firewall."""
    return bed.sh(
        "router",
        "ip -4 address show; ip -4 rule show; ip -4 route show table all; nft list ruleset",
    )


def seen_as(bed: Testbed, dscp: int, box: str = "agent") -> str | None:
    """The source that the far host sees of a new flow with a code point; None: no answer."""
    with flow(bed, dscp, box) as sock:
        return ask(sock)


@contextmanager
def flow(bed: Testbed, dscp: int, box: str = "agent") -> Iterator[socket.socket]:
    with bed.socket(box) as sock:
        sock.settimeout(0.3)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
        yield sock


async def seen_whole(bed: Testbed, driver: Iproute2, dscp: int, box: str = "agent") -> frozenset:
    """What a reading tells once a marked packet has come by."""
    seen_as(bed, dscp, box)
    return (await driver.read()).marks
