"""Rules between the keys that set times: those of `detect` and of `failback`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from wanfailover.config.detect import DetectKeys
from wanfailover.config.document import Fault
from wanfailover.config.draft import Draft
from wanfailover.config.failback import FailbackKeys
from wanfailover.config.words import quoted
from wanfailover.core.patience import Patience
from wanfailover.core.site import Policy

# Mistakes


def bounds_in_order(draft: Draft) -> Iterator[Fault]:
    """The least of something is no more than its most."""
    keys, detect = draft.detect, draft.detect.detect()
    pairs = (
        ("patience", keys.patience, detect.least, detect.most),
        ("timeout", keys.timeout, detect.timeout_least, detect.timeout_most),
    )
    for group, given, least, most in pairs:
        if least > most:
            key = "least" if given.least is not None else "most"
            text = f"`least` of `{group}` is {least:g} s, and its `most` is less: {most:g} s"
            yield Fault(("detect", group, key), text)


def beginning_within_bounds(draft: Draft) -> Iterator[Fault]:
    """What a line begins with is within what it may come to."""
    first, detect = draft.detect.first_silence, draft.detect.detect()
    if first is None or draft.detect.silence is not None or detect.least > detect.most:
        return
    if not detect.least <= first <= detect.most:
        text = (
            f"`first_silence` is {first:g} s and outside `patience`, {detect.least:g} to "
            f"{detect.most:g} s, so it would never hold"
        )
        yield Fault(("detect", "first_silence"), text)


def shares_in_order(draft: Draft) -> Iterator[Fault]:
    """A target that makes a second bad is not among those that are spared."""
    detect = draft.detect.detect()
    if detect.spared_share > detect.bad_share:
        text = (
            f"`spared_share` is {100 * detect.spared_share:g} % and more than `bad_share`, "
            f"{100 * detect.bad_share:g} %, so a brown-out could go unseen"
        )
        given = draft.detect.spared_share is not None
        yield Fault(("detect", "spared_share" if given else "bad_share"), text)


def evidence_can_be_had(draft: Draft) -> Iterator[Fault]:
    """Who returns by evidence can see what it returns to."""
    for _, circuit in draft.unseen():
        if draft.failback.method != "evidence":
            continue
        if circuit.device is not None:
            text = (
                f"the modem of {circuit.name} tells of its line only and not of what lies beyond, "
                "so `method: evidence` needs a `vantage` for packets as well; or write "
                "`method: trial`"
            )
        else:
            text = (
                f"`method: evidence` needs a `vantage` on {circuit.name}, as nobody would see it "
                "recover; give it one, or write `method: trial`"
            )
        yield Fault(("failback", "method"), text)


# Doubts


def keys_have_an_effect(draft: Draft) -> Iterator[Fault]:
    """What is written is not overruled by what is written beside it."""
    for why, at, keys in (*_overruled_in_detect(draft.detect), *_overruled_in_failback(draft)):
        if keys:
            has = "has" if len(keys) == 1 else "have"
            yield Fault((at, keys[0]), f"{why}, so {quoted(keys)} {has} no effect", key=True)


_Overruled = tuple[str, str, list[str]]


def _overruled_in_detect(keys: DetectKeys) -> Iterator[_Overruled]:
    given = [key for key in DetectKeys.known() if key in keys.model_fields_set]
    if keys.silence is not None and keys.bad_seconds is not None:
        idle = {"false_failovers_per_year", "line", "learn", "first_silence", "first_bad_seconds"}
        yield (
            "`silence` and `bad_seconds` are fixed",
            "detect",
            [key for key in given if key in idle | {"patience"}],
        )
    elif keys.silence is not None:
        idle = {"first_silence", "patience"}
        yield "`silence` is fixed", "detect", [key for key in given if key in idle]
    elif keys.bad_seconds is not None:
        idle = {"first_bad_seconds"}
        yield "`bad_seconds` is fixed", "detect", [key for key in given if key in idle]
    if keys.learn is False and (keys.silence is None or keys.bad_seconds is None):
        idle = {"false_failovers_per_year"}
        yield "nothing is learned", "detect", [key for key in given if key in idle]


def _overruled_in_failback(draft: Draft) -> Iterator[_Overruled]:
    keys = draft.failback
    given = [key for key in FailbackKeys.known() if key in keys.model_fields_set - {"method"}]
    if keys.method == "manual":
        yield "the return is by hand", "failback", given
    elif draft.complete and "trial" in given and not draft.may_try():
        yield "every return is by evidence", "failback", ["trial"]
    if keys.method != "manual" and "timezone" in given and keys.window is None:
        yield "there is no `window`", "failback", ["timezone"]


def silence_comes_first(draft: Draft) -> Iterator[Fault]:
    """An outage has bad seconds, too; it is called one by its silence."""
    keys = draft.detect
    if keys.bad_seconds is not None:
        silence = Patience(keys.detect()).silence
        if keys.bad_seconds < silence:
            text = (
                f"`bad_seconds: {keys.bad_seconds}` is less than the {silence:g} s of silence that "
                "are an outage, and decides in their place"
            )
            yield Fault(("detect", "bad_seconds"), text)


def asked_often_enough(draft: Draft) -> Iterator[Fault]:
    """An outage is noticed when targets are asked."""
    silence = Patience(draft.detect.detect()).silence
    paces = sorted(probe.spec().every for probe in draft.probes.values())
    if draft.need <= len(paces) and paces[draft.need - 1] >= silence:
        asked = "no target is" if draft.need == 1 else f"fewer than {draft.need} targets are"
        text = (
            f"{asked} asked more often than every {silence:g} s, the silence that counts as "
            "an outage, so it is noticed late; ask more often"
        )
        yield Fault(("probes",), text)


def windows_are_long_enough(draft: Draft) -> Iterator[Fault]:
    """A return that begins in a window is proved before it closes."""
    keys, policy = draft.failback, Policy()
    if keys.window is None or keys.method == "manual":
        return
    tries = draft.may_try()
    within = (keys.trial.within or policy.trial_within) if tries else policy.proof_within
    longest = keys.calendar().longest(datetime.now(UTC))
    if longest < within:
        what = "a trial may take" if tries else "a return may take"
        text = f"no window is open for longer than {longest:g} s, and {what} {within:g} s"
        yield Fault(("failback", "window"), text)
