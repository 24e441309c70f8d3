"""A look from the router itself: what its Quick View says, and whether it can ping the gateway."""

from __future__ import annotations

import re
from ipaddress import IPv4Address

from wanfailover.errors import CommandRefused
from wanfailover.transports.console.console import Key
from wanfailover.transports.console.screen import Screen
from wanfailover_netopia.fields import fill
from wanfailover_netopia.screens import PING, PING_HOST, START_PING, choice
from wanfailover_netopia.sight import quick_view
from wanfailover_netopia.values import Values
from wanfailover_netopia.walk import Walk

PING_WITHIN = 8.0
"""Seconds for a first reply: the gateway's link address has to be asked for, too."""

_IN = re.compile(r"^Packets In", re.IGNORECASE)
_STATUS = re.compile(r"^Status", re.IGNORECASE)
_OVER = re.compile(r"complete|cancel|unreachable|can't|couldn't", re.IGNORECASE)
"""Words of a test that is at its end (firmware 4.11's list of status texts)."""


async def look(walk: Walk, wanted: Values) -> str:
    """Read Quick View, and ping the gateway from the router.

    Raises:
        CommandRefused: Quick View shows something else, or the gateway does not answer.
    """
    seen = await quick_view(walk)
    if seen is not None and not seen.values.hold(wanted):
        raise CommandRefused("Quick View", f"it shows {seen.values}")
    shown = f"Quick View shows {seen.values}; " if seen else ""
    if wanted.gateway is None:
        return shown + "there is no gateway to ping"
    return shown + await _ping(walk, wanted.gateway)


async def _ping(walk: Walk, host: IPv4Address) -> str:
    """Ping *host* until the first reply."""
    await walk.reach(PING)
    await fill(walk, PING_HOST, str(host))
    await walk.select(START_PING, choice)
    await walk.console.send(Key.RETURN)
    await walk.shows(lambda s: _replies(s) or _OVER.search(_text(s, _STATUS)), PING_WITHIN)
    replies, status = _replies(walk.screen), _text(walk.screen, _STATUS)
    if not replies:
        raise CommandRefused(f"ping {host}", status or "no reply")
    return f"the router's own ping of {host} is answered"


def _replies(screen: Screen) -> int:
    found = re.match(r"\d+", _text(screen, _IN))
    return int(found[0]) if found else 0


def _text(screen: Screen, label: re.Pattern[str]) -> str:
    return next((item.value for item in screen.items if label.search(item.label)), "")
