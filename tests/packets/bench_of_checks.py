"""One lab for many checks: an office where all is green, and what makes it otherwise a while."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.packets import postfix
from tests.packets.postfix import Postfix
from tests.packets.screens import same
from tests.packets.ssh import Door
from tests.transports.server import Account, account
from wanfailover.lab import Lab, tunnel
from wanfailover.lab.addresses import ECHO, ROUTER, WEB

HERE = Path(__file__).parent
OTHER = "198.51.100.78"
"""The office's own address on the backup, so that it sees either circuit while that is idle."""

SIGHT = (
    f"ip address add {OTHER}/24 dev eth1 noprefixroute",
    f"ip route add 198.51.100.0/24 dev eth1 src {OTHER} table 101",
    f"ip route add default via 198.51.100.1 dev eth1 src {OTHER} table 101",
    f"ip rule add from {OTHER} table 101 priority 99",
)

MX = str(ECHO[3])
SERVERS = {
    "well": 2600, "relay": 2601, "puts-off": 2602, "refuses": 2603, "mute": 2604, "unsure": 2605
}  # fmt: skip
"""Backup MXs that differ in a setting, by port."""

MAIN = """
relay_domains = office.test
smtpd_relay_restrictions = reject_unauth_destination
"""
MASTER = f"""\
{SERVERS["well"]} inet n - n - - smtpd
{SERVERS["relay"]} inet n - n - - smtpd
  -o smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination
  -o mynetworks=0.0.0.0/0
{SERVERS["puts-off"]} inet n - n - - smtpd
  -o smtpd_relay_restrictions=reject_unauth_destination
  -o smtpd_recipient_restrictions=defer
{SERVERS["refuses"]} inet n - n - - smtpd
  -o smtpd_recipient_restrictions=reject
{SERVERS["mute"]} inet n - n - - smtpd
  -o smtpd_discard_ehlo_keywords=etrn
{SERVERS["unsure"]} inet n - n - - smtpd
  -o smtpd_relay_restrictions=defer_unauth_destination
"""


class Bench:
    """The office, and whatever stands around it. What one check is about goes by `Case`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lab = Lab()
        self._begun = ExitStack()

    def __enter__(self) -> Self:
        self._begun.enter_context(self.lab)
        for line in SIGHT:
            self.type("office", line)
        for nowhere in ("192.0.2.99", "10.20.0.0/24"):  # nobody says that there is no way
            self.type("inet", f"ip route add blackhole {nowhere}")
        self._checker = self.lab.popen(
            "office", sys.executable, HERE / "checker.py", stdin=-1, stdout=-1
        )
        assert self._checker.stdout is not None
        assert self._checker.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._begun.close()

    def type(self, box: str, line: str) -> str:
        """Have a shell on a box run a line."""
        done = self.lab.run(box, "sh", "-ec", line)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return done.stdout

    def door(self) -> Door:
        """The router's SSH server; nobody may become root there unless a case has it so."""
        if not hasattr(self, "_door"):
            user: Account = self._begun.enter_context(account())
            (self.folder / "door").mkdir()
            self._door = Door(self.lab, self.folder / "door", user)
            self._begun.enter_context(self._door.open())
        return self._door

    def mx(self) -> None:
        """Every backup MX there may be."""
        postfix.needed()
        if not hasattr(self, "_mx"):
            self._mx = Postfix(self.lab, "inet", MX, MAIN, MASTER)

    def customer(self) -> None:
        """Whoever is at the far end of tunnels."""
        if not hasattr(self, "_customer"):
            conf = (HERE.parents[1] / "deploy" / "strongswan" / "customer.conf").read_text()
            tunnel.customer(self.lab)
            self._customer = tunnel.Gateway(self.lab, "customer", conf)

    def ask(self, *words: str) -> dict[str, Any]:
        """Have the checker run a command."""
        stdin, stdout = self._checker.stdin, self._checker.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(words) + "\n")
        stdin.flush()
        told: dict[str, Any] = json.loads(stdout.readline())
        return told


class Case:
    """One trouble: what is done for it, taken back at the end, and the profile that meets it."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench = bench
        self.lab = bench.lab
        self.folder = folder
        self._undo = ExitStack()
        self._mounts: list[str] = []
        self.circuits: list[dict[str, Any]] = [
            {
                "name": circuit.name,
                "address": str(circuit.address),
                "gateway": str(circuit.gateway),
                "interface": "wan",
            }
            for circuit in self.lab.circuits
        ]
        self.primary, self.backup = self.circuits
        self.primary["vantage"] = {"bind": "eth1"}
        self.backup["vantage"] = {"source": OTHER}
        self.options: dict[str, Any] = {"netns": f"{self.lab.name}-router"}
        self.router: dict[str, Any] = {
            "driver": "iproute2",
            "host": str(ROUTER.ip),
            "transport": "local",
            "options": self.options,
        }
        self.probes: list[dict[str, Any]] = [
            {"icmp": str(ECHO[0]), "deadline": "1s"},
            {"icmp": str(ECHO[1]), "deadline": "1s"},
            {"tcp": f"{WEB}:443", "deadline": "1s"},
        ]
        self.more: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def type(self, box: str, does: str, undoes: str) -> None:
        """Have it so on a box, for as long as the case lasts."""
        self.bench.type(box, does)
        self._undo.callback(self.bench.type, box, undoes)

    def filter(self, box: str, hook: str, rule: str) -> None:
        """A packet filter's rule."""
        chain = f"chain c {{ type filter hook {hook} priority -10; {rule}; }}"
        self.type(box, f"nft 'table ip case {{ {chain}; }}'", "nft delete table ip case")

    def fault(self, words: str, circuit: str) -> None:
        """One of the lab's."""
        self._undo.callback(self.lab.clear, circuit)
        self.lab.fault(words, circuit)

    def instead(self, of: str, script: str | None = None) -> None:
        """Another program in the place of one, as this check sees it; None: it is not there."""
        if not Path(of).exists():
            return
        stand_in = Path("/dev/null")
        if script is not None:
            stand_in = self.folder / Path(of).name
            stand_in.write_text(f"#!/bin/sh\n{script}\n")
            stand_in.chmod(0o755)
        self._mounts.append(f"mount --bind {stand_in} {of}")

    def read_only(self, *places: str) -> None:
        """Nobody may write there, as this check sees it."""
        for place in places:
            self._mounts.append(f"mount --rbind {place} {place}; mount -o remount,ro,bind {place}")

    def by_ssh(self) -> Door:
        """The router is reached through its door."""
        door = self.bench.door()
        self.options.clear()
        self.router |= {
            "transport": "ssh",
            "credentials": {
                "username": door.user.name,
                "key": {"file": str(door.directory / "key")},
                "known_hosts": {"file": str(door.directory / "known_hosts")},
            },
        }
        return door

    def gateway(self, configuration: str) -> tunnel.Gateway:
        """The router's strongSwan."""
        made = tunnel.Gateway(self.lab, "router", configuration)
        self._undo.callback(subprocess.run, ["rm", "-r", made.folder], check=True)
        self._undo.callback(made.stop)
        self.options["swanctl_uri"] = made.uri
        return made

    def finally_(self, does: Callable[..., object], *words: object) -> None:
        """Have that done at the end of the case."""
        self._undo.callback(does, *words)

    def check(self, *prefix: str) -> str:
        """What is not green, a row or two lines each, and how it ends."""
        profile = {
            "site": "office",
            "router": self.router,
            "circuits": self.circuits,
            "probes": self.probes,
            **self.more,
        }
        file = self.folder / "office.yaml"
        file.write_text(json.dumps(profile, indent=1))
        words = ("check", "--json", "--state-dir", str(self.folder / "state"), str(file))
        told = (
            self._alone(*prefix, words=words) if prefix or self._mounts else self.bench.ask(*words)
        )
        rows = json.loads(told["out"])["rows"] if told["out"] else []
        shown = [
            line
            for row in rows
            if row["severity"] != "green"
            for line in (
                f"{row['severity']} {row['subject']}: {row['sentence']}",
                *([f"    → {row['remedy']}"] if row["remedy"] else ()),
            )
        ]
        shown += filter(None, told["err"].splitlines())
        names = {str(self.folder): "~", str(self.bench.folder): "~", self.lab.name: "lab"}
        if self.router["transport"] == "ssh":
            names[self.bench.door().user.name] = "failover"
        return same("\n".join([*shown, f"exit code {told['code']}", ""]), names)

    def _alone(self, *prefix: str, words: tuple[str, ...]) -> dict[str, Any]:
        """The same by a process of its own, whose files may be others."""
        argv = shlex.join((*prefix, sys.executable, "-m", "wanfailover", *words))
        script = "; ".join((*self._mounts, f"exec {argv}"))
        done = self.lab.run("office", "unshare", "-m", "sh", "-ec", script)
        return {"code": done.returncode, "out": done.stdout, "err": done.stderr}
