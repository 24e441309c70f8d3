"""What must hold between keys. Each rule is a function from a draft to the faults it finds.

`MISTAKES` forbid a profile. With `DOUBTS` it runs, and whoever wrote it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network

from wanfailover.config import times
from wanfailover.config.addresses import ipv4
from wanfailover.config.document import Fault
from wanfailover.config.draft import Draft
from wanfailover.config.kinds import HttpsKeys
from wanfailover.config.tree import KeyPath
from wanfailover.config.words import listed

Rule = Callable[[Draft], Iterator[Fault]]

# Mistakes


def two_circuits(draft: Draft) -> Iterator[Fault]:
    """There is something to switch to."""
    if draft.listed is not None and draft.listed < 2:
        text = "`circuits` needs at least two, in order of preference, or nothing can be switched"
        yield Fault(("circuits",), text)


def addresses_fit(draft: Draft) -> Iterator[Fault]:
    """Each address is a host's, and each gateway is another host of the same network."""
    for index, circuit in draft.circuits.items():
        at: KeyPath = ("circuits", index)
        network, own = circuit.address.network, circuit.address.ip
        yield from _a_host(own, network, (*at, "address"), f"`address: {circuit.address}`")
        about = f"`gateway: {circuit.gateway}`"
        if circuit.gateway not in network:
            yield Fault((*at, "gateway"), f"{about} is outside {network}, the address's network")
        elif circuit.gateway == own:
            yield Fault((*at, "gateway"), f"{about} is the circuit's own address")
        else:
            yield from _a_host(circuit.gateway, network, (*at, "gateway"), about)


def _a_host(host: IPv4Address, network: IPv4Network, at: KeyPath, about: str) -> Iterator[Fault]:
    if host.is_multicast or host.is_loopback or host.is_unspecified or host == _EVERYBODY:
        yield Fault(at, f"{about} is no address a host can have on a circuit")
    elif network.prefixlen < 31 and host == network.network_address:
        yield Fault(at, f"{about} is the address of the network itself; give the host's")
    elif network.prefixlen < 31 and host == network.broadcast_address:
        yield Fault(at, f"{about} is the broadcast address of {network}; give the host's")


_EVERYBODY = IPv4Address("255.255.255.255")


def circuits_differ(draft: Draft) -> Iterator[Fault]:
    """No two circuits share a name or an address."""
    names: set[str] = set()
    owners: dict[IPv4Address, str] = {}
    for index, circuit in draft.circuits.items():
        address = circuit.address.ip
        if circuit.name in names:
            text = f"another circuit is named {circuit.name}; `switch` could not tell them apart"
            yield Fault(("circuits", index, "name"), text)
        if address in owners:
            text = f"{address} is the address of {owners[address]} already"
            yield Fault(("circuits", index, "address"), text)
        names.add(circuit.name)
        owners.setdefault(address, circuit.name)


def marks_differ(draft: Draft) -> Iterator[Fault]:
    """The router tells circuits apart by their marks."""
    owners: dict[int, str] = {}
    for index, circuit in draft.circuits.items():
        if circuit.vantage is None or not circuit.marked:
            continue
        dscp = circuit.vantage.dscp
        if dscp in owners:
            text = f"{dscp} is the mark of {owners[dscp]} already"
            yield Fault(("circuits", index, "vantage", "mark"), text)
        owners.setdefault(dscp, circuit.name)


def interfaces_all_or_none(draft: Draft) -> Iterator[Fault]:
    """A driver goes by interfaces, or does not know them."""
    named = [circuit.name for circuit in draft.circuits.values() if circuit.interface]
    for index, circuit in draft.circuits.items():
        if named and circuit.interface is None:
            has = "has" if len(named) == 1 else "have"
            text = f"{circuit.name} needs an `interface`, as {listed(named)} {has} one"
            yield Fault(("circuits", index, "interface"), text)


def router_is_inside(draft: Draft) -> Iterator[Fault]:
    """The way to the router outlives a switchover."""
    for circuit in draft.circuits.values():
        if draft.host == circuit.address.ip:
            text = (
                f"`host: {draft.host}` is the address of {circuit.name}, which a switchover takes "
                "away; give the router's address on the inside"
            )
            yield Fault(("router", "host"), text)


def targets_are_beyond(draft: Draft) -> Iterator[Fault]:
    """A far target lies behind the router and behind the ends of the circuits."""
    ends: dict[IPv4Address, str] = {}
    for circuit in draft.circuits.values():
        ends[circuit.gateway] = f"the gateway of {circuit.name}"
        ends[circuit.address.ip] = f"the address of {circuit.name}"
    lan = draft.lan()
    for at, address in (*draft.targets(), *draft.ends()):
        if lan is not None and address in lan:
            text = f"{address} is inside the LAN, {lan}; it answers even when every line is dead"
            yield Fault(at, text)
        elif address in ends:
            text = f"{address} is {ends[address]}; it says nothing about what lies beyond"
            yield Fault(at, text)


def targets_differ(draft: Draft) -> Iterator[Fault]:
    """No target is asked twice in the same way: its samples could not be told apart."""
    seen: set[str] = set()
    for index, probe in draft.probes.items():
        name = probe.spec().name
        if name in seen:
            text = f"{name} is among the probes already; once is enough"
            yield Fault(("probes", index, *probe.target), text)
        seen.add(name)


def tunnels_differ(draft: Draft) -> Iterator[Fault]:
    """Each tunnel has a name and a far end of its own, and nobody on the Internet is one."""
    names: set[str] = set()
    probes = {probe.spec().name for probe in draft.probes.values()}
    owners: dict[str, str] = {}
    for index, tunnel in draft.tunnels.items():
        at: KeyPath = ("tunnels", index, "check", *tunnel.check.target)
        check = tunnel.check.spec().name
        if tunnel.name in names:
            yield Fault(("tunnels", index, "name"), f"another tunnel is named {tunnel.name}")
        if check in owners:
            yield Fault(at, f"{check} is asked for the tunnel {owners[check]} already")
        elif check in probes:
            text = f"{check} is among the probes, so a dead tunnel would look like a dead circuit"
            yield Fault(at, text)
        names.add(tunnel.name)
        owners.setdefault(check, tunnel.name)


def need_can_be_met(draft: Draft) -> Iterator[Fault]:
    """A circuit that is well can be up."""
    if draft.need > max(draft.asked, 1):
        probes = "probe is" if draft.asked == 1 else "probes are"
        text = f"`need: {draft.need}` can never be met: {draft.asked or 'no'} {probes} given"
        yield Fault(("need",), text)


def backup_mx_is_beyond(draft: Draft) -> Iterator[Fault]:
    """Who takes the mail while the office cannot is not in the office."""
    if draft.mail is None:
        return
    at: KeyPath = ("mail", "backup_mx")
    address, lan = ipv4(draft.mail.backup_mx.host), draft.lan()
    if address is None:
        return
    if lan is not None and address in lan:
        text = f"{address} is inside the LAN, {lan}; the backup MX takes mail while that is cut off"
        yield Fault(at, text)
    for circuit in draft.circuits.values():
        if address == circuit.address.ip:
            text = f"{address} is the office's own address on {circuit.name}"
            yield Fault(at, text)


def canary_can_come_and_go(draft: Draft) -> Iterator[Fault]:
    """The backup MX takes it, as it takes mail for the office's domains; and bounces are told."""
    mail = draft.mail
    if mail is None or mail.canary is None:
        return
    canary, at = mail.canary.canary(), ("mail", "canary")
    domain = canary.recipient.partition("@")[2]
    if domain not in mail.domains:
        text = f"`to: {canary.recipient}` is of no domain in `domains`: the backup MX refuses it"
        yield Fault((*at, "to"), text)
    if canary.sender.lower() == canary.recipient.lower():
        text = "`from` is the same as `to`: the canary and its bounces could not be told apart"
        yield Fault((*at, "from"), text)


MISTAKES: tuple[Rule, ...] = (
    two_circuits,
    addresses_fit,
    circuits_differ,
    marks_differ,
    interfaces_all_or_none,
    router_is_inside,
    targets_are_beyond,
    targets_differ,
    tunnels_differ,
    need_can_be_met,
    backup_mx_is_beyond,
    canary_can_come_and_go,
    times.bounds_in_order,
    times.beginning_within_bounds,
    times.shares_in_order,
    times.evidence_can_be_had,
)


# Doubts


def somebody_far_is_asked(draft: Draft) -> Iterator[Fault]:
    """A gateway answers although all beyond it is dead."""
    if not draft.asked:
        text = "without `probes` the gateway alone decides, and it may answer with the line dead"
        yield Fault(("probes",), text)


def several_are_asked(draft: Draft) -> Iterator[Fault]:
    """A target alone cannot be told from the line."""
    if draft.asked == 1:
        text = "there is one probe; when its target fails alone, that looks like a dead line"
        yield Fault(("probes",), text)


def one_may_fail(draft: Draft) -> Iterator[Fault]:
    """Not every target's own trouble is the line's."""
    if 1 < draft.asked == draft.need:
        text = (
            f"`need: {draft.need}` is all of the probes: one target that fails by itself will look "
            "like a dead line; give more probes, or need fewer"
        )
        yield Fault(("need",), text)


def addresses_are_asked(draft: Draft) -> Iterator[Fault]:
    """A name is another thing that can fail."""
    for index, probe in draft.probes.items():
        # A page needs its name, for the certificate.
        if not isinstance(probe, HttpsKeys) and ipv4(probe.host) is None:
            text = (
                f"{probe.host} is a name, and names need DNS: a resolver that fails would look "
                "like a dead line; an address is better"
            )
            yield Fault(("probes", index, *probe.target), text)


def providers_are_passed(draft: Draft) -> Iterator[Fault]:
    """At least one target lies beyond the providers' own first networks."""
    networks = [circuit.address.network for circuit in draft.circuits.values()]
    targets = [address for _, address in draft.targets()]
    inside = all(any(address in network for network in networks) for address in targets)
    if targets and inside and len(targets) == draft.asked:
        text = "every target is in a circuit's own network, so a failure beyond it goes unseen"
        yield Fault(("probes",), text)


def page_stays_inside(draft: Draft) -> Iterator[Fault]:
    """Who can reach the page can read it."""
    host = ipv4(draft.page.listen.host) if draft.page is not None else None
    if host is None:
        return
    if host.is_unspecified:
        text = f"{host} shows the page at every address of this host; give the one inside"
        yield Fault(("page", "listen"), text)
    for circuit in draft.circuits.values():
        if host in circuit.address.network:
            text = f"{host} is outside, on {circuit.name}: whoever is there can read the page"
            yield Fault(("page", "listen"), text)


DOUBTS: tuple[Rule, ...] = (
    somebody_far_is_asked,
    several_are_asked,
    one_may_fail,
    addresses_are_asked,
    providers_are_passed,
    page_stays_inside,
    times.keys_have_an_effect,
    times.silence_comes_first,
    times.asked_often_enough,
    times.windows_are_long_enough,
)


def found(rules: tuple[Rule, ...], draft: Draft) -> list[Fault]:
    """Apply rules to a draft."""
    return [fault for rule in rules for fault in rule(draft)]
