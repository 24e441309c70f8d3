"""What an outage costs a user, and of that the switch; what a virtual router's console costs."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from tests.packets.users import streams
from wanfailover.core.entries import ActionDone, SwitchoverEnded
from wanfailover.journal.reader import Reader
from wanfailover.lab import Lab
from wanfailover.lab.office import Office, Router
from wanfailover.lab.stage import stand

# Only the budget is not the default: a bench fails over more often in an hour than any office.
SETTINGS = ("policy: {switches_per_hour: 1000}",)


def linux(directory: Path, runs: int) -> None:
    """The lab's own router."""
    with Lab() as lab:
        cuts(lab, directory, runs)


def console(name: str, directory: Path, runs: int, slow_runs: int) -> None:
    """A virtual router, as it comes and as slow as it gets."""
    print(f"\nVirtual {name}:")
    with Lab() as lab:
        standing = stand(lab, name)
        office = cuts(lab, directory, runs, standing.router)
        actions, whole = spans(office)
        shares = [seconds / whole[id_] for id_, seconds in per_switch(actions).items()]
        show("share of the switch spent on the router", shares, "")
        for action, seconds in per_action(actions).items():
            show(f"its action '{action}'", seconds, "s")
        show("log-in to the third edit, classic", typing(standing.stand.edit_log), "s")
    slow = directory / "slow"
    slow.mkdir()
    with Lab() as lab:
        standing = stand(lab, name, "slow")
        office = Office(lab, slow, router=standing.router, settings=SETTINGS)
        office.start()
        for run in range(slow_runs):
            office.wait(up, 10)
            switch(office, ("backup", "primary")[run % 2])
        office.stop()
        show("log-in to the third edit, slow", typing(standing.stand.edit_log), "s")


def cuts(lab: Lab, directory: Path, runs: int, router: Router | None = None) -> Office:
    """Cut the primary *runs* times; a user asks the Internet 50 times a second."""
    office = Office(lab, directory, router=router, settings=SETTINGS)
    office.start()
    outages, switches = [], []
    for run in range(runs):
        office.wait(up, 10)
        time.sleep(1 + run * 0.137 % 1)  # cuts fall on another phase of the probes each time
        with streams(lab, "udp-fresh") as felt:
            time.sleep(0.3)
            lab.fault("dsl-down", "primary")
            report = office.wait(on("backup"), 60)
            time.sleep(0.7)
        outages.append(felt["udp-fresh"]["longest"])
        switches.append(report["switchover"]["seconds"])
        lab.clear("primary")
        office.wait(up, 10)
        switch(office, "primary")
    office.stop()
    show("client without Internet after a hard cut", outages, "s")
    show("of that, the switch: read, type, read back, prove", switches, "s")
    return office


def switch(office: Office, circuit: str) -> None:
    """An operator's switch, which must succeed."""
    done = office.command("switch", circuit)
    assert done.returncode == 0, done.stderr


Actions = dict[tuple[str, str], float]
"""Seconds of each action of each switchover, by the switchover's id and the action's name."""


def spans(office: Office) -> tuple[Actions, dict[str, float]]:
    """What the journal tells: seconds of the actions, and of the switchovers by id."""
    actions: Actions = {}
    whole = {}
    with Reader(office.journal) as reader:
        for record in reader.records(ActionDone, SwitchoverEnded):
            entry = record.entry
            if isinstance(entry, ActionDone):
                actions[entry.id, entry.name] = entry.seconds
            else:
                whole[entry.id] = entry.seconds
    return actions, whole


def per_switch(actions: Actions) -> dict[str, float]:
    """Seconds of all actions of each switchover."""
    sums = defaultdict[str, float](float)
    for (id_, _), seconds in actions.items():
        sums[id_] += seconds
    return sums


def per_action(actions: Actions) -> dict[str, list[float]]:
    """Seconds of each action, in all switchovers."""
    lists = defaultdict[str, list[float]](list)
    for (_, name), seconds in actions.items():
        lists[name].append(seconds)
    return lists


def typing(log: Path) -> list[float]:
    """Seconds from each log-in until the last value typed in that session was accepted."""
    opened, accepted = {}, {}
    for event in map(json.loads, log.read_text().splitlines()):
        if event["event"] == "session-opened":
            opened[event["session"]] = event["t"]
        elif event["event"] == "edit":
            accepted[event["session"]] = event["t"]
    return [at - opened[session] for session, at in accepted.items()]


def up(report) -> bool:
    """The primary is well."""
    return report["health"]["primary"]["state"] == "up"


def on(circuit: str):
    """The router is on *circuit* and no switchover is running."""

    def holds(report):
        last = report["switchover"]
        return report["active"] == circuit and last and last["outcome"] == "proved"

    return holds


def show(what: str, values: list[float], unit: str) -> None:
    """Median, best and worst."""
    print(
        f"{what}: median {median(values):.2f} {unit}, best {min(values):.2f}, "
        f"worst {max(values):.2f} (n={len(values)})",
        flush=True,
    )
