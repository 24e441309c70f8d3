"""The stream: each change to every open page, and nothing done while none is open."""

from __future__ import annotations

import asyncio
import json

import click
import jsonschema
import pytest

from tests.page.test_server import STATUS
from wanfailover.cli.render import status
from wanfailover.page import live


class Stream:
    def __init__(self, reader, writer) -> None:
        self.reader, self.writer = reader, writer

    async def event(self, within: float = 5.0):
        async with asyncio.timeout(within):
            told = await self.reader.readuntil(b"\n\n")
        data = [line for line in told.splitlines() if line.startswith(b"data: ")]
        return json.loads(data[0].removeprefix(b"data: "))

    async def until(self, holds, within: float = 5.0):
        async with asyncio.timeout(within):
            while not holds(event := await self.event(within)):
                pass
        return event

    async def ended(self, within: float = 5.0) -> bool:
        try:
            async with asyncio.timeout(within):
                await self.reader.read()
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True


@pytest.fixture
async def listen(stand):
    streams = []

    async def begin(source="127.0.0.1") -> Stream:
        reader, writer = await stand.connect(source)
        writer.write(f"GET /api/events HTTP/1.1\r\n{stand.host}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"Content-Type: text/event-stream" in head
        streams.append(writer)
        return Stream(reader, writer)

    yield begin
    for writer in streams:
        writer.close()


async def test_how_things_stand_and_each_change(stand, listen):
    stream = await listen()
    first = await stream.event()
    jsonschema.Draft202012Validator(STATUS).validate(first["status"])
    assert first["words"]["where"].startswith("office is on primary since ")
    stand.hold("backup", 2.0)
    event = await stream.until(lambda each: each["status"]["active"] == "backup", within=1.5)
    assert event["words"]["where"].startswith("office is on backup since ")
    assert ["warning", "not on primary, which is preferred"] in event["findings"]
    assert event["words"]["circuits"].keys() == {"primary", "backup"}


async def test_the_words_are_those_of_status(stand, listen):
    event = await (await listen()).event()
    shown = click.unstyle(status(event["status"]))
    words = event["words"]
    for each in (words["where"], words["decision"], words["next"], *words["circuits"].values()):
        assert each in shown


async def test_figures_alone_come_now_and_then(stand, listen):
    """Nothing has changed but the uptime."""
    stream = await listen()
    await stream.event()
    began = asyncio.get_running_loop().time()
    await stream.event()
    assert asyncio.get_running_loop().time() - began > live.FIGURES_EVERY / 2


async def test_nobody_looks_when_nobody_does(stand, listen, monkeypatch):
    monkeypatch.setattr(live, "FIGURES_EVERY", 0.1)
    stream = await listen()
    await stream.event()
    stream.writer.close()
    await asyncio.sleep(6 * live.LOOK_EVERY)
    before = len(stand.looked)
    await asyncio.sleep(4 * live.LOOK_EVERY)
    assert len(stand.looked) == before
    assert await (await listen()).event()  # and again


async def test_a_hundred_pages_cost_one_look(stand, listen):
    streams = [await listen(f"127.0.0.{number}") for number in range(1, 31)]
    for stream in streams:
        await stream.event()
    before = len(stand.looked)
    await asyncio.sleep(4 * live.LOOK_EVERY)
    assert len(stand.looked) - before <= 6


async def test_beyond_the_most_the_oldest_is_let_go(stand, listen):
    streams = [await listen() for _ in range(live.STREAMS_EACH + 1)]
    assert await streams[0].ended()
    assert not await streams[1].ended(0.05)
    assert await (await listen("127.0.0.2")).event()


async def test_who_does_not_take_what_is_told_is_left(stand, listen, monkeypatch):
    """A browser that was put to sleep: what is told it would heap up here."""
    monkeypatch.setattr(live, "TAKEN_WITHIN", 0.3)
    monkeypatch.setattr(live, "FIGURES_EVERY", 0.0)
    monkeypatch.setattr(live, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(live, "now", lambda _: {"filler": "x" * 400_000})
    await listen()
    async with asyncio.timeout(20):
        while stand.server._live._streams:  # noqa: ASYNC110 - from outside
            await asyncio.sleep(0.05)


async def test_a_look_that_fails_is_looked_again(stand, listen, monkeypatch):
    """Pages that are open come again, as browsers do."""
    stream = await listen()
    await stream.event()

    def bug(_):
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(live, "_gist", bug)
        assert await stream.ended()
    again = await listen()
    stand.hold("backup", 2.0)
    await again.until(lambda each: each["status"]["active"] == "backup")


async def test_all_are_let_go_at_the_end(stand, listen):
    streams = [await listen() for _ in range(3)]
    for stream in streams:
        await stream.event()
    began = asyncio.get_running_loop().time()
    await stand.server.close()
    assert asyncio.get_running_loop().time() - began < 3
    for stream in streams:
        assert await stream.ended()
