"""A message, as every path gets it: the same words by mail, and the same data as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """Where in its incident a message stands."""

    BEGAN = "began"
    FOLLOWED = "followed"
    ENDED = "ended"
    ALONE = "alone"  # begun and ended with it


class Severity(StrEnum):
    """Whether somebody should look now, some time, or need not."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of one incident. Keys of its JSON are added, never renamed.

    Args:
        id: By which a receiver drops a double: whoever is killed between sending and noting it
            sends once more, with the same one.

        incident: The same for all that follows from one thing.

        topic: What the incident is about, such as ``circuits``; one is open at a time for each.

        key: What of it is told: the same is not told again soon.

        at: When it happened, RFC 3339.

        rule: The rule that decided, where one did.

        subject: The rule's name and sentence, or the entry's.

        lines: More, for whoever reads on.

        follows: Ids of the incident's first message and of its last before this one.
    """

    id: str
    incident: str
    topic: str
    key: str
    at: str
    site: str
    stage: Stage
    severity: Severity
    subject: str
    rule: str | None = None
    lines: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()

    @property
    def when(self) -> datetime:
        """The same as *at*, as a value."""
        return datetime.fromisoformat(self.at)

    @property
    def title(self) -> str:
        """The subject, with the site before it: one line."""
        return f"[{self.site}] {self.subject}"

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def dumped(letter: Letter) -> str:
    """A message as the outbox keeps it."""
    return json.dumps(letter.data())


def loaded(text: str) -> Letter:
    """The same, back; what a newer version has added is left out.

    Raises:
        ValueError: It is none.
    """
    data = json.loads(text)
    try:
        known = {field.name: data[field.name] for field in fields(Letter) if field.name in data}
        known["stage"], known["severity"] = Stage(known["stage"]), Severity(known["severity"])
        for name in ("lines", "follows"):
            known[name] = tuple(known.get(name, ()))
        return Letter(**known)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no message: {error}") from None
