"""Labs for the packet tests; where none can be built, the tests are skipped and say why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from wanfailover.errors import LabError
from wanfailover.lab import Lab
from wanfailover.lab.privilege import Way, way

HERE = Path(__file__).parent
BY_HAND = "python -m wanfailover.lab.rootless python -m pytest tests/packets"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.packets)


@pytest.fixture(scope="session", autouse=True)
def _namespaces() -> None:
    """Skip where this process cannot make network namespaces; in CI, as root, fail instead."""
    try:
        if way() is Way.DIRECT:
            return
        reason = f"needs root or a user namespace; run: {BY_HAND}"
    except LabError as error:
        reason = str(error)
    if os.environ.get("CI") == "true" and os.geteuid() == 0:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def make_lab() -> Iterator[Callable[..., Lab]]:
    """Build labs, with the arguments of `Lab`; they go with the test."""
    with ExitStack() as labs:
        yield lambda *args, **kwargs: labs.enter_context(Lab(*args, **kwargs))


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    """A lab as it comes: two circuits on one external port, masqueraded, router on the primary."""
    return make_lab()
