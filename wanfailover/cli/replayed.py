"""What `replay` has to say, in words and as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from wanfailover.cli.story import tell
from wanfailover.replay.compare import Column, Comparison
from wanfailover.replay.playback import Played, wall
from wanfailover.replay.tally import WORDS, Move
from wanfailover.wording import dated, span

MEASURES = {
    "switches": "switches",
    "needless": "  of them needless",
    "unclear": "  of them out of sight afterwards: nobody can tell",
    "undone": "not proved",
    "switching": "seconds spent switching",
    "dead": "seconds on a dead circuit",
    "spare": "seconds on a spare while {} was well",
    "unseen": "seconds on a circuit out of sight",
}

DEAD = (
    "dead: at least three probes in a row, over a second or more, that no far target ever answered"
)


def lines(comparison: Comparison, other: str | None) -> Iterator[str]:
    """Everything, line by line; *other* names the other policy's profile."""
    played = comparison.played
    span_ = f"{_time(played.first)} to {_time(played.last)}"
    yield f"{comparison.site.name}, {span_}: {played.facts} facts."
    yield from (f"Missing: {sentence}." for sentence in played.missing)
    yield from _verdict(played)
    columns = {"live": comparison.live}
    if comparison.what_if is not None and other is not None:
        columns[other] = comparison.what_if
    yield ""
    yield from _transitions(columns)
    yield ""
    yield from _table(columns, comparison.site.circuits[0].name)
    yield ""
    yield from WORDS
    yield DEAD
    if comparison.what_if is not None:
        yield from _assumptions(comparison)


def _verdict(played: Played) -> Iterator[str]:
    difference = played.difference
    count = f"{played.decisions} decision{'' if played.decisions == 1 else 's'}"
    if difference is None:
        yield f"The same {count} as live."
    else:
        yield f"The same {count} as live, but at {_time(difference.at)} it was otherwise."
        for what, entries in (("live", difference.live), ("now", difference.now)):
            told = [line for entry in entries if (line := tell(entry)) is not None]
            yield f"  {what}: {'; '.join(told) or 'nothing was said'}"
    if played.uncertain:
        yield (
            f"{played.uncertain} facts could not be compared: the engine was recorded by a program "
            "that holds other things."
        )
    if played.foreign:
        yield f"Recorded by {', '.join(sorted(played.foreign))}, which may decide otherwise."


def _transitions(columns: dict[str, Column]) -> Iterator[str]:
    made = [(move, name) for name, column in columns.items() for move in column.course.moves]
    if not made:
        yield "Nothing was switched."
        return
    width = max(len(name) for name in columns)
    for move, name in sorted(made, key=lambda pair: (pair[0].at, pair[1] != "live")):
        by = f"{name.ljust(width)}  " if len(columns) > 1 else ""
        yield f"{_time(move.at)}  {by}{_told(move)}"


def _told(move: Move) -> str:
    way = f"{move.source or 'neither'} to {move.target}"
    how = "assumed to be proved" if move.assumed else move.ending
    return f"{way}: {move.rule}, {how} after {span(move.took)}"


def _table(columns: dict[str, Column], preferred: str) -> Iterator[str]:
    words = {key: text.format(preferred) for key, text in MEASURES.items()}
    first = max(len(text) for text in words.values())
    widths = {name: max(len(name), 10) for name in columns}
    yield "  ".join([" " * first, *(name.rjust(width) for name, width in widths.items())])
    for key, text in words.items():
        cells = []
        for name, column in columns.items():
            value = getattr(column.score, key)
            shown = f"{value:.1f}" if isinstance(value, float) else str(value)
            cells.append(shown.rjust(widths[name]))
        yield "  ".join([text.ljust(first), *cells])


def _assumptions(comparison: Comparison) -> Iterator[str]:
    whence = "the live median" if comparison.measured else "for none was made live"
    yield f"assumed: a switch takes {comparison.took:.1f} s, {whence}; probes were sent when they"
    yield "were live, also where another policy would have asked more often"
    if comparison.what_if and any(move.assumed for move in comparison.what_if.course.moves):
        yield "assumed: a circuit that nobody saw when it was switched to had proved itself"


def _time(seconds: float) -> str:
    return dated(wall(seconds))


# As data.


def as_data(comparison: Comparison) -> dict[str, Any]:
    """The same for machines; times are RFC 3339 with zone, spans are seconds."""
    played, difference = comparison.played, comparison.played.difference
    return {
        "site": comparison.site.name,
        "from": _stamp(played.first),
        "to": _stamp(played.last),
        "facts": played.facts,
        "decisions_as_live": played.decisions,
        "difference": difference
        and {
            "at": _stamp(difference.at),
            "live": [asdict(entry) for entry in difference.live],
            "now": [asdict(entry) for entry in difference.now],
        },
        "uncompared_facts": played.uncertain,
        "other_programs": sorted(played.foreign),
        "missing": played.missing,
        "switch_seconds": round(comparison.took, 3),
        "live": _column(comparison.live),
        "policy": comparison.what_if and _column(comparison.what_if),
    }


def _column(column: Column) -> dict[str, Any]:
    score = column.score
    return {
        "switches": score.switches,
        "needless": score.needless,
        "unclear": score.unclear,
        "undone": score.undone,
        "switching_seconds": round(score.switching, 3),
        "dead_seconds": round(score.dead, 3),
        "spare_seconds": round(score.spare, 3),
        "unseen_seconds": round(score.unseen, 3),
        "transitions": [
            {
                "at": _stamp(move.at),
                "from": move.source,
                "to": move.target,
                "rule": move.rule,
                "outcome": move.ending,
                "seconds": round(move.took, 3),
                "assumed": move.assumed,
            }
            for move in column.course.moves
        ],
    }


def _stamp(seconds: float) -> str:
    return wall(seconds).astimezone().isoformat(timespec="milliseconds")
