"""A live router for each driver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.benches import BENCHES, Bench
from tests.drivers.conftest import namespaces  # noqa: F401
from tests.transports.conftest import user  # noqa: F401

A_CONSOLE_TAKES = 180
"""Seconds at most for a test that types every value again and again."""


UNABLE = {
    "netopia": ("timed_undo", "two_writers"),
    "command": ("timed_undo", "two_writers", "inspecting"),
}
"""What a driver is not asked: nothing of ours can be left on such a router, nor looked round."""


def _bench(item: pytest.Item) -> str:
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("bench") or "") if callspec else ""


def _can(item: pytest.Item) -> bool:
    unable = next((what for name, what in UNABLE.items() if name in _bench(item)), ())
    return not any(what in item.name for what in unable)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if _can(item)]
    for item in items:
        name = _bench(item)
        if name:
            item.add_marker(pytest.mark.packets)
            if "ssh" in name:
                item.add_marker(pytest.mark.sshd)
            if name.startswith("iproute2") and "slow_router" in item.name:
                item.add_marker(pytest.mark.alone)  # for it takes every processor
            if "netopia" in name:
                item.add_marker(pytest.mark.timeout(A_CONSOLE_TAKES))


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Each driver's router in turn, on its first circuit."""
    if request.param.startswith("iproute2"):
        request.getfixturevalue("namespaces")
    with BENCHES[request.param](lambda: request.getfixturevalue("user")) as made:
        yield made
