"""A new profile, as text: what is known of a site filled in, each key explained in a line.

What is left to its default stands behind a ``#`` without a space, so that taking the ``#`` away is
all it takes; prose stands behind ``#`` and a space.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface

from pydantic import ValidationError

from wanfailover.config.keys import Keys

COLUMN = 42
"""Where the remarks begin, as far as the keys leave room."""

PROBES = (
    ("{icmp: 1.1.1.1}", "a public resolver: Cloudflare's"),
    ("{icmp: 9.9.9.9}", "another: Quad9's"),
    ('{tcp: "8.8.8.8:443"}', "a third, Google's; by TCP, for busy networks drop pings first"),
)
"""Targets of three operators, on networks that rarely fail, whom nobody minds being asked."""

CREDENTIALS = {
    "password": "its password is in this file",
    "key": "the private key to log in by",
    "known_hosts": "the router's host key: whoever shows another is not let near",
    "sudo_password": "what sudo on the router asks for",
    "community": "SNMP, to set",
    "read_community": "SNMP, to read",
}
"""What each of `router.credentials` that is a file holds."""


@dataclass(frozen=True, slots=True)
class ProposedCircuit:
    """A circuit of the proposal; *vantage* as it is written in a profile, such as ``{mark: 8}``."""

    name: str
    address: IPv4Interface
    gateway: IPv4Address
    interface: str | None = None
    metered: bool = False
    vantage: str | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """All that a profile is written from.

    Args:
        files: By key of `router.credentials`, the files beside the profile.

        circuits: In order of preference.

        probes: As they stand in a profile; `PROBES` where there are none.

        marks: The driver can have marked packets sent out by an idle circuit.
    """

    site: str
    driver: str
    transport: str
    circuits: tuple[ProposedCircuit, ...]
    host: str | None = None
    port: int | None = None
    username: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    probes: Sequence[str] = ()
    marks: bool = False

    def text(self, file: str) -> str:
        """Write the profile that will be in *file*."""
        parts = (self._head(file), self._router(), self._circuits(), self._probes(), _rest())
        return "\n".join(line.rstrip() for part in parts for line in part) + "\n"

    def _head(self, file: str) -> Iterator[str]:
        yield f"# The site {self.site}, as `wanfailover init` proposed it. It is yours to edit."
        yield f"#     wanfailover check {file}"
        yield "# tells whether a failover would work, and what the settings come to. What stands"
        yield "# behind a # without a space is a default: take the # away to change it. Durations"
        yield "# have units, such as 500ms, 5m and 2h."
        yield ""
        yield _line(f"site: {self.site}", "its name on the command line")
        yield ""

    def _router(self) -> Iterator[str]:
        yield "router:"
        yield _line(f"  driver: {self.driver}", "the dialect it speaks")
        if self.host is not None:
            yield _line(f"  host: {self.host}", "its address on the inside")
        how = "telnet is in clear, and anybody may pose as the router: inside the office only"
        remark = how if self.transport == "telnet" else "how it is reached"
        yield _line(f"  transport: {self.transport}", remark)
        if self.port is not None:
            yield _line(f"  port: {self.port}", "where it listens")
        if self.username is not None or self.files:
            yield _line("  credentials:", "files beside this one; a secret never stands in here")
        if self.username is not None:
            yield _line(f"    username: {_scalar(self.username)}", "whom the agent logs in as")
        for key, name in self.files.items():
            yield _line(f"    {key}: {{file: {_scalar(name)}}}", CREDENTIALS[key])
        if self.options:
            yield _line("  options:", "the driver's own; its README tells them all")
        for key, value in self.options.items():
            yield f"    {key}: {json.dumps(value)}"
        yield ""

    def _circuits(self) -> Iterator[str]:
        yield _line("circuits:", "in order of preference")
        for number, circuit in enumerate(self.circuits, 1):
            yield _line(f"  - name: {circuit.name}", circuit.remark)
            yield _line(
                f"    address: {circuit.address}", "the router's address on it, with prefix"
            )
            yield _line(f"    gateway: {circuit.gateway}", "the provider's next hop")
            if circuit.interface is not None:
                yield _line(f"    interface: {circuit.interface}", "the router's, towards it")
            yield _line(f"    metered: {_scalar(circuit.metered)}", "true: probe it sparingly")
            if circuit.vantage is not None:
                yield _line(f"    vantage: {circuit.vantage}", "how it is seen while it is idle")
            elif number < len(self.circuits):
                yield "    # How it is seen while the other is in use. Without this nobody knows"
                yield "    # when it is well again: it is returned to by trying, proved or back."
                yield f"    #vantage: {'{mark: 8}' if self.marks else '{bind: eth1}'}"
        yield ""

    def _probes(self) -> Iterator[str]:
        yield "# Whom the Internet is asked for: several that fail apart, none of them your"
        yield "# provider's, and not all by ping."
        if not self.probes:
            yield "# REPLACE what belongs to one of your providers; and one of them, better, by a"
            yield '# host that you live by, such as a customer\'s: {smtp: "mail.example.com:25"}.'
        yield "probes:"
        yield from (f"  - {probe}" for probe in self.probes)
        if not self.probes:
            yield from (_line(f"  - {probe}", remark) for probe, remark in PROBES)
        yield _line("#need: 1", "how many of them must answer for a circuit to be up")
        yield ""


def _rest() -> Iterator[str]:
    for lines in DEFAULTS:
        for text, remark in lines:
            yield _line(f"#{text}", remark)
        yield ""
    yield "# A tunnel through the circuits, watched through itself; it never moves a circuit."
    yield "# tunnels: [{name: customer-a, check: {icmp: 10.20.0.1}, within: 90s}]"
    yield "# Who is told of what happens: by mail, a webhook, a program of your own."
    yield '# notify: [{smtp: {server: "10.0.0.25:25", from: a@example.com, to: b@example.com}}]'
    yield "# A failover and the return, rehearsed unasked."
    yield '# drill: {at: "first Sunday 04:00", stay: 5m}'
    yield "# A page that tells how things stand; who can reach the address can see it."
    yield '# page: {listen: "127.0.0.1:8480"}'
    yield "# The backup MX, which is asked for its queue after each switchover."
    yield '# mail: {domains: [example.com], backup_mx: "10.20.0.25:25"}'


DEFAULTS: tuple[tuple[tuple[str, str], ...], ...] = (
    (
        ("detect:", "how an outage is told from a blip"),
        ("  line: cable", "fibre, cable, mobile or rough: what patience begins with"),
        ("  false_failovers_per_year: 0.5", "fewer: wait longer"),
        ("  learn: true", "follow the line's own silences"),
    ),
    (
        ("policy:", "when automation may move the router"),
        ("  dwell: 60s", "shortest time between two switchovers, unless the circuit is dead"),
        ("  switches_per_hour: 6", "most of them in an hour"),
        ("  degraded: stay", "switch: leave a lossy circuit, too"),
        ("  proof_within: 20s", "a new circuit passes traffic within this, or it is left again"),
        (
            "  reconcile: {every: 60s, drift: report}",
            "another hand moved it: report, adopt, restore",
        ),
    ),
    (
        ("failback:", "when the preferred circuit is returned to"),
        ("  method: auto", "evidence, trial or manual"),
        ("  after: 5m", "it must have been good for so long"),
        ("  window: null", 'only then, such as "22:00-06:00"'),
        ("  timezone: local", "whose clock the window goes by"),
        (
            "  trial: {every: 30m, within: 20s}",
            "without a vantage: how often tried, and proved by when",
        ),
    ),
    (("preflight: {every: 24h}", "how often the agent does what `check` does"),),
    (
        (
            "notices: {per_hour: 20, remind: 4h}",
            "at most so many messages; reminders while on metered",
        ),
    ),
    (("keep: {samples: 7d, history: 400d}", "how long results and decisions are kept"),),
)
"""Groups of keys, line by line, with the remark of each."""


def sound(keys: type[Keys], key: str, value: str) -> str:
    """Give *value* back where the profile's *key* may hold it.

    Raises:
        ValueError: With the complaint's sentence.
    """
    try:
        keys.model_validate({key: value})
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            if detail["loc"][:1] == (key,):
                raise ValueError(detail["msg"]) from None
    return value


_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")


def _scalar(value: object) -> str:
    """A value as YAML: quoted unless it is a plain word."""
    plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _WORDS
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


_WORDS = {"true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL"}


def _line(text: str, remark: str) -> str:
    return f"{text:<{COLUMN - 1}} # {remark}" if remark else text
