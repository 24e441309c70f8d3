"""Network namespaces that share a prefix: made together, entered by name, gone with their owner.

Who removes them is a keeper, a small shell that waits at the end of a pipe. Its owner closes the
pipe on purpose, or dies, in whatever way: either ends the wait, and everything goes. So there is
one way down, and SIGKILL takes it too.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from wanfailover.errors import LabError

NAMESPACES = Path("/run/netns")  # where iproute2 keeps them
STATE = Path("/run")
"""Where a lab's files live: writable wherever namespaces can be named, private where rootless."""

_PREFIX = "wanlab"
_OURS = re.compile(rf"({_PREFIX}-(\d+)-\w+)-")

_REMOVE = """
remove() {
    for path in /run/netns/"${1:?}"-*; do
        name=${path##*/}
        for again in 1 2 3 4 5 6 7 8 9; do
            pids=$(ip netns pids "$name" 2>/dev/null) && [ "$pids" ] || break
            kill -KILL $pids 2>/dev/null
            [ $again = 1 ] || sleep 0.02
        done
        ip netns delete "$name" 2>/dev/null
    done
    rm -rf "/run/${1:?}"
}
"""
# An owner that died may leave a command behind it that makes a namespace a moment later.
_KEEP = (
    _REMOVE
    + """
trap '' HUP INT TERM
read -r _ || { remove "$1"; sleep 0.3; }
remove "$1"
"""
)
_SWEEP = _REMOVE + 'for name; do remove "$name"; done'

# What `ip netns exec` does with /etc/netns/NAME, done with a folder that need not be root's.
_OVERLAY = """
for file in "$0"/etc/*; do
    [ -e "/etc/${file##*/}" ] && mount --bind "$file" "/etc/${file##*/}"
done
exec "$@"
"""


class Namespaces:
    """A family of network namespaces, and a folder for files, under one name.

    The family is removed by `close`, or when the process that called `open` is gone; every process
    in it is killed then.
    """

    def __init__(self) -> None:
        # The owner's process id lets `sweep` tell what nobody owns any more.
        self.name = f"{_PREFIX}-{os.getpid()}-{secrets.token_hex(3)}"
        self.directory = STATE / self.name
        self._keeper: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Set the keeper on watch, before there is anything to remove."""
        self._keeper = subprocess.Popen(
            ["sh", "-c", _KEEP, "wanlab-keeper", self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def close(self) -> None:
        """Kill what runs in the namespaces and remove them; returns when all is gone."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            with keeper:
                keeper.communicate(b"\n")
            if keeper.returncode:  # somebody killed it
                _remove(self.name)

    def full(self, box: str) -> str:
        """The namespace's name as `ip netns list` prints it."""
        return f"{self.name}-{box}"

    def enter(self, box: str, *argv: str | os.PathLike[str]) -> list[str]:
        """The command that runs *argv* in a box."""
        return ["ip", "netns", "exec", self.full(box), *(os.fspath(word) for word in argv)]

    def log_in(self, box: str, *argv: str | os.PathLike[str]) -> list[str]:
        """The command that runs *argv* in a box, with the files in our ``etc`` laid over /etc."""
        return self.enter(box, "sh", "-c", _OVERLAY, self.directory, *argv)

    def pids(self, box: str) -> tuple[int, ...]:
        """Every process in a box."""
        listed = subprocess.run(
            ["ip", "netns", "pids", self.full(box)], capture_output=True, text=True, check=False
        )
        return tuple(map(int, listed.stdout.split()))

    def kill(self, box: str) -> None:
        """Kill every process in a box; returns when none is left."""
        while pids := self.pids(box):
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def type_in(command: Sequence[str], lines: Iterable[str] = ()) -> str:
    """Run *command* with *lines* on its standard input; returns what it printed.

    Raises:
        LabError: It failed; the message holds its own words.
    """
    done = subprocess.run(
        command, input="\n".join(lines), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LabError(f"'{' '.join(command[:6])}' failed: {done.stderr.strip()}")
    return done.stdout


def sweep() -> tuple[str, ...]:
    """Remove the namespaces of labs whose owner is dead; returns the labs' names."""
    if not NAMESPACES.is_dir():
        return ()
    found = {match for path in NAMESPACES.iterdir() if (match := _OURS.match(path.name))}
    stale = tuple(sorted({match[1] for match in found if not _alive(int(match[2]))}))
    _remove(*stale)
    return stale


def _remove(*names: str) -> None:
    subprocess.run(["sh", "-c", _SWEEP, "wanlab-sweep", *names], check=False)


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
