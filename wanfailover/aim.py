"""What to ask, and by which way, while the router is on a given circuit.

The active circuit is asked through the router. An idle one is asked over its vantage, if it has
one. A circuit's modem is asked about its line in either case, by ordinary routes: it is on this
side of the line. The router's inside is asked always, to know whether our own eyes are sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from wanfailover.config import Profile
from wanfailover.core.facts import Role
from wanfailover.core.site import Circuit, Path, Target
from wanfailover.probes import Assignment
from wanfailover.specs import Icmp, Inside, ProbeSpec

CONTROL_PACE = 1.0
SSH_PORT = 22


class Aim:
    """The assignments of one site."""

    def __init__(self, profile: Profile) -> None:
        self._probes = profile.probes
        self._circuits = profile.circuits
        self._devices = profile.devices
        self._tunnels = profile.tunnels
        self._controls = tuple(_controls(profile))
        self.controls = tuple(Target(c.name, Role.CONTROL, c.every) for c in self._controls)

    def at(self, active: str | None) -> list[Assignment]:
        """Everything to be asked while the router is on *active* (None: on neither circuit)."""
        assignments = [
            Assignment(spec, target, None)
            for spec, target in zip(self._controls, self.controls, strict=True)
        ]
        for circuit in self._circuits:
            if circuit.name == active:
                assignments += self._circuit(circuit, Path(), lambda every: every)
                assignments += self._ends(circuit)
            elif circuit.vantage is not None:
                assignments += self._circuit(circuit, circuit.vantage, circuit.idle_pace)
            assignments += self._modem(circuit)
        return assignments

    def vantage(self, circuit: Circuit, active: str | None) -> str | None:
        """How a circuit is seen now, in the profile's words; None where nothing sees it.

        ``through``, ``bind eth1``, ``source 203.0.113.3``, ``mark 8``, ``device 192.168.100.1``.
        """
        if circuit.name == active:
            return "through"
        path = circuit.vantage
        if path is None:
            device = self._devices.get(circuit.name)
            return f"device {device.host}" if device is not None else None
        if circuit.marked:
            return f"mark {path.dscp}"
        return f"bind {path.device}" if path.device else f"source {path.source}"

    def _circuit(
        self, circuit: Circuit, path: Path, pace: Callable[[float], float]
    ) -> Iterator[Assignment]:
        for spec in self._probes:
            target = Target(spec.name, Role.FAR, pace(spec.every))
            yield Assignment(spec, target, circuit.name, path)
        gateway = circuit.gateway_target
        gateway = replace(gateway, every=pace(gateway.every))
        yield Assignment(Icmp(str(circuit.gateway)), gateway, circuit.name, path)

    def _ends(self, circuit: Circuit) -> Iterator[Assignment]:
        """The far ends of tunnels, as they are reached by ordinary packets."""
        for tunnel in self._tunnels:
            target = Target(tunnel.check.name, Role.TUNNEL, tunnel.check.every)
            yield Assignment(tunnel.check, target, circuit.name)

    def _modem(self, circuit: Circuit) -> Iterator[Assignment]:
        device = self._devices.get(circuit.name)
        if device is not None:
            target = Target(device.name, Role.DEVICE, device.every)
            yield Assignment(device, target, circuit.name)


def _controls(profile: Profile) -> Iterator[ProbeSpec]:
    """The signs of life from the router's inside; none where it has no address: it is this host.

    A telnet port is left alone: each connection would take a session of the router's, and many a
    router has only one.
    """
    access = profile.access
    if access.host is None:
        return
    yield Icmp(access.host, every=CONTROL_PACE)
    if access.transport == "ssh":
        yield Inside(access.host, access.port or SSH_PORT)
