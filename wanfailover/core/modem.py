"""What a circuit's modem says of its line: a dead one is dead, a live one proves nothing."""

from __future__ import annotations

from wanfailover.core.facts import Instant, ProbeSample, Result

SURE = 2.0
"""Seconds without an answer after its word that the line is dead, before that is believed: it may
be restarting its agent, or be asked for another port's line."""

LATELY = 30.0
"""Seconds for which its word counts: three times as long as it is asked after."""


class Modem:
    """Of one circuit; one that was never asked, or does not answer, says nothing."""

    def __init__(self) -> None:
        self._has_line = False
        self._since: Instant | None = None
        self._asked: Instant = 0.0

    def take(self, sample: ProbeSample) -> None:
        """It has said how its line is."""
        if sample.result is Result.UNSENT:
            return
        has_line = sample.result is Result.ANSWERED
        if self._since is None or has_line is not self._has_line:
            self._since = sample.sent
        self._has_line, self._asked = has_line, sample.sent

    def line_since(self, now: Instant) -> Instant | None:
        """Since when it has its line; None where it has none, or has not said so lately."""
        return self._since if self._has_line and now - self._asked <= LATELY else None

    def says(self, now: Instant, life: Instant | None) -> bool | None:
        """It has its line, or it has none; None where it has not said so lately."""
        if self.is_dead(now, life):
            return False
        return True if self.line_since(now) is not None else None

    def is_dead(self, now: Instant, life: Instant | None) -> bool:
        """It has said lately that it has no line, and nothing is heard any more: *life* was last.

        What was heard in the first moments after its word was still on its way; a line that was
        heard for longer gives it the lie.
        """
        if self._since is None or self._has_line or now - self._asked > LATELY:
            return False
        heard = max(self._since, self._since if life is None else life)
        return heard - self._since < SURE <= now - heard
