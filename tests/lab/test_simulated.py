"""Circuits without packets: real servers on loopback, asked by the real probes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Interface
from itertools import compress
from pathlib import Path

import pytest

from wanfailover.core.facts import Result
from wanfailover.core.site import Path as Way
from wanfailover.errors import LabError
from wanfailover.lab.addresses import AUTHORITY, CIRCUITS, PAGE, WEB_HOST
from wanfailover.lab.faults import FAULTS
from wanfailover.lab.helpers import hear_ports
from wanfailover.lab.simulated import DNS, MAIL, SILENCES, WEB, Ways, playable
from wanfailover.probes import once
from wanfailover.specs import Dns, Https, Smtp

PRIMARY, BACKUP, _ = CIRCUITS
THROUGH = "127.0.0.1"
PAST = "127.0.0.2"


def runs(file: Path, address=PRIMARY.address, gateway=PRIMARY.gateway) -> None:
    """What the virtual router would write."""
    file.write_text(json.dumps({"address": str(address), "gateway": str(gateway)}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    runs(tmp_path / "running.json")
    return tmp_path / "running.json"


def test_a_question_through_the_router_goes_by_the_circuit_it_runs(file: Path):
    """And one from the vantage by the primary, whatever the router runs."""
    ways = Ways(file)
    ways.strike("primary", "dsl-down")
    assert not ways.alive("dns", THROUGH)
    assert not ways.alive("dns", PAST)
    runs(file, BACKUP.address, BACKUP.gateway)
    assert ways.alive("dns", THROUGH)
    assert not ways.alive("dns", PAST)
    ways.strike("primary", "none")
    ways.strike("backup", "no-return")
    assert not ways.alive("dns", THROUGH)
    assert ways.alive("dns", PAST)


@pytest.mark.parametrize(
    ("address", "gateway"),
    [
        (BACKUP.address, PRIMARY.gateway),
        (PRIMARY.address, BACKUP.gateway),
        (IPv4Interface("203.0.113.2/24"), PRIMARY.gateway),
    ],
)
def test_half_a_circuit_carries_nothing(file: Path, address, gateway):
    """Values that are nobody's whole are a router that is cut off."""
    runs(file, address, gateway)
    assert not Ways(file).alive("dns", THROUGH)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"address": "x", "gateway": "y"}', '{"address": null, "gateway": null}'],
)
def test_a_router_that_tells_nothing_carries_nothing(file: Path, text: str):
    """While it restarts, or before it has begun to run."""
    file.write_text(text)
    assert not Ways(file).alive("dns", THROUGH)
    assert Ways(file).alive("dns", PAST)


def test_faults_that_take_packets_are_refused_with_those_that_do_not():
    """Loopback answers every ping itself, so a story about pings cannot be told there."""
    for name in SILENCES:
        playable(name)
    for name in FAULTS.keys() - SILENCES.keys():
        with pytest.raises(LabError, match=f"'{name}' takes real packets; .*dsl-down, "):
            playable(str(FAULTS[name]).replace("N", "1").replace("A B", "9 3").replace(
                "MS JITTER", "9 3"
            ))  # fmt: skip
    with pytest.raises(LabError, match="there is no fault 'dsl-dwon'"):
        playable("dsl-dwon")


@contextmanager
def internet(folder: Path, file: Path):
    """The process; yields it with its ports."""
    folder.mkdir()
    module = (sys.executable, "-m", "wanfailover.lab.simulated", str(folder), str(file))
    log = file.with_name("words")
    with (
        log.open("w") as words,
        subprocess.Popen(
            module, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words, text=True
        ) as process,
    ):
        yield process, hear_ports("Internet", process, log)


async def test_servers_answer_over_a_live_way_and_are_silent_over_a_dead_one(
    tmp_path: Path, file: Path, monkeypatch
):
    """Each kind of probe, through the router and past it; a fault of one service silences that."""
    folder = tmp_path / "internet"
    with internet(folder, file) as (process, ports):
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / AUTHORITY))
        specs = {
            "dns": Dns(str(DNS[1]), WEB_HOST, port=ports[str(DNS[1])], deadline=0.5),
            "mail": Smtp(str(MAIL), ports["mail"], starttls=True, deadline=0.5),
            "page": Https(f"https://{WEB}:{ports['page']}/", expect=PAGE.strip(), deadline=0.5),
        }

        async def answered(source: str) -> set[str]:
            way = Way(source=IPv4Address(source)) if source == PAST else Way()
            results = await asyncio.gather(*(once(spec, way) for spec in specs.values()))
            answers = [result.result is Result.ANSWERED for result in results]
            return set(compress(specs, answers))

        async def becomes(expected: set[str], source: str = PAST) -> None:
            async with asyncio.timeout(8):
                while await answered(source) != expected:
                    pass

        def strike(fault: str) -> None:
            process.stdin.write(json.dumps(["primary", fault]) + "\n")
            process.stdin.flush()

        await becomes({"dns", "mail", "page"})
        await becomes({"dns", "mail", "page"}, THROUGH)
        strike("port25")
        await becomes({"dns", "page"})
        strike("dns-dead")
        await becomes({"mail", "page"})
        strike("upstream-dead")
        await becomes(set())
        assert await answered(THROUGH) == set()
        runs(file, BACKUP.address, BACKUP.gateway)
        assert await answered(THROUGH) == {"dns", "mail", "page"}
        assert await answered(PAST) == set()


def test_it_ends_with_its_owner_and_takes_the_folder_along(tmp_path: Path, file: Path):
    """The end of its input is the owner's end, by whatever signal."""
    folder = tmp_path / "internet"
    with internet(folder, file) as (process, _):
        (folder / "state").mkdir()
        process.stdin.close()
        assert process.wait(10) == 0
    assert not folder.exists()
