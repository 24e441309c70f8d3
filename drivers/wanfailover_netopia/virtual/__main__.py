"""``python -m wanfailover_netopia.virtual``: the unit on the network."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import IO, Any

from wanfailover_netopia.virtual.apply import Device, RunningFile, round_trip
from wanfailover_netopia.virtual.router import ADDRESS, GATEWAY, INSIDE
from wanfailover_netopia.virtual.snmp import SnmpServer
from wanfailover_netopia.virtual.telnet import TelnetServer
from wanfailover_netopia.virtual.unit import Unit
from wanfailover_netopia.virtual.variants import VARIANTS, parse


def _words(argv: Sequence[str] | None) -> argparse.Namespace:
    variants = "\n".join(f"  {name:<18}{text}" for name, text in VARIANTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m wanfailover_netopia.virtual",
        description="A virtual Netopia R9100: a telnet console and an SNMP agent. SIGUSR1 cuts its "
        "power for a moment.",
        epilog=f"variants, to be joined by +:\n{variants}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--listen", default="127.0.0.1", help="address to listen on")
    add("--telnet-port", type=int, required=True, help="0 for any")
    add("--snmp-port", type=int, required=True, help="0 for any")
    add("--variant", default="classic", help="how it differs from the usual one")
    add("--edit-log", type=Path, help="where to tell every key and change, as JSON lines")
    add("--running", type=Path, help="where to keep what runs now, as JSON")
    add("--address", type=IPv4Interface, default=ADDRESS, help="of the WAN, with its mask")
    add("--gateway", type=IPv4Address, default=GATEWAY)
    add("--inside", type=IPv4Interface, default=INSIDE, help="of the LAN")
    add("--device", help="interface of this network namespace to give what runs")
    add("--trap-to", metavar="HOST:PORT", help="who is to hear its traps")
    add("--seed", type=int, default=0, help="of what is left to chance")
    add("--restart-seconds", type=float, default=20.0, help="how long a restart takes")
    words = parser.parse_args(argv)
    try:
        parse(words.variant)
    except ValueError as error:
        parser.error(str(error))
    return words


async def _serve(words: argparse.Namespace) -> None:
    unit = Unit(
        variant=words.variant,
        address=words.address,
        gateway=words.gateway,
        inside=words.inside,
        seed=words.seed,
        restart_seconds=words.restart_seconds,
    )
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, unit.power_cycle)
    async with contextlib.AsyncExitStack() as stack:
        if words.edit_log is not None:
            log = stack.enter_context(words.edit_log.open("w", encoding="utf-8"))
            _keep_log(unit, log)
        if words.running is not None:
            file = RunningFile(unit, words.running)
            file.write()
            unit.changed.append(file.write)
        if words.device is not None:
            await stack.enter_async_context(_device(unit, words.device))
        ports = await _listen(unit, words, stack)
        print("ready", json.dumps(ports), sep="\n", flush=True)  # noqa: T201
        await stopped.wait()
        unit.close()


def _keep_log(unit: Unit, log: IO[str]) -> None:
    def write(entry: dict[str, Any]) -> None:
        log.write(json.dumps(entry) + "\n")
        log.flush()

    for entry in unit.log:
        write(entry)
    unit.heard.append(write)


@contextlib.asynccontextmanager
async def _device(unit: Unit, name: str) -> AsyncIterator[None]:
    device = Device(unit, name)
    await device.apply()
    unit.changed.append(device.tell)
    unit.echo = round_trip
    following = asyncio.get_running_loop().create_task(device.follow())
    try:
        yield
    finally:
        device.stop()
        await following


async def _listen(
    unit: Unit, words: argparse.Namespace, stack: contextlib.AsyncExitStack
) -> dict[str, int]:
    telnet = TelnetServer(unit, words.listen, words.telnet_port)
    await telnet.start()
    stack.push_async_callback(telnet.stop)
    trap_to = None
    if words.trap_to is not None:
        host, _, port = words.trap_to.rpartition(":")
        trap_to = (host, int(port))
    wire, snmp = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: SnmpServer(unit, trap_to), local_addr=(words.listen, words.snmp_port)
    )
    stack.callback(snmp.close)
    ports = {"telnet": telnet.port, "snmp": wire.get_extra_info("sockname")[1]}
    return ports if trap_to is None else {**ports, "trap": trap_to[1]}


def main(argv: Sequence[str] | None = None) -> int:
    """Run it until it is told to stop; returns the exit status."""
    words = _words(argv)
    try:
        asyncio.run(_serve(words))
    except OSError as error:
        print(f"the virtual R9100 cannot listen: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
