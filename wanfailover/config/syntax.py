"""What YAML's own complaints mean to somebody who never read its grammar.

The parser's words name tokens and states, and some repeat text of the file that may be a secret.
Here each becomes a sentence of ours, at the place where the pen should go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ruamel.yaml.error import MarkedYAMLError


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one of the parser's problems means.

    Args:
        start: It is mended where the parser began with what it could not end.
    """

    problem: re.Pattern[str]
    meaning: str
    start: bool = False


NO_TAGS = "a profile has no tags; put text that begins with `!` in quotes"
NO_ANCHORS = (
    "a profile has no anchors; write the value out, or put it in quotes if it is text that begins "
    "with `&` or `*`"
)

_READINGS = (
    _Reading(re.compile(r"character '\\t'"), "a tab stands here; YAML indents with spaces"),
    _Reading(
        re.compile(r"character '(.)' that cannot start"),
        r"text that begins with `\1` needs quotes",
    ),
    _Reading(re.compile(r"unknown escape"), "no such escape in double quotes; use single quotes"),
    _Reading(
        re.compile(r"mapping values are not allowed"),
        "a `:` cannot stand here; put text that holds `: ` in quotes, or see whether the line "
        "above lacks its own or its indentation",
    ),
    _Reading(
        re.compile(r"could not find expected ':'"),
        "this key has no `:` after it, or this line lacks its indentation",
        start=True,
    ),
    _Reading(
        re.compile(r"unexpected (?:end of stream|document separator)"),
        "this quote is never closed",
        start=True,
    ),
    _Reading(re.compile(r"expected ',' or '\]'"), "this `[` is never closed", start=True),
    _Reading(re.compile(r"expected ',' or '\}'"), "this `{` is never closed", start=True),
    _Reading(
        re.compile(r"expected (?:<block end>|'<document start>')"),
        "this does not fit the indentation or the quotes before it",
    ),
    _Reading(
        re.compile(r"found '<stream end>'"),
        "the file ends inside a `[` or `{` that is never closed",
    ),
    _Reading(re.compile(r"scanning an (?:anchor|alias)"), NO_ANCHORS, start=True),
    _Reading(re.compile(r"\btag\b"), NO_TAGS),
)

_OTHERWISE = "YAML does not allow this here; put text in quotes, or see whether the line above ends"


def explain(error: MarkedYAMLError) -> tuple[int, int, str]:
    """Give line and column, both from 1, and one sentence."""
    problem = f"{error.context} {error.problem}"
    for reading in _READINGS:
        match = reading.problem.search(problem)
        if match is not None:
            mark = (reading.start and error.context_mark) or error.problem_mark
            return mark.line + 1, mark.column + 1, match.expand(reading.meaning)
    mark = error.problem_mark or error.context_mark
    return mark.line + 1, mark.column + 1, _OTHERWISE
