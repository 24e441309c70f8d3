"""One pipe for every log record: ours, netmiko's, paramiko's, asyncio's.

Console lines for people, JSON for machines. Secrets never pass: the values known from the profile
are struck out last, whatever event, field or library they came by, and tracebacks are rendered
without local variables.
"""

from __future__ import annotations

import logging
import re
import sys
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
}


class Redactor:
    """Strikes out secret values wherever they stand in an event, nested or not."""

    def __init__(self, secrets: Iterable[str]) -> None:
        literal = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
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


def configure(*, json: bool, secrets: Iterable[str] = (), level: int = logging.INFO) -> None:
    """Send every record to standard error, as JSON or for people."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=json),
    ]
    if json:
        transformer = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        render: list[Processor] = [
            structlog.processors.ExceptionRenderer(transformer),
            Redactor(secrets),
            structlog.processors.JSONRenderer(default=str),
        ]
    else:
        render = [
            structlog.processors.format_exc_info,
            Redactor(secrets),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
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
