"""Every reason to switch, and every reason to stay, as one named row.

The rows are tried from the top. The first whose test holds decides, alone and once: there is no
second opinion further down, and nothing outside the table decides anything. A rule's name goes
wherever its decision goes (journal, log, status, documents), and its sentence is what the operator
reads at three in the morning, so it names the facts and not the code. A row that does not hold can
say why not: together they are the explanation of the decision.

Detecting is not acting. Health is judged elsewhere and always shown; what may hold a switch back
(a pause, a hold, the dwell, the budget, a window) is a row here, with a name and, where it can be
told, an end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from wanfailover.core import ledger
from wanfailover.core.facts import Instant
from wanfailover.core.reading import State
from wanfailover.core.situation import RETURN_LOSS, Return, Situation

Say = Callable[[Situation], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row.

    Args:
        holds: The test.

        because: The operator's sentence.

        otherwise: The sentence where the test does not hold.

        target: Where to switch to; a rule without it says stay.

        until: When the rule lets go by itself, where that can be told.

        page: Tells whether a person should be woken.
    """

    name: str
    holds: Callable[[Situation], bool]
    because: Say
    otherwise: Say
    target: Callable[[Situation], str | None] | None = None
    until: Callable[[Situation], Instant | None] = lambda _: None
    page: Callable[[Situation], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Decision:
    """What the first matching rule answered; *target* is None for "stay"."""

    rule: str
    because: str
    target: str | None = None
    until: Instant | None = None
    page: bool = False


def decide(situation: Situation) -> Decision:
    """Ask the rules in their order; the last one always answers."""
    rule = matching(situation)
    return Decision(
        rule=rule.name,
        because=rule.because(situation),
        target=rule.target(situation) if rule.target else None,
        until=rule.until(situation),
        page=rule.page(situation),
    )


def matching(situation: Situation) -> Rule:
    return next(rule for rule in RULES if rule.holds(situation))


# The tests and sentences, in the order of the rows that use them.


def _held(s: Situation) -> str:
    assert s.hold is not None  # noqa: S101 - the row's test
    text = f"an operator holds {s.hold.circuit}"
    if s.active is None and s.router_unread is not None:
        return f"{text}; {s.router_unread}"
    if s.active != s.hold.circuit:
        text = f"{text}, but the router is on {s.active or 'neither circuit'}"
        if s.regains is not None:
            return f"{text}, and {s.why(s.active)}" if s.active else text
    if _held_in_vain(s):
        return f"{text} although {s.why(s.active)}; end the hold with: wanfailover auto"
    return text


def _held_in_vain(s: Situation) -> bool:
    return s.active_down and s.state(s.standby).rank > State.DOWN.rank


def _stuck(s: Situation) -> str:
    return str(s.stuck) if s.mends is None else f"{s.stuck}; it is put on {s.mends} now"


def _foreign(s: Situation) -> str:
    if s.restores is None:
        return s.foreign or ""
    found = s.foreign.partition(";")[0] if s.foreign else f"the router is on {s.active}"
    return f"{found}, and not by our doing; it was on {s.restores}, and is put back there"


def _both_down(s: Situation) -> bool:
    return s.active_down and (s.state(s.standby) is State.DOWN or s.now < _try_due(s))


def _both_down_until(s: Situation) -> Instant | None:
    expires = s.readings[s.standby].expires if s.state(s.standby) is State.DOWN else -inf
    return None if expires is None else max(expires, _try_due(s))


def _try_due(s: Situation) -> Instant:
    """When the standby may be tried, where a proof has failed on it lately."""
    return ledger.try_due(s.moves, s.policy) if s.standby in s.tried else -inf


def _try_other(s: Situation) -> bool:
    return s.active_down and s.standby in s.tried and s.spent < s.budget


def _standby_not_better(s: Situation) -> bool:
    return s.wants_off and s.state(s.standby) is not State.UP


def _budget_spent(s: Situation) -> bool:
    wanted = s.active_down or s.wants_off or _due(s) is not None
    return wanted and s.spent >= s.budget


def _due(s: Situation) -> Return | None:
    """A way back that is due, and that nothing but budget, dwell and window may still stop."""
    back = s.way_back
    return back if back is not None and s.now >= back.due else None


def _dwell(s: Situation) -> str:
    back = s.way_back
    who = back.circuit if back else s.standby
    ago = s.now - ledger.last_automatic(s.moves)
    return f"switched {ago:.0f} s ago; {who} must wait"


def _no_dwell(s: Situation) -> str:
    if s.now < s.dwell_ends:
        return "nothing is to be switched"
    return f"automation switched nothing within {s.policy.dwell:g} s"


def _too_soon(s: Situation) -> str:
    back = s.way_back
    assert back is not None  # noqa: S101 - the row's test
    if back.trial:
        seen = s.site.circuit(back.circuit).vantage is not None
        will = "will be tried" if seen else "cannot be seen from here, so it will be tried"
        return (
            f"{back.circuit} {will}: at most "
            f"{s.site.proof_within(back.circuit, trial=True):g} s and two switches without "
            "Internet, and back if it is not proved"
        )
    text = f"{back.circuit} is back and must stay quiet for {back.waits:g} s"
    loss = s.readings[back.circuit].quiet_loss
    return text if loss <= RETURN_LOSS else f"{text}; it loses {loss:.0%} of its probes"


def _recovered(s: Situation) -> str:
    back = s.way_back
    assert back is not None  # noqa: S101 - the row's test
    return f"{s.why(back.circuit)}, quiet for {back.waits:g} s, and preferred"


def _trial(s: Situation) -> str:
    back = s.way_back
    assert back is not None  # noqa: S101 - the row's test
    return (
        f"{s.why(back.circuit)}, left alone for {back.waits:.0f} s, and preferred: proved within "
        f"{s.site.proof_within(back.circuit, trial=True):g} s, or back to {s.active}"
    )


def _no_way_back(s: Situation) -> str:
    if not s.better:
        return f"{s.active} is preferred to all others"
    if s.policy.failback == "manual":
        return "returning is by hand"
    back = s.way_back
    if back is None:
        return "; ".join(s.why(circuit.name) for circuit in s.better)
    return f"{back.circuit} has to be tried"


def _waited(s: Situation) -> str:
    back = s.way_back
    if back is None:
        return _no_way_back(s)
    was = "left alone" if back.trial else "quiet"
    return f"{back.circuit} was {was} for {back.waits:.0f} s"


def _steady(s: Situation) -> str:
    first = s.site.circuits[0]
    if s.active == first.name:
        return f"{s.why(s.active)} and preferred"
    by_hand = f"returning is by hand: wanfailover switch {first.name}"
    if s.policy.failback == "manual":
        return f"{s.why(s.active)}; {by_hand}"
    if s.state(first.name) is State.UNKNOWN and s.policy.failback == "evidence":
        return f"{s.why(s.active)}; {first.name} is not seen now; {by_hand}"
    return f"{s.why(s.active)}; {s.why(first.name)}"


def _is_due(s: Situation, *, trial: bool) -> bool:
    back = _due(s)
    return back is not None and back.trial is trial


def _back_to(s: Situation) -> str | None:
    return s.way_back.circuit if s.way_back else None


def _spent(s: Situation) -> str:
    return f"{s.spent} automatic switchover{'' if s.spent == 1 else 's'} within the hour"


def _spent_all(s: Situation) -> str:
    if s.active_down:
        by_hand = f"by hand: wanfailover switch {s.standby}"
        return f"{s.why(s.active)}; {_spent(s)}, and no more are allowed; {by_hand}"
    return f"{_spent(s)}; the last that is allowed is kept for a circuit that is down"


def _paused(s: Situation) -> str:
    although = f" although {s.why(s.active)}" if s.active_down else ""
    return f"an operator has paused automation{although}; it goes on with: wanfailover resume"


def _asked(s: Situation) -> str:
    assert s.request is not None  # noqa: S101 - the row's test
    asked = f"{s.request.who or 'an operator'} asked"
    return f"{asked}: {s.request.reason}" if s.request.reason else asked


RULES: tuple[Rule, ...] = (
    Rule(
        "switchover-running",
        lambda s: s.running is not None,
        lambda s: s.running or "",
        lambda _: "no switchover is under way",
    ),
    Rule(
        "stuck",
        lambda s: s.stuck is not None and s.request is None,
        _stuck,
        lambda _: "no switchover was left undecided",
        target=lambda s: s.mends,
        until=lambda s: s.stuck.again if s.stuck and s.mends is None else None,
        page=lambda _: True,
    ),
    Rule(
        "operator-asked",
        lambda s: s.request is not None,
        _asked,
        lambda _: "no operator asked for anything",
        target=lambda s: s.request.circuit if s.request else None,
    ),
    Rule(
        "paused",
        lambda s: s.pause is not None and s.interrupted is None,
        _paused,
        lambda _: "automation is not paused",
        until=lambda s: s.pause.until if s.pause else None,
    ),
    Rule(
        "held-by-operator",
        lambda s: s.hold is not None and s.interrupted is None,
        _held,
        lambda _: "no operator holds a circuit",
        target=lambda s: s.regains,
        until=lambda s: s.hold.until if s.hold else None,
        page=lambda s: s.regains is None and (_held_in_vain(s) or s.foreign is not None),
    ),
    Rule(
        "prober-sick",
        lambda s: s.prober_sick is not None,
        lambda s: s.prober_sick or "",
        lambda _: "our own host and the LAN are sound",
    ),
    Rule(
        "router-unreachable",
        lambda s: s.router_unread is not None,
        lambda s: s.router_unread or "",
        lambda _: "the router has been read",
        page=lambda s: s.refusals > 2,
    ),
    Rule(
        "foreign-state",
        lambda s: (s.foreign is not None or s.restores is not None) and s.interrupted is None,
        _foreign,
        lambda s: f"the router is on {s.active or 'neither circuit, and that is our own doing'}",
        target=lambda s: s.restores,
        page=lambda s: s.restores is None,
    ),
    Rule(
        "finish-interrupted",
        lambda s: s.interrupted is not None,
        lambda s: f"a switchover was interrupted; {s.interrupted} is where it is put right",
        lambda _: "no switchover was left open",
        target=lambda s: s.interrupted,
    ),
    Rule(
        "both-down",
        _both_down,
        lambda s: f"{s.why(s.active)}; {s.why(s.standby)}",
        lambda s: s.why(s.standby if s.active_down else s.active),
        until=_both_down_until,
        page=lambda _: True,
    ),
    Rule(
        "try-other",
        _try_other,
        lambda s: f"{s.why(s.active)}; {s.standby} failed before and may have recovered",
        lambda s: s.why(s.active) if not s.active_down else f"{s.standby} has not failed before",
        target=lambda s: s.standby,
    ),
    Rule(
        "standby-not-better",
        _standby_not_better,
        lambda s: f"{s.why(s.active)}; {s.why(s.standby)}",
        lambda s: f"{s.why(s.active)}; {s.why(s.standby)}",
    ),
    Rule(
        "switch-budget-spent",
        _budget_spent,
        _spent_all,
        lambda s: f"{_spent(s)}, of {s.budget} that are allowed",
        until=lambda s: ledger.freed(s.moves, s.now, s.budget),
        page=lambda s: s.active_down,
    ),
    Rule(
        "active-down",
        lambda s: s.active_down,
        lambda s: s.why(s.active),
        lambda s: s.why(s.active),
        target=lambda s: s.standby,
    ),
    Rule(
        "dwell",
        lambda s: (s.way_back is not None or s.wants_off) and s.now < s.dwell_ends,
        _dwell,
        _no_dwell,
        until=lambda s: s.dwell_ends,
    ),
    Rule(
        "active-degraded",
        lambda s: s.wants_off,
        lambda s: f"{s.why(s.active)}; {s.why(s.standby)}",
        lambda s: s.why(s.active),
        target=lambda s: s.standby,
    ),
    Rule(
        "returning-too-soon",
        lambda s: s.way_back is not None and _due(s) is None,
        _too_soon,
        _waited,
        until=lambda s: s.way_back.due if s.way_back else None,
    ),
    Rule(
        "outside-window",
        lambda s: _due(s) is not None and not s.window.is_open,
        lambda s: f"{_back_to(s)} may be returned to in the window only",
        lambda s: "a return is permitted now" if s.window.is_open else "no return is due",
        until=lambda s: s.window.until,
    ),
    Rule(
        "preferred-recovered",
        lambda s: _is_due(s, trial=False),
        _recovered,
        _no_way_back,
        target=_back_to,
    ),
    Rule(
        "trial-failback",
        lambda s: _is_due(s, trial=True),
        _trial,
        _no_way_back,
        target=_back_to,
    ),
    Rule("steady", lambda _: True, _steady, lambda _: ""),
)
