"""Each fault, wherever the circuit stands, however it is seen, by each driver: verdict, layer, act.

What must come of each case is in cells.py. `make check` takes cases that bring together each pair
of values, `make soak` all there are.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packets.cells import (
    ACTIVE,
    DRIVERS,
    HARMS,
    IDLE,
    LEFT,
    MARKING,
    WELL,
    Cell,
    every,
    expected,
    pairs,
    pairwise,
)
from tests.packets.hosts import ip
from tests.packets.test_failover import BACKUP, PRIMARY, settled
from tests.packets.users import public_address
from wanfailover.core.reading import State
from wanfailover.core.situation import RETURN_LOSS
from wanfailover.lab import FAULTS, Lab
from wanfailover.lab.addresses import CIRCUITS, DNS, ECHO, MAIL, WEB, WEB_HOST
from wanfailover.lab.office import Office, Report
from wanfailover.lab.stage import stand

SOAK = bool(os.environ.get("WANFAILOVER_SOAK"))

PROBES = (
    f"{{icmp: {ECHO[0]}}}",
    f"{{icmp: {ECHO[1]}}}",
    f"{{tcp: '{WEB}:443', every: 1s}}",
    f"{{smtp: '{MAIL}:25', every: 1s, deadline: 3s}}",
    f"{{dns: {{server: {DNS}, name: {WEB_HOST}}}, every: 1s}}",
)
"""Asked so often that one which fails alone is set aside within ten seconds."""

SILENCE = 2.5
DETECT = f"detect: {{silence: {SILENCE}s, bad_seconds: 5}}"
POLICY = "policy: {dwell: 1s, switches_per_hour: 1000}"
AFTER, LONG_AFTER = 3, 12
"""Seconds of quiet before a return; of a lossy line a few seconds tell too little."""

OUTSIDE = "198.51.100.78"
"""The office's own address on the backup's network, where it looks at that."""

PATIENCE = 30
"""Seconds for a fault to be noticed and acted on, and for its end."""


def _grouped(cells: list[Cell]) -> dict[tuple[str, str, str], list[str]]:
    """The faults of the cells that one office can go through in turn."""
    groups = defaultdict[tuple[str, str, str], list[str]](list)
    for cell in cells:
        groups[cell.place, cell.vantage, cell.driver].append(cell.fault)
    return groups


CELLS = every()
GROUPS = _grouped(CELLS if SOAK else list(pairwise(CELLS)))


class Scene:
    """An office at work, and a circuit of it that is struck by one fault after another."""

    office: Office

    def __init__(self, lab: Lab, directory: Path, place: str, vantage: str, driver: str) -> None:
        self._lab, self._directory = lab, directory
        self._place, self._vantage, self._driver = place, vantage, driver
        self._struck = "backup" if place == IDLE else "primary"
        self._idle = None if vantage == "none" else self._look_from(vantage)
        self._router = None if driver == "iproute2" else stand(lab, driver).router

    def _look_from(self, vantage: str) -> str:
        """Prepare a vantage on the circuit that is struck; gives the profile's words."""
        if vantage == "mark":
            return "{mark: 8}"
        if vantage == "device":
            return f"{{device: {self._lab.modem(self._struck)[:-1]}, every: 1s}}}}"
        if self._struck == "backup":
            look_at_backup(self._lab)
        address = "203.0.113.3" if self._struck == "primary" else OUTSIDE
        return "{bind: eth1}" if vantage == "bind" else f"{{source: {address}}}"

    def opens(self, after: int) -> None:
        """Start an agent; it finds all well."""
        self.office = Office(
            self._lab,
            self._directory,
            router=self._router,
            probes=PROBES,
            seen=() if self._idle is None else (self._struck,),
            vantage=self._idle or "",
            settings=(DETECT, POLICY, f"failback: {{after: {after}s}}"),
        )
        self.office.start()

    def plays(self, fault: str) -> None:
        """Strike, and see that what must come of it comes; heal, and see all well again."""
        cell = Cell(fault, self._place, self._vantage, self._driver)
        must = expected(cell)
        office = self.office
        self._takes_place()
        before = office.status()
        struck_at = time.monotonic()
        self._lab.fault(fault, self._struck)
        if must.acts and self._place == ACTIVE:
            office.wait(self._is(cell, "backup"), PATIENCE)
            report = office.status()
            assert report["switchover"]["rule"] == "active-down", report
            assert public_address(self._lab) == BACKUP
            if cell.harm.loses:
                self._stays(cell, "backup", report, AFTER + 1)
        else:
            report = self._comes_to(cell, before, struck_at)
        if self._place == LEFT:
            self._decides(cell, report)
        self._lab.clear(self._struck)
        self._recovers(cell)

    def _takes_place(self) -> None:
        """All is well, and the router is where it should be when the fault strikes."""
        on = "primary"
        if self._place == LEFT:
            on = "backup"
            self._switch(on, "--for", "1h")  # held, also where it is there already
        well = Cell(WELL, self._place, self._vantage, self._driver)
        self.office.wait(self._is(well, on), PATIENCE)

    def _comes_to(self, cell: Cell, before: Report, struck_at: float) -> Report:
        """Wait for verdict and layer; until then, and for as long as a silence takes, all stays."""
        holds = self._is(cell, before["active"])
        allowed = expected(cell).states | expected(cell._replace(fault=WELL)).states
        while True:
            report = self.office.status()
            late = time.monotonic() - struck_at
            state = report["health"][self._struck]["state"]
            assert report["active"] == before["active"], (cell, report)
            assert report["switchover"] == before["switchover"], (cell, report)
            assert state in allowed | {State.DEGRADED}, (cell, report)
            if holds(report) and late > SILENCE + 2:
                return report
            assert late < PATIENCE, (cell, expected(cell), report)
            time.sleep(0.1)

    def _stays(self, cell: Cell, on: str, before: Report, seconds: float) -> None:
        """Nothing is moved for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            report = self.office.status()
            assert (report["active"], report["switchover"]) == (on, before["switchover"]), (
                cell,
                report,
            )
            time.sleep(0.1)

    def _decides(self, cell: Cell, before: Report) -> None:
        """Automation is let go: a return, or none."""
        assert self.office.command("auto").returncode == 0
        if expected(cell).acts:
            report = self.office.wait(settled("primary"), PATIENCE)
            assert report["switchover"]["rule"] == "preferred-recovered", (cell, report)
            assert public_address(self._lab) == PRIMARY
        else:
            after = AFTER if cell.harm.loses == 0 or cell.harm.kills else LONG_AFTER
            self._stays(cell, "backup", before, after + 1.5)

    def _recovers(self, cell: Cell) -> None:
        """Bring the router back where it was left by the agent."""
        if self._place != ACTIVE or not expected(cell).acts:
            return
        idle = cell._replace(place=LEFT)
        if expected(idle._replace(fault=WELL)).states == {State.UP}:
            self.office.wait(lambda r: r["health"]["primary"]["state"] == "up", PATIENCE)
            self._switch("primary")
        else:  # nobody sees that the brown-out is over; who starts anew has not seen it begin
            self.office.stop()
            switched = self.office.command("switch", "primary")
            assert switched.returncode == 0, switched.stderr
            self.office.start()

    def _switch(self, circuit: str, *how: str) -> None:
        """An operator's switch; where the agent is on its way there by itself, the same."""
        self.office.command("switch", circuit, *how)
        self.office.wait(settled(circuit), PATIENCE)

    def _is(self, cell: Cell, on: str) -> Callable[[Report], bool]:
        """The router is on that circuit, and the struck one is as *cell* says."""
        must, there = expected(cell), settled(on)

        def holds(report: Report) -> bool:
            health = report["health"].get(self._struck, {})
            same = health.get("state") in must.states and health.get("layer") == must.layer
            return bool(there(report)) and same

        return holds


def look_at_backup(lab: Lab) -> None:
    """Let the office's second port see the backup past the router, instead of the primary."""
    network, gateway = CIRCUITS[1].address.network, CIRCUITS[1].gateway
    ip(
        lab,
        "office",
        f"address add {OUTSIDE}/{network.prefixlen} dev eth1 noprefixroute",
        f"route add {network} dev eth1 src {OUTSIDE} table 101",
        f"route add default via {gateway} dev eth1 src {OUTSIDE} table 101",
        f"rule add from {OUTSIDE} table 101 priority 90",
        "rule add oif eth1 table 101 priority 91",
    )


@pytest.mark.timeout(900 if SOAK else 300)
@pytest.mark.parametrize(
    ("place", "vantage", "driver", "faults"),
    [(*group, faults) for group, faults in GROUPS.items()],
    ids=["-".join(group) for group in GROUPS],
)
def test_each_fault(
    lab: Lab, tmp_path: Path, place: str, vantage: str, driver: str, faults: list[str]
):
    """One after another: the verdict, the layer that is told, what is done; and well again."""
    scene = Scene(lab, tmp_path, place, vantage, driver)
    bearable = [fault for fault in faults if RETURN_LOSS < HARMS[fault].loses < 0.2]
    scene.opens(LONG_AFTER if bearable and place == LEFT else AFTER)
    for fault in faults:
        scene.plays(fault)
    assert scene.office.stop() == 0


@pytest.mark.timeout(120)
def test_a_return_although_one_kind_of_target_fails(lab: Lab, tmp_path: Path):
    """Names are not resolved over the primary; that is told, and it is the better circuit still."""
    scene = Scene(lab, tmp_path, LEFT, "bind", MARKING)
    scene.opens(AFTER)
    scene.plays("dns-dead")
    assert scene.office.stop() == 0


def test_the_model_knows_each_fault():
    """There is no fault of the lab that is left out."""
    assert {words.split()[0] for words in HARMS} == set(FAULTS)


def test_pairs_are_covered_by_a_fraction():
    """Each pair of values that can meet meets, in a fifth of all cells, and always in the same."""
    cells, chosen = every(), list(pairwise(every()))
    assert set().union(*map(pairs, chosen)) == set().union(*map(pairs, cells))
    assert len(chosen) <= len(cells) / 5
    assert chosen == list(pairwise(every()))
    assert {cell.driver for cell in cells if cell.vantage == "mark"} == {MARKING} < set(DRIVERS)
