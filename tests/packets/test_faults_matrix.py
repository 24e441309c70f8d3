"""Faults on the way to a real router at each action of a switch: all end on one circuit, whole.

The rows are what the drivers make of a plan, as in `simulation/matrix.py`, which meets each call
there and back, before and after, in virtual time. Here faults come from outside and befall
sessions of SSH, or of telnet and SNMP, once the journal says that an action was begun or done; so
they are a few milliseconds late. `make check` takes half of them: each two of action, fault and
instant meet. `make soak` takes all, and those on the way back, where the proof fails and the
journal says that an action was undone, or that the timed undo was cancelled. It does not say that
either begins: what comes before the first undo, and before the cancelling, is left to virtual time.

Whoever cuts a session on its way resets one end. The other end's is half open, and an R9100 with
one console shuts everybody out until its own idle time-out: ten minutes by its screens, here less.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from functools import partial
from itertools import product, takewhile
from signal import SIGKILL

import pytest

from tests.packets.hosts import eventually
from tests.packets.test_failover import up
from tests.packets.test_kills import (
    CIRCUIT,
    OTHER,
    PATIENCE,
    Site,
    by_its_screens,
    over_ssh,
)
from tests.packets.users import public_address
from tests.simulation.matrix import Fault, steps
from tests.transports.conftest import user  # noqa: F401
from wanfailover.core.entries import (
    ActionBegun,
    ActionDone,
    ActionUndone,
    SwitchoverEnded,
    SwitchoverIntended,
)
from wanfailover.core.site import Policy
from wanfailover.journal.reader import Reader
from wanfailover.switchover import DEAD_MAN

SOAK = bool(os.environ.get("WANFAILOVER_SOAK"))

READS = Policy().reconcile_every
"""Seconds until an agent reads a router that has lost what it held after all was over."""

LASTS = 2.0
"""Seconds that a fault lasts that is none of an instant; more than an undo takes."""

IDLE = "idle-timeout-15"
"""Of the virtual R9100: within what its driver waits for a console that is taken."""


@dataclass(frozen=True)
class Ways:
    """Into a router: its port of TCP, and one of UDP, if there is one."""

    tcp: int
    udp: int | None = None

    def rules(self, fault: Fault) -> tuple[str, str]:
        """For what comes in and for what goes out, by nft(8). A session is lost for an instant."""
        garbage = "@ih,0,32 set 0xffffffff"
        match fault:
            case Fault.LOST:
                return f"tcp dport {self.tcp} reject with tcp reset", ""
            case Fault.REFUSED:
                return self._both("tcp dport {} reject with tcp reset", "udp dport {} reject"), ""
            case Fault.TIMEOUT:
                return self._both("tcp dport {} drop", "udp dport {} drop"), ""
            case _:
                return "", self._both(f"tcp sport {{}} {garbage}", f"udp sport {{}} {garbage}")

    def _both(self, tcp: str, udp: str) -> str:
        rules = [tcp.format(self.tcp), *([udp.format(self.udp)] if self.udp else [])]
        return "; ".join(rules)


SSH, SCREENS = Ways(22), Ways(23, 161)

Moment = type[ActionBegun | ActionDone | ActionUndone]
WHEN: tuple[Moment, ...] = (ActionBegun, ActionDone)

TABLE = """table ip fault {{
chain in {{ type filter hook input priority -200; {} ; }}
chain out {{ type filter hook output priority -200; {} ; }}
}}"""


@dataclass(frozen=True)
class Cell:
    step: str
    fault: Fault
    when: Moment

    @property
    def back(self) -> bool:
        """It is met on the way back only."""
        return self.when is ActionUndone and self.step != DEAD_MAN

    def __str__(self) -> str:
        return f"{self.fault} once {self.step} is {self.when.__name__[6:].lower()}"


def cells(router: str, fault: Fault) -> list[Cell]:
    """Those of one router: half of the way there, or all."""
    names = [step.action for step in steps(router) if step.call == "perform" and not step.dead]
    if any(step.call == "arm" for step in steps(router)):
        names.insert(0, DEAD_MAN)
    if SOAK:
        return [Cell(name, fault, when) for name, when in product(names, (*WHEN, ActionUndone))]
    column = list(Fault).index(fault)
    return [Cell(name, fault, WHEN[(row + column) % 2]) for row, name in enumerate(names)]


class Nft:
    """A shell on the router that is there already, so that a fault is quick."""

    def __init__(self, site: Site) -> None:
        self._shell = site.lab.popen("router", "sh", stdin=-1)

    def __call__(self, line: str) -> None:
        self._shell.stdin.write(f"nft '{line}'\n")
        self._shell.stdin.flush()

    def close(self) -> None:
        self._shell.stdin.close()
        self._shell.wait()


def strike(site: Site, fault: Fault, nft: Nft, ways: Ways) -> None:
    """Let it happen, and be over."""
    match fault:
        case Fault.KILLED:
            site.office.stop(SIGKILL)
            site.office.start(PATIENCE)
        case Fault.POWER:
            site.power_cut()
        case _:
            nft(TABLE.format(*ways.rules(fault)))
            time.sleep(0.2 if fault is Fault.LOST else LASTS)
            nft("delete table ip fault")


def comes(site: Site, cell: Cell, after: int) -> bool:
    """Wait for the cell's moment, by the journal's entries *after* a number."""
    with Reader(site.office.journal) as journal:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            records = journal.records(cell.when, SwitchoverEnded, newest_first=True)
            new = [r.entry for r in takewhile(lambda record: record.id > after, records)]
            if any(isinstance(entry, cell.when) and entry.name == cell.step for entry in new):
                return True
            if new and isinstance(new[0], SwitchoverEnded):
                return False
            time.sleep(0.002)
    return False


def play(site: Site, cell: Cell, ways: Ways) -> str:
    """Have an operator ask, and the fault meet it; gives the circuit on which the router ends."""
    site.office.wait(up("primary"), PATIENCE)
    with Reader(site.office.journal) as journal:
        last = journal.last(SwitchoverIntended, SwitchoverEnded, *WHEN, ActionUndone)
    nft = Nft(site)
    target = OTHER[site.holds()]
    if cell.back:
        site.lab.fault("upstream-dead", target)
    asking = threading.Thread(target=site.switch, args=(target,))
    asking.start()
    assert comes(site, cell, last.id if last else 0), f"{cell}: it was never met"
    strike(site, cell.fault, nft, ways)
    site.lab.clear(target)
    nft.close()
    asking.join()

    def agrees() -> bool:
        """The agent has read it since: one that was away meanwhile may have woken elsewhere."""
        return site.rests(*CIRCUIT)["active"] == site.holds()

    assert eventually(agrees, READS + PATIENCE), f"{cell}: {site.holds()}"
    ends = site.holds()
    address = str(CIRCUIT[ends].address.ip)
    assert {public_address(site.lab, kind) for kind in ("tcp", "udp")} == {address}, cell
    return ends


ROUTERS = [
    pytest.param(over_ssh, "linux-swap", SSH, marks=pytest.mark.sshd, id="ssh"),
    pytest.param(partial(by_its_screens, variant=IDLE), "netopia", SCREENS, id="r9100"),
]


@pytest.mark.timeout(1200 if SOAK else 240)
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize(("router", "kind", "ways"), ROUTERS)
def test_faults_at_actions(router, kind, ways, fault, lab, tmp_path, request, record_property):
    """Whoever has to be started again has been, and all are well again: it is one of the two."""
    with router(lab, tmp_path, request) as site:
        site.office.start(PATIENCE)
        ends = [f"{cell!s:40} {play(site, cell, ways)}" for cell in cells(kind, fault)]
        record_property("table", "\n".join([f"where a router ends: {request.node.name}", *ends]))
        assert site.office.stop() == 0


@pytest.mark.parametrize("kind", ["linux-swap", "netopia"])
def test_each_two_meet(kind):
    """Of action, fault and instant, also in the sample."""
    met = [cell for fault in Fault for cell in cells(kind, fault)]
    names = {cell.step for cell in met}
    assert len(names) >= 3
    assert {(cell.step, cell.fault) for cell in met} == set(product(names, Fault))
    assert {(cell.step, cell.when) for cell in met} >= set(product(names, WHEN))
    assert {(cell.fault, cell.when) for cell in met} >= set(product(Fault, WHEN))
