"""The kinds of probe: the keys of each, and the value it becomes.

A probe is a group with one key that names its kind, such as `icmp`, and the keys that go with it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import PlainValidator

from wanfailover import specs
from wanfailover.config.addresses import DnsName, Host, HostPort, HttpsUrl, host_port
from wanfailover.config.fields import Duration, Flag, NotBuilt, Pace, Text, choice, wrong
from wanfailover.config.keys import Keys
from wanfailover.config.words import listed, nearest, quoted


class ProbeKeys(Keys, ABC):
    """What all kinds share.

    Args:
        target: The keys that lead to what is asked.
    """

    target: ClassVar[tuple[str, ...]]

    every: Pace | None = None
    deadline: Duration | None = None

    @abstractmethod
    def spec(self) -> specs.ProbeSpec:
        """Make the value a prober is built from."""

    @property
    @abstractmethod
    def host(self) -> str:
        """Whom it asks: an address or a name."""


class IcmpKeys(ProbeKeys):
    target = ("icmp",)
    icmp: Host

    @property
    def host(self) -> str:
        return self.icmp

    def spec(self) -> specs.Icmp:
        return specs.Icmp(self.icmp, **self.given("every", "deadline"))


class TcpKeys(ProbeKeys):
    target = ("tcp",)
    tcp: Annotated[HostPort, host_port()]

    @property
    def host(self) -> str:
        return self.tcp.host

    def spec(self) -> specs.Tcp:
        return specs.Tcp(self.tcp.host, self.tcp.port, **self.given("every", "deadline"))


class SmtpKeys(ProbeKeys):
    target = ("smtp",)
    smtp: Annotated[HostPort, host_port(25)]
    starttls: Flag | None = None
    rcpt: Text | None = None

    @property
    def host(self) -> str:
        return self.smtp.host

    def spec(self) -> specs.Smtp:
        return specs.Smtp(
            self.smtp.host,
            self.smtp.port,
            **self.given("starttls", "rcpt", "every", "deadline"),
        )


_Type = Annotated[str, choice("A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT")]


class DnsQuestionKeys(Keys):
    server: Annotated[HostPort, host_port(53)]
    name: DnsName
    type: _Type | None = None


class DnsKeys(ProbeKeys):
    target = ("dns", "server")
    dns: DnsQuestionKeys

    @property
    def host(self) -> str:
        return self.dns.server.host

    def spec(self) -> specs.Dns:
        return specs.Dns(
            self.dns.server.host,
            self.dns.name,
            port=self.dns.server.port,
            **self.dns.given("type"),
            **self.given("every", "deadline"),
        )


class HttpsKeys(ProbeKeys):
    target = ("https",)
    https: HttpsUrl
    expect: Text | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.https).hostname or ""

    def spec(self) -> specs.Https:
        return specs.Https(self.https, **self.given("expect", "every", "deadline"))


class SnmpKeys(Keys):
    """A kind of the contract that nothing reads yet."""

    snmp: NotBuilt = None
    every: Pace | None = None
    deadline: Duration | None = None


KINDS: dict[str, type[ProbeKeys]] = {
    "icmp": IcmpKeys,
    "smtp": SmtpKeys,
    "tcp": TcpKeys,
    "dns": DnsKeys,
    "https": HttpsKeys,
}
"""By the key that names each kind."""


def probe_keys(data: object) -> ProbeKeys:
    """Read a probe by the kind it names."""
    if not isinstance(data, dict):
        raise wrong("a probe is a group of keys, such as {icmp: 192.0.2.10}")
    if data.get("snmp") is not None:
        SnmpKeys.model_validate(data)
    kinds = [kind for kind in KINDS if data.get(kind) is not None]
    if len(kinds) > 1:
        raise wrong(f"this probe has {len(kinds)} kinds, {listed(kinds)}; make each its own")
    if not kinds:
        slips = [near for key in data if (near := nearest(key, KINDS))]
        hint = f"did you mean `{slips[0]}`?" if slips else f"give it {quoted(KINDS, 'or')}"
        raise wrong(f"this probe has no kind; {hint}")
    return KINDS[kinds[0]].model_validate(data)


Probe = Annotated[ProbeKeys, PlainValidator(probe_keys)]
