"""The marks on the router are set where they are missing, and given up slowly where they fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface
from itertools import pairwise

from tests.support.router import MemoryRouter
from wanfailover.core.site import Circuit, Path
from wanfailover.errors import DriverError
from wanfailover.marks import AGAIN, SELDOM, Marks

IDLE = Circuit(
    "backup",
    IPv4Interface("198.51.100.77/24"),
    IPv4Address("198.51.100.1"),
    vantage=Path(dscp=8),
)


@dataclass
class MarkedRouter(MemoryRouter):
    """A router in memory that keeps marks, or says why it cannot."""

    refuses: str = ""
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def mark(self, circuits) -> None:
        self.asked.append(tuple(circuit.name for circuit in circuits))
        if self.refuses:
            raise DriverError(self.refuses)


def router() -> MarkedRouter:
    return MarkedRouter(IPv4Interface("203.0.113.2/29"), IPv4Address("203.0.113.1"))


async def test_a_refusal_is_told_until_it_is_over():
    """`status` says why an idle circuit cannot be seen, and no longer when it can."""
    driver = router()
    marks = Marks(driver)
    driver.refuses = "table 101 is somebody else's"
    assert marks.due(0.0)
    await marks.set([IDLE])
    assert "table 101 is somebody else's" in (marks.trouble or "")
    driver.refuses = ""
    assert marks.due(100.0)
    await marks.set([IDLE])
    assert marks.trouble is None
    assert driver.asked == [("backup",), ("backup",)]


async def test_failures_are_repeated_more_and_more_seldom():
    """Each attempt that fails doubles the wait, to a minute; one that succeeds ends that."""
    driver = router()
    driver.refuses = "no nft"
    marks = Marks(driver)
    now, attempts = 0.0, []
    while now < 300:
        if marks.due(now):
            attempts.append(now)
            await marks.set([IDLE])
        now += 0.5
    waits = [later - earlier for earlier, later in pairwise(attempts)]
    assert waits[0] == AGAIN
    assert waits == sorted(waits)
    assert waits[-1] == SELDOM
    driver.refuses = ""
    assert marks.due(now + SELDOM)
    await marks.set([IDLE])
    assert marks.due(now + 2 * SELDOM + AGAIN)


def test_a_router_that_knows_no_marks_is_left_alone():
    """A driver without them is never asked."""
    plain = MemoryRouter(IPv4Interface("203.0.113.2/29"), IPv4Address("203.0.113.1"))
    assert not Marks(plain).due(0.0)
