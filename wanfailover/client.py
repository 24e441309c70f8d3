"""Asks the agent over its socket.

A dozen lines of HTTP by hand: ``http.client`` would double the time that `status` takes.
"""

from __future__ import annotations

import json
import socket
from typing import Any

from wanfailover.errors import ControlError
from wanfailover.sites import SiteDir


class NoAgent(ControlError):
    """Nobody listens at the socket: no agent runs for the site."""


def ask(
    site: SiteDir, path: str, body: dict[str, Any] | None = None, timeout: float = 5.0
) -> dict[str, Any]:
    """Send one request and give the agent's answer.

    Args:
        site: Whose agent.

        path: ``/status``, ``/switch`` or ``/auto``.

        body: Sent as JSON by POST; None asks by GET.

        timeout: Seconds to wait for the answer.

    Raises:
        NoAgent: No agent runs.

        ControlError: It refuses us, does not answer, or answers what cannot be understood.
    """
    payload = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{'GET' if body is None else 'POST'} {path} HTTP/1.0\r\nHost: agent\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(site.socket))
            connection.sendall(head.encode() + payload)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NoAgent(f"no agent runs for {site.site}") from error
    except PermissionError as error:
        raise ControlError(
            f"you may not talk to the agent of {site.site}: become root or join the group of "
            f"{site.socket}"
        ) from error
    except OSError as error:
        raise ControlError(f"the agent of {site.site} does not answer: {error}") from error
    return _read(answer, site)


def _read(answer: bytes, site: SiteDir) -> dict[str, Any]:
    if not answer:
        raise ControlError(
            f"the agent of {site.site} ended before it answered; its next start finishes or undoes "
            "what was begun: see wanfailover status and history"
        )
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise ControlError(f"the agent of {site.site} refused: {body.decode('utf-8', 'replace')}")
    try:
        data: dict[str, Any] = json.loads(body)
    except ValueError as error:
        raise ControlError(f"the agent of {site.site} answered no JSON") from error
    return data
