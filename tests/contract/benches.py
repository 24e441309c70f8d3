"""Live routers for the driver contract, one bench for each way a driver reaches its router.

A new driver joins by a bench of its own in `BENCHES`; the suite needs no other change.
"""

from __future__ import annotations

import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from tests.contract.r9100 import HERE, Standing
from tests.drivers.testbed import SWAP, Testbed
from tests.simulation.linux import VirtualLinux
from tests.simulation.wire import Wire
from tests.transports.server import TOOLS, Account, Server
from wanfailover import plugins
from wanfailover.core.site import Site
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

    @abstractmethod
    def slow(self) -> AbstractContextManager[None]:
        """Meanwhile the router is as slow as it ever gets."""


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

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Its processors have other work."""
        busy = [
            subprocess.Popen(["sh", "-c", "while :; do :; done"])
            for _ in range(4 * (os.cpu_count() or 1))
        ]
        try:
            yield
        finally:
            for process in busy:
                process.kill()
                process.wait()


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


class ByCommand(Bench):
    """A router that is a file, and the commands its administrator wrote."""

    plugin = "command"
    site = SWAP

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._set(self.site.circuits[0].address, self.site.circuits[0].gateway)

    def access(self) -> RouterAccess:
        before = f". {self.folder}/mood; cd {self.folder};"
        options = {
            "read": f"{before} cat router",
            "set": f'{before} printf "address %s\\ngateway %s\\ninterface %s\\n"'
            ' "$WAN_ADDRESS" "$WAN_GATEWAY" "$WAN_INTERFACE" >new && mv new router',
            "forget": f'{before} echo "$WAN_OLD_ADDRESS" >>forgotten',
        }
        options = plugins.load(self.plugin).options(options)
        return RouterAccess(host=None, transport="local", options=options)

    def strangers(self) -> list[RouterAccess]:
        return []

    def held(self) -> object:
        return (self.folder / "router").read_text()

    def disturb(self) -> None:
        self._set(IPv4Interface("203.0.113.4/29"), IPv4Address("203.0.113.6"))

    def lose_session(self) -> None:
        """There is none."""

    def silence(self) -> None:
        self._be("sleep 3600")

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Three seconds for each command."""
        self._be("sleep 3")
        yield
        self._be("true")

    def _be(self, mood: str) -> None:
        (self.folder / "mood").write_text(mood)

    def _set(self, address: IPv4Interface, gateway: IPv4Address) -> None:
        self._be("true")
        held = f"address {address}\ngateway {gateway}\ninterface wan\n"
        (self.folder / "router").write_text(held)


class LinuxTwin(Bench):
    """The Linux router in memory that the simulation runs on."""

    plugin = "iproute2"
    site = SWAP

    def __init__(self) -> None:
        self.router = VirtualLinux(self.site)

    def driver(self) -> RouterDriver:
        return self.router.driver(Wire(self.router.fates))

    def access(self) -> RouterAccess:
        raise NotImplementedError("it is not reached by any transport")

    def strangers(self) -> list[RouterAccess]:
        return []

    def held(self) -> object:
        return self.router.held()

    def disturb(self) -> None:
        self.router.set_by_hand(IPv4Interface("203.0.113.4/29"), IPv4Address("203.0.113.6"))

    def lose_session(self) -> None:
        self.router.lose_sessions()

    def silence(self) -> None:
        self.router.trouble.begin("silent", 3600.0)

    @contextmanager
    def slow(self) -> Iterator[None]:
        """A third of a second for each line."""
        self.router.pace = 0.3
        yield
        self.router.pace = 0.001


class R9100(Bench):
    """A virtual R9100 with a password, by telnet and SNMP over loopback."""

    plugin = "netopia-r9100"
    site = replace(SWAP, circuits=tuple(replace(c, interface=None) for c in SWAP.circuits))

    def __init__(self, standing: Standing) -> None:
        self.standing = standing

    def access(self) -> RouterAccess:
        options = {"snmp_port": self.standing.snmp_port, "restart": "allowed"}
        return RouterAccess(
            host=HERE,
            transport="telnet",
            port=self.standing.telnet_port,
            username="admin",
            password=Secret("secret9100"),
            community=Secret("private"),
            read_community=Secret("public"),
            options=plugins.load(self.plugin).options(options),
            circuits=self.site.circuits,
        )

    def strangers(self) -> list[RouterAccess]:
        known = self.access()
        return [
            replace(known, password=Secret("hunter2")),
            replace(known, username="nobody"),
            replace(known, username=None, password=None),
        ]

    def held(self) -> object:
        return self.standing.do(lambda unit: (unit.configured, unit.running))

    def disturb(self) -> None:
        self.standing.do(
            lambda unit: unit.set_by_hand(
                address=IPv4Interface("203.0.113.4/29"), gateway=IPv4Address("203.0.113.6")
            )
        )

    def lose_session(self) -> None:
        self.standing.do(lambda unit: unit.drop_sessions())

    def silence(self) -> None:
        self.standing.do(lambda unit: unit.silence())

    @contextmanager
    def slow(self) -> Iterator[None]:
        """A quarter of a second for each key, and 9600 baud, for sessions that begin now."""
        usual = self.standing.unit.variants
        self.standing.do(lambda unit: setattr(unit, "variants", usual | {"slow"}))
        yield
        self.standing.do(lambda unit: setattr(unit, "variants", usual))


class R9100Restarts(R9100):
    """One whose changes wait for a restart."""

    @contextmanager
    def slow(self) -> Iterator[None]:
        """A restart takes ten times as long."""
        usual = self.standing.unit.restart_seconds or 1.0
        self.standing.do(lambda unit: setattr(unit, "restart_seconds", 10 * usual))
        yield
        self.standing.do(lambda unit: setattr(unit, "restart_seconds", usual))


@contextmanager
def _r9100(_: Callable[[], Account]) -> Iterator[Bench]:
    with Standing("password", R9100.site.circuits[0]) as standing:
        yield R9100(standing)


@contextmanager
def _r9100_restarts(_: Callable[[], Account]) -> Iterator[Bench]:
    with Standing("password+restart-notice", R9100.site.circuits[0]) as standing:
        yield R9100Restarts(standing)


@contextmanager
def _linux_twin(_: Callable[[], Account]) -> Iterator[Bench]:
    yield LinuxTwin()


@contextmanager
def _by_command(_: Callable[[], Account]) -> Iterator[Bench]:
    with TemporaryDirectory() as folder:
        yield ByCommand(Path(folder))


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
    "command-local": _by_command,
    "iproute2-local": _linux_here,
    "iproute2-ssh": _linux_by_ssh,
    "netopia-telnet": _r9100,
    "twin-of-linux": _linux_twin,
}
"""Name, and how to set it up; an account of this machine can be had by calling the argument."""

if os.environ.get("WANFAILOVER_SOAK"):
    # Three minutes of waiting for restarts; the driver's own tests have samples, in virtual time.
    BENCHES["netopia-restart"] = _r9100_restarts

DRIVERS = {ByCommand.plugin, LinuxHere.plugin, LinuxBySsh.plugin, R9100.plugin}
"""The drivers that have a bench."""
