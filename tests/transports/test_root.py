"""Root by sudo, each way a router may allow it, with a real sudo and a real account."""

from __future__ import annotations

import logging

import pytest

from tests.transports.server import TOOLS, Server
from wanfailover.errors import LoginRefused
from wanfailover.ports import Secret
from wanfailover.transports.root import Sudo
from wanfailover.transports.router import RouterShell
from wanfailover.transports.ssh import SshShell

pytestmark = [pytest.mark.packets, pytest.mark.sshd]

WHO = "id -un; ip address add 10.1.2.3/32 dev lo && echo made"
"""Who the script runs as, and whether its tools run as root."""


def root_shell(server: Server, password: str | None = None, *, sudo: bool = True) -> RouterShell:
    secret = Secret(password) if password else None
    asked = Sudo(("ip", "conntrack"), "ip -V", secret) if sudo else None
    return RouterShell(SshShell(server.access()), asked)


async def run(shell: RouterShell, command: str = WHO) -> list[str]:
    try:
        return (await shell.run(command, within=10, root=True)).out.split()
    finally:
        await shell.close()


async def test_sudo_that_asks_nothing(server: Server) -> None:
    """Where sudo allows everything without a password the whole script is root's."""
    with server.user.may("NOPASSWD: ALL"):
        assert await run(root_shell(server)) == ["root", "made"]


async def test_sudo_for_a_list_of_commands(server: Server) -> None:
    """Where sudo allows the tools alone, they run as root, and the rest of the script does not."""
    with server.user.may(f"NOPASSWD: {TOOLS}"):
        assert await run(root_shell(server)) == [server.user.name, "made"]


async def test_tools_read_standard_input_through_sudo(server: Server) -> None:
    """A batch reaches `ip` where it is run by sudo of its own."""
    with server.user.may(f"NOPASSWD: {TOOLS}"):
        script = "ip -batch - <<'END' && ip -br address\naddress add 10.1.2.3/32 dev lo\nEND"
        assert "10.1.2.3/32" in await run(root_shell(server), script)


async def test_sudo_with_a_password(server: Server) -> None:
    """Where sudo asks, it is told, and the script is root's."""
    with server.user.may("ALL"):
        assert await run(root_shell(server, server.user.password)) == ["root", "made"]


async def test_a_list_is_preferred_to_the_password(server: Server) -> None:
    """A password that is not needed is not given."""
    with server.user.may("ALL", f"NOPASSWD: {TOOLS}"):
        shell = root_shell(server, server.user.password)
        assert await run(shell) == [server.user.name, "made"]


async def test_the_password_never_reaches_the_script(server: Server) -> None:
    """Where sudo remembers us and reads no password, the script does not read it instead."""
    with server.user.may("ALL", defaults="timestamp_type=global"):
        assert await run(root_shell(server, server.user.password), "cat; echo end") == ["end"]


@pytest.mark.parametrize("detached", [False, True])
async def test_the_password_is_nowhere(
    server: Server, detached: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """While a script runs the password is in no process's arguments or environment, and no log."""
    look = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'"
    shell = root_shell(server, server.user.password)
    with server.user.may("ALL"), caplog.at_level(logging.DEBUG):
        if detached:
            done = await shell.run_detached(look, within=10)
        else:
            done = await shell.run(look, within=10, root=True)
        await shell.close()
    assert "sudo" in done.out.splitlines()
    for seen in (done.out, done.err, caplog.text, repr(shell.__dict__)):
        assert server.user.password not in seen


async def test_a_wrong_password(server: Server) -> None:
    """A password that sudo refuses is LoginRefused, in sudo's words, and is not told."""
    with server.user.may("ALL"), pytest.raises(LoginRefused, match="refused user") as caught:
        await run(root_shell(server, "hunter2"))
    assert "incorrect password" in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_a_password_that_is_not_given(server: Server) -> None:
    """Where sudo asks and there is no password, both remedies are told."""
    with (
        server.user.may("ALL"),
        pytest.raises(LoginRefused, match=r"sudo_password, or allow ip, conntrack without"),
    ):
        await run(root_shell(server))


async def test_a_user_whom_sudo_does_not_know(server: Server) -> None:
    """Somebody not in sudoers is LoginRefused, in sudo's words."""
    with pytest.raises(LoginRefused, match="not in the sudoers"):
        await run(root_shell(server, server.user.password))


async def test_without_the_option(server: Server) -> None:
    """Nobody becomes root who did not ask for it, even where sudo would allow it."""
    with server.user.may("NOPASSWD: ALL"):
        assert await run(root_shell(server, sudo=False), "id -un") == [server.user.name]
