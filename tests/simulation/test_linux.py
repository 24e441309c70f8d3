"""The virtual Linux router against a real one: the driver's calls, and what is held after each."""

from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from tests.drivers.conftest import namespaces  # noqa: F401
from tests.drivers.testbed import PORTS, SHARED, SWAP, Testbed
from tests.simulation.linux import VirtualLinux
from tests.simulation.typed import Unforeseen
from tests.simulation.wire import Fates, Wire
from tests.support.clock import virtual_time
from wanfailover.core import plan
from wanfailover.core.site import Site
from wanfailover.ports import RouterAccess
from wanfailover.transports.router import RouterShell
from wanfailover_iproute2.driver import Iproute2
from wanfailover_iproute2.plugin import PLUGIN

EXTRAS = (
    ("203.0.113.5/29", True),
    ("10.9.9.1/24", True),
    ("198.51.100.5/24", False),
    ("203.0.113.2/24", False),
)
"""Addresses beside the circuits': in the network of the first, of none, of the other; one twice."""

TOLD = ("local", "prefixlen", "broadcast", "secondary", "scope", "dst", "gateway", "dev")
MORE = ("prefsrc", "metric", "protocol")


def real(bed: Testbed) -> tuple[Any, Any]:
    """What a namespace holds, in the words that the twin has as well."""

    def ask(what: str) -> Any:
        return json.loads(bed.sh("router", f"ip -json -4 {what} show"))

    return canonical(ask("address"), ask("route"))


def canonical(links: list[Any], routes: list[Any]) -> tuple[Any, Any]:
    addresses = {
        link["ifname"]: sorted(
            (_told(info) for info in link["addr_info"]),
            key=lambda told: (told["local"].rpartition(".")[0], told["prefixlen"]),
        )
        for link in links
        if link.get("addr_info")
    }
    return addresses, sorted(map(_told, routes), key=json.dumps)


def _told(words: dict[str, Any]) -> dict[str, Any]:
    return {key: words[key] for key in (*TOLD, *MORE) if words.get(key)}


@pytest.mark.packets
@pytest.mark.parametrize("extras", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("site", [SWAP, PORTS, SHARED], ids=lambda site: site.name)
def test_it_holds_what_a_real_one_holds(namespaces: None, site: Site, extras: int) -> None:  # noqa: F811
    """After each line of a switch, of its undo, and of a repetition of either."""
    given = EXTRAS[:extras]
    port = site.circuits[0].interface or ""
    with Testbed(site) as bed:
        for address, broadcast in given:
            bed.sh("router", f"ip addr add {address} {'brd +' * broadcast} dev {port}")
        access = RouterAccess(
            None, "local", options=PLUGIN.options({"netns": bed.router}), circuits=site.circuits
        )
        seen = asyncio.run(_tour(PLUGIN.build(access), site, lambda: real(bed)))

    @virtual_time
    async def twin() -> list[Any]:
        router = VirtualLinux(site)
        for address, broadcast in given:
            own = type(site.circuits[0].address)(address)
            router.kernel.replace_address(port, own, broadcast=broadcast)
        return await _tour(
            router.driver(Wire(router.fates)),
            site,
            lambda: canonical(router.addresses(), router.routes()),
        )

    assert twin() == seen


async def _tour(who: Iproute2, site: Site, held: Any) -> list[Any]:
    """There by one line more each time, and back; then there twice, and back to the first."""
    seen = [held()]
    view = await who.read()
    actions = who.compile(plan.make(site, "backup", view).steps, view)
    apply, *rest = actions
    start = next(n for n, line in enumerate(apply.does) if line.startswith("ip -batch")) + 1
    for point in range(start, len(apply.does)):
        await who.perform(replace(apply, does=(*apply.does[:point], "END")))
        seen.append(held())
        await who.undo(apply)
        seen.append(held())
    for action in (apply, apply, *rest):
        await who.perform(action)
    seen.append(held())
    view = await who.read()
    for action in who.compile(plan.make(site, "primary", view).steps, view):
        await who.perform(action)
    seen.append(held())
    await who.close()
    return [(json.dumps(held)) for held in seen]


LINES = {
    "address replace 203.0.113.9/24 brd + dev wan": "a second mask",
    "address flush dev wan to 203.0.113.2/32": "the last address takes the route along",
    "address flush dev nowhere to 203.0.113.2/32": "no such port",
    "route replace default via 9.9.9.9 dev wan": "a gateway out of reach",
    "route replace default via 203.0.113.1 dev wan src 1.1.1.1": "a source that is not ours",
    "route replace default via 203.0.113.1 dev nowhere": "no such port",
    "route replace default via 203.0.113.1 dev wan src 203.0.113.2 metric 5": "behind the first",
    "route flush exact default via 203.0.113.1 dev wan": "no way out",
    "neighbour flush to 203.0.113.1 dev nowhere": "no such port",
}


@pytest.mark.packets
def test_it_refuses_what_a_real_one_refuses(namespaces: None) -> None:  # noqa: F811
    """The same complaint, the same status, and the lines before it are done."""
    scripts = [
        f"set -e\nip -batch - <<'END'\naddress replace 10.1.1.1/24 dev wan\n{line}\nEND"
        for line in LINES
    ]
    seen = []
    for script in scripts:
        with Testbed(SWAP) as bed:
            done = subprocess.run(
                bed.spaces.enter("router", "sh", "-c", script), capture_output=True, text=True
            )
            seen.append((done.returncode, done.stderr.strip(), *real(bed)))

    @virtual_time
    async def twin() -> list[Any]:
        told = []
        for script in scripts:
            router = VirtualLinux(SWAP)
            done = await RouterShell(router.shell(Wire(router.fates))).run_detached(
                script, within=5
            )
            told.append((done.status, done.err, *canonical(router.addresses(), router.routes())))
        return told

    for line, expected, told in zip(LINES, seen, twin(), strict=True):
        assert told == expected, line


@virtual_time
async def test_it_knows_no_more_than_it_was_taught() -> None:
    """A command that nobody foresaw ends the simulation, and is no router's refusal."""
    router = VirtualLinux(SWAP)
    shell = RouterShell(router.shell(Wire(Fates())))
    for script in ("ip link set wan down", "set -e\nreboot", "set -e\nip -batch - <<'END'\nlink x"):
        with pytest.raises(Unforeseen):
            await shell.run_detached(script, within=5)
    with pytest.raises(Unforeseen):
        await shell.run("uname -r", within=5)
