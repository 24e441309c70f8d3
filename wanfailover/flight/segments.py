"""Where the recording lies: numbered segments in the site's ``samples/``, each readable by itself.

``000042-20261127T230557Z.log.gz`` is text, compressed. It begins with a header, and each batch of
lines ends with a checksum: what follows a damage is not taken for facts. Several segments, or
parts, make up one run of the agent; each begins with all that the engine holds, so those before it
may be gone.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import wanfailover.core
from wanfailover import __version__
from wanfailover.flight.rows import to_line

FORMAT = 1
GZIP = 31
"""zlib's name for a stream with gzip's head and tail."""

_NAME = re.compile(r"(\d{6,})-(\d{8}T\d{6})Z\.log\.gz")


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """A file of a recording; they sort in the order in which they were written."""

    number: int
    path: Path
    began: float  # wall time, seconds

    @classmethod
    def of(cls, path: Path) -> Segment | None:
        """Give the segment that *path* names; None where it is something else."""
        match = _NAME.fullmatch(path.name)
        if match is None:
            return None
        began = datetime.strptime(f"{match[2]}+0000", "%Y%m%dT%H%M%S%z")
        return cls(int(match[1]), path, began.timestamp())


def segments(folder: Path) -> list[Segment]:
    """List those of *folder*, oldest first; none where it is not there.

    Raises:
        OSError: It cannot be read.
    """
    try:
        found = [Segment.of(path) for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(segment for segment in found if segment is not None)


def prune(folder: Path, since: float, size: int) -> None:
    """Delete what was begun before *since*, wall time, and the oldest of what exceeds *size*.

    Raises:
        OSError: One cannot be deleted.
    """
    kept = 0
    for segment in reversed(segments(folder)):
        kept += segment.path.stat().st_size
        if segment.began < since or kept > size:
            segment.path.unlink()


def seal(lines: bytes, before: int) -> int:
    """Sum up a batch and all that stood *before* it, so that none can be damaged or left out."""
    return zlib.crc32(lines, before)


def header(**told: Any) -> str:
    """Write a segment's first line."""
    return to_line({"format": FORMAT, "program": program(), **told})


@cache
def program() -> str:
    """Name the program by its version, and by what of it decides.

    An engine that was written down can go on only in the same core; and where decisions differ from
    those of a log, the reader wants to know whether it was another that made them.
    """
    digest = 0
    for folder in wanfailover.core.__path__:
        for path in sorted(Path(folder).glob("*.py")):
            digest = zlib.crc32(path.read_bytes(), digest)
    return f"{__version__}+{digest:08x}"
