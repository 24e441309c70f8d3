"""The dialect: steps of a plan in, command lines out.

An interface's addresses are moved in an order that leaves no hole: the new address, the route by
it, and then the old address goes. Two rules of the kernel shape the lines.

Of several addresses in one network the first is the primary, and masquerading takes the primary of
the gateway's network for its source, whatever the route says. So the circuit's address must be the
first one of its network, and others that stand before it are taken away and put behind it.

When a primary address goes, all others of its network go with it, unless promote_secondaries is
set. It is set where a network loses its primary and keeps others, and is left set.

An address kept for marked packets (see `marks`) is nobody's here: it goes before its network is
touched, so that the circuit's own comes with its network's route, and an undo does not bring it
back. Who asked for the mark asks for it again.

Each line bears repetition, and each undo begins from any point its action may have stopped at:
``replace`` adds what is missing, and ``flush`` takes away what is there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface

from wanfailover.core.facts import RouterView
from wanfailover.core.plan import (
    Announce,
    ForgetConnections,
    RenewTunnel,
    SetAddress,
    SetGateway,
    Step,
)
from wanfailover.core.site import Circuit, Tunnel
from wanfailover.errors import DriverError
from wanfailover.ports import Action
from wanfailover.transports.shell import Completed
from wanfailover_iproute2.reading import HABETS, LinuxView
from wanfailover_iproute2.tunnels import RENEW, renewal

Lines = tuple[str, ...]

AFTER = "after"
"""The action that is the site's own."""

_INTERFACE = re.compile(r"[\w.@+-]{1,15}")  # IFNAMSIZ; and nothing a shell would take as its own
_FAILED_LINE = re.compile(r"Command failed -:(\d+)")


def script(lines: Lines) -> str:
    """*lines* as the script that is typed: it ends at the first that fails."""
    return "\n".join(("set -e", *lines))


def failed(lines: Lines, done: Completed) -> bool:
    """Tell whether a script failed; that there was nothing to forget is no failure."""
    nothing = _forgets(lines) and "0 flow entries have been deleted" in done.err
    return done.status != 0 and not nothing


def stumbled(lines: Lines, done: Completed) -> bool:
    """Tell whether conntrack gave up over one that ended by itself, and left the rest alone."""
    return _forgets(lines) and done.status != 0 and "such conntrack doesn't exist" in done.err


def _forgets(lines: Lines) -> bool:
    return len(lines) == 1 and lines[0].startswith("conntrack -D")


def culprit(lines: Lines, done: Completed) -> str:
    """The line that failed, as far as the router tells: `ip -batch` counts its own."""
    found = _FAILED_LINE.search(done.err)
    if found is None:
        return "; ".join(lines)
    batch = [number for number, line in enumerate(lines) if line.startswith("ip -batch")]
    return f"ip {lines[batch[0] + int(found[1])]}" if batch else "; ".join(lines)


@dataclass(frozen=True, slots=True)
class Own:
    """The site's own commands: after each switch, and to take them back.

    Args:
        circuits: So that the commands can be told which one they are for.

        tunnels: All that the router ends; those with a connection are renewed.

        swanctl_uri: Where strongSwan is reached; None: where it is by default.
    """

    after: Lines = ()
    undo: Lines = ()
    circuits: tuple[Circuit, ...] = ()
    tunnels: tuple[Tunnel, ...] = ()
    swanctl_uri: str | None = None


def compile_steps(
    steps: Sequence[Step], view: RouterView, own: Own | None = None
) -> tuple[Action, ...]:
    """Turn the steps of a plan into actions.

    What the site itself has to do comes before connections are forgotten: while a fixed SNAT still
    names the old address, they would be born again with it. Forgetting, announcing and renewing are
    taken back by the undo of ``apply``, for they must follow the change they belong to.
    """
    own = own or Own()
    renew = renewal([s.tunnel for s in steps if isinstance(s, RenewTunnel)], own.swanctl_uri)
    actions = [_apply(steps, view, renew)]
    actions += [_after(step, own) for step in steps if isinstance(step, SetGateway)]
    for step in steps:
        match step:
            case ForgetConnections(address=address):
                essential = _has(view, "conntrack")
                actions.append(Action("forget", str(step), (_forget(address),), (), essential))
            case Announce(address=address, interface=interface) if _has(view, "arping"):
                line = _announce(address, name(interface), view)
                actions.append(Action("announce", str(step), (line,), (), essential=False))
            case _:
                pass
    title = "; ".join(str(step) for step in steps if isinstance(step, RenewTunnel))
    actions.append(Action(RENEW, title, renew, (), essential=False))
    return tuple(action for action in actions if action.does or action.undoes)


def _apply(steps: Sequence[Step], view: RouterView, renew: Lines) -> Action:
    does, undoes = _Batch(), _Batch()
    for step in steps:
        match step:
            case SetAddress():
                _move_address(step, view, does, undoes)
            case SetGateway():
                _move_route(step, view, does, undoes)
            case ForgetConnections(undo_address=address) if _has(view, "conntrack"):
                undoes.then.append(f"{_forget(address)} || :")
            case Announce(undo_address=IPv4Address() as address) if _has(view, "arping"):
                undoes.then.append(_announce(address, name(step.undo_interface), view))
            case _:
                pass
    undoes.then += renew
    title = "; ".join(str(step) for step in steps if isinstance(step, SetAddress | SetGateway))
    return Action("apply", title, does.lines(), undoes.lines())


def _after(step: SetGateway, own: Own) -> Action:
    """The site's own commands, told by variables where the switch, or its undo, leads."""
    there = _told(own, step.source, step.new, step.interface)
    back = _told(own, step.old_source, step.old, step.old_interface)
    return Action(
        AFTER,
        "run the site's own commands",
        (there, *own.after) if own.after else (),
        (back, *own.undo) if own.undo else (),
    )


def _told(
    own: Own, source: IPv4Address | None, gateway: IPv4Address | None, interface: str | None
) -> str:
    circuit = next((c.name for c in own.circuits if c.address.ip == source), "")
    values = {"CIRCUIT": circuit, "ADDRESS": source, "GATEWAY": gateway, "INTERFACE": interface}
    words = (f"WAN_{name}={shlex.quote(str(value or ''))}" for name, value in values.items())
    return f"export {' '.join(words)}"


@dataclass(slots=True)
class _Batch:
    """The lines of one change, gathered in the order in which they must come."""

    before: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    route: list[str] = field(default_factory=list)
    removals: list[str] = field(default_factory=list)
    then: list[str] = field(default_factory=list)

    def lines(self) -> Lines:
        """The whole: what ``ip`` does is one batch, without a process to start between lines."""
        batch = [*self.addresses, *self.route, *self.removals]
        wrapped = ["ip -batch - <<'END'", *batch, "END"] if batch else []
        return (*self.before, *wrapped, *self.then)


def _move_address(step: SetAddress, view: RouterView, does: _Batch, undoes: _Batch) -> None:
    interface = name(step.interface)
    old = step.old if step.old is not None and step.old_interface == interface else None
    kept = {a for port, a in _kept(view) if port == interface}
    have = [a for port, a in view.addresses if port == interface and a not in kept]
    for address in sorted(kept):
        if address.network in {step.new.network, old.network if old is not None else None}:
            before, line = let_go(address, interface, view)
            does.before += before
            does.addresses.append(line)
    gone = old.ip if old is not None else None
    want = [step.new, *(a for a in have if a != step.new and a.ip != gone)]
    _arrange(interface, have, want, does)
    _arrange(interface, want, have, undoes)


def _arrange(
    interface: str, have: list[IPv4Interface], want: list[IPv4Interface], batch: _Batch
) -> None:
    """Bring an interface's addresses from one list to another, network by network."""
    # An address with two masks can only be removed with both, so it goes first and comes back.
    twice = sorted({a.ip for a in have if a not in want} & {a.ip for a in want})
    batch.addresses += [_remove(ip, interface) for ip in twice]
    have = [a for a in have if a.ip not in twice]
    for network in dict.fromkeys(a.network for a in [*want, *have]):
        old = [a for a in have if a.network == network]
        new = [a for a in want if a.network == network]
        if old[:1] == new[:1]:
            batch.addresses += [_add(a, interface) for a in new if a not in old]
            batch.removals += [_remove(a.ip, interface) for a in old if a not in new]
            continue
        batch.addresses += [_add(a, interface) for a in new[:1]]
        batch.removals += [_remove(a.ip, interface) for a in old if a not in new[:1]]
        batch.removals += [_add(a, interface) for a in new[1:]]
        if old and new:
            batch.before.append(_promote(interface))


def let_go(address: IPv4Interface, interface: str, view: RouterView) -> tuple[Lines, str]:
    """What takes an address away that was kept for marked packets, and what must come before.

    Only a deprecated one goes: where it has become the active circuit's own meanwhile, it stays.
    """
    network = [
        a for port, a in view.addresses if port == interface and a.network == address.network
    ]
    before = (_promote(interface),) if network[:1] == [address] and network[1:] else ()
    return before, f"{_remove(address.ip, interface)} deprecated"


def _kept(view: RouterView) -> frozenset[tuple[str, IPv4Interface]]:
    return view.kept if isinstance(view, LinuxView) else frozenset()


def _promote(interface: str) -> str:
    return f"sysctl -q -w net/ipv4/conf/{interface}/promote_secondaries=1"


def _add(address: IPv4Interface, interface: str) -> str:
    broadcast = " brd +" if address.network.prefixlen <= 30 else ""
    return f"address replace {address}{broadcast} dev {interface}"


def _remove(ip: IPv4Address, interface: str) -> str:
    return f"address flush dev {interface} to {ip}/32"


def _move_route(step: SetGateway, view: RouterView, does: _Batch, undoes: _Batch) -> None:
    """Replace the default route that traffic takes now, whose metric says which one that is."""
    interface = name(step.interface)
    route = view.route if isinstance(view, LinuxView) else None
    metric = f" metric {route.metric}" if route and route.metric else ""
    new = f"default via {step.new} dev {interface}"
    does.route += _ask_again(step.new, interface)
    does.route.append(f"route replace {new} src {step.source}{metric}")
    if step.old is not None:
        undoes.route += _ask_again(step.old, name(step.old_interface))
    if route is not None:
        undoes.route.append(f"route replace {route.words}")
    elif step.old is not None:
        source = f" src {step.old_source}" if step.old_source is not None else ""
        undoes.route.append(
            f"route replace default via {step.old} dev {name(step.old_interface)}{source}"
        )
    else:
        undoes.route.append(f"route flush exact {new}")


def _ask_again(gateway: IPv4Address, interface: str) -> Lines:
    """Forget a gateway's link address: asked for while the line was dead, it is late or gone."""
    return (f"neighbour flush to {gateway} dev {interface}",)


def _forget(address: IPv4Address) -> str:
    return f"conntrack -D -q {address} >/dev/null"


def _announce(address: IPv4Address, interface: str, view: RouterView) -> str:
    """Send one gratuitous ARP request; in the background, for arping waits a second for answers."""
    source = f"-S {address} " if isinstance(view, LinuxView) and HABETS in view.tools else ""
    return f"arping -q -U -c 1 {source}-I {interface} {address} &"


def _has(view: RouterView, tool: str) -> bool:
    return not isinstance(view, LinuxView) or tool in view.tools


def name(interface: str | None) -> str:
    """Give an interface's name, fit to be typed.

    Raises:
        DriverError: There is none, or it is no name.
    """
    if interface is None:
        raise DriverError(
            "the router has no default route to tell its external interface by: give each circuit "
            "its `interface`"
        )
    if _INTERFACE.fullmatch(interface) is None:
        raise DriverError(f"{interface!r} is no name of a network interface")
    return interface
