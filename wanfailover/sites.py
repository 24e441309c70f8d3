"""Where a site keeps its state, and how a command finds it.

State lives in ``BASE/SITE/``. BASE is the first of: ``--state-dir``, ``$WANFAILOVER_STATE_DIR``,
``$STATE_DIRECTORY`` (systemd), ``/var/lib/wanfailover`` for root, ``$XDG_STATE_HOME/wanfailover``.
The site is the one asked for, else the only one there.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from wanfailover.errors import ControlError, SiteUnclear

SOCKET_LIMIT = 107
"""Longest path of a Unix socket on Linux (unix(7): sun_path is 108 bytes with its final NUL)."""


@dataclass(frozen=True, slots=True)
class SiteDir:
    """The state directory of one site."""

    path: Path

    @property
    def site(self) -> str:
        return self.path.name

    @property
    def journal(self) -> Path:
        return self.path / "journal.db"

    @property
    def spill(self) -> Path | None:
        """A file for what the journal cannot take, on another file system: see `journal.spill`.

        In the first of ``$RUNTIME_DIRECTORY`` (systemd), ``/run/wanfailover/SITE`` for root,
        ``$XDG_RUNTIME_DIR/wanfailover/SITE``; None where there is none of them. Its name tells
        apart sites of one name in several state directories.
        """
        state = hashlib.blake2s(os.fsencode(self.path.resolve()), digest_size=4).hexdigest()
        places = [place / f"{state}.jsonl" for place in _runtime(self.site)]
        found = (place for place in places if place.is_file())
        return next(found, next(iter(places), None))

    @property
    def samples(self) -> Path:
        """A folder for the recording of samples: see `flight`."""
        return self.path / "samples"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def profile(self) -> Path:
        """A file that holds the path of the profile the site was last run with."""
        return self.path / "profile"

    @property
    def socket(self) -> Path:
        """The control socket.

        Raises:
            ControlError: Its path is too long for a socket.
        """
        path = self.path / "agent.sock"
        if len(os.fsencode(path)) > SOCKET_LIMIT:
            raise ControlError(
                f"{path} is too long for a socket: choose a --state-dir of at most "
                f"{SOCKET_LIMIT - len(os.fsencode(self.site)) - len('//agent.sock')} characters"
            )
        return path

    @property
    def notes(self) -> Path:
        """A file for what the driver found out about its router: see `notes.FileNotes`."""
        return self.path / "router.json"

    @property
    def names(self) -> Path:
        """A file for the addresses of names: see `probes.Names`."""
        return self.path / "names.json"

    def note_profile(self, profile: Path) -> None:
        """Remember *profile*, so that `switch` works when no agent runs, if the disk lets us."""
        text, fresh = f"{profile.resolve()}\n", self.profile.with_suffix(".new")
        with suppress(OSError):
            if not self.profile.is_file() or self.profile.read_text(encoding="utf-8") != text:
                fresh.write_text(text, encoding="utf-8")
                fresh.replace(self.profile)

    def noted_profile(self) -> Path:
        """The profile last run here.

        Raises:
            ControlError: None was.
        """
        try:
            return Path(self.profile.read_text(encoding="utf-8").strip())
        except OSError as error:
            raise ControlError(
                f"no profile is known for {self.site}: start it once with wanfailover run PROFILE"
            ) from error


def base_dir(given: Path | None = None) -> Path:
    """Find the directory that holds all sites."""
    environment = os.environ
    if given is not None:
        return given
    for variable in ("WANFAILOVER_STATE_DIR", "STATE_DIRECTORY"):
        if environment.get(variable):
            return Path(environment[variable].split(":")[0])
    if os.geteuid() == 0:
        return Path("/var/lib/wanfailover")
    home = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "wanfailover"


def _runtime(site: str) -> Iterator[Path]:
    """Directories that outlast a process and not the machine, the first choice first."""
    environment = os.environ
    if given := environment.get("RUNTIME_DIRECTORY"):
        yield Path(given.split(":")[0])
    if os.geteuid() == 0:
        yield Path("/run/wanfailover") / site
    if given := environment.get("XDG_RUNTIME_DIR"):
        yield Path(given) / "wanfailover" / site


def make(base: Path, site: str) -> SiteDir:
    """Make the directory of *site*, for its owner and group only.

    Raises:
        ControlError: It cannot be made.
    """
    path = base / site
    try:
        path.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise ControlError(
            f"the state directory {path} cannot be made ({error.strerror}): "
            "give another one with --state-dir"
        ) from error
    return SiteDir(path)


def find(base: Path, site: str | None) -> SiteDir:
    """Find the site asked for, or the only one.

    Raises:
        SiteUnclear: It is not there, or there are several to choose from.

        ControlError: No site has been run, or they cannot be looked at.
    """
    sites = known(base)
    if site is not None and site in sites:
        return SiteDir(base / site)
    if site is not None:
        there = f"there are: {', '.join(sites)}" if sites else "none has been run there"
        raise SiteUnclear(f"there is no site {site} in {base}; {there}")
    if not sites:
        raise ControlError(
            f"no site has been run in {base}: start one with wanfailover run PROFILE"
        )
    if len(sites) > 1:
        raise SiteUnclear(f"several sites are in {base}: choose with --site {'|'.join(sites)}")
    return SiteDir(base / sites[0])


def known(base: Path) -> list[str]:
    """The sites that have been run.

    Raises:
        ControlError: They cannot be looked at.
    """
    try:
        return sorted(path.name for path in base.iterdir() if (path / "profile").is_file())
    except PermissionError as error:
        raise ControlError(f"{base} cannot be read: you are not in its group") from error
    except OSError:
        return []


class Lock:
    """One writer per site on this host: an exclusive lock that ends with the process.

    Raises:
        ControlError: Another process holds it; the sentence says which, and for how long.
    """

    def __init__(self, site: SiteDir, what: str) -> None:
        try:
            self._file = _open_lock(site)
        except OSError as error:
            raise ControlError(
                f"{site.lock} cannot be opened ({error.strerror}): without an agent only its "
                "owner may switch"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = _holder(self._file.read())
            self._file.close()
            raise ControlError(f"{site.site} is held by {holder}") from error
        self._say(f"{what} (pid {os.getpid()})\n{time.monotonic():.3f}\n")

    def release(self) -> None:
        """Let the next one in."""
        self._say("")
        self._file.close()

    def _say(self, holder: str) -> None:
        """Who holds it, for whom it keeps out; where the disk is full they must do without."""
        with suppress(OSError):  # past the buffer: what it keeps, closing would try to write again
            os.ftruncate(self._file.fileno(), 0)
            os.write(self._file.fileno(), holder.encode())


def _holder(told: str) -> str:
    """Who holds a lock, and for how long, by its file; who wrote no time there is told without.

    The time is Linux's CLOCK_MONOTONIC, the same to all processes from one boot to the next.
    """
    from wanfailover.wording import span  # noqa: PLC0415 - only who is refused waits for it

    holder, _, began = told.strip().partition("\n")
    with suppress(ValueError):
        lasted = time.monotonic() - float(began)
        if lasted >= 0:  # else it is of an earlier boot, and could not be written since
            return f"{holder}, for {span(lasted)} now"
    return holder or "another process"


def _open_lock(site: SiteDir) -> IO[str]:
    """The lock's file; where the disk can be read only, it can be locked all the same."""
    try:
        return site.lock.open("a+", encoding="utf-8")
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.ENOSPC, errno.EDQUOT):
            raise
        if site.lock.is_file():
            return site.lock.open(encoding="utf-8")
        if site.spill is None:
            raise
        site.spill.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        return site.spill.with_suffix(".lock").open("a+", encoding="utf-8")
