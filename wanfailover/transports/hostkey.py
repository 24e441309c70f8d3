"""The host key that a router shows, before anybody has decided to trust it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass

from wanfailover.errors import RouterTimeout
from wanfailover.ports import RouterAccess
from wanfailover.transports import login, tcp

SHOWN_WITHIN = 15.0
"""Seconds to connect and to be shown it: small routers compute slowly."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """A host key, as it was shown.

    Args:
        kind: Such as ``ssh-ed25519``.

        base64: The key, as it stands in a file of known hosts.
    """

    kind: str
    base64: str

    @property
    def fingerprint(self) -> str:
        """As ``ssh-keygen -l`` prints it: SHA-256 in base64, without padding."""
        digest = hashlib.sha256(base64.b64decode(self.base64)).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    def line(self, access: RouterAccess) -> str:
        """What known_hosts has for it (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""
        port, host = login.port(access), access.host or ""
        name = host if port == login.SSH_PORT else f"[{host}]:{port}"
        return f"{name} {self.kind} {self.base64}\n"


async def shown(access: RouterAccess, within: float = SHOWN_WITHIN) -> HostKey:
    """Ask the router for its host key; nobody logs in.

    Raises:
        RouterUnreachable: It does not answer, or not as an SSH server.
        RouterTimeout: It takes too long.
    """
    from wanfailover.transports.session import shown_key  # noqa: PLC0415 - it takes 200 ms

    loop, where = asyncio.get_running_loop(), login.where(access)
    deadline = loop.time() + within
    sock = await tcp.connect(access.host, login.port(access), deadline)
    try:
        async with asyncio.timeout_at(deadline + 1.0):
            return HostKey(*await asyncio.to_thread(shown_key, sock, where, within))
    except TimeoutError as error:
        tcp.sever(sock)
        raise RouterTimeout(login.too_late(where, within)) from error
    finally:
        sock.close()
