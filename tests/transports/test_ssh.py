"""The shell over SSH, against a real OpenSSH server in a network namespace."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

import paramiko
import pytest

from tests.transports.server import Server, until
from wanfailover.errors import LoginRefused, RouterTimeout, RouterUnreachable
from wanfailover.ports import RouterAccess, Secret
from wanfailover.transports.shell import Completed, SessionLost
from wanfailover.transports.ssh import SshShell

pytestmark = [pytest.mark.packets, pytest.mark.sshd]

DROP = "table ip cut { chain in { type filter hook input priority -200; drop; }; }"


async def once(access: RouterAccess, command: str = "echo hello", within: float = 10) -> Completed:
    shell = SshShell(access)
    try:
        return await shell.run(command, within=within)
    finally:
        await shell.close()


async def test_gives_status_and_both_outputs(server: Server) -> None:
    """A command's exit status, output and complaints arrive apart, also long lines and many."""
    done = await once(server.access(), f"echo {'x' * 2000}; echo no >&2; exit 7")
    assert done == Completed(7, "x" * 2000 + "\n", "no\n")


async def test_feeds_standard_input(server: Server) -> None:
    """What is given as standard input is read by the command, to its end."""
    shell = SshShell(server.access())
    assert (await shell.run("cat", within=5, stdin="a\nb\n")).out == "a\nb\n"
    await shell.close()


async def test_needs_no_terminal(server: Server) -> None:
    """A key that sshd lets have no terminal is enough, and none is asked for."""
    assert "restrict" in (server.directory / "authorized").read_text()
    assert (await once(server.access(), "test -t 0 || echo none")).out == "none\n"


async def test_logs_in_by_password(server: Server) -> None:
    """A password alone lets in."""
    assert (await once(server.by_password(), "id -un")).out.strip() == server.user.name


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
async def test_opens_an_encrypted_key_with_the_password(server: Server, kind: str) -> None:
    """Of a key that is encrypted, the password is the passphrase."""
    server.make_key("locked", kind, "open sesame")
    server.authorize("locked")
    key = server.directory / "locked"
    access = server.access(key=key, password=Secret("open sesame"))
    assert (await once(access)).out == "hello\n"
    with pytest.raises(LoginRefused, match="cannot be used: encrypted, and the password given"):
        await once(server.access(key=key, password=Secret("wrong")))


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
async def test_a_wrong_key_is_refused_credentials(server: Server, kind: str) -> None:
    """A key the router does not know is LoginRefused, whatever its type, and names the file."""
    server.make_key("wrong", kind)
    with pytest.raises(LoginRefused, match=r"refused user .* with key .*/wrong"):
        await once(server.access(key=server.directory / "wrong"))


async def test_a_wrong_password_is_refused_credentials(server: Server) -> None:
    """A wrong password is LoginRefused and is not told."""
    with pytest.raises(LoginRefused, match="with a password") as caught:
        await once(server.access(key=None, password=Secret("hunter2")))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"), [(None, "No such file"), ("garbage", "not a private key")]
)
async def test_an_unusable_key_file(server: Server, content: str | None, sentence: str) -> None:
    """A key file that is missing or no key says so, and the router is not blamed."""
    file = server.directory / "odd"
    if content is not None:
        file.write_text(content)
    with pytest.raises(LoginRefused, match=sentence):
        await once(server.access(key=file))


async def test_a_changed_host_key(server: Server) -> None:
    """A host key other than the known one stops everything, with both fingerprints and a remedy."""
    server.know("stranger")
    with pytest.raises(LoginRefused, match="somebody may stand between") as caught:
        await once(server.by_password())
    for words in ("SHA256:", "ssh-keygen -R 192.168.10.1 -f", "ssh-keyscan -p 22 192.168.10.1"):
        assert words in str(caught.value)
    assert str(caught.value).count("SHA256:") == 2


@pytest.mark.parametrize("present", [True, False])
async def test_an_unknown_host_key(server: Server, present: bool) -> None:
    """A host key that nobody vouched for stops everything and stays unknown."""
    file = server.directory / "known_hosts"
    if present:
        file.write_text("")
    else:
        file.unlink()
    with pytest.raises(LoginRefused, match=r"is not in .*known_hosts; run 'ssh-keyscan"):
        await once(server.by_password())
    assert not present or file.read_text() == ""


async def test_a_damaged_known_hosts(server: Server) -> None:
    """A line that is no host key is named."""
    (server.directory / "known_hosts").write_text("192.168.10.1 ssh-ed25519 AAAA=spoilt\n")
    with pytest.raises(LoginRefused, match=r"known host keys: .* AAAA=spoilt"):
        await once(server.access())


async def test_a_router_that_refuses_connections(server: Server) -> None:
    """Nobody listening is RouterUnreachable, in the system's words."""
    with pytest.raises(RouterUnreachable, match="port 2222 does not answer: Connection refused"):
        await once(server.access(port=2222))


async def test_a_router_that_is_silent(server: Server) -> None:
    """No answer at all is RouterUnreachable, after four seconds at most."""
    server.bed.sh("router", f"nft '{DROP}'")
    began = time.monotonic()
    with pytest.raises(RouterUnreachable, match="port 22 does not answer"):
        await once(server.access(), within=20)
    assert time.monotonic() - began < 7


async def test_a_name_that_nobody_knows(server: Server) -> None:
    """A host name that cannot be looked up is RouterUnreachable."""
    with pytest.raises(RouterUnreachable, match=r"no\.\.name cannot be looked up"):
        await once(server.access(host="no..name"))


async def test_another_service_on_the_port(server: Server) -> None:
    """A port where something else answers is RouterUnreachable and says what is odd."""

    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n" * 30)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(babble, "127.0.0.1", 2525):
        with pytest.raises(RouterUnreachable, match="does not speak SSH"):
            await once(server.access(host="127.0.0.1", port=2525))


async def test_a_server_that_takes_connections_and_says_nothing(server: Server) -> None:
    """A hung server costs no more than the deadline given."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 2526):
        began = time.monotonic()
        with pytest.raises((RouterTimeout, RouterUnreachable)):
            await once(server.access(host="127.0.0.1", port=2526), within=1)
        assert time.monotonic() - began < 4


async def test_a_command_that_takes_too_long(server: Server) -> None:
    """At the deadline it is given up, and the shell serves on."""
    shell = SshShell(server.access())
    await shell.run("true", within=5)
    began = time.monotonic()
    with pytest.raises(RouterTimeout, match=r"port 22 did not answer within 0\.5 s"):
        await shell.run("sleep 20", within=0.5)
    assert time.monotonic() - began < 3
    assert (await shell.run("echo on", within=5)).out == "on\n"
    await shell.close()


async def test_a_session_that_died_meanwhile_is_renewed(server: Server) -> None:
    """A kept session found dead is replaced before the command is sent, and nobody notices."""
    shell = SshShell(server.access())
    await shell.run("true", within=5)
    server.kill_sessions()
    assert (await shell.run("echo again", within=5)).out == "again\n"
    await shell.close()


async def test_a_command_that_may_have_run_is_not_sent_again(server: Server) -> None:
    """A session lost under way is SessionLost, and the command ran once."""
    shell = SshShell(server.access())
    await shell.run("true", within=5)
    trace = server.desk / "trace"
    running = asyncio.create_task(shell.run(f"echo ran >>{trace}; sleep 20", within=10))
    await until(trace.exists)
    server.kill_sessions()
    with pytest.raises(SessionLost, match="was lost while a command ran"):
        await running
    assert (await shell.run("echo on", within=5)).out == "on\n"
    assert trace.read_text() == "ran\n"
    await shell.close()


async def test_a_line_cut_in_silence(server: Server) -> None:
    """Where bytes vanish a command ends at its deadline, and once they pass again all is well."""
    shell = SshShell(server.access())
    await shell.run("true", within=5)
    server.bed.sh("router", f"nft '{DROP}'")
    began = time.monotonic()
    with pytest.raises((RouterTimeout, RouterUnreachable)):
        await shell.run("true", within=1)
    assert time.monotonic() - began < 4
    server.bed.sh("router", "nft delete table ip cut")
    assert (await shell.run("echo back", within=9)).out == "back\n"
    await shell.close()


async def test_a_line_cut_while_a_command_runs(server: Server) -> None:
    """A peer that vanishes under a command is noticed within seconds, long before its deadline."""
    shell = SshShell(server.access())
    running = asyncio.create_task(shell.run("sleep 60", within=60))
    await shell_busy(server)
    server.bed.sh("router", f"nft '{DROP}'")
    began = time.monotonic()
    with pytest.raises(SessionLost):
        await running
    assert time.monotonic() - began < 15
    await shell.close()


async def test_cancelling_frees_the_thread(server: Server) -> None:
    """A caller that goes away leaves neither thread nor connection behind."""
    shell = SshShell(server.access())
    running = asyncio.create_task(shell.run("sleep 60", within=60))
    await shell_busy(server)
    assert len(ssh_threads()) == 2
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await shell.run("echo on", within=5)).out == "on\n"
    await shell.close()
    await until(lambda: not ssh_threads())


async def test_closing_twice_and_starting_again(server: Server) -> None:
    """A closed shell may be closed again, and logs in anew when it is used."""
    shell = SshShell(server.access())
    for _ in range(2):
        assert (await shell.run("echo hello", within=5)).out == "hello\n"
        await shell.close()
        await shell.close()


@pytest.mark.alone
async def test_a_command_costs_milliseconds(server: Server) -> None:
    """On a kept session a command takes milliseconds: no prompt is awaited, no delayed ACK."""
    shell = SshShell(server.access())
    await shell.run("true", within=5)
    took = []
    for _ in range(10):
        began = time.monotonic()
        await shell.run("true", within=5)
        took.append(time.monotonic() - began)
    assert min(took) < 0.02
    await shell.close()


async def test_nothing_is_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """The libraries beneath stay quiet when log-in fails: the error says it all."""
    with caplog.at_level(logging.DEBUG):
        with pytest.raises(LoginRefused):
            await once(server.access(key=None, password=Secret("hunter2")))
        server.know("stranger")
        with pytest.raises(LoginRefused):
            await once(server.access())
    assert not [record for record in caplog.records if record.name.startswith("paramiko")]
    assert "hunter2" not in caplog.text


def ssh_threads() -> list[threading.Thread]:
    """Our worker's threads, and paramiko's."""
    return [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith("wanfailover-ssh") or isinstance(thread, paramiko.Transport)
    ]


async def shell_busy(server: Server) -> None:
    """Wait until `sleep 60` runs on the router."""
    await until(lambda: ["sleep", "60"] in server.running())
