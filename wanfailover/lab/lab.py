"""The lab itself: a site that runs, whose circuits can be made ill, and that leaves no trace."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from wanfailover.core.site import Circuit
from wanfailover.errors import LabError
from wanfailover.lab import build, faults, helpers
from wanfailover.lab.addresses import AUTHORITY
from wanfailover.lab.boxes import Port, Site
from wanfailover.lab.namespaces import Namespaces, sweep, type_in
from wanfailover.lab.site import Nat, Shape, isp_of, modem, modem_of, site


class Lab:
    """A virtual office with its router, circuits and Internet; README.md has the picture.

    It lives from `up` to `down`, or for a ``with`` block; several may live at a time. When the
    process that made it dies, in whatever way, the lab goes too.

    Args:
        circuits: 2 or 3: primary, backup, third.

        shape: Whether the router has one external port for all circuits, or one for each.

        nat: Whether the router masquerades or translates to a fixed address.
    """

    def __init__(
        self, circuits: int = 2, *, shape: Shape = Shape.SWAP, nat: Nat = Nat.MASQUERADE
    ) -> None:
        self.site: Site = site(circuits, shape, nat)
        self._spaces = Namespaces()
        self._started = ExitStack()
        self._standing: dict[str, tuple[faults.Strike, subprocess.Popen[str] | None]] = {}

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    @property
    def name(self) -> str:
        """What the names of all its namespaces begin with."""
        return self._spaces.name

    @property
    def circuits(self) -> tuple[Circuit, ...]:
        """The circuits, in order of preference, each with the router's interface it is on."""
        return self.site.circuits

    @property
    def directory(self) -> Path:
        """A folder for files that go with the lab, however that goes."""
        return self._spaces.directory

    @property
    def authority(self) -> str:
        """Path of the certificate behind the servers' own, for SSL_CERT_FILE."""
        return str(self.directory / AUTHORITY)

    def up(self) -> None:
        """Build everything; returns when the servers listen and the router is on its first circuit.

        Raises:
            LabError: This machine cannot build it; what was begun is removed again.
        """
        try:
            sweep()
            self._spaces.open()
            self._started.enter_context(build.build(self.site, self._spaces))
        except FileNotFoundError as error:
            self.down()
            raise LabError(f"the lab needs the command '{error.filename}'") from error
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """Remove everything and end what runs in it; does nothing where there is no lab."""
        self._spaces.close()
        self._started.close()
        self._standing.clear()

    def run(
        self, host: str, /, *argv: str | os.PathLike[str], **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a host to its end; *options* are those of `subprocess.run`.

        The host asks the lab's name server. Output is captured as text unless *options* differ.
        """
        command = self._spaces.log_in(host, *argv)
        options = {"capture_output": True, "text": True, "check": False, **options}
        done: subprocess.CompletedProcess[str] = subprocess.run(command, **options)  # noqa: PLW1510
        return done

    def popen(
        self, host: str, /, *argv: str | os.PathLike[str], **options: Any
    ) -> subprocess.Popen[str]:
        """Start a command on a host; *options* are those of `subprocess.Popen`, in text mode.

        The process is the command's own, so signals reach it. It is killed with the lab.
        """
        command = self._spaces.log_in(host, *argv)
        process: subprocess.Popen[str] = subprocess.Popen(command, **{"text": True, **options})
        return self._started.enter_context(process)

    def pids(self, host: str) -> tuple[int, ...]:
        """Every process on a host."""
        return self._spaces.pids(host)

    def fault(self, words: str, circuit: str) -> None:
        """Make *circuit* ill in the way *words* say, such as ``dsl-down`` or ``loss 30``.

        A circuit has one fault at a time: a new one takes the old one's place.

        Raises:
            LabError: There is no such fault or circuit; nothing has changed then.
        """
        fault, figures = faults.parse(words)
        self._known(circuit)
        self.clear(circuit)
        strike, process = fault.strike, None
        box = strike.box(circuit)
        if strike.runs:
            module, *ports = strike.runs
            process = helpers.start(self._spaces, box, module, *ports, *figures)
            self._started.enter_context(process)
            helpers.await_ready(self._spaces, box, module, process)
        self._standing[circuit] = strike, process
        self._type(box, strike.does, circuit, *figures)

    def clear(self, circuit: str) -> None:
        """Heal *circuit*; what a slow line still holds is delivered first."""
        strike, process = self._standing.pop(self._known(circuit), (faults.NOTHING, None))
        self._type(strike.box(circuit), strike.undoes, circuit)
        if process is not None:
            process.terminate()
            process.wait()

    def modem(self, circuit: str) -> str:
        """Have a circuit's modem answer SNMP; gives the profile's words for its line's status."""
        box = modem_of(self._known(circuit))
        process = helpers.start(self._spaces, box, "modem")
        self._started.enter_context(process)
        helpers.await_ready(self._spaces, box, "modem", process)
        number = [known.name for known in self.circuits].index(circuit)
        line = Port(box, "line", "modem")
        (index,) = (
            cable.indexes()[cable.ends.index(line)]
            for cable in self.site.cables
            if line in cable.ends
        )
        return f"{{host: {modem(number).ip}, index: {index}}}"

    def foreign(self, circuit: str) -> int:
        """Count the packets that the circuit's provider has dropped for their foreign source."""
        command = ("nft", "-j", "list", "counter", "ip", "bcp38", "foreign")
        listed = json.loads(type_in(self._spaces.enter(isp_of(self._known(circuit)), *command)))
        return sum(
            entry["counter"]["packets"] for entry in listed["nftables"] if "counter" in entry
        )

    def reboot_router(self) -> None:
        """Let the router forget everything and boot; its processes and connections are gone."""
        build.rebuild(self.site, self._spaces, "router")

    def _known(self, circuit: str) -> str:
        names = [known.name for known in self.circuits]
        if circuit not in names:
            raise LabError(f"the lab has no circuit '{circuit}'; it has {', '.join(names)}")
        return circuit

    def _type(self, box: str, script: str, circuit: str, *figures: str) -> None:
        type_in(self._spaces.enter(box, "sh", "-ec", script, "fault", circuit, *figures))
