"""A Linux router in memory, behind the same shell as a real one: `wanfailover.transports.shell`.

It understands what the driver types and nothing else. A change is carried out as on a real router:
by a script that was started once, goes on though its session dies, and takes its time over each
line, so that whatever befalls router or agent may befall them between two lines. What it holds is
gone when its power is cut: then it is what was saved.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any
from unittest.mock import patch

from tests.simulation.kernel import Address, Kernel, Refused, Route
from tests.simulation.leftovers import Leftovers
from tests.simulation.typed import Flows, Unforeseen, carry_out, lines_of, unquoted
from tests.simulation.wire import Fates, Garbage, Trouble, Wire, spawned_by_nobody
from wanfailover.core.site import Circuit, Site
from wanfailover.errors import LoginRefused, RouterTimeout, RouterUnreachable
from wanfailover.ports import Forgetful, Notes, RouterAccess
from wanfailover.transports.shell import PREAMBLE, Completed, SessionLost
from wanfailover_iproute2 import plugin
from wanfailover_iproute2.driver import Iproute2
from wanfailover_iproute2.plugin import PLUGIN
from wanfailover_iproute2.reading import READ
from wanfailover_iproute2.survey import SURVEY

CONNECT_WITHIN = 5.0
"""Seconds until a connection to a router that says nothing is given up."""

BOOT = 20.0
"""Seconds from power to the first session."""

LAN = IPv4Interface("192.168.10.1/24")
AGENT = "192.168.10.10"

_ONCE = re.compile(r"if mkdir -m 700 (\S+) 2>/dev/null; then\n")
_STARTS = re.compile(r"^    \$detach (.*) <&3 3<&- >/dev/null 2>&1 &$", re.MULTILINE | re.DOTALL)
_STOP = re.compile(r"kill -s KILL -- \"-\$\(cat (\S+)/pid\)\" 2>/dev/null; rm -rf \S+")
_REMOVE = re.compile(r"rm -r (/tmp/wanfailover\.\w+)")


@dataclass
class Job:
    """A script that was started, in its folder."""

    work: asyncio.Task[Completed]


@dataclass
class VirtualLinux:
    """The router. Lives on the running loop's clock.

    Args:
        site: Its circuits; it begins on the first, and that is what it has saved.

        session: Seconds for one word to go there and back.

        pace: Seconds for each line of a script.
    """

    site: Site
    session: float = 0.005
    pace: float = 0.001
    fates: Fates = field(default_factory=Fates)
    trouble: Trouble = field(default_factory=Trouble)
    typed: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        interfaces = dict.fromkeys(c.interface or "" for c in self.site.circuits)
        links: dict[str, list[Address]] = {"lo": [Address(IPv4Interface("127.0.0.1/8"))]}
        links |= {name: [] for name in ("lan", *interfaces)}
        kernel = Kernel(links)
        kernel.replace_address("lan", LAN, broadcast=True)
        first = self.site.circuits[0]
        for circuit in self.site.circuits:
            if circuit is first or circuit.interface != first.interface:
                kernel.replace_address(circuit.interface or "", circuit.address, broadcast=True)
        to = IPv4Network("0.0.0.0/0")
        kernel.replace_route(Route(to, first.interface or "", first.gateway))
        self.kernel, self.saved = kernel, kernel.copy()
        self.flows = Flows(set())
        self.up = True
        self.jobs: dict[str, Job] = {}
        self.leftovers = Leftovers(self._script)
        self._sessions: set[asyncio.Future[None]] = set()
        self._taken: tuple[Kernel | None, int, Circuit | None] = None, 0, None

    # What befalls it.

    def lose_sessions(self) -> None:
        """Cut every session; what was started goes on."""
        for lost in self._sessions:
            if not lost.done():
                lost.set_result(None)

    def cut_power(self, boot: float = BOOT) -> None:
        """Off and on again: scripts end where they are, and it wakes with what was saved."""
        for job in self.jobs.values():
            job.work.cancel()
        self.jobs.clear()
        self.leftovers.vanish()
        self.flows.sources.clear()
        self.kernel, self.up = self.saved.copy(), False
        self.lose_sessions()
        asyncio.get_running_loop().call_later(boot, self._wake)

    def _wake(self) -> None:
        self.up = True

    def set_by_hand(self, address: IPv4Interface, gateway: IPv4Address) -> None:
        """Somebody types another address and gateway in the place of what is there."""
        interface = self.site.circuits[0].interface or ""
        for held in list(self.kernel.links[interface]):
            self.kernel.flush_address(interface, held.own.ip)
        self.kernel.replace_address(interface, address, broadcast=True)
        self.kernel.replace_route(Route(IPv4Network("0.0.0.0/0"), interface, gateway))

    # What it is asked.

    def holds(self) -> Circuit | None:
        """The circuit that its traffic really takes, whole; None where it takes none."""
        if not self.up:
            return None
        kernel, changes, circuit = self._taken
        if kernel is not self.kernel or changes != kernel.changes:  # asked ten times a second
            circuit = self._whose()
            self._taken = self.kernel, self.kernel.changes, circuit
        return circuit

    def _whose(self) -> Circuit | None:
        route = self.kernel.default
        if route is None:
            return None
        source = self.kernel.source(route)
        for circuit in self.site.circuits:
            if route.via == circuit.gateway and route.interface == circuit.interface:
                own = [a.own for a in self.kernel.links[route.interface]]
                if source == circuit.address.ip and circuit.address in own:
                    return circuit
        return None

    def held(self) -> object:
        """Everything that a switch could have changed."""
        return self.addresses(), self.routes()

    def addresses(self) -> list[dict[str, Any]]:
        """As ``ip -json -4 address show``, of which it has what anybody reads."""
        links = enumerate(self.kernel.links.items(), 1)
        return [
            {
                "ifindex": number,
                "ifname": name,
                "flags": ["BROADCAST", "UP", "LOWER_UP"],
                "addr_info": [_address(a, name) for a in held],
            }
            for number, (name, held) in links
        ]

    def routes(self) -> list[dict[str, Any]]:
        """As ``ip -json -4 route show``, likewise."""
        ordered = sorted(self.kernel.routes, key=lambda r: (r.to, r.metric))
        return [_route(route) for route in ordered]

    async def run(self, command: str, within: float, session: asyncio.Future[None]) -> Completed:
        """Carry a command out."""
        if command == READ:
            default = [r for r in self.routes() if r["dst"] == "default"]
            documents = f"{json.dumps(self.addresses())}\n{json.dumps(default)}\n"
            tools = "/usr/sbin/conntrack\n/usr/bin/arping\n"
            return Completed(0, f"{documents}{tools}peer {AGENT}\n", "")
        if command == SURVEY:
            said = {
                "rights": "RTNETLINK answers: No such process\n",
                "links": json.dumps(self.addresses()) + "\n",
                "nft": '{"nftables": []}\n',
            }
            names = ("rights", "links", "ipv6", "dhcp", "rp_filter", "nft", "iptables")
            told = "".join(f"== {name}\n{said.get(name, '')}" for name in names)
            return Completed(0, told, "")
        if self.leftovers.knows(command):
            return await self.leftovers.do(command)
        if found := _ONCE.match(command):
            return await self._once(found[1], command, within, session)
        if found := _STOP.fullmatch(command):
            job = self.jobs.pop(found[1], None)
            if job is not None:
                job.work.cancel()
            return Completed(0, "", "")
        if found := _REMOVE.fullmatch(command):
            self.jobs.pop(found[1], None)
            return Completed(0, "", "")
        self.gaps.append(command)
        raise Unforeseen(f"the virtual router does not know {command!r}")

    async def _once(
        self, place: str, command: str, within: float, session: asyncio.Future[None]
    ) -> Completed:
        """Start a script unless it was, and wait for its end: see `wanfailover.transports.detached`."""  # noqa: E501
        if place not in self.jobs:
            script = _script_of(command, place)
            self.jobs[place] = Job(spawned_by_nobody(self._detached(script)))
        work = self.jobs[place].work
        await asyncio.wait({work, session}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if session.done() or work.cancelled():
            raise SessionLost("the session was lost while a command ran")
        if not work.done():
            raise RouterTimeout("the router took too long")
        return work.result()

    async def _detached(self, script: str) -> Completed:
        if not self.leftovers.knows(script):
            return await self._script(script)
        await asyncio.sleep(self.pace)
        self.fates.meet("a file on the router")
        if self.trouble.refuses:
            return Completed(1, "", "Permission denied")
        return await self.leftovers.do(script)

    async def _script(self, script: str) -> Completed:
        words: list[str] = []
        for line in lines_of(script):
            await asyncio.sleep(self.pace)
            self.fates.meet(f"line {line.text!r}")
            self.typed.append(line.text)
            try:
                if self.trouble.refuses:
                    raise Refused("RTNETLINK answers: Operation not permitted")  # noqa: TRY301
                carry_out(line, self.kernel, self.flows)
            except Refused as refused:
                words.append(str(refused))
                batch = [] if line.number is None else [f"Command failed -:{line.number}"]
                status = 1 if batch else refused.status
                return Completed(status, "", "\n".join([*words, *batch]))
            except Unforeseen as gap:
                self.gaps.append(str(gap))
                raise
        return Completed(0, "", "\n".join(words))

    def shell(self, wire: Wire) -> MemoryShell:
        """A way in for one agent."""
        return MemoryShell(self, wire)

    def driver(self, wire: Wire, notes: Notes | None = None) -> Iproute2:
        """The driver that the plugin makes, with this shell in the place of SSH's."""
        access = RouterAccess(
            host=str(LAN.ip),
            transport="ssh",
            username="root",
            notes=notes or Forgetful(),
            options=PLUGIN.options({}),
            circuits=self.site.circuits,
        )
        with patch.object(plugin, "shell_for", lambda *_: self.shell(wire)):
            return PLUGIN.build(access)

    def opened(self) -> asyncio.Future[None]:
        session = asyncio.get_running_loop().create_future()
        self._sessions.add(session)
        return session

    def closed(self, session: asyncio.Future[None]) -> None:
        self._sessions.discard(session)


@dataclass
class MemoryShell:
    """A `Shell` to a router in memory, by which faults come as they come by SSH."""

    router: VirtualLinux
    wire: Wire
    where: str = "router.example"
    user: str = "root"

    async def run(self, command: str, *, within: float, stdin: str = "") -> Completed:
        assert not stdin, "the virtual router asks for no password"
        try:
            return await self._run(command, within)
        finally:
            self.wire.meet(f"{_name(command)} returned")

    async def close(self) -> None:
        """Nothing is open between commands."""

    async def _run(self, command: str, within: float) -> Completed:
        loop, trouble = asyncio.get_running_loop(), self.router.trouble
        began, name = loop.time(), _name(command)
        self.wire.meet(name)
        if trouble.hangs:
            await asyncio.Event().wait()
        if trouble.away:
            raise RouterUnreachable("the router refused the connection")
        if trouble.bars:
            raise LoginRefused("the router refused our key")
        if not self.router.up or trouble.silent:
            await asyncio.sleep(min(CONNECT_WITHIN, within))
            raise RouterTimeout("the router did not answer")
        session = self.router.opened()
        try:
            await asyncio.wait({session}, timeout=self.router.session)
            if session.done():
                raise SessionLost("the session was lost while a command ran")
            done = await self.router.run(command, within, session)
            self.wire.meet(f"{name} done")
        finally:
            self.router.closed(session)
        if session.done():
            raise SessionLost("the session was lost while a command ran")
        if trouble.refuses and name == "script":
            return Completed(1, "", "RTNETLINK answers: Operation not permitted")
        if trouble.silent:
            await asyncio.sleep(max(0.0, within - (loop.time() - began)))
            raise RouterTimeout("the router took too long")
        if trouble.garbles:
            return Completed(done.status, Garbage.text(done.out), Garbage.text(done.err))
        return done


def _name(command: str) -> str:
    """A command in a word or two, for the story."""
    if command == READ:
        return "read"
    if _ONCE.match(command):
        return "script"
    return "tidy" if _REMOVE.fullmatch(command) else "stop" if _STOP.fullmatch(command) else "other"


def _script_of(command: str, place: str) -> str:
    """Take the script out of the text that starts it."""
    found = _STARTS.search(command)
    if found is None:
        raise Unforeseen(f"nothing is started by {command!r}")
    outer = _inner(found[1], "")
    head, tail = f"echo $$ >{place}/pid\n", f"\necho $? >{place}/status.new\n"
    middle, found_tail, move = outer.removeprefix(head).rpartition(tail)
    if not (outer.startswith(head) and found_tail and move.startswith("mv ")):
        raise Unforeseen(f"a script is not started as it was: {outer!r}")
    return _inner(middle, f" >{place}/out 2>{place}/err")


def _inner(line: str, end: str) -> str:
    """Take the script out of a line of ours: see `wanfailover.transports.shell.quoted`."""
    text = unquoted(line.removeprefix("sh -c ").removesuffix(end))
    if not (line.startswith("sh -c ") and line.endswith(end) and text.startswith(PREAMBLE)):
        raise Unforeseen(f"it is no sh -c of ours: {line!r}")
    return text.removeprefix(PREAMBLE)


def _address(address: Address, label: str) -> dict[str, Any]:
    own = address.own
    told: dict[str, Any] = {"family": "inet", "local": str(own.ip)}
    told["prefixlen"] = own.network.prefixlen
    if address.broadcast:
        told["broadcast"] = str(own.network.broadcast_address)
    told["scope"] = "host" if label == "lo" else "global"
    if address.secondary:
        told["secondary"] = True
    if address.deprecated:
        told |= {"deprecated": True, "noprefixroute": True}
    return told | {"label": label}


def _route(route: Route) -> dict[str, Any]:
    told: dict[str, Any] = {"dst": "default" if not route.to.prefixlen else str(route.to)}
    if route.via is not None:
        told["gateway"] = str(route.via)
    told["dev"] = route.interface
    if route.protocol:
        told["protocol"] = route.protocol
    if route.scope:
        told["scope"] = route.scope
    if route.source is not None:
        told["prefsrc"] = str(route.source)
    if route.metric:
        told["metric"] = route.metric
    return told | {"flags": []}
