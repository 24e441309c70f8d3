"""A canary through two real Postfixes: it arrives, and each way in which it does not is told."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.packets import postfix
from tests.packets.hosts import HERE, eventually, ip
from tests.packets.postfix import Postfix
from tests.packets.test_failover import QUICK, settled, up
from tests.packets.test_mail import DOMAIN, SERVER, TUNNEL, configuration, tube
from wanfailover.lab import Lab
from wanfailover.lab.addresses import OFFICE
from wanfailover.lab.office import Office
from wanfailover.mail.canary import FIRST

pytestmark = pytest.mark.timeout(150)

CANARY = f"{{to: canary@{DOMAIN}, listen: '{OFFICE.ip}:2526', within: 30s}}"
MAIL = f"domains: [{DOMAIN}], backup_mx: '{TUNNEL}:25', server: '{SERVER}:25', canary: {CANARY}"


@pytest.fixture(autouse=True)
def _postfix() -> None:
    postfix.needed()


def mailing(
    lab: Lab, folder: Path, wrong: Mapping[str, str] = MappingProxyType({})
) -> tuple[Office, Postfix]:
    """Office and customer as `mail-config` has them, and what is *wrong* in the office's."""
    office = Office(lab, folder, settings=(*QUICK, f"mail: {{{MAIL}}}"))
    files = configuration(office)
    tube(lab)
    main = files["office.main.cf"] + files["office.canary.cf"]
    for pattern, line in wrong.items():
        main, changed = re.subn(pattern, line, main, flags=re.MULTILINE)
        assert changed == 1, pattern
    inside = Postfix(lab, "client", SERVER, main)
    Postfix(lab, "inet", TUNNEL, files["backup-mx.main.cf"], files["backup-mx.master.cf"])
    office.start()
    return office, inside


def fate(office: Office) -> dict:
    """Of the first canary of an agent."""
    report = office.wait(
        lambda report: report["mail"]["canary"]["state"] not in {"unknown", "waiting"}, FIRST + 35
    )
    return report["mail"]["canary"]


def test_it_arrives_now_and_after_a_switch(lab: Lab, tmp_path: Path):
    """With its time, and the way it has come; after the switch when the queue is drained."""
    office, _ = mailing(lab, tmp_path)
    first = fate(office)
    assert first["state"] == "arrived", first
    assert [host for host, _ in first["path"]] == ["inet.test", "client.test"]
    assert first["seconds"] < 5
    assert first["switchover"] is None
    office.wait(up("primary"), 5)
    lab.fault("dsl-down", "primary")
    office.wait(settled("backup"), 20)
    after = office.wait(
        lambda report: (
            report["mail"]["canary"]["switchover"]
            and report["mail"]["canary"]["state"] != "waiting"
        ),
        20,
    )
    assert after["mail"]["canary"]["state"] == "arrived", after["mail"]
    assert after["mail"]["canary"]["switchover"] == after["switchover"]["id"]
    assert after["mail"]["state"] == "drained"
    told = office.command("history").stdout
    assert told.index("mail: the backup MX has begun") < told.rindex("mail: the canary arrived")
    assert "by way of inet.test, client.test" in office.command("status").stdout
    assert office.stop() == 0


def test_a_blocklist_that_names_the_backup_mx_is_told(lab: Lab, tmp_path: Path):
    """The office forgot to let it pass, and it is on a list: refused with 554, by real look-ups."""
    (lab.directory / "etc" / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    ip(lab, "client", "link set lo up")
    script = (sys.executable, HERE / "blocklist.py", "bl.test", TUNNEL)
    stub = lab.popen("client", *script, stdout=-1)
    assert stub.stdout is not None
    assert stub.stdout.readline() == "ready\n"
    wrong = {
        r"^ +check_client_access inline.*\n": "",
        r"^office_blocklists = .*$": "office_blocklists = reject_rbl_client bl.test",
    }
    office, inside = mailing(lab, tmp_path, wrong)
    told = fate(office)
    assert told["state"] == "blocklisted", (told, inside.log[-2000:])
    assert re.search(
        r"a DNS blocklist makes the office's server refuse the backup MX, and all mail that it has "
        rf"taken \(554 5\.7\.1 .*{re.escape(TUNNEL)}.* blocked using bl\.test",
        told["because"],
    )
    assert office.stop() == 0


def test_a_loop_is_told(lab: Lab, tmp_path: Path):
    """The office's server does not know the domain for its own, and gives it back."""
    wrong = {
        r"^mydestination = .*$": f"mydestination =\nrelay_domains = {DOMAIN}",
        r"^transport_maps = inline:{ ": rf"\g<0>{{ {DOMAIN} = smtp:[{TUNNEL}] }}, ",
    }
    office, inside = mailing(lab, tmp_path, wrong)
    told = fate(office)
    assert told["state"] == "looped", (told, inside.log[-2000:])
    assert "went round between mail servers until one gave up: a mail loop" in told["because"]
    assert "too many hops" in told["because"]
    assert office.stop() == 0


def test_without_a_sink_nothing_arrives(lab: Lab, tmp_path: Path):
    """The office's server hands it to a port where nobody is: missing, and where to look."""
    office, _ = mailing(lab, tmp_path, {r"^office_sink = .*$": "office_sink = smtp:[127.0.0.1]:9"})
    told = fate(office)
    assert told["state"] == "missing", told
    assert "has not arrived within 30 s, nor has it come back; look for it" in told["because"]
    assert eventually(lambda: "canary-lost" in office.log.read_text(), 5)
    assert office.stop() == 0
