"""What a host sees of the Internet, as JSON: the share of answers to each kind of probe.

Run on a host of the lab; `hosts.look` does it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from statistics import median

from wanfailover.lab.addresses import CIRCUITS, DNS, ECHO, MAIL, WEB

WITHIN = 0.4
EVERY = 0.01
QUESTION = bytes.fromhex(
    "1234 0100 0001 0000 0000 0000 03777777 076578616d706c65 036e6574 00 0001 0001"
)

Ask = Callable[[int], Awaitable[None]]


class Look:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.trips: list[float] = []
        self.worst_run = 0

    async def all(self) -> dict[str, object]:
        far = str(ECHO[0])
        asks: dict[str, Ask] = {
            "gateway": lambda number: self.ping(self.arguments.gateway, 1, number),
            "far": lambda number: self.ping(far, 2, number),
            "tcp80": lambda _: self.connect(str(WEB), 80),
            "tcp25": lambda _: self.connect(str(MAIL), 25),
            "dns": lambda _: self.name(),
        }
        if self.arguments.only:
            asks = {self.arguments.only: asks[self.arguments.only]}
        shares = await asyncio.gather(*map(self.share, asks.values()))
        return dict(zip(asks, shares, strict=True)) | {
            "median_trip": median(self.trips) if self.trips else None,
            "worst_run": self.worst_run,
        }

    async def share(self, ask: Ask) -> float:
        count, every = self.arguments.count, self.arguments.every
        tasks = []
        for number in range(count):
            tasks.append(asyncio.create_task(self.once(ask, number)))
            await asyncio.sleep(every)
        answers = await asyncio.gather(*tasks)
        lost = "".join("." if answered else "x" for answered in answers)
        self.worst_run = max(self.worst_run, *map(len, lost.split(".")))
        return sum(answers) / count

    async def once(self, ask: Ask, number: int) -> bool:
        began = time.monotonic()
        with suppress(OSError):
            async with asyncio.timeout(WITHIN):
                await ask(number)
            self.trips.append(time.monotonic() - began)
            return True
        return False

    def socket(self, kind: socket.SocketKind, protocol: int = 0) -> socket.socket:
        made = socket.socket(socket.AF_INET, kind, protocol)
        made.setblocking(False)
        if self.arguments.device:
            device = self.arguments.device.encode()
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
        if self.arguments.source:
            made.bind((self.arguments.source, 0))
        return made

    async def ping(self, host: str, identifier: int, number: int) -> None:
        loop = asyncio.get_running_loop()
        with self.socket(socket.SOCK_RAW, socket.IPPROTO_ICMP) as icmp:
            icmp.connect((host, 0))
            checksum = ~(0x0800 + identifier + number) & 0xFFFF
            icmp.send(struct.pack("!BBHHH", 8, 0, checksum, identifier, number))
            expected = struct.pack("!HH", identifier, number)
            while True:
                reply = (await loop.sock_recv(icmp, 256))[20:]
                if reply[0] == 0 and reply[4:8] == expected:
                    return

    async def connect(self, host: str, port: int) -> None:
        with self.socket(socket.SOCK_STREAM) as tcp:
            await asyncio.get_running_loop().sock_connect(tcp, (host, port))

    async def name(self) -> None:
        loop = asyncio.get_running_loop()
        with self.socket(socket.SOCK_DGRAM) as udp:
            udp.connect((str(DNS), 53))
            udp.send(QUESTION)
            assert WEB.packed in await loop.sock_recv(udp, 512)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--gateway", default=str(CIRCUITS[0].gateway))
    parser.add_argument("--device")
    parser.add_argument("--source")
    parser.add_argument("--only")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--every", type=float, default=EVERY)
    sys.stdout.write(json.dumps(asyncio.run(Look(parser.parse_args()).all())))


if __name__ == "__main__":
    main()
