"""How a circuit is doing, from what its far targets answered.

Nothing is decided here, and nothing is final: a probe that is late is lost in this reading and
answered in the next (the idea is dpinger's), so health is asked for and never stored. One `Line`
watches one circuit; it is the only piece that knows how silence becomes a verdict, and another
detector with the same four verbs can take its place.

The rule, in the order it is applied:

- *down*: no answer from enough far targets for `Policy.silence`, although every one of them has
  been asked since the last sign of life. A line that is merely slow keeps answering, late; a line
  whose pings are filtered answers by TCP. Neither is silent.
- *unknown*: nobody can see the circuit now. A failure seen lately still counts, until
  `Policy.forget` has passed.
- *degraded*: a fifth of the probes go unanswered, or a dead line has only just begun to answer.
- *up*: otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from wanfailover.core.facts import Instant, Policy, ProbeSample, Result, Role, Target

WINDOW = 10.0
"""Seconds over which loss and round-trip time are told: 20 probes a target at the usual pace."""

DEGRADED_LOSS = 0.2
"""A fifth lost makes TCP crawl (Mathis et al. 1997: throughput falls with 1/sqrt(loss)); a tenth
ends it again."""

ENOUGH = 3
"""Probes that must be unanswered at least: a line that loses one in a hundred loses three in a row
once in a million, and two so often that it would be news every day."""

STALE = 10.0
"""Evidence older than this, or than three paces of the quickest target, tells nothing of now."""


class State(StrEnum):
    """Health of a circuit; `rank` orders the words by evidence."""

    UP = "up"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"
    DOWN = "down"

    @property
    def rank(self) -> int:
        """Higher is better; unknown is no good, but better than down."""
        return {"up": 3, "degraded": 2, "unknown": 1, "down": 0}[self.value]


@dataclass(frozen=True, slots=True)
class Reading:
    """A circuit's health at one instant.

    Args:
        since: When the state was entered.

        because: The evidence in a few words.

        loss: Share lost over the last `WINDOW` seconds, 0 to 1; None where nothing was asked.

        rtt: Median round-trip time over the same window, seconds.

        heard: The last sign of life; None if there never was one.

        quiet_since: Since when the circuit has answered without a gap; None while it does not.

        suspicious: Something is overdue and nothing was heard since: worth a closer look.

        unsent: Why probes cannot leave this host; None while they can.

        layer: Which part of the way fails, where the gateway's answers tell.

        in_sight: It is being probed now; otherwise the state is what was known last.
    """

    state: State
    since: Instant
    because: str
    loss: float | None = None
    rtt: float | None = None
    heard: Instant | None = None
    quiet_since: Instant | None = None
    suspicious: bool = False
    unsent: str | None = None
    layer: str | None = None
    in_sight: bool = False


@dataclass(frozen=True, slots=True)
class _Tally:
    """Probes *lost* of those *asked* in the window, and their median round trip, seconds."""

    lost: int
    asked: int
    rtt: float | None

    @property
    def loss(self) -> float | None:
        return self.lost / self.asked if self.asked else None


class _Asked:
    """What one target was asked lately and what came of it."""

    __slots__ = ("answered", "every", "heard", "recent", "unsent")

    def __init__(self, every: float) -> None:
        self.every = every
        self.heard: Instant | None = None  # when its last answer arrived
        self.answered: Instant | None = None  # when the probe of that answer was sent
        self.recent: dict[Instant, ProbeSample] = {}
        self.unsent: str | None = None

    def take(self, sample: ProbeSample) -> None:
        self.recent[sample.sent] = sample
        self.unsent = sample.detail if sample.result is Result.UNSENT else None
        if sample.result is Result.ANSWERED and sample.rtt is not None:
            self.heard = max(self.heard or 0.0, sample.sent + sample.rtt)
            self.answered = max(self.answered or 0.0, sample.sent)
        horizon = sample.sent - max(WINDOW, (ENOUGH + 1) * self.every)
        for old in [sent for sent in self.recent if sent < horizon]:
            del self.recent[old]

    def lost_since(self, instant: Instant) -> int:
        return sum(
            sample.result is Result.LOST and sent >= instant and sent > (self.answered or 0.0)
            for sent, sample in self.recent.items()
        )


class Line:
    """One circuit, as its targets see it. Lives as long as the agent; forgets on request.

    Args:
        targets: What it is asked, each with the slowest pace at which it is.
    """

    def __init__(self, targets: Sequence[Target], policy: Policy) -> None:
        self._policy = policy
        far = [target for target in targets if target.role is Role.FAR]
        voters = far or [target for target in targets if target.role is Role.GATEWAY]
        self._need = min(policy.need, max(1, len(voters)))
        self._paces = {target.name: target.every for target in voters}
        self._voters: dict[str, _Asked] = {}
        self._gateway = _Asked(1.0)
        self._floor: Instant = float("-inf")  # silence is never counted from before this
        self._quiet_since: Instant | None = None
        self._life: Instant | None = None
        self._revived: Instant | None = None
        self._condemned: str | None = None
        self._condemned_until: Instant = 0.0
        self._state = State.UNKNOWN
        self._since: Instant = 0.0
        self._evidence: Instant | None = None
        self._asked_at: Instant | None = None
        self._unseen = "not seen yet"

    def take(self, sample: ProbeSample) -> None:
        """Take one probe's result, or its repair."""
        if sample.role is Role.GATEWAY:
            self._gateway.take(sample)
        if sample.target not in self._paces:
            return
        target = self._voters.setdefault(sample.target, _Asked(self._paces[sample.target]))
        target.take(sample)
        if sample.result is Result.UNSENT:
            return
        if self._evidence is None or sample.sent - self._evidence > self._stale():
            self._floor = max(self._floor, sample.sent)  # nobody was asked: that was no silence
        self._evidence = self._asked_at = max(self._evidence or 0.0, sample.sent)
        if sample.result is Result.ANSWERED:
            if sample.sent > self._condemned_until:
                self._condemned = None
            self._heard(self._enough_heard())

    def vouch(self, now: Instant) -> None:
        """A proof succeeded here just now: as good as an answer."""
        self._condemned = None
        self._floor = max(self._floor, now)
        self._evidence = now
        self._heard(now)
        self._revived = None

    def condemn(self, now: Instant, because: str) -> None:
        """A proof failed here just now: down, until the failure is forgotten.

        Answers clear it too, but only after the dwell: they come by a way of our own, on which the
        router's failure does not show, and would have us try again at once and for ever.
        """
        self._life = self._quiet_since = None  # a failed return must wait for the whole time again
        self._condemned = because
        self._condemned_until = now + self._policy.dwell
        self._evidence = now

    def forget(self, now: Instant) -> None:
        """What was sampled lately may have gone by another circuit: begin anew."""
        self._voters.clear()
        self._gateway = _Asked(1.0)
        self._floor = now
        self._unseen = "out of sight now"
        self._asked_at = None
        self._life = self._quiet_since = self._evidence = self._condemned = None

    def deaf(self, now: Instant, seconds: float) -> None:
        """We were stalled for *seconds* until *now*: that is no silence of the line, nor age."""
        self._floor = max(self._floor, now)
        if self._evidence is not None:
            self._evidence += seconds

    def read(self, now: Instant) -> Reading:
        """Judge the circuit as of *now*."""
        tally = self._tally(now)
        state, because = self._judge(now, tally)
        if state is not self._state:
            self._state, self._since = state, now
        if state is State.DEGRADED and self._revived is None:
            self._quiet_since = now
        return Reading(
            state=state,
            since=self._since,
            because=because,
            loss=tally.loss,
            rtt=tally.rtt,
            heard=self._life,
            quiet_since=self._quiet(now),
            suspicious=self._suspicious(now),
            unsent=self._unsent(),
            layer=self._layer(state),
            in_sight=self._asked_at is not None and now - self._asked_at <= self._stale(),
        )

    # How the verdict comes about.

    def _judge(self, now: Instant, tally: _Tally) -> tuple[State, str]:
        if self._evidence is None:
            return State.UNKNOWN, self._unsent() or self._unseen
        if self._condemned is not None:
            return self._aged(now, self._condemned)
        if now - self._evidence > self._stale():
            return self._aged(now, f"silent when last seen, {now - self._evidence:.0f} s ago")
        if self._silent(now):
            self._revived = None
            return State.DOWN, self._silence(now)
        return self._answering(now, tally)

    def _answering(self, now: Instant, tally: _Tally) -> tuple[State, str]:
        if self._revived is not None:
            if now - self._revived < self._policy.silence:  # as long as it took to call it dead
                return State.DEGRADED, f"answering again for {now - self._revived:.0f} s"
            self._revived = None
        if self._suspicious(now):
            return self._state, "waiting for an answer"
        bad = DEGRADED_LOSS / 2 if self._state is State.DEGRADED else DEGRADED_LOSS
        if tally.loss is not None and tally.loss >= bad:
            because = f"{tally.lost} of {tally.asked} probes unanswered in {WINDOW:.0f} s"
            return State.DEGRADED, because
        return State.UP, "answering"

    def _aged(self, now: Instant, because: str) -> tuple[State, str]:
        """A failure nobody can check holds for a while, then it says nothing more."""
        age = 0.0 if self._evidence is None else now - self._evidence
        seen_down = self._condemned is not None or self._state is State.DOWN
        if seen_down and age < self._policy.forget:
            return State.DOWN, because
        return State.UNKNOWN, f"not seen for {age:.0f} s"

    def _silent(self, now: Instant) -> bool:
        last = self._last_life()
        if now - last < self._policy.silence:
            return self._state is State.DOWN and (self._life or 0.0) < self._since
        quiet = [t for t in self._asked() if t.heard is None or t.heard <= last]
        lost = [target.lost_since(last) for target in quiet]
        return sum(lost) >= ENOUGH and all(lost)

    def _silence(self, now: Instant) -> str:
        last = self._last_life()
        lost = sum(target.lost_since(last) for target in self._asked())
        asked = len(self._asked())
        targets = "target" if asked == 1 else "targets"
        return f"silent for {now - last:.1f} s: {lost} probes to {asked} {targets} unanswered"

    def _suspicious(self, now: Instant) -> bool:
        last = self._last_life()
        return now - last > self._policy.overdue and any(
            target.lost_since(last) for target in self._asked()
        )

    # Small readings.

    def _asked(self) -> list[_Asked]:
        return [target for target in self._voters.values() if target.unsent is None]

    def _enough_heard(self) -> Instant | None:
        """When the need-th freshest target was last heard: that long ago, enough were alive."""
        heard = sorted((t.heard for t in self._asked() if t.heard is not None), reverse=True)
        return heard[self._need - 1] if len(heard) >= self._need else None

    def _last_life(self) -> Instant:
        """When enough targets were last heard, but not before we could listen."""
        heard = self._enough_heard()
        return self._floor if heard is None else max(heard, self._floor)

    def _heard(self, at: Instant | None) -> None:
        if at is None or (self._life is not None and at <= self._life):
            return
        if self._state is State.DOWN and self._revived is None:
            self._revived = self._floor = at  # answers count from here, and losses too
        if self._life is None or at - self._life > self._gap():
            self._quiet_since = at
        self._life = at

    def _gap(self) -> float:
        """An interval between signs of life that is still quiet: three paces, at least a second."""
        paces = sorted(self._paces.values())
        return max(1.0, 3 * paces[self._need - 1]) if paces else 1.0

    def _stale(self) -> float:
        """Evidence older than this tells nothing of now."""
        return max(STALE, self._gap())

    def _quiet(self, now: Instant) -> Instant | None:
        if self._life is None or now - self._life > self._gap():
            return None
        return self._quiet_since

    def _tally(self, now: Instant) -> _Tally:
        """Count the window's probes, of targets that answer at all."""
        begin = max(now - WINDOW, self._floor)
        lost = asked = 0
        times: list[float] = []
        for target in self._asked():
            window = [sample for sent, sample in target.recent.items() if sent >= begin]
            answered = [sample.rtt for sample in window if sample.rtt is not None]
            if answered:
                unanswered = sum(sample.result is Result.LOST for sample in window)
                lost += unanswered
                asked += unanswered + len(answered)
                times += answered
        return _Tally(lost, asked, median(times) if times else None)

    def _unsent(self) -> str | None:
        """Why probes do not leave this host, where that is so of most targets.

        Of most, and not of all: one that is asked seldom has not noticed yet. One alone may have a
        name that does not resolve, or a port that our own firewall blocks.
        """
        reasons = [target.unsent for target in self._voters.values() if target.unsent is not None]
        return reasons[0] if 2 * len(reasons) > len(self._voters) else None

    def _layer(self, state: State) -> str | None:
        """A gateway that went on answering when the far targets had stopped is not the trouble."""
        if state is not State.DOWN or not self._gateway.recent:
            return None
        heard = self._gateway.heard
        answers = heard is not None and heard > self._last_life() + self._policy.overdue
        return "beyond the gateway" if answers else "line or gateway"
