"""Where the router stands: on which circuit, how it came there, and what is unsettled about it.

The journal says what was meant, the router what is. Where they differ the router is right, and what
was meant tells where to go from there.
"""

from __future__ import annotations

from dataclasses import replace

from wanfailover.core import entries as log
from wanfailover.core.facts import Ending, Instant, Outcome, RouterView
from wanfailover.core.ledger import KEPT, MENDING, Move
from wanfailover.core.memory import Memory
from wanfailover.core.requests import News, Requests
from wanfailover.core.site import Site
from wanfailover.core.situation import RESTORED_WITHIN
from wanfailover.core.unsettled import Interrupted, Stuck, ends_nothing

MENDED = "another hand has put it there, or the router itself"
"""Of one that a switch had left half changed, and that was seen elsewhere since."""


class Standing:
    """Of one site's router.

    *active* is the circuit that it is on; None on neither. *ours* is the one that it was left on
    by our doing or with our knowing, *changed* when it last changed, by whomever. *moves* are the
    switchovers of the last day, oldest first.
    """

    def __init__(self, site: Site, memory: Memory) -> None:
        known = {circuit.name for circuit in site.circuits}
        self._site = site
        self._heir = memory.epoch > 0
        self.active: str | None = None
        self.ours = memory.active if memory.active in known else None
        self.changed: Instant | None = None
        self.moves = list(memory.moves)
        self.interrupted: Interrupted | None = memory.interrupted
        if self.interrupted is not None and self.interrupted.target not in known:
            self.interrupted = None  # the profile has changed since: the router alone tells
        self.stuck = memory.stuck if memory.stuck and known >= {*memory.stuck.circuits} else None

    # The router was read.

    def find(self, active: str | None, now: Instant, requests: Requests, news: News) -> None:
        """It was for the first time: is it where it was left?"""
        self.active = active
        self.changed = max(
            (move.at for move in self.moves if move.proved and move.target == active), default=now
        )
        if self._heir or self.ours in {None, active} or self.interrupted is not None:
            news.entries.append(log.ActiveChanged(None, active, "found so"))
            self.ours = (self._heir and self.ours) or active or self.ours
        else:
            self.changed = now
            moved = log.ActiveChanged(self.ours, active, "found so: moved while no agent ran")
            self.drift(moved, now, requests, news)

    def see(
        self, view: RouterView, active: str | None, now: Instant, requests: Requests, news: News
    ) -> None:
        """It was read again, and is on *active*."""
        stuck = self.stuck
        self.stuck = None if self._site.is_whole(view) else stuck and replace(stuck, seen=True)
        if active == self.active:
            moved_long_ago = self.changed is not None and now - self.changed > RESTORED_WITHIN
            self.ours = active if active is not None and moved_long_ago else self.ours
            return
        if stuck is not None:  # nobody knew where it was, or all wanted it to be put right
            self.ours = active or self.ours
            because = MENDED if stuck.seen else "a switch has left it so"
            news.entries.append(log.ActiveChanged(self.active, active, because))
            return
        because = "the router says so, and it was not our doing"
        self.drift(log.ActiveChanged(self.active, active, because), now, requests, news)

    def drift(self, moved: log.ActiveChanged, now: Instant, requests: Requests, news: News) -> None:
        """Another hand has moved it, or its own restart.

        It is followed, or held there as if an operator had asked for it, or put back (that is a
        rule's affair: see `Situation.restores`), as the profile has it.
        """
        news.entries.append(moved)
        drift = self._site.policy.drift
        if moved.active is None or drift == "restore":
            return
        self.ours = moved.active
        if drift == "adopt":
            requests.adopt(moved.active, now, news)

    def resume(self, news: News) -> None:
        """Close a switchover that was left open, where the router is whole, on its source."""
        left = self.interrupted
        if left is None or self.active is None or self.active != left.source:
            return
        because = f"it was left open, and the router is on {self.active}, whole"
        news.entries.append(
            log.SwitchoverEnded(
                left.id, left.source, left.target, "finish-interrupted", Ending.UNDONE, 0.0, because
            )
        )
        self.interrupted = None

    # A switchover has ended.

    def take(self, outcome: Outcome, now: Instant) -> None:
        """Note what came of it, and what it leaves to be put right."""
        whole = self._site.is_whole(outcome.view)
        if not ends_nothing(outcome, whole=whole):
            self.interrupted = None
        if outcome.changed:
            self.moves = [move for move in self.moves if move.at > now - KEPT]
            self.moves.append(_move(outcome, now))
        if whole:
            self.stuck = None
        elif outcome.ending is Ending.STUCK or (outcome.changed and outcome.rule in MENDING):
            self.stuck = self._sunk(outcome, now)
        elif self.stuck is not None:
            self.stuck = replace(self.stuck, at=now)

    def _sunk(self, outcome: Outcome, now: Instant) -> Stuck:
        seen = outcome.view is not None
        if self.stuck is not None and outcome.rule in MENDING:
            return replace(self.stuck.once_more(outcome.because, now), seen=seen)
        between = (outcome.source, outcome.target)
        circuits = dict.fromkeys(name for name in between if name is not None)
        return Stuck(outcome.because, tuple(circuits), now, seen=seen)


def _move(outcome: Outcome, now: Instant) -> Move:
    return Move(
        now, outcome.source, outcome.target, outcome.rule,
        proved=outcome.ending is Ending.PROVED,
        automatic=outcome.automatic,
        failed=outcome.proof_failed,
    )  # fmt: skip
