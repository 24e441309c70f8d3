"""Is the prober itself sane? The router's inside tells.

A host whose own cable is out sees every circuit dead. Controls ask the router's inside, which no
circuit can silence. Those that used to answer have a veto: when none of them does, nothing moves. A
control that never answered has no say, for a router may well refuse pings for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from types import MappingProxyType

from wanfailover.core.facts import Instant, ProbeSample, Result
from wanfailover.core.site import Target

OVERDUE = 1.0
"""Seconds: a router's inside that is further away than this is no inside."""


class Controls:
    """The signs of life from the router's inside; *heard* is when each was last heard, by name."""

    def __init__(
        self, targets: Sequence[Target], heard: Mapping[str, Instant] = MappingProxyType({})
    ) -> None:
        self._paces = {target.name: target.every for target in targets}
        self.heard = {name: at for name, at in heard.items() if name in self._paces}
        self._before = max(self.heard.values(), default=-inf)

    def take(self, sample: ProbeSample) -> None:
        """Take one control's answer."""
        if sample.result is Result.ANSWERED and sample.target in self._paces:
            at = sample.sent + (sample.rtt or 0.0)
            self.heard[sample.target] = max(at, self.heard.get(sample.target, at))

    def deaf(self, seconds: float) -> None:
        """We were stalled for *seconds*: what we heard before is as fresh as it was."""
        for name, at in self.heard.items():
            self.heard[name] = at + seconds

    def sick(
        self, now: Instant, life: Instant | None, *, suspected: bool, silence: float
    ) -> str | None:
        """Say why our own eyes cannot be trusted; None if they can.

        Args:
            now: The present instant.

            life: The active circuit's last sign of life; None before its first, as after a reload:
                then what was heard inside before that is no sign of health either.

            silence: Seconds without a sign of life that make it so.

            suspected: The circuit looks dead. Then a control must have answered lately *and* well
                after that last sign of life, or both may have been cut by one broken cable.
        """
        if not self.heard or any(
            at >= self._needed(now, life if suspected else -inf, max(silence, self._paces[name]))
            for name, at in self.heard.items()
        ):
            return None
        return (
            f"nothing inside answers either ({', '.join(self.heard)}): the fault is this host or "
            "the LAN, not the circuit"
        )

    def _needed(self, now: Instant, life: Instant | None, pace: float) -> Instant:
        """When a control of this *pace* must have been heard last, to be a sign of life now."""
        return max(now - 2 * pace, (self._before if life is None else life) + OVERDUE)
