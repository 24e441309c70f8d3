"""What operators ask for: the request that is being met, the hold and the pause that outlast it."""

from __future__ import annotations

from dataclasses import dataclass, field

from wanfailover.core import entries as log
from wanfailover.core.facts import (
    AutoRequest,
    Ending,
    Instant,
    Outcome,
    PauseRequest,
    ResumeRequest,
    SwitchRequest,
)
from wanfailover.core.policy import Decision
from wanfailover.core.reading import State
from wanfailover.core.situation import Hold, Pause, Situation


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operator's request came to; *rule* names what refused it, None when it was done."""

    id: str
    sentence: str
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What one fact has brought: entries for the journal, and answers for operators who asked."""

    entries: list[log.Entry] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


class Requests:
    """The operators' wishes of one site.

    Args:
        preferred: The circuit that needs no hold to stay on.

        hold: As the journal remembers it.

        pause: Likewise.
    """

    def __init__(self, preferred: str, hold: Hold | None, pause: Pause | None) -> None:
        self._preferred = preferred
        self.hold = hold
        self.pause = pause
        self.open: SwitchRequest | None = None

    def refuse(self, request: SwitchRequest, why: Decision, news: News) -> None:
        """Tell the operator and the journal by which rule it cannot be.

        A drill that was open is not any more: it waits for nothing that comes before it.
        """
        if request is self.open:
            self.open = None
        news.entries.append(log.RequestRefused(why.rule, request.circuit, why.because, request.who))
        news.answers.append(Answer(request.id, why.because, why.rule))

    def met_already(self, request: SwitchRequest, now: Instant, news: News) -> None:
        """The router is on that circuit: only the hold may be another one now."""
        held = ""
        if request.hold is not None or request.circuit == self._preferred:
            self.settle(request, now, news)
            held = f"; {self.hold.circuit} is held, wanfailover auto ends it" if self.hold else ""
        sentence = f"the router is on {request.circuit} already; nothing was changed{held}"
        news.answers.append(Answer(request.id, sentence))

    def take_outcome(self, outcome: Outcome, now: Instant, news: News) -> None:
        """A switchover has ended: answer the one who asked for it, if somebody did."""
        request, self.open = self.open, None
        if request is None:
            return
        if outcome.ending in {Ending.PROVED, Ending.UNPROVED}:
            self.settle(request, now, news)  # it is where he wants it
        news.answers.append(self._answer(request, outcome))

    def adopt(self, circuit: str, now: Instant, news: News) -> None:
        """Another hand has moved the router there: as good as an operator's switch."""
        reason = "the router was moved there by another hand"
        self.settle(SwitchRequest("", circuit, who="somebody", reason=reason), now, news)

    def expire(self, now: Instant, news: News) -> None:
        """End a hold and a pause whose time is over."""
        if self.hold and self.hold.until is not None and now >= self.hold.until:
            self.release("its time is over", news)
        if self.pause and self.pause.until is not None and now >= self.pause.until:
            self._go_on("its time is over", news)

    def release(self, because: str, news: News) -> None:
        """End the hold, if there is one."""
        if self.hold is not None:
            news.entries.append(log.HoldEnded(self.hold.circuit, because))
            self.hold = None

    def ends(self) -> tuple[Instant | None, ...]:
        """When the hold and the pause end, as far as that can be told."""
        return tuple(pin.until for pin in (self.hold, self.pause) if pin is not None)

    def take(
        self, request: AutoRequest | PauseRequest | ResumeRequest, now: Instant, news: News
    ) -> None:
        """Do what can be done at once."""
        match request:
            case AutoRequest():
                self._let_go(request, news)
            case PauseRequest():
                self._stop(request, now, news)
            case _:
                self._resume(request, news)

    def _let_go(self, request: AutoRequest, news: News) -> None:
        """An operator ends the hold, if there is one."""
        done = (
            f"{self.hold.circuit} is no longer held: automation decides again"
            if self.hold is not None
            else "nothing was held: automation decides, as before"
        )
        self.release("an operator ended it", news)
        news.answers.append(Answer(request.id, done))

    def _stop(self, request: PauseRequest, now: Instant, news: News) -> None:
        """An operator stops automation; a new pause takes the place of an old one."""
        given = request.seconds
        self.pause = Pause(None if given is None else now + given)
        news.entries.append(log.PauseBegan(given, request.who))
        end = "until: wanfailover resume" if given is None else f"for {span(given)}"
        news.answers.append(Answer(request.id, f"automation is paused {end}"))

    def _resume(self, request: ResumeRequest, news: News) -> None:
        """An operator lets automation go on."""
        done = (
            "automation goes on"
            if self.pause is not None
            else "automation was not paused; it goes on as before"
        )
        self._go_on(f"{request.who or 'an operator'} ended it", news)
        news.answers.append(Answer(request.id, done))

    def _go_on(self, because: str, news: News) -> None:
        if self.pause is not None:
            news.entries.append(log.PauseEnded(because))
            self.pause = None

    def settle(self, request: SwitchRequest, now: Instant, news: News) -> None:
        """The router is where *request* wants it: begin its hold, or end one."""
        if request.circuit == self._preferred and request.hold is None:
            self.release(f"{request.circuit} is the preferred circuit", news)
        elif not request.once:
            until = None if request.hold is None else now + request.hold
            self.hold = Hold(request.circuit, until, request.drill)
            news.entries.append(
                log.HoldBegan(
                    request.circuit, request.hold, request.who, request.reason, request.drill
                )
            )
        else:
            self.release("an operator has switched once, without a hold", news)

    def _answer(self, request: SwitchRequest, outcome: Outcome) -> Answer:
        """Tell the operator what came of it."""
        took = f"after {outcome.seconds:.1f} s"
        pin = self.hold if outcome.ending in {Ending.PROVED, Ending.UNPROVED} else None
        held = f"; {pin.circuit} is held, wanfailover auto ends it" if pin else ""
        if outcome.ending is Ending.PROVED:
            return Answer(
                request.id,
                f"the router is on {outcome.target}, proved {took}: {outcome.because}{held}",
            )
        if not outcome.changed:
            return Answer(request.id, outcome.because, outcome.refused)
        why = f"the switch to {outcome.target} is {outcome.ending} {took}: {outcome.because}"
        return Answer(request.id, f"{why}{held}", outcome.rule)


def refusal(situation: Situation, request: SwitchRequest) -> Decision | None:
    """Why an operator's request cannot be met; None if it can.

    An operator is refused only where the target is seen to be down or the router is on neither
    circuit, and may force both. What nobody sees now he may know better. The proof and the undo
    stay in any case.
    """
    if request.force:
        return None
    if situation.foreign is not None and situation.interrupted is None:
        return Decision("foreign-state", situation.foreign)
    reading = situation.readings.get(request.circuit)
    if reading is not None and reading.state is State.DOWN and reading.in_sight:
        because = f"{situation.why(request.circuit)}; --force tries it, with proof and undo"
        return Decision("standby-not-better", because)
    return None


def span(seconds: float) -> str:
    """A length of time in its largest whole unit: ``90 s``, ``30 min``, ``2 h``."""
    units = ((3600, "h"), (60, "min"))
    fit = (f"{seconds / n:.0f} {unit}" for n, unit in units if seconds >= n and not seconds % n)
    return next(fit, f"{seconds:g} s")
