"""Every action of a switch by every fault, before and after it: all end on one circuit."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.simulation.matrix import ROUTERS, Fault, When, cells, end_of, pairwise, table

SAMPLED = set() if os.environ.get("WANFAILOVER_SOAK") else {"netopia-restart"}
"""Of these each fault comes once to each action: most of it is as without the restart."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("router", ROUTERS)
def test_every_fault_at_every_action(
    router: str, record_property: Callable[[str, object], None]
) -> None:
    """Once its ways in are free again, and whoever was killed has come back."""
    chosen = pairwise if router in SAMPLED else cells
    ends = {cell: end_of(cell) for cell in chosen(router)}
    record_property("table", "\n".join(table(router, ends)))
    assert len(ends) >= 9 * len(Fault) * (1 if router in SAMPLED else len(When))
    assert set(ends.values()) == {"primary", "backup"}
