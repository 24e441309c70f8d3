"""What the core's values are where nobody says: of the kind that is declared, and harmless."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import ConfigDict, TypeAdapter

import wanfailover.core
from wanfailover.core import entries as log
from wanfailover.core.facts import (
    AutoRequest,
    Ending,
    Outcome,
    PauseRequest,
    ProbeSample,
    Result,
    ResumeRequest,
    Role,
    RouterView,
    SwitchoverStarted,
    SwitchRequest,
    WindowTold,
)
from wanfailover.core.memory import Memory
from wanfailover.core.patience import Day
from wanfailover.core.policy import Decision
from wanfailover.core.reading import Reading, State
from wanfailover.core.requests import Answer
from wanfailover.core.site import Circuit
from wanfailover.core.site import Path as Way
from wanfailover.core.situation import Hold, Pause, Situation

STRANGERS = ConfigDict(arbitrary_types_allowed=True, strict=True)


def values() -> Iterator[type]:
    """Every dataclass of the core."""
    for file in sorted(Path(wanfailover.core.__path__[0]).glob("[a-z]*.py")):
        module = importlib.import_module(f"wanfailover.core.{file.stem}")
        for thing in vars(module).values():
            if is_dataclass(thing) and thing.__module__ == module.__name__:
                yield thing


def default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


DEFAULTS = [(v, f) for v in values() for f in fields(v) if default(f) is not MISSING]


@pytest.mark.parametrize(("value", "field"), DEFAULTS, ids=lambda it: getattr(it, "name", it))
def test_a_default_is_what_its_field_declares(value: type, field: Field[Any]):
    """An empty word is not none, none is not no, and a number is not a word."""
    hint = get_type_hints(value)[field.name]
    if NoneType in get_args(hint):
        assert default(field) is None
    elif is_dataclass(hint):
        assert isinstance(default(field), hint)
    else:
        TypeAdapter(hint, config=STRANGERS).validate_python(default(field))


FACTS = [RouterView, SwitchRequest, AutoRequest, PauseRequest, ResumeRequest, WindowTold]


@pytest.mark.parametrize(
    "value", [Reading, Memory, Hold, Pause, Answer, Circuit, Way, Day, Decision, *FACTS]
)
def test_what_is_not_said_is_not_so(value: type):
    """Nothing is suspected, seen, held or remembered by default."""
    assert not any(default(field) for field in fields(value) if default(field) is not MISSING)


def test_a_return_is_permitted_and_a_switch_is_automations_where_nobody_says():
    """The two that are so by default."""
    said = {f.name: default(f) for f in fields(Situation) if default(f) is not MISSING}
    assert said.pop("window").is_open
    assert not any(said.values())
    told = {f.name: default(f) for f in fields(Outcome) if default(f) is not MISSING}
    assert (told.pop("automatic"), told.pop("changed")) == (True, True)
    assert told.pop("refused") == "router-unreachable"
    assert not any(told.values())


def test_a_probe_is_given_a_second_where_nobody_says():
    """So it was recorded before it was said; nothing else is so by default."""
    said = {f.name: default(f) for f in fields(ProbeSample) if default(f) is not MISSING}
    assert said.pop("timeout") == 1.0
    assert not any(said.values())


def test_an_old_journals_entry_says_no_more_than_it_did():
    """But a target that was told was muted, and what was switched had touched a whole router."""
    so = {(log.TargetMuted, "muted"), (log.SwitchoverEnded, "changed")}
    so |= {(log.SwitchoverEnded, "whole")}
    told = {
        (kind, field.name)
        for kind in get_args(log.Entry)
        for field in fields(kind)
        if default(field) is not MISSING and default(field)
    }
    assert told == so


@pytest.mark.parametrize(("source", "left"), [("primary", "primary"), (None, "neither")])
def test_a_switchover_under_way_is_told_in_a_few_words(source: str | None, left: str):
    """Whoever asks for another one reads them."""
    started = SwitchoverStarted("s1", source, "backup", "active-down")
    assert str(started) == f"switching from {left} to backup"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Role, "far gateway control device tunnel"),
        (Result, "answered lost unsent"),
        (Ending, "running proved unproved undone stuck"),
        (State, "up degraded unknown down"),
    ],
)
def test_words_that_are_a_contract(kind: type[StrEnum], words: str):
    """They stand in `status --json`, in the journal and in recordings."""
    assert " ".join(kind) == words
