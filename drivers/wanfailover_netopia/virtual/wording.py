"""What the words in the screens' pictures stand for, and the help lines."""

from __future__ import annotations

from collections.abc import Callable

from wanfailover_netopia.virtual.fields import FIELDS
from wanfailover_netopia.virtual.layout import Item
from wanfailover_netopia.virtual.pinger import Pinger
from wanfailover_netopia.virtual.router import Router
from wanfailover_netopia.virtual.values import NOTHING

EDITING = "Return accepts * ESC cancels * Left/Right moves insertion point * Del deletes."
_EASY = "Return/Enter goes to Easy Setup -- minimal configuration."


_FIRMWARE = {"48": {"fw48", "fw410"}, "410": {"fw410"}, "3": {"fw3"}, "extra": {"extra-items"}}


def holds(word: str, router: Router, pinger: Pinger) -> bool:
    """Whether a word of a picture's margin holds; ``!word`` if it does not.

    Numbers are firmware: ``48`` is 4.8 and later. ``mask``: the field is there; ``setup``: WAN
    Setup is; ``vpn``: VPN is installed; ``snmp``: its screens may be seen by telnet; ``extra``:
    items that no manual tells of.
    """
    if word.startswith("!"):
        return not holds(word[1:], router, pinger)
    if word in _FIRMWARE:
        return bool(router.variants & _FIRMWARE[word])
    match word:
        case "4":
            return "fw3" not in router.variants
        case "mask":
            return "mask-hidden" not in router.variants or router.configured.address != NOTHING
        case "setup":
            return "easy-setup-only" not in router.variants
        case "vpn":
            return "no-vpn-screen" not in router.variants
        case "snmp":
            return router.settings["security.snmp"] == "Yes"
        case "pinging":
            return pinger.busy
    raise LookupError(word)


_SHOWN: dict[str, Callable[[Router], object]] = {
    "identity": lambda router: router.identity,
    "version": lambda router: router.version,
    "serial": lambda _: "70-03-48",
    "clock": lambda router: router.now(),
    "now": lambda router: router.now(),
    "gateway": lambda router: router.running.gateway,
    "dns": lambda router: router.settings["ip.dns1"],
    "domain": lambda router: router.settings["ip.domain"] or "None Provided",
    "lan.running": lambda router: router.inside_running.ip,
    "wan.running": lambda router: router.running.address,
    "wan.link": lambda router: "Up" if router.link else "Down",
    "hub.link": lambda _: "Up",
    "list-name": lambda router: router.settings["wan.servers"],
    "default-profile": lambda router: (
        "Default Answer Profile" if "fw3" in router.variants else "WAN Default Profile"
    ),
}


def show(word: str, router: Router, pinger: Pinger) -> str:
    """The text of ``[word]``."""
    return str(_SHOWN[word](router)) if word in _SHOWN else pinger.show(word)


def item_help(item: Item) -> str:
    """What row 23 says of the highlighted item."""
    if item.key is not None:
        return FIELDS[item.key].help
    if item.label == "Easy Setup...":
        return _EASY
    if item.label.endswith("..."):
        return f"Return/Enter to go to {item.label.removesuffix('...')}."
    return "Return/Enter to do what it says." if item.label.isupper() else ""
