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
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from statistics import median

from wanfailover.core.facts import Instant, Policy, ProbeSample, Result, Role, Target
from wanfailover.core.layers import Layer, Signs, diagnose
from wanfailover.core.patience import Day, Patience
from wanfailover.core.seconds import Seconds
from wanfailover.core.suspicion import Suspicion

WINDOW = 10.0
"""Seconds over which loss and round-trip time are told: 20 probes a target at the usual pace."""

DEGRADED_LOSS = 0.2
"""A fifth lost makes TCP crawl (Mathis et al. 1997: throughput falls with 1/sqrt(loss)); a tenth
ends it again."""

STALE = 10.0
"""Evidence older than this, or than three paces of the quickest target, tells nothing of now."""

MANY = 10_000
"""Overdue probes that are counted; after so many it is no longer news."""

MINUTE = 60.0
HOUR = 3600.0


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

        quiet_since: Since when the circuit has answered without a gap or a bad second; None while
            it does not.

        quiet_loss: Share lost since then.

        suspicious: Something is amiss: ask quickly, and look at the router.

        unsent: Why probes cannot leave this host; None while they can.

        layer: Which part of the way fails.

        muted: Targets that fail alone and are set aside.

        in_sight: It is being probed now; otherwise the state is what was known last.

        device: Since when its modem has had its line; None while it has not, or nobody says so.

        patience: Seconds of silence after which it is called down.

        learned: What that rests on, in a sentence.

        expires: When a failure that nobody can check now says nothing more; None where it can be.
    """

    state: State
    since: Instant
    because: str
    loss: float | None = None
    rtt: float | None = None
    heard: Instant | None = None
    quiet_since: Instant | None = None
    quiet_loss: float = 0.0
    suspicious: bool = False
    unsent: str | None = None
    layer: Layer | None = None
    muted: tuple[str, ...] = ()
    in_sight: bool = False
    device: Instant | None = None
    patience: float = 0.0
    learned: str = ""
    expires: Instant | None = None


class _Asked:
    """What one target was asked lately and what came of it."""

    __slots__ = ("_others", "every", "heard", "missed", "muted", "name", "recent", "unsent")

    def __init__(self, target: Target) -> None:
        self.name = target.name
        self.every = target.every
        self.heard: Instant | None = None  # when its last answer arrived
        self.missed = 0  # in a row
        self.muted = False
        self.recent: dict[Instant, ProbeSample] = {}
        self.unsent: str | None = None
        self._others = 0

    def take(self, sample: ProbeSample) -> ProbeSample | None:
        """Keep a sample; returns what the same probe was told as before."""
        was = self.recent.get(sample.sent)
        self.recent[sample.sent] = sample
        self.unsent = sample.detail if sample.result is Result.UNSENT else None
        if sample.result is Result.ANSWERED and sample.rtt is not None:
            self.heard = max(self.heard or 0.0, sample.sent + sample.rtt)
        horizon = sample.sent - WINDOW
        while (oldest := next(iter(self.recent))) < horizon:
            del self.recent[oldest]
        return was

    def judge(self, sample: ProbeSample, answers: int, after: int) -> bool:
        """Set it aside when it misses *after* in a row while others answer as often.

        Returns:
            That it has been set aside just now, or taken back.

        Args:
            sample: The newest.

            answers: How many answers the line has given, from whomever.

            after: The number.
        """
        was = self.muted
        if sample.result is Result.ANSWERED:
            self.missed, self.muted = 0, False
            if was:
                self.recent = {sample.sent: sample}
            return was
        if not self.missed:
            self._others = answers
        self.missed += 1
        self.muted = was or (self.missed >= after and answers - self._others >= after)
        return self.muted is not was


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
        self._gateway = _Asked(Target("gateway", Role.GATEWAY, 1.0))
        self.patience = Patience(policy.detect, policy.switch_cost, days)
        self._seconds = Seconds(policy.detect, self.patience.slowest + 1)
        self._suspicion = Suspicion(policy.detect)
        self._device: tuple[bool, Instant, Instant] | None = None  # has its line, since, last asked
        self._state = State.UNKNOWN
        self._since: Instant = 0.0
        self._unseen = "not seen yet"
        self._watched: Instant | None = None
        self._in_sight = 0.0  # seconds watched that patience has not been told of yet
        self._failures = 0
        self._begin(-inf)

    def _begin(self, now: Instant) -> None:
        self._voters: dict[str, _Asked] = {}
        self._muted: frozenset[str] = frozenset()
        self._answers = 0
        self._overdue = deque[Instant](maxlen=MANY)  # when those unanswered since life were sent
        self._floor = now  # silence is never counted from before this
        self._life: Instant | None = None
        self._quiet_since: Instant | None = None
        self._quiet = [0, 0]  # probes since then, and those of them that were missed
        self._revived: Instant | None = None
        self._brown = False
        self._condemned: str | None = None
        self._condemned_until: Instant | None = None  # None: until it is absolved
        self._evidence: Instant | None = None
        self._asked_at: Instant | None = None
        self._seconds.clear()
        self._suspicion.clear()

    # What it is told.

    def take(self, sample: ProbeSample, now: Instant) -> None:
        """Take one probe's result, or its repair."""
        if sample.role is Role.DEVICE:
            self._take_device(sample)
        if sample.role is Role.GATEWAY:
            self._gateway.take(sample)
        if sample.target not in self._targets:
            return
        target = self._voters.get(sample.target)
        if target is None:
            target = self._voters[sample.target] = _Asked(self._targets[sample.target])
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
        if sample.result is Result.ANSWERED:
            self._heard(self._enough_heard())
        elif was is None:
            self._lost(target, sample.sent, now)

    def _lost(self, target: _Asked, sent: Instant, now: Instant) -> None:
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
        self._quiet[0] += was is None
        self._quiet[1] += sample.missed - (was is not None and was.missed)
        if self._voices < 2 or not sample.missed:
            return  # one target alone loses a probe now and then
        if self._seconds.bad_since(self._quiet_since, self._muted, self._voices):
            self._quiet_since, self._quiet = now, [0, 0]

    def _take_device(self, sample: ProbeSample) -> None:
        """The modem has said how its line is; one that does not answer says nothing."""
        if sample.result is Result.UNSENT:
            return
        has = sample.result is Result.ANSWERED
        since = self._device[1] if self._device and self._device[0] is has else sample.sent
        self._device = (has, since, sample.sent)

    def vouch(self, now: Instant) -> None:
        """A proof succeeded here just now: as good as an answer."""
        self._condemned, self._failures = None, 0
        self._floor = max(self._floor, now)
        self._evidence = now
        self._heard(now)
        self._revived = None

    def condemn(self, now: Instant, because: str) -> None:
        """A proof failed here just now: down for a while, which doubles with each that follows.

        Answers do not clear it: they come by a way of our own, on which the router's failure does
        not show, and would have us try again at once and for ever.
        """
        self._life = self._quiet_since = None  # a failed return must wait for the whole time again
        self._condemned = because
        patience = max(self._policy.forget, self._policy.dwell)
        self._condemned_until = now + min(patience * 2.0**self._failures, HOUR)
        self._failures += 1

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
        self._gateway = _Asked(Target("gateway", Role.GATEWAY, 1.0))
        self._unseen = "out of sight now"

    def deaf(self, now: Instant, seconds: float) -> None:
        """Nobody listened for *seconds* until *now*: that is no silence of the line, nor age."""
        ages = ["_evidence", "_quiet_since"]
        if self._state is not State.DOWN:  # that stands until answers speak against it
            self._overdue.clear()
            self._seconds.clear()
        if not self._fallen_silent:
            ages += ["_life", "_floor"] if self._life is None else ["_life"]
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
        lost, asked, rtt = self._window(now)
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
            quiet_loss=self._quiet[1] / max(1, self._quiet[0]),
            suspicious=self.fast(now),
            unsent=self._unsent(),
            layer=self._layer(state, now),
            muted=tuple(sorted(self._muted)),
            in_sight=self._asked_at is not None and now - self._asked_at <= self._stale,
            device=self._device_up(now),
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
        if self._device_down(now):
            return State.DOWN, "its modem has no line"
        if self._evidence is None:
            return State.UNKNOWN, self._unsent() or self._unseen
        if now - self._evidence > self._stale:
            return self._aged(now, f"silent when last seen, {now - self._evidence:.0f} s ago")
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

    def _asked(self) -> list[_Asked]:
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
            self._quiet_since, self._quiet = at, [0, 0]
        self._life = at
        while self._overdue and self._overdue[0] < at:
            self._overdue.popleft()

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

    def _window(self, now: Instant) -> tuple[int, int, float | None]:
        """Count the window's probes lost and asked, of targets with a voice; median round trip."""
        begin = max(now - WINDOW, self._floor)
        lost = asked = 0
        times: list[float] = []
        for target in self._asked():
            if target.muted:
                continue
            for sent, sample in target.recent.items():
                if sent >= begin and sample.result is not Result.UNSENT:
                    lost += sample.result is Result.LOST
                    asked += 1
                    if sample.rtt is not None:
                        times.append(sample.rtt)
        if not times:
            return 0, 0, None  # silence: that is another rule's
        return lost, asked, median(times)

    def _unsent(self) -> str | None:
        """Why probes do not leave this host, where that is so of most targets.

        Of most, and not of all: one that is asked seldom has not noticed yet. One alone may have a
        name that does not resolve, or a port that our own firewall blocks.
        """
        reasons = [target.unsent for target in self._voters.values() if target.unsent is not None]
        return reasons[0] if 2 * len(reasons) > len(self._voters) else None

    # The modem.

    def _device_up(self, now: Instant) -> Instant | None:
        if self._device is None or not self._device[0] or now - self._device[2] > 3 * STALE:
            return None
        return self._device[1]

    def _device_down(self, now: Instant) -> bool:
        """The modem has said lately that it has no line, and nothing has been heard since."""
        if self._device is None or self._device[0] or now - self._device[2] > 3 * STALE:
            return False
        return self._life is None or self._life < self._device[1]

    def _gateway_answers(self) -> bool | None:
        """Well, while the far targets do not; None where it was not asked."""
        if not self._gateway.recent:
            return None
        if self._brown:
            lost = sum(sample.missed for sample in self._gateway.recent.values())
            return lost < DEGRADED_LOSS * len(self._gateway.recent)
        return self._gateway.heard is not None and self._gateway.heard > self._last_life() + 1.0

    def _layer(self, state: State, now: Instant) -> Layer | None:
        return diagnose(
            Signs(
                down=state is State.DOWN and self._condemned is None,
                unsent=self._unsent() is not None,
                gateway=self._gateway_answers(),
                modem_down=self._device_down(now),
                muted=tuple(self._targets[name] for name in sorted(self._muted)),
                targets=tuple(self._targets.values()),
            )
        )
