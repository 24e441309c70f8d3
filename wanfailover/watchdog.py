"""Tells systemd how the agent is: that it watches, what it has decided, and that it is not stuck.

The protocol is sd_notify(3): datagrams to the socket that the environment names. Without one, as
when a person runs the agent, nothing is told to anybody.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress

from wanfailover.core.policy import Decision


class Notifier:
    """Sends to systemd. Never waits, never raises.

    Args:
        environment: Where the socket's name is; it is taken out, lest children should use it.

    Attributes:
        patience: Seconds without a sign of life after which systemd kills us; None if it never
            does.
    """

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        address = environment.pop("NOTIFY_SOCKET", "")
        micros = environment.pop("WATCHDOG_USEC", "")
        ours = environment.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.patience = int(micros) / 1e6 if ours and micros.isdecimal() and address else None

    def __call__(self, state: str) -> None:
        """Send *state*: lines, such as ``READY=1``."""
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.setblocking(False)
            to.sendto(state.encode(), self._address)


class Herald:
    """Tells systemd what is decided, when that changes; the first time, that we watch."""

    def __init__(self, notify: Notifier) -> None:
        self._notify = notify
        self._told: tuple[str, str | None] | None = None

    @property
    def watching(self) -> bool:
        """Whether anything was told yet."""
        return self._told is not None

    def tell(self, decision: Decision) -> None:
        """Make it known, if it is news."""
        told = (decision.rule, decision.target)
        if told != self._told:
            ready = "" if self.watching else "READY=1\n"
            self._told = told
            self._notify(f"{ready}STATUS={decision.rule}: {' '.join(decision.because.split())}")

    def reloading(self) -> None:
        """The profile is being read again."""
        self._notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def reloaded(self, decision: Decision) -> None:
        """It was."""
        self._told = None
        self.tell(decision)


async def feed(notify: Notifier, late: Callable[[], float]) -> None:
    """Give signs of life while all that must turn does, until cancelled.

    Args:
        notify: To whom.

        late: By how many seconds the latest of what must turn is behind. Half of the patience is
            too much.
    """
    if notify.patience is None:
        return
    while True:
        if late() < notify.patience / 2:
            notify("WATCHDOG=1")
        await asyncio.sleep(notify.patience / 5)
