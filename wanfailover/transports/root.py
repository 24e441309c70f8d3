"""Commands as root where the log-in is not root's: by sudo, in whichever way the router allows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wanfailover.errors import LoginRefused
from wanfailover.ports import Secret
from wanfailover.transports.shell import Completed, Shell, quoted

TRIAL_WITHIN = 10.0
"""Seconds for each trial; sudo delays a wrong password by two, twice where PAM does as well."""


@dataclass(frozen=True, slots=True)
class Sudo:
    """How to ask for root.

    Args:
        tools: Commands that need root. Where sudoers(5) allows these alone without a password, they
            are run by sudo one by one, and all else in a script as the user himself.

        trial: A command line of one of *tools* that changes nothing and succeeds.

        password: For sudo that asks for one.
    """

    tools: tuple[str, ...]
    trial: str
    password: Secret | None = None


class Means(StrEnum):
    """How a command becomes root's."""

    NONE = "none"  # it is, or nobody wants it to be
    ANY = "any"  # sudo asks nothing
    TOOLS = "tools"  # sudo asks nothing for the tools
    PASSWORD = "password"  # noqa: S105


async def find_means(shell: Shell, sudo: Sudo | None) -> Means:
    """Find out by trying, least first, which means this router allows.

    Raises:
        LoginRefused: None.
        DriverError: The router could not be asked.
    """
    if sudo is None or (await _try(shell, "id -u")).out.strip() == "0":
        return Means.NONE
    if not (await _try(shell, "sudo -n sh -c :")).status:
        return Means.ANY
    tools = await _try(shell, f"sudo -n {sudo.trial}")
    if not tools.status:
        return Means.TOOLS
    if sudo.password is None:
        raise LoginRefused(_not_allowed(shell, sudo, tools))
    command, stdin = as_root(":", Means.PASSWORD, sudo)
    asked = await shell.run(command, within=TRIAL_WITHIN, stdin=stdin)
    if asked.status:
        words = asked.words.replace("\n", "; ")
        raise LoginRefused(f"sudo on {shell.where} refused user {shell.user!r}: {words}")
    return Means.PASSWORD


def as_root(script: str, means: Means, sudo: Sudo | None) -> tuple[str, str]:
    """*script* so that it runs as root, and what must come by its standard input.

    The password is only ever there: arguments can be read by everybody on the router. If sudo does
    not ask, the script must not read it in sudo's place, so its own standard input is empty.
    """
    if sudo is None or means is Means.NONE:
        return script, ""
    if means is Means.TOOLS:
        functions = (f'{tool}() {{ sudo -n {tool} "$@"; }}' for tool in sudo.tools)
        return "\n".join([*functions, script]), ""
    if means is Means.ANY:
        return f"sudo -n {quoted(script)}", ""
    password = sudo.password.reveal() if sudo.password else ""
    return f"sudo -S -p '' {quoted(f'exec </dev/null{chr(10)}{script}')}", f"{password}\n"


async def _try(shell: Shell, command: str) -> Completed:
    return await shell.run(command, within=TRIAL_WITHIN)


def _not_allowed(shell: Shell, sudo: Sudo, tried: Completed) -> str:
    if tried.status == 127:
        return f"there is no sudo on {shell.where}: log in as root, or install it"
    tools = ", ".join(sudo.tools)
    return (
        f"sudo on {shell.where} asks user {shell.user!r} for a password: give "
        f"credentials.sudo_password, or allow {tools} without one in sudoers"
    )
