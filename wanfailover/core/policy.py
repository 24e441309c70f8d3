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

from wanfailover.core import grounds, ledger
from wanfailover.core.facts import Instant
from wanfailover.core.situation import Situation

Say = Callable[[Situation], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row.

    Args:
        means: What it answers and when, for whoever reads the table.

        holds: The test.

        because: The operator's sentence.

        otherwise: The sentence where the test does not hold.

        target: Where to switch to; a rule without it says stay.

        until: When the rule lets go by itself, where that can be told.

        page: Tells whether a person should be woken.
    """

    name: str
    means: str
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


ASKED = frozenset({"operator-asked", "drill"})
"""Rules by which somebody has asked. Such a switch is no automatic one: it spends no budget, and no
dwell follows it."""

RULES: tuple[Rule, ...] = (
    Rule(
        "switchover-running",
        "stay: one change at a time",
        lambda s: s.running is not None,
        lambda s: s.running or "",
        lambda _: "no switchover is under way",
    ),
    Rule(
        "stuck",
        "stay: neither new nor old could be established, a person is needed; tried again "
        "meanwhile, a dozen times, more and more seldom",
        lambda s: s.stuck is not None and (s.request is None or s.drill is not None),
        grounds.stuck,
        lambda s: "no switchover was left undecided" if s.stuck is None else "an operator asked",
        target=lambda s: s.mends,
        until=lambda s: s.stuck.again if s.stuck and s.mends is None else None,
        page=lambda _: True,
    ),
    Rule(
        "operator-asked",
        "switch; refused only as `standby-not-better` (the target is seen to be down) or "
        "`foreign-state`, and `--force` overrides both",
        lambda s: s.request is not None and s.drill is None,
        grounds.asked,
        lambda s: "no operator asked for anything" if s.request is None else "a drill asks",
        target=lambda s: s.request.circuit if s.request else None,
    ),
    Rule(
        "paused",
        "stay, until `resume` or the pause's end",
        lambda s: s.pause is not None and s.interrupted is None,
        grounds.paused,
        lambda s: "automation is not paused" if s.pause is None else grounds.OPEN,
        until=lambda s: s.pause.until if s.pause else None,
    ),
    Rule(
        "held-by-operator",
        "stay, until the hold ends; back to the held circuit when the other has died",
        lambda s: s.hold is not None and s.interrupted is None and not s.homeward,
        grounds.held,
        lambda s: (
            "no operator holds a circuit"
            if s.hold is None
            else grounds.OPEN
            if s.interrupted is not None
            else grounds.HOME
        ),
        target=lambda s: s.regains,
        until=lambda s: s.hold.until if s.hold else None,
        page=lambda s: (
            s.regains is None
            and (grounds.held_in_vain(s) or s.foreign is not None)
            and not (s.hold is not None and s.hold.drill)
        ),
    ),
    Rule(
        "prober-sick",
        "stay: our own host or the LAN is the trouble",
        lambda s: s.prober_sick is not None,
        lambda s: s.prober_sick or "",
        lambda _: "our own host and the LAN are sound",
    ),
    Rule(
        "router-unreachable",
        "stay: the router cannot be read",
        lambda s: s.router_unread is not None,
        lambda s: s.router_unread or "",
        lambda _: "the router has been read",
        page=lambda s: s.refusals > 2,
    ),
    Rule(
        "foreign-state",
        "stay: the router holds values of neither circuit; put it back, where the profile "
        "says `drift: restore`",
        lambda s: (s.foreign is not None or s.restores is not None) and s.interrupted is None,
        grounds.foreign,
        lambda s: f"the router is on {s.active or 'neither circuit, and that is our own doing'}",
        target=lambda s: s.restores,
        page=lambda s: s.restores is None,
    ),
    Rule(
        "finish-interrupted",
        "finish what a crash left open",
        lambda s: s.interrupted is not None,
        lambda s: f"a switchover was interrupted; {s.interrupted} is where it is put right",
        lambda _: "no switchover was left open",
        target=lambda s: s.interrupted,
    ),
    Rule(
        "both-down",
        "stay on one that is as good: a switch that no proof bears out is not undone where "
        "the old circuit is dead too",
        grounds.both_down,
        lambda s: f"{s.why(s.active)}; {s.why(s.standby)}",
        lambda s: s.why(s.standby if s.active_down else s.active),
        until=grounds.both_down_until,
        page=lambda _: True,
    ),
    Rule(
        "try-other",
        "switch: the other, which failed before, is tried again after a wait that doubles",
        grounds.try_other,
        lambda s: f"{s.why(s.active)}; {s.standby} failed before and may have recovered",
        lambda s: (
            s.why(s.active)
            if not s.active_down
            else f"{s.standby} has not failed before"
            if s.standby not in s.tried
            else f"{grounds.spent(s)}, of {s.budget} that are allowed"
        ),
        target=lambda s: s.standby,
    ),
    Rule(
        "standby-not-better",
        "stay: degraded, but nothing better is in sight",
        grounds.standby_not_better,
        lambda s: f"{s.why(s.active)}; {s.why(s.standby)}",
        lambda s: f"{s.why(s.active)}; {s.why(s.standby)}",
    ),
    Rule(
        "switch-budget-spent",
        "stay: too many automatic switchovers within the hour",
        lambda s: grounds.budget_spent(s) and not s.homeward,
        grounds.spent_all,
        lambda s: f"{grounds.spent(s)}, of {s.budget} that are allowed",
        until=lambda s: ledger.freed(s.moves, s.now, s.budget),
        page=lambda s: s.active_down,
    ),
    Rule(
        "active-down",
        "switch",
        lambda s: s.active_down,
        lambda s: s.why(s.active),
        lambda s: s.why(s.active),
        target=lambda s: s.standby,
    ),
    Rule(
        "dwell",
        "stay for a minute after a switchover",
        lambda s: (
            (s.way_back is not None or s.wants_off) and s.now < s.dwell_ends and not s.homeward
        ),
        grounds.dwell,
        grounds.no_dwell,
        until=lambda s: s.dwell_ends,
    ),
    Rule(
        "active-degraded",
        "switch, only where the profile says `degraded: switch`",
        lambda s: s.wants_off,
        lambda s: f"{s.why(s.active)}; {s.why(s.standby)}",
        lambda s: s.why(s.active),
        target=lambda s: s.standby,
    ),
    Rule(
        "drill",
        "switch, there or back: a rehearsal, which whatever is amiss comes before",
        lambda s: s.drill is not None,
        grounds.asked,
        lambda _: "no failover is rehearsed",
        target=lambda s: s.drill.circuit if s.drill else None,
    ),
    Rule(
        "returning-too-soon",
        "stay: the better circuit must be good for a while; longer each time it relapses",
        lambda s: s.way_back is not None and grounds.due(s) is None,
        grounds.too_soon,
        grounds.waited,
        until=lambda s: s.way_back.due if s.way_back else None,
    ),
    Rule(
        "outside-window",
        "stay, until a return is permitted",
        lambda s: grounds.due(s) is not None and not s.window.is_open,
        lambda s: f"{grounds.back_to(s)} may be returned to in the window only",
        lambda s: "a return is permitted now" if s.window.is_open else "no return is due",
        until=lambda s: s.window.until,
    ),
    Rule(
        "preferred-recovered",
        "switch back: the better circuit was seen good for long enough",
        lambda s: grounds.is_due(s, trial=False),
        grounds.recovered,
        grounds.no_way_back,
        target=grounds.back_to,
    ),
    Rule(
        "trial-failback",
        "switch back, with proof or away again: the better circuit cannot be seen from here",
        lambda s: grounds.is_due(s, trial=True),
        grounds.trial,
        grounds.no_way_back,
        target=grounds.back_to,
    ),
    Rule("steady", "stay", lambda _: True, grounds.steady, lambda _: ""),
)
