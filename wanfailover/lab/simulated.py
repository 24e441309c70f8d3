"""Circuits and an Internet without packets: ``python -m wanfailover.lab.simulated FOLDER RUNNING``.

Real servers listen on loopback and answer a question only if the way it came by is alive, which its
source tells. From an address of VANTAGES it came by that circuit, past the router. All others came
through the router: by the circuit whose values it runs, as the file RUNNING tells; where those are
nobody's whole, nothing passes.

Prints ``ready``, then its servers' ports as JSON. Each line of its standard input is a JSON list: a
circuit and the fault it has from now on. When the input ends, its owner is gone in whatever way,
and FOLDER goes too.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from wanfailover.errors import LabError
from wanfailover.lab import servers
from wanfailover.lab.addresses import CIRCUITS, MAIL_HOST, WEB_HOST
from wanfailover.lab.certificates import issue
from wanfailover.lab.faults import parse
from wanfailover.lab.virtual import running

ECHO, MAIL, WEB = (IPv4Address(f"127.0.2.{last}") for last in (10, 25, 80))
DNS = tuple(IPv4Address(f"127.0.2.{last}") for last in (53, 54))
"""Loopback's counterparts of the lab's addresses; name servers are two, for they are asked most."""

VANTAGES = {"127.0.0.2": "primary"}
"""Sources that stand for a port outside the router, on a circuit's segment."""

_ALL = frozenset({"echo", "mail", "dns", "page"})
SILENCES: dict[str, frozenset[str]] = {
    "none": frozenset(),
    **dict.fromkeys(("hub-port-down", "dsl-down", "blackhole"), _ALL),
    **dict.fromkeys(("upstream-dead", "upstream-unreachable", "no-return", "no-egress"), _ALL),
    "port25": frozenset({"mail"}),
    "dns-dead": frozenset({"dns"}),
}
"""Which servers a fault silences. Pings are not among them: loopback answers each one itself."""


def playable(fault: str) -> None:
    """Return where a fault can be had without packets.

    Raises:
        LabError: There is no such fault, or it takes packets; the message lists those that can.
    """
    known, _ = parse(fault)
    if known.name not in SILENCES:
        raise LabError(
            f"the fault '{known.name}' takes real packets; without them there are "
            f"{', '.join(SILENCES)}"
        )


class Ways:
    """The ways a question can come by, and what ails them.

    Args:
        running: The file that tells what the router runs.
    """

    def __init__(self, running: Path) -> None:
        self._running = running
        self._faults = {circuit.name: "none" for circuit in CIRCUITS}

    def strike(self, circuit: str, fault: str) -> None:
        """Give a circuit its fault; ``none`` heals it."""
        self._faults[circuit] = fault

    def alive(self, server: str, source: str) -> bool:
        """Tell whether a question to *server* arrives, and its answer returns."""
        circuit = VANTAGES.get(source) or self._routed()
        return circuit is not None and server not in SILENCES[self._faults[circuit]]

    def _routed(self) -> str | None:
        runs = running(self._running)
        return next((c.name for c in CIRCUITS if (c.address, c.gateway) == runs), None)


class Internet:
    """The servers. *ways* decides what reaches them."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways

    async def open(self, folder: Path) -> dict[str, int]:
        """Listen; returns the ports: ``echo``, ``mail``, ``page``, and each name server's."""
        mailbox = folder / "mail"
        mailbox.mkdir()
        tls = issue(folder, (WEB_HOST, MAIL_HOST), (WEB, MAIL))
        mail = partial(servers.mail, tls=tls, mailbox=mailbox)
        talks = {
            "echo": servers.listen(ECHO, 0, self._talk("echo", servers.echo)),
            "mail": servers.listen(MAIL, 0, self._talk("mail", mail)),
            "page": servers.listen(WEB, 0, self._talk("page", servers.page), tls),
            **{str(address): servers.receive(address, 0, self._resolve) for address in DNS},
        }
        return {name: await port for name, port in talks.items()}

    def _resolve(self, request: bytes, sender: str) -> bytes:
        return servers.resolve(request) if self._ways.alive("dns", sender) else b""

    def _talk(self, server: str, converse: servers.Conversation) -> servers.Conversation:
        """Converse over ways that are alive; on others say nothing, for the kernel has accepted."""

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self._ways.alive(server, writer.get_extra_info("peername")[0]):
                await converse(reader, writer)
            else:
                while await reader.read(1 << 16):
                    pass

        return talk


async def serve(folder: Path, ways: Ways) -> None:
    """Answer until the input ends."""
    print(f"ready\n{json.dumps(await Internet(ways).open(folder))}", flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        ways.strike(*json.loads(line))


def main() -> None:
    """Serve; take the folder away at the end."""
    folder = Path(sys.argv[1])
    try:
        asyncio.run(serve(folder, Ways(Path(sys.argv[2]))))
    finally:
        time.sleep(0.2)  # whoever is killed just now may write once more
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
