"""A timed undo on the router: it fires unless somebody cancels it, whatever became of the agent.

What it waits for is a file. Who renames that file first, the timer or the one who cancels, has
won, for the kernel renames it once. The timer itself is systemd's where we are root and systemd
runs this very router; elsewhere it is a shell that sleeps, in a session of its own. Either goes by
the router's own clock, seconds since boot, which nobody sets.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from string import Template

from wanfailover.errors import CommandRefused, DriverError
from wanfailover.ports import Action
from wanfailover.transports.router import RouterShell
from wanfailover.transports.shell import PREAMBLE, Completed
from wanfailover_iproute2.place import PLACE

ARM_WITHIN = 10.0
"""Seconds to arm it, and to list what is armed."""

DISARM_WITHIN = 20.0
"""Seconds to cancel it, or to see one that has fired to its end."""

FIRED_WITHIN = 15
"""Of these, the seconds that one may take which has fired; what it types takes milliseconds.

Then it is given up: it ends after the action that it hangs in."""

NO_PLACE = "no-place"

_TOKEN = re.compile(r"[\w.-]+")

SYSTEMD = (
    '[ "$(id -u)" = 0 ] && [ "$dir" = "$public" ] && [ -d /run/systemd/system ] '
    '&& [ "$(readlink /proc/1/ns/net)" = "$(readlink /proc/self/ns/net)" ]'
)
"""Shell text: systemd is there, and what it starts would be in this router and not beside it."""

_FIRE = Template(
    """\
while [ -e "$$d/armed" ] && read -r up _ </proc/uptime && [ "$${up%%.*}" -lt "$$end" ]; do
    sleep 1
done
mv "$$d/armed" "$$d/fired" 2>/dev/null || exit 0
exec >"$$d/words" 2>&1
logger -t wanfailover "nobody has confirmed the switch to another circuit: it is taken back"
bad=0
$undo
echo $$bad >"$$d/status.new"
mv "$$d/status.new" "$$d/status"
"""
)

_UNDO = Template(
    """\
(
set -e
$lines
)
[ $$? = 0 ] || bad=1
[ -e "$$d/fired" ] || exit 0"""
)

_ARM = Template(
    """\
if [ -z "$$dir" ]; then
    echo $no_place
    exit 0
fi
d=$$dir/undo.$token
end=$$((up + $seconds + 1))
rm -rf "$$d"
mkdir -m 700 "$$d" || exit
{ echo "d='$$d' end=$$end"; printf %s $fire; } >"$$d/fire" && : >"$$d/armed" || exit
if $systemd && systemd-run --quiet --collect --unit=$unit --on-active=${seconds}s \\
    --timer-property=AccuracySec=100ms /bin/sh "$$d/fire"
then
    echo systemd
else
    ( trap '' HUP; exec </dev/null >/dev/null 2>&1; . "$$d/fire" ) &
    echo shell
fi
"""
)

_DISARM = Template(
    """\
d=$$dir/undo.$token
[ -n "$$dir" ] && [ -d "$$d" ] || exit 0
if mv "$$d/armed" "$$d/cancelled" 2>/dev/null; then
    if $systemd; then systemctl stop $unit.timer; fi 2>/dev/null
    rm -r "$$d"
    rmdir "$$dir" 2>/dev/null
    exit 0
fi
[ -e "$$d/fired" ] || exec rm -r "$$d"
until [ -e "$$d/status" ]; do
    read -r now _ </proc/uptime
    if [ $$(($${now%%.*} - up)) -ge $within ]; then
        rm -r "$$d"
        exit 1
    fi
    sleep 0.1 2>/dev/null || sleep 1
done
echo fired "$$(cat "$$d/status")"
cat "$$d/words"
rm -r "$$d"
rmdir "$$dir" 2>/dev/null || :
"""
)

_LIST = 'for d in "$dir"/undo.*; do [ ! -d "$d" ] || echo "${d##*/undo.}"; done'


def unit(token: str) -> str:
    """The name of systemd's unit."""
    return f"wanfailover-undo-{token}"


def firing(actions: Sequence[Action]) -> str:
    """What the timer runs: the undo of *actions* in reverse, each though another failed."""
    undoes = [action.undoes for action in reversed(actions) if action.undoes]
    groups = [_UNDO.substitute(lines="\n".join(lines)) for lines in undoes]
    return PREAMBLE + _FIRE.substitute(undo="\n".join(groups))


@dataclass(frozen=True, slots=True)
class DeadMen:
    """The timed undos on a router."""

    shell: RouterShell

    async def arm(self, token: str, actions: Sequence[Action], seconds: float) -> bool:
        """Leave the undo of *actions* there, to fire after *seconds*; see `abilities.DeadMan`."""
        text = _ARM.substitute(
            token=_safe(token),
            unit=unit(token),
            fire=shlex.quote(firing(actions)),
            seconds=int(seconds),
            systemd=SYSTEMD,
            no_place=NO_PLACE,
        )
        done = await self.shell.run_detached(PLACE + text, within=ARM_WITHIN)
        if done.status:
            raise CommandRefused("a timed undo", done.words)
        return done.out.strip() != NO_PLACE

    async def disarm(self, token: str) -> bool:
        """Cancel it; see `abilities.DeadMan`."""
        text = _DISARM.substitute(
            token=_safe(token), unit=unit(token), within=FIRED_WITHIN, systemd=SYSTEMD
        )
        done = await self.shell.run_detached(PLACE + text, within=DISARM_WITHIN)
        if done.status:
            raise DriverError(_not_cancelled(token, done))
        return done.out.startswith("fired")

    async def armed(self) -> tuple[str, ...]:
        """Tokens of those that are there; see `abilities.DeadMan`."""
        done = await self.shell.run(PLACE + _LIST, within=ARM_WITHIN, root=True)
        return tuple(done.out.split())


def _not_cancelled(token: str, done: Completed) -> str:
    words = done.words or f"it has fired, and had to be given up after {FIRED_WITHIN} s"
    return f"the timed undo {token} on the router could not be cancelled: {words}"


def _safe(token: str) -> str:
    """*token*, which becomes part of a path and of a unit's name.

    Raises:
        DriverError: It is not fit for that.
    """
    if _TOKEN.fullmatch(token) is None:
        raise DriverError(f"{token!r} cannot name a timed undo")
    return token
