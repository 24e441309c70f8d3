"""The kinds of probe: one row each, one module each, loaded when the first of its kind is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from wanfailover.ports import Prober
from wanfailover.probes.icmp import IcmpProber
from wanfailover.probes.names import Names
from wanfailover.probes.pinger import Pingers
from wanfailover.specs import Device, Dns, Https, Icmp, Inside, ProbeSpec, Smtp, Tcp


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of probe is made, and how hard a target may be pressed with it.

    Args:
        prober: Module and class, as ``smtp.SmtpProber``; imported when first built, for what is
            behind some of them takes 200 ms to load.

        in_flight: Most probes of one target that may be unanswered at a time.

        fastest: Seconds between two probes while the line is under suspicion, at the least: those
            that cost little share twenty a second (`Detect.fast`).
    """

    prober: str
    in_flight: int = 20
    fastest: float = 0.1

    @property
    def cheap(self) -> bool:
        """It may be asked as quickly as a suspicion wants."""
        return self.fastest <= 0.5


KINDS: dict[type, Kind] = {
    Icmp: Kind("icmp.IcmpProber"),
    Tcp: Kind("tcp.TcpProber", fastest=0.5),
    Inside: Kind("tcp.InsideProber", fastest=10.0),  # the router's log tells of each
    Dns: Kind("dns.DnsProber", fastest=0.5),
    Https: Kind("https.HttpsProber", in_flight=2, fastest=2.0),
    # Somebody else's mail server is not to be pressed any harder.
    Smtp: Kind("smtp.SmtpProber", in_flight=2, fastest=10.0),
    Device: Kind(
        "snmp.DeviceProber", in_flight=1, fastest=2.0
    ),  # a modem has little of a processor
}


def build(spec: ProbeSpec, names: Names, pingers: Pingers | None = None) -> Prober:
    """Make the prober that *spec* asks for.

    Args:
        spec: The target and how to ask it.

        names: Resolves targets given by name; best shared by all.

        pingers: ICMP sockets to share with other icmp probers; left out, it has its own.
    """
    if isinstance(spec, Icmp):
        return IcmpProber(spec, names, pingers)
    module, name = KINDS[type(spec)].prober.split(".")
    prober: Callable[[ProbeSpec, Names], Prober] = getattr(
        import_module(f"wanfailover.probes.{module}"), name
    )
    return prober(spec, names)
