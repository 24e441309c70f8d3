"""When it is asked, how often, and for how long; in virtual time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from tests.support.clock import virtual_time
from wanfailover.core.entries import MailDrained, MailNotDrained
from wanfailover.dialogue import Unanswered
from wanfailover.mail.drain import AGAIN, Drain, Drains
from wanfailover.mail.session import Reply
from wanfailover.report import stamp
from wanfailover.specs import Mail

MAIL = Mail(("example.com", "example.net"), "10.20.0.25")
BEGUN = Reply(250, "Queuing started")


class Backup:
    """A backup MX that can be reached from *since* on; before, a connection takes two seconds."""

    def __init__(self, since: float = 0.0, **replies: list[Reply]) -> None:
        self.since = since
        self.replies = {name.replace("_", "."): list(each) for name, each in replies.items()}
        self.asked: list[tuple[float, tuple[str, ...]]] = []

    async def ask(self, domains):
        now = asyncio.get_running_loop().time
        self.asked.append((now(), domains))
        if now() < self.since:
            await asyncio.sleep(2.0)
            raise Unanswered("connect: no answer within 2 s")
        return {domain: self._reply(domain) for domain in domains}

    def _reply(self, domain: str) -> Reply:
        replies = self.replies.get(domain)
        return replies.pop(0) if replies else BEGUN


class Written(list):
    async def __call__(self, *entries) -> None:
        self.extend(entries)


def drains(backup: Backup, mail: Mail = MAIL) -> tuple[Drains, Written]:
    written = Written()
    return Drains(mail, backup.ask, written, asyncio.get_running_loop().create_task), written


@virtual_time
async def test_at_once():
    """The tunnel stands already."""
    backup = Backup()
    entry = await Drain(MAIL, backup.ask).run("s1")
    assert isinstance(entry, MailDrained)
    assert entry.seconds == 0.0
    assert backup.asked == [(0.0, MAIL.domains)]


@virtual_time
async def test_within_seconds_of_being_reachable():
    """It is tried often enough for that, and not in a hurry: each try waits for the one before."""
    for since in (1.0, 7.3, 61.0, 173.0):
        backup = Backup(since=asyncio.get_running_loop().time() + since)
        entry = await Drain(MAIL, backup.ask).run("s1")
        assert isinstance(entry, MailDrained)
        assert since <= entry.seconds <= since + 4.0
        pauses = [b[0] - a[0] for a, b in zip(backup.asked, backup.asked[1:], strict=False)]
        assert min(pauses) >= 2.25
        assert max(pauses) <= 4.0


@virtual_time
async def test_not_for_ever():
    """Nobody answers: a quarter of an hour, and then it is told."""
    backup = Backup(since=1e9)
    entry = await Drain(MAIL, backup.ask).run("s1")
    assert isinstance(entry, MailNotDrained)
    assert 890 < entry.seconds <= 902
    assert entry.because == (
        "the backup MX 10.20.0.25:25 does not answer: connect: no answer within 2 s"
    )
    assert entry.replies == ()


@virtual_time
async def test_put_off_is_asked_again_alone():
    """458 for one domain: the other is not asked for twice."""
    backup = Backup(example_net=[Reply(458, "unable"), Reply(458, "unable"), BEGUN])
    entry = await Drain(MAIL, backup.ask).run("s1")
    assert isinstance(entry, MailDrained)
    assert [domains for _, domains in backup.asked] == [
        MAIL.domains, ("example.net",), ("example.net",)
    ]  # fmt: skip


@virtual_time
async def test_one_domain_refused():
    """Then not all is well, and what to change is told; the other's mail comes all the same."""
    backup = Backup(example_net=[Reply(459, "service unavailable")])
    entry = await Drain(MAIL, backup.ask).run("s1")
    assert isinstance(entry, MailNotDrained)
    assert "has begun to deliver what it holds for example.com" in entry.because
    assert "does not do ETRN for example.net" in entry.because
    assert "example.net into fast_flush_domains" in entry.because
    assert entry.replies == (
        ("example.com", "250 Queuing started"),
        ("example.net", "459 service unavailable"),
    )


@virtual_time
async def test_told_while_it_waits_and_afterwards():
    """`status` has it."""
    beside, written = drains(Backup(since=30.0))
    assert beside.report()["state"] == "unknown"
    beside.begin("s1")
    await asyncio.sleep(10)
    report = beside.report()
    assert (report["state"], report["switchover"]) == ("waiting", "s1")
    assert "does not answer: connect: no answer within 2 s" in report["because"]
    assert written == []
    await asyncio.sleep(30)
    report = beside.report()
    assert (report["state"], report["switchover"]) == ("drained", "s1")
    assert 30 <= report["seconds"] <= 34
    assert [type(entry) for entry in written] == [MailDrained]


@virtual_time
async def test_asked_again_unasked_for():
    """What was on its way at the first asking is back in the queue by then."""
    backup = Backup()
    beside, written = drains(backup)
    beside.begin("s1")
    await asyncio.sleep(600)
    assert [at for at, _ in backup.asked] == [0.0, *accumulate(AGAIN)]
    assert len(written) == 1


@virtual_time
async def test_given_up_by_the_next_switchover():
    """Its own end begins another."""
    backup = Backup(since=60.0)
    beside, written = drains(backup)
    beside.begin("s1")
    await asyncio.sleep(10)
    beside.cancel()
    asked = len(backup.asked)
    await asyncio.sleep(100)
    assert len(backup.asked) == asked
    assert beside.report()["state"] == "unknown"
    beside.begin("s2")
    await asyncio.sleep(1)
    assert [entry.switchover for entry in written] == ["s2"]


@virtual_time
async def test_only_where_it_is_wanted():
    """No backup MX, or one that is not to be asked."""
    backup = Backup()
    for mail in (None, Mail(("example.com",), "10.20.0.25", etrn=False)):
        beside, written = drains(backup, mail)
        beside.begin("s1")
        await asyncio.sleep(10)
        assert (backup.asked, written, beside.report()) == ([], [], None)


@virtual_time
async def test_begun_again_by_the_next_agent():
    """Only what was proved a short while ago, and has no answer yet."""
    now = datetime.now(UTC)
    proved = {"id": "s1", "outcome": "proved", "started": stamp(now - timedelta(seconds=600))}
    for last, asked in (
        (None, 0),
        (proved | {"outcome": "undone"}, 0),
        (proved | {"started": stamp(now - timedelta(seconds=1000))}, 0),
        (proved, 1),
    ):
        backup = Backup()
        beside, _ = drains(backup)
        beside.resume(last)
        await asyncio.sleep(0.5)
        assert len(backup.asked) == asked, last
        beside.resume(last)
        await asyncio.sleep(0.5)
        assert len(backup.asked) == asked, last
        beside.cancel()
