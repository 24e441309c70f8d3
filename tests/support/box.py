"""A whole agent in a process of its own, over a router and circuits that are files in a folder.

Command, loop, engine, switchover, journal and socket are the real ones, so that what the machine
does to a process can be done to it: full disks, signals, pipes that nobody reads. ::

    box = Box(tmp_path)
    with box.agent():
        box.wait(lambda report: report["active"] == "primary")
        box.kill("primary")

In the folder ``world``: ``router`` holds what the router runs, ``dead-NAME`` makes a circuit dead,
``spilled`` is what lay in the runtime directory when the router was first changed, and ``fault``
names a call that goes wrong and how: ``perform SetGateway: hang``. `hang` never returns, and does
not mind being told to; `thread` hangs in a thread; `block` holds up the whole process; `slow` takes
a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from tests.support.router import MemoryRouter
from wanfailover.client import ask
from wanfailover.core.facts import Result
from wanfailover.errors import ControlError
from wanfailover.journal.reader import Reader
from wanfailover.ports import ProbeResult
from wanfailover.probes.failures import SILENT
from wanfailover.sites import SiteDir
from wanfailover.transports import traps

APART = ("unshare", "--mount", "sh", "-c")

ROOT = Path(__file__).parents[2]

PROFILE = """\
site: office
router: {driver: iproute2, transport: local}
circuits:
  - {name: primary, address: 203.0.113.2/29, gateway: 203.0.113.1, interface: wan}
  - {name: backup, address: 198.51.100.77/24, gateway: 198.51.100.1, interface: wan}
probes: [{tcp: "192.0.2.80:443", every: 1s}]
policy: {dwell: 1s, proof_within: 2s}
failback: {method: manual}
"""
GATEWAYS = {"203.0.113.2": "primary", "198.51.100.77": "backup"}


class FileRouter(MemoryRouter):
    """Remembers over the death of whoever drives it, as a router does."""

    def __init__(self, world: Path) -> None:
        self.world = world
        held = json.loads((world / "router").read_text())
        super().__init__(IPv4Interface(held["address"]), IPv4Address(held["gateway"]))

    async def read(self):
        await self._trouble("read")
        return replace(await super().read(), at=time.monotonic())

    async def perform(self, action):
        await self._trouble(f"perform {action.name}")
        return await super().perform(action)

    async def undo(self, action):
        await self._trouble(f"undo {action.name}")
        return await super().undo(action)

    def _do(self, call, lines):
        done = super()._do(call, lines)
        fresh = self.world / "router.new"
        fresh.write_text(json.dumps({"address": str(self.address), "gateway": str(self.gateway)}))
        fresh.replace(self.world / "router")
        return done

    def _note_spilled(self) -> None:
        spilled = Path(os.environ["RUNTIME_DIRECTORY"]).glob("*.jsonl")
        (self.world / "spilled").write_text("".join(file.read_text() for file in spilled))

    async def _trouble(self, call: str) -> None:
        with (self.world / "calls").open("a") as calls:
            calls.write(f"{call}\n")
        if call.startswith("perform") and not (self.world / "spilled").exists():
            self._note_spilled()
        fault = self.world / "fault"
        if not fault.is_file():
            return
        what, _, how = fault.read_text().strip().partition(": ")
        if what != call:
            return
        match how:
            case "hang":
                while True:
                    try:
                        await asyncio.sleep(3600)
                    except asyncio.CancelledError:
                        continue
            case "thread":
                await asyncio.to_thread(time.sleep, 3600)
            case "block":
                time.sleep(3600)  # noqa: ASYNC251
            case "slow":
                await asyncio.sleep(1.0)


class HearingRouter(FileRouter):
    """One that sends traps, to the port of loopback that BOX_TRAPS names."""

    async def listen(self, prompt) -> None:
        await traps.listen("127.0.0.1", int(os.environ["BOX_TRAPS"]), "127.0.0.1", prompt)


class FileProber:
    """Answers where the circuit that the router is on is alive."""

    world: Path

    def __init__(self, spec, names) -> None:
        self.spec = spec
        with (self.world / "asked").open("a") as asked:
            asked.write(f"{spec.name}\n")

    async def probe(self, path, heard=lambda: None):
        held = json.loads((self.world / "router").read_text())
        whole = {"203.0.113.1": "primary", "198.51.100.1": "backup"}.get(held["gateway"])
        circuit = GATEWAYS.get(held["address"].partition("/")[0])
        if circuit is None or circuit != whole or (self.world / f"dead-{circuit}").exists():
            await asyncio.sleep(self.spec.deadline)
            return SILENT
        return ProbeResult(Result.ANSWERED, rtt=0.01)

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass


def main() -> None:
    """The command, in this world."""
    from wanfailover import agent, guarded
    from wanfailover.cli import main as command
    from wanfailover.cli import router, run
    from wanfailover.probes import icmp, kinds, tcp

    world = Path(sys.argv.pop(1))
    FileProber.world = world
    tcp.TcpProber = tcp.InsideProber = FileProber
    kinds.IcmpProber = icmp.IcmpProber = lambda spec, names, pingers=None: FileProber(spec, names)
    made = HearingRouter if "BOX_TRAPS" in os.environ else FileRouter
    router.driver_of = lambda profile, site: made(world)
    for name, value in json.loads(os.environ.get("BOX_GUARD", "{}")).items():
        (home,) = (each for each in (agent, guarded, run) if hasattr(each, name))
        setattr(home, name, value)
    command()


class Box:
    """The world, and what runs in it.

    Args:
        folder: Of the test.

        state: Where the agent keeps its state; in the folder where none is given.
    """

    def __init__(self, folder: Path, state: Path | None = None) -> None:
        self.world = folder / "world"
        self.world.mkdir()
        self.place("203.0.113.2/29", "203.0.113.1")
        self.state = state or folder / "state"
        self.profile = folder / "office.yaml"
        self.profile.write_text(PROFILE)
        self.log = folder / "log"
        self.runtime = folder / "runtime"
        self.site = SiteDir(self.state / "office")
        self.environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "RUNTIME_DIRECTORY": str(self.runtime),
        }

    def place(self, address: str, gateway: str) -> None:
        (self.world / "router").write_text(json.dumps({"address": address, "gateway": gateway}))

    @property
    def held(self) -> tuple[str, str]:
        held = json.loads((self.world / "router").read_text())
        return held["address"], held["gateway"]

    @property
    def calls(self) -> list[str]:
        file = self.world / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def asked(self) -> list[str]:
        """Targets that probers were made for, in that order."""
        return (self.world / "asked").read_text().splitlines()

    @property
    def logged(self) -> str:
        return self.log.read_text()

    @property
    def spill(self) -> Path:
        (file,) = self.runtime.glob("*.jsonl")
        return file

    def guard(self, **seconds: float) -> None:
        """Have the agent's deadlines be these."""
        self.environment["BOX_GUARD"] = json.dumps(seconds)

    def kill(self, circuit: str) -> None:
        (self.world / f"dead-{circuit}").touch()

    def fault(self, text: str | None) -> None:
        if text is None:
            (self.world / "fault").unlink()
        else:
            (self.world / "fault").write_text(text)

    def start(self, *words: str, mount: str = "", **options) -> subprocess.Popen[bytes]:
        """Start it; *mount* is what a shell does first, in a mount namespace of its own."""
        words = words or ("run", str(self.profile), "--log", "json", "--state-dir", str(self.state))
        with self.log.open("ab") as log:
            options = {"stdout": log, "stderr": log, "env": self.environment} | options
            command = [sys.executable, "-m", "tests.support.box", str(self.world), *words]
            if mount:
                command = [*APART, f'{mount} && exec "$@"', "sh", *command]
            process = subprocess.Popen(command, **options)
        if mount:
            self.site = SiteDir(Path(f"/proc/{process.pid}/root{self.state}/office"))
        return process

    @contextmanager
    def agent(self, **options) -> Iterator[subprocess.Popen[bytes]]:
        """An agent that watches; ended with the block, in whatever way it takes."""
        process = self.start(**options)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise

    def ask(self, path: str = "/status", body=None, timeout: float = 20.0):
        return ask(self.site, path, body, timeout)

    def wait(self, condition, within: float = 45.0):
        """Poll `status` until it is so."""
        end, report = time.monotonic() + within, None
        while time.monotonic() < end:
            try:
                report = self.ask()
            except ControlError:
                report = None
            if report is not None and condition(report):
                return report
            time.sleep(0.05)
        raise AssertionError(f"not within {within} s: {report}\n{self.logged[-3000:]}")

    def settled(self, circuit: str, within: float = 45.0):
        return self.wait(
            lambda r: (
                r["active"] == circuit
                and (r["switchover"] or {}).get("outcome") != "running"
                and r["decision"]["rule"] != "switchover-running"
            ),
            within,
        )

    def entries(self, *kinds):
        with Reader(self.site.journal) as reader:
            return [record.entry for record in reader.records(*kinds)]


def wait_for(condition, within: float = 30.0) -> None:
    """Poll it until it is so."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it has not come to pass"
        time.sleep(0.02)


if __name__ == "__main__":
    main()
