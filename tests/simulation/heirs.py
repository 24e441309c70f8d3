"""What a profile that is read again changes, where nothing has changed in it: nothing."""

from __future__ import annotations

from collections.abc import Iterator

from wanfailover.core.engine import Engine

STANDS = {"stuck", "paused", "held-by-operator", "foreign-state", "finish-interrupted"}
"""Rules that rest on what an agent remembers. Others rest on what the lines have shown lately, and
that is asked for again."""


def lost(old: Engine, new: Engine, now: float) -> Iterator[str]:
    """What the *new* engine does not know any more, when it has been told all that it is told."""
    kept = {
        "circuit": (old.active, new.active),
        "hold": (old.hold, new.hold),
        "pause": (old.pause, new.pause),
        "switch left open": (old.interrupted, new.interrupted),
    }
    for what, (was, is_) in kept.items():
        over = getattr(was, "until", None) is not None and was.until <= now
        if was != is_ and not (over and is_ is None):
            yield f"the {what} was {was}, and is {is_}"
    was, is_ = old.decision.rule, new.decision.rule
    if was in STANDS and is_ != was:
        yield f"it said {was} ({old.decision.because}), and says {is_} ({new.decision.because})"
    if new.epoch <= old.epoch:
        yield "what was asked by the old one in flight is taken for an answer to the new one"
