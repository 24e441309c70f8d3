"""How a circuit is doing, from what its far targets answered.

Nothing is decided here, and nothing is final: a probe that is late is lost in this reading and
answered in the next (the idea is dpinger's), so health is asked for and never stored. One `Line`
watches one circuit; it is the only piece that knows how answers become a verdict.

Two plain rules take a line down, each with a patience that is the line's own (`patience`):

- *silence*: no answer from enough far targets for so long, although five probes sent since are
  overdue. A line that is merely slow keeps answering, late; a line whose pings are filtered answers
  by TCP. Neither is silent.
- *bad seconds*: seconds in which a fifth goes unanswered outnumber the others by so many
  (`seconds`), and no target with a voice is spared.

A target that fails alone is set aside and told (`muted`); while we were stalled ourselves nothing
is held against the line (`deaf`); latency alone does nothing but make us wait longer for answers.
What nobody can see now is *unknown*; a failure seen lately still counts, for a while.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import inf

from wanfailover.core.asked import WINDOW, Asked, tally
from wanfailover.core.facts import Instant, ProbeSample, Result, Role
from wanfailover.core.layers import Layer, Signs, diagnose
from wanfailover.core.modem import Modem
from wanfailover.core.patience import Day, Patience
from wanfailover.core.reading import Reading, State
from wanfailover.core.seconds import Seconds
from wanfailover.core.site import Policy, Target
from wanfailover.core.suspicion import Suspicion

DEGRADED_LOSS = 0.2
"""A fifth lost makes TCP crawl (Mathis et al. 1997: throughput falls with 1/sqrt(loss)); a tenth
ends it again."""

STALE = 10.0
"""Evidence older than this, or than three paces of the quickest target, tells nothing of now."""

MANY = 10_000
"""Overdue probes that are counted; after so many it is no longer news."""

MINUTE = 60.0


class Line:
    """One circuit, as its targets see it. Lives as long as the agent; forgets on request.

    Args:
        targets: What it is asked, each with the slowest pace at which it is.

        days: What is known of it from earlier runs.
    """

    def __init__(self, targets: Sequence[Target], policy: Policy, days: Sequence[Day] = ()) -> None:
        self._policy = policy
        self._detect = policy.detect
        far = [target for target in targets if target.role is Role.FAR]
        voters = far or [target for target in targets if target.role is Role.GATEWAY]
        self._need = min(policy.need, max(1, len(voters)))
        self._targets = {target.name: target for target in voters}
        rate = sum(1 / target.every for target in voters) or 1.0
        self._gap = max(1.0, 3 * self._need / rate)  # between signs of life that is still quiet
        self._stale = max(STALE, self._gap, 3 * min((t.every for t in voters), default=1.0))
        self._gateway = Asked(Target("gateway", Role.GATEWAY, 1.0))
        self.patience = Patience(policy.detect, policy.switch_cost, days)
        self._seconds = Seconds(policy.detect, self.patience.slowest + 1)
        self._suspicion = Suspicion(policy.detect)
        self._modem = Modem()
        self._state = State.UNKNOWN
        self._since: Instant = 0.0
        self._unseen = "not seen yet"
        self._watched: Instant | None = None
        self._in_sight = 0.0  # seconds watched that patience has not been told of yet
        self._begin(-inf)

    def _begin(self, now: Instant) -> None:
        self._voters: dict[str, Asked] = {}
        self._muted: frozenset[str] = frozenset()
        self._answers = 0
        self._overdue = deque[Instant](maxlen=MANY)  # when those unanswered since life were sent
        self._floor = now  # silence is never counted from before this
        self._life: Instant | None = None
        self._quiet_since: Instant | None = None
        self._quiet: dict[str, list[int]] = {}  # of each target: probes since then, and missed ones
        self._revived: Instant | None = None
        self._brown = False
        self._condemned: str | None = None
        self._condemned_until: Instant | None = None  # None: until it is absolved
        self._evidence: Instant | None = None
        self._asked_at: Instant | None = None
        self._seconds.clear()
        self._suspicion.clear()

    def take(self, sample: ProbeSample, now: Instant) -> None:
        """Take one probe's result, or its repair."""
        if sample.role is Role.DEVICE:
            self._modem.take(sample)
        if sample.role is Role.GATEWAY:
            self._gateway.take(sample)
        if sample.target not in self._targets:
            return
        target = self._voters.get(sample.target)
        if target is None:
            target = self._voters[sample.target] = Asked(self._targets[sample.target])
        was = target.take(sample)
        if sample.result is Result.UNSENT:
            return
        if self._evidence is None or sample.sent - self._evidence > self._stale:
            self._floor = max(self._floor, sample.sent)  # nobody was asked: that was no silence
        self._evidence = self._asked_at = max(self._evidence or 0.0, sample.sent)
        self._count(sample, was, now)
        self._answers += sample.result is Result.ANSWERED
        news = was is None or sample.result is Result.ANSWERED  # not a loss that is told again
        if news and target.judge(sample, self._answers, self._detect.muted_after):
            self._muted = frozenset(t.name for t in self._voters.values() if t.muted)
            self._quiet.pop(sample.target, None)  # its account begins anew
        if sample.result is Result.ANSWERED:
            self._heard(self._enough_heard())
        elif was is None:
            self._lost(target, sample.sent, now)

    def _lost(self, target: Asked, sent: Instant, now: Instant) -> None:
        """Suspicion takes every miss, also when others were heard since: a brown-out is so."""
        if sent >= self._last_life():
            self._overdue.append(sent)
        if not target.muted:
            self._suspicion.miss(target.name, now, self._voices)

    def _count(self, sample: ProbeSample, was: ProbeSample | None, now: Instant) -> None:
        """Enter it into the account of good and bad seconds, and of quiet."""
        if sample.target not in self._muted or was is not None:
            # What one misses while it is set aside is nobody's loss.
            self._seconds.take(sample, was)
        if self._quiet_since is None or sample.sent < self._quiet_since:
            return  # it was sent before the quiet began
        counts = self._quiet.setdefault(sample.target, [0, 0])
        counts[0] += was is None
        counts[1] += sample.missed - (was is not None and was.missed)
        if self._voices < 2 or not sample.missed:
            return  # one target alone loses a probe now and then
        if self._seconds.bad_since(self._quiet_since, self._muted, self._voices):
            self._quiet_since, self._quiet = now, {}

    def vouch(self, now: Instant) -> None:
        """A proof succeeded here just now: as good as an answer, and what was before is past."""
        self._begin(now)
        self._state = State.UNKNOWN
        self._evidence = now
        self._heard(now)
        self._revived = None

    def condemn(self, now: Instant, because: str) -> None:
        """A proof failed here just now: down for a while, whatever answers by a way of our own."""
        self._life = self._quiet_since = None  # a failed return must wait for the whole time again
        self._condemned = because
        self._condemned_until = now + self._policy.doubt

    def acquit(self, sample: ProbeSample) -> None:
        """It answers by the router's own way, by which a proof had failed: judge it anew."""
        answered = sample.role is Role.FAR and sample.result is Result.ANSWERED
        if answered and self._condemned_until is not None:
            self._condemned = None

    def cut_off(self, because: str) -> None:
        """Nothing can leave by it, whatever answers on a way of our own: down until `absolve`."""
        self._life = self._quiet_since = None
        self._condemned, self._condemned_until = because, None

    def absolve(self, now: Instant) -> None:
        """It is not cut off, or no more: what was sent meanwhile says nothing."""
        if self._condemned is not None and self._condemned_until is None:
            self.forget(now)

    def forget(self, now: Instant) -> None:
        """What was sampled lately may have gone by another circuit: begin anew."""
        self._begin(now)
        self._gateway = Asked(Target("gateway", Role.GATEWAY, 1.0))
        self._unseen = "out of sight now"

    def deaf(self, now: Instant, seconds: float) -> None:
        """Nobody listened for *seconds* until *now*: that is no silence of the line, nor age."""
        ages = ["_evidence", "_quiet_since"]
        if self._state is not State.DOWN:  # that stands until answers speak against it
            self._overdue.clear()
            self._seconds.clear()
        if not self._fallen_silent:
            ages += ["_life", "_floor"]
        self._suspicion.clear()
        self._watched = None
        for instant in ages:
            if (at := getattr(self, instant)) is not None:
                setattr(self, instant, min(now, at + seconds))

    # What it says.

    def read(self, now: Instant) -> Reading:
        """Judge the circuit as of *now*."""
        before = self._state, self._since
        state, because = self.judge(now)
        lost, asked, rtt = tally(self._asked(), max(now - WINDOW, self._floor))
        bearable = DEGRADED_LOSS / 2 if before[0] is State.DEGRADED else DEGRADED_LOSS
        silent = len(self._overdue)  # since the last answer: that is for silence to judge
        if state is State.UP and lost - silent >= max(1, asked - silent) * bearable:
            state, because = (
                State.DEGRADED,
                f"{lost} of {asked} probes unanswered in {WINDOW:.0f} s",
            )
        self._state, self._since = before if state is before[0] else (state, now)
        quiet = self._quiet_since if self._is_quiet(now) else None
        return Reading(
            state=state,
            since=self._since,
            because=because,
            loss=lost / asked if asked else None,
            rtt=rtt,
            heard=self._life,
            quiet_since=quiet,
            quiet_loss=self._quiet_loss(),
            suspicious=self.fast(now),
            unsent=self._unsent(),
            layer=self._layer(state, now),
            muted=tuple(sorted(self._muted)),
            in_sight=self._asked_at is not None and now - self._asked_at <= self._stale,
            device=self._modem.line_since(now),
            patience=self.patience.silence,
            learned=str(self.patience),
            expires=self._expires(state, now),
        )

    def judge(self, now: Instant) -> tuple[State, str]:
        """The verdict alone, with its evidence; `read` tells of bearable loss besides."""
        self._watch(now)
        state, because = self._verdict(now)
        if state is not self._state:
            self._state, self._since = state, now
        return state, because

    def _verdict(self, now: Instant) -> tuple[State, str]:
        if self._condemned is not None:
            if self._condemned_until is None or now < self._condemned_until:
                return State.DOWN, self._condemned
            self._condemned = None
        if self._modem.is_dead(now, self._life):
            return State.DOWN, "its modem has no line"
        if self._evidence is None:
            return State.UNKNOWN, self._unsent() or self._unseen
        if now - self._evidence > self._stale:
            how = "lossy" if self._brown else "silent"
            return self._aged(now, f"{how} when last seen, {now - self._evidence:.0f} s ago")
        if self._silent(now):
            self._revived, self._brown = None, False
            return State.DOWN, self._silence(now)
        if self._life is None:
            return State.UNKNOWN, "no answer yet"
        return self._answering(now)

    def fast(self, now: Instant) -> bool:
        """Tell whether the line deserves quick probes now."""
        silent = bool(self._overdue) and now - self._last_life() > self._gap
        if self._fallen_silent:  # that is known; suspicion is for what comes after
            silent = False
            self._suspicion.clear()
        return self._suspicion.fast(now, silent=silent)

    def _answering(self, now: Instant) -> tuple[State, str]:
        surplus = self._seconds.surplus(now, self._muted, self._voices)
        while self._seconds.healed:
            self.patience.spell_healed(self._seconds.healed.pop())
        if self._brown or surplus >= self.patience.bad_seconds:
            spared = None if self._brown else self._seconds.spared(self._muted)
            self._brown = surplus > 0 and spared is None
            if self._brown:
                return State.DOWN, f"bad seconds outnumber good ones by {surplus}"
        if self._revived is not None:
            if now - self._revived < self.patience.silence:  # as long as it took to call it dead
                return State.DEGRADED, f"answering again for {now - self._revived:.0f} s"
            self._revived = None
        return State.UP, "answering"

    def _aged(self, now: Instant, because: str) -> tuple[State, str]:
        """A failure nobody can check holds for a while, then it says nothing more."""
        age = now - (self._evidence or 0.0)
        if self._state is State.DOWN and age < self._policy.forget:
            return State.DOWN, because
        return State.UNKNOWN, f"not seen for {age:.0f} s"

    def _silent(self, now: Instant) -> bool:
        if self._fallen_silent:
            return True  # until it is heard
        patient = now - self._last_life() < self.patience.silence
        return not patient and len(self._overdue) >= self._detect.enough

    def _silence(self, now: Instant) -> str:
        asked = len(self._asked())
        targets = "target" if asked == 1 else "targets"
        return (
            f"silent for {now - self._last_life():.1f} s: {len(self._overdue)} probes to {asked} "
            f"{targets} unanswered"
        )

    def _expires(self, state: State, now: Instant) -> Instant | None:
        if self._condemned is not None:
            return self._condemned_until
        seen = self._evidence is None or now - self._evidence <= self._stale
        if state is not State.DOWN or seen or self._evidence is None:
            return None
        return self._evidence + self._policy.forget

    # Small readings.

    def _asked(self) -> list[Asked]:
        return [target for target in self._voters.values() if target.unsent is None]

    @property
    def _fallen_silent(self) -> bool:
        """It is down, and not for bad seconds, and has not been heard since."""
        return self._state is State.DOWN and not self._brown and self._revived is None

    @property
    def _voices(self) -> int:
        return len(self._targets) - len(self._muted)

    def _enough_heard(self) -> Instant | None:
        """When the need-th freshest target was last heard: that long ago, enough were alive."""
        heard = sorted((t.heard for t in self._asked() if t.heard is not None), reverse=True)
        return heard[self._need - 1] if len(heard) >= self._need else None

    def _last_life(self) -> Instant:
        """When enough targets were last heard, but not before we could listen."""
        return self._floor if self._life is None else max(self._life, self._floor)

    def _heard(self, at: Instant | None) -> None:
        """Enough targets were alive at *at*: a silence, if there was one, is over."""
        if at is None or (self._life is not None and at <= self._life):
            return
        silence = at - self._last_life()
        if self._life is not None and len(self._overdue) > 1:
            self.patience.silence_healed(silence)
        if self._fallen_silent:
            self._revived = self._floor = at  # answers count from here, and losses too
            self._seconds.clear()
        if self._life is None or silence > self._gap or self._quiet_since is None:
            self._quiet_since, self._quiet = at, {}
        self._life = at
        while self._overdue and self._overdue[0] < at:
            self._overdue.popleft()

    def _quiet_loss(self) -> float:
        """Share lost since then; what a target misses that is set aside is not the line's."""
        counts = [count for name, count in self._quiet.items() if name not in self._muted]
        return sum(missed for _, missed in counts) / max(1, sum(asked for asked, _ in counts))

    def _is_quiet(self, now: Instant) -> bool:
        return self._life is not None and now - self._life <= self._gap and not self._brown

    def _watch(self, now: Instant) -> None:
        """Count the time for which the line was in sight."""
        seen = self._asked_at is not None and now - self._asked_at <= self._stale
        if seen and self._watched is not None:
            self._in_sight += now - self._watched
        self._watched = now if seen else None
        if self._in_sight > MINUTE:
            self.patience.watched(self._in_sight)
            self._in_sight = 0.0

    def _unsent(self) -> str | None:
        """Why probes do not leave this host, where that is so of most targets.

        Of most, and not of all: one that is asked seldom has not noticed yet. One alone may have a
        name that does not resolve, or a port that our own firewall blocks.
        """
        reasons = [target.unsent for target in self._voters.values() if target.unsent is not None]
        return reasons[0] if 2 * len(reasons) > len(self._voters) else None

    def _gateway_answers(self) -> bool | None:
        """Well, while the far targets do not; None where it was not asked."""
        if not self._gateway.recent:
            return None
        if self._brown:
            lost = sum(sample.missed for sample in self._gateway.recent.values())
            return lost < self._detect.spared_share * len(self._gateway.recent)
        return self._gateway.heard is not None and self._gateway.heard > self._last_life() + 1.0

    def _layer(self, state: State, now: Instant) -> Layer | None:
        return diagnose(
            Signs(
                down=state is State.DOWN and self._condemned is None,
                unsent=self._unsent() is not None,
                gateway=self._gateway_answers(),
                modem=None if self._brown else self._modem.says(now, self._life),
                muted=tuple(self._targets[name] for name in sorted(self._muted)),
                targets=tuple(self._targets.values()),
            )
        )
