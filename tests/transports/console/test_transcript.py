"""Transcripts: what they keep, what they hide, and that they can be played back."""

from __future__ import annotations

import asyncio
import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.clock import run, virtual_time
from tests.support.replay import Replay, WrongKey
from tests.transports.console.painter import CLEAR, Line, at, bytewise, picture
from wanfailover.errors import RouterUnreachable
from wanfailover.transports.console.console import Console, Key
from wanfailover.transports.console.transcript import (
    HEADER,
    Event,
    Happening,
    Transcript,
    parse,
)

MENU = picture("\n\n              Main\n\n   [[One...]]\n   Two...\n")
OTHER = picture("\n\n              Other\n\n   [[Three...]]\n")

SEQUENCES = [b"\x1b[1;20H", b"\x1b[m", b"\x1b[7m", b"\x1b(B", b"\x08", b"\r", b"\x1b7", b"\x00"]


def received(text: str) -> bytes:
    return b"".join(e.data for e in parse(text) if e.what is Happening.RECEIVED)


def bare(data: bytes) -> bytes:
    """What is to be seen of *data*, without any control."""
    return re.sub(rb"\x1b\[[0-9;]*[A-Za-z]|\x1b[(][A-Z0-9]|\x1b[0-9]|[\x00-\x1f]", b"", data)


@virtual_time
async def test_is_text_of_one_event_a_line() -> None:
    """The text is stable and readable, with seconds since the beginning."""
    await asyncio.sleep(100)
    transcript = Transcript()
    transcript.opened()
    await asyncio.sleep(0.0034)
    transcript.received(b"\x1b[2J\x1b[2;28HNetopia \\ caf\xe9 ")
    await asyncio.sleep(1)
    transcript.sent(b"\x1b[B")
    transcript.sent(b"\r")
    transcript.remark("at the\nMain Menu")
    transcript.closed()
    transcript.closed()
    assert transcript.text() == (
        "wanfailover-transcript 1\n"
        "0.000 open\n"
        "0.003 < \\e[2J\\e[2;28HNetopia \\\\ caf\\xe9\\x20\n"
        "1.003 > \\e[B\n"
        "1.003 > \\r\n"
        "1.003 # at the Main Menu\n"
        "1.003 close\n"
    )


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=30)), max_size=20))
@example([(True, b" "), (False, b"  x  "), (True, b"\\x41\\e")])
def test_parsing_gives_every_byte_back(said: list[tuple[bool, bytes]]) -> None:
    """Whatever bytes went over the line, their text tells exactly them."""

    async def story() -> tuple[tuple[Event, ...], str]:
        transcript = Transcript()
        transcript.opened()
        for sent, data in said:
            (transcript.sent if sent else transcript.received)(data)
        return transcript.events, transcript.text()

    events, text = run(story())
    assert parse(text) == events
    assert [event.data for event in events[1:]] == [data for _, data in said]
    assert text.isascii()
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "line 1"),
        ("wanfailover-transcript 2\n", "line 1"),
        (f"{HEADER}\n0.0 open\n0.0 ?\n", "line 3"),
        (f"{HEADER}\nnow open\n", "line 2"),
        (f"{HEADER}\n0.0 < \\q\n", "line 2"),
        (f"{HEADER}\n\n", "line 2"),
    ],
)
def test_what_is_no_transcript_is_refused(text: str, line: str) -> None:
    """A file that is none is told by its line."""
    with pytest.raises(ValueError, match=line) if text else pytest.raises(ValueError):  # noqa: PT011
        parse(text)


WORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="*"))
SECRETS = WORDS.filter(lambda word: 1 <= len(word) <= 12)


@given(
    st.lists(SECRETS, min_size=1, max_size=3),
    st.lists(st.one_of(WORDS, st.sampled_from([" ", "  "])), max_size=6),
    st.lists(st.sampled_from(SEQUENCES), max_size=60),
    st.lists(st.integers(0, 400), max_size=60),
    st.booleans(),
)
def test_no_secret_survives_any_cut(
    secrets: list[str], words: list[str], sequences: list[bytes], cuts: list[int], sent: bool
) -> None:
    """A secret is gone however it is cut into segments and torn by cursor movements."""
    plain = "".join(word + secret for word, secret in zip([*words, ""] * 3, secrets, strict=False))
    pieces = list(bytewise(plain.encode()))
    for sequence, place in zip(sequences, cuts, strict=False):
        pieces.insert(place % (len(pieces) + 1), sequence)
    stream = b"".join(pieces)
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})

    async def story() -> bytes:
        transcript = Transcript(secrets)
        for start, end in itertools.pairwise(edges):
            (transcript.sent if sent else transcript.received)(stream[start:end])
        assert [len(event.data) for event in transcript.events] == [
            end - start for start, end in itertools.pairwise(edges)
        ]
        return b"".join(event.data for event in parse(transcript.text()))

    told = bare(run(story()))
    for secret in secrets:
        assert secret.encode() not in told
    assert len(told) == len(plain)


@virtual_time
async def test_the_mask_has_the_length_of_the_secret() -> None:
    """What is hidden leaves all else in its place, escape sequences included."""
    transcript = Transcript(["s3cret-rw"])
    transcript.received(b"Community:  s3cr\x1b[7m")
    transcript.received(b"et-rw\x1b[m  end")
    data = b"".join(event.data for event in transcript.events)
    assert data == b"Community:  ****\x1b[7m*****\x1b[m  end"


@virtual_time
async def test_a_secret_learnt_late_is_hidden_from_the_beginning() -> None:
    """What turns out to be a secret is hidden also where it was seen before."""
    transcript = Transcript()
    transcript.received(b"private")
    transcript.hide("private")
    assert b"private" not in transcript.events[0].data
    assert transcript.scrub("the community private") == "the community *******"


@virtual_time
async def test_what_is_typed_as_a_secret_is_hidden_whatever_comes_back() -> None:
    """Of a password neither what was sent nor any part that is echoed, early or late, is kept."""
    transcript = Transcript()
    transcript.received(CLEAR + b"\x1b[Hpassword:")
    transcript.sent(b"pass", secret=True)
    transcript.received(b"\x1b[1;10Hpas")
    transcript.sent(b"\r")
    transcript.received(b"s\x1b[2")
    transcript.received(b"JMain pass")
    transcript.sent(b"\x1b[B")
    transcript.received(b"pass")
    assert [event.data for event in transcript.events] == [
        CLEAR + b"\x1b[Hpassword:",
        b"****",
        b"\x1b[1;10H***",
        b"\r",
        b"*\x1b[2",
        b"JMain pass",
        b"\x1b[B",
        b"pass",
    ]


@virtual_time
async def test_nothing_shows_by_itself() -> None:
    """A transcript that is printed by accident shows nothing of what it holds."""
    transcript = Transcript(["s3cret"])
    transcript.received(b"s3cret")
    assert "s3cret" not in repr(transcript)


async def visit(console: Console) -> str:
    """A visit as a driver pays it: look, log in, open the first item, go back."""
    await console.until(lambda screen: screen.prompt == "password:")
    await console.type_secret("s3cret")
    await console.send(Key.RETURN)
    await console.until(lambda screen: screen.title == "Main")
    await console.send(Key.RETURN)
    screen = await console.until(lambda screen: screen.title == "Other")
    await console.press(Key.ESCAPE)
    await console.close()
    return screen.items[0].label


def answer(line: Line, key: bytes) -> None:
    if key == Key.RETURN:
        line.say(MENU if line.keys.count(Key.RETURN) == 1 else OTHER, after=0.1)
    elif key == Key.ESCAPE:
        line.say(*bytewise(MENU), every=0.001)
    else:
        line.say(b"******")


def record() -> str:
    """The record of one visit, with two secrets in it."""

    async def story() -> str:
        line = Line(answer)
        line.say(b"\x1b[Hpassword:")
        console = Console(line, Transcript(["s3cret"]))
        assert await visit(console) == "Three"
        return console.transcript.text()

    return run(story())


def test_a_record_plays_back_to_whoever_made_it() -> None:
    """A visit that is played its own record goes the same way, to its end."""
    text = record()
    assert "s3cret" not in text

    async def story() -> None:
        replay = Replay(parse(text))
        assert not replay.over
        assert await visit(Console(await replay.dial())) == "Three"
        assert replay.over

    run(story())


def test_a_record_is_the_same_each_time() -> None:
    """In virtual time, the same visit gives the same text to the last digit."""
    assert record() == record()


def test_another_key_than_the_record_s_is_told() -> None:
    """Whoever presses something else learns what, and what the record has there."""
    text = record()

    async def story() -> None:
        console = Console(await Replay(parse(text)).dial())
        await console.until(lambda screen: screen.prompt == "password:")
        await console.type_secret("another password")
        with pytest.raises(WrongKey, match=r"sends b'\\x1b\[B', where the record has > b'\\r'"):
            await console.send(Key.DOWN)

    run(story())


@virtual_time
async def test_a_key_after_the_record_s_end_is_told() -> None:
    """There is nothing to be had beyond the record: no session, no key, no screen."""
    replay = Replay(parse(f"{HEADER}\n0.0 open\n0.1 < hello\n0.2 close\n"))
    line = await replay.dial()
    assert await line.read(1) == b"hello"
    assert await line.read(1) == b""
    with pytest.raises(WrongKey, match="has close"):
        await line.write(b"\r")
    await line.close()
    with pytest.raises(WrongKey, match="dials, where the record is at its end"):
        await replay.dial()


def test_a_session_that_was_lost_is_lost_again() -> None:
    """Where the router hung up, it does so in the record, and after it was sent a key if so."""

    async def losing() -> str:
        line = Line(lambda line, _: line.hang_up())
        console = Console(line)
        line.say(MENU)
        await console.settle()
        with pytest.raises(RouterUnreachable):
            await console.press(Key.RETURN)
        await console.close()
        return console.transcript.text()

    text = run(losing())
    assert re.findall(r"\d (\S+)", text.split("\n", 1)[1]) == ["open", "<", ">", "lost", "close"]

    async def again() -> None:
        replay = Replay(parse(text))
        console = Console(await replay.dial())
        await console.settle()
        with pytest.raises(RouterUnreachable):
            await console.press(Key.RETURN)
        await console.close()
        assert replay.over

    run(again())


@virtual_time
async def test_a_record_waits_for_its_key() -> None:
    """While the record has a key next, nothing comes, for as long as it is waited for."""
    replay = Replay(parse(f"{HEADER}\n0.0 open\n0.1 < a\n0.2 > \\r\n0.3 < b\n"))
    line = await replay.dial()
    assert await line.read(5) == b"a"
    assert await line.read(5) == b""
    assert asyncio.get_running_loop().time() == pytest.approx(5)
    await line.write(b"\r")
    assert await line.read(5) == b"b"
    assert replay.over


@virtual_time
async def test_a_masked_text_stands_for_no_key() -> None:
    """What was hidden may be any text, and never Return or an arrow."""
    for data in (b"\r", b"\x1b[A", b"x\r"):
        replay = Replay(parse(f"{HEADER}\n0.0 open\n0.2 > ****\n"))
        line = await replay.dial()
        with pytest.raises(WrongKey):
            await line.write(data)
        await line.write(b"p@ss word")


@virtual_time
async def test_terminal_replies_are_part_of_the_record() -> None:
    """What the terminal answered by itself plays back as well."""

    def ask(line: Line, key: bytes) -> None:
        line.say(at(3, 3) + b"\x1b[6n" if key == Key.RETURN else MENU)

    console = Console(Line(ask))
    await console.send(Key.RETURN)
    await console.until(lambda screen: screen.title == "Main")
    replay = Replay(parse(console.transcript.text()))
    again = Console(await replay.dial())
    await again.send(Key.RETURN)
    assert (await again.until(lambda screen: screen.title == "Main")).find("Two")
