"""Providers block port 25; a circuit on which they do is found before it is the only one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from wanfailover.config.addresses import ipv4
from wanfailover.config.draft import RFC1918
from wanfailover.core.facts import Result
from wanfailover.ports import Finding, ProbeResult, Severity
from wanfailover.specs import Mail, ProbeSpec, Smtp

Seen = Mapping[tuple[str, ProbeSpec], ProbeResult]
"""By circuit and far probe, what came back."""


def findings(seen: Seen, active: str | None, circuits: Iterable[str]) -> Iterator[Finding]:
    """For each idle one of *circuits* and each port of mail that is asked at all: does it pass?

    Nothing is said where the servers are silent on the active circuit too, or the idle one is dead
    as a whole: that has rows of its own.
    """
    servers = {spec: spec.port for _, spec in seen if isinstance(spec, Smtp)}
    for circuit in circuits:
        for port in dict.fromkeys(servers.values()) if circuit != active else ():
            asked = [spec for spec in servers if spec.port == port]
            yield from _port(seen, active, circuit, asked)


def _port(seen: Seen, active: str | None, circuit: str, asked: list[Smtp]) -> Iterator[Finding]:
    port = asked[0].port
    subject = f"{circuit}: port {port}"
    if not any(each == circuit for each, _ in seen):
        sentence = f"unknown whether port {port} passes on {circuit}: it cannot be seen while idle"
        yield Finding(subject, YELLOW, sentence, "give it a vantage")
        return
    results = {spec: seen[circuit, spec] for spec in asked if (circuit, spec) in seen}
    shut = [spec for spec, result in results.items() if _shut(seen, active, circuit, spec, result)]
    open_ = [spec for spec, result in results.items() if _connected(result)]
    for spec in shut:
        sentence = f"port {port} is blocked on this circuit: {spec.host} is not let through"
        yield Finding(subject, YELLOW, sentence, ANOTHER_PORT)
    if open_ and not shut:
        yield Finding(subject, Severity.GREEN, f"port {port} passes: {open_[0].host} answers")


YELLOW = Severity.YELLOW

ANOTHER_PORT = (
    "mail through the tunnel passes all the same; for what goes out directly ask the "
    "provider to open it, or send by another port, such as 587 or 2525"
)


def _shut(seen: Seen, active: str | None, circuit: str, spec: Smtp, result: ProbeResult) -> bool:
    """It is silent here, answers on the active circuit, and others answer here."""
    here = seen.get((active or "", spec))
    if not _blocked(result) or (here is not None and here.result is not Result.ANSWERED):
        return False
    return any(_alive(*each) for each in seen.items() if each[0][0] == circuit)


def _connected(result: ProbeResult) -> bool:
    """A server was reached, whatever it said then."""
    return result.result is Result.ANSWERED or (
        result.result is Result.LOST and result.step not in {None, "resolve", "connect"}
    )


def _blocked(result: ProbeResult) -> bool:
    """No connection came about: dropped, or refused on the way."""
    return result.result is Result.LOST and result.step == "connect"


def _alive(asked: tuple[str, ProbeSpec], result: ProbeResult) -> bool:
    return not isinstance(asked[1], Smtp) and result.result is Result.ANSWERED


def outside(mail: Mail) -> Smtp | None:
    """The backup MX as a probe; None where it has an inside address: then a tunnel leads there."""
    address = ipv4(mail.host)
    if address is None or any(address in network for network in RFC1918):
        return None
    return Smtp(mail.host, mail.port, deadline=WITHIN)


WITHIN = 5.0
"""Seconds for a probe of it."""
