"""The unit behind its screens: what it is set to, what it runs, and when one becomes the other."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, Protocol

from wanfailover_netopia.virtual import variants
from wanfailover_netopia.virtual.beginning import CIRCUIT, first_settings, first_tables
from wanfailover_netopia.virtual.fields import factory
from wanfailover_netopia.virtual.histories import History, wall
from wanfailover_netopia.virtual.refusals import refusal
from wanfailover_netopia.virtual.values import (
    NOTHING,
    Values,
    class_mask,
    dotted,
    effective,
    prefix_length,
)

LINK_RESET = 3.0
"""Seconds that the WAN is away when a change resets it."""

COLD_START = 0.5
"""Seconds from its being back to the trap that says so."""

RESTART_SECONDS = (20.0, 90.0)
"""Between these many seconds a restart takes, where nothing else is asked for."""

ROUND_TRIP = 0.012
"""Seconds of a ping in memory."""

ADDRESS = IPv4Interface("203.0.113.2/29")
GATEWAY = IPv4Address("203.0.113.1")
INSIDE = IPv4Interface("192.168.1.1/24")


@dataclass(frozen=True, slots=True)
class Trap:
    """An SNMPv1 trap: its generic number (RFC 1157, 4.1.6), and values by OID."""

    generic: int
    values: tuple[tuple[str, Any], ...] = ()


class Session(Protocol):
    """What the unit wants of one of its telnet sessions."""

    by_wan: bool

    def end(self, reason: str, *, reset: bool = False) -> None:
        """Close it without a word, or with a TCP reset."""
        ...


class Router:
    """An R9100 without its ways in; lives on the running loop's clock alone.

    Args:
        variant: How it differs from the usual one; see `variants`.

        address: Of its WAN port, with its mask.

        gateway: The next hop of its default route.

        inside: Of its Ethernet hub.

        seed: Of whatever is left to chance.

        restart_seconds: How long a restart takes; 20 to 90 s, by chance, where it is not given.

    Raises:
        ValueError: There is no such variant, or two contradict each other.
    """

    def __init__(
        self,
        variant: str = "",
        address: IPv4Interface = ADDRESS,
        gateway: IPv4Address = GATEWAY,
        inside: IPv4Interface = INSIDE,
        seed: int = 0,
        restart_seconds: float | None = None,
    ) -> None:
        self.variants = variants.parse(variant)
        self.rng = random.Random(seed)  # noqa: S311 - the same again for the same seed
        self.seed = seed
        self.inside = inside
        self.restart_seconds = restart_seconds
        self.log: list[dict[str, Any]] = []
        self.traps: list[Trap] = []
        self.heard: list[Callable[[dict[str, Any]], object]] = []
        self.changed: list[Callable[[], object]] = []
        self.trapped: list[Callable[[Trap], object]] = []
        self.open: list[Session] = []
        self.device_log, self.wan_log = History(), History()
        self.answering = True
        self.link = True
        self.restarting = False
        self.ttl = 64
        self.stranger = (NOTHING, b"")
        self.sessions_ever = 0
        self.edits_begun = 0
        self.drop_at: tuple[int, int] | None = None
        if "drop-mid-edit" in self.variants:
            self.drop_at = (self.rng.randint(1, 3), self.rng.randint(1, 6))
        self.reaches: Callable[[IPv4Address], bool] = self._reaches
        self.echo: Callable[[IPv4Address], Awaitable[float | None]] = self._echo
        self.born = self.booted = self.time()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        given = Values(address.ip, address.netmask, gateway)
        self.lease = given if "dhcp" in self.variants else None
        self.settings = first_settings(self.variants, None if self.lease else given, inside)
        self.tables = first_tables(self.variants, given, inside)
        self.active = self.configured
        self.running = Values()
        self._inside_now = inside
        self._run()
        self.device_log.add(0, f"BOOT: Cold start v{self.version}")

    # What it is

    @property
    def version(self) -> str:
        """Of its firmware."""
        firmware = {"fw3": "3.2", "fw48": "4.8.2", "fw410": "4.10.1"}
        return next((v for name, v in firmware.items() if name in self.variants), "4.6.2")

    @property
    def identity(self) -> str:
        """Its sysDescr, and the title of its Main Menu."""
        return f"Netopia R9100 v{self.version}"

    @property
    def configured(self) -> Values:
        """What its screens hold; 0.0.0.0 where that is no address."""
        return Values(*(dotted(self.settings[key]) or NOTHING for key in CIRCUIT))

    @property
    def delayed(self) -> bool:
        """Whether a change waits for a restart."""
        return self.settings["wan.reset"] == "No"

    @property
    def up(self) -> bool:
        """Whether its WAN port has a link and an address."""
        return self.link and not self.restarting and self.running.interface is not None

    @staticmethod
    def time() -> float:
        """The running loop's, in seconds."""
        return asyncio.get_running_loop().time()

    @property
    def age(self) -> float:
        """Seconds since it was first switched on."""
        return self.time() - self.born

    def now(self) -> str:
        """What its clock shows."""
        return f"{wall(self.age):%m/%d/%Y %I:%M:%S %p}"

    def note(self, event: str, **details: Any) -> None:
        """Write into the log of what was done to it."""
        entry = {"t": round(self.age, 3), "event": event, **details}
        self.log.append(entry)
        for hear in self.heard:
            hear(entry)

    # What is typed

    def wrong(self, key: str, text: str) -> str | None:
        """Say why a value is refused; None where it is accepted, or where it is not looked at."""
        return refusal(key, text, self.variants, self.configured.network)

    def store(self, key: str, text: str) -> None:
        """Take an accepted value, and whatever follows from it."""
        changed = self.settings[key] != text
        self.settings[key] = text
        if key == "wan.address" and changed and "mask-reset" in self.variants:
            self._reset_mask()
        if key in CIRCUIT and not self.delayed:
            self.active = replace(self.active, **{CIRCUIT[key]: self._set_to(key)})
            self._apply()

    def _set_to(self, key: str) -> IPv4Address:
        return dotted(self.settings[key]) or NOTHING

    def _reset_mask(self) -> None:
        address = self._set_to("wan.address")
        mask = class_mask(address) if address != NOTHING else NOTHING
        self.note("reset", field="wan.mask", old=self.settings["wan.mask"], new=str(mask))
        self.settings["wan.mask"] = str(mask)
        if not self.delayed:
            self.active = replace(self.active, mask=mask)

    def set_by_hand(
        self, *, address: IPv4Interface | None = None, gateway: IPv4Address | None = None
    ) -> None:
        """Somebody else has set it, and done whatever it takes for it to run."""
        if address is not None:
            self.settings |= {"wan.address": str(address.ip), "wan.mask": str(address.netmask)}
        if gateway is not None:
            self.settings["ip.gateway"] = str(gateway)
        self.note("by-hand", address=str(address or ""), gateway=str(gateway or ""))
        self.active = self.configured
        self._run()

    def factory_reset(self) -> None:
        """Forget everything; runs it after a restart."""
        self.settings = factory()
        self.tables = {}
        self.lease = None
        self.restart("factory defaults")

    # What runs

    def _apply(self) -> None:
        if "link-reset" in self.variants:
            self.reset_link()
        else:
            self._run()

    def reset_link(self) -> None:
        """Take the WAN away for some seconds."""
        self._later("link", LINK_RESET, self._link_is_back)
        if self.link:
            self.link = False
            self.trap(Trap(2, (("1.3.6.1.2.1.2.2.1.1.2", 2),)))
            self.wan_log.add(self.age, "Link down", "Ethernet WAN1: link down")
        self._run()

    def _link_is_back(self) -> None:
        self.link = True
        self._run()
        self.trap(Trap(3, (("1.3.6.1.2.1.2.2.1.1.2", 2),)))

    def _run(self) -> None:
        """Make what is active what runs, as far as it can."""
        alive = self.link and not self.restarting
        network = self._inside_now.network
        running = effective(self.active, self.lease, network) if alive else Values()
        if running == self.running and self.log:
            return
        lost = running.address != self.running.address
        self.running = running
        self.note(
            "running",
            address=str(running.interface) if running.interface else None,
            gateway=str(running.gateway) if running.gateway != NOTHING else None,
            up=self.up,
        )
        if self.up:
            self._tell_of_running()
        for session in [s for s in self.open if s.by_wan and lost]:
            session.end("the WAN's address has changed", reset=True)
        for tell in self.changed:
            tell()

    def _tell_of_running(self) -> None:
        gateway, local = self.running.gateway, self.running.address
        self.wan_log.add(self.age, f"IP up, channel 1, gateway: {gateway}")
        self.wan_log.add(self.age, f"IP up, channel 1, local: {local}")
        if "vpn-fails" in self.variants:
            self.wan_log.add(self.age, "IKE: no answer from 198.18.0.8", "IKE Phase 1: timed out")

    def route_by(self, gateway: IPv4Address) -> None:
        """Set the next hop that runs, and nothing else; as by SNMP."""
        self.active = replace(self.active, gateway=gateway)
        self._run()

    def _reaches(self, address: IPv4Address) -> bool:
        """Whatever there is answers, if what runs leads there."""
        near = [network for network in (self.running.network, self._inside_now.network) if network]
        beyond = self.up and self.running.gateway != NOTHING
        return beyond or any(address in network for network in near)

    async def _echo(self, address: IPv4Address) -> float | None:
        """Ping once: seconds until the answer, or None if none came within one."""
        answered = self.reaches(address)
        await asyncio.sleep(ROUND_TRIP if answered else 1)
        return ROUND_TRIP if answered else None

    # Restarts

    def restart(self, why: str) -> bool:
        """Restart, if it does so when told; values that have waited run after it."""
        if "refuse-restart" in self.variants:
            self.note("restart-refused", why=why)
            return False
        self.power_cycle(why)
        return True

    def power_cycle(self, why: str = "power") -> None:
        """Off and on again."""
        seconds = self.restart_seconds
        if seconds is None:
            seconds = self.rng.uniform(*RESTART_SECONDS)
        self.note("restart", why=why, seconds=round(seconds, 1))
        self.restarting, self.answering = True, False
        self.drop_sessions("restart")
        self._later("boot", seconds, self._boot)
        self._run()

    def _boot(self) -> None:
        self.restarting, self.answering, self.link = False, True, True
        self.booted = self.time()
        self.active = self.configured
        address, mask = self._set_to("ip.address"), self._set_to("ip.mask")
        self._inside_now = IPv4Interface((int(address), prefix_length(mask) or 32))
        self.device_log.add(self.age, f"BOOT: Cold start v{self.version}")
        self.note("booted")
        self._run()
        self._later("cold-start", COLD_START, lambda: self.trap(Trap(0)))

    @property
    def inside_running(self) -> IPv4Interface:
        """The address of the hub that runs; a changed one waits for a restart."""
        return self._inside_now

    def drop_sessions(self, reason: str = "dropped") -> None:
        """Reset every telnet session."""
        for session in list(self.open):
            session.end(reason, reset=True)

    def silence(self, seconds: float | None = None) -> None:
        """Answer nothing any more, for *seconds* or until `speak`; nothing is closed."""
        self.note("silent")
        self.answering = False
        if seconds is not None:
            self._later("silence", seconds, self.speak)

    def speak(self) -> None:
        """Answer again."""
        self.answering = not self.restarting

    def trap(self, trap: Trap) -> None:
        """Send it to whoever is to hear it."""
        self.traps.append(trap)
        for tell in self.trapped:
            tell(trap)

    def _later(self, name: str, seconds: float, call: Callable[[], object]) -> None:
        if name in self._timers:
            self._timers[name].cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, call)

    def close(self) -> None:
        """Switch it off for good."""
        self.answering = False
        self.drop_sessions("switched off")
        for timer in self._timers.values():
            timer.cancel()
