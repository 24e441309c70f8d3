"""A recording decides as it did live; another policy is shown beside it, with what was assumed."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flight.tape import EPOCH, Recorded, played
from tests.scenarios.world import SWITCH, World, site
from wanfailover.cli import cli
from wanfailover.cli.replayed import as_data, lines
from wanfailover.core.site import Detect, Policy
from wanfailover.errors import RecordingError
from wanfailover.flight import writer
from wanfailover.flight.reader import Log
from wanfailover.flight.rows import to_line
from wanfailover.replay.compare import Another, Comparison, replay

NAMES = ("primary", "backup", "lte")
LINES = st.one_of(
    st.tuples(st.just("alive"), st.sampled_from(NAMES), st.booleans()),
    st.tuples(st.just("delay"), st.sampled_from(NAMES), st.sampled_from([0.0, 0.7, 1.5])),
    st.tuples(st.just("loss"), st.sampled_from(NAMES), st.sampled_from([(0.5, 1), (0.2, 2)])),
)
OTHERS = st.one_of(
    st.tuples(st.sampled_from(["lan", "reachable"]), st.booleans()),
    st.tuples(st.just("router"), st.sampled_from([*NAMES, None, "nowhere"])),
    st.tuples(st.just("switch"), st.sampled_from(NAMES), st.booleans()),
    st.tuples(st.just("pause"), st.sampled_from([None, 20.0])),
    st.tuples(st.just("window"), st.booleans()),
    st.tuples(st.just("stall"), st.sampled_from([1.5, 10.0, 100.0])),
    st.sampled_from([("auto",), ("resume",), ("restart",)]),
)
TRIED = settings.default.max_examples
"""Histories in the ordinary run, or in a soak; each lasts minutes of the engine's."""

PAUSES = st.sampled_from([0.4, 3.0, 11.0, 25.0])


def histories(events):
    """A few events, with time between them."""
    return st.lists(st.tuples(PAUSES, events), max_size=6)


def live(world: Recorded, history) -> None:
    """Have *history* happen."""
    world.run(5)
    for pause, event in history:
        match event:
            case ("alive" | "delay" | "loss" as what, name, value):
                getattr(world, what)[name] = value
            case ("lan" | "reachable" as what, works):
                setattr(world, what, works)
            case ("router", name) if world.engine.switchover is None:
                world.router = name
            case ("switch", name, once):
                world.request(name, once=once, hold=None if once else 100.0)
            case ("pause", seconds):
                world.pause(seconds)
            case ("window", is_open):
                world.window(is_open=is_open)
            case ("stall", seconds):
                world.now += seconds
            case ("auto" | "resume" | "restart" as what,):
                getattr(world, what)()
        world.run(world.now + pause)
    world.close()


@settings(max_examples=TRIED // 2)
@given(histories(LINES | OTHERS), st.sampled_from([(), NAMES[:1], NAMES]), st.booleans())
def test_replay_equals_live(history, seen, short):
    """Over random histories: every decision, with its evidence, from the first segment and any."""
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "SEGMENT", 7.0 if short else 40.0)
        folder = Path(name)
        policy = {"return_after": 20.0, "dwell": 10.0, "trial_every": 60.0}
        world = Recorded(folder, site(seen=seen, names=NAMES, **policy))
        live(world, history)
        assert world.recorder.trouble is None
        result = played(folder)
        assert (result.difference, result.uncertain, result.missing) == (None, 0, [])
        assert result.facts == world.fed
        first, *rest = Log(folder).segments
        first.path.unlink()
        if rest:
            later = played(folder)
            assert (later.difference, later.uncertain) == (None, 0)


@settings(max_examples=TRIED // 4)
@given(histories(LINES), st.sampled_from([NAMES[:1], NAMES]))
def test_the_same_policy_makes_the_same_switches(history, seen):
    """A what-if by the live policy fares as the live one did, whatever happens to the lines."""
    with TemporaryDirectory() as name:
        world = Recorded(Path(name), site(seen=seen, names=NAMES, return_after=20.0, dwell=10.0))
        live(world, history)
        comparison = another(Path(name), world)
    was, other = comparison.live.course.moves, comparison.what_if.course.moves
    if any(move.ending != "proved" for move in was) or any(move.assumed for move in other):
        return  # what only the world knew
    shorter = min(len(was), len(other))
    assert [m.rule for m in was[:shorter]] == [m.rule for m in other[:shorter]]
    assert abs(len(was) - len(other)) <= 1  # the last may not have ended yet


def another(folder: Path, world: World, **detect) -> Comparison:
    """The recording of *world* beside its own policy, but for *detect*."""
    policy = world.site.policy
    names = tuple(circuit.name for circuit in world.site.circuits)
    targets = tuple(target.name for target in world.site.targets)
    changed = replace(policy, detect=replace(policy.detect, **detect))
    return replay(Log(folder), Another("other.yaml", changed, names, targets))


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """A blip of 3 s, an outage of a minute, a blip of 6 s; both circuits are in sight."""
    folder = tmp_path_factory.mktemp("story") / "samples"
    world = Recorded(
        folder, site(seen=("primary", "backup"), silence=5.0, return_after=30.0, dwell=10.0)
    )
    for begins, lasts in ((30, 3), (110, 40), (240, 6)):
        world.run(begins)
        world.alive["primary"] = False
        world.run(begins + lasts)
        world.alive["primary"] = True
    world.run(320)
    world.close()
    return folder, world


@pytest.mark.parametrize(("name", "silence"), [("stricter", 2.0), ("laxer", 20.0)])
def test_what_if(story, request, monkeypatch, name, silence):
    """The table of one story by a stricter silence and by a laxer one, as `replay` prints it."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    folder, world = story
    comparison = another(folder, world, silence=silence, bad_seconds=45)
    text = "".join(f"{click.unstyle(line)}\n" for line in lines(comparison, f"{name}.yaml"))
    golden = Path(__file__).with_name(f"{name}.txt")
    if request.config.getoption("--regold"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_figures_are_the_worlds(story):
    """Live: two switches away after 5 s of silence and back; so long was it on a dead circuit."""
    folder, world = story
    live_ = another(folder, world).live
    assert live_.score.switches == len(world.switches) == 4
    assert live_.score.dead == pytest.approx(3 + 5 + SWITCH + 5 + SWITCH, abs=1.5)
    assert live_.score.needless == 0
    assert live_.score.spare == pytest.approx(30 + 2 * 30, abs=4)  # a relapse doubles the wait


def test_a_switch_for_a_blip_is_needless(story):
    """Patience that ends just before the blip of three seconds does: needless, and counted so."""
    folder, world = story
    score = another(folder, world, silence=2.9).what_if.score
    assert score.switches >= 5
    assert score.needless == 1


def test_a_dead_target_proves_nothing(tmp_path):
    """Where the samples of the other circuit went unanswered, the switch to it proves nothing."""
    world = Recorded(tmp_path, site(seen=("primary", "backup"), silence=8.0))
    world.run(60)
    world.alive.update(primary=False)
    world.run(62.5)
    world.alive.update(backup=False)
    world.run(100)
    world.close()
    comparison = another(tmp_path, world, silence=4.0)
    (made, *_) = comparison.what_if.course.moves
    assert (made.target, made.ending, made.assumed) == ("backup", "unproved", False)
    assert comparison.live.score.switches == 0


def test_nobody_saw_it(tmp_path):
    """Where nobody looked at the other circuit, a switch is taken to work, and that is said."""
    world = Recorded(tmp_path, site(seen=(), silence=30.0, bad_seconds=45))
    world.run(60)
    world.alive.update(primary=False)
    world.run(70)
    world.alive.update(primary=True)
    world.run(100)
    world.close()
    comparison = another(tmp_path, world, silence=5.0)
    assert [move.assumed for move in comparison.what_if.course.moves] == [True]
    assert comparison.what_if.score.unseen > 20
    text = "\n".join(lines(comparison, "x.yaml"))
    assert "assumed: a circuit that nobody saw" in text
    assert "3.0 s, for none was made live" in text


def test_a_policy_is_found_out(story, tmp_path):
    """A recording whose head is changed by hand decides otherwise: where, and what, is told."""
    folder, _ = story
    lines_ = [line for part in Log(folder).parts() for line in _text(part.segment.path)]
    head = json.loads(lines_[0])
    head["site"]["policy"]["detect"]["silence"] = 3.5
    changed = tmp_path / folder.name
    changed.mkdir()
    _write(changed / "000001-20261127T080000Z.log.gz", [to_line(head), *lines_[1:]])
    comparison = replay(Log(changed))
    difference = comparison.played.difference
    assert difference.at == pytest.approx(EPOCH, abs=1)
    assert "after 5.0 s of silence" in str(difference.live)
    assert "after 3.5 s of silence" in str(difference.now)
    text = "\n".join(lines(comparison, None))
    assert "otherwise" in text
    assert as_data(comparison)["difference"]["now"]


def _text(path: Path) -> list[str]:
    import gzip

    return gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)


def _write(path: Path, text: list[str]) -> None:
    import gzip

    from wanfailover.flight.segments import seal

    total, batch, out = 0, [], []
    for line in text:
        if line.startswith("#"):
            total = seal("".join(batch).encode(), total)
            out += [*batch, f"#{total:08x}\n"]
            batch = []
        else:
            batch.append(line)
    path.write_bytes(gzip.compress("".join(out).encode()))


def test_a_fact_of_a_newer_program(story, tmp_path):
    """What is not known here ends the part, with a sentence; what stands before it counts."""
    folder, _ = story
    text = _text(Log(folder).segments[0].path)
    changed = [line.replace("facts.RouterView", "facts.Telepathy") for line in text[200:]]
    _write(tmp_path / "000001-20261127T080000Z.log.gz", text[:200] + changed)
    comparison = replay(Log(tmp_path))
    assert "facts.Telepathy is not known here" in comparison.played.missing[0]
    assert comparison.played.difference is None
    assert 100 < comparison.played.facts < 2000


def test_the_middle_of_a_run_by_another_program(tmp_path, monkeypatch):
    """Its engine cannot go on here: it is decided from what a restart knows, and not compared."""
    monkeypatch.setattr(writer, "SEGMENT", 30.0)
    world = Recorded(tmp_path, site(silence=4.0))
    world.run(100)
    world.alive["primary"] = False
    world.run(130)
    world.close()
    first, second, *_ = Log(tmp_path).segments
    text = _text(second.path)
    head = json.loads(text[0])
    _write(second.path, [to_line(head | {"program": "0.0.1+12345678"}), *text[1:]])
    first.path.unlink()
    comparison = replay(Log(tmp_path))
    assert comparison.played.uncertain == comparison.played.facts > 500
    assert [move.target for move in comparison.live.course.moves] == ["backup"]
    told = "\n".join(lines(comparison, None))
    assert "Recorded by 0.0.1+12345678, which may decide otherwise." in told


def test_other_circuits_are_refused(story):
    """A profile of another office says nothing of this recording: one sentence, and no figures."""
    folder, _ = story
    with pytest.raises(RecordingError, match="other circuits"):
        replay(Log(folder), Another("x.yaml", Policy(Detect()), ("a", "b"), ()))
    with pytest.raises(RecordingError, match="other probes"):
        replay(Log(folder), Another("x.yaml", Policy(Detect()), ("primary", "backup"), ("icmp a",)))


PROFILE = """
site: office
router: {driver: iproute2, transport: local}
circuits:
  - {name: primary, address: 198.51.0.2/24, gateway: 198.51.0.1, interface: wan}
  - {name: backup, address: 198.51.1.2/24, gateway: 198.51.1.1, interface: wan}
probes: [{icmp: 192.0.2.10}, {icmp: 192.0.2.11}, {tcp: "192.0.2.80:443"}]
detect: {silence: 2s}
policy: {dwell: 10s}
failback: {after: 30s}
"""


@pytest.fixture
def ran(story, tmp_path, monkeypatch):
    """Runs the command over the story's recording, as a site's own."""
    folder, _ = story
    place = tmp_path / "office"
    place.mkdir()
    (place / "profile").write_text("office.yaml\n")
    (place / "samples").symlink_to(folder)
    monkeypatch.setenv("WANFAILOVER_STATE_DIR", str(tmp_path))
    return lambda *words: CliRunner().invoke(cli, ["replay", *map(str, words)])


def test_the_command_finds_the_sites_own(ran):
    """Without arguments: the site's recording, the same decisions, exit 0."""
    result = ran()
    assert result.exit_code == 0
    assert "decisions as live." in result.output


def test_the_command_with_another_policy(ran, tmp_path):
    """A profile's policy beside the live one, as data for machines."""
    profile = tmp_path / "strict.yaml"
    profile.write_text(PROFILE)
    result = ran("--policy", profile, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert told["difference"] is None
    assert told["policy"]["switches"] > told["live"]["switches"] == 4
    assert told["live"]["transitions"][0]["rule"] == "active-down"


def test_the_command_says_what_is_not_there(ran, tmp_path):
    """No recording: a sentence with the place; a time that is none: usage."""
    result = ran(tmp_path / "office")
    assert isinstance(result.exception, RecordingError)
    assert "there is no recording in" in str(result.exception)
    assert ran("--since", "yesterday").exit_code == 2


def test_since(story):
    """Only from the segment on that a time falls into."""
    folder, _ = story
    from datetime import UTC, datetime

    late = datetime(2026, 12, 1, tzinfo=UTC)
    assert Log(folder, late).segments == Log(folder).segments[-1:]
