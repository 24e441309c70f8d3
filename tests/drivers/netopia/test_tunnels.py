"""An R9100 ends its tunnels by itself; what it says of them, and of its NAT, is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.drivers.netopia.rig import SITE, assert_left_alone, driver, edited, switch, unit
from tests.support.clock import virtual_time
from wanfailover.abilities import Letting, Pinhole, Renewing, Witness
from wanfailover.config import Profile
from wanfailover.core.site import Tunnel
from wanfailover.errors import RouterUnreachable
from wanfailover.ports import RouterAccess
from wanfailover.preflight import pinhole, renewals
from wanfailover.witnessed import Witnessed
from wanfailover_netopia import tour

MAIL = IPv4Address("192.168.1.25")
ENTRY = Pinhole(MAIL, 25)


@pytest.mark.parametrize(
    ("variant", "wanted"),
    [
        ("", ENTRY),
        ("fw410+segmented", ENTRY),
        ("extra-items+shuffled+minimal-diff", ENTRY),
        ("easy-setup-only+cursor-highlight+full-repaint", ENTRY),
        ("fw3", Pinhole(MAIL, None, "smtp")),
        ("fixed-server", Pinhole(MAIL, 25, "", IPv4Address("203.0.113.2"))),
    ],
)
@virtual_time
async def test_the_server_list(variant: str, wanted: Pinhole) -> None:
    """Each firmware has its own; nothing is changed on the way."""
    router = unit(variant)
    who = driver(router)
    assert isinstance(who, Letting)
    assert await who.pinholes() == (wanted,)
    await who.close()
    assert edited(router) == []
    assert_left_alone(router)


@pytest.mark.parametrize(
    "line",
    [
        "Server List Name: Easy-Servers",
        "192.168.1.1 255.255.255.0",
        "03/05/98 13:59:06 IP up, channel 1, gateway: 192.0.2.1",
        "10.0.0.1 10.0.0.2 25",
        "Default IP Gateway: 192.168.1.1",
        "192.168.1.25",
    ],
)
def test_what_is_no_entry(line: str) -> None:
    """Addresses stand on these screens for many reasons."""
    assert tour.pinholes(line) == ()


@pytest.mark.parametrize("line", ["0.0.0.0 192.168.1.25 25", "192.168.1.25 0.0.0.0 smtp 25"])
def test_columns_in_another_order(line: str) -> None:
    """Nobody knows which stands first: what is inside tells itself."""
    (found,) = tour.pinholes(line)
    assert (found.inside, found.port, found.public) == (MAIL, 25, None)


@pytest.mark.parametrize(
    ("known", "server", "severity", "words"),
    [
        ([ENTRY], "192.168.1.25:25", "green", "leads port 25 to 192.168.1.25"),
        ([Pinhole(MAIL, None, "smtp")], "192.168.1.25:25", "green", "leads port 25"),
        ([], "192.168.1.25:25", "yellow", "no entry of the router's NAT leads port 25"),
        ([ENTRY], "192.168.1.26:25", "yellow", "no entry of the router's NAT leads port 25"),
        ([ENTRY], "192.168.1.25:2525", "yellow", "no entry of the router's NAT leads port 2525"),
        ([Pinhole(MAIL, None, "www")], "192.168.1.25:25", "yellow", "no entry"),
        (
            [replace(ENTRY, public=SITE.circuits[0].address.ip)],
            "192.168.1.25:25", "yellow", "from 203.0.113.2 alone: only while primary is in use",
        ),
        (
            [replace(ENTRY, public=IPv4Address("192.0.2.99"))],
            "192.168.1.25:25", "yellow", "from 192.0.2.99 alone, which is no circuit's address",
        ),
        ([ENTRY], "10.20.1.2:25", "green", "leads port 25 to 192.168.1.25"),
        ([], "10.20.1.2:25", "yellow", "no entry of the router's NAT leads port 25 to us"),
        (None, "192.168.1.25:25", "yellow", "could not be read"),
    ],
)  # fmt: skip
def test_whether_the_pinhole_is_there(known, server: str, severity: str, words: str) -> None:
    """One row of `check`, for the office's mail server, inside or as the tunnel has it."""
    access = RouterAccess("192.168.1.1", "telnet")
    profile = Profile(Path("x"), "office", "x", access, SITE.circuits, (), SITE.policy)
    row = pinhole(profile, server, known)
    assert (row.subject, row.severity) == ("pinhole", severity)
    assert words in row.sentence


@virtual_time
async def test_what_it_cannot_renew() -> None:
    """`ike` is strongSwan's: this router's tunnels are woken by traffic."""
    who = driver(unit())
    assert not isinstance(who, Renewing)
    tunnel = Tunnel("a", "icmp 10.20.0.1", ike="customer", child="lan")
    (row,) = renewals(replace(SITE, tunnels=(tunnel,)), who)
    assert "cannot renew customer" in row.sentence
    await who.close()


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        ("vpn-row", "VPN QuickView: HQ tunnel IPsec 99 99 0 198.18.0.8; the last of its WAN:"),
        ("", "VPN QuickView: no tunnel is up; the last of its WAN:"),
        ("fw3", "says the last of its WAN:"),
        ("vpn-fails", "IKE: no answer from 198.18.0.8"),
    ],
)
@virtual_time
async def test_it_is_asked_where_no_tunnel_comes_up(variant: str, words: str) -> None:
    """After a switch, what it says itself is written down; nothing is changed."""
    router = unit(variant)
    who = driver(router)
    assert isinstance(who, Witness)
    await switch(who, "backup")
    before = edited(router)
    written = []

    async def record(*entries) -> None:
        written.extend(entries)

    await Witnessed(who, asyncio.Lock(), record).told("backup")
    (entry,) = written
    assert entry.circuit == "backup"
    assert entry.because.startswith("the router itself says ")
    assert words in entry.because
    assert edited(router) == before
    await who.close()
    assert_left_alone(router)


async def test_one_that_cannot_be_asked() -> None:
    """It is told why; a driver that knows of no tunnels is not asked."""
    written = []

    async def record(*entries) -> None:
        written.extend(entries)

    class Away:
        async def testimony(self) -> tuple[str, ...]:
            raise RouterUnreachable("the router refuses telnet")

    await Witnessed(object(), asyncio.Lock(), record).told("backup")
    assert written == []
    await Witnessed(Away(), asyncio.Lock(), record).told("backup")
    assert written[0].because == "the router itself says nothing: the router refuses telnet"
