"""The kinds of probe, as values: whom to ask, what, and how often."""

from __future__ import annotations

from dataclasses import dataclass

from wanfailover.ports import Secret


@dataclass(frozen=True, slots=True)
class Icmp:
    """Ping *host*. *every* and *deadline* are seconds, here and in the other kinds."""

    host: str
    every: float = 0.5
    deadline: float = 5.0

    @property
    def name(self) -> str:
        """As printed to the operator."""
        return f"icmp {self.host}"


@dataclass(frozen=True, slots=True)
class Tcp:
    """Connect to *host*:*port*."""

    host: str
    port: int
    every: float = 5.0
    deadline: float = 5.0

    @property
    def name(self) -> str:
        """As printed to the operator."""
        return f"tcp {self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Inside(Tcp):
    """Connect to a port of the router's inside, as a control.

    A refusal is an answer here: it too comes from the router. Asked seldom, for each time the
    router's log tells of somebody who connected and went away.
    """

    every: float = 30.0


@dataclass(frozen=True, slots=True)
class Smtp:
    """Talk to a mail server: 220, EHLO, optionally STARTTLS and RCPT, QUIT.

    Args:
        starttls: Upgrade and check the certificate against *host*.

        rcpt: A recipient the server must accept (250); no message is sent.
    """

    host: str
    port: int = 25
    starttls: bool = False
    rcpt: str | None = None
    every: float = 60.0
    deadline: float = 15.0

    @property
    def name(self) -> str:
        """As printed to the operator."""
        return f"smtp {self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Dns:
    """Ask *server* for the records of *type* that *query* has; an empty answer is a failure."""

    server: str
    query: str
    type: str = "A"
    port: int = 53
    every: float = 5.0
    deadline: float = 5.0

    @property
    def name(self) -> str:
        """As printed to the operator."""
        return f"dns {self.server}"


@dataclass(frozen=True, slots=True)
class Https:
    """Fetch *url*; the page must hold *expect*, as a captive portal passes plain TCP."""

    url: str
    expect: str | None = None
    every: float = 5.0
    deadline: float = 10.0

    @property
    def name(self) -> str:
        """As printed to the operator."""
        return self.url


IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
"""RFC 1213, ifOperStatus; an interface's index follows. 1 is up, 2 is down, 3 is testing."""


@dataclass(frozen=True, slots=True)
class Device:
    """Ask the modem *host* by SNMP whether its line is up.

    Args:
        oid: What holds the line's status.

        up: Values of it that mean that the line is up; text is compared with octets.

        community: To read; left out it is ``public``.
    """

    host: str
    oid: str
    up: tuple[int | str, ...] = (1,)
    community: Secret | None = None
    port: int = 161
    every: float = 10.0
    deadline: float = 5.0

    @property
    def name(self) -> str:
        """As printed to the operator."""
        return f"snmp {self.host}"


@dataclass(frozen=True, slots=True)
class Wake:
    """How a line is raised that sleeps: ping *host* over it, for at most *within* seconds."""

    host: str
    within: float = 30.0


@dataclass(frozen=True, slots=True)
class Canary:
    """A message sent by way of the backup MX to see whether it gets through. Times are seconds.

    Args:
        recipient: Its address, one of the office's; the office's server hands it on to us.

        sender: Where bounces of it go; the backup MX hands them to us by another way.

        host: With *port*, where we take both: an address of this host's.

        every: How often one is sent, besides after each switchover.

        within: How long it may take; then it is missing.
    """

    recipient: str
    sender: str
    host: str
    port: int
    every: float = 21600.0
    within: float = 120.0


@dataclass(frozen=True, slots=True)
class Page:
    """The status page.

    Args:
        host: With *port*, where it listens: an address of this host's.

        hosts: Names, besides that address, that whoever looks may call this host by.
    """

    host: str
    port: int
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """Who takes the office's mail while the office cannot.

    Args:
        domains: The office's, in lower case.

        host: The backup MX's, as it is reached from the office: mostly through a tunnel.

        server: ``address:port`` of the office's own mail server, as the tunnel has it;
            `mail-config` and `check` need it.

        etrn: Ask it to deliver what it holds, after each switchover (RFC 1985).

        canary: The message that shows whether mail gets through; None: none is sent.
    """

    domains: tuple[str, ...]
    host: str
    port: int = 25
    server: str | None = None
    etrn: bool = True
    canary: Canary | None = None

    @property
    def name(self) -> str:
        """As printed to the operator."""
        return f"{self.host}:{self.port}"


ProbeSpec = Icmp | Tcp | Inside | Smtp | Dns | Https | Device
