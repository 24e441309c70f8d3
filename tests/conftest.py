"""Options and settings every tier shares; and the order of tests that several workers share."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import Phase, settings

from tests.support.root import ONLY_ROOT, is_root
from tests.support.workers import Door, move_apart
from wanfailover import worker

worker.PATIENCE = 60.0  # what is closed in a test is read then, however busy the machine's disk is

settings.register_profile("quick", deadline=None, max_examples=40)
settings.register_profile("soak", deadline=None, max_examples=1000)
settings.register_profile(
    "mutants",  # the same few for each mutant, and none of an earlier run
    deadline=None,
    max_examples=4,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
SPECIAL = (name for name in ("mutants", "soak") if os.environ.get(f"WANFAILOVER_{name.upper()}"))
settings.load_profile(next(SPECIAL, "quick"))

DOOR = pytest.StashKey[Door]()
"""Only a worker has one: without pytest-xdist every test is alone."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regold",
        action="store_true",
        help="rewrite golden files; commit the difference only if you understand it",
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        move_apart()
        mine: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
        session.config.stash[DOOR] = Door(mine.getbasetemp().parent)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Random histories are not traced: that takes minutes, and by chance no line is better tested.

    Where there are workers, what may take longest begins first, and what is alone comes last.
    """
    for item in items:
        if item.get_closest_marker("hypothesis"):
            item.add_marker(pytest.mark.no_cover)
    if DOOR in config.stash:
        items.sort(key=lambda item: (must_be_alone(item), -seconds_allowed(item)))


def must_be_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None


def seconds_allowed(item: pytest.Item) -> float:
    limit = item.get_closest_marker("timeout")
    return limit.args[0] if limit else 0.0


@pytest.hookimpl(wrapper=True, tryfirst=True)  # the wait is no part of the test's time
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Have each worker's test begin when it may."""
    if DOOR not in item.config.stash:
        return (yield)
    with item.config.stash[DOOR].through(alone=must_be_alone(item)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, as root, a packet test that is skipped has failed: there it must run.

    Except for what only the machine's own root can do, where we are a user namespace's.
    """
    report = yield
    must_run = os.environ.get("CI") == "true" and os.geteuid() == 0
    if must_run and report.skipped and {"packets", "sshd"} & {m.name for m in item.iter_markers()}:
        excused = not is_root() and ONLY_ROOT in str(report.longrepr)
        report.outcome = "skipped" if excused else "failed"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests have made."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "table":
                terminalreporter.write_line(f"\n{value}")
