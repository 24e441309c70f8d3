"""Who changes this router: a file on it that names the agent, and is kept fresh while that lives.

Two agents that know nothing of each other would each undo what the other does. So who changes a
router says so on it, and who finds another's name there is refused. A name that has not been
refreshed for long is nobody's any more; nor is that of a process of this very host which is dead,
and what the same state directory wrote in an earlier life is its own.
"""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from wanfailover.errors import RouterHeld
from wanfailover.ports import Notes
from wanfailover.transports.router import RouterShell
from wanfailover_iproute2.place import LOCK, PLACE

CLAIM_WITHIN = 10.0

STALE_AFTER = 300
"""Seconds, by the router's clock; it is refreshed every minute, and five times may fail."""

NOBODY = "nobody"
"""No life reads like that."""

NOTE = "writer"
"""The key of our own id among the driver's notes, which lie in the site's state directory."""

_CLAIM = Template(
    """\
if ! lock; then
    echo unwritten no place for it
    exit 0
fi
me=$me life=$life name=$name
since=$$up
over=
for file in "$$public/writer" "$$dir/writer"; do
    [ -r "$$file" ] || continue
    id= born= began= heard= their= who=
    { read -r id; read -r born; read -r began; read -r heard; read -r their; read -r who; } \\
        <"$$file"
    case $$began.$$heard in *[!0-9.]*|.*|*.) continue ;; esac
    [ "$$born" = "$$boot" ] || continue
    if [ "$$id" = "$$me" ]; then
        [ "$$their" != "$$life" ] || since=$$began
    elif [ $$((up - heard)) -ge $stale ] || [ "$$their" = $dead ]; then
        over="over $$((up - heard)) $$who"
    else
        printf '%s\\n' held "$$file" "$$((up - began))" "$$((up - heard))" "$$their" "$$who"
        unlock
        exit 0
    fi
done
new=$$dir/writer.new
printf '%s\\n' "$$me" "$$boot" "$$since" "$$up" "$$life" "$$name" >"$$new" && chmod 644 "$$new" \\
    && mv "$$new" "$$dir/writer"
failed=$$?
unlock
[ -z "$$over" ] || echo "$$over"
exit $$failed
"""
)

_RELEASE = Template(
    """\
[ -n "$$dir" ] && [ -r "$$dir/writer" ] || exit 0
read -r id <"$$dir/writer"
[ "$$id" != $me ] || rm "$$dir/writer"
rmdir "$$dir" 2>/dev/null || :
"""
)


@dataclass(frozen=True, slots=True)
class Life:
    """A process of a host, so that the host can tell whether it still lives.

    Args:
        host: The host's boot, and its namespace of processes: a container has its own.

        pid: Its number.

        began: When it began, in the kernel's own unit, for numbers are given again; empty where
            that cannot be read.
    """

    host: str
    pid: int
    began: str

    @classmethod
    def ours(cls) -> Life:
        """This process's."""
        return cls(_host(), os.getpid(), _began(os.getpid()))

    @classmethod
    def read(cls, text: str) -> Life | None:
        """One from a router's file; None where it is none of ours."""
        host, *rest = text.split("/")
        if len(rest) != 2 or not rest[0].isdigit():
            return None
        return cls(host, int(rest[0]), rest[1])

    def __str__(self) -> str:
        return f"{self.host}/{self.pid}/{self.began}"

    @property
    def over(self) -> bool:
        """It is dead for certain; a process of another host may always live."""
        if self.host != _host():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:  # it is another user's
            pass
        return bool(self.began and (now := _began(self.pid)) and now != self.began)


def _host() -> str:
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}.{Path('/proc/self/ns/pid').stat().st_ino}"
    return ""


def _began(pid: int) -> str:
    """The 22nd field of proc(5)'s stat, where the second may hold spaces and parentheses."""
    with suppress(OSError, IndexError):
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return text.rpartition(")")[2].split()[19]
    return ""


@dataclass(slots=True)
class Writer:
    """Keeps our name on a router.

    Args:
        notes: Where our id is kept from one start to the next.
    """

    shell: RouterShell
    notes: Notes
    _id: str = field(init=False, default="")
    _refused: str = field(init=False, default="")

    async def claim(self, name: str) -> str:
        """Write our name there, or refresh it; see `abilities.Claiming`."""
        try:
            words = await self._ask(name)
        except RouterHeld as error:
            self._refused = str(error)
            raise
        self._refused = ""
        return words

    def insist(self) -> None:
        """Go on only if the router was not another's when it was last claimed.

        Raises:
            RouterHeld: It was.
        """
        if self._refused:
            raise RouterHeld(self._refused)

    async def _ask(self, name: str) -> str:
        lines = await self._claim(name, NOBODY)
        if lines[:1] == ["held"]:
            life = Life.read(lines[4])
            if life is None or not life.over:
                raise RouterHeld(_held(lines))
            lines = await self._claim(name, shlex.quote(lines[4]))
            if lines[:1] == ["held"]:  # by a third one, that was quicker
                raise RouterHeld(_held(lines))
        return " ".join(_remarks(lines))

    async def release(self) -> None:
        """Take our name away; see `abilities.Claiming`."""
        text = PLACE + _RELEASE.substitute(me=self._me())
        await self.shell.run(text, within=CLAIM_WITHIN, root=True)

    async def _claim(self, name: str, dead: str) -> list[str]:
        text = _CLAIM.substitute(
            me=self._me(),
            life=shlex.quote(str(Life.ours())),
            name=shlex.quote(" ".join(name.split())),
            stale=STALE_AFTER,
            dead=dead,
        )
        done = await self.shell.run_detached(PLACE + LOCK + text, within=CLAIM_WITHIN)
        if done.status:
            return [f"unwritten {done.err.strip().rpartition(chr(10))[2] or 'no reason given'}"]
        return done.out.splitlines()

    def _me(self) -> str:
        if not self._id:
            self._id = self.notes.get(NOTE) or secrets.token_hex(8)
            self.notes.put(NOTE, self._id)
        return shlex.quote(self._id)


def _held(lines: list[str]) -> str:
    _, file, began, heard, _, who = lines
    return (
        f"{who} has changed this router for {_span(int(began))} now, and was last heard of "
        f"{_span(int(heard))} ago: stop it there first; if it is gone for good, wait until it has "
        f"been silent for {STALE_AFTER // 60} min, or remove {file} on the router"
    )


def _remarks(lines: list[str]) -> Iterator[str]:
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "unwritten":
            yield (
                f"who changes the router cannot be written on it ({rest}): another agent would not "
                "notice this one"
            )
        elif word == "over":
            age, _, who = rest.partition(" ")
            yield f"taken over from {who}, last heard of {_span(int(age))} ago"


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
