"""Virtual routers for the lab, found by their entry points like drivers.

One is a process that stands in a router's place: it has the router's ways in, and what is changed
there it either does to a network namespace or writes to a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Protocol

from wanfailover.core.facts import Circuit
from wanfailover.errors import LabError

GROUP = "wanfailover.virtual"


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a virtual router is to stand, and as what.

    Args:
        circuit: What it is configured to, and runs, at first.

        inside: Its address and network on the office's side; it listens on that address.

        edit_log: Where it tells every key and every change, as JSON lines.

        running: Where it keeps what it runs now, as JSON, written anew at each change.

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
        """Arguments for Python that start it; it says ``ready`` on a line when it listens."""
        ...

    def profile(self, stand: Stand) -> tuple[str, ...]:
        """Lines of a profile's `router:` by which an agent reaches it."""
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
