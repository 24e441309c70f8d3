"""What a driver found out about its router, in a file of the site's state directory."""

from __future__ import annotations

import contextlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


class FileNotes:
    """A driver's notes in a file, as JSON; what cannot be read there is as if it were not there.

    They are written in a thread of their own, so that a disk that hangs holds nobody up.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = self._read()
        self._writer: ThreadPoolExecutor | None = None

    def get(self, key: str) -> str | None:
        """Give what was noted under *key*; None if nothing was."""
        return self._kept.get(key)

    def put(self, key: str, value: str) -> None:
        """Note it; never raises."""
        if self._kept.get(key) == value:
            return
        self._kept[key] = value
        if self._writer is None:
            self._writer = ThreadPoolExecutor(1, thread_name_prefix="wanfailover-notes")
        self._writer.submit(self._write, key, value)

    def _write(self, key: str, value: str) -> None:
        """Add it to what is there by now: `check` may take notes beside an agent."""
        text = json.dumps(self._read() | {key: value}, indent=2, sort_keys=True)
        fresh = self._path.with_suffix(f".{os.getpid()}")
        try:
            fresh.write_text(f"{text}\n", encoding="utf-8")
            fresh.replace(self._path)
        except OSError:  # a note that is lost is no harm
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {key: value for key, value in found.items() if isinstance(value, str)}
