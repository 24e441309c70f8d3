"""Real routers for the driver's tests; where none can be made, they are skipped and say why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.drivers.testbed import SWAP, Testbed
from wanfailover.core.site import Site
from wanfailover.errors import LabError
from wanfailover.lab.privilege import Way, way


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skip where this process cannot make network namespaces."""
    try:
        if way() is not Way.DIRECT:
            pytest.skip("needs root or a user namespace: python -m wanfailover.lab.rootless pytest")
    except LabError as error:
        pytest.skip(str(error))


@pytest.fixture
def make_bed(namespaces: None) -> Iterator[Callable[[Site], Testbed]]:
    with ExitStack() as beds:
        yield lambda site=SWAP: beds.enter_context(Testbed(site))


@pytest.fixture
def enter(make_bed: Callable[[Site], Testbed]) -> Iterator[Callable[..., Testbed]]:
    """Make a bed and be the agent in it, or the router itself."""
    entered = []

    def make(site: Site, box: str = "agent") -> Testbed:
        bed = make_bed(site)
        inside = bed.here(box)
        inside.__enter__()
        entered.append(inside)
        return bed

    yield make
    for inside in entered:
        inside.__exit__(None, None, None)
