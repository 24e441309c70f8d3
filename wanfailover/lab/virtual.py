"""Virtual routers for the lab, found by their entry points like drivers.

One is a process that stands in a router's place: it has the router's ways in, and what is changed
there it either does to a network namespace or writes to a file. It has the name of the driver that
speaks to it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Protocol

from wanfailover.core.site import Circuit
from wanfailover.errors import LabError
from wanfailover.lab.helpers import hear_ports
from wanfailover.lab.office import Router

GROUP = "wanfailover.virtual"


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a virtual router is to stand, and as what.

    Args:
        circuit: What it is configured to, and runs, at first.

        inside: Its address and network on the office's side; it listens on that address.

        edit_log: Where it tells every key and every change, as JSON lines.

        running: Where it keeps what it runs now, as JSON, written anew at each change: ``address``
            with its prefix and ``gateway``, null where it has none.

        ports: Of its ways in, by name, such as ``telnet``; what is not there is the usual one.

        device: Of the network namespace it is started in: give this interface what is running.

        variant: How it differs from the usual one, in its own words.
    """

    circuit: Circuit
    inside: IPv4Interface
    edit_log: Path
    running: Path
    ports: tuple[tuple[str, int], ...] = ()
    device: str | None = None
    variant: str = ""


class VirtualRouter(Protocol):
    """What the entry point ``wanfailover.virtual`` names."""

    def command(self, stand: Stand) -> tuple[str, ...]:
        """Arguments for Python that start it.

        It says ``ready`` on a line when it listens, and on the next its ports by name, as JSON.
        """
        ...

    def profile(self, stand: Stand) -> tuple[str, ...]:
        """Lines of a profile's `router:` by which an agent reaches it, besides the driver."""
        ...


def find(name: str) -> VirtualRouter:
    """Load a virtual router.

    Raises:
        LabError: None of that name is installed.
    """
    for point in entry_points(group=GROUP, name=name):
        router: VirtualRouter = point.load()
        return router
    raise LabError(f"no virtual {name} is installed")


def names() -> tuple[str, ...]:
    """Names of the virtual routers that are installed, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


@dataclass(frozen=True, slots=True)
class Standing:
    """A virtual router that runs: what its stand was, with the ports it listens at."""

    name: str
    stand: Stand
    process: subprocess.Popen[str]

    @property
    def router(self) -> Router:
        """What a profile says of it."""
        return Router(self.name, find(self.name).profile(self.stand), interfaces=False)


def start(
    name: str, stand: Stand, popen: Callable[..., subprocess.Popen[str]], *more: str
) -> Standing:
    """Start a virtual router by *popen*, with *more* arguments of its own; it listens then.

    Raises:
        LabError: None of that name is installed, or it did not start.
    """
    words = stand.edit_log.with_suffix(".err")
    with words.open("w") as log:
        process = popen(
            *(sys.executable, *find(name).command(stand), *more),
            stdout=subprocess.PIPE,
            stderr=log,
        )
    ports = hear_ports(f"virtual {name}", process, words)
    return Standing(name, replace(stand, ports=tuple(ports.items())), process)


def running(file: Path) -> tuple[IPv4Interface, IPv4Address] | None:
    """Read what a virtual router runs now: address and gateway; None where the file tells none."""
    try:
        runs = json.loads(file.read_text(encoding="utf-8"))
        return IPv4Interface(runs["address"]), IPv4Address(runs["gateway"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
