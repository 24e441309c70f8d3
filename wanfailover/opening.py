"""What is opened and then cannot be used is closed: sockets, sessions, databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Closable(Protocol):
    """What holds a file descriptor."""

    def close(self) -> object: ...


@contextmanager
def closed_on_failure(opened: Closable) -> Iterator[None]:
    """Close *opened* where the body raises, or is cancelled; else it is the caller's."""
    try:
        yield
    except BaseException:
        opened.close()
        raise
