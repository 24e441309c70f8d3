"""Faults on the way to a real router at each action of a switch: all end on one circuit, whole.

The rows are what the drivers make of a plan, as in `simulation/matrix.py`, which meets each call
there and back, before and after, in virtual time. Here faults come from outside and befall
sessions of SSH, once the journal says that an action was begun or done; so they are a few
milliseconds late. `make check` takes each fault once, at one action after the other; `make soak`
each fault at each action, begun and done.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from itertools import product
from signal import SIGKILL

import pytest

from tests.packets.test_failover import up
from tests.packets.test_kills import (
    CIRCUIT,
    OTHER,
    PATIENCE,
    Site,
    over_ssh,
)
from tests.packets.users import public_address
from tests.simulation.matrix import Fault, steps
from tests.transports.conftest import user  # noqa: F401
from wanfailover.core.entries import ActionBegun, ActionDone, SwitchoverEnded, SwitchoverIntended
from wanfailover.journal.reader import Reader
from wanfailover.switchover import DEAD_MAN

SOAK = bool(os.environ.get("WANFAILOVER_SOAK"))

LASTS = 2.0
"""Seconds that a fault lasts that is none of an instant; more than an undo takes."""

PORTS = "tcp dport 22"
RULES = {
    Fault.LOST: (f"{PORTS} reject with tcp reset", ""),
    Fault.REFUSED: (f"{PORTS} reject with tcp reset", ""),
    Fault.TIMEOUT: (f"{PORTS} drop", ""),
    Fault.GARBAGE: ("", "tcp sport 22 @ih,0,32 set 0xffffffff"),
}
"""For what comes in and for what goes out, by nft(8). A session is lost for an instant."""

WHEN = (ActionBegun, ActionDone)

TABLE = """table ip fault {{
chain in {{ type filter hook input priority -200; {} ; }}
chain out {{ type filter hook output priority -200; {} ; }}
}}"""


@dataclass(frozen=True)
class Cell:
    step: str
    fault: Fault
    when: type[ActionBegun | ActionDone]

    def __str__(self) -> str:
        return f"{self.fault} once {self.step} is {self.when.__name__[6:].lower()}"


def cells(router: str) -> list[Cell]:
    """Those of one router: a sample, or all."""
    names = [step.action for step in steps(router) if step.call == "perform"]
    if any(step.call == "arm" for step in steps(router)):
        names.insert(0, DEAD_MAN)
    if SOAK:
        return [Cell(*values) for values in product(names, Fault, WHEN)]
    return [Cell(names[n % len(names)], fault, WHEN[n % 2]) for n, fault in enumerate(Fault)]


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


def strike(site: Site, fault: Fault, nft: Nft) -> None:
    """Let it happen, and be over."""
    match fault:
        case Fault.KILLED:
            site.office.stop(SIGKILL)
            site.office.start(PATIENCE)
        case Fault.POWER:
            site.power_cut()
        case _:
            nft(TABLE.format(*RULES[fault]))
            time.sleep(0.2 if fault is Fault.LOST else LASTS)
            nft("delete table ip fault")


def comes(site: Site, cell: Cell, after: int) -> bool:
    """Wait for the cell's moment, by the journal's entries *after* a number."""
    with Reader(site.office.journal) as journal:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for record in journal.records(cell.when, SwitchoverEnded, newest_first=True):
                if record.id <= after:
                    break
                if isinstance(record.entry, SwitchoverEnded):
                    return False
                if record.entry.name == cell.step:
                    return True
            time.sleep(0.002)
    return False


def play(site: Site, cell: Cell) -> str:
    """Have an operator ask, and the fault meet it; gives the circuit on which the router ends."""
    site.office.wait(up("primary"), PATIENCE)
    with Reader(site.office.journal) as journal:
        last = journal.last(SwitchoverIntended, SwitchoverEnded, ActionBegun, ActionDone)
    nft = Nft(site)
    asking = threading.Thread(target=site.switch, args=(OTHER[site.holds()],))
    asking.start()
    assert comes(site, cell, last.id if last else 0), f"{cell}: it was never met"
    strike(site, cell.fault, nft)
    nft.close()
    asking.join()
    ends = site.rests(*CIRCUIT)["active"]
    assert site.holds() == ends, cell
    address = str(CIRCUIT[ends].address.ip)
    assert {public_address(site.lab, kind) for kind in ("tcp", "udp")} == {address}, cell
    return ends


@pytest.mark.sshd
@pytest.mark.timeout(1200 if SOAK else 150)
def test_faults_at_actions_over_ssh(lab, tmp_path, request, record_property):
    """Whoever has to be started again has been, and all are well again: it is one of the two."""
    with over_ssh(lab, tmp_path, request) as site:
        site.office.start(PATIENCE)
        ends = [f"{cell!s:40} {play(site, cell)}" for cell in cells("linux-swap")]
        record_property("table", "\n".join(["where a router ends, over SSH", *ends]))
        assert site.office.stop() == 0
