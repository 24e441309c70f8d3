"""How one R9100 may differ from another: what the sources leave open, each as a word."""

from __future__ import annotations

VARIANTS = {
    # login
    "password": "telnet asks for a name and a password: admin, secret9100",
    "password-only": "telnet asks for a password only",
    "name-empty": "telnet asks for a name as well, but the right one is empty",
    "telnet-off": "telnet connections are refused",
    "prompts-spaced": "a space follows each prompt",
    "prompts-capital": "the prompts are 'Login name:' and 'Password:'",
    "tries-1": "closed after one wrong password instead of three",
    # firmware
    "fw3": "3.x: one menu for statistics and utilities, Network Protocols Setup, Exported Services",
    "fw48": "4.8: DHCP Client Mode, PPP over Ethernet, the delayed change toggle",
    "fw410": "4.10: also the telnet port, the source of a ping, IKE profiles, backup",
    # menus
    "shuffled": "each screen's items stand in an order of their own",
    "extra-items": "items that no manual tells of, some named much like those that matter",
    "wrap": "Down on the last item leads to the first one, and Up back",
    "easy-setup-only": "no WAN Setup: the WAN screen is reached by Easy Setup only",
    # the mask
    "mask-hidden": "the mask is shown only while the address is not 0.0.0.0",
    "mask-reset": "the mask becomes the class's default when the address changes",
    # typing
    "append": "typing on a highlighted field goes on behind its value",
    "no-clear": "Space and Delete do not clear a field; Delete takes one character",
    "stay": "after Return the highlight stays on the field",
    # drawing
    "full-repaint": "everything is drawn anew at each change",
    "minimal-diff": "only cells that changed are drawn, also where the screen is another one",
    "cursor-highlight": "no reverse video: the cursor stands on the highlighted item",
    "highlight-value": "a field's value is in reverse video, and not its label",
    "quick-view-live": "the Quick View draws itself anew each second",
    # bytes
    "segmented": "1 to 3 bytes in a segment",
    "slow": "each key takes 0.25 s, and the screen comes at 9600 baud",
    "esc-timer": "a lone ESC needs 300 ms of silence instead of 100",
    "drop-mid-edit": "one session is lost in the middle of one of the first three edits",
    # effect of a change
    "link-reset": "a change takes the WAN away for some seconds",
    "restart": "a change waits for a restart",
    "restart-notice": "a change waits for a restart, and a box says so on leaving the screen",
    "refuse-restart": "it does not restart when it is told to",
    # bad values; without one of these they are taken as typed
    "bell": "a bad value rings, and the field is still being edited",
    "dialog": "a bad value brings up a box, and the old one is back",
    "revert": "a bad value is gone without a word, and the old one is back",
    "gateway-checked": "a gateway outside the WAN's network is a bad value; rings, unless said how",
    # sessions
    "idle-timeout": "a session that has been silent for 10 s is closed; idle-timeout-N: for N s",
    "sessions-1": "one telnet session at a time",
    "sessions-2": "two",
    "sessions-3": "three",
    "sessions-4": "four",
    "cli": "Ctrl-N at the Main Menu leads to a command line",
    # SNMP
    "rw-empty": "the read/write community is empty: nothing can be set",
    "rw-custom": "the read/write community is s3cret-rw",
    "no-private-mib": "only the objects of MIB-II",
    "snmp-off": "no SNMP at all",
    "routes-writable": "the next hop of the default route can be set",
    "auth-traps": "a wrong community is told by a trap",
    # the rest of the configuration
    "vpn-row": "one tunnel is up, and VPN QuickView shows it",
    "vpn-fails": "no tunnel comes up; the WAN Event History tells of IKE's failure",
    "no-vpn-screen": "VPN is not installed: there is no VPN QuickView",
    "dhcp": "the WAN's address comes by DHCP: the field says 0.0.0.0",
    "fixed-server": "an entry of the server list names the WAN's address of the beginning",
}
"""Every variant with its meaning; `classic` is none of them."""

_EXCLUSIVE = (
    ("password", "password-only", "name-empty", "telnet-off"),
    ("fw3", "fw48", "fw410"),
    ("full-repaint", "minimal-diff"),
    ("cursor-highlight", "highlight-value"),
    ("link-reset", "restart", "restart-notice"),
    ("bell", "dialog", "revert"),
    ("sessions-1", "sessions-2", "sessions-3", "sessions-4"),
    ("rw-empty", "rw-custom", "snmp-off"),
    ("no-private-mib", "snmp-off"),
    ("routes-writable", "snmp-off"),
    ("routes-writable", "rw-empty"),
    ("auth-traps", "snmp-off"),
    ("vpn-row", "no-vpn-screen"),
    ("vpn-row", "fw3"),
    ("vpn-row", "vpn-fails"),
    ("vpn-fails", "no-vpn-screen"),
    ("vpn-fails", "fw3"),
    ("fixed-server", "fw3"),
    ("prompts-spaced", "telnet-off"),
    ("prompts-capital", "telnet-off"),
    ("tries-1", "telnet-off"),
)
_ASKS = ("password", "password-only", "name-empty")
_NEEDS_LOGIN = {"prompts-spaced", "prompts-capital", "tries-1"}
_IDLE = "idle-timeout-"


def parse(text: str) -> frozenset[str]:
    """Read variants joined by ``+``; nothing and ``classic`` are the usual unit.

    What speaks of prompts brings `password` along where no login is named.

    Raises:
        ValueError: One does not exist, or two contradict each other.
    """
    names = {name for name in text.split("+") if name not in {"", "classic"}}
    for name in sorted(names):
        if name not in VARIANTS and not _is_idle(name):
            raise ValueError(f"there is no variant {name!r}: known are {', '.join(VARIANTS)}")
    for group in _EXCLUSIVE:
        both = [name for name in group if name in names]
        if len(both) > 1:
            raise ValueError(f"the variants {both[0]} and {both[1]} contradict each other")
    if sum(name.startswith("idle-timeout") for name in names) > 1:
        raise ValueError("the variant idle-timeout is given with more than one time")
    if names & _NEEDS_LOGIN and not names & set(_ASKS):
        names.add("password")
    return frozenset(names)


def _is_idle(name: str) -> bool:
    seconds = name.removeprefix(_IDLE)
    return name.startswith(_IDLE) and seconds.isdecimal() and int(seconds) > 0


def idle_seconds(names: frozenset[str], timeout: str) -> int:
    """After how many seconds of silence a session is closed; 0 for never.

    Args:
        names: Of the variants.

        timeout: What the console's screen says, which 4.8 and later go by.
    """
    for name in names:
        if name == "idle-timeout":
            return 10
        if _is_idle(name):
            return int(name.removeprefix(_IDLE))
    return int(timeout) if names & {"fw48", "fw410"} and timeout.isdecimal() else 0


def session_limit(names: frozenset[str]) -> int:
    """How many telnet sessions there may be at a time."""
    return next((int(name[-1]) for name in names if name.startswith("sessions-")), 1)
