"""SIGKILL at random instants of a real switchover: whoever starts next makes the router whole.

The instants are spread over as long as a switchover took that was left alone. What the router holds
is asked of itself, and not of the driver; whether it serves is asked of a user's flows.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from signal import SIGKILL, SIGUSR1

import pytest

from tests.packets.hosts import eventually
from tests.packets.ssh import Door
from tests.packets.test_dead_man import left_there
from tests.packets.test_failover import settled, up
from tests.packets.test_netopia import R9100
from tests.packets.users import public_address, streams
from tests.transports.conftest import user  # noqa: F401
from tests.transports.server import TOOLS
from wanfailover.client import ask
from wanfailover.core.entries import ActionBegun, SwitchoverEnded, SwitchoverIntended
from wanfailover.errors import ControlError
from wanfailover.journal.reader import Reader
from wanfailover.lab import Lab
from wanfailover.lab.addresses import CIRCUITS
from wanfailover.lab.office import Office, Report, linux
from wanfailover.lab.stage import stand
from wanfailover.lab.virtual import running
from wanfailover.sites import SiteDir

SOAK = bool(os.environ.get("WANFAILOVER_SOAK"))
SEED = 9100

SETTINGS = (
    "detect: {silence: 2s}",
    "failback: {method: manual}",
    "policy: {dwell: 2s, switches_per_hour: 1000}",
)
"""The router stays where it was put; a test switches as often as others do in weeks."""

PATIENCE = 60
"""Seconds for an agent to see what is so and to act on it, on a machine with other work."""

OUTSIDE = "outside"
"""Where a kill came after the end."""

CIRCUIT = {circuit.name: circuit for circuit in CIRCUITS[:2]}
OTHER = {"primary": "backup", "backup": "primary"}


@dataclass
class Site:
    """An office with a router that tells of itself.

    Args:
        says: What the router holds, besides its kernel's word: names of circuits, or None.

        left: What is on the router that should be gone once all is at rest.

        power_cut: Let it lose what it has in memory, and boot.
    """

    lab: Lab
    office: Office
    says: Callable[[], set[str | None]]
    left: Callable[[], list[str]]
    power_cut: Callable[[], None] | None = None

    def holds(self) -> str | None:
        """The circuit that the router is on, whole; None if it is on a mixture."""
        said = {_circuit(*_kernel(self.lab)), *self.says()}
        return said.pop() if len(said) == 1 else None

    def newest(self) -> SwitchoverIntended | SwitchoverEnded | None:
        """What the journal says last of a switchover: an intent is one that is open."""
        if not self.office.journal.exists():
            return None
        with Reader(self.office.journal) as journal:
            record = journal.last(SwitchoverIntended, SwitchoverEnded)
        return record.entry if record else None

    def is_open(self) -> bool:
        return isinstance(self.newest(), SwitchoverIntended)

    def progress(self) -> str:
        """How far the open switchover has got, by the journal."""
        if not self.is_open():
            return OUTSIDE
        with Reader(self.office.journal) as journal:
            record = journal.last(SwitchoverIntended, ActionBegun)
        return f"in {record.entry.name}" if isinstance(record.entry, ActionBegun) else "intended"

    def switch(self, circuit: str) -> None:
        """Ask the agent as an operator does; it may die over it."""
        wish = {"circuit": circuit, "once": True, "force": True, "reason": "", "hold": None}
        with suppress(ControlError):
            ask(SiteDir(self.office.state / "office"), "/switch", wish | {"dry_run": False}, 120)

    def rests(self, *alive: str) -> Report:
        """Wait until the agent has nothing to do any more, on a circuit that is *alive*."""

        def holds(report: Report) -> bool:
            here = report["active"]
            return here in alive and settled(here)(report) and not self.is_open()

        return self.office.wait(holds, PATIENCE)


def _kernel(lab: Lab) -> tuple[list[str], list[str]]:
    """Addresses and gateways of the router, as its kernel has them."""
    addresses, routes = (
        json.loads(lab.run("router", "ip", "-json", "-4", *what).stdout)
        for what in (("address", "show", "dev", "wan"), ("route", "show", "default"))
    )
    return (
        [f"{a['local']}/{a['prefixlen']}" for port in addresses for a in port["addr_info"]],
        [route.get("gateway") for route in routes],
    )


def _circuit(addresses: list[str], gateways: list[str]) -> str | None:
    held = addresses, gateways
    whole = {name: ([str(c.address)], [str(c.gateway)]) for name, c in CIRCUIT.items()}
    return next((name for name, its in whole.items() if its == held), None)


@contextmanager
def over_ssh(lab: Lab, directory: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    door = Door(lab, directory, request.getfixturevalue("user"))
    with ExitStack() as server, door.user.may(f"NOPASSWD: {TOOLS}"):

        def power_cut() -> None:
            lab.reboot_router()
            server.close()
            server.enter_context(door.open())

        server.enter_context(door.open())
        office = Office(lab, directory, router=linux(*door.profile()), settings=SETTINGS)
        yield Site(lab, office, set, lambda: left_there(lab), power_cut)


@contextmanager
def by_its_screens(
    lab: Lab, directory: Path, _: pytest.FixtureRequest, variant: str = ""
) -> Iterator[Site]:
    standing = stand(lab, R9100, variant, "--restart-seconds", "5")
    office = Office(lab, directory, router=standing.router, settings=SETTINGS)

    def log() -> list[dict]:
        return [json.loads(line) for line in standing.stand.edit_log.read_text().splitlines()]

    def says() -> set[str | None]:
        """What it runs, and what is typed into its screens."""
        runs = running(standing.stand.running)
        first = CIRCUIT["primary"]
        typed = {
            "wan.address": str(first.address.ip),
            "wan.mask": str(first.address.netmask),
            "ip.gateway": str(first.gateway),
        }
        typed |= {entry["field"]: entry["new"] for entry in log() if entry["event"] == "edit"}
        kept = {
            name: {str(c.address.ip), str(c.address.netmask), str(c.gateway)}
            for name, c in CIRCUIT.items()
        }
        screens = next((name for name, its in kept.items() if its == set(typed.values())), None)
        return {_circuit([str(runs[0])], [str(runs[1])]) if runs else None, screens}

    def left() -> list[str]:
        """Sessions that nobody has closed."""
        came = [entry["event"] for entry in log() if entry["event"].startswith("session-")]
        return ["a session"] * (came.count("session-opened") - came.count("session-closed"))

    yield Site(lab, office, says, left, lambda: standing.process.send_signal(SIGUSR1))


@dataclass(frozen=True)
class Begun:
    """A switchover on its way: how to kill who does it, and what it can end on."""

    kill: Callable[[], object]
    alive: tuple[str, ...] = ("primary", "backup")
    end: Callable[[], object] = lambda: None


Way = Callable[[Site], Begun]


def circuit_dies(site: Site) -> Begun:
    """The agent leaves a dead circuit by itself; it has just said that it will."""
    site.lab.fault("dsl-down", "primary")
    assert eventually(site.is_open, PATIENCE)
    return Begun(lambda: site.office.stop(SIGKILL), alive=("backup",))


def operator_asks(site: Site) -> Begun:
    """The agent is asked to leave one that lives; it has just said that it will."""
    target = OTHER[site.holds()]
    threading.Thread(target=site.switch, args=(target,), daemon=True).start()
    assert eventually(site.is_open, PATIENCE)
    return Begun(lambda: site.office.stop(SIGKILL))


def command_without_agent(site: Site) -> Begun:
    """`wanfailover switch` does it alone; it has just said that it will."""
    office = site.office
    office.stop()
    words = ("switch", OTHER[site.holds()], "--once", "--force")
    command = site.lab.popen(
        "office",
        *(sys.executable, "-m", "wanfailover", *words),
        env={**office._environment, "WANFAILOVER_STATE_DIR": str(office.state)},
        stdout=-3,
        stderr=-3,
    )
    assert eventually(site.is_open, PATIENCE)

    def kill() -> None:
        command.kill()
        command.wait()

    return Begun(kill, end=command.wait)


def left_alone(site: Site, way: Way) -> float:
    """Seconds that such a switchover takes when nobody disturbs it."""
    start_from(site, way)
    came_from, before = site.holds(), site.newest()
    begun, began = way(site), time.monotonic()
    assert eventually(lambda: not site.is_open() and site.newest() != before, PATIENCE)
    took = time.monotonic() - began
    begun.end()
    assert site.newest().ending == "proved"
    assert site.holds() == OTHER[came_from]
    return took


def start_from(site: Site, way: Way) -> None:
    """All circuits are sound, an agent runs, and the router is where *way* may begin."""
    site.lab.clear("primary")
    if site.office.status() is None:
        site.office.start(PATIENCE)
    site.office.wait(up("primary"), PATIENCE)
    if way is circuit_dies and site.holds() != "primary":
        site.switch("primary")
        site.rests("primary")


@dataclass(frozen=True)
class Kill:
    """What became of one.

    Args:
        hit: Where in the switchover it was.

        felt: Seconds that the user was without Internet in all, the longest time of his flows.
    """

    way: Way
    instant: float
    hit: str
    ends: str
    felt: float

    def __str__(self) -> str:
        way, instant = f"{self.way.__name__:22}", f"{self.instant:6.2f} s"
        return f"{way} {instant}  {self.hit:22} {self.ends:8} {self.felt:6.2f} s"


def killed(site: Site, way: Way, instant: float) -> Kill:
    """Kill who switches *instant* seconds after it began, and start an agent; all must be well."""
    start_from(site, way)
    with streams(site.lab, "udp-fixed", "tcp-fresh") as felt:
        time.sleep(0.5)  # the flows begin before that
        begun = way(site)
        time.sleep(instant)
        begun.kill()
        hit = site.progress()
        site.office.start(PATIENCE)
        ends = site.rests(*begun.alive)["active"]
        assert site.holds() == ends, hit
        address = str(CIRCUIT[ends].address.ip)
        assert {public_address(site.lab, kind) for kind in ("tcp", "udp")} == {address}, hit
        assert eventually(lambda: site.left() == []), hit
        time.sleep(1)  # the flows see the end
    for mode, seen in felt.items():
        assert seen["sent"] > seen["lost"], (mode, hit)
        assert all(gap["ended"] for gap in seen["gaps"]), (mode, hit, seen["gaps"])
    gaps = [sum(gap["length"] for gap in seen["gaps"]) for seen in felt.values()]
    return Kill(way, instant, hit, ends, max(gaps))


def kill_all(site: Site, ways: Sequence[Way], times: int) -> list[Kill]:
    """Kill *times* in all, each of *ways* in turn, at instants from all over its length."""
    chance = random.Random(SEED)
    lengths = [left_alone(site, way) for way in ways]
    shares = [(part + chance.random()) / times for part in range(times)]
    plan = zip(cycle(zip(ways, lengths, strict=True)), shares)
    return [killed(site, way, share * length) for (way, length), share in plan]


def told(kills: Sequence[Kill]) -> str:
    """As a table."""
    head = f"SIGKILL, seed {SEED}: when, in what, where the router ended, time without Internet"
    return "\n".join([head, *map(str, kills)])


def shows_something(kills: Sequence[Kill]) -> bool:
    """Half of them at least have come in the middle; the machine is now quicker, now slower."""
    return 2 * sum(kill.hit != OUTSIDE for kill in kills) >= len(kills)


ROUTERS = [
    pytest.param(over_ssh, 6, marks=pytest.mark.sshd, id="ssh"),
    pytest.param(by_its_screens, 4, id="r9100"),
]


@pytest.mark.timeout(3600 if SOAK else 240)
@pytest.mark.parametrize(("router", "times"), ROUTERS)
def test_an_agent_that_is_killed(router, times, lab, tmp_path, request, record_property):
    """The next start finishes or undoes it: when it leaves a dead circuit, and a live one."""
    with router(lab, tmp_path, request) as site:
        kills = kill_all(site, (circuit_dies, operator_asks), 10 * times if SOAK else times)
        record_property("table", told(kills))
        assert shows_something(kills), told(kills)
        assert site.office.stop() == 0


@pytest.mark.timeout(3600 if SOAK else 180)
@pytest.mark.parametrize(("router", "times"), ROUTERS)
def test_a_command_that_is_killed(router, times, lab, tmp_path, request, record_property):
    """`wanfailover switch` where no agent runs; the agent that is started then puts it right."""
    with router(lab, tmp_path, request) as site:
        kills = kill_all(site, (command_without_agent,), 10 if SOAK else 2)
        record_property("table", told(kills))
        assert shows_something(kills), told(kills)
        assert site.office.stop() == 0
