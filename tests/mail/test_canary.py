"""When one is sent, and what is told of what becomes of it; in virtual time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.clock import virtual_time
from wanfailover.core.entries import CanaryArrived, CanaryLost, CanaryStray
from wanfailover.dialogue import Unanswered
from wanfailover.mail.canary import AGAIN, FIRST, Canaries
from wanfailover.mail.letter import Bounce, Letter
from wanfailover.mail.session import Reply
from wanfailover.report import canary_flown
from wanfailover.specs import Canary, Mail

CANARY = Canary("canary@example.com", "canary-bounces@example.com", "192.168.1.10", 2526)
MAIL = Mail(("example.com",), "10.20.0.25", canary=CANARY)
PATH = (("mx.example.net", None), ("mail.example.com", None))
HOUR = 3600.0


class Way:
    """What lies between us and us: it takes *takes* seconds, and answers from *since* on."""

    def __init__(self, takes: float = 2.0, since: float = 0.0, reply: int = 250) -> None:
        self.takes, self.since, self.reply = takes, since, Reply(reply, "Queued")
        self.bounce: Bounce | None = None
        self.path = PATH
        self.copies = 1
        self.sent: list[tuple[float, str]] = []
        self.calls = 0
        self.written: list = []
        self.opened: list[float] = []
        self.closed = False
        self.deaf_until = 0.0
        self.busy = False

    async def send(self, token: str) -> Reply:
        now = asyncio.get_running_loop().time()
        self.calls += 1
        if now < self.since:
            await asyncio.sleep(2.0)
            raise Unanswered("connect: no answer within 2 s")
        if self.reply.code == 250:
            self.sent.append((now, token))
            for _ in range(self.copies):
                asyncio.get_running_loop().call_later(self.takes, self.deliver, token)
        return self.reply

    def deliver(self, token: str | None) -> None:
        path = () if self.bounce else self.path
        self.canaries.landed(Letter(token, path, self.bounce))

    async def open(self) -> None:
        self.opened.append(asyncio.get_running_loop().time())
        if self.opened[-1] < self.deaf_until:
            raise OSError(98, "Address already in use")

    async def close(self) -> None:
        self.closed = True

    async def record(self, *entries) -> None:
        self.written.extend(entries)

    def start(self, mail: Mail = MAIL, last=None) -> Canaries:
        spawn = asyncio.get_running_loop().create_task
        self.canaries = Canaries(
            mail, mail.canary, self.send, self.record, spawn, last,
            busy=lambda: self.busy, land=lambda canary, take, awaits: self,
        )  # fmt: skip
        self.watching = spawn(self.canaries.watch())
        return self.canaries

    @property
    def last(self):
        return self.written[-1]


async def flown(way: Way, seconds: float = FIRST + 200.0, **more) -> Canaries:
    canaries = way.start(**more)
    await asyncio.sleep(seconds)
    return canaries


@virtual_time
async def test_it_arrives():
    """Soon after a start, and told with its time and its way."""
    way = Way(takes=2.0)
    canaries = await flown(way)
    assert [at for at, _ in way.sent] == [FIRST]
    assert way.written == [
        CanaryArrived(
            2.0,
            "the canary arrived after 2.0 s, by way of mx.example.net, mail.example.com",
            PATH,
            None,
        )
    ]
    report = canaries.report()
    assert (report["state"], report["seconds"], report["strays"]) == ("arrived", 2.0, 0)
    assert report["path"] == [["mx.example.net", None], ["mail.example.com", None]]


@virtual_time
async def test_by_the_schedule():
    """Every so often, each with a token of its own, that cannot be guessed."""
    way = Way()
    await flown(way, 3 * CANARY.every + FIRST + 1)
    assert [at for at, _ in way.sent] == [FIRST + n * CANARY.every for n in range(4)]
    tokens = {token for _, token in way.sent}
    assert len(tokens) == 4
    assert all(len(token) == 43 for token in tokens)  # 256 bits


@virtual_time
async def test_a_new_agent_keeps_the_schedule():
    """Restarts send no canaries of their own; a clock set back puts none off for longer."""
    arrived = CanaryArrived(2.0, "the canary arrived")
    for age, first in ((HOUR, 5 * HOUR), (7 * HOUR, FIRST), (-50 * HOUR, 6 * HOUR)):
        way = Way()
        began = asyncio.get_running_loop().time()
        last = canary_flown(arrived, datetime.now(UTC) - timedelta(seconds=age))
        await flown(way, CANARY.every + 1, last=last)
        assert way.sent[0][0] - began == pytest.approx(first, abs=3)
        way.watching.cancel()


@virtual_time
async def test_not_while_something_is_under_way():
    """A switchover or a drain: what came of it would say nothing."""
    way = Way()
    way.busy = True
    await flown(way, CANARY.every)
    assert way.sent == []
    way.busy = False
    await asyncio.sleep(FIRST + 1)
    assert len(way.sent) == 1


@virtual_time
async def test_after_a_switchover():
    """At once, and told with its id; the schedule goes on beside it."""
    way = Way()
    canaries = await flown(way, 100.0)
    canaries.begin("s1")
    await asyncio.sleep(1.0)
    assert canaries.report()["state"] == "waiting"
    assert canaries.report()["switchover"] == "s1"
    assert canaries.report()["because"] == "the backup MX 10.20.0.25:25 has it"
    await asyncio.sleep(5.0)
    assert way.last.switchover == "s1"
    assert "after the switchover" not in way.last.because, "nobody said when that had ended"
    assert [at for at, _ in way.sent] == [FIRST, 100.0]


@virtual_time
async def test_mail_is_through_again():
    """From the switchover's end to its arrival, whatever came between."""
    way = Way()
    canaries = await flown(way, 100.0)
    canaries.begin("s1", asyncio.get_running_loop().time() - 3.0)
    await asyncio.sleep(10.0)
    assert way.last.because.endswith("; mail came through 5.0 s after the switchover")


@virtual_time
async def test_the_backup_mx_is_away():
    """Tried until the time is up, as a drain has been before; longer where there was none."""
    for etrn, patience in ((True, CANARY.within), (False, 900.0)):
        way = Way(since=1e9)
        mail = Mail(MAIL.domains, MAIL.host, etrn=etrn, canary=CANARY)
        canaries = await flown(way, 1.0, mail=mail)
        canaries.begin("s1")
        await asyncio.sleep(patience + 10)
        assert isinstance(way.last, CanaryLost)
        assert way.last.fate == "unsent"
        assert patience - 10 < way.last.seconds <= patience + 2.0  # of the last try
        assert way.last.because == (
            "the canary was not sent: the backup MX 10.20.0.25:25 does not answer: "
            "connect: no answer within 2 s"
        )
        way.watching.cancel()
        canaries.cancel()


@virtual_time
async def test_it_waits_for_the_tunnel():
    """Where nothing is drained it waits by itself."""
    way = Way(since=100.0)
    canaries = await flown(way, 1.0, mail=Mail(MAIL.domains, MAIL.host, etrn=False, canary=CANARY))
    canaries.begin("s1")
    await asyncio.sleep(60)
    assert "does not answer" in canaries.report()["because"]
    await asyncio.sleep(60)
    assert isinstance(way.last, CanaryArrived)
    assert way.last.seconds == 2.0  # from when it was taken


@virtual_time
async def test_the_backup_mx_refuses_it():
    """For good, or it is greylisted and put off."""
    for code, calls in ((550, 1), (450, 20)):
        way = Way(reply=code)
        await flown(way)
        assert way.last.fate == "refused"
        assert way.last.because == (
            f"the canary was not taken by the backup MX 10.20.0.25:25: {code} Queued"
        )
        assert way.calls >= calls
        assert calls > 1 or way.calls == 1
        way.watching.cancel()


@virtual_time
async def test_it_does_not_arrive():
    """After its time that is told; when it comes after all, that is told as well."""
    way = Way(takes=300.0)
    canaries = await flown(way, FIRST + CANARY.within + 1)
    assert way.last.fate == "missing"
    assert way.last.because.startswith(
        "the canary has not arrived within 120 s, nor has it come back; look for it in the queue"
    )
    await asyncio.sleep(300)
    assert way.last == CanaryStray(
        "late", "the canary of 300 s ago has come after all, no longer waited for"
    )
    assert canaries.report()["state"] == "missing"
    assert canaries.report()["strays"] == 1


@virtual_time
async def test_it_is_only_delayed_so_far():
    """A warning is no end: it may come yet; if it does not, the reason is known."""
    way = Way(takes=10.0)
    way.bounce = Bounce(final=False, words="connect to 192.168.1.25: timed out")
    canaries = await flown(way, FIRST + 60)
    assert canaries.report()["state"] == "waiting"
    await asyncio.sleep(120)
    assert way.last.fate == "missing"
    assert "it is delayed (connect to 192.168.1.25: timed out)" in way.last.because


@pytest.mark.parametrize(
    ("bounce", "fate", "words"),
    [
        (
            Bounce(
                status="5.7.1",
                words="554 5.7.1 Client host [10.20.0.25] blocked using bl.test",
            ),
            "blocklisted",
            "a DNS blocklist makes the office's server refuse the backup MX",
        ),
        (
            Bounce(status="5.7.1", words="550 5.7.1 10.20.0.25 is listed at zen.example.org"),
            "blocklisted",
            "must stand before every blocklist",
        ),
        (
            Bounce(status="5.4.0", words="554 5.4.0 Error: too many hops"),
            "looped",
            "a mail loop (554 5.4.0 Error: too many hops)",
        ),
        (Bounce(status="5.4.6"), "looped", "a mail loop (5.4.6)"),
        (
            Bounce(status="5.1.1", words="550 5.1.1 <canary@example.com>: User unknown"),
            "refused",
            "it was refused on its way (550 5.1.1 <canary@example.com>: User unknown)",
        ),
        (Bounce(), "refused", "it was refused on its way; look for it"),
    ],
)
@virtual_time
async def test_it_comes_back(bounce: Bounce, fate: str, words: str):
    """Each reason by its own sentence, with what to do."""
    way = Way()
    way.bounce = bounce
    canaries = await flown(way)
    assert isinstance(way.last, CanaryLost)
    assert way.last.fate == fate
    assert words in way.last.because
    assert canaries.report()["state"] == fate


@virtual_time
async def test_it_arrives_by_a_loop():
    """One host has had it, given it away, and had it again; through a filter is no loop."""
    way = Way()
    way.path = tuple((host, None) for host in ("mx", "mx", "office", "office", "mx", "office"))
    await flown(way)
    assert way.last.fate == "looped"
    assert way.last.path == way.path
    assert "mx had it more than once: a mail loop" in way.last.because
    way.path = tuple((host, None) for host in ("mx", "mx", "office", "office"))
    way.canaries.begin("s1")
    await asyncio.sleep(10)
    assert isinstance(way.last, CanaryArrived)


@virtual_time
async def test_doubles_and_forgeries_are_told_and_ignored():
    """Once a kind between two canaries, however many come; and what counts is the first."""
    way = Way(takes=5.0)
    way.copies = 3
    canaries = way.start()
    await asyncio.sleep(FIRST + 1)
    for token in (None, "A" * 43, "é"):
        way.deliver(token)
    await asyncio.sleep(1)
    assert canaries.report()["state"] == "waiting"
    assert canaries.report()["strays"] == 3
    assert way.written == [
        CanaryStray("forged", "a message that is no canary of this run has come")
    ]
    await asyncio.sleep(10)
    assert canaries.report()["state"] == "arrived"
    assert canaries.report()["strays"] == 5
    doubles = [entry for entry in way.written if getattr(entry, "kind", "") == "double"]
    assert len(doubles) == 1
    assert [type(entry) for entry in way.written].count(CanaryArrived) == 1


@virtual_time
async def test_given_up_by_the_next_switchover():
    """It may lie in the queue meanwhile; when it comes, it is a late one."""
    way = Way(takes=50.0)
    canaries = way.start()
    await asyncio.sleep(FIRST + 1)
    canaries.cancel()
    assert canaries.report()["state"] == "unknown"
    await asyncio.sleep(100)
    assert [entry.kind for entry in way.written] == ["late"]


@virtual_time
async def test_nobody_can_listen():
    """Then none is sent, and why is told; tried again until it can."""
    way = Way()
    way.deaf_until = 100.0
    canaries = way.start()
    await asyncio.sleep(50)
    canaries.begin("s1")
    await asyncio.sleep(1)
    assert way.sent == []
    assert canaries.trouble == (
        "no canary is sent: 192.168.1.10:2526 cannot be listened at (address already in use)"
    )
    await asyncio.sleep(100)
    assert way.opened == [0.0, AGAIN, 2 * AGAIN, 3 * AGAIN, 4 * AGAIN]
    assert canaries.trouble is None
    assert len(way.sent) == 1
    way.watching.cancel()
    await asyncio.sleep(1)
    assert way.closed
