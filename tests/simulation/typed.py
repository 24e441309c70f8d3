"""What is typed to a Linux router, line by line: read strictly, and done to a `Kernel`.

A line that is not known here is no refusal but a gap in the simulation, and ends it: `Unforeseen`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from tests.simulation.kernel import DEFAULT, Kernel, Refused, Route


class Unforeseen(BaseException):
    """A command that the virtual router does not know; nothing may take it for a router's word."""


@dataclass(frozen=True)
class Line:
    """One thing to do.

    Args:
        text: As typed.

        number: Within its batch; None outside one.
    """

    text: str
    number: int | None = None


@dataclass
class Flows:
    """Connections that the router's NAT remembers, by the address that they leave from."""

    sources: set[IPv4Address]


def unquoted(word: str) -> str:
    """Take back what `shlex.quote` does; ten times as fast as `shlex.split`."""
    inside = word[1:-1].replace("'\"'\"'", "'")
    if shlex.quote(inside) == word:
        return inside
    if shlex.quote(word) != word:
        raise Unforeseen(f"it is not quoted as one word: {word!r}")
    return word


def lines_of(script: str) -> Iterator[Line]:
    """Cut a script into the lines that are carried out one after the other."""
    head, *rest = script.splitlines()
    if head != "set -e":
        raise Unforeseen(f"a script that does not begin with set -e: {script!r}")
    number: int | None = None
    for text in rest:
        if text == "ip -batch - <<'END'":
            number = 0
        elif text == "END":
            number = None
        else:
            number = None if number is None else number + 1
            yield Line(text, number)
    if number is not None:
        raise Unforeseen(f"a batch without an end: {script!r}")


def carry_out(line: Line, kernel: Kernel, flows: Flows) -> None:
    """Do what a line says.

    Raises:
        Refused: The router would say so.

        Unforeseen: It is not known here.
    """
    table = _OUTSIDE if line.number is None else _BATCH
    for pattern, act in table:
        found = re.fullmatch(pattern, line.text)
        if found is not None:
            act(kernel, flows, found)
            return
    raise Unforeseen(f"the virtual router does not know {line.text!r}")


IP = r"(\d+\.\d+\.\d+\.\d+)"
IF = r"([\w.@+-]+)"


def _replace_address(kernel: Kernel, _: Flows, found: re.Match[str]) -> None:
    own = IPv4Interface(found[1])
    kernel.replace_address(found[3], own, broadcast=bool(found[2]))


def _flush_address(kernel: Kernel, _: Flows, found: re.Match[str]) -> None:
    kernel.flush_address(found[1], IPv4Address(found[2]), deprecated=bool(found[3]))


def _replace_route(kernel: Kernel, _: Flows, found: re.Match[str]) -> None:
    words = shlex.split(found[1])
    given = dict(zip(words[::2], words[1::2], strict=True))
    known = {"via", "dev", "src", "metric", "proto", "scope"}
    if set(given) - known:
        raise Unforeseen(f"the virtual router does not know {found[0]!r}")
    kernel.replace_route(
        Route(
            DEFAULT,
            given["dev"],
            IPv4Address(given["via"]) if "via" in given else None,
            IPv4Address(given["src"]) if "src" in given else None,
            int(given.get("metric", 0)),
            given.get("proto", ""),
            given.get("scope", ""),
        )
    )


def _flush_route(kernel: Kernel, _: Flows, found: re.Match[str]) -> None:
    kernel.flush_route(DEFAULT, found[2], IPv4Address(found[1]))


def _promote(kernel: Kernel, _: Flows, found: re.Match[str]) -> None:
    path = f"/proc/sys/net/ipv4/conf/{found[1]}/promote_secondaries"
    if found[1] not in kernel.links:
        raise Refused(f"sysctl: cannot stat {path}: No such file or directory", 1)
    kernel.promotes.add(found[1])


def _forget(kernel: Kernel, flows: Flows, found: re.Match[str]) -> None:
    address = IPv4Address(found[1])
    deleted = len({address} & flows.sources)
    flows.sources.discard(address)
    if not deleted and not found[2]:
        words = "0 flow entries have been deleted."
        raise Refused(f"conntrack v1.4.7 (conntrack-tools): {words}", 1)


def _needs_link(kernel: Kernel, _: Flows, found: re.Match[str]) -> None:
    kernel.has(found[1])


def _nothing(*_: object) -> None:
    """Its effect is beyond what is simulated."""


Act = Callable[[Kernel, Flows, "re.Match[str]"], None]

_BATCH: tuple[tuple[str, Act], ...] = (
    (rf"address replace ({IP[1:-1]}/\d+)( brd \+)? dev {IF}", _replace_address),
    (rf"address flush dev {IF} to {IP}/32( deprecated)?", _flush_address),
    (r"route replace (?:unicast )?default (.+)", _replace_route),
    (rf"route flush exact default via {IP} dev {IF}", _flush_route),
    (rf"neighbour flush to {IP[1:-1]} dev {IF}", _needs_link),
)

_OUTSIDE: tuple[tuple[str, Act], ...] = (
    (rf"sysctl -q -w net/ipv4/conf/{IF}/promote_secondaries=1", _promote),
    (rf"conntrack -D -q {IP} >/dev/null( \|\| :)?", _forget),
    (rf"arping -q -U -c 1 (?:-S \S+ )?-I {IF} {IP} &", _nothing),
)
