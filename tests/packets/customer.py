"""A customer of the lab's office: the IPSec tunnel to it, and its Postfix, our backup MX, behind.

What both ends of the tunnel run are the files of ``deploy/strongswan``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from wanfailover.core import entries as log
from wanfailover.journal.reader import Reader
from wanfailover.lab import Lab, tunnel
from wanfailover.lab.office import Office, Report, Router, linux

QUICK = ("failback: {after: 3s}", "policy: {dwell: 2s}")
FILES = Path(__file__).parents[2] / "deploy" / "strongswan"
NEAR, FAR = ((FILES / name).read_text() for name in ("office.conf", "customer.conf"))

RENEWED = "{name: customer-a, check: {icmp: 10.20.0.1}, within: 5s, ike: customer, child: lan}"
LEFT_ALONE = "{name: customer-a, check: {icmp: 10.20.0.1}, within: 3s}"


def needed() -> None:
    """Skip where there is no strongSwan."""
    if reason := tunnel.missing():
        pytest.skip(reason)


class Site:
    """The lab's office with a customer, a tunnel between the two, and an agent yet to be started.

    Args:
        folder: For the agent's profile and state.

        tunnels: As the profile has them.

        near: The router's swanctl.conf, and *far* the customer's.

        retransmit: Seconds until the router asks its peer again.

        settings: Further top-level lines of the profile.

        options: Further options of the router's.

        router: Another one than the Linux machine it is.

        office: Arguments of `Office`.
    """

    def __init__(
        self,
        lab: Lab,
        folder: Path,
        *tunnels: str,
        near: str = NEAR,
        far: str = FAR,
        retransmit: float = tunnel.RETRANSMIT,
        settings: Sequence[str] = QUICK,
        options: str = "",
        router: Router | None = None,
        **office: Any,
    ) -> None:
        self.lab = lab
        tunnel.customer(lab)
        self.customer = tunnel.Gateway(lab, "customer", far)
        self.router = tunnel.Gateway(lab, "router", near, retransmit)
        own = f"netns: {lab.name}-router, swanctl_uri: '{self.router.uri}'{options}"
        self.office = Office(
            lab,
            folder,
            router=router or linux("transport: local", f"options: {{{own}}}"),
            settings=(*settings, f"tunnels: [{', '.join(tunnels)}]"),
            **office,
        )

    def start(self) -> None:
        """Start the agent; returns when traffic passes the tunnel."""
        self.office.start()
        self.office.wait(state("customer-a", "up"), 10)

    def comes_from(self) -> list[str]:
        """The addresses from which the router has tunnels to the customer."""
        listed = self.router.swanctl("--list-sas", "--ike", "customer", "--raw").stdout
        return re.findall(r"local-host=(\S+)", listed)

    def switch_at(self, target: str) -> float:
        """When the router was last moved to *target*, in seconds of wall time."""
        with Reader(self.office.journal) as reader:
            records = list(reader.records())
        (last,) = [
            record.entry.id
            for record in records
            if isinstance(record.entry, log.SwitchoverIntended) and record.entry.target == target
        ][-1:]
        (at,) = [
            record.at
            for record in records
            if isinstance(record.entry, log.ActionDone)
            and (record.entry.id, record.entry.name) == (last, "apply")
        ]
        return at.timestamp()


def state(name: str, word: str, circuit: str | None = None):
    """A tunnel is in a state, while the router is on *circuit*, and nothing moves."""

    def holds(report: Report) -> bool:
        running = report["switchover"] and report["switchover"]["outcome"] == "running"
        there = circuit is None or (report["active"] == circuit and not running)
        return there and {row["name"]: row["state"] for row in report["tunnels"]}[name] == word

    return holds


@contextmanager
def pings(lab: Lab, file: Path) -> Iterator[list[float]]:
    """Ping through the tunnel from the LAN, 50 times a second; afterwards, when it was answered."""
    answered: list[float] = []
    with file.open("w") as out:
        process = lab.popen("client", "ping", "-D", "-i", "0.02", tunnel.CUSTOMER, stdout=out)
        yield answered
        process.terminate()
        process.wait()
    found = re.findall(r"^\[([\d.]+)\] 64 bytes", file.read_text(), re.MULTILINE)
    answered += map(float, found)
