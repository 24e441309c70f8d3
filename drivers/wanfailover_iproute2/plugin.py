"""What the entry point names: the driver's options, and how to make it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches

from wanfailover.errors import DriverError
from wanfailover.ports import OptionsWrong, RouterAccess
from wanfailover.transports.local import LocalShell
from wanfailover.transports.root import Sudo
from wanfailover.transports.router import RouterShell, shell_for
from wanfailover_iproute2.commands import Own
from wanfailover_iproute2.driver import Iproute2
from wanfailover_iproute2.marking import Standpoint

TOOLS = ("ip", "conntrack", "arping", "sysctl", "nft", "iptables", "swanctl")
"""All that the driver itself runs as root; what sudoers must allow."""

_URI = re.compile(r"(unix|tcp)://[^\s'\"]+")
_NAMESPACE = re.compile(r"[\w.][\w.-]*")


@dataclass(frozen=True, slots=True)
class Options:
    """The profile's `router.options`.

    Args:
        sudo: Become root by sudo where the log-in is another user's.

        swanctl_uri: Where strongSwan is reached for the renewal of tunnels, such as
            ``unix:///run/charon.vici``; None: where it is by default.

        after: Commands on the router after each switch, inside the transaction. WAN_CIRCUIT,
            WAN_ADDRESS, WAN_GATEWAY and WAN_INTERFACE tell them where it leads.

        undo: Commands that take *after* back, told where that leads; they must bear being run where
            nothing was done.

        netns: With transport ``local``: the network namespace that is the router.
    """

    sudo: bool = False
    swanctl_uri: str | None = None
    after: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    netns: str | None = None


class Plugin:
    """Makes iproute2 drivers."""

    transports: tuple[str, ...] = ("ssh", "local")
    about = "a Linux machine: Debian, OpenWrt and the like"
    marks = True

    def options(self, raw: Mapping[str, object]) -> Options:
        """Check the profile's `router.options`.

        Raises:
            OptionsWrong: With one sentence per option that cannot be used.
        """
        wrong = [(key, text) for key, value in raw.items() if (text := _complaint(key, value))]
        if wrong:
            raise OptionsWrong(wrong)
        values = {key: tuple(v) if isinstance(v, list) else v for key, v in raw.items()}
        return Options(**values)  # type: ignore[arg-type]  # checked above, key by key

    def usual(self, access: RouterAccess) -> dict[str, object]:
        """Options that a new profile has: only root changes addresses and routes."""
        other = access.transport == "ssh" and access.username != "root"
        return {"sudo": True} if other else {}

    def build(self, access: RouterAccess) -> Iproute2:
        """Make the driver; does not connect yet.

        Raises:
            DriverError: The profile lacks what its transport needs.
        """
        options = access.options if isinstance(access.options, Options) else Options()
        if options.netns is not None and access.transport != "local":
            raise DriverError(f"option netns is for transport local, not for {access.transport}")
        if access.transport == "ssh" and not (access.host and access.username):
            raise DriverError("transport ssh needs router.host and credentials.username")
        sudo = Sudo(TOOLS, "ip -V", access.sudo_password) if options.sudo else None
        shell = RouterShell(shell_for(access, options.netns), sudo)
        own = Own(options.after, options.undo, access.circuits, access.tunnels, options.swanctl_uri)
        return Iproute2(shell, own, _standpoint(access, options.netns), access.notes)


def _standpoint(access: RouterAccess, netns: str | None) -> Standpoint:
    """Where the agent is: with a namespace for a router, the agent need not be in that one."""
    here = LocalShell() if netns is not None else None
    return Standpoint(access.transport, here, access.host)


def _complaint(key: str, value: object) -> str:
    """What is wrong with an option; empty if nothing is."""
    known = [field.name for field in fields(Options)]
    if key not in known:
        near = get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
        return f"is no option of iproute2; {hint}"
    if key == "sudo" and not isinstance(value, bool):
        return "is true or false"
    if key == "swanctl_uri" and not (value is None or _is_uri(value)):
        return "is where strongSwan listens, such as unix:///run/charon.vici; or null"
    if key in {"after", "undo"} and not _is_commands(value):
        return "is a list of command lines, each a text of its own"
    if key == "netns" and not (value is None or _is_namespace(value)):
        return "is the name of a network namespace, as `ip netns list` shows it"
    return ""


def _is_commands(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(line, str) and line.strip() for line in value
    )


def _is_uri(value: object) -> bool:
    return isinstance(value, str) and _URI.fullmatch(value) is not None


def _is_namespace(value: object) -> bool:
    return isinstance(value, str) and _NAMESPACE.fullmatch(value) is not None


PLUGIN = Plugin()
