"""Every action of a switch by every fault, before and after it: all end on one circuit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.simulation.matrix import ROUTERS, Fault, When, cells, end_of, table


@pytest.mark.timeout(400)
@pytest.mark.parametrize("router", ROUTERS)
def test_every_fault_at_every_action(
    router: str, record_property: Callable[[str, object], None]
) -> None:
    """Once its ways in are free again, and whoever was killed has come back."""
    ends = {cell: end_of(cell) for cell in cells(router)}
    record_property("table", "\n".join(table(router, ends)))
    assert len(ends) >= 9 * len(Fault) * len(When)
    assert set(ends.values()) == {"primary", "backup"}
