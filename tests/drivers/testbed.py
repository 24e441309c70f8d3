"""A router with its circuits, in network namespaces: the smallest in which traffic tells the truth.

    agent --lan-- router --wan (or wan0, wan1)-- isp: every gateway, and 192.0.2.10 behind them

The host behind answers each datagram with the source address it came from.
"""

from __future__ import annotations

import ctypes
import os
import select
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Self

from wanfailover.core.site import Circuit, Site
from wanfailover.lab.namespaces import Namespaces

FAR = ("192.0.2.10", 7)
ROUTER = "192.168.10.1"
CLONE_NEWNET = 0x40000000
ARP = 0x0806

ECHO = """
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("192.0.2.10", 7))
print("ready", flush=True)
while True:
    _, peer = sock.recvfrom(100)
    sock.sendto(peer[0].encode(), peer)
"""


def circuit(name: str, address: str, gateway: str, interface: str | None = None) -> Circuit:
    return Circuit(name, IPv4Interface(address), IPv4Address(gateway), interface)


SWAP = Site(
    "swap",
    (
        circuit("primary", "203.0.113.2/29", "203.0.113.1", "wan"),
        circuit("backup", "198.51.100.77/24", "198.51.100.1", "wan"),
    ),
)
"""One external port; each switch replaces its address."""

PORTS = Site(
    "ports",
    (
        circuit("primary", "203.0.113.2/29", "203.0.113.1", "wan0"),
        circuit("backup", "198.51.100.77/24", "198.51.100.1", "wan1"),
    ),
)
"""A port for each circuit; only the route moves."""

SHARED = Site(
    "shared",
    (
        circuit("primary", "203.0.113.2/29", "203.0.113.1", "wan"),
        circuit("backup", "203.0.113.3/29", "203.0.113.6", "wan"),
    ),
)
"""One external port and one network, with a gateway for each circuit."""


@dataclass
class Testbed:
    """Lives for a ``with`` block; begins on the first circuit, masqueraded."""

    __test__ = False
    site: Site = SWAP

    def __enter__(self) -> Self:
        self.spaces = Namespaces()
        self.spaces.open()
        try:
            self._build()
        except BaseException:
            self.spaces.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._echo.kill()
        self._echo.communicate()
        self.spaces.close()

    @property
    def router(self) -> str:
        """The router's namespace, by its full name."""
        return self.spaces.full("router")

    @property
    def ports(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c.interface or "" for c in self.site.circuits))

    def sh(self, box: str, script: str) -> str:
        """Run a script in a box to its end; what it prints."""
        done = subprocess.run(
            self.spaces.enter(box, "sh", "-euc", script), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def held(self) -> tuple[list[str], list[str]]:
        """The router's addresses, in order within each network, and its routes in theirs."""
        listed = self.sh("router", "ip -4 -oneline address show | sed 's/ *valid_lft.*//'")
        addresses = sorted(listed.splitlines(), key=lambda a: IPv4Interface(a.split()[3]).network)
        return addresses, self.sh("router", "ip route show").splitlines()

    def source(self) -> str | None:
        """What the far host sees the office as, for a new flow; None where nothing comes back."""
        with self.socket("agent") as flow:
            return ask(flow)

    def socket(self, box: str, family: int = socket.AF_INET, kind: int = socket.SOCK_DGRAM,
               protocol: int = 0) -> socket.socket:  # fmt: skip
        """A socket that lives in a box, for use from here."""
        with inside(self.spaces.full(box)):
            sock = socket.socket(family, kind, protocol)
        sock.settimeout(1)
        return sock

    @contextmanager
    def here(self, box: str) -> Iterator[None]:
        """Be in a box: sockets and processes made in the block are its own."""
        with inside(self.spaces.full(box)):
            yield

    @contextmanager
    def announcements(self, box: str = "isp") -> Iterator[set[tuple[str, str]]]:
        """Gratuitous ARP that a box hears on any interface: (sender, target) addresses."""
        heard: set[tuple[str, str]] = set()
        with self.socket(box, socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ARP)) as ear:
            done = threading.Event()
            listener = threading.Thread(target=_listen, args=(ear, heard, done))
            listener.start()
            try:
                yield heard
            finally:
                done.set()
                listener.join()

    def _build(self) -> None:
        agent, router, isp = map(self.spaces.full, ("agent", "router", "isp"))
        ports = {"lan": agent, **dict.fromkeys(self.ports, isp)}
        lines = [
            f"ip netns add {name}; ip -n {name} link set lo up" for name in (agent, router, isp)
        ]
        for port, other in ports.items():
            lines.append(f"ip -n {router} link add {port} type veth peer {port} netns {other}")
            lines += [f"ip -n {name} link set {port} up" for name in (router, other)]
        lines.append(f"ip -n {agent} addr add 192.168.10.10/24 dev lan")
        lines.append(f"ip -n {agent} route add default via {ROUTER}")
        subprocess.run(["sh", "-ec", "\n".join(lines)], check=True)
        self.sh("router", _router(self.site))
        self.sh("isp", _isp(self.site))
        self._echo = subprocess.Popen(
            self.spaces.enter("isp", sys.executable, "-ISc", ECHO),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._echo.stdout is not None
        self._echo.stdout.readline()


def _router(site: Site) -> str:
    first = site.circuits[0]
    lines = ["ip addr add 192.168.10.1/24 brd + dev lan", "sysctl -qw net.ipv4.ip_forward=1"]
    lines += [
        f"ip addr add {c.address} brd + dev {c.interface}"
        for c in site.circuits
        if c is first or c.interface != first.interface
    ]
    lines.append(f"ip route add default via {first.gateway} dev {first.interface}")
    rule = 'oifname "wan*" masquerade'
    nat = f"chain post {{ type nat hook postrouting priority srcnat; {rule}; }};"
    lines.append(f"nft 'table ip nat {{ {nat} }}'")
    return "\n".join(lines)


def _isp(site: Site) -> str:
    gateways = dict.fromkeys(
        f"ip addr add {c.gateway}/{c.address.network.prefixlen} dev {c.interface}"
        for c in site.circuits
    )
    return "\n".join([*gateways, "ip addr add 192.0.2.10/32 dev lo"])


def ask(flow: socket.socket) -> str | None:
    """Send one datagram of a flow to the far host; the source it saw."""
    flow.sendto(b"?", FAR)
    try:
        return flow.recv(100).decode()
    except TimeoutError:
        return None


@contextmanager
def inside(netns: str) -> Iterator[None]:
    """Bring this thread into a network namespace for the block (`os.setns` is Python 3.12's)."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    wanted = os.open(f"/run/netns/{netns}", os.O_RDONLY)
    try:
        if libc.setns(wanted, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), netns)
        yield
    finally:
        libc.setns(before, CLONE_NEWNET)
        os.close(wanted)
        os.close(before)


def _listen(ear: socket.socket, heard: set[tuple[str, str]], done: threading.Event) -> None:
    while not done.is_set():
        if select.select([ear], [], [], 0.02)[0]:
            sender, target = struct.unpack("!14x4s6x4s", ear.recv(200)[:28])
            if sender == target:
                heard.add((socket.inet_ntoa(sender), socket.inet_ntoa(target)))
