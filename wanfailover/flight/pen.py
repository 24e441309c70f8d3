"""The thread that writes segments: compresses, writes, makes room, and may wait for a disk."""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from wanfailover.flight.segments import GZIP, prune, seal, segments
from wanfailover.worker import Worker

WAITING = 24
"""Batches that may wait for the disk: two minutes, and then they are let go."""

SHARE = 20
"""Of the bytes that all segments may take, one may take this part."""

LEVEL = 6
HOUR = 3600.0  # for which a segment may have been written when it was begun


class Pen:
    """Writes one segment after the other.

    *trouble* says why the present one cannot be written; `begin` tries again. *written* counts its
    bytes. Both may be read from any thread.
    """

    def __init__(self, folder: Path, keep: float, size: int, waiting: int) -> None:
        self._folder = folder
        self._keep = keep
        self._size = size
        self._sum = 0
        self._file: BinaryIO | None = None
        self.trouble: str | None = None
        self.written = 0
        self._worker = Worker("samples", waiting, self._end)

    def begin(self, head: str, wall: float) -> None:
        """Have a new segment begun with the line *head*, as of *wall* time."""
        self._worker.put(lambda: self._do(head, wall))

    def write(self, lines: str) -> str | None:
        """Have a batch written to the present segment; why that cannot be, where it cannot."""
        if self._worker.put(lambda: self._do(lines)):
            return self.trouble
        return f"samples are not recorded: the disk of {self._folder} does not answer"

    def close(self) -> None:
        """Have what waits written and the segment ended."""
        self._worker.close()

    def _do(self, lines: str, wall: float | None = None) -> None:
        try:
            if wall is not None:
                self._end()
                self._open(wall)
            self._append(lines)
        except OSError as error:
            self._drop()
            why = error.strerror or str(error)
            self.trouble = f"samples are not recorded: {self._folder}: {why}"

    def _open(self, wall: float) -> None:
        self._folder.mkdir(mode=0o750, exist_ok=True)
        prune(self._folder, wall - self._keep - HOUR, self._size - 2 * self._size // SHARE)
        number = max((segment.number for segment in segments(self._folder)), default=0) + 1
        at = datetime.fromtimestamp(wall, UTC)
        path = self._folder / f"{number:06}-{at:%Y%m%dT%H%M%SZ}.log.gz"
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        self._file = os.fdopen(made, "wb", buffering=0)
        self._squeeze = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        self._sum = self.written = 0
        self.trouble = None

    def _append(self, lines: str) -> None:
        if self._file is None:
            return  # it has failed, and nobody has begun anew
        if not os.fstat(self._file.fileno()).st_nlink:
            raise FileNotFoundError(None, "it was deleted while it was written")
        data = lines.encode()
        self._sum = seal(data, self._sum)
        self._put_bytes(
            self._squeeze.compress(data + b"#%08x\n" % self._sum)
            + self._squeeze.flush(zlib.Z_SYNC_FLUSH)
        )

    def _put_bytes(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 - whoever calls has looked
        view = memoryview(data)
        while view:
            count = self._file.write(view)
            view = view[count:]
        self.written += len(data)

    def _end(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # all but its end is there, and the next may find room
                self._put_bytes(self._squeeze.flush())
            self._drop()

    def _drop(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()
