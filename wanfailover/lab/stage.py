"""Where a story plays: an office at work, circuits that can be made ill, and a user inside."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from typing import Protocol, Self

from wanfailover.lab import virtual
from wanfailover.lab.addresses import ECHO, ROUTER
from wanfailover.lab.lab import Lab
from wanfailover.lab.office import Office
from wanfailover.lab.virtual import Stand, Standing

RETURN_AFTER = 15
SETTINGS = (f"failback: {{after: {RETURN_AFTER}s}}", "policy: {dwell: 5s}")
"""The quiet time before the return is five minutes by default; a demo has one."""

PICTURE = """\
  office 192.168.10.10, the agent ┐              ┌ provider A, primary 203.0.113.2  ┐
                                  ├ LAN ─ router ┤                                  ├ Internet
  client 192.168.10.20, a user    ┘              └ provider B, backup 198.51.100.77 ┘"""


class Stage(Protocol):
    """Lives for a ``with`` block, and leaves nothing behind, also where its owner is killed."""

    office: Office
    """Its agent is not started yet."""

    scenery: str
    """What it is, in a few lines."""

    prompt: str
    """What stands before a line that is typed to the router."""

    def __enter__(self) -> Self:
        """Build it.

        Raises:
            LabError: It cannot be had here; the message says what to do.
        """
        ...

    def __exit__(self, *_: object) -> None: ...

    def playable(self, fault: str) -> None:
        """Return where *fault* can be played.

        Raises:
            LabError: It cannot; the message says which can.
        """
        ...

    def fault(self, words: str, circuit: str) -> None:
        """Make *circuit* ill."""
        ...

    def clear(self, circuit: str) -> None:
        """Heal it."""
        ...

    def user(self) -> subprocess.Popen[str]:
        """Let a user open connection after connection; tells what it feels, as a stream does."""
        ...


def stream(target: str) -> tuple[str, ...]:
    """The command of a user who opens a connection to *target* again and again."""
    module = ("-m", "wanfailover.lab.stream", "tcp-fresh", target)
    return (sys.executable, *module, "600", "--live")


class Packets:
    """Real packets, in a lab.

    Args:
        router: Name of the virtual router that stands in the router's place; left out, the router
            is what it is, a Linux machine.
    """

    office: Office

    def __init__(self, router: str | None = None) -> None:
        self._name = router
        self._lab = Lab()
        self.prompt = ">" if router else "#"
        kind = f"a virtual {router} as its router" if router else "a Linux machine as its router"
        self.scenery = f"A virtual office of network namespaces, with {kind}:\n{PICTURE}"

    def __enter__(self) -> Self:
        with ExitStack() as begun:
            begun.enter_context(self._lab)
            directory = self._lab.directory / "office"
            directory.mkdir()
            router = stand(self._lab, self._name).router if self._name else None
            self.office = Office(self._lab, directory, router=router, settings=SETTINGS)
            begun.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._lab.down()

    def playable(self, fault: str) -> None:
        """All faults are."""

    def fault(self, words: str, circuit: str) -> None:
        self._lab.fault(words, circuit)

    def clear(self, circuit: str) -> None:
        self._lab.clear(circuit)

    def user(self) -> subprocess.Popen[str]:
        return self._lab.popen("client", *stream(str(ECHO[0])), stdout=subprocess.PIPE)


def stand(lab: Lab, name: str, variant: str = "", *more: str) -> Standing:
    """Put a virtual router in front of the lab's own, which does from then on what it says.

    Args:
        lab: It is up.

        name: Of the virtual router.

        variant: How it differs from the usual one, in its own words.

        more: Arguments of its own.

    Raises:
        LabError: None of that name is installed, or it did not start.
    """
    place = Stand(
        circuit=lab.circuits[0],
        inside=ROUTER,
        edit_log=lab.directory / "edits.jsonl",
        running=lab.directory / "running.json",
        device=lab.circuits[0].interface,
        variant=variant,
    )
    return virtual.start(name, place, partial(lab.popen, "router"), *more)
