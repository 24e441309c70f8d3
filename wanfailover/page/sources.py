"""What the page is told by its agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wanfailover.counts import Counts
from wanfailover.report import Report
from wanfailover.sites import SiteDir


@dataclass(frozen=True, slots=True)
class Sources:
    """Of one agent; none of these waits.

    Args:
        report: How things stand, as `status --json` tells it.

        counts: What has happened since the start.

        late: By how many seconds the loop or the probes are behind.
    """

    site: SiteDir
    report: Callable[[], Report]
    counts: Counts
    late: Callable[[], float]
