"""What is known of the router: what it held when it was last read, and how old that is.

The router is the truth about which circuit is active, but it is a truth with an age. When it is
read again is decided here; whoever reads it tells what came of it.
"""

from __future__ import annotations

from math import inf

from wanfailover.core.facts import Instant, ProbeSample, Role, RouterView
from wanfailover.core.site import Circuit, Site

REREAD = 2.0
"""Seconds between two tries to read a router when its state matters now."""

MARKS_EVERY = 5.0
"""Seconds between two looks at a router while probes depend on its marks, or while it is stuck."""

SELDOM = 60.0
"""Seconds: where a switch is refused, or breaks off and is taken back, the next try waits twice as
long each time, up to this. Or a router's bad minute would cost the hour's budget."""

MARKS_FRESH = 15.0
"""Seconds for which a look at the marks speaks for the probes that follow it."""


class KnownRouter:
    """One site's router, as far as it is known.

    Args:
        site: For its circuits, and for how often the router is read.

    *marked* tells by circuit when its mark was last seen there.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self.view: RouterView | None = None
        self.unread: str | None = "the router has not been read yet"
        self.refusals = 0
        self._asked: Instant = -inf
        self._not_before: Instant = -inf
        self._prompted = False
        self.marked: dict[str, Instant] = {}

    def take(self, view: RouterView) -> None:
        """It was read."""
        self.view, self.unread = view, None
        self._asked = max(self._asked, view.at)
        self.marked = dict.fromkeys(view.marks, view.at)

    def asked(self, now: Instant) -> None:
        """A reading has begun."""
        self._asked, self._prompted = now, False

    def refuse(self, why: str, now: Instant) -> None:
        """A switch came nowhere, not by the circuit's fault: look, and try, again in a while."""
        self.unread, self.refusals = why, self.refusals + 1
        self._not_before = now + min(REREAD * 2.0 ** (self.refusals - 1), SELDOM)

    def prompt(self) -> bool:
        """Somebody says that it has changed; False where somebody has said so already."""
        known, self._prompted = self._prompted, True
        return not known

    def wants_reading(self, now: Instant, *, closely: bool, urgent: bool) -> bool:
        """Tell whether to read it now.

        Args:
            now: The present instant.

            closely: Probes depend on marks that it holds, or a switch has left it half changed.

            urgent: It matters what it holds now.
        """
        if now < self._not_before and not self._prompted:
            return False
        pace = self._site.policy.reconcile_every
        if urgent or self._prompted or self.unread is not None:
            pace = REREAD
        elif closely:
            pace = min(pace, MARKS_EVERY)
        return now - self._asked >= pace

    def older_than(self, failed: Instant) -> bool:
        """It was last read before the active circuit *failed*: it may have rebooted."""
        return self.view is not None and self.view.at < failed

    @property
    def unfinished(self) -> str:
        """What it will hold after its next restart, where that is not what it runs."""
        return self.view.unfinished if self.view else ""

    @property
    def has_no_way_out(self) -> bool:
        """It has no default route at all."""
        return self.view is not None and self.view.gateway is None

    def foreign(self) -> str | None:
        """What it holds, where that is no circuit's."""
        if self.view is None or self._site.identify(self.view) is not None:
            return None
        sends = f"it sends from {self.view.source} to {self.view.gateway}"
        if self.has_no_way_out:
            sends = "it has no default route"
        return (
            f"the router is on neither circuit: {sends}; put it right by hand, or with "
            "wanfailover switch NAME --force"
        )

    # Marks.

    def marks(self, active: str | None) -> tuple[Circuit, ...]:
        """The idle circuits that are seen by marked packets: it must know their marks."""
        if active is None:
            return ()
        return tuple(c for c in self._site.circuits if c.marked and c.name != active)

    def marks_differ(self, active: str | None) -> bool:
        """It does not hold all the marks it should, or holds old ones."""
        if self.view is None or self.unread is not None:
            return False
        return self.view.marks != {circuit.name for circuit in self.marks(active)}

    def lost_marks(self, view: RouterView) -> tuple[str, ...]:
        """Circuits whose marks are gone since the last look: what was sent since went astray."""
        return tuple(name for name in self.marked if name not in view.marks)

    def strayed(self, sample: ProbeSample, active: str | None) -> bool:
        """A marked packet went where the mark sent it: was that mark seen lately?"""
        if sample.role is Role.DEVICE:
            return False
        if sample.circuit not in {circuit.name for circuit in self.marks(active)}:
            return False
        return sample.sent - self.marked.get(sample.circuit or "", -inf) > MARKS_FRESH

    def forget_marks(self) -> None:
        """The active circuit is another one now: what was marked for the old one is void."""
        self.marked.clear()
