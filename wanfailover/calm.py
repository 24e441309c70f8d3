"""Where a rehearsed failover would go, and what speaks against it at the moment."""

from __future__ import annotations

from collections.abc import Iterator

from wanfailover.core.engine import Engine
from wanfailover.core.reading import State

_NOT_UP = {State.DOWN, State.DEGRADED, State.UNKNOWN}


def next_best(engine: Engine) -> str:
    """The first of the circuits behind the preferred one that is up, else that is not down."""
    others = [circuit.name for circuit in engine.site.circuits[1:]]
    states = {name: engine.readings[name].state for name in others if name in engine.readings}
    well = [name for name in others if states.get(name) is State.UP]
    return (well or [name for name in others if states.get(name) is not State.DOWN] or others)[0]


def objections(engine: Engine, source: str, target: str) -> Iterator[str]:
    """Each reason not to go from *source* to *target* and back now; none where all is calm."""
    if source == target:
        yield f"{source} is the preferred circuit; a drill goes to another"
    if engine.pause is not None:
        yield "automation is paused"
    if engine.hold is not None:
        yield f"an operator holds {engine.hold.circuit}"
    if engine.switchover is not None:
        yield str(engine.switchover)
    if engine.decision.page or engine.active != source:
        yield f"{engine.decision.rule}: {engine.decision.because}"
    for circuit, wrong in ((source, _NOT_UP), (target, {State.DOWN})):
        reading = engine.readings.get(circuit)
        if reading is None or reading.state in wrong:
            seen = f"{reading.state} ({reading.because})" if reading else "not watched yet"
            yield f"{circuit} is {seen}"
