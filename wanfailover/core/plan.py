"""From a decision and the router's state to a plan: abstract steps, each with its undo, and proofs.

A plan is a value. It is complete before the first byte goes to a router, it can be shown
(``switch --dry-run``), journalled and tested without one. Steps name what must become true; a
driver compiles them into its own actions, and may make one action of several steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from wanfailover.core.facts import RouterView
from wanfailover.core.site import Site, Tunnel


@dataclass(frozen=True, slots=True)
class SetAddress:
    """Give the router *new* on *interface* and take *old* away (None: there is nothing to take).

    *old_interface* differs from *interface* where each circuit has an interface of its own; then
    both addresses may stay where they are and only the route moves.
    """

    new: IPv4Interface
    interface: str | None
    old: IPv4Interface | None
    old_interface: str | None

    def undo(self) -> SetAddress | None:
        """Put the old address back in the new one's place."""
        if self.old is None:
            return None
        return SetAddress(self.old, self.old_interface, self.new, self.interface)

    def __str__(self) -> str:
        where = f" on {self.interface}" if self.interface else ""
        away = f", instead of {self.old}" if self.old is not None else ""
        return f"set the external address to {self.new}{where}{away}"


@dataclass(frozen=True, slots=True)
class SetGateway:
    """Send ordinary traffic to *new*, from address *source* through *interface*."""

    new: IPv4Address
    source: IPv4Address
    interface: str | None
    old: IPv4Address | None
    old_source: IPv4Address | None
    old_interface: str | None

    def undo(self) -> SetGateway | None:
        """Send it to the old gateway again."""
        if self.old is None or self.old_source is None:
            return None
        return SetGateway(
            self.old, self.old_source, self.old_interface, self.new, self.source, self.interface
        )

    def __str__(self) -> str:
        return f"set the default gateway to {self.new}"


@dataclass(frozen=True, slots=True)
class ForgetConnections:
    """Drop the router's NAT entries of *address*: they would keep old flows on the old circuit."""

    address: IPv4Address
    undo_address: IPv4Address

    def undo(self) -> ForgetConnections:
        """Drop those of the other address, which are the stale ones after an undo."""
        return ForgetConnections(self.undo_address, self.address)

    def __str__(self) -> str:
        return f"forget connections that leave from {self.address}"


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell the neighbours on *interface* that *address* is here (gratuitous ARP, RFC 5227)."""

    address: IPv4Address
    interface: str | None
    undo_address: IPv4Address | None
    undo_interface: str | None

    def undo(self) -> Announce | None:
        """Announce the old address again."""
        if self.undo_address is None:
            return None
        return Announce(self.undo_address, self.undo_interface, self.address, self.interface)

    def __str__(self) -> str:
        return f"announce {self.address} to the neighbours"


@dataclass(frozen=True, slots=True)
class RenewTunnel:
    """Have the router build a tunnel anew: left alone it may hold the old address for minutes."""

    tunnel: Tunnel

    def undo(self) -> RenewTunnel:
        """The same: after an undo it is the other address that is stale."""
        return self

    def __str__(self) -> str:
        return f"renew the tunnel {self.tunnel.name}"


Step = SetAddress | SetGateway | ForgetConnections | Announce | RenewTunnel


@dataclass(frozen=True, slots=True)
class Reach:
    """The proof that traffic flows: *need* far targets answer within *within* seconds."""

    need: int
    within: float

    def __str__(self) -> str:
        targets = "far target" if self.need == 1 else "far targets"
        return f"{self.need} {targets} must answer within {self.within:g} s"


Proof = Reach


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one switchover will do.

    Args:
        source: The circuit the router is on; None where it is on neither.

        steps: What must become true, in an order that leaves no hole.

        proofs: What must hold afterwards, or the steps are undone in reverse.
    """

    source: str | None
    target: str
    steps: tuple[Step, ...]
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """What is to be replaced, and to be restored by an undo."""

    address: IPv4Interface | None
    gateway: IPv4Address | None
    interface: str | None

    @classmethod
    def of(cls, view: RouterView) -> _Held:
        """What the router really holds, which need not be what any circuit has."""
        held = next((address for _, address in view.addresses if address.ip == view.source), None)
        if held is None and view.source is not None:
            held = IPv4Interface(view.source)
        return cls(held, view.gateway, view.interface)


def make(
    site: Site, target: str, view: RouterView, left: str | None = None, *, trial: bool = False
) -> Plan:
    """Plan the way from what the router holds to *target*; a *trial* is given less time to prove.

    Works from any state, also one that is on neither circuit: an undo restores what was there, and
    not what should have been. *left* is the circuit an interrupted switchover was leaving: where
    the router is on *target* already, the rest of the way is from that one, and so is the way back.
    """
    new = site.circuit(target)
    active = site.identify(view)
    before = _Held.of(view)
    if active is new and left in {c.name for c in site.circuits} - {target}:
        active = site.circuit(left or "")
        before = _Held(active.address, active.gateway, active.interface or view.interface)
    old = before.address.ip if before.address else None
    interface = new.interface or view.interface
    away = before.address if before.address != new.address else None
    steps: list[Step] = [
        SetAddress(new.address, interface, away, before.interface),
        SetGateway(new.gateway, new.address.ip, interface, before.gateway, old, before.interface),
    ]
    if old is not None and old != new.address.ip:
        steps.append(ForgetConnections(old, new.address.ip))
    steps.append(Announce(new.address.ip, interface, old, before.interface))
    steps += [RenewTunnel(tunnel) for tunnel in site.tunnels if tunnel.ike is not None]
    return Plan(
        source=active.name if active else None,
        target=target,
        steps=tuple(steps),
        proofs=(Reach(site.policy.need, site.proof_within(target, trial=trial)),),
    )
