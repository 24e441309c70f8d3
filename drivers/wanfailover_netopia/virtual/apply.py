"""What the unit runs, for others to see: in a file, and as real addresses and routes."""

from __future__ import annotations

import asyncio
import json
import os
import re
from ipaddress import IPv4Address
from pathlib import Path

from wanfailover_netopia.virtual.router import Router
from wanfailover_netopia.virtual.values import NOTHING

DEAF = "r9100_restarts"
_DROPS = "\n".join(
    f"add chain {family} {DEAF} {hook} {{ type filter hook {hook} priority -300; policy drop; }}"
    for family, hooks in (("ip", ("prerouting", "output")), ("arp", ("input", "output")))
    for hook in hooks
)
_TABLES = "\n".join(f"add table {family} {DEAF}" for family in ("ip", "arp"))
_GONE = "\n".join(f"delete table {family} {DEAF}" for family in ("ip", "arp"))
_TIME = re.compile(r"time=([\d.]+) ms")


class RunningFile:
    """Keeps a JSON file with what runs; whoever reads it sees it whole.

    Args:
        router: Whose values they are.

        file: Written anew at each change.
    """

    def __init__(self, router: Router, file: Path) -> None:
        self._router = router
        self._file = file

    def write(self) -> None:
        """Write it now."""
        running = self._router.running
        values = {
            "address": str(running.interface) if running.interface else None,
            "gateway": str(running.gateway) if running.gateway != NOTHING else None,
            "up": self._router.up,
        }
        new = self._file.with_name(f".{self._file.name}.new")
        new.write_text(json.dumps(values) + "\n", encoding="utf-8")
        os.replace(new, self._file)  # noqa: PTH105 - the same, and told of in one word


class Device:
    """Gives an interface of this network namespace what the unit runs.

    While the unit restarts, the namespace takes and sends nothing.

    Args:
        router: Whose values they are.

        name: Of the interface.
    """

    def __init__(self, router: Router, name: str) -> None:
        self._router = router
        self._name = name
        self._changed = asyncio.Event()
        self._deaf = False
        self._stopped = False

    def tell(self) -> None:
        """Something has changed."""
        self._changed.set()

    def stop(self) -> None:
        """Let `follow` come to its end."""
        self._stopped = True
        self._changed.set()

    async def follow(self) -> None:
        """Do each change, until `stop`; then leave the namespace able to hear."""
        while not self._stopped:
            self._changed.clear()
            await self.apply()
            await self._changed.wait()
        if self._deaf:
            await _run("nft -f -", f"{_GONE}\n")

    async def apply(self) -> None:
        """Do what is not done yet."""
        restarting = self._router.restarting
        if restarting and not self._deaf:
            await _run("nft -f -", f"{_TABLES}\n{_DROPS}\n")
        await _run("ip -batch -", self._lines())
        if self._deaf and not restarting:
            await _run("nft -f -", f"{_GONE}\n")
        self._deaf = restarting

    def _lines(self) -> str:
        running = self._router.running
        lines = [f"address flush dev {self._name} scope global"]
        if running.interface is not None:
            lines.append(f"address add {running.interface} broadcast + dev {self._name}")
            if running.gateway != NOTHING:
                lines.append(f"route replace default via {running.gateway}")
        return "\n".join(lines) + "\n"


async def round_trip(address: IPv4Address) -> float | None:
    """Seconds until *address* answers ping(8), or None if it does not within one."""
    process = await asyncio.create_subprocess_exec(
        *("ping", "-n", "-c", "1", "-W", "1", str(address)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await process.communicate()
    found = _TIME.search(said.decode("latin-1"))
    return float(found[1]) / 1000 if found else None


async def _run(command: str, lines: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command.split(), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    await process.communicate(lines.encode())
