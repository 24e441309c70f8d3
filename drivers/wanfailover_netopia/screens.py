"""The dialect as data: where each value lives on an R9100's screens, and by which words to know it.

Nobody may count on places: items come and go with the firmware, and move. About half of the labels
are known from memory only, so each pattern leaves room for another spelling, and none for another
meaning. Whatever is not named here is never chosen: the menus also hold *Revert to Factory
Defaults*.

Labels are those of firmware 4.x; where 3.x, 4.8 or 4.10 say it otherwise, the pattern takes both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from wanfailover.transports.console.items import Item, Kind, is_sentence
from wanfailover.transports.console.screen import Screen


@dataclass(frozen=True, slots=True)
class Label:
    """How an item is known, and how it is called when we speak of it."""

    words: str
    pattern: re.Pattern[str]

    def names(self, item: Item | None) -> bool:
        """Tell whether *item* is the one that is meant."""
        return item is not None and self.pattern.search(item.label) is not None

    def __str__(self) -> str:
        return f"«{self.words}»"


def _label(words: str, pattern: str) -> Label:
    return Label(words, re.compile(pattern, re.IGNORECASE))


ADDRESS = _label("Local WAN IP Address:", r"^(?:Local )?WAN (?:Ethernet |Port )?IP Address$")
MASK = _label(
    "Local WAN IP Mask:", r"^(?:Local )?WAN (?:Ethernet |Port )?(?:IP |Sub-?net ?|Net-?)*Mask$"
)
GATEWAY = _label("Default IP Gateway:", r"^Default (?:IP )?Gateway(?: (?:IP )?Address)?$")

MAIN_MENU = re.compile(r"^Netopia \S+ v ?\d", re.IGNORECASE)
"""Its title; `always start from this main screen` stands in its help (rancid goes by that)."""

MAIN_HELP = re.compile(r"\bstart from this main screen\b", re.IGNORECASE)

PRODUCT = re.compile(r"^Netopia (\S+) v ?(\S+)", re.IGNORECASE)
"""Model and firmware, in the Main Menu's title and in sysDescr (rapid7/recog)."""

_EASY_SETUP = _label("Easy Setup...", r"^Easy Setup$")
_NEXT = _label("NEXT SCREEN", r"^NEXT SCREEN$")
_UTILITIES = _label("Utilities & Diagnostics...", r"\bUtilities\b")
_STATISTICS = _label("Statistics & Logs...", r"^Statistics\b")
_SYSTEM = _label("System Configuration...", r"^System Config(?:uration)?$")
_PROTOCOLS = _label("Network Protocols Setup...", r"^Network Protocols?(?: Setup)?$")
_IP_SETUP = _label("IP Setup...", r"^(?:TCP/)?IP Setup$|^Internet Protocol\b.*\b(?:IP|Setup)\)?$")
_QUICK_VIEW = _label("Quick View...", r"^Quick ?View$")

MAIN_ITEMS = (
    _EASY_SETUP,
    _label("WAN Configuration...", r"^WAN Config(?:uration)?$"),
    _SYSTEM,
    _UTILITIES,
    _STATISTICS,
    _QUICK_VIEW,
)
"""Three of them together stand in the Main Menu only."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A screen to get to.

    Args:
        name: As the manuals call it.

        fields: It is reached when the first of them is on the screen.

        path: What is chosen on the way, from the Main Menu. Steps may be missing.

        others: What may be chosen instead, or besides, the likeliest first.

        title: Where it need not have these fields: it is reached when its title says so. With
            neither, it is when a box speaks of a restart.
    """

    name: str
    fields: tuple[Label, ...]
    path: tuple[Label, ...]
    others: tuple[Label, ...] = ()
    title: re.Pattern[str] | None = None

    @property
    def hops(self) -> tuple[Label, ...]:
        """All that may be chosen: the first that is there and was not tried in vain is taken."""
        return self.path + self.others

    def reached(self, screen: Screen) -> bool:
        """Tell whether this is it."""
        if self.fields and field(screen, self.fields[0]) is not None:
            return True
        if self.title is not None:
            return bool(self.title.search(screen.title))
        if self.fields:
            return False
        return screen.box is not None and bool(SPEAKS_OF_RESTART.search(screen.box.text))


WAN = Goal(
    "WAN Ethernet Configuration",
    (ADDRESS, MASK),
    (
        _label("WAN Configuration...", r"^WAN Config(?:uration)?$"),
        _label("WAN (Wide Area Network) Setup...", r"^(?:WAN|Wide Area Network)\b.*\bSetup$"),
        _label("Ethernet (Wan Module 1) Setup...", r"^(?:WAN )?Ethernet\b.*\bModule 1\b"),
    ),
    (
        _label(
            "WAN Ethernet Configuration...",
            r"^(?:WAN )?Ethernet(?!.*\b(?:Hub|LAN|Module [02-9])\b)"
            r".*(?:Setup|Configuration|WAN ?1?)$",
        ),
        _EASY_SETUP,
        _NEXT,
    ),
)

IP = Goal("IP Setup", (GATEWAY,), (_SYSTEM, _IP_SETUP), (_PROTOCOLS, _EASY_SETUP, _NEXT))

QUICK_VIEW = Goal(
    "Quick View", (), (_QUICK_VIEW,), (_STATISTICS,), re.compile(r"^Quick ?View", re.IGNORECASE)
)

VPN = Goal(
    "VPN QuickView",
    (),
    (_label("VPN QuickView...", r"^VPN Quick ?View$"),),
    (_STATISTICS, _QUICK_VIEW),
    re.compile(r"^VPN Quick ?View", re.IGNORECASE),
)

EVENTS = Goal(
    "WAN Event History",
    (),
    (_STATISTICS, _label("WAN Event History...", r"^WAN Event History$")),
    (),
    re.compile(r"^WAN Event History", re.IGNORECASE),
)

SERVERS = Goal(
    "the servers behind its NAT",
    (),
    (
        _SYSTEM,
        _label("Network Address Translation (NAT)...", r"^Network Address Translation\b"),
        _label("Show/Change Server List...", r"^Show/Change Server Lists?$"),
    ),
    (
        _label("Easy-Servers", r"^Easy-Servers?$"),
        _label("Show/Change Server...", r"^Show/Change Servers?$"),
        _label("Exported Services...", r"^Exported Services\b"),
        _label("Show/Change Exports...", r"^(?:Show|Display)/Change Exports?$"),
        _IP_SETUP,
        _PROTOCOLS,
    ),
    re.compile(r"(?!)"),
)
"""Never reached: all its screens are looked at on the way. In 3.x they are IP Setup's exports."""

RESETS = _label(
    "Configuration Changes Reset WAN Connection:", r"^Config(?:uration)? Changes Reset WAN\b"
)

ADVANCED = Goal(
    "Advanced Connection Options",
    (RESETS,),
    (WAN.path[0], _label("Advanced Connection Options...", r"^Advanced Connection Options$")),
    (),
    re.compile(r"^Advanced Connection Options", re.IGNORECASE),
)
"""Reached as well where it has no such setting, as before firmware 4.8."""

PING_HOST = _label("Name of Host to Ping:", r"\bHost\b.*\bPing\b|^(?:Name of )?Host\b")
START_PING = _label("START PING", r"^START PING$")

PING = Goal("ICMP Ping", (PING_HOST,), (_UTILITIES, _label("Ping...", r"^(?:ICMP )?Ping$")))

RESTART_BOX = Goal(
    "the question before a restart",
    (),
    (_UTILITIES, _label("Restart System...", r"^Restart (?:System|Device|Router)$")),
)
"""Reached when a box speaks of a restart."""

CANCEL = _label("CANCEL", r"^(?:CANCEL|NO)$")
CONTINUE = _label("CONTINUE", r"^(?:CONTINUE|YES)$")

SPEAKS_OF_RESTART = re.compile(r"\bre-?(?:start|boot)", re.IGNORECASE)
"""In a box: its subject is a restart. The exact words are not known."""

_DESTROYS = re.compile(
    r"default|factory|eras|wip(?:e|ing)|revert|clear|delet|remov|replac|upgrad|firmware|feature|"
    r"download|format",
    re.IGNORECASE,
)
_LOSES = re.compile(r"\blos[et]|\blosing", re.IGNORECASE)
_PASSING = re.compile(r"\b(?:connection|session|call|link)s?\b", re.IGNORECASE)
_LASTING = re.compile(
    r"\b(?:config|setting|profile|change|data|entr(?:y|ies)|log|password|everything)",
    re.IGNORECASE,
)

_ASKS_KEY = re.compile(
    r"\b(?:press|hit|strike|push|type)\b.*\b(?:key|return|enter)\b|\bany key\b", re.IGNORECASE
)
_DECIDES = re.compile(
    r"\?|\(?\by(?:es)? ?/ ?n|\besc(?:ape)?\b|\bcancel|\babort|\botherwise\b|"
    r"\b(?:key|return|enter)\b.*\bto re-?(?:start|boot)",
    re.IGNORECASE,
)
"""There is something to decide on, so that Return may be the wrong answer."""

ASKS_NAME = re.compile(r"(?:user ?name|login(?: name)?|\bname)\s*:\s*$", re.IGNORECASE)
ASKS_PASSWORD = re.compile(r"(?:password|passwd)\s*:\s*$", re.IGNORECASE)
"""At the cursor. Seen are ``name:`` (nmap) and what rancid's patterns for this router take."""


def field(screen: Screen, label: Label) -> Item | None:
    """Find the field called *label*; None where the screen, or a box on it, has none."""
    fits = (item for item in screen.items if item.kind is Kind.FIELD and label.names(item))
    return next(fits, None)


def choice(screen: Screen, label: Label) -> Item | None:
    """Find what is called *label* and leads somewhere, or does something."""
    fits = (item for item in screen.items if item.kind is not Kind.FIELD and label.names(item))
    return next(fits, None)


def destroys(text: str) -> bool:
    """Tell whether a box speaks of a loss, other than that of connections, which pass anyway."""
    if _DESTROYS.search(text):
        return True
    return bool(_LOSES.search(text) and (_LASTING.search(text) or not _PASSING.search(text)))


def is_notice(screen: Screen) -> bool:
    """Tell whether the box just tells something, so that Return can do nothing but close it.

    It holds plain words, or an OK below them; nothing else in it is highlighted, as in a list; and
    it asks for a key, or is a sentence with its full stop.
    """
    box = screen.box
    if box is None or _DECIDES.search(box.text) or destroys(box.text):
        return False
    *words, last = box.lines or ("",)
    if last != "OK":
        words.append(last)
    elif not words:
        return False
    inside = {row for row, column in screen.reverse if box.left < column < box.right}
    lit = [item.label for item in box.items if item.highlighted and item.row in inside]
    return (
        all("  " not in line and (_ASKS_KEY.search(line) or _is_prose(line)) for line in words)
        and all(label == "OK" or _ASKS_KEY.search(label) for label in lit)
        and bool(last == "OK" or _ASKS_KEY.search(box.text) or last.endswith((".", "!")))
    )


def _is_prose(line: str) -> bool:
    return is_sentence(line.rstrip(". "))


def is_main_menu(screen: Screen) -> bool:
    """Tell the Main Menu, by any of three signs."""
    if screen.box is not None:
        return False
    known = sum(choice(screen, label) is not None for label in MAIN_ITEMS)
    signed = MAIN_MENU.search(screen.title) or any(MAIN_HELP.search(line) for line in screen.help)
    return known > (0 if signed else 2)
