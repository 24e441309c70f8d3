"""Crowds, and those who send slowly: they cost little, and stand in nobody's way."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.page.conftest import read_answer
from wanfailover.page import house, manners
from wanfailover.page.house import BURST, RATE, Pace
from wanfailover.page.past import Past


async def ends(reader: asyncio.StreamReader, within: float) -> bool:
    """Whether the other end closes."""
    try:
        async with asyncio.timeout(within):
            await reader.read()
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


async def test_who_says_nothing_is_cut_off(stand, monkeypatch):
    monkeypatch.setattr(house, "HEAD_WITHIN", 0.2)
    reader, writer = await stand.connect()
    assert await ends(reader, 3)
    writer.close()
    assert len(stand.server.house) == 0


async def test_slow_loris(stand, monkeypatch):
    """A head that comes byte by byte has no longer than one that does not come."""
    monkeypatch.setattr(house, "HEAD_WITHIN", 0.3)
    reader, writer = await stand.connect()
    writer.write(f"GET / HTTP/1.1\r\n{stand.host}\r\nX: ".encode())
    end = asyncio.create_task(ends(reader, 5))
    began = time.monotonic()
    while not end.done():
        writer.write(b"a")
        await asyncio.sleep(0.02)
    assert await end
    assert time.monotonic() - began < 3
    writer.close()


async def test_no_connection_lasts(stand, monkeypatch):
    """Not even one that asks again and again."""
    monkeypatch.setattr(house, "LIFE", 0.4)
    reader, writer = await stand.connect()
    asked = 0
    async with asyncio.timeout(5):
        while True:
            writer.write(f"GET /healthz HTTP/1.1\r\n{stand.host}\r\n\r\n".encode())
            if await read_answer(reader) is None:
                break
            asked += 1
            await asyncio.sleep(0.1)
    assert asked
    writer.close()


async def test_a_crowd_from_one_address_cuts_off_its_own(stand):
    """The one that has been sending for longest goes; whoever asks plainly is answered."""
    crowd = [await stand.connect() for _ in range(house.MOST_EACH)]
    assert (await stand.ask("/healthz")).status == 200
    assert await ends(crowd[0][0], 3)
    assert not await ends(crowd[-1][0], 0.05)
    other = await stand.ask("/healthz", source="127.0.0.2")
    assert other.status == 200
    for _, writer in crowd:
        writer.close()


async def test_a_crowd_from_everywhere(stand):
    crowd = []
    for number in range(house.MOST + 20):
        crowd.append(await stand.connect(f"127.0.1.{number % 200 + 1}"))
        assert len(stand.server.house) <= house.MOST
    assert (await stand.ask("/healthz")).status == 200
    for _, writer in crowd:
        writer.close()


async def test_one_who_asks_too_often_is_told_so_and_nobody_else(stand):
    reader, writer = await stand.connect()
    told = []
    for _ in range(int(BURST) + 40):
        writer.write(f"GET /healthz HTTP/1.1\r\n{stand.host}\r\n\r\n".encode())
        answer = await read_answer(reader)
        told.append(answer.status)
        if answer.status == 429:
            assert answer.headers["retry-after"] == "1"
            break
    writer.close()
    assert told[-1] == 429
    assert set(told[:-1]) == {200}
    assert len(told) > BURST
    assert (await stand.ask("/healthz", source="127.0.0.2")).status == 200


async def test_nor_who_connects_too_often(stand):
    """He is cut off before anything is read."""
    answers = []
    for _ in range(int(BURST) + 40):
        answers.append(await stand.send(f"GET /healthz HTTP/1.1\r\n{stand.host}\r\n\r\n".encode()))
        if answers[-1] is None:
            break
    assert answers[-1] is None
    assert (await stand.ask("/healthz", source="127.0.0.2")).status == 200


def test_a_pace_comes_back():
    now = 0.0
    pace = Pace(lambda: now)
    assert all(pace.takes("a") for _ in range(int(BURST)))
    assert not pace.takes("a")
    assert pace.takes("b")
    now = 1.0
    assert [pace.takes("a") for _ in range(int(RATE) + 1)] == [True] * int(RATE) + [False]
    now = 1e6
    assert all(pace.takes("a") for _ in range(int(BURST)))
    assert not pace.takes("a")


def test_few_addresses_are_remembered():
    pace = Pace(lambda: 0.0)
    for number in range(3 * house.KNOWN):
        pace.takes(str(number))
    assert len(pace._left) == house.KNOWN


async def test_an_answer_that_takes_too_long(stand, monkeypatch):
    monkeypatch.setattr(manners, "ANSWER_WITHIN", 0.1)
    monkeypatch.setattr(Past, "decisions", lambda _: time.sleep(0.5))
    answer = await stand.ask("/api/decisions")
    assert (answer.status, answer.json) == (503, {"error": "this takes too long now"})


async def test_a_bug_is_a_sentence(stand, monkeypatch):
    """Its traceback is for the log, and not for whoever asks."""

    def bug():
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(stand.server, "_circuits", bug)
    answer = await stand.ask("/api/timeline")
    assert (answer.status, b"secret" in answer.body) == (500, False)
    assert "bug in wanfailover" in answer.json["error"]


@pytest.mark.parametrize("pipelined", [1, 30])
async def test_requests_in_a_row(stand, pipelined):
    """Those that are sent before the first is answered are answered one by one."""
    reader, writer = await stand.connect()
    writer.write(f"GET /healthz HTTP/1.1\r\n{stand.host}\r\n\r\n".encode() * pipelined)
    for _ in range(pipelined):
        answer = await read_answer(reader)
        assert answer is not None
        assert answer.status == 200
    writer.close()
