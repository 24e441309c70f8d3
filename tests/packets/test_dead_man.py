"""A switch away from a circuit that works, and an agent that does not live to see its end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.packets.hosts import eventually
from tests.packets.ssh import Door
from tests.packets.test_failover import BACKUP, PRIMARY, settled, up
from tests.packets.users import public_address
from tests.transports.conftest import user  # noqa: F401
from tests.transports.server import TOOLS, Account
from wanfailover.lab import Lab
from wanfailover.lab.office import Office, linux
from wanfailover.transports.router import STOP_WITHIN
from wanfailover_iproute2 import deadman, driver
from wanfailover_iproute2.place import PLACE

PROOF = 5
SETTINGS = ("failback: {after: 3s}", f"policy: {{dwell: 2s, proof_within: {PROOF}s}}")

FIRES_WITHIN = (
    deadman.ARM_WITHIN
    + 4 * driver.ACT_WITHIN  # apply, forget and announce; one of them is undone
    + deadman.DISARM_WITHIN
    + 6 * STOP_WITHIN
    + 2 * driver.READ_WITHIN
    + PROOF
    + 10  # to wake up, and for a machine that has other work
)

EVERYWHERE = f"{PLACE}ls -d /run/wanfailover-$net/undo.* /tmp/wanfailover-*-$net/undo.*"

CUT = "table ip cut { chain in { type filter hook input priority -200; tcp dport 22 drop; }; }"

pytestmark = pytest.mark.timeout(90 + FIRES_WITHIN)


@pytest.fixture(autouse=True)
def _bare(lab: Lab) -> Iterator[None]:
    """Nothing is kept there before and after: another router may have had its number."""
    bare = ("sh", "-c", f'{PLACE}rm -rf "$public" /tmp/wanfailover-*-"$net"')
    lab.run("router", *bare)
    yield
    lab.run("router", *bare)


def start(lab: Lab, directory: Path, **more: object) -> Office:
    office = Office(lab, directory, settings=SETTINGS, **more)
    office.start()
    office.wait(up("primary"), 5)
    return office


def left_there(lab: Lab) -> list[str]:
    """The timed undos on the router, whoever logged in to leave them there."""
    return lab.run("router", "sh", "-c", EVERYWHERE).stdout.split()


def quiet(lab: Lab) -> bool:
    """Nothing goes on on the router, in the end."""
    return eventually(lambda: not lab.pids("router"), 3)


def on_backup(lab: Lab) -> bool:
    return f"{BACKUP}/" in lab.run("router", "ip", "-4", "address").stdout


@contextmanager
def asked_for_the_backup(office: Office, lab: Lab) -> Iterator[None]:
    """An operator wants it, and it is dead: the block begins while that is to be proved."""
    lab.fault("upstream-dead", "backup")
    asking = threading.Thread(target=office.command, args=("switch", "backup"))
    asking.start()
    assert eventually(lambda: on_backup(lab), 10)
    assert len(left_there(lab)) == 1
    yield
    asking.join()


def told(office: Office) -> list[str]:
    """What the journal tells of timed undos."""
    lines = office.command("history").stdout.splitlines()
    return [line.partition("timed undo: ")[2] for line in lines if "timed undo: " in line]


def test_killed_in_the_middle_the_router_comes_back_by_itself(lab: Lab, tmp_path: Path):
    """Nobody is there to put it right: people work again, and the next start finds it whole."""
    office = start(lab, tmp_path)
    with asked_for_the_backup(office, lab):
        office.stop(signal.SIGKILL)
    assert public_address(lab) != PRIMARY
    assert eventually(lambda: not on_backup(lab), FIRES_WITHIN)
    assert public_address(lab) == PRIMARY
    lab.clear("backup")
    office.start()
    office.wait(settled("primary"), 10)
    assert "switch to backup undone" in office.command("history").stdout
    assert left_there(lab) == []
    assert office.stop() == 0


@pytest.mark.sshd
def test_cut_off_in_the_middle_the_router_comes_back_by_itself(
    lab: Lab,
    tmp_path: Path,
    user: Account,  # noqa: F811
):
    """The agent can neither prove nor undo: stuck, until the router has put itself right."""
    door = Door(lab, tmp_path, user)
    with door.open(), user.may(f"NOPASSWD: {TOOLS}"):
        office = start(lab, tmp_path, router=linux(*door.profile()))
        with asked_for_the_backup(office, lab):
            lab.run("router", "nft", CUT)
        assert office.status()["switchover"]["outcome"] == "stuck"
        assert eventually(lambda: not on_backup(lab), FIRES_WITHIN)
        assert public_address(lab) == PRIMARY
        lab.run("router", "nft", "delete table ip cut")
        office.wait(settled("primary"), 30)
        assert office.stop() == 0


def test_a_restarted_agent_claims_it(lab: Lab, tmp_path: Path):
    """Killed and started again: what is finished now is not taken back later."""
    office = start(lab, tmp_path)
    with asked_for_the_backup(office, lab):
        office.stop(signal.SIGKILL)
    assert not quiet(lab)
    lab.clear("backup")
    office.start()
    report = office.wait(settled("backup"), 15)
    assert report["switchover"]["rule"] == "finish-interrupted"
    assert report["switchover"]["outcome"] == "proved"
    assert left_there(lab) == []
    assert quiet(lab)
    assert told(office)[-1] == "taken back"
    assert public_address(lab) == BACKUP
    assert office.stop() == 0


def test_leaving_a_dead_circuit_arms_none_and_a_return_leaves_none(lab: Lab, tmp_path: Path):
    """It would bring back a dead line; and a return that was proved is not taken back."""
    office = start(lab, tmp_path)
    shown = office.command("switch", "backup", "--dry-run").stdout
    assert "unless primary is down: it takes itself back" in shown
    lab.fault("dsl-down", "primary")
    report = office.wait(settled("backup"), 10)
    assert report["switchover"]["rule"] == "active-down"
    assert told(office) == []
    lab.clear("primary")
    report = office.wait(settled("primary"), 20)
    assert report["switchover"]["rule"] == "preferred-recovered"
    armed, cancelled = told(office)
    assert (armed.split()[0], cancelled) == ("done", "taken back")
    assert left_there(lab) == []
    assert quiet(lab)
    assert office.stop() == 0


def test_two_agents_that_know_nothing_of_each_other(lab: Lab, tmp_path: Path):
    """Each with a state directory of its own: the router tells the second of the first."""
    first = start(lab, tmp_path)
    (tmp_path / "second").mkdir()
    second = Office(lab, tmp_path / "second", settings=SETTINGS)
    run = ("run", str(second.profile), "--state-dir", str(second.state))
    switch = ("switch", "backup")
    for words in (run, switch):
        refused = second.command(*words)
        assert refused.returncode == 1, refused.stderr
        assert f"(pid {first.pid}) has changed this router for" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert public_address(lab) == PRIMARY
    assert first.command(*switch).returncode == 0  # by the agent that has it
    first.stop(signal.SIGKILL)
    second.start()  # a dead one keeps nobody out
    report = second.wait(settled("backup"), 5)
    assert any("taken over from" in warning for warning in report["warnings"])
    assert first.command("switch", "primary").returncode == 1
    assert second.stop() == 0
    done = first.command("switch", "primary")
    assert (done.returncode, public_address(lab)) == (0, PRIMARY)
    assert "writer" not in lab.run("router", "sh", "-c", PLACE + 'ls "$dir"').stdout
