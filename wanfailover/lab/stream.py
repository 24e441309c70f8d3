"""A user's stream through the lab: ``python -m wanfailover.lab.stream MODE HOST SECONDS [--live]``.

Prints as JSON what the user felt: every gap, the longest, the round trips. With ``--live`` each
event is a line of its own as it happens. All instants are on CLOCK_MONOTONIC, so they can be
compared with those of other processes on the machine. SIGINT and SIGTERM end the stream early, with
its report.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict

from wanfailover.lab.flows import FLOWS, Flow
from wanfailover.lab.meter import Event, Meter


class Stream:
    """One stream while it runs."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._mode: str = arguments.mode
        self._host: str = arguments.host
        self._seconds: float = arguments.seconds
        self._period: float = arguments.period
        self._patience: float = arguments.patience
        self._live: bool = arguments.live
        self._meter = Meter(self._patience)
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Send until the time is up or a signal comes, wait for the last answers, report."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        flow = FLOWS[self._mode](self._host, self._answered, self._patience)
        await flow.open()
        began = time.monotonic()
        try:
            await self._send(flow, began + self._seconds)
            while self._meter.waiting:
                await asyncio.sleep(self._period)
                self._tell(self._meter.expire(time.monotonic()))
        finally:
            flow.close()
        self._meter.finish(time.monotonic())
        print(json.dumps(self._report(began, flow.broken)), flush=True)

    async def _send(self, flow: Flow, until: float) -> None:
        number, began = 0, time.monotonic()
        while not self._stop.is_set() and (now := time.monotonic()) < until:
            self._meter.sent(number, now)
            flow.send(number)
            self._tell(self._meter.expire(now))
            number += 1
            # The next slot of the grid; slots missed by a busy machine are left out.
            await asyncio.sleep(self._period - (time.monotonic() - began) % self._period)

    def _answered(self, number: int) -> None:
        self._tell(self._meter.answered(number, time.monotonic()))

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            if self._live:
                name = type(event).__name__.lower()
                print(json.dumps({"event": name, **asdict(event)}), flush=True)

    def _report(self, began: float, broken: str | None) -> dict[str, object]:
        meter = self._meter
        trips = sorted(1000 * seconds for seconds in meter.round_trips)
        return {
            **({"event": "end"} if self._live else {}),
            "mode": self._mode,
            "host": self._host,
            "began": began,
            "sent": meter.sent_count,
            "lost": meter.lost_count,
            "longest": max((gap.length for gap in meter.gaps), default=0.0),
            "gaps": [{"start": gap.at - began, **asdict(gap)} for gap in meter.gaps],
            "rtt_ms": {
                "p50": trips[len(trips) // 2] if trips else None,
                "p95": trips[len(trips) * 19 // 20] if trips else None,
                "max": trips[-1] if trips else None,
            },
            "broken": broken,
        }


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="wanfailover.lab.stream", description=__doc__)
    parser.add_argument("mode", choices=FLOWS)
    parser.add_argument("host", help="an address that echoes, and its port if unusual")
    parser.add_argument("seconds", type=float)
    parser.add_argument("--live", action="store_true", help="a line for each event as it happens")
    parser.add_argument("--period", type=float, default=0.02, help="seconds between probes")
    parser.add_argument(
        "--patience", type=float, default=0.5, help="seconds an answer may take to be in time"
    )
    asyncio.run(Stream(parser.parse_args()).run())


if __name__ == "__main__":
    main()
