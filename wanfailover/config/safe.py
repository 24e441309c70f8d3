"""Writes files that are private from their first byte on, and replaces none by accident."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a file shall be; only root may give it away."""

    user: int
    group: int


def write(
    path: Path, text: str, *, mode: int, owner: Owner | None = None, replace: bool = False
) -> None:
    """Write *path*, whole or not at all.

    It lies under another name, readable by nobody else, until all of it is on the disk.

    Raises:
        FileExistsError: It is there already, and *replace* does not say that it may go.
        OSError: It cannot be written.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    made = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(made, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if owner is not None:
                os.fchown(made, owner.user, owner.group)
            os.fchmod(made, mode)
            os.fsync(made)
        if replace:
            fresh.replace(path)
        else:
            path.hardlink_to(fresh)
    finally:
        fresh.unlink(missing_ok=True)
