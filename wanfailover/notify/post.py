"""The outbox at work: what is told is written with the entries it tells of, and sent when possible.

Each path has a task, a queue and a pause of its own, so that one that hangs delays no other. None
of it is ever waited for by the loop that decides. A message leaves its queue when the path has
taken it, and the outbox when that is written: killed in between, the next start sends it once more,
under the same id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from wanfailover.addressees import Notices
from wanfailover.core import entries as log
from wanfailover.entries import Entry
from wanfailover.errors import JournalError
from wanfailover.journal.eras import utc_now
from wanfailover.journal.outbox import Mark, Posted
from wanfailover.journal.rows import Row
from wanfailover.notify.incidents import Incidents
from wanfailover.notify.letter import Letter, Severity, dumped, loaded
from wanfailover.notify.paths import DEADLINE, NotSent, Way

PAUSES = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Seconds between two tries of a path; the last for all that follow. A circuit that is well again
ends a pause."""

ROUND = 30.0
"""Seconds between two looks at what no entry tells of: reminders, and disks that fail."""

LASTING = 55.0
"""Seconds that such a thing must last to be worth a message."""

HOUR = timedelta(hours=1)

HELD = ""
"""The path of what is held back, until it is summed up."""

SENT, SUMMED, GIVEN_UP, WITHDRAWN = "sent", "summed up", "given up", "its path is no more"

_log = structlog.get_logger("wanfailover")


class Outbox(Protocol):
    """The journal, as far as messages need it: see `journal.writer.Journal`."""

    async def write(
        self, stamped: Sequence[Row], posted: Sequence[Posted] = (), marks: Sequence[Mark] = ()
    ) -> None:
        """Write; raises `JournalError` and owes it."""
        ...


@dataclass(slots=True)
class _Queue:
    """What waits for one path."""

    name: str
    way: Way
    waiting: list[Letter] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    failed: int = 0
    works: bool = True  # it answers, whatever it says
    trouble: str | None = None


class Post:
    """One site's. Give it to the `Recorder`, and `run` it beside the loop.

    Args:
        notices: Who is told, and how often.

        ways: What sends, by the path's name.

        incidents: What is worth telling.

        outbox: Where messages are kept.

        known: What that holds now, oldest first.

        conditions: Sentences about what is amiss and has no entry, by topic.
    """

    def __init__(
        self,
        notices: Notices,
        ways: Mapping[str, Way],
        incidents: Incidents,
        outbox: Outbox,
        known: Iterable[Posted] = (),
        *,
        conditions: Callable[[], Mapping[str, str]] = dict,
        wall: Callable[[], datetime] = utc_now,
    ) -> None:
        self._notices = notices
        self._incidents = incidents
        self._outbox = outbox
        self._conditions = conditions
        self._wall = wall
        self._queues = {name: _Queue(name, way) for name, way in ways.items()}
        self._held: list[Letter] = []
        self._lately: list[datetime] = []
        self._withdrawn: list[Mark] = []
        self._bug: str | None = None
        self._idle = asyncio.Event()
        self._take_up(known)
        if not self.waiting:
            self._idle.set()

    @property
    def trouble(self) -> str | None:
        """Why somebody cannot be told, while that is so."""
        return self._bug or next((q.trouble for q in self._queues.values() if q.trouble), None)

    @property
    def waiting(self) -> int:
        """Messages that some path has not taken yet."""
        return len({letter.id for q in self._queues.values() for letter in q.waiting})

    def report(self) -> dict[str, object] | None:
        """As ``status --json`` has it; None where nobody is told."""
        if not self._queues:
            return None
        return {"paths": list(self._queues), "waiting": self.waiting, "trouble": self.trouble}

    # For the recorder.

    def tell(self, entries: Sequence[Entry]) -> list[Posted]:
        """Make the messages about *entries*, to be written with them. Never raises."""
        if not self._queues:
            return []
        try:
            return self._posted(self._incidents.told(entries, self._wall()))
        except Exception:  # noqa: BLE001 - whoever decides must not end for want of a message
            _log.exception("notification-bug")
            return []

    def send(self, entries: Sequence[Entry], posted: Sequence[Posted]) -> None:
        """They are written, or cannot be now: off with them. Never raises."""
        for row in posted:
            if row.path in self._queues:
                queue = self._queues[row.path]
                queue.waiting.append(loaded(row.data))
                queue.news.set()
                self._idle.clear()
        if any(_hopeful(entry) for entry in entries):
            for queue in self._queues.values():
                queue.failed = 0
                queue.news.set()

    # The tasks.

    async def run(self) -> None:
        """Send, until cancelled. Never raises anything else."""
        try:
            if self._withdrawn:
                await self._write((), self._withdrawn)
            async with asyncio.TaskGroup() as tasks:
                for queue in self._queues.values():
                    tasks.create_task(self._serve(queue))
                if self._queues:
                    tasks.create_task(self._look_round())
        except* Exception:  # noqa: BLE001 - whoever decides must not end for want of a message
            self._bug = "nobody is notified any more: this is a bug in wanfailover; restart it"
            _log.exception("notification-bug")

    async def drained(self, within: float) -> bool:
        """Wait until nothing waits, but not for longer than *within* seconds; tell whether so."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._idle.wait()
        return not self.waiting

    async def _serve(self, queue: _Queue) -> None:
        while True:
            queue.news.clear()
            tried = bool(queue.waiting)
            well = await self._deliver(queue)
            if tried:
                queue.failed = 0 if well else queue.failed + 1
            pause = PAUSES[min(queue.failed, len(PAUSES)) - 1] if queue.failed else None
            try:
                async with asyncio.timeout(pause):
                    await self._awaited(queue)
            except TimeoutError:
                continue

    async def _awaited(self, queue: _Queue) -> None:
        """News end a pause where the path works, or is hoped to work again."""
        while True:
            await queue.news.wait()
            if not queue.failed or queue.works:
                return
            queue.news.clear()

    async def _deliver(self, queue: _Queue) -> bool:
        """Try all that waits, in its order, until the path fails; tell whether all is sent."""
        for letter in list(queue.waiting):
            if self._too_old(letter):
                await self._done(queue, letter, GIVEN_UP)
                continue
            try:
                async with asyncio.timeout(DEADLINE):
                    words = await queue.way.send(letter)
            except (NotSent, TimeoutError) as error:
                self._complain(queue, str(error) or f"nothing within {DEADLINE:g} s")
                queue.works = isinstance(error, NotSent) and error.refused
                if queue.works:
                    continue  # this one; the next may be taken
                return False
            except Exception as bug:  # noqa: BLE001 - a bug in one way must not silence the others
                self._complain(queue, f"this is a bug in wanfailover: {type(bug).__name__}")
                queue.works = False
                return False
            queue.works = True
            told = f"told {queue.name}: {words}"
            _log.info("notified", sentence=told, path=queue.name, id=letter.id, answer=words)
            await self._done(queue, letter, SENT)
        if not queue.waiting:
            queue.trouble = None
        return not queue.waiting

    async def _done(self, queue: _Queue, letter: Letter, what: str) -> None:
        queue.waiting.remove(letter)
        if what == GIVEN_UP:
            _log.error("notification-lost", path=queue.name, id=letter.id, subject=letter.subject)
        await self._write((), [Mark(letter.id, queue.name, f"{what} {_stamp(self._wall())}")])
        if not self.waiting:
            self._idle.set()

    def _complain(self, queue: _Queue, why: str) -> None:
        trouble = f"{len(queue.waiting)} notifications wait for {queue.name}: {why}"
        if queue.trouble is None:
            _log.warning("notification-waits", path=queue.name, why=why)
        queue.trouble = trouble

    async def _look_round(self) -> None:
        while True:
            await self.look_round()
            await asyncio.sleep(ROUND)

    async def look_round(self) -> None:
        """Tell of what no entry tells of, and sum up what was held back."""
        now = self._wall()
        letters = self._incidents.conditions(self._conditions(), now, LASTING)
        letters += self._incidents.reminder(now, self._notices.remind)
        posted = self._posted(letters)
        marks: list[Mark] = []
        if self._held and self._room(now):
            summary = self._incidents.summary(self._held, self._notices.per_hour, now)
            posted += self._addressed(summary)
            self._lately.append(now)
            marks = [Mark(each.id, HELD, f"{SUMMED} {_stamp(now)}") for each in self._held]
            self._held = []
        if posted or marks:
            await self._write(posted, marks)
            self.send((), posted)

    async def _write(self, posted: Sequence[Posted], marks: Sequence[Mark]) -> None:
        try:
            await self._outbox.write((), posted, marks)
        except JournalError as error:  # it is owed, and told by the recorder's next
            _log.warning("outbox-unwritable", why=str(error))

    # What goes where.

    def _posted(self, letters: Iterable[Letter]) -> list[Posted]:
        """Address each; what is more than may be within an hour is held back."""
        posted: list[Posted] = []
        now = self._wall()
        for letter in letters:
            told = (
                letter.subject if letter.rule is None else None
            )  # else of an entry, which is told
            _log.info("notification", sentence=told, id=letter.id, subject=letter.subject)
            if letter.severity is Severity.CRITICAL or self._room(now):
                self._lately.append(now)
                posted += self._addressed(letter)
            else:
                self._held.append(letter)
                posted.append(Posted(letter.id, HELD, letter.at, dumped(letter)))
        return posted

    def _addressed(self, letter: Letter) -> list[Posted]:
        data = dumped(letter)
        return [Posted(letter.id, name, letter.at, data) for name in self._queues]

    def _room(self, now: datetime) -> bool:
        """Whether one more may be sent; a clock that was set back makes no hour longer."""
        self._lately = [min(at, now) for at in self._lately if now - at < HOUR]
        return len(self._lately) < self._notices.per_hour

    def _too_old(self, letter: Letter) -> bool:
        return (self._wall() - letter.when).total_seconds() > self._notices.keep

    def _take_up(self, known: Iterable[Posted]) -> None:
        """Go on where an earlier run has ended."""
        sent: dict[str, datetime] = {}
        for row in known:
            try:
                letter = loaded(row.data)
            except ValueError:
                continue
            if row.path != HELD:
                sent[letter.id] = letter.when
            if row.done is not None:
                continue
            if row.path == HELD:
                self._held.append(letter)
            elif row.path in self._queues:
                self._queues[row.path].waiting.append(letter)
            else:
                self._withdrawn.append(Mark(row.letter, row.path, WITHDRAWN))
        self._lately = list(sent.values())


def letters(known: Iterable[Posted]) -> list[Letter]:
    """The messages of an outbox, each once, oldest first; such as cannot be read are left out."""
    found: dict[str, Letter] = {}
    for row in known:
        try:
            found.setdefault(row.letter, loaded(row.data))
        except ValueError:
            continue
    return list(found.values())


def _hopeful(entry: Entry) -> bool:
    """After this a path that did not work may."""
    match entry:
        case log.SwitchoverEnded() | log.HealthChanged(state="up"):
            return True
        case _:
            return False


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
