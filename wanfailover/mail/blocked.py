"""Providers block port 25; a circuit on which they do is found before it is the only one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wanfailover.config.addresses import ipv4
from wanfailover.config.draft import RFC1918
from wanfailover.core.facts import Result
from wanfailover.ports import Finding, ProbeResult, Severity
from wanfailover.specs import Mail, ProbeSpec, Smtp

Seen = Mapping[tuple[str, ProbeSpec], ProbeResult]
"""By circuit and far probe, what came back."""


def findings(seen: Seen, active: str | None) -> Iterator[Finding]:
    """Idle circuits on which mail servers are silent that answer on the active one.

    Anything else that answers there shows that the circuit is not dead as a whole.
    """
    for (circuit, spec), result in seen.items():
        if circuit == active or not isinstance(spec, Smtp) or not _blocked(result):
            continue
        here = seen.get((active or "", spec))
        if here is not None and here.result is not Result.ANSWERED:
            continue  # it is that server's own trouble
        if not any(_alive(*each) for each in seen.items() if each[0][0] == circuit):
            continue
        sentence = f"port {spec.port} is blocked on this circuit: {spec.host} is not let through"
        remedy = (
            "mail through the tunnel passes all the same; for what goes out directly ask the "
            "provider to open it, or send by another port, such as 587 or 2525"
        )
        yield Finding(f"{circuit}: port {spec.port}", Severity.YELLOW, sentence, remedy)


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
