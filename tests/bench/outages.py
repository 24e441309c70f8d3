"""What an outage costs a user, and of that the switch; what a virtual router's console costs."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median

from tests.bench import history
from tests.packets.later import by_the_journal
from tests.packets.users import streams
from wanfailover.core.entries import ActionDone, SwitchoverEnded
from wanfailover.core.patience import Day
from wanfailover.journal.reader import Reader
from wanfailover.lab import Lab
from wanfailover.lab.office import Office, Report, Router
from wanfailover.lab.stage import stand

# Only the budget is not the default: a bench fails over more often in an hour than any office.
SETTINGS = ("policy: {switches_per_hour: 1000}",)

TRIAL_WITHIN = 3
TRIAL = f"failback: {{method: trial, trial: {{every: 1m, within: {TRIAL_WITHIN}s}}}}"

NOTHING: tuple[Day, ...] = ()
PATIENCES = {
    "before anything is learned": lambda: NOTHING,
    "after a week of a fibre line": lambda: history.week("L1"),
}
"""What an agent knows of the primary when it starts. The fibre line is L1 of bench-detect."""


def linux(directory: Path, runs: int, trial_runs: int) -> None:
    """The lab's own router."""
    print("\nA Linux router:")
    with Lab() as lab:
        for number, (words, days) in enumerate(PATIENCES.items() if runs else ()):
            cuts(lab, directory / str(number), runs, words, days())
    with Lab() as lab:
        trials(lab, directory / "trials", trial_runs)


def console(name: str, directory: Path, runs: int, slow_runs: int, trial_runs: int) -> None:
    """A virtual router, as it comes and as slow as it gets."""
    print(f"\nVirtual {name}:")
    with Lab() as lab:
        standing = stand(lab, name)
        journals: list[Path] = []
        for number, (words, days) in enumerate(PATIENCES.items()):
            place = directory / str(number)
            journals += cuts(lab, place, runs, words, days(), standing.router)
        actions, whole = spans(journals)
        shares = [seconds / whole[id_] for id_, seconds in per_switch(actions).items()]
        show("share of the switch spent on the router", shares, "")
        for action, seconds in per_action(actions).items():
            show(f"its action '{action}'", seconds, "s")
        show("log-in to the third edit, classic", typing(standing.stand.edit_log), "s")
    with Lab() as lab:
        trials(lab, directory / "trials", trial_runs, stand(lab, name).router)
    slow = directory / "slow"
    slow.mkdir()
    with Lab() as lab:
        standing = stand(lab, name, "slow")
        office = Office(lab, slow, router=standing.router, settings=SETTINGS)
        office.start(60)  # its screens are read first
        for run in range(slow_runs):
            office.wait(up, 10)
            switch(office, ("backup", "primary")[run % 2])
        office.stop()
        show("log-in to the third edit, slow", typing(standing.stand.edit_log), "s")


def cuts(
    lab: Lab,
    directory: Path,
    runs: int,
    words: str,
    days: Sequence[Day],
    router: Router | None = None,
) -> list[Path]:
    """Cut the primary *runs* times; a user asks the Internet 50 times a second.

    Each time the agent is new and knows no more than *days*: it would take cuts that heal within
    seconds for the line's own, and have more and more patience with it.

    Returns:
        The agents' journals.
    """
    outages, switches, journals, patience = [], [], [], ""
    for run in range(runs):
        place = directory / str(run)
        place.mkdir(parents=True)
        office = Office(lab, place, router=router, settings=SETTINGS)
        history.seed(office, "primary", tuple(days))
        office.start()
        patience = office.wait(up, 10)["health"]["primary"]["learned"]
        time.sleep(1 + run * 0.137 % 1)  # cuts fall on another phase of the probes each time
        with streams(lab, "udp-fresh") as felt:
            time.sleep(0.3)
            lab.fault("dsl-down", "primary")
            report = office.wait(on("backup"), 60)
            time.sleep(0.7)
        outages.append(felt["udp-fresh"]["longest"])
        switches.append(report["switchover"]["seconds"])
        lab.clear("primary")
        office.wait(up, 30)
        switch(office, "primary")
        office.stop()
        journals.append(office.journal)
    print(f"{words}: {patience}")
    show("  client without Internet after a hard cut", outages, "s")
    show("  of that, the switch: read, type, read back, prove", switches, "s")
    return journals


def trials(lab: Lab, directory: Path, runs: int, router: Router | None = None) -> None:
    """Let a primary that nobody sees be tried while it is dead, and when it is well again."""
    dead, well = [], []
    for run in range(runs):
        place = directory / str(run)
        place.mkdir(parents=True)
        office = Office(lab, place, router=router, seen=(), settings=(*SETTINGS, TRIAL))
        office.start()
        office.wait(up, 10)
        lab.fault("dsl-down", "primary")
        office.wait(on("backup"), 60)
        dead.append(tried(lab, office, 45, "undone"))
        lab.clear("primary")
        well.append(tried(lab, office, 105, "proved"))
        office.stop()
    if runs:
        show(f"client without Internet by a trial of {TRIAL_WITHIN} s, primary dead", dead, "s")
        show("the same, primary well: returned to", well, "s")


def tried(lab: Lab, office: Office, later: float, outcome: str) -> float:
    """A client's longest outage while the trial that is due soon is made."""
    last = (office.status() or {})["switchover"]["id"]
    by_the_journal(office, later)
    with streams(lab, "udp-fresh") as felt:
        report = office.wait(another(last), 60)
        time.sleep(0.7)
    assert report["switchover"]["outcome"] == outcome, report
    longest: float = felt["udp-fresh"]["longest"]
    return longest


def another(than: str) -> Callable[[Report], bool]:
    """Another switchover has ended."""

    def holds(report: Report) -> bool:
        last = report["switchover"]
        return bool(last["id"] != than and last["outcome"] != "running")

    return holds


def switch(office: Office, circuit: str) -> None:
    """An operator's switch, which must succeed."""
    done = office.command("switch", circuit)
    assert done.returncode == 0, done.stderr


Actions = dict[tuple[str, str], float]
"""Seconds of each action of each switchover, by the switchover's id and the action's name."""


def spans(journals: Iterable[Path]) -> tuple[Actions, dict[str, float]]:
    """What journals tell: seconds of the actions, and of the switchovers by id."""
    actions: Actions = {}
    whole = {}
    for journal in journals:
        with Reader(journal) as reader:
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
