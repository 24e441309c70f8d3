"""Options and settings every tier shares."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("quick", deadline=None, max_examples=40)
settings.register_profile("soak", deadline=None, max_examples=1000)
settings.load_profile("soak" if os.environ.get("WANFAILOVER_SOAK") else "quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regold",
        action="store_true",
        help="rewrite golden files; commit the difference only if you understand it",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, as root, a packet test that is skipped has failed: there it must run."""
    report = yield
    must_run = os.environ.get("CI") == "true" and os.geteuid() == 0
    if must_run and report.skipped and {"packets", "sshd"} & {m.name for m in item.iter_markers()}:
        report.outcome = "failed"
    return report
