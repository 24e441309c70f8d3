"""Which part of the way fails, from the pattern of what answers and what does not.

Only two of them would be cured by another circuit: the line itself, and what the provider has
behind its gateway. The rest are told, and move nothing. The LAN and the router are not among them:
`controls` and `router` speak for those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wanfailover.core.site import Target


class Layer(StrEnum):
    """A part of the way, in the words that follow "the fault is ..."."""

    HOST = "our own host"
    LINE = "line or gateway"
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

        modem_down: The modem says that it has no line.

        muted: Targets that fail while others answer.

        targets: All that have a vote.
    """

    down: bool
    unsent: bool
    gateway: bool | None
    modem_down: bool
    muted: Sequence[Target]
    targets: Sequence[Target]


def diagnose(signs: Signs) -> Layer | None:
    """Name the part that fails; None where all is well, or where nothing tells."""
    if signs.unsent:
        return Layer.HOST
    if signs.modem_down:
        return Layer.LINE
    if signs.down:
        if signs.gateway is None:
            return None
        return Layer.ISP if signs.gateway else Layer.LINE
    return _some(signs) if signs.muted else None


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
