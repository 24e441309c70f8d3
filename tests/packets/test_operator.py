"""An operator at a running agent and without one, on real packets."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.packets.test_failover import BACKUP, PRIMARY, QUICK, settled, up
from tests.packets.users import public_address
from wanfailover.lab import Lab
from wanfailover.lab.office import Office

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def office(lab: Lab, tmp_path: Path) -> Office:
    office = Office(lab, tmp_path, settings=QUICK)
    office.start()
    office.wait(up("primary"), 5)
    return office


def test_switch_holds_until_auto(office: Office, lab: Lab):
    """There, held although the primary is good; `auto`, and back."""
    done = office.command("switch", "backup", "--reason", "works on the line")
    assert (done.returncode, public_address(lab)) == (0, BACKUP)
    report = office.status()
    assert report["hold"] == {"circuit": "backup", "until": None}
    assert report["decision"]["rule"] == "held-by-operator"
    assert "works on the line" in office.command("history").stdout
    assert office.command("auto").returncode == 0
    office.wait(settled("primary"), 15)
    assert public_address(lab) == PRIMARY
    assert office.stop() == 0


def test_a_hold_survives_the_agent(office: Office, lab: Lab):
    """Killed and started again: what is left of the hold still counts, then it ends."""
    assert office.command("switch", "backup", "--for", "12s").returncode == 0
    office.stop(signal.SIGKILL)
    office.start()
    report = office.wait(settled("backup"), 5)
    assert report["decision"]["rule"] == "held-by-operator"
    assert report["hold"]["until"] is not None
    office.wait(settled("primary"), 30)
    assert office.stop() == 0


def test_dry_run_touches_nothing(office: Office, lab: Lab):
    """It prints what would be typed, proved and taken back; the router is as it was."""
    before = lab.run("router", "ip", "-4", "address").stdout
    done = office.command("switch", "backup", "--dry-run")
    assert done.returncode == 0
    assert f"address replace {BACKUP}/24" in done.stdout
    assert "must answer within" in done.stdout
    assert f"address replace {PRIMARY}/29" in done.stdout
    assert lab.run("router", "ip", "-4", "address").stdout == before
    assert office.status()["switchover"] is None
    assert office.stop() == 0


def test_refused_undone_and_no_op(office: Office, lab: Lab):
    """Exit codes: 0 for where it is already, 1 with the rule for what is refused or undone."""
    done = office.command("switch", "primary")
    assert (done.returncode, "already" in done.stdout) == (0, True)
    lab.fault("dsl-down", "backup")
    done = office.command("switch", "backup")
    assert done.returncode == 1
    assert "the router is on primary again" in done.stderr
    assert office.status()["switchover"]["outcome"] == "undone"
    assert public_address(lab) == PRIMARY
    lab.clear("backup")
    assert office.command("switch", "backup").returncode == 0
    lab.fault("dsl-down", "primary")
    office.wait(lambda report: report["health"]["primary"]["state"] == "down", 15)
    done = office.command("switch", "primary")
    assert done.returncode == 1
    assert "standby-not-better" in done.stderr
    assert public_address(lab) == BACKUP
    done = office.command("switch", "nowhere")
    assert done.returncode == 2
    assert "primary, backup" in done.stderr
    assert office.stop() == 0


def test_without_an_agent_by_the_same_lock(office: Office, lab: Lab):
    """`switch` works alone; a second agent is refused and told who holds the site."""
    second = office.command("run", str(office.profile), "--state-dir", str(office.state))
    assert second.returncode == 1
    held = r"office is held by wanfailover run \(pid \d+\), for [\d.]+ s now"
    assert re.search(held, second.stderr)
    office.stop()
    done = office.command("switch", "backup", "--for", "1h")
    assert (done.returncode, public_address(lab)) == (0, BACKUP)
    report = json.loads(office.command("status", "--json").stdout)
    assert (report["agent"]["running"], report["active"]) == (False, "backup")
    office.start()
    report = office.wait(settled("backup"), 5)
    assert report["hold"]["circuit"] == "backup"
    assert office.stop() == 0


def test_killed_in_the_middle_of_a_switch(office: Office, lab: Lab):
    """SIGKILL while the proof runs: the next start finds it open and finishes or undoes it."""
    lab.fault("upstream-dead", "backup")  # the proof takes its time
    lab.fault("dsl-down", "primary")
    office.wait(lambda _: BACKUP in lab.run("router", "ip", "-4", "address").stdout, 15)
    assert office.status()["switchover"]["outcome"] == "running"
    office.stop(signal.SIGKILL)
    lab.clear("backup")
    office.start()
    report = office.wait(settled("backup"), 15)
    assert report["switchover"]["rule"] == "finish-interrupted"
    assert report["switchover"]["outcome"] == "proved"
    assert public_address(lab) == BACKUP
    assert office.stop() == 0
