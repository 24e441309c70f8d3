"""Reads what the profile only refers to: secrets and files.

What was read never stands in a message. Every function raises ValueError with one sentence that
says what to do about it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wanfailover.config.references import FileKeys, SecretKeys
from wanfailover.ports import Secret

OTHERS_READ = 0o077
"""Any right of group or others: for secrets and private keys, as ssh asks of its own."""

OTHERS_WRITE = 0o022
"""For files that are no secret, but that we go by: who can write known_hosts picks the router."""


def secret(reference: SecretKeys, folder: Path) -> Secret:
    """Read a secret; a newline at its end is the editor's and is dropped."""
    value = _value(reference, folder).removesuffix("\n").removesuffix("\r")
    if not value:
        raise ValueError("the secret kept here is empty")
    if not value.isprintable():
        raise ValueError("the secret kept here has more than one line, or invisible characters")
    return Secret(value)


def private_file(reference: FileKeys, folder: Path) -> Path:
    """Find a file that nobody else may read; it stays unread itself."""
    return _file(reference, folder, OTHERS_READ)


def public_file(reference: FileKeys, folder: Path) -> Path:
    """Find a file that nobody else may write."""
    return _file(reference, folder, OTHERS_WRITE)


def _value(reference: SecretKeys, folder: Path) -> str:
    if reference.env is not None:
        try:
            return os.environ[reference.env]
        except KeyError:
            raise ValueError("the environment variable that is named here is not set") from None
    found = private_file(reference, folder)
    try:
        return found.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{found} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        # Without the original, which holds the bytes.
        raise ValueError(f"{found} is not text in UTF-8") from None


def _path(reference: FileKeys, folder: Path) -> Path:
    if reference.credential is None:
        return folder / str(reference.file)
    if "/" in reference.credential:
        raise ValueError("a credential is named without a path, as in LoadCredential=NAME:PATH")
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if directory is None:
        raise ValueError(
            "credentials are systemd's, and it did not start this with a LoadCredential=; "
            "write {file: NAME} to use it from a shell, too"
        )
    return Path(directory) / reference.credential


def _file(reference: FileKeys, folder: Path, forbidden: int) -> Path:
    found = _path(reference, folder)
    try:
        status = found.stat()
    except FileNotFoundError:
        raise ValueError(f"there is no file {found}") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no file has such a name"
        raise ValueError(f"{found} cannot be read: {why}") from None
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{found} is not an ordinary file")
    if not status.st_size:
        raise ValueError(f"{found} is empty")
    if reference.file is not None:  # credentials are under systemd's own guard
        _check_rights(found, status, forbidden)
    return found


def _check_rights(found: Path, status: os.stat_result, forbidden: int) -> None:
    me = os.geteuid()
    if me and status.st_uid not in {0, me}:
        raise ValueError(f"{found} belongs to another user, who could change it; take it over")
    mode = stat.S_IMODE(status.st_mode)
    if mode & forbidden == 0:
        return
    if forbidden == OTHERS_READ:
        raise ValueError(f"others may use {found} (mode {mode:04o}); run: chmod 600 {found}")
    raise ValueError(f"others may write {found} (mode {mode:04o}); run: chmod go-w {found}")
