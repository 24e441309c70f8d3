"""A page with nothing behind it but an engine that is told what it sees; over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.page.month import leave_behind
from tests.scenarios.world import holds, site
from wanfailover.core.engine import Engine
from wanfailover.counts import Counts
from wanfailover.page.server import Server
from wanfailover.page.sources import Sources
from wanfailover.present import Present
from wanfailover.sites import SiteDir


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Stand:
    """The page, and what it is told."""

    server: Server
    port: int
    engine: Engine
    looked: list[float] = field(default_factory=list)
    late: float = 0.0

    def hold(self, circuit: str, now: float) -> None:
        """The router is on another circuit."""
        self.engine.feed(holds(site(), circuit, now), now)

    async def connect(self, source: str = "127.0.0.1"):
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))

    async def send(self, raw: bytes, source: str = "127.0.0.1") -> Answer | None:
        """Send what it says, and read one answer; None where there is none."""
        reader, writer = await self.connect(source)
        try:
            writer.write(raw)
            return await read_answer(reader)
        finally:
            writer.close()

    async def ask(self, path: str, *lines: str, method: str = "GET", **how) -> Answer:
        host = [] if any(line.lower().startswith("host:") for line in lines) else [self.host]
        head = [f"{method} {path} HTTP/1.1", *host, *lines, "Connection: close"]
        answer = await self.send(("\r\n".join(head) + "\r\n\r\n").encode("latin-1"), **how)
        assert answer is not None, "no answer"
        return answer

    @property
    def host(self) -> str:
        return f"Host: 127.0.0.1:{self.port}"


async def read_answer(reader: asyncio.StreamReader) -> Answer | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    length = int(headers.get("content-length", 0))
    try:
        body = await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        body = error.partial
    return Answer(int(first.split()[1]), headers, body)


@asynccontextmanager
async def page(folder: Path, *names: str) -> AsyncIterator[Stand]:
    engine = Engine(site())
    present = Present("memory", None)
    stand: Stand

    def report():
        stand.looked.append(asyncio.get_running_loop().time())
        return present.report(engine, dict.fromkeys(engine.readings))

    sources = Sources(SiteDir(folder), report, Counts(), lambda: stand.late)
    stand = Stand(Server(sources, names), 0, engine)
    stand.hold("primary", 1.0)
    await stand.server.open("127.0.0.1", 0)
    assert stand.server.address is not None
    stand.port = stand.server.address[1]
    try:
        yield stand
    finally:
        await stand.server.close()


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """A page of a site that nobody has watched yet, and whose names are two."""
    async with page(tmp_path, "wan.example.com", "office") as made:
        yield made


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month of a site, in its state directory."""
    folder = tmp_path_factory.mktemp("month") / "office"
    leave_behind(folder, datetime.now(UTC))
    return folder


@pytest.fixture
async def old_stand(month: Path) -> AsyncIterator[Stand]:
    """A page of a site with a month behind it."""
    async with page(month) as made:
        yield made
