"""What the answers to a preflight's probes mean for a failover: rows of `check`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from wanfailover.config import Profile
from wanfailover.core.facts import Result, Role
from wanfailover.core.site import Circuit
from wanfailover.ports import Finding, ProbeResult, Severity
from wanfailover.probes import Assignment
from wanfailover.specs import Icmp, ProbeSpec

GREEN, YELLOW, RED = Severity.GREEN, Severity.YELLOW, Severity.RED


def told(assignment: Assignment, result: ProbeResult, profile: Profile) -> Finding:
    over = assignment.circuit or "inside"
    subject = f"{over}: {assignment.target.name}"
    if result.result is Result.ANSWERED:
        return Finding(subject, GREEN, _timed(result))
    why = _why(result)
    if assignment.circuit is None:
        remedy = "let the router answer this host, or it cannot veto when this host is sick"
        return Finding(subject, RED, why, remedy)
    if assignment.target.role is Role.DEVICE:
        return Finding(subject, *_modem(result, why))
    if assignment.target.role is Role.TUNNEL:
        remedy = "see what both ends say of the tunnel; it is told, and moves nothing"
        return Finding(f"tunnel {_through(profile, assignment.target.name)}", YELLOW, why, remedy)
    if isinstance(assignment.spec, Icmp) and assignment.target.role is Role.GATEWAY:
        remedy = "none is needed: many never answer, and a gateway has no vote"
        sentence = f"{why}; in an outage nobody will know whether line or provider is at fault"
        return Finding(subject, YELLOW, sentence, remedy)
    return Finding(subject, YELLOW if len(profile.probes) > 1 else RED, why, _target_remedy())


def _why(result: ProbeResult) -> str:
    return ": ".join(filter(None, (result.step, result.detail or "no answer")))


def _through(profile: Profile, check: str) -> str:
    """The tunnel that is asked by that check."""
    return next(tunnel.name for tunnel in profile.site().tunnels if tunnel.check == check)


def dead(
    profile: Profile,
    seen: Mapping[tuple[str, ProbeSpec], ProbeResult],
    fallen: Collection[str],
    active: str | None,
) -> Iterator[Finding]:
    """Circuits that are dead: a failover to one of them would be undone.

    Args:
        profile: What is looked at.

        seen: By circuit and far target, what came back.

        fallen: Circuits whose modem says that the line is down.

        active: The circuit in use.
    """
    why = {}
    idle = [circuit.name for circuit in profile.circuits if circuit.name != active]
    for name in filter(None, (active, *idle)):
        asked = [result.result for (c, _), result in seen.items() if c == name]
        if sentence := _death(asked, profile.policy.need, fallen=name in fallen):
            why[name] = sentence
    alone = set(idle) <= set(why)
    for name, sentence in why.items():
        if name == active:
            yield Finding(name, YELLOW, sentence, "an agent that runs leaves it")
        elif alone:
            remedy = "see to its line, or call its provider: there is none to fail over to"
            yield Finding(name, RED, sentence, remedy)
        else:
            yield Finding(name, YELLOW, sentence, "see to its line, or call its provider")


def _death(asked: Sequence[Result], need: int, *, fallen: bool) -> str:
    """Why a circuit is dead; empty where it is not, or nobody could ask."""
    sent, answers = len(asked) - asked.count(Result.UNSENT), asked.count(Result.ANSWERED)
    if fallen and not answers:
        return "is dead now: its modem has no line"
    if sent < need or answers >= need:
        return ""
    if not answers:
        return "is dead now: no far target answers"
    return f"is dead now: {answers} of {sent} far targets answer, and `need` is {need}"


def _modem(result: ProbeResult, why: str) -> tuple[Severity, str, str]:
    """What a modem says of its line, or why it says nothing."""
    if result.result is Result.LOST:
        return YELLOW, f"the modem {result.detail} of its line", "look at the line, or correct `up`"
    return RED, why, "correct `device` in the profile, or let the modem answer this host by SNMP"


def _timed(result: ProbeResult) -> str:
    steps = [(step, seconds) for step, seconds in result.steps if step != "resolve"]
    if steps:
        return ", ".join(f"{step} {seconds * 1000:.1f} ms" for step, seconds in steps)
    return f"{(result.rtt or 0) * 1000:.1f} ms"


def _target_remedy() -> str:
    return "choose a target that answers, or find out what is between it and this host"


def has_no_vantage(assignment: Assignment, result: ProbeResult) -> bool:
    """It could not be sent from where it should have been: so it is with all on that way."""
    own = assignment.path.device or assignment.path.source
    return bool(own) and result.result is Result.UNSENT and result.step != "resolve"


def no_vantage(profile: Profile, assignment: Assignment, result: ProbeResult) -> Finding:
    subject = f"{assignment.circuit}: vantage"
    return Finding(subject, RED, result.detail or "no way", _vantage_remedy(profile, assignment))


def _vantage_remedy(profile: Profile, assignment: Assignment) -> str:
    """The commands that give this host a way of its own to a circuit; never run by us."""
    circuit = profile.site().circuit(assignment.circuit or "")
    network, path = circuit.address.network, assignment.path
    table = 100 + profile.circuits.index(circuit)
    device, address = path.device or "DEVICE", path.source or "ADDRESS"
    return (
        f"on this host, with ADDRESS a spare one of {network}: "
        f"ip addr add {address}/{network.prefixlen} dev {device}; ip link set {device} up; "
        f"ip route add default via {circuit.gateway} dev {device} table {table}; "
        f"ip route add {network} dev {device} src {address} table {table}; "
        f"ip rule add from {address} table {table}; ip rule add oif {device} table {table}"
    )


def unmarked(circuit: Circuit) -> Finding:
    sentence = "is seen by marks that the router does not hold now, so nothing is asked over it"
    return Finding(circuit.name, YELLOW, sentence, "start the agent, which sets them up")


def out_of_sight(circuit: Circuit, profile: Profile) -> Finding:
    best = circuit is profile.circuits[0]
    sentence = "cannot be seen while it is idle: it is unknown until it is used"
    by_hand = profile.policy.failback in {"manual", "evidence"}
    how = f"by hand: wanfailover switch {circuit.name}" if by_hand else "by trial, see `return`"
    remedy = f"give it a vantage; without one it is returned to {how}"
    if not best:
        remedy = (
            "rehearse it, which shows whether it works: wanfailover drill; or give it a vantage"
        )
    return Finding(circuit.name, YELLOW, sentence, remedy)
