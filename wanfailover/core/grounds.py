"""The grounds of the rules: tests that take more than an expression, and sentences.

In the order of the rows that use them (`policy`).
"""

from __future__ import annotations

from math import inf

from wanfailover.core import ledger
from wanfailover.core.facts import Instant
from wanfailover.core.reading import State
from wanfailover.core.situation import RETURN_LOSS, Return, Situation

OPEN = "what a switchover has left open is put right first"
HOME = "it is a drill's own, and asks for the way home"


def held(s: Situation) -> str:
    assert s.hold is not None  # noqa: S101 - the row's test
    text = f"{'a drill' if s.hold.drill else 'an operator'} holds {s.hold.circuit}"
    if s.active is None and s.router_unread is not None:
        return f"{text}; {s.router_unread}"
    if s.active != s.hold.circuit:
        text = f"{text}, but the router is on {s.active or 'neither circuit'}"
        if s.regains is not None:
            return f"{text}, and {s.why(s.active)}" if s.active else text
    if held_in_vain(s):
        return f"{text} although {s.why(s.active)}; end the hold with: wanfailover auto"
    return text


def held_in_vain(s: Situation) -> bool:
    return s.active_down and s.state(s.standby).rank > State.DOWN.rank


def stuck(s: Situation) -> str:
    return str(s.stuck) if s.mends is None else f"{s.stuck}; it is put on {s.mends} now"


def foreign(s: Situation) -> str:
    if s.restores is None:
        return s.foreign or ""
    found = s.foreign.partition(";")[0] if s.foreign else f"the router is on {s.active}"
    return f"{found}, and not by our doing; it was on {s.restores}, and is put back there"


def both_down(s: Situation) -> bool:
    return s.active_down and (s.state(s.standby) is State.DOWN or s.now < try_due(s))


def both_down_until(s: Situation) -> Instant | None:
    expires = s.readings[s.standby].expires if s.state(s.standby) is State.DOWN else -inf
    return None if expires is None else max(expires, try_due(s))


def try_due(s: Situation) -> Instant:
    """When the standby may be tried, where a proof has failed on it lately."""
    return ledger.try_due(s.moves, s.policy) if s.standby in s.tried else -inf


def try_other(s: Situation) -> bool:
    return s.active_down and s.standby in s.tried and s.spent < s.budget


def standby_not_better(s: Situation) -> bool:
    return s.wants_off and s.state(s.standby) is not State.UP


def budget_spent(s: Situation) -> bool:
    wanted = s.active_down or s.wants_off or due(s) is not None
    return wanted and s.spent >= s.budget


def due(s: Situation) -> Return | None:
    """A way back that is due, and that nothing but budget, dwell and window may still stop."""
    back = s.way_back
    return back if back is not None and s.now >= back.due else None


def dwell(s: Situation) -> str:
    back = s.way_back
    who = back.circuit if back else s.standby
    ago = s.now - ledger.last_automatic(s.moves)
    return f"switched {ago:.0f} s ago; {who} must wait"


def no_dwell(s: Situation) -> str:
    if s.now < s.dwell_ends:
        return HOME if s.homeward else "nothing is to be switched"
    return f"automation switched nothing within {s.policy.dwell:g} s"


def too_soon(s: Situation) -> str:
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


def recovered(s: Situation) -> str:
    back = s.way_back
    assert back is not None  # noqa: S101 - the row's test
    return f"{s.why(back.circuit)}, quiet for {back.waits:g} s, and preferred"


def trial(s: Situation) -> str:
    back = s.way_back
    assert back is not None  # noqa: S101 - the row's test
    return (
        f"{s.why(back.circuit)}, left alone for {back.waits:.0f} s, and preferred: proved within "
        f"{s.site.proof_within(back.circuit, trial=True):g} s, or back to {s.active}"
    )


def no_way_back(s: Situation) -> str:
    if not s.better:
        return f"{s.active} is preferred to all others"
    if s.policy.failback == "manual":
        return "returning is by hand"
    back = s.way_back
    if back is None:
        return "; ".join(s.why(circuit.name) for circuit in s.better)
    return f"{back.circuit} has to be tried"


def waited(s: Situation) -> str:
    back = s.way_back
    if back is None:
        return no_way_back(s)
    was = "left alone" if back.trial else "quiet"
    return f"{back.circuit} was {was} for {back.waits:.0f} s"


def steady(s: Situation) -> str:
    first = s.site.circuits[0]
    if s.active == first.name:
        return f"{s.why(s.active)} and preferred"
    by_hand = f"returning is by hand: wanfailover switch {first.name}"
    if s.policy.failback == "manual":
        return f"{s.why(s.active)}; {by_hand}"
    if s.state(first.name) is State.UNKNOWN and s.policy.failback == "evidence":
        return f"{s.why(s.active)}; {first.name} is not seen now; {by_hand}"
    return f"{s.why(s.active)}; {s.why(first.name)}"


def is_due(s: Situation, *, trial: bool) -> bool:
    back = due(s)
    return back is not None and back.trial is trial


def back_to(s: Situation) -> str | None:
    return s.way_back.circuit if s.way_back else None


def spent(s: Situation) -> str:
    return f"{s.spent} automatic switchover{'' if s.spent == 1 else 's'} within the hour"


def spent_all(s: Situation) -> str:
    if s.active_down:
        by_hand = f"by hand: wanfailover switch {s.standby}"
        return f"{s.why(s.active)}; {spent(s)}, and no more are allowed; {by_hand}"
    return f"{spent(s)}; the last that is allowed is kept for a circuit that is down"


def paused(s: Situation) -> str:
    although = f" although {s.why(s.active)}" if s.active_down else ""
    return f"an operator has paused automation{although}; it goes on with: wanfailover resume"


def asked(s: Situation) -> str:
    assert s.request is not None  # noqa: S101 - the row's test
    asked = f"{s.request.who or 'an operator'} asked"
    return f"{asked}: {s.request.reason}" if s.request.reason else asked
