"""Each path against a real receiver: what it is sent, and what is made of every way to say no."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP

from tests.support.mx import Mx
from wanfailover import addressees as to
from wanfailover import dialogue
from wanfailover.notify import command, smtp, webhook
from wanfailover.notify.checks import attempt, findings
from wanfailover.notify.letter import Letter, Severity, Stage
from wanfailover.notify.paths import NotSent
from wanfailover.notify.ways import way
from wanfailover.ports import Secret
from wanfailover.probes.names import Names

LETTER = Letter(
    "m2", "m1", "circuits", "proved backup", "2026-11-28T03:00:09+01:00", "office",
    Stage.FOLLOWED, Severity.CRITICAL, "active-down: switch to backup proved after 2.9 s: é",
    "active-down", ("a line",), ("m0", "m1"),
)  # fmt: skip


def sender(path: to.Addressee):
    return way(path, Names())


# Mail


class Handler:
    """Takes mail, but refuses whom it is told to."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.refused: set[str] = set()
        self.refusal = "550 5.1.1 no such user"
        self.taken_for: list[list[str]] = []
        self.data = "250 2.0.0 queued as 7"

    async def handle_RCPT(  # noqa: N802
        self, server, session, envelope, address, options
    ):
        if address in self.refused:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server, session, envelope
    ):
        if self.data.startswith("250"):
            self.taken.append(envelope.content)
            self.taken_for.append(envelope.rcpt_tos)
        return self.data


@asynccontextmanager
async def mail_server():
    handler, sessions = Handler(), []

    def session() -> SMTP:
        sessions.append(SMTP(handler, hostname="127.0.0.1"))
        return sessions[-1]

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    try:
        yield handler, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in sessions:
            if each.transport is not None:
                each.transport.abort()
        await asyncio.sleep(0.01)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def by_mail(port: int, *recipients: str) -> to.ByMail:
    return to.ByMail("127.0.0.1", "wan@example.com", recipients or ("ops@example.com",), port)


async def test_mail_is_threaded_and_marked():
    async with mail_server() as (handler, port):
        assert await sender(by_mail(port)).send(LETTER) == "250 2.0.0 queued as 7"
        assert await sender(by_mail(port)).look() == "the mail server answers"
    (raw,) = handler.taken
    message = message_from_bytes(raw, policy=policy.default)
    assert message["Subject"] == "[office] active-down: switch to backup proved after 2.9 s: é"
    assert message["Message-ID"] == "<m2@example.com>"
    assert message["In-Reply-To"] == "<m1@example.com>"
    assert message["References"] == "<m0@example.com> <m1@example.com>"
    assert message["X-Wanfailover-Id"] == "m2"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    assert "  a line" in text
    assert "wanfailover explain --site office --at '" in text


async def test_the_first_of_an_incident_follows_nothing():
    message = smtp.composed(
        Letter("m1", "m1", "t", "k", LETTER.at, "office", Stage.ALONE, Severity.INFO, "s"),
        by_mail(25),
    )
    assert message["In-Reply-To"] is message["References"] is message["Importance"] is None


async def test_one_recipient_is_refused_and_the_others_are_told():
    async with mail_server() as (handler, port):
        handler.refused = {"gone@example.com"}
        both = sender(by_mail(port, "gone@example.com", "ops@example.com"))
        assert await both.send(LETTER) == (
            "250 2.0.0 queued as 7; but not for gone@example.com: 550 5.1.1 no such user"
        )
        with pytest.raises(NotSent, match="no recipient is taken: 550") as caught:
            await sender(by_mail(port, "gone@example.com")).send(LETTER)
        assert caught.value.refused
    assert len(handler.taken) == 1


async def test_who_cannot_be_told_now_is_told_later_and_the_others_once():
    """An office's server without DNS takes its own people's mail, and not yet the on-call's."""
    async with mail_server() as (handler, port):
        handler.refused, handler.refusal = {"oncall@example.net"}, "450 4.4.3 no route yet"
        way = sender(by_mail(port, "ops@example.com", "oncall@example.net"))
        for _ in range(2):
            with pytest.raises(NotSent, match="no route yet") as caught:
                await way.send(LETTER)
            assert caught.value.refused
        handler.refusal = "550 5.1.1 no such user"
        assert (await way.send(LETTER)).endswith(
            "not for oncall@example.net: 550 5.1.1 no such user"
        )
        handler.refusal = "450 4.4.3 no route yet"
        with pytest.raises(NotSent):
            await way.send(LETTER)
        handler.refused = set()
        assert (await way.send(LETTER)).startswith("250")
    assert handler.taken_for == [["ops@example.com"], ["ops@example.com"], ["oncall@example.net"]]


@pytest.mark.parametrize(("reply", "refused"), [("554 5.7.1 spam", True), ("451 later", False)])
async def test_what_the_server_says_after_the_message(reply, refused):
    async with mail_server() as (handler, port):
        handler.data = reply
        with pytest.raises(NotSent, match=reply) as caught:
            await sender(by_mail(port)).send(LETTER)
    assert caught.value.refused is refused
    assert handler.taken == []


async def test_no_mail_server(monkeypatch):
    with pytest.raises(NotSent, match="connect: connection refused"):
        await sender(by_mail(_free_port())).send(LETTER)
    monkeypatch.setattr(dialogue, "TALK", 0.2)
    async with silent() as port:
        with pytest.raises(NotSent, match=r"talk: no answer within 0.2 s"):
            await sender(by_mail(port)).send(LETTER)


async def test_a_password_is_not_sent_in_the_clear():
    """A server without STARTTLS gets nothing."""
    with Mx() as mx:
        login = to.ByMail(
            "127.0.0.1", "wan@example.com", ("a@example.com",), mx.port, True, "wan",
            Secret("hunter2"),
        )  # fmt: skip
        with pytest.raises(NotSent, match="STARTTLS") as caught:
            await sender(login).send(LETTER)
        assert "hunter2" not in str(caught.value)
        assert {*mx.verbs} <= {"EHLO", "STARTTLS", "QUIT"}


@asynccontextmanager
async def silent():
    """A server that accepts and says nothing."""

    writers = []
    server = await asyncio.start_server(lambda _, to: writers.append(to), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


# Webhook


class Hook:
    def __init__(self) -> None:
        self.got: list[tuple[dict, dict]] = []
        self.status = 200

    async def post(self, request):
        self.got.append((await request.json(), dict(request.headers)))
        headers = {"Location": "/elsewhere"} if 300 <= self.status < 400 else {}
        return web.Response(status=self.status, text="thanks", headers=headers)


@asynccontextmanager
async def hook():
    receiver = Hook()
    application = web.Application()
    application.router.add_post("/wan", receiver.post)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield receiver, site._server.sockets[0].getsockname()[1]
    finally:
        await runner.cleanup()


def by_hook(port: int, token: str | None = None, path: str = "wan") -> to.ByWebhook:
    url = Secret(f"http://127.0.0.1:{port}/{path}")
    return to.ByWebhook(url, Secret(token) if token else None)


async def test_a_webhook_gets_the_message_as_json():
    async with hook() as (receiver, port):
        assert await sender(by_hook(port, "hunter2")).send(LETTER) == "200 OK thanks"
        assert await sender(by_hook(port)).look() == f"127.0.0.1:{port} answers"
    ((data, headers),) = receiver.got
    assert data == json.loads(json.dumps(LETTER.data()))
    assert (data["id"], data["incident"], data["rule"]) == ("m2", "m1", "active-down")
    assert headers["X-Wanfailover-Id"] == "m2"
    assert headers["Authorization"] == "Bearer hunter2"


@pytest.mark.parametrize(
    ("status", "refused"), [(400, True), (404, True), (302, True), (429, False), (503, False)]
)
async def test_a_webhook_that_says_no(status, refused):
    """What may pass is tried again like a path that is away."""
    async with hook() as (receiver, port):
        receiver.status = status
        with pytest.raises(NotSent, match=f"status {status}") as caught:
            await sender(by_hook(port)).send(LETTER)
    assert caught.value.refused is refused
    assert len(receiver.got) == 1


async def test_no_webhook(monkeypatch):
    with pytest.raises(NotSent, match=r"connect: .*refused"):
        await sender(by_hook(_free_port(), path="hunter2")).send(LETTER)
    monkeypatch.setattr(webhook, "WITHIN", 0.2)
    async with silent() as port:
        for path in (by_hook(port), to.ByWebhook(Secret(f"https://127.0.0.1:{port}/"))):
            with pytest.raises(NotSent, match=r"no answer within 0.2 s"):
                await sender(path).send(LETTER)


# A program


@pytest.fixture
def program(tmp_path):
    """A shell script that is made of lines; what it gets is in the file beside it."""

    def make(*lines: str) -> to.ByCommand:
        script = tmp_path / "led"
        script.write_text("\n".join(["#!/bin/sh", f'cat >"{tmp_path}/got"', *lines]) + "\n")
        script.chmod(0o755)
        return to.ByCommand((str(script), "blink"))

    return make


async def test_a_program_gets_the_message_on_its_input(program, tmp_path, monkeypatch):
    monkeypatch.setenv("ROUTER_PASSWORD", "hunter2")
    path = program(f'env >"{tmp_path}/env"', 'echo "lit $1"')
    assert await sender(path).send(LETTER) == "lit blink"
    assert json.loads((tmp_path / "got").read_text())["id"] == "m2"
    assert "hunter2" not in (tmp_path / "env").read_text()
    assert await sender(path).look() == "is there, and may be started"


@pytest.mark.parametrize(("code", "refused"), [(1, True), (75, False)])
async def test_a_program_that_fails(program, code, refused):
    with pytest.raises(NotSent, match=f"exit code {code}: no lamp") as caught:
        await sender(program("echo no lamp >&2", f"exit {code}")).send(LETTER)
    assert caught.value.refused is refused


async def test_what_a_program_leaves_running_is_not_waited_for(program, tmp_path, monkeypatch):
    """It has ended, and well; that a child of its own holds its output open is no matter."""
    monkeypatch.setattr(command, "WITHIN", 3.0)
    path = program("echo lit", "sleep 7 &", f'echo $! >"{tmp_path}/child"')
    assert await sender(path).send(LETTER) == "lit"
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


async def test_a_program_that_does_not_end_is_killed_with_its_children(
    program, tmp_path, monkeypatch
):
    monkeypatch.setattr(command, "WITHIN", 0.5)
    path = program("sleep 987 &", f'echo $! >"{tmp_path}/child"', "wait")
    with pytest.raises(NotSent, match=r"has not ended within 0.5 s"):
        await sender(path).send(LETTER)
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        try:
            state = Path(f"/proc/{child}/stat").read_text().split()[2]  # noqa: ASYNC240
        except FileNotFoundError:
            break
        if state == "Z":
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("its child lives on")


async def test_no_program(tmp_path):
    gone = to.ByCommand((str(tmp_path / "gone"),))
    with pytest.raises(NotSent, match="cannot be started: No such file"):
        await sender(gone).send(LETTER)
    with pytest.raises(NotSent, match="is not there"):
        await sender(gone).look()
    plain = tmp_path / "plain"
    plain.touch(mode=stat.S_IRUSR)
    with pytest.raises(NotSent, match="may not be started"):
        await sender(to.ByCommand((str(plain),))).look()


# Apprise


LIBRARIES = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""Apprise's own, of which some import what newer Pythons have no more."""


@LIBRARIES
async def test_apprise_sends_by_what_it_knows(tmp_path):
    pytest.importorskip("apprise", reason="an optional extra")
    file = tmp_path / "urls"
    async with hook() as (receiver, port):
        file.write_text(f"# ours\njson://127.0.0.1:{port}/wan\n")
        path = sender(to.ByApprise(file))
        assert await path.send(LETTER) == "Apprise has sent it to 1"
        assert await path.look() == "Apprise understands all of 1"
        receiver.status = 500
        with pytest.raises(NotSent, match="could not send it to all"):
            await path.send(LETTER)
    data = receiver.got[0][0]
    assert data["title"] == LETTER.title
    assert "id m2" in data["message"]


@LIBRARIES
async def test_apprise_and_what_it_does_not_know(tmp_path, monkeypatch):
    pytest.importorskip("apprise", reason="an optional extra")
    file = tmp_path / "urls"
    file.write_text("nonsense-hunter2\n")
    with pytest.raises(NotSent, match="does not understand URL 1") as caught:
        await sender(to.ByApprise(file)).look()
    assert "hunter2" not in str(caught.value)
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(NotSent, match="not installed: pip install"):
        await sender(to.ByApprise(file)).look()


# Together


async def test_rows_of_check(tmp_path):
    """A path that fails is yellow while another works, and red when nobody would be told."""
    async with hook() as (receiver, port):
        gone = to.ByCommand((str(tmp_path / "gone"),))
        rows = [row async for row in findings(to.Notices((by_hook(port), gone)), Names())]
        assert [str(row.severity) for row in rows] == ["green", "yellow"]
        assert rows[1].subject == f"notify: exec {tmp_path}/gone"
        rows = [row async for row in findings(to.Notices((gone,)), Names())]
        assert [str(row.severity) for row in rows] == ["red"]
        assert rows[0].sentence == "is not there; nobody would be told"
        assert receiver.got == []


async def test_an_attempt_tells_both(tmp_path):
    tried = await attempt(to.ByCommand((str(tmp_path / "gone"),)), Names(), LETTER)
    assert (tried.well, tried.refused) == (False, False)
    assert "cannot be started" in tried.words


def test_names_hold_no_secret():
    """They are in the journal, in `status` and in the log."""
    paths = [
        by_hook(80, "hunter2", "hunter2"),
        to.ByMail("h", "a@b.c", ("d@e.f",), 587, True, "u", Secret("hunter2")),
    ]
    for path in paths:
        assert "hunter2" not in path.name + repr(path)
    assert by_hook(80, path="a").name != by_hook(80, path="b").name
