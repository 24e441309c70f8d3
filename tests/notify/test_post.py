"""Nothing is lost, nothing is sent twice without a mark, and nobody waits for it."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.notify.story import DEAD, LEFT, OUTAGE, PATHS, PROVED, TOLD, Life, Taker, kept
from tests.support.clock import run, virtual_time
from wanfailover.addressees import ByCommand, Notices
from wanfailover.core import entries as log
from wanfailover.notify.post import PAUSES, ROUND

HOUR = 3600.0


def now() -> float:
    return asyncio.get_running_loop().time()


async def play(life: Life, entries=OUTAGE, pause: float = 10.0) -> None:
    for each in entries:
        await life.record(*each)
        await asyncio.sleep(pause)


@virtual_time
async def test_an_outage_is_one_incident_on_every_path(tmp_path):
    """Left, proved, returned: three messages, threaded, each once on each path."""
    ways = {name: Taker() for name in PATHS}
    async with Life(tmp_path, ways) as life:
        await play(life)
    for way in ways.values():
        assert way.keys == TOLD
        first, second, third = way
        assert {letter.incident for letter in way} == {first.id}
        assert (first.follows, second.follows) == ((), (first.id,))
        assert third.follows == (first.id, second.id)
        assert [str(letter.stage) for letter in way] == ["began", "followed", "ended"]
    assert ways["mail"] == ways["hook"]
    assert all(row.done.startswith("sent ") for row in kept(tmp_path))


@virtual_time
async def test_what_cannot_be_sent_while_the_line_is_dead_goes_when_it_works(tmp_path):
    """The first waits for the switch, and goes within seconds of its end, before the second."""
    way = Taker(lambda: now() > 100)
    async with Life(tmp_path, {"mail": way}) as life:
        await play(life, [(LEFT,)], pause=101.5 - now())
        assert way == []
        assert life.post.report()["waiting"] == 1
        assert "no answer within 5 s" in life.post.trouble
        await life.record(PROVED)
        await asyncio.sleep(PAUSES[0] + 5.0)
        assert way.keys == TOLD[:2]
        assert life.post.trouble is None
    assert way.tried[0] == 0.0


@virtual_time
async def test_a_path_that_stays_dead_is_tried_more_and_more_seldom(tmp_path):
    """And as seldom as every quarter of an hour."""
    way = Taker(lambda: False)
    async with Life(tmp_path, {"mail": way}) as life:
        await life.record(LEFT)
        await asyncio.sleep(2 * HOUR)
    gaps = [b - a for a, b in zip(way.tried, way.tried[1:], strict=False)]
    assert gaps == [5.0 + pause for pause in (*PAUSES, *[PAUSES[-1]] * (len(gaps) - len(PAUSES)))]


@virtual_time
async def test_a_path_that_hangs_delays_no_other(tmp_path):
    """Nor the recorder, for which whoever decides waits."""

    class Hangs(Taker):
        async def send(self, letter):
            await asyncio.Future()

    ways = {"hook": Hangs(), "mail": Taker()}
    async with Life(tmp_path, ways) as life:
        for each in OUTAGE:
            before = now()
            await life.record(*each)
            assert now() == before
        await asyncio.sleep(1.0)
        assert ways["mail"].keys == TOLD
        await asyncio.sleep(60.0)
        assert "nothing within 30 s" in life.post.trouble


@virtual_time
async def test_one_that_is_refused_holds_up_none_behind_it(tmp_path):
    """It stays, and is tried again."""
    way = Taker()
    way.refuses = {"left"}
    async with Life(tmp_path, {"mail": way}) as life:
        await play(life)
        assert way.keys == TOLD[1:]
        assert life.post.waiting == 1
        way.refuses = set()
        await asyncio.sleep(PAUSES[-1] + 1)
        assert way.keys == [*TOLD[1:], "left"]
        assert life.post.waiting == 0


@virtual_time
async def test_one_that_is_refused_for_ever_does_not_delay_the_next(tmp_path):
    """The path answers: news are told at once, not when the refused one's turn comes again."""
    way = Taker()
    way.refuses = {"left"}
    async with Life(tmp_path, {"mail": way}) as life:
        await life.record(LEFT)
        await asyncio.sleep(3 * PAUSES[-1] + 1)
        await life.record(log.TunnelsFailed("backup", "none came up"))
        await asyncio.sleep(1.0)
        assert way.keys == ["tunnels"]


@virtual_time
async def test_what_no_path_takes_for_a_week_is_given_up(tmp_path):
    """Not before; then it is marked so, and logged."""
    way = Taker(lambda: False)
    async with Life(tmp_path, {"mail": way}) as life:
        await life.record(LEFT)
        await asyncio.sleep(life.notices.keep - 10)
        assert life.post.waiting == 1
        await asyncio.sleep(2 * PAUSES[-1])
        assert life.post.waiting == 0
    (row,) = kept(tmp_path)
    assert row.done.startswith("given up ")


@virtual_time
async def test_a_bug_in_one_path_is_told_and_silences_no_other(tmp_path):
    """Whatever it raises."""

    class Bug(Taker):
        async def send(self, letter):
            raise ZeroDivisionError

    ways = {"hook": Bug(), "mail": Taker()}
    async with Life(tmp_path, ways) as life:
        await play(life)
        assert ways["mail"].keys == TOLD
        assert "a bug in wanfailover: ZeroDivisionError" in life.post.trouble


@virtual_time
async def test_a_bug_in_what_is_told_stops_nobody(tmp_path, monkeypatch):
    """The entry is recorded all the same."""
    async with Life(tmp_path, {"mail": Taker()}) as life:
        monkeypatch.setattr(life.post, "_incidents", None)
        await life.record(LEFT)
    assert kept(tmp_path) == []


@virtual_time
async def test_no_more_than_so_many_within_an_hour(tmp_path):
    """The rest is summed up in one, when there is room again; what needs a person is never held."""
    way = Taker()
    flaps = [
        log.TunnelChanged(f"t{n}", "up", "down", "no answer for 3 s") for n in range(5)
    ]  # fmt: skip
    stuck = log.SwitchoverEnded("s1", "primary", "backup", "active-down", "stuck", 9.0, "no way")
    async with Life(tmp_path, {"mail": way}, Notices((ByCommand(("/x",)),), per_hour=3)) as life:
        await life.record(*flaps)
        await life.record(stuck)
        await asyncio.sleep(60)
        assert way.keys == [*(f"tunnel t{n} down" for n in range(3)), "stuck backup"]
    async with Life(tmp_path, {"mail": way}, Notices((ByCommand(("/x",)),), per_hour=3)):
        await asyncio.sleep(HOUR - 100)
        assert len(way) == 4
        await asyncio.sleep(100 + ROUND)
        summary = way[-1]
        assert summary.subject.startswith("2 more messages were held back, as more than 3 came")
        assert [line.partition("  ")[2] for line in summary.lines] == [
            "tunnel t3 is down: no answer for 3 s", "tunnel t4 is down: no answer for 3 s",
        ]  # fmt: skip
        await asyncio.sleep(2 * HOUR)
        assert len(way) == 5
    held = [row.done for row in kept(tmp_path) if row.path == ""]
    assert len(held) == 2
    assert all(done.startswith("summed up ") for done in held)


@virtual_time
async def test_a_metered_backup_is_reminded_of(tmp_path):
    """Every four hours after the last word, in the outage's own thread; not once it is left."""
    way = Taker()
    async with Life(tmp_path, {"mail": way}) as life:
        await play(life, OUTAGE[:4])
        await asyncio.sleep(9 * HOUR)
        assert way.keys == [*TOLD[:2], "metered", "metered"]
        assert {letter.incident for letter in way} == {way[0].id}
        assert way[2].subject.startswith("still on backup, which is metered, since 2026-11-28")
        await play(life, OUTAGE[4:])
        await asyncio.sleep(9 * HOUR)
        assert len(way) == 5


@virtual_time
async def test_a_disk_that_fails_is_told_all_the_same(tmp_path):
    """From memory, when it lasts a minute; and that it is over. Then it is on the disk as well."""
    way, trouble = Taker(), {"journal": "the disk is full"}
    async with Life(tmp_path, {"mail": way}, conditions=lambda: dict(trouble)) as life:
        life.journal._thread.submit(life.journal._db.execute, "PRAGMA query_only=1").result()
        await life.record(LEFT)
        await asyncio.sleep(2 * ROUND + 1)
        assert way.keys == ["left", "journal"]
        assert life.record.trouble is not None
        life.journal._thread.submit(life.journal._db.execute, "PRAGMA query_only=0").result()
        trouble.clear()
        await asyncio.sleep(ROUND)
        await life.record(PROVED)
        await asyncio.sleep(1)
        assert way.keys == ["left", "journal", "over", "proved backup"]
    assert [row.done[:4] for row in kept(tmp_path)] == ["sent"] * 4


@virtual_time
async def test_a_kill_on_a_full_disk_loses_none(tmp_path):
    """They lie in the runtime directory; sent once more, with the same id, and then on the disk."""
    way = Taker(lambda: False)
    async with Life(tmp_path, {"mail": way}, full=True) as life:
        await life.record(LEFT)
        await asyncio.sleep(1.0)
    assert not (tmp_path / "journal.db").exists()
    way.works = lambda: True
    async with Life(tmp_path, {"mail": way}, full=True) as life:
        await asyncio.sleep(1.0)
        assert way.keys == ["left"]
    async with Life(tmp_path, {"mail": way}) as life:
        await life.record(PROVED)
        await asyncio.sleep(1.0)
    assert way.keys == ["left", "left", "proved backup"]
    assert way[0] == way[1]
    assert way[2].incident == way[0].id
    assert [row.done[:4] for row in kept(tmp_path)] == ["sent", "sent"]
    assert not (tmp_path / "spill.jsonl").exists()


@virtual_time
async def test_a_path_that_is_no_more_keeps_nothing_waiting(tmp_path):
    """The profile was changed meanwhile."""
    async with Life(tmp_path, {"old": Taker(lambda: False)}) as life:
        await life.record(LEFT)
    async with Life(tmp_path, {"new": Taker()}) as life:
        assert life.post.waiting == 0
    (row,) = kept(tmp_path)
    assert "its path is no more" in row.done


# Kills: between every two steps.


class Scythe:
    """Lets so many steps pass, and then nothing ever happens again."""

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.passed = 0
        self.fell = asyncio.Event()
        self.at = ""

    async def pass_(self, what: str) -> None:
        if self.left == 0:
            self.at = self.at or what
            self.fell.set()
            await asyncio.Future()
        self.left -= 1
        self.passed += 1

    def guard(self, life: Life) -> None:
        """Of the journal: before a transaction, and after it."""
        write = life.journal.write

        async def stepwise(*args):
            await self.pass_("before a write")
            await write(*args)
            await self.pass_("after a write")

        life.journal.write = stepwise


class Mortal(Taker):
    def __init__(self, scythe: Scythe) -> None:
        super().__init__()
        self.scythe = scythe

    async def send(self, letter):
        await self.scythe.pass_("before a sending")
        words = await super().send(letter)
        await self.scythe.pass_("after a sending")
        return words


async def lives(folder, steps: int) -> tuple[Scythe, dict[str, Taker]]:
    """Play the outage; killed after so many steps, and gone on with by a second life."""
    scythe = Scythe(steps)
    ways = {name: Mortal(scythe) for name in PATHS}
    written = 0
    async with Life(folder, ways) as life:
        scythe.guard(life)

        async def first() -> None:
            nonlocal written
            for each in OUTAGE:
                await life.record(*each)
                written += 1
                await asyncio.sleep(0.1)

        story, death = asyncio.create_task(first()), asyncio.create_task(scythe.fell.wait())
        await asyncio.wait([story, death], return_when=asyncio.FIRST_COMPLETED)
        story.cancel(), death.cancel()
    scythe.left = -1
    async with Life(folder, ways) as life:
        await play(life, _unwritten(folder), pause=0.1)
        await asyncio.sleep(60)
        assert life.post.waiting == 0
    return scythe, ways


def _unwritten(folder):
    """What the first life has not brought to the disk happens in the second."""
    from wanfailover.journal.reader import Reader

    with Reader(folder / "journal.db") as reader:
        there = [record.entry for record in reader.records()]
    flat = [entry for each in OUTAGE for entry in each]
    assert there == flat[: len(there)]
    return [(entry,) for entry in flat[len(there) :]]


def count(tmp_path_factory) -> int:
    async def whole() -> int:
        scythe, _ = await lives(tmp_path_factory.mktemp("whole"), 10_000)
        return scythe.passed

    return run(whole())


STEPS = 40
"""Of an outage that nobody is killed in: eight transactions for entries, three messages on two
paths, and as many marks, each with a step before it and one after it."""


def test_there_are_so_many_steps(tmp_path_factory):
    """Or the next test would miss some."""
    assert count(tmp_path_factory) == STEPS


@pytest.mark.parametrize("steps", range(STEPS))
def test_killed_between_any_two_steps(tmp_path, steps):
    """Each path has all messages; a double has its first one's id, and only where it must come."""

    async def story() -> None:
        scythe, ways = await lives(tmp_path, steps)
        assert scythe.fell.is_set()
        doubles = 0
        for way in ways.values():
            counts = Counter(letter.id for letter in way)
            once = list({letter.id: letter for letter in way}.values())
            assert [letter.key for letter in once] == TOLD
            assert len({letter.incident for letter in once}) == 1
            assert max(counts.values()) <= 2
            doubles += sum(counts.values()) - len(counts)
        if scythe.at == "before a sending":
            assert doubles <= 1  # the other path's, between its sending and its mark
        assert all(row.done for row in kept(tmp_path))

    run(story())


def test_the_subject_is_the_rules_sentence(tmp_path):
    """The same that the journal has."""

    async def story() -> None:
        way = Taker()
        async with Life(tmp_path, {"mail": way}) as life:
            await play(life)
        assert [letter.title for letter in way] == [
            f"[office] active-down: {DEAD}",
            "[office] active-down: switch to backup proved after 2.9 s: 1 answered",
            "[office] preferred-recovered: switch to primary proved after 2.0 s: so",
        ]

    run(story())
