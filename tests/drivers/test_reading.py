"""What routers said, as recorded in ``replies``, and what the driver takes it to mean."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from wanfailover.errors import UnreadableReply
from wanfailover.transports.shell import Completed
from wanfailover_iproute2.reading import LinuxView, read_view

REPLIES = Path(__file__).with_name("replies")

MULTIPATH = (
    "default nexthop via 203.0.113.1 dev eth1 weight 1 nexthop via 198.51.100.1 dev eth0 weight 2"
)
WAITING = (
    "another default route waits behind the first: 'default via 198.51.100.1 dev eth0 proto dhcp "
    "src 198.51.100.77 metric 100'"
)
NO_CONNTRACK = (
    "conntrack is not installed: connections through the router's NAT stay on the old circuit "
    "until they time out"
)


def view_of(name: str) -> LinuxView:
    return read_view(Completed(0, (REPLIES / f"{name}.txt").read_text(), ""), at=5.0)


@pytest.mark.parametrize(
    ("name", "gateway", "source", "interface", "words"),
    [
        ("one-port", "203.0.113.1", "203.0.113.2", "eth1", "default via 203.0.113.1 dev eth1"),
        (
            "openwrt",
            "203.0.113.1",
            "203.0.113.2",
            "eth0.2",
            "default via 203.0.113.1 dev eth0.2 proto static",
        ),
        (
            "two-metrics",  # the lower metric, although it stands behind one with a TOS
            "203.0.113.1",
            "203.0.113.2",
            "eth1",
            "default via 203.0.113.1 dev eth1 proto static metric 50 mtu 1400 advmss 1360",
        ),
        ("linkdown", "203.0.113.1", "203.0.113.2", "eth1", "default via 203.0.113.1 dev eth1"),
        ("ppp", None, "100.64.0.9", "ppp0", "default dev ppp0 scope link"),
        (
            "multipath",
            None,
            None,
            None,
            MULTIPATH,
        ),
        ("unreachable", None, None, None, "unreachable default metric 4278198272"),
    ],
)
def test_the_default_route(
    name: str, gateway: str | None, source: str | None, interface: str | None, words: str
) -> None:
    """The route that traffic takes is found, with the source the kernel would give it."""
    view = view_of(name)
    assert view.gateway == (gateway and IPv4Address(gateway))
    assert view.source == (source and IPv4Address(source))
    assert view.interface == interface
    assert view.route is not None
    assert view.route.words == words


def test_no_default_route() -> None:
    """A router without one has neither gateway nor source, and that is no error."""
    view = view_of("no-default")
    assert (view.gateway, view.source, view.interface, view.route) == (None, None, None, None)


def test_addresses() -> None:
    """Every address is there with its interface, secondary ones too, in the kernel's order."""
    assert view_of("one-port").addresses == (
        ("lo", IPv4Interface("127.0.0.1/8")),
        ("eth0", IPv4Interface("192.168.10.1/24")),
        ("eth1", IPv4Interface("203.0.113.2/29")),
        ("eth1", IPv4Interface("203.0.113.5/29")),
    )


def test_a_lease_is_known() -> None:
    """An address with an end to its life is somebody else's to manage."""
    assert view_of("two-metrics").leased == {IPv4Interface("198.51.100.77/24")}


def test_the_time_of_reading_is_kept() -> None:
    """A view says when it was read."""
    assert view_of("one-port").at == 5.0


@pytest.mark.parametrize(
    ("name", "remarks"),
    [
        ("one-port", []),
        (
            "two-metrics",
            [WAITING],
        ),
        ("ppp", ["the default route has no single gateway: 'default dev ppp0 scope link'"]),
        (
            "openwrt",
            [
                NO_CONNTRACK,
                "arping is not installed: neighbours learn of a moved address when they next ask",
            ],
        ),
    ],
)
def test_remarks(name: str, remarks: list[str]) -> None:
    """What the driver found and cannot change is told in sentences."""
    assert list(view_of(name).remarks) == remarks


@pytest.mark.parametrize(("name", "status"), [("busybox", 1), ("iproute2-4.9", 255)])
def test_an_ip_that_speaks_no_json(name: str, status: int) -> None:
    """An `ip` without -json is told apart from nonsense, with what to install."""
    words = (REPLIES / f"{name}.err").read_text()
    with pytest.raises(UnreadableReply, match=r"needs iproute2 4\.16 or later.*ip-full") as caught:
        read_view(Completed(status, "", words), at=0)
    assert caught.value.text == words.strip()


@pytest.mark.parametrize(
    "out",
    [
        "",
        "Welcome to the router!",
        "[]",
        "[]\n",
        "[] {",
        '[{"addr_info": [{"local": "1.2.3.4"}]}]\n[]\n',
        '[{"ifname": "eth0", "addr_info": [{"local": "1.2.3.4.5", "prefixlen": 8}]}]\n[]\n',
        '[]\n[{"dst": "default", "gateway": "fe80::1", "dev": "eth0"}]\n',
        '[]\n["default"]\n',
        '{"ip": 1}\n[]\n',
    ],
)
def test_garbage(out: str) -> None:
    """What nobody can read is UnreadableReply and never an accident of the parser."""
    with pytest.raises(UnreadableReply):
        read_view(Completed(0, out, ""), at=0)


def test_a_missing_ip() -> None:
    """A router without `ip` is told in the shell's own words."""
    with pytest.raises(UnreadableReply, match="not found"):
        read_view(Completed(127, "", "sh: 1: ip: not found"), at=0)
