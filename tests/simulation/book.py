"""What operators and drills were told: whom they hold, and for how long automation is paused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from wanfailover.core.facts import AutoRequest, PauseRequest, ResumeRequest, SwitchRequest
from wanfailover.core.requests import Answer
from wanfailover.loop import Request


@dataclass
class Hold:
    """A pin, as whoever asked for it was told it stands; *drill*: it is no operator's."""

    circuit: str
    until: float
    drill: bool = False


@dataclass
class Book:
    """Kept over all lives of the agent, by what it has answered.

    Args:
        preferred: The circuit that needs no hold.
    """

    preferred: str
    clock: Callable[[], float]
    hold: Hold | None = None
    paused: float = -inf
    rehearsed: SwitchRequest | None = None  # what a drill has asked for, and has no answer to
    _latest: Request | None = None  # of an operator, on where the router shall be
    _before: tuple[Hold | None, float] = field(default=(None, -inf))

    # An operator.

    def asked(self, request: Request) -> None:
        """He asks: from now on what he asked before may be over."""
        self._before = self.hold, self.paused
        match request:
            case AutoRequest() | SwitchRequest():
                self.hold, self._latest = None, request
            case ResumeRequest() | PauseRequest():
                self.paused = -inf

    def answered(self, request: Request, answer: Answer | None) -> None:
        """He has his answer; None where the agent died over it: then nothing is sure."""
        if answer is None:
            self.hold, self.paused = None, -inf
            return
        if _refused(answer):
            self.hold, self.paused = self._before
            return
        match request:
            case PauseRequest(seconds=seconds):
                self.paused = inf if seconds is None else self.clock() + seconds
            case ResumeRequest():
                self.paused = -inf
            case AutoRequest():
                self.hold = None
            case SwitchRequest():
                self._settle(request, answer)

    def _settle(self, request: SwitchRequest, answer: Answer) -> None:
        if request is not self._latest:
            return  # another has been asked for meanwhile, and has the last word
        preferred = request.circuit == self.preferred
        if "already" in answer.sentence and request.hold is None and not preferred:
            self.hold = self._before[0]
            return
        if (preferred and request.hold is None) or request.once:
            self.hold = None
            return
        self.hold = Hold(request.circuit, self._until(request))

    def _until(self, request: SwitchRequest) -> float:
        return inf if request.hold is None else self.clock() + request.hold

    # A drill: it may end its own hold, and nobody else's.

    def rehearses(self, request: Request) -> None:
        """A drill asks."""
        if isinstance(request, SwitchRequest):
            self.rehearsed = request

    def rehearsed_so(self, request: Request, answer: Answer | None) -> None:
        """It has its answer; None where the agent died over it."""
        self.rehearsed = None
        theirs = self.hold is not None and not self.hold.drill
        if theirs or (answer is not None and _refused(answer)):
            return
        there = isinstance(request, SwitchRequest) and request.hold is not None
        if there and answer is not None:
            self.hold = Hold(request.circuit, self._until(request), drill=True)
        else:
            self.hold = None

    # What follows for a switch that nobody but the agent wants.

    def forbids(self, target: str, now: float) -> str | None:
        """Why it may not move to *target*; None if it may."""
        if now < self.paused:
            return "while automation is paused"
        hold = self.hold
        if hold is None or now >= hold.until or hold.circuit == target:
            return None
        if hold.drill and self.rehearsed is not None and self.rehearsed.circuit == target:
            return None
        return f"although {hold.circuit} is held, for {hold.until - now:.0f} s yet"


def _refused(answer: Answer) -> bool:
    """All is as it was before."""
    return answer.rule is not None and "is unproved" not in answer.sentence
