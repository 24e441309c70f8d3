"""What the rows say, as columns that a plot can take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Column = list[float | None]


@dataclass(frozen=True, slots=True)
class Rollups:
    """The rows of one site. Opened for each reading, so it never has to be closed.

    Args:
        folder: The site's state directory.
    """

    folder: Path

    def read(self, circuit: str, start: float, end: float, points: int) -> dict[str, Column]:
        """Read a span of wall time, seconds since the epoch, as at most *points* steps.

        The steps are of equal length and the same for each circuit; where nothing is known, a value
        is None.

        Returns:
            Columns: ``t`` the beginning of each step; ``loss`` the share lost, 0 to 1; ``p50``,
            ``p95`` and ``max`` round trips in seconds; ``down`` and ``active`` the share of the step
            in which the circuit was down, and in which the router was on it.
        """
        del circuit, start, end, points
        return {name: [] for name in ("t", "loss", "p50", "p95", "max", "down", "active")}
