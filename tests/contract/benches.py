"""Live routers for the driver contract, one bench for each way a driver reaches its router.

A new driver joins by a bench of its own in `BENCHES`; the suite needs no other change.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar

from tests.drivers.testbed import SWAP, Testbed
from tests.transports.server import TOOLS, Account, Server
from wanfailover import plugins
from wanfailover.core.facts import Site
from wanfailover.ports import RouterAccess, RouterDriver, Secret


class Bench(ABC):
    """A router on its first circuit, and what can happen to it."""

    plugin: ClassVar[str]
    """The driver's name in a profile."""

    site: Site

    def driver(self) -> RouterDriver:
        """A driver that is let in."""
        return self.build(self.access())

    def build(self, access: RouterAccess) -> RouterDriver:
        return plugins.load(self.plugin).build(access)

    @abstractmethod
    def access(self) -> RouterAccess:
        """How the driver gets at the router."""

    @abstractmethod
    def strangers(self) -> list[RouterAccess]:
        """Ways in that the router or we must refuse; none where there is nothing to refuse."""

    @abstractmethod
    def held(self) -> object:
        """What the router holds, seen by other means than the driver's."""

    @abstractmethod
    def disturb(self) -> None:
        """Somebody sets the router to what is no circuit of the profile."""

    @abstractmethod
    def lose_session(self) -> None:
        """Cut every session, as a reboot of the router would."""

    @abstractmethod
    def silence(self) -> None:
        """From now on the router answers nothing."""


class LinuxHere(Bench):
    """A network namespace of this host."""

    plugin = "iproute2"
    site = SWAP

    def __init__(self, bed: Testbed) -> None:
        self.bed = bed

    def access(self) -> RouterAccess:
        return RouterAccess(
            host=None,
            transport="local",
            options=plugins.load(self.plugin).options({"netns": self.bed.router}),
            circuits=self.site.circuits,
        )

    def strangers(self) -> list[RouterAccess]:
        return []

    def held(self) -> object:
        return self.bed.held()

    def disturb(self) -> None:
        self.bed.sh(
            "router",
            "ip addr flush dev wan; ip addr add 203.0.113.4/29 brd + dev wan; "
            "ip route add default via 203.0.113.6 dev wan metric 7",
        )

    def lose_session(self) -> None:
        """There is none."""

    def silence(self) -> None:
        self.bed.sh("router", f"ip netns delete {self.bed.router}")


class LinuxBySsh(LinuxHere):
    """A router with an SSH server, where sudo allows the user the driver's tools and no more."""

    def __init__(self, server: Server) -> None:
        super().__init__(server.bed)
        self.server = server

    def access(self) -> RouterAccess:
        options = plugins.load(self.plugin).options({"sudo": True})
        return self.server.access(options=options)

    def strangers(self) -> list[RouterAccess]:
        wrong = self.server.directory / "stranger"
        return [
            self.server.access(key=wrong),
            self.server.access(key=None, password=Secret("hunter2")),
            self.server.access(known_hosts=self.server.directory / "nothing"),
        ]

    def lose_session(self) -> None:
        self.server.kill_sessions()

    def silence(self) -> None:
        cut = "table ip cut { chain in { type filter hook input priority -200; drop; }; }"
        self.bed.sh("router", f"nft '{cut}'")


@contextmanager
def _linux_here(_: Callable[[], Account]) -> Iterator[Bench]:
    with Testbed() as bed:
        yield LinuxHere(bed)


@contextmanager
def _linux_by_ssh(user: Callable[[], Account]) -> Iterator[Bench]:
    account = user()
    with (
        account.may(f"NOPASSWD: {TOOLS}"),
        Testbed() as bed,
        Server(bed, account) as server,
        bed.here("agent"),
    ):
        yield LinuxBySsh(server)


BENCHES: dict[str, Callable[[Callable[[], Account]], AbstractContextManager[Bench]]] = {
    "iproute2-local": _linux_here,
    "iproute2-ssh": _linux_by_ssh,
}
"""Name, and how to set it up; an account of this machine can be had by calling the argument."""

DRIVERS = {LinuxHere.plugin, LinuxBySsh.plugin}
"""The drivers that have a bench."""
