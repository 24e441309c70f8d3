"""A recording as others read it: run by run, part by part, whatever is left of each.

What cannot be read is told in sentences and never guessed at. The engine goes on from the next
part, for each begins with all that it held.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wanfailover.core.engine import Engine
from wanfailover.core.facts import Instant
from wanfailover.core.memory import Memory
from wanfailover.core.site import Site, Target
from wanfailover.errors import RecordingError
from wanfailover.flight.rows import Decoder, Fed
from wanfailover.flight.segments import FORMAT, GZIP, Segment, program, seal, segments
from wanfailover.flight.values import UnknownValueError, unpack

CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Head:
    """How a part begins.

    Args:
        run: Names the run of the agent.

        part: Counts the parts of a run, from 0.

        at: Wall time at *now*, on the agent's monotonic clock.

        lost: Facts that could not be written before it.

        plain: The engine as it was, packed; None at the beginning of a run.
    """

    run: str
    part: int
    at: datetime
    now: Instant
    lost: int
    program: str
    site: Site
    controls: tuple[Target, ...]
    memory: Memory
    plain: Any = None

    @classmethod
    def of(cls, line: str) -> Head:
        """Read a segment's first line.

        Raises:
            UnknownValueError: It is of a format, or holds values, that this version does not know.
        """
        told = json.loads(line)
        if told.get("format") != FORMAT:
            raise UnknownValueError(f"it is of format {told.get('format')}, known is {FORMAT}")
        return cls(
            run=told["run"],
            part=told["part"],
            at=datetime.fromisoformat(told["at"]),
            now=told["now"],
            lost=told["lost"],
            program=told["program"],
            site=unpack(told["site"]),
            controls=unpack(told["controls"]),
            memory=unpack(told["memory"]),
            plain=told["engine"],
        )

    @property
    def ours(self) -> bool:
        """The program that wrote it decides as this one does."""
        return self.program == program()

    def engine(self) -> Engine | None:
        """The live engine as it was here; None where only the program that wrote it could tell."""
        if self.plain is None:
            return Engine(self.site, self.controls, self.memory)
        if not self.ours:
            return None
        engine: Engine = unpack(self.plain)
        return engine


class Part:
    """One segment. *ended* tells, once `facts` was read, that it was closed in order.

    Raises:
        RecordingError: It cannot be read, or its head cannot.
    """

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.ended = False
        self.damage: str | None = None
        self._batches = self._read()
        try:
            self.head = Head.of(next(self._batches)[0])
        except StopIteration:
            raise RecordingError(f"{segment.path}: its beginning cannot be read") from None
        except (ValueError, KeyError, TypeError) as error:
            raise RecordingError(f"{segment.path}: {error}") from error

    def facts(self) -> Iterator[Fed]:
        """Yield the facts, in order; call it once."""
        decoder = Decoder()
        try:
            for lines in self._batches:
                yield from decoder.facts(lines)
        except (ValueError, KeyError, TypeError) as error:  # whole, and yet it makes no sense here
            self.damage, self.ended = f"it holds what is not known here ({error})", False

    def _read(self) -> Iterator[list[str]]:
        """Yield batches that are as they were written."""
        lines: list[bytes] = []
        total = 0
        for line in self._lines():
            if not line.startswith(b"#"):
                lines.append(line)
                continue
            total = seal(b"".join(lines), total)
            if line != b"#%08x\n" % total:
                self.damage, self.ended = "it is damaged", False
                return
            yield [whole.decode() for whole in lines]
            lines.clear()

    def _lines(self) -> Iterator[bytes]:
        unzip = zlib.decompressobj(GZIP)
        rest = b""
        try:
            with self.segment.path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    *lines, rest = (rest + unzip.decompress(chunk)).split(b"\n")
                    yield from (line + b"\n" for line in lines)
        except zlib.error:
            self.damage = "it is damaged"
        except OSError as error:
            raise RecordingError(f"{self.segment.path}: {error.strerror}") from error
        self.ended = unzip.eof and self.damage is None


class Log:
    """A recording: a folder of segments, or one of them.

    Raises:
        RecordingError: There is none, or it cannot be read.
    """

    def __init__(self, where: Path, since: datetime | None = None) -> None:
        try:
            found = segments(where) if where.is_dir() else [Segment.of(where)]
        except OSError as error:
            raise RecordingError(f"{where} cannot be read: {error.strerror}") from error
        self.segments = [segment for segment in found if segment is not None]
        if not self.segments or not self.segments[0].path.exists():
            raise RecordingError(f"there is no recording in {where}")
        if since is not None:
            self._skip(since)

    def parts(self) -> Iterator[Part | str]:
        """Yield what is there, oldest first, and in its place a sentence for what is not."""
        before: Part | None = None
        for segment in self.segments:
            try:
                part = Part(segment)
            except RecordingError as error:
                yield str(error)
                continue
            yield from _missing(before, part)
            yield part
            if part.damage is not None:
                yield f"{segment.path}: {part.damage}: what follows in it cannot be read"
            before = part

    def _skip(self, since: datetime) -> None:
        """Leave out parts that ended before *since*."""
        for index in reversed(range(len(self.segments))):
            try:
                begins = Part(self.segments[index]).head.at
            except RecordingError:
                continue
            if begins <= since:
                del self.segments[:index]
                return


def _missing(before: Part | None, part: Part) -> Iterator[str]:
    """Tell what is not there between two parts, or before the first."""
    head = part.head
    if before is None:
        return
    same = before.head.run == head.run
    if same and head.part > before.head.part + 1:
        count = head.part - before.head.part - 1
        yield f"{count} part{'s' if count > 1 else ''} before {part.segment.path.name} are missing"
    elif same and not before.ended and before.damage is None and not head.lost:
        yield f"{before.segment.path}: its end is missing"
    if head.lost:
        yield f"{head.lost} facts before {part.segment.path.name} could not be written"
