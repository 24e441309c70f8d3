"""One SSH session, for use in a thread: netmiko logs in, commands run on its transport.

Importing this module costs 200 ms, so `ssh` does it in its worker thread. Only netmiko's connecting
is used, for its strict host keys. Its interactive shell is not: a command there takes 88 ms, gives
no exit status and fails on long lines, against 2 ms on a channel of its own.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from typing import Any, NoReturn

import paramiko
from netmiko.exceptions import NetmikoAuthenticationException, NetmikoTimeoutException
from netmiko.linux.linux_ssh import LinuxSSH
from paramiko.hostkeys import InvalidHostKey
from paramiko.ssh_exception import PasswordRequiredException

from wanfailover.errors import LoginRefused, RouterTimeout, RouterUnreachable
from wanfailover.opening import closed_on_failure
from wanfailover.ports import RouterAccess
from wanfailover.transports import login
from wanfailover.transports.shell import Completed, NeverSent, SessionLost, quoted

BANNER_WITHIN = 5.0
"""Seconds until the server says its first word; a stopped sshd still accepts connections."""

AUTH_WITHIN = 10.0
"""Seconds for log-in; PAM delays a wrong password by two, and small routers compute slowly."""

OPEN_WITHIN = 4.0
"""Seconds until a kept session must open a channel, or it is dead."""

# What goes wrong is in our own sentences; theirs are tracebacks from threads, and key strokes.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)
logging.getLogger("netmiko").setLevel(logging.WARNING)

_Refusals = (paramiko.SSHException, EOFError, OSError)


class _Client(paramiko.SSHClient):  # type: ignore[misc]
    """Opens a plain channel where netmiko asks for a shell on a terminal.

    Nobody would use that shell, and ``restrict`` in authorized_keys forbids the terminal.
    """

    def invoke_shell(self, *_: Any, **__: Any) -> paramiko.Channel:
        transport = self.get_transport()
        if transport is None:
            raise paramiko.SSHException("connection closed")
        return transport.open_session(timeout=OPEN_WITHIN)


class _Connector(LinuxSSH):
    """netmiko's Linux connection without its prompt."""

    def _get_ssh_client_instance(self) -> paramiko.SSHClient:
        return _Client()

    def _try_session_preparation(self, force_data: bool = True) -> None:
        """There is no prompt to look for."""

    def cleanup(self, command: str = "exit") -> None:
        """There is no shell to leave."""


class Session:
    """A logged-in session on *sock*, a connected socket that the caller closes after the session.

    Raises:
        LoginRefused: One side refused the other.
        RouterUnreachable: The connection was lost, or this is no SSH server.
        RouterTimeout: Log-in took too long.
    """

    def __init__(self, sock: socket.socket, access: RouterAccess) -> None:
        self._where = login.where(access)
        self._connection = _connector(sock, access)
        with closed_on_failure(self):
            self._transport = self._log_in(access)

    def execute(self, command: str, stdin: str, within: float) -> Completed:
        """Run *command* to its end, over *within* seconds at most.

        Raises:
            NeverSent: The session was dead already.
            SessionLost: It died while the command was under way.
            RouterTimeout: The command took too long.
        """
        try:
            channel = self._transport.open_session(timeout=min(OPEN_WITHIN, within))
        except _Refusals as error:
            raise NeverSent(f"the session with {self._where} was dead: {error}") from error
        with contextlib.closing(channel):
            try:
                return _exchange(channel, command, stdin, within)
            except TimeoutError as error:
                raise RouterTimeout(login.too_late(self._where, within)) from error
            except _Refusals as error:
                raise SessionLost(
                    f"the session with {self._where} was lost while a command ran: {error}"
                ) from error

    def close(self) -> None:
        """Log out; also ends what waits for the connection in another thread."""
        self._connection.disconnect()

    def _log_in(self, access: RouterAccess) -> paramiko.Transport:
        try:
            self._connection.establish_connection()
            client = self._connection.remote_conn_pre
            transport = client.get_transport() if client is not None else None
            if transport is None or self._connection.remote_conn is None:
                raise EOFError("connection closed")
            self._connection.remote_conn.close()
        except NetmikoAuthenticationException as error:
            _blame_credentials(access, error)
        except NetmikoTimeoutException as error:
            _blame_host(access, error)
        except InvalidHostKey as error:
            raise LoginRefused(login.bad_known_hosts(access, str(error.line).strip())) from error
        except PermissionError as error:
            raise LoginRefused(login.bad_known_hosts(access, str(error))) from error
        except _Refusals as error:
            raise RouterUnreachable(f"{self._where} ended the connection: {error}") from error
        return transport


def _connector(sock: socket.socket, access: RouterAccess) -> _Connector:
    return _Connector(
        device_type="linux",
        host=access.host or "",
        port=login.port(access),
        username=access.username or "",
        password=access.password.reveal() if access.password else None,
        pkey=_read_key(access),
        ssh_strict=True,
        alt_host_keys=True,
        alt_key_file=str(login.known_hosts(access)),
        banner_timeout=BANNER_WITHIN,
        auth_timeout=AUTH_WITHIN,
        sock=sock,
        auto_connect=False,
    )


def _read_key(access: RouterAccess) -> paramiko.PKey | None:
    """Read the private key; the password is its passphrase if it has one.

    paramiko, given a path, tries one type after the other and may report the last one's complaint
    about the format instead of the server's refusal.
    """
    if access.key is None:
        return None
    try:
        return paramiko.PKey.from_path(access.key)
    except (TypeError, PasswordRequiredException):
        pass  # it is encrypted
    except OSError as error:
        raise LoginRefused(login.bad_key(access, str(error.strerror))) from error
    except (ValueError, paramiko.SSHException, paramiko.UnknownKeyType) as error:
        raise LoginRefused(login.bad_key(access, "not a private key that we can read")) from error
    passphrase = access.password.reveal() if access.password else ""
    try:
        return paramiko.PKey.from_path(access.key, passphrase.encode())
    except (TypeError, ValueError, paramiko.SSHException) as error:
        why = "encrypted, and the password given does not open it"
        raise LoginRefused(login.bad_key(access, why)) from error


def _exchange(channel: paramiko.Channel, command: str, stdin: str, within: float) -> Completed:
    channel.settimeout(within)
    channel.exec_command(quoted(command))
    with contextlib.suppress(OSError):  # it has ended already, and its status tells why
        channel.sendall(stdin.encode())
        channel.shutdown_write()
    out: bytes = channel.makefile("rb").read()
    err: bytes = channel.makefile_stderr("rb").read()
    status = channel.recv_exit_status()
    if status < 0:
        raise EOFError("no exit status came")
    return Completed(status, out.decode(errors="replace"), err.decode(errors="replace"))


def _blame_credentials(access: RouterAccess, error: Exception) -> NoReturn:
    """Tell a refusal from a server that hung or hung up while we logged in."""
    reason = error.__context__
    words = str(reason)
    if "timeout" in words.lower():
        raise RouterTimeout(login.too_late(login.where(access), AUTH_WITHIN)) from error
    if "EOF" in words:
        raise RouterUnreachable(f"{login.where(access)} hung up during log-in") from error
    allowed = reason.allowed_types if isinstance(reason, paramiko.BadAuthenticationType) else ()
    raise LoginRefused(login.refused(access, tuple(allowed))) from error


def _blame_host(access: RouterAccess, error: Exception) -> NoReturn:
    """Tell an unexpected host key from an outage: netmiko calls both a time-out."""
    reason = error.__context__
    if isinstance(reason, paramiko.BadHostKeyException):
        raise LoginRefused(
            login.changed_host(access, reason.key.fingerprint, reason.expected_key.fingerprint)
        ) from error
    if "not found in known_hosts" in str(reason):
        raise LoginRefused(login.unknown_host(access)) from error
    if "No authentication methods" in str(reason):
        raise LoginRefused(login.refused(access)) from error
    raise RouterUnreachable(
        f"{login.where(access)} takes connections but does not speak SSH: {reason}"
    ) from error


def shown_key(sock: socket.socket, where: str, within: float) -> tuple[str, str]:
    """Give the host key that the server on *sock* shows: its kind, and it in base64.

    It has proved by then that it has the private half. Closes nothing but what it opened.

    Raises:
        RouterUnreachable: This is no SSH server, or the connection was lost.
    """
    transport = paramiko.Transport(sock)
    transport.banner_timeout = min(BANNER_WITHIN, within)
    try:
        transport.start_client(timeout=within)
        key = transport.get_remote_server_key()
    except _Refusals as error:
        raise RouterUnreachable(f"{where} takes connections but does not speak SSH") from error
    finally:
        transport.close()
    return key.get_name(), key.get_base64()
