"""Telnet against a real server on loopback: options, ends, threads."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from wanfailover.errors import RouterUnreachable
from wanfailover.ports import RouterAccess
from wanfailover.transports import tcp
from wanfailover.transports.console.console import Console, Key
from wanfailover.transports.console.telnet import ConsoleBusy, TelnetLine, dial

IAC, DONT, DO, WONT, WILL, SB, SE = b"\xff", b"\xfe", b"\xfd", b"\xfc", b"\xfb", b"\xfa", b"\xf0"
GREETING = b"\xff\xfb\x01\xff\xfd\x03\xff\xfb\x03"
AGREED = IAC + DO + b"\x01" + IAC + WILL + b"\x03" + IAC + DO + b"\x03"
MENU = b"\x1b[2J\x1b[2;28H\x1b[m\x1b[1mNetopia R9100 v4.8.2\x1b[m"


class Server:
    """A telnet server that does as the test says and keeps what it is sent."""

    def __init__(self) -> None:
        self.got = bytearray()
        self.writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def start(self, greeting: bytes, *, hang_up: bool = False) -> RouterAccess:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.writers.append(writer)
            writer.write(greeting)
            with contextlib.suppress(ConnectionError):
                if hang_up:
                    writer.close()
                while data := await reader.read(4096):
                    self.got += data
            writer.close()

        self._server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return RouterAccess("127.0.0.1", "telnet", port=port)

    def say(self, data: bytes) -> None:
        self.writers[-1].write(data)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.sleep(0)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    yield server
    await server.stop()


async def eventually(holds: Callable[[], object], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - a thread's end sets no event
            await asyncio.sleep(0.005)


async def read_all(line: TelnetLine, size: int, within: float = 5.0) -> bytes:
    data = b""
    while len(data) < size and (more := await line.read(within)):
        data += more
    return data


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "telnet" in thread.name]


async def test_negotiates_and_gives_the_screen_alone(server: Server) -> None:
    """The router's three offers are agreed to, and none of it is part of what is read."""
    line = await dial(await server.start(GREETING + MENU))
    assert await read_all(line, len(MENU)) == MENU
    await eventually(lambda: len(server.got) >= len(AGREED))
    assert server.got == AGREED
    await line.close()


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (IAC + DO + b"\x18", IAC + WILL + b"\x18"),
        (
            IAC + DO + b"\x18" + IAC + SB + b"\x18\x01" + IAC + SE,
            IAC + WILL + b"\x18" + IAC + SB + b"\x18\x00VT100" + IAC + SE,
        ),
        (
            IAC + DO + b"\x1f",
            IAC + WILL + b"\x1f" + IAC + SB + b"\x1f\x00\x50\x00\x18" + IAC + SE,
        ),
        (IAC + WILL + b"\x00", IAC + DONT + b"\x00"),  # binary
        (IAC + DO + b"\x22", IAC + WONT + b"\x22"),  # line mode
        (IAC + DO + b"\x01", IAC + WONT + b"\x01"),  # we do not echo
        (IAC + WILL + b"\x01" + IAC + WILL + b"\x01", IAC + DO + b"\x01"),  # said twice
        (
            IAC + WILL + b"\x01" + IAC + WONT + b"\x01" + IAC + WONT + b"\x01",
            IAC + DO + b"\x01" + IAC + DONT + b"\x01",
        ),
        (IAC + WONT + b"\x01" + IAC + DONT + b"\x18", b""),  # confirms what holds already
        (IAC + SB + b"\x18\x01" + IAC + SE, b""),  # a type nobody agreed to tell
        (IAC + b"\xf1" + IAC + b"\xf9", b""),  # NOP, GA
    ],
)
async def test_answers_options_as_rfc_854_has_it(
    server: Server, asked: bytes, answer: bytes
) -> None:
    """Each offer and demand is answered once; what confirms the state is not answered at all."""
    line = await dial(await server.start(asked + b"|" + IAC + DO + b"\x63"))
    assert await read_all(line, 1) == b"|"
    await eventually(lambda: server.got.endswith(IAC + WONT + b"\x63"))
    assert server.got.removesuffix(IAC + WONT + b"\x63") == answer
    await line.close()


async def test_options_may_be_cut_anywhere(server: Server) -> None:
    """Negotiation that comes byte by byte is still negotiation."""
    line = await dial(await server.start(b"a"))
    assert await line.read(5) == b"a"
    for byte in GREETING + IAC + SB + b"\x18\x01" + IAC + SE + b"b":
        server.say(bytes([byte]))
        await asyncio.sleep(0.002)
    assert await read_all(line, 1) == b"b"
    await eventually(lambda: len(server.got) >= len(AGREED))
    assert server.got == AGREED
    await line.close()


async def test_keys_go_out_as_they_are(server: Server) -> None:
    """Return is a bare CR, an arrow three bytes, and a byte 255 is doubled, both ways."""
    line = await dial(await server.start(b"\xff\xff!"))
    assert await read_all(line, 2) == b"\xff!"
    for data in (b"\r", b"\x1b[A", b"\xff", b"x\xffy", b"\x7f"):
        await line.write(data)
    expected = b"\r\x1b[A\xff\xffx\xff\xffy\x7f"
    await eventually(lambda: len(server.got) >= len(expected))
    assert server.got == expected
    await line.close()


async def test_each_key_is_a_segment_and_leaves_at_once(server: Server) -> None:
    """A key is never held back for the one before it (TCP_NODELAY), nor torn."""
    access = await server.start(b"!")
    line = await dial(access)
    assert await line.read(5) == b"!"
    for key in (b"\x1b[A", b"\x1b[B", b"\r"):
        server.got.clear()
        await line.write(key)
        await eventually(lambda: server.got, 1)
        assert server.got == key
    await line.close()


async def test_reading_ends_when_nothing_comes(server: Server) -> None:
    """Silence is no error, and lasts as long as was asked for."""
    line = await dial(await server.start(b"!"))
    assert await line.read(5) == b"!"
    began = time.monotonic()
    assert await line.read(0.1) == b""
    assert 0.09 < time.monotonic() - began < 1
    assert await line.read(0) == b""
    await line.close()


@pytest.mark.alone
async def test_what_comes_is_read_without_delay(server: Server) -> None:
    """A byte is handed on within a few milliseconds of its coming, which polling would not do."""
    line = await dial(await server.start(b"!"))
    assert await line.read(5) == b"!"
    delays = []
    for _ in range(20):
        asyncio.get_running_loop().call_later(0.01, server.say, b"x")
        began = time.monotonic()
        assert await line.read(5) == b"x"
        delays.append(time.monotonic() - began - 0.01)
    assert sorted(delays)[5] < 0.02
    await line.close()


async def test_an_idle_session_uses_no_time(server: Server) -> None:
    """While nothing happens the thread sleeps, and does not wake to see whether something did."""
    line = await dial(await server.start(b"!"))
    assert await line.read(5) == b"!"
    await asyncio.sleep(0.05)
    began = wakings(line)
    assert await line.read(0.3) == b""
    assert wakings(line) - began < 3
    await line.close()


def wakings(line: TelnetLine) -> int:
    """How often the session's thread has gone to sleep (proc(5))."""
    status = Path(f"/proc/self/task/{line._thread.native_id}/status").read_text()
    return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])


async def test_a_flood_is_handed_on_while_it_lasts(server: Server) -> None:
    """A router that never stops does not keep what it said from being read."""
    line = await dial(await server.start(b"!"))
    assert await line.read(5) == b"!"

    async def flood() -> None:
        while True:
            server.say(b"x" * 4096)
            await server.writers[-1].drain()

    flooding = asyncio.create_task(flood())
    async with asyncio.timeout(5):
        assert len(await read_all(line, 20_000)) >= 20_000
    flooding.cancel()
    async with asyncio.timeout(5):
        await line.close()


async def test_nobody_listening_is_explained() -> None:
    """A refusal names where, and what may have been switched off."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(
            RouterUnreachable,
            match=f"127.0.0.1 port {port} refuses telnet.*'Enable Telnet Console Access'",
        ):
            await dial(RouterAccess("127.0.0.1", "telnet", port=port))


async def test_a_router_that_is_silent_ends_in_time() -> None:
    """A connection that is not accepted is given up within the seconds given."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        others = [socket.socket() for _ in range(4)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(("127.0.0.1", port))
        began = time.monotonic()
        with pytest.raises(RouterUnreachable, match=f"127.0.0.1 port {port} does not answer"):
            await dial(RouterAccess("127.0.0.1", "telnet", port=port), within=0.3)
        assert time.monotonic() - began < 2
        for other in others:
            other.close()


async def test_a_name_that_nobody_knows() -> None:
    """A host name that cannot be looked up says so, once."""
    with pytest.raises(RouterUnreachable, match=r"^no\.\.name cannot be looked up"):
        await dial(RouterAccess("no..name", "telnet"))


@pytest.mark.parametrize("options", [b"", GREETING])
async def test_a_session_ended_without_a_word_is_busy(server: Server, options: bytes) -> None:
    """A router that hangs up at once has no session left; that has a name of its own."""
    line = await dial(await server.start(options, hang_up=True))
    with pytest.raises(ConsoleBusy, match="hung up without a word"):
        await line.read(5)
    with pytest.raises(ConsoleBusy):
        await line.write(b"\r")
    await line.close()
    await eventually(lambda: not threads())


async def test_a_session_that_is_ended_after_some_words(server: Server) -> None:
    """What was said before the end is read first; then it is ended, and not busy."""
    line = await dial(await server.start(MENU, hang_up=True))
    assert await read_all(line, len(MENU)) == MENU
    for _ in range(2):
        with pytest.raises(RouterUnreachable, match="ended the session") as caught:
            await line.read(5)
        assert not isinstance(caught.value, ConsoleBusy)
    await line.close()


async def test_a_reset_is_an_end(server: Server) -> None:
    """A router that restarts resets its connections; a read under way ends at once."""
    line = await dial(await server.start(MENU))
    assert await read_all(line, len(MENU)) == MENU
    reading = asyncio.create_task(line.read(20))
    await asyncio.sleep(0.02)
    sock = server.writers[-1].get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    server.writers[-1].transport.abort()
    with pytest.raises(RouterUnreachable):
        async with asyncio.timeout(5):
            await reading
    with pytest.raises(RouterUnreachable):
        await line.write(b"\r")
    await line.close()


async def test_the_kernel_watches_over_the_connection(server: Server) -> None:
    """Unanswered bytes end a session after seconds, and silence is asked after."""
    line = await dial(await server.start(b"!"))
    assert await line.read(5) == b"!"
    sock = line._sock
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == tcp.SILENCE * 1000
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    await line.close()


async def test_a_router_that_takes_no_more_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where bytes do not leave, a write ends in time, and so does the session."""
    monkeypatch.setattr("wanfailover.transports.console.telnet.WRITE_WITHIN", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as stuck:
        line = await dial(RouterAccess("127.0.0.1", "telnet", port=stuck.getsockname()[1]))
        accepted, _ = stuck.accept()
        with accepted, pytest.raises(RouterUnreachable, match="takes no more bytes"):
            await line.write(b"x" * 50_000_000)
        with pytest.raises(RouterUnreachable):
            await line.read(5)
        await line.close()
    await eventually(lambda: not threads())


async def test_a_session_stuck_in_writing_can_be_closed() -> None:
    """A write that hangs, and whose caller went away, does not keep the session from closing."""
    with socket.create_server(("127.0.0.1", 0)) as stuck:
        line = await dial(RouterAccess("127.0.0.1", "telnet", port=stuck.getsockname()[1]))
        accepted, _ = stuck.accept()
        with accepted:
            writing = asyncio.create_task(line.write(b"x" * 50_000_000))
            await asyncio.sleep(0.2)
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
            async with asyncio.timeout(2):
                await line.close()
            assert not threads()


async def test_closing_ends_what_waits(server: Server) -> None:
    """A read under way ends when the session is closed; all calls after it say so."""
    line = await dial(await server.start(b"!"))
    assert await line.read(5) == b"!"
    reading = asyncio.create_task(line.read(20))
    await asyncio.sleep(0.02)
    await line.close()
    await line.close()
    for call in (reading, line.read(1), line.write(b"x")):
        with pytest.raises(RouterUnreachable, match="is closed"):
            await call


async def test_a_cancelled_read_loses_nothing(server: Server) -> None:
    """What arrives after a read was cancelled is read by the next one."""
    line = await dial(await server.start(b"!"))
    assert await line.read(5) == b"!"
    reading = asyncio.create_task(line.read(20))
    await asyncio.sleep(0.02)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    server.say(b"later")
    assert await read_all(line, 5) == b"later"
    await line.close()


async def test_leaves_nothing_behind(server: Server) -> None:
    """Twenty sessions, closed in every way there is, leave no thread and no descriptor."""
    access = await server.start(GREETING + MENU)
    await (await dial(access)).close()
    await eventually(lambda: not threads())
    before = descriptors()
    endings: list[Callable[[TelnetLine], Awaitable[object]]] = [
        lambda line: line.close(),
        lambda line: cancelled(line.read(20)),
        lambda line: cancelled(line.close()),
        lambda line: hung_up(server, line),
    ]
    for number in range(20):
        line = await dial(access)
        assert await read_all(line, len(MENU)) == MENU
        await endings[number % len(endings)](line)
        await line.close()
        server.writers.pop().transport.abort()
    await eventually(lambda: not threads())
    await eventually(lambda: descriptors() <= before)


async def cancelled(call: Awaitable[object]) -> None:
    task = asyncio.ensure_future(call)
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def hung_up(server: Server, line: TelnetLine) -> None:
    server.writers[-1].transport.abort()
    with contextlib.suppress(RouterUnreachable):
        await line.read(5)


async def test_no_log_tells_a_key(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """Not even with all logs wide open is a key, or what is on the screen, told."""
    caplog.set_level(logging.DEBUG)
    line = await dial(await server.start(MENU))
    console = Console(line)
    await console.until(lambda screen: screen.title.startswith("Netopia"))
    await console.type_secret("s3cret")
    await console.press(Key.RETURN)
    await console.close()
    assert "s3cret" not in caplog.text
    assert "Netopia" not in caplog.text


async def test_a_loop_that_is_gone_is_no_trouble(server: Server) -> None:
    """A session forgotten by a loop that was closed ends when its socket does."""
    access = await server.start(b"!")

    def forget() -> None:
        asyncio.run(dial_only())

    async def dial_only() -> None:
        await (await dial(access)).read(5)

    await asyncio.to_thread(forget)
    assert threads()
    server.writers[-1].transport.abort()
    await eventually(lambda: not threads())
