"""What the rows say, as columns that a plot can take."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from math import ceil
from pathlib import Path

from wanfailover.rollups.fold import MINUTE
from wanfailover.rollups.store import (
    HOUR,
    NAME,
    SELECT_HOURS,
    SELECT_MINUTES,
    Figures,
    horizon,
    merged,
)

Column = list[float | None]

STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440, 10080, 43200, 525600)
"""In minutes: those that a reader of a clock or a calendar knows."""

FIGURES = ("loss", "p50", "p95", "max", "down", "active")


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
        is None. Of what is older than `store.MINUTES` there are steps of an hour or more.

        Returns:
            Columns: ``t`` the beginning of each step; ``loss`` the share lost, 0 to 1; ``p50``,
            ``p95`` and ``max`` round trips in seconds; ``down`` and ``active`` the seconds of the
            step in which the circuit was down, and in which the router was on it.

        Raises:
            sqlite3.Error: They cannot be read.
        """
        path = self.folder / NAME
        if not path.is_file():
            return _columns(_grid(start, end, points, MINUTE))
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            fine = start >= horizon(db)
            grid = _grid(start, end, points, MINUTE if fine else HOUR)
            columns = _columns(grid)
            for t, row in _rows(db, circuit, grid):
                _enter(columns, grid.index(t), row)
        return columns


def _grid(start: float, end: float, points: int, least: int) -> range:
    """Lay steps over a span: at most *points*, none shorter than *least*."""
    lengths = (minutes * MINUTE for minutes in STEPS if minutes * MINUTE >= least)
    step = next((s for s in lengths if s * points >= end - start), STEPS[-1] * MINUTE)
    first = int(start // step) * step
    if first + points * step < end:  # it begins within a step, which has to be left out
        first += step
    return range(first, ceil(end), step)


def _columns(grid: range) -> dict[str, Column]:
    times: Column = [float(t) for t in grid]
    return {"t": times} | {name: [None] * len(times) for name in FIGURES}


def _enter(columns: dict[str, Column], index: int, row: Figures) -> None:
    sent, lost, p50, p95, longest, down, _, active, _ = row
    figures = lost / sent if sent else None, p50, p95, longest, down, active
    for name, figure in zip(FIGURES, figures, strict=True):
        columns[name][index] = figure


def _rows(db: sqlite3.Connection, circuit: str, grid: range) -> Iterator[tuple[int, Figures]]:
    """Give a row for each step of which anything is known."""
    if not grid:
        return
    begin, step = grid.start, grid.step
    query = SELECT_MINUTES if step < HOUR else SELECT_HOURS
    found = db.execute(query, (circuit, begin, grid[-1] + step))
    for t, group in groupby(found, lambda row: row[0] - (row[0] - begin) % step):
        many: list[Figures] = [row[1:] for row in group]
        yield t, many[0] if len(many) == 1 else merged(many, whole=False)
