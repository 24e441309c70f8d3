"""Which part of the way fails, from the pattern of what answers and what does not.

Only three of them would be cured by another circuit: the line itself, the provider's gateway, and
what it has behind that. The rest are told, and move nothing; but a router that has lost its way out
is given one by a switch. What is on this side of the circuit shows elsewhere: `doubts.this_side`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wanfailover.core.site import Target


class Layer(StrEnum):
    """A part of the way, in the words that follow "the fault is ..."."""

    HOST = "our own host"
    LAN = "our LAN"
    ROUTER = "the router"
    LINE = "the line"
    GATEWAY = "the gateway"
    LINE_OR_GATEWAY = "line or gateway"
    ISP = "beyond the gateway"
    FAR = "some far targets"
    DNS = "DNS"
    PORT_25 = "port 25"
    TARGET = "one target"


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of one circuit.

    Args:
        down: No traffic worth the name passes.

        unsent: Most probes cannot leave this host.

        gateway: The circuit's gateway has answered since the far targets fell silent; None where it
            was not asked.

        modem: The modem says that it has its line, or that it has none; None where it says nothing.

        muted: Targets that fail while others answer.

        targets: All that have a vote.
    """

    down: bool
    unsent: bool
    gateway: bool | None
    modem: bool | None
    muted: Sequence[Target]
    targets: Sequence[Target]


def diagnose(signs: Signs) -> Layer | None:
    """Name the part that fails; None where all is well, or where nothing tells."""
    if signs.unsent:
        return Layer.HOST
    if signs.modem is False:
        return Layer.LINE
    if signs.down:
        return _beyond(signs)
    return _some(signs) if signs.muted else None


def _beyond(signs: Signs) -> Layer | None:
    """Of a circuit that is down: how far anything comes."""
    silent = Layer.GATEWAY if signs.modem else Layer.LINE_OR_GATEWAY
    return {None: None, True: Layer.ISP, False: silent}[signs.gateway]


def _some(signs: Signs) -> Layer:
    """Of targets that fail while others answer: what they have in common."""
    muted = set(signs.muted)
    for layer, belongs in ((Layer.DNS, _is_dns), (Layer.PORT_25, _is_port_25)):
        kin = {target for target in signs.targets if belongs(target)}
        if muted == kin and kin != set(signs.targets):
            return layer
    return Layer.TARGET if len(muted) == 1 else Layer.FAR


def _is_dns(target: Target) -> bool:
    return target.kind == "dns"


def _is_port_25(target: Target) -> bool:
    return target.kind == "smtp" and target.name.endswith(":25")
