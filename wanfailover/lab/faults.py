"""What can be wrong with a circuit, as a table: where it strikes, what does it, what takes it back.

A fault is called for as one says it: ``dsl-down``, ``loss 30``, ``delay 100 20``.
"""

from __future__ import annotations

from dataclasses import dataclass

from wanfailover.errors import LabError
from wanfailover.lab.site import isp_of, modem_of


@dataclass(frozen=True, slots=True)
class Strike:
    """What makes a circuit ill, and what heals it.

    Args:
        at: The box it strikes: ``hub``, ``modem`` or ``isp``.

        does: Shell lines typed in that box: ``$1`` is the circuit, ``$2`` and on the figures.

        undoes: Shell lines that take it back.

        runs: A module of this package that runs in the box as long as the fault stands, with its
            arguments; the figures follow.
    """

    at: str
    does: str
    undoes: str
    runs: tuple[str, ...] = ()

    def box(self, circuit: str) -> str:
        """Name of the box in which it strikes *circuit*."""
        return {"hub": "hub", "modem": modem_of(circuit), "isp": isp_of(circuit)}[self.at]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a circuit is ill.

    Args:
        means: A sentence on what is wrong with it.

        figures: Names of the whole numbers that are said after the fault's name.
    """

    name: str
    means: str
    strike: Strike
    figures: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.name, *self.figures))


def _line_loses(which: str = "") -> Strike:
    """The modem loses the frames that match *which*, ARP too, in each direction by itself."""
    chain = f"type filter hook forward priority filter; {which} drop;"
    return Strike(
        at="modem",
        does=f'nft "table bridge fault {{ chain forward {{ {chain} }}; }}"',
        undoes="nft delete table bridge fault",
    )


def _isp_stops(*which: str, hook: str = "forward", verdict: str = "drop") -> Strike:
    """The provider does not let pass what matches one of *which*."""
    rules = "; ".join(f"{match} {verdict}" for match in which)
    chain = f"type filter hook {hook} priority filter; {rules};"
    return Strike(
        at="isp",
        does=f'nft "table ip fault {{ chain {hook} {{ {chain} }}; }}"',
        undoes="nft delete table ip fault",
    )


NOTHING = Strike("hub", does=":", undoes=":")

_TABLE = (
    Fault("none", "Nothing is wrong.", NOTHING),
    Fault(
        "hub-port-down",
        "The modem is unplugged from the outside hub; the router's own port keeps its carrier.",
        Strike("hub", does='ip link set "$1" down', undoes='ip link set "$1" up'),
    ),
    Fault(
        "dsl-down",
        "The modem has no line.",
        Strike("modem", does="ip link set line down", undoes="ip link set line up"),
    ),
    Fault("blackhole", "The line swallows every frame.", _line_loses()),
    Fault(
        "upstream-dead",
        "The gateway answers, but nothing passes beyond it.",
        _isp_stops(""),
    ),
    Fault(
        "upstream-unreachable",
        "The gateway answers, and says of all beyond it that the network is unreachable.",
        Strike(
            "isp",
            does="ip route add unreachable default",
            undoes="ip route delete unreachable default",
        ),
    ),
    Fault(
        "no-return",
        "What we send arrives; what comes back is lost at the provider.",
        _isp_stops("iifname upstream"),
    ),
    Fault(
        "no-egress",
        "What we send is lost at the provider.",
        _isp_stops("iifname customer"),
    ),
    Fault(
        "loss",
        "N percent of all frames are lost, in each direction by itself.",
        _line_loses("numgen random mod 100 < $2"),
        figures=("N",),
    ),
    Fault(
        "burst",
        "Of every A frames, of both directions together, the last B are lost in a row.",
        _line_loses("numgen inc mod $2 >= $(($2 - $3))"),
        figures=("A", "B"),
    ),
    Fault(
        "delay",
        "Each direction takes MS milliseconds more and up to JITTER on top; the order is kept.",
        Strike(
            "modem",
            does="ip link set hub nomaster; ip link set line nomaster",
            undoes="ip link set hub master modem; ip link set line master modem",
            runs=("relay", "hub", "line"),
        ),
        figures=("MS", "JITTER"),
    ),
    Fault(
        "port25",
        "The provider swallows connections to port 25.",
        _isp_stops("tcp dport 25"),
    ),
    Fault(
        "port25-reject",
        "The provider refuses connections to port 25.",
        _isp_stops("tcp dport 25", verdict="reject with tcp reset"),
    ),
    Fault(
        "icmp-limited",
        "The gateway answers one ping a second; everything else is well.",
        _isp_stops("icmp type echo-request limit rate over 1/second burst 1 packets", hook="input"),
    ),
    Fault(
        "icmp-filtered",
        "No ping is answered, neither by the gateway nor beyond; everything else is well.",
        _isp_stops("iifname customer icmp type echo-request", hook="prerouting"),
    ),
    Fault(
        "dns-dead",
        "No name server answers.",
        _isp_stops("udp dport 53", "tcp dport 53"),
    ),
)

FAULTS = {fault.name: fault for fault in _TABLE}
"""The faults by name; every circuit has one of them at a time."""


def parse(words: str) -> tuple[Fault, tuple[str, ...]]:
    """Tell the fault and its figures from *words* such as ``loss 30``."""
    name, *figures = words.split() or [""]
    fault = FAULTS.get(name)
    if fault is None:
        raise LabError(f"there is no fault '{name}'; there are {', '.join(FAULTS)}")
    if len(figures) != len(fault.figures) or not all(figure.isdecimal() for figure in figures):
        raise LabError(f"the fault '{words}' must be given as '{fault}', in whole numbers")
    return fault, tuple(figures)
