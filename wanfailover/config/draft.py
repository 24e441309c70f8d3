"""The parts of a profile that rules look at, each as far as it could be read by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TypeVar

from pydantic import TypeAdapter

from wanfailover.config.addresses import ipv4
from wanfailover.config.detect import DetectKeys
from wanfailover.config.failback import FailbackKeys
from wanfailover.config.keys import readable
from wanfailover.config.kinds import ProbeKeys, probe_keys
from wanfailover.config.mail import MailKeys
from wanfailover.config.page import PageGroup, PageKeys
from wanfailover.config.schema import CircuitKeys, DeviceKeys
from wanfailover.config.tree import KeyPath
from wanfailover.config.tunnels import TunnelKeys
from wanfailover.core.site import Circuit, Policy

RFC1918 = tuple(
    IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be read: a slip in one circuit does not hide what is wrong with the others.

    Args:
        circuits: By position in the list; those that cannot be read are not in it.

        devices: The modems of those that have one to be asked; likewise.

        probes: Likewise; so are *tunnels*.

        listed: How many circuits the list has, readable or not; None where there is no list.

        asked: How many probes there are, readable or not.

        host: The router's address on the inside; None where it is a name or left out.

        detect: As if nothing were given, where it cannot be read; so is *failback*.

        mail: None where it is left out or cannot be read; so is *page*.
    """

    circuits: Mapping[int, Circuit]
    devices: Mapping[int, DeviceKeys]
    probes: Mapping[int, ProbeKeys]
    tunnels: Mapping[int, TunnelKeys]
    listed: int | None
    asked: int
    host: IPv4Address | None
    need: int
    detect: DetectKeys
    failback: FailbackKeys
    mail: MailKeys | None = None
    page: PageKeys | None = None

    def targets(self) -> Iterator[tuple[KeyPath, IPv4Address]]:
        """Every far target given as an address, and where it stands."""
        for index, probe in self.probes.items():
            address = ipv4(probe.host)
            if address is not None:
                yield ("probes", index, *probe.target), address

    def ends(self) -> Iterator[tuple[KeyPath, IPv4Address]]:
        """Every tunnel's far end given as an address, and where it stands."""
        for index, tunnel in self.tunnels.items():
            address = ipv4(tunnel.check.host)
            if address is not None:
                yield ("tunnels", index, "check", *tunnel.check.target), address

    def lan(self) -> IPv4Network | None:
        """The network we take for the office's own: the router's inside address, as a /24.

        The mask inside is not in the profile, and around public addresses a guess could be wrong.
        """
        if self.host is None or not any(self.host in network for network in RFC1918):
            return None
        return IPv4Network((self.host, 24), strict=False)

    def unseen(self) -> Iterator[tuple[int, Circuit]]:
        """Circuits one may return to, but that nobody sees while another is active."""
        for index, circuit in self.circuits.items():
            if circuit.vantage is None and self.listed is not None and index + 1 < self.listed:
                yield index, circuit

    @property
    def complete(self) -> bool:
        """Every circuit could be read."""
        return len(self.circuits) == self.listed

    def may_try(self) -> bool:
        """A return may be by trial, so far as is known."""
        method = self.failback.method or Policy().failback
        return method == "trial" or (method == "auto" and any(self.unseen()))


def sketch(data: Mapping[str, object]) -> Draft:
    """Read what can be read of a profile; what cannot has been complained of elsewhere."""
    circuits, probes, router = data.get("circuits"), data.get("probes"), data.get("router")
    keys = _readable_items(CircuitKeys.model_validate, circuits)
    detect = readable(DetectKeys.model_validate, data.get("detect") or {})
    failback = readable(FailbackKeys.model_validate, data.get("failback") or {})
    host = router.get("host") if isinstance(router, dict) else None
    need = data.get("need")
    return Draft(
        circuits={index: circuit.circuit() for index, circuit in keys.items()},
        devices={index: circuit.device for index, circuit in keys.items() if circuit.device},
        probes=_readable_items(probe_keys, probes),
        tunnels=_readable_items(TunnelKeys.model_validate, data.get("tunnels")),
        listed=len(circuits) if isinstance(circuits, list) else None,
        asked=len(probes) if isinstance(probes, list) else 0,
        host=ipv4(host) if isinstance(host, str) else None,
        need=need if isinstance(need, int) else Policy().need,
        detect=detect or DetectKeys(),
        failback=failback or FailbackKeys(),
        mail=readable(MailKeys.model_validate, data["mail"]) if data.get("mail") else None,
        page=readable(_PAGE.validate_python, data.get("page")),
    )


_PAGE: TypeAdapter[PageKeys | None] = TypeAdapter(PageGroup)


def _readable_items(read: Callable[[object], T], items: object) -> dict[int, T]:
    pieces = enumerate(items) if isinstance(items, list) else ()
    return {index: piece for index, item in pieces if (piece := readable(read, item)) is not None}
