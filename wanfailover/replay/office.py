"""The router of a what-if: a small model that answers readings and carries out switchovers.

It does what a sound router does, in the time that the real one took. Whether a circuit proves
itself is for the samples to say; where nobody saw it, it does, and that is said to be assumed. What
people did to the real router, and when it did not answer, holds for this one as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wanfailover.core.facts import (
    Ending,
    Instant,
    Outcome,
    RouterUnread,
    RouterView,
    SwitchoverStarted,
)
from wanfailover.core.policy import ASKED
from wanfailover.core.site import Site
from wanfailover.replay.truth import Truth, within


@dataclass(frozen=True, slots=True)
class Ended:
    """How and when a switchover ends; *assumed* where nobody saw its target."""

    at: Instant
    outcome: Outcome
    assumed: bool = False


class Office:
    """One site's router and lines, as they would have been.

    Args:
        truth: What the lines did.

        took: Seconds that a switch takes.
    """

    def __init__(self, site: Site, truth: Truth, took: float) -> None:
        self.site = site
        self._truth = truth
        self._took = took
        self.on: str | None = None
        self.known = False  # what it holds, since somebody has read the real one
        self.unread: str | None = None
        self._other: RouterView | None = None  # held instead, where that is no circuit's

    def put(self, view: RouterView) -> None:
        """Somebody else than automation has brought the router to hold *view*."""
        circuit = self.site.identify(view)
        self.known, self.unread = True, None
        if circuit is None:
            self._other = view
            self.on = self.on if view.gateway is None else None
        else:
            self.on, self._other = circuit.name, None

    def back(self) -> None:
        """It is in order again, after it had no way out, or did not answer."""
        self.unread = None
        if self.on is not None:
            self._other = None

    def read(self, now: Instant) -> RouterView | RouterUnread:
        """Answer a reading."""
        if self.unread is not None:
            return RouterUnread(now, self.unread)
        return self._holds(self.on, now)

    def _holds(self, name: str | None, now: Instant) -> RouterView:
        if self._other is not None or name is None:
            return replace(self._other or RouterView(now, None, None), at=now)
        circuit = self.site.circuit(name)
        marks = frozenset(c.name for c in self.site.circuits if c.marked and c.name != name)
        address = (circuit.interface or "", circuit.address)
        return RouterView(
            now, circuit.gateway, circuit.address.ip, circuit.interface, (address,), marks=marks
        )

    def switch(
        self, order: SwitchoverStarted, now: Instant, offset: float, *, leaves_dead: bool
    ) -> Ended:
        """Carry out *order*, begun at *now*; *offset* leads to wall time.

        Where it cannot be proved it is taken back, unless it *leaves_dead* a circuit.
        """
        made = Outcome(
            order.id, order.source, order.target, order.rule, Ending.UNDONE, self._took,
            "", automatic=order.rule not in ASKED,
        )  # fmt: skip
        if self.unread is not None:
            because = f"nothing was changed: {self.unread}"
            return Ended(now + 0.1, replace(made, changed=False, seconds=0.1, because=because))
        trial = order.rule == "trial-failback"
        patience = self.site.proof_within(order.target, trial=trial)
        end = now + self._took
        alive, assumed = self._alive(order.target, end + offset, patience)
        if alive is None:
            end += patience
            if leaves_dead:
                self.on, self._other = order.target, None
                made = replace(made, ending=Ending.UNPROVED)
            view = self._holds(self.on, end)
            because = (
                f"proof failed: no sample of {order.target} was answered within {patience:g} s"
            )
            failed = replace(made, because=because, proof_failed=True, view=view)
            return Ended(end, replace(failed, seconds=end - now))
        end = max(end, alive - offset)
        self.on, self._other = order.target, None
        because = "nobody saw it: assumed" if assumed else "its samples were answered"
        proved = replace(made, ending=Ending.PROVED, because=because, seconds=end - now)
        return Ended(end, replace(proved, view=self._holds(self.on, end)), assumed)

    def _alive(self, target: str, at: float, patience: float) -> tuple[float | None, bool]:
        """When *target* answers, from *at* on and within *patience*; whether that is assumed."""
        line = self._truth.lines.get(target)
        seen = line.next_seen(at) if line is not None else None
        if line is None or seen is None or seen > at + patience:
            return at, True
        dead = within(line.dead, seen)
        if dead is None:
            return at, False
        healed = dead[1] <= at + patience and within(line.seen, dead[1]) is not None
        return (dead[1] if healed else None), False
