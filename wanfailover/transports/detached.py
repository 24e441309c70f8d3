"""A script that finishes on the router though the session dies in its middle.

A change that stops half way, because it cut the very session it came by, is the worst that can
happen to a router. So the script is started in a session of its own, with its words and its exit
status kept in a private folder, and what we wait for is the folder. The folder is also the lock:
only who makes it starts the script. The same text can therefore be sent again after a loss, and
then waits for the script it finds, or starts it if the first time never arrived.
"""

from __future__ import annotations

import secrets
from string import Template

from wanfailover.transports.shell import quoted

POLL = 0.1
"""Seconds between looks at the folder where an earlier session started the script."""

_START_ONCE = Template(
    """\
if mkdir -m 700 $place 2>/dev/null; then
    detach=$$(command -v setsid)
    exec 3<&0
    trap '' HUP
    $$detach $script <&3 3<&- >/dev/null 2>&1 &
    wait $$!
elif [ ! -d $place ]; then
    mkdir $place
    exit 1
fi
left=$looks
until [ -e $place/status ]; do
    [ $$left -gt 0 ] || exit 124
    left=$$((left - 1))
    sleep $poll 2>/dev/null || sleep 1
done
cat $place/err >&2
cat $place/out
exit $$(cat $place/status)
"""
)


def new_place() -> str:
    """A name for the folder that nobody can guess, and so nobody makes first."""
    return f"/tmp/wanfailover.{secrets.token_hex(8)}"  # noqa: S108


def start_once(command: str, place: str, within: float) -> str:
    """Shell text that runs *command* detached, unless *place* exists, and reports its ending.

    Its exit status and output are the command's own, except for 124 when the command has not ended
    within *within* seconds.
    """
    script = (
        f"echo $$ >{place}/pid\n"
        f"{quoted(command)} >{place}/out 2>{place}/err\n"
        f"echo $? >{place}/status.new\n"
        f"mv {place}/status.new {place}/status"
    )
    looks = int(within / POLL) + 1
    return _START_ONCE.substitute(place=place, script=quoted(script), looks=looks, poll=POLL)


def stop(place: str) -> str:
    """Shell text that ends what was started in *place*, with all that it started, and tidies up."""
    return f'kill -s KILL -- "-$(cat {place}/pid)" 2>/dev/null; rm -rf {place}'
