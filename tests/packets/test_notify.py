"""On real packets: somebody far away hears of an outage, by real Postfix and a webhook; drills."""

from __future__ import annotations

import json
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.packets import postfix
from tests.packets.hosts import HERE, eventually
from tests.packets.postfix import Postfix
from tests.packets.test_failover import QUICK, settled, up
from tests.packets.test_netopia import R9100
from wanfailover.lab import Lab
from wanfailover.lab.addresses import ECHO
from wanfailover.lab.office import Office
from wanfailover.lab.stage import stand

pytestmark = pytest.mark.timeout(150)

FAR = str(ECHO[3])
PORT = 8025
DOMAIN = "ops.test"

KEEPS = """
virtual_mailbox_domains = ops.test
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
"""


class Far:
    """Who is told, beyond both circuits."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        home = lab.directory / "postfix-inet"
        self.postfix = Postfix(
            lab, "inet", FAR, KEEPS.format(home=home), "2526 inet n - n - - smtpd"
        )
        (home / "mail").mkdir(mode=0o777)
        (home / "mail").chmod(0o777)
        self._mail = home / "mail" / "box" / "new"
        self._file = folder / "hooked"
        hook = lab.popen("inet", sys.executable, HERE / "hook.py", str(PORT), self._file, stdout=-1)
        assert hook.stdout is not None
        assert hook.stdout.readline() == "ready\n"

    @property
    def mails(self) -> list:
        """In the order of their dates, then of their place in the thread."""
        files = self._mail.glob("*")
        mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        return sorted(
            mails, key=lambda mail: (mail["Date"].datetime, len(mail["References"] or ""))
        )

    @property
    def hooked(self) -> list[dict]:
        if not self._file.exists():
            return []
        return [json.loads(line) for line in self._file.read_text().splitlines()]


NOTIFY = f"""\
notify:
  - smtp: {{server: '{FAR}:2526', from: wan@office.test, to: [staff@{DOMAIN}]}}
  - webhook: http://{FAR}:{PORT}/wan"""


@pytest.fixture(autouse=True)
def _postfix() -> None:
    postfix.needed()


def test_an_outage_is_told_over_the_circuit_that_works(lab: Lab, tmp_path: Path):
    """None lost, none twice: what could not leave over the dead line goes by the backup."""
    far = Far(lab, tmp_path)
    office = Office(lab, tmp_path, settings=(*QUICK, NOTIFY))
    office.start()
    office.wait(up("primary"), 5)
    tried = office.command("notify", "--test", str(office.profile))
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert eventually(lambda: len(far.mails) == 1), far.postfix.log[-3000:]
    lab.fault("dsl-down", "primary")
    office.wait(settled("backup"), 15)
    assert eventually(lambda: len(far.hooked) == 3), office.log.read_text()[-3000:]
    lab.clear("primary")
    office.wait(settled("primary"), 20)
    assert eventually(lambda: len(far.hooked) == 4 and len(far.mails) == 4)
    office.wait(lambda report: report["notify"]["waiting"] == 0, 10)
    assert office.stop() == 0

    test, *told = far.hooked
    assert test["stage"] == "alone"
    assert [each["key"] for each in told] == ["left", "proved backup", "proved primary"]
    assert [each["rule"] for each in told] == ["active-down"] * 2 + ["preferred-recovered"]
    assert {each["incident"] for each in told} == {told[0]["id"]}
    _, first, *later = far.mails
    assert [mail["X-Wanfailover-Id"] for mail in (first, *later)] == [each["id"] for each in told]
    assert first["Subject"].startswith("[office] active-down: primary is down (")
    assert all(mail["References"].startswith(first["Message-ID"]) for mail in later)


@pytest.mark.parametrize("driver", ["iproute2", R9100])
def test_a_drill_in_the_lab(lab: Lab, tmp_path: Path, driver: str):
    """There and back on real packets, and its report."""
    router = stand(lab, R9100).router if driver == R9100 else None
    office = Office(lab, tmp_path, router=router, settings=QUICK)
    office.start()
    office.wait(up("primary"), 10)
    done = office.command("drill", "--stay", "3s", timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Drill passed: primary to backup and back in" in done.stdout
    report = office.wait(settled("primary"), 5)
    assert (report["hold"], report["drill"]["state"]) == (None, "passed")
    assert report["preflight"]["result"] != "red"
    assert office.stop() == 0


@pytest.mark.parametrize("driver", ["iproute2", R9100])
@pytest.mark.parametrize("when", ["before", "during"])
def test_a_drill_onto_a_dead_circuit_is_put_back(lab: Lab, tmp_path: Path, when: str, driver: str):
    """Nobody sees the backup while it is idle; its proof does, or the stay."""
    router = stand(lab, R9100).router if driver == R9100 else None
    policy = "policy: {dwell: 2s, proof_within: 4s}"
    office = Office(lab, tmp_path, router=router, settings=(*QUICK[:1], policy))
    office.start()
    office.wait(up("primary"), 10)
    if when == "before":
        lab.fault("dsl-down", "backup")
        done = office.command("drill", "--stay", "3s", timeout=90)
    else:
        argv = (sys.executable, "-m", "wanfailover", "drill", "--stay", "60s")
        where = ("--state-dir", str(office.state))
        drill = lab.popen("office", *argv, *where, stdout=-1, stderr=-1)
        office.wait(settled("backup"), 40)
        lab.fault("dsl-down", "backup")
        said, complained = drill.communicate(timeout=90)
        done = type("Done", (), {"returncode": drill.returncode, "stderr": said + complained})
    assert done.returncode == 1, done.stderr
    expected = "is undone" if when == "before" else "backup is down"
    assert expected in done.stderr
    report = office.wait(settled("primary"), 10)
    assert report["hold"] is None
    assert report["drill"]["state"] == "failed"
    assert office.stop() == 0
