"""One pipe for every log record: ours, netmiko's, paramiko's, asyncio's.

Sentences for people, as `history` has them; JSON for machines. The agent's go through a thread of
their own: whoever reads them may stop reading, or go away, and nobody waits. Secrets never pass:
the values known from the profile are struck out last, whatever event, field or library they came
by, and tracebacks are rendered without local variables.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import re
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

STRUCK = "···"

QUIET = {
    "netmiko": logging.INFO,  # at DEBUG it prints every key stroke and every screen
    "paramiko": logging.CRITICAL,  # tracebacks at ERROR for what we report in a sentence
    "asyncio": logging.WARNING,
    "aiohttp": logging.WARNING,
    "apscheduler": logging.ERROR,  # a run that was missed is overdue in `status`
    "mail.log": logging.CRITICAL,  # aiosmtpd's: every line of a client's at INFO, its rubbish above
}


WAITING = 5000
"""Lines that wait for a reader that has stopped reading; what comes after them is lost."""

PARTING = 1.0
"""Seconds that the end of the program waits for them."""


class Patient(logging.Handler):
    """Writes to a file in a thread of its own. Never waits, never raises."""

    def __init__(self, file: int) -> None:
        super().__init__()
        self._file = file
        self._lines: queue.Queue[tuple[int, str]] = queue.Queue(WAITING)
        self._turned_away = 0  # since the last that was let in
        self._unwritten = 0  # since the last that was written
        threading.Thread(target=self._write, name="log", daemon=True).start()
        atexit.register(self.flush)

    @property
    def lost(self) -> int:
        """Lines that are missing where the log ends now."""
        return self._turned_away + self._unwritten

    @property
    def trouble(self) -> str | None:
        """Why the log has gaps, while nothing can be written."""
        return f"{self.lost} lines of the log are lost: nobody takes them" if self.lost else None

    def emit(self, record: logging.LogRecord) -> None:
        """Format here, where the record's surroundings are, and have it written."""
        try:
            self._lines.put_nowait((self._turned_away, self.format(record)))
            self._turned_away = 0
        except Exception:  # noqa: BLE001 - there is nobody to tell
            self._turned_away += 1

    def flush(self) -> None:
        """Wait a moment for what is left."""
        end = time.monotonic() + PARTING
        while self._lines.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.005)

    def _write(self) -> None:
        while True:
            before, line = self._lines.get()
            self._unwritten += before
            if self._unwritten and self._written(self._gap()):
                self._unwritten = 0
            self._unwritten += not self._written(line)
            self._lines.task_done()

    def _gap(self) -> str:
        told = {"name": "wanfailover", "levelname": "WARNING", "levelno": logging.WARNING}
        return self.format(
            logging.makeLogRecord(told | {"msg": f"{self._unwritten} lines of the log are lost"})
        )

    def _written(self, line: str) -> bool:
        rest = f"{line}\n".encode("utf-8", "backslashreplace")
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:  # the disk is full, or whoever read it has gone
            return False
        return True


class Redactor:
    """Strikes out secret values wherever they stand in an event, nested or not."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets: set[str] = set()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Strike these out as well, from now on."""
        self._secrets |= {secret for secret in secrets if secret}
        literal = sorted(self._secrets, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, literal))) if literal else None

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        if self._pattern is None:
            return event
        return {key: self._struck(value) for key, value in event.items()}

    def _struck(self, value: Any) -> Any:
        match value:
            case str():
                return self._pattern.sub(STRUCK, value) if self._pattern else value
            case bytes():
                return self._struck(value.decode("utf-8", "replace"))
            case dict():
                return {self._struck(key): self._struck(item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._struck(item) for item in value]
            case None | bool() | int() | float():
                return value
            case _:
                return self._struck(str(value))


def trouble() -> str | None:
    """Why the log has gaps, while nothing can be written to it."""
    handlers = logging.getLogger().handlers
    return next((each.trouble for each in handlers if isinstance(each, Patient)), None)


def hide(secrets: Iterable[str]) -> None:
    """Strike these out of the log, too, from now on."""
    for handler in logging.getLogger().handlers:
        for each in getattr(handler.formatter, "processors", ()):
            if isinstance(each, Redactor):
                each.learn(secrets)


def _to_be_told(record: logging.LogRecord) -> bool:
    """Whether it is anything to a person: an entry that has no sentence is for machines."""
    return not isinstance(record.msg, dict) or record.msg.get("sentence", "") is not None


def _in_words(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Have a sentence stand for all that it was made from."""
    if "sentence" not in event:
        return event
    return {"event": event["sentence"], "level": event["level"], "timestamp": event["timestamp"]}


def _or_without(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Leave a sentence out that is none."""
    return {key: value for key, value in event.items() if key != "sentence" or value is not None}


def configure(
    *,
    json: bool,
    secrets: Iterable[str] = (),
    level: int = logging.INFO,
    patient: bool = False,
) -> None:
    """Send every record to standard error, as JSON or for people; *patient*ly, or at once.

    People get entries of the journal as sentences, unless *level* is a developer's.
    """
    in_words = not json and level > logging.DEBUG
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper("%Y-%m-%d %H:%M:%S" if in_words else "iso", utc=json),
    ]
    if json:
        transformer = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        render: list[Processor] = [
            structlog.processors.ExceptionRenderer(transformer),
            _or_without,
            Redactor(secrets),
            structlog.processors.JSONRenderer(default=str),
        ]
    else:
        render = [
            structlog.processors.format_exc_info,
            _in_words if in_words else _or_without,
            Redactor(secrets),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    logging.raiseExceptions = False  # a log that cannot be written would be told to itself
    handler: logging.Handler = (
        Patient(sys.stderr.fileno()) if patient else logging.StreamHandler(sys.stderr)
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    if in_words:
        handler.addFilter(_to_be_told)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
