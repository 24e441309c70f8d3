"""Who is told, as values: the profile's `notify`, with every secret read.

A path's *name* is how it is printed, and how the journal knows what still waits for it, so it
holds no secret and is the same after a restart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from wanfailover.ports import Secret


@dataclass(frozen=True, slots=True)
class ByMail:
    """A message to somebody, by a mail server.

    Args:
        starttls: Upgrade, and check the certificate against *host*.

        password: For a log-in, which is made over TLS only.
    """

    host: str
    sender: str
    recipients: tuple[str, ...]
    port: int = 25
    starttls: bool = False
    username: str | None = None
    password: Secret | None = None

    @property
    def name(self) -> str:
        """As printed to the operator."""
        return f"smtp {', '.join(self.recipients)} by {self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ByWebhook:
    """A POST of JSON.

    Args:
        url: May be a secret as a whole: many a service has its token in there.

        token: Sent as ``Authorization: Bearer``.
    """

    url: Secret
    token: Secret | None = None

    @property
    def name(self) -> str:
        """As printed to the operator: the host, and what tells two of one host apart."""
        url = self.url.reveal()
        return f"webhook {urlsplit(url).hostname} #{_mark(url)}"


@dataclass(frozen=True, slots=True)
class ByCommand:
    """A program that is started, with JSON on its standard input."""

    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """As printed to the operator."""
        more = f" #{_mark(repr(self.words))}" if len(self.words) > 1 else ""
        return f"exec {self.words[0]}{more}"


@dataclass(frozen=True, slots=True)
class ByApprise:
    """What Apprise knows: the URLs in a file of its own, one a line, which hold secrets."""

    file: Path

    @property
    def name(self) -> str:
        """As printed to the operator."""
        return f"apprise {self.file}"


Addressee = ByMail | ByWebhook | ByCommand | ByApprise


@dataclass(frozen=True, slots=True)
class Notices:
    """Who is told, and how often.

    Args:
        paths: To each of them everything is told.

        per_hour: Messages within an hour; what is more is held back and summed up.

        remind: Seconds between two reminders that traffic is paid for.

        keep: Seconds after which a message that no path has taken is given up.
    """

    paths: tuple[Addressee, ...] = ()
    per_hour: int = 20
    remind: float = 4 * 3600.0
    keep: float = 7 * 86400.0


def _mark(text: str) -> str:
    return hashlib.blake2s(text.encode(), digest_size=2).hexdigest()
