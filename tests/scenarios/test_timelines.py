"""Golden timelines: a story above the dashes, what the agent said and did below them.

Each file sets the site, then says what happens when; the world plays it and the journal's own
sentences are compared. ``--regold`` rewrites what is below the dashes.
"""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path

import pytest

from tests.scenarios.world import TARGETS, World, site, target

FILES = sorted(Path(__file__).parent.glob("*.txt"))


@cache
def play(story: str) -> World:
    """Play a story to its end."""
    world: World | None = None
    for line in story.splitlines():
        words = shlex.split(line.partition("#")[0])
        if not words:
            continue
        if words[0] == "site":
            world = World(_site(words[1:]))
            continue
        assert world is not None, "a story begins with its site"
        minutes, seconds = words[0].split(":")
        world.run(int(minutes) * 60 + float(seconds))
        act(world, words[1:])
    assert world is not None
    return world


def _site(words: list[str]):
    given = dict(word.split("=", 1) for word in words)
    names = tuple(given.pop("circuits", "primary,backup").split(","))
    seen = tuple(given.pop("seen", "primary").split(","))
    lists = {key: tuple(given.pop(key, "").split(",")) for key in ("metered", "marked", "modems")}
    targets = given.pop("targets", "").split(",")
    lists["targets"] = tuple(target(name) for name in targets if name) or TARGETS
    kinds = {
        "failback": str, "degraded": str, "drift": str,
        "need": int, "switches_per_hour": int, "bad_seconds": int,
    }  # fmt: skip
    policy = {key: kinds.get(key, float)(value) for key, value in given.items()}
    return site(seen=seen, names=names, **lists, **policy)


def act(world: World, words: list[str]) -> None:
    """Let one thing happen."""
    if words == ["end"]:
        return
    if not (_to_lines(world, words) or _to_router(world, words) or _by_people(world, words)):
        raise AssertionError(f"nobody knows how to: {' '.join(words)}")


def _to_lines(world: World, words: list[str]) -> bool:
    """What happens to circuits and to those who answer over them."""
    match words:
        case ["lan", ("breaks" | "mends") as verb]:
            world.lan = verb == "mends"
        case ["host", "has", "no", "route"]:
            world.host = "no route to host"
        case ["host", "has", "its", "route", "again"]:
            world.host = ""
        case [circuit, "dies"]:
            world.alive[circuit] = False
        case [circuit, "returns"]:
            world.alive[circuit] = True
        case [circuit, "loses", share, "%", "from", "seed", seed]:
            world.loss[circuit] = int(share) / 100, int(seed)
        case [circuit, "loses", "nothing"]:
            world.loss.pop(circuit, None)
        case [circuit, "is", "slow", seconds]:
            world.delay[circuit] = float(seconds)
        case [circuit, "is", "dead", "beyond", "its", "gateway"]:
            world.beyond.add(circuit)
        case [circuit, "is", "whole", "beyond", "its", "gateway"]:
            world.beyond.discard(circuit)
        case ["nobody", "answers", *name]:
            world.filtered.add(" ".join(name))
        case ["somebody", "answers", *name]:
            world.filtered.discard(" ".join(name))
        case _:
            return False
    return True


def _to_router(world: World, words: list[str]) -> bool:
    """What happens to the router and to the agent."""
    match words:
        case ["router", "reboots"]:
            world.router = world.boot
        case ["router", "is", "edited", "by", "hand"]:
            world.router = None
        case ["somebody", "puts", "the", "router", "on", circuit]:
            world.router = circuit
        case ["router", "loses", "its", "default", "route"]:
            world.router = "nowhere"
        case ["router", "forgets", "its", "marks"]:
            world.marks.clear()
        case ["router", ("locks" | "opens") as verb]:
            world.reachable = verb == "opens"
        case ["the", "next", "switch", "leaves", "the", "router", "stuck"]:
            world.fate = "stuck"
        case ["the", "next", number, "switches", "leave", "the", "router", "stuck"]:
            world.fate, world.fates = "stuck", int(number)
        case ["the", "agent", "is", "killed", "in", "its", "next", "switch"]:
            world.fate = "killed"
        case ["the", "agent", "is", "started", "anew"]:
            world.restart()
        case ["router", "takes", seconds, "to", "be", "read"]:
            world.reading = float(seconds)
        case ["agent", "stalls", seconds]:
            world.now += float(seconds)
        case _:
            return False
    return True


def _by_people(world: World, words: list[str]) -> bool:
    """What operators do, and the calendar."""
    match words:
        case ["window", ("opens" | "closes") as verb, *seconds]:
            world.window(is_open=verb == "opens", seconds=float(seconds[1]) if seconds else None)
        case ["operator", "pauses", *seconds]:
            world.pause(float(seconds[0]) if seconds else None)
        case ["operator", "asks", "why"]:
            world.explain()
        case ["operator", "resumes"]:
            world.resume()
        case ["operator", "auto"]:
            world.auto()
        case ["operator", "switch", circuit, *how]:
            options: dict[str, object] = {
                word: True for word in how if word in {"once", "force", "drill"}
            }
            if "for" in how:
                options["hold"] = float(how[how.index("for") + 1])
            world.request(circuit, **options)
        case _:
            return False
    return True


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_timeline(file: Path, request: pytest.FixtureRequest) -> None:
    """The agent says and does exactly what the golden file tells."""
    story, _, expected = file.read_text().partition("----\n")
    told = "".join(f"{line}\n" for line in play(story).lines)
    if request.config.getoption("--regold"):
        file.write_text(f"{story}----\n{told}")
    else:
        assert told == expected
