"""Real Postfix at both ends of a tunnel: queued mail arrives after a switch, all of it, once."""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.packets import postfix
from tests.packets.hosts import HERE, eventually, ip
from tests.packets.postfix import Postfix
from tests.packets.test_failover import QUICK, settled, up
from wanfailover.lab import Lab
from wanfailover.lab.addresses import CLIENT, ECHO
from wanfailover.lab.office import Office
from wanfailover.mail.drain import AGAIN

pytestmark = pytest.mark.timeout(150)

DOMAIN = "office.test"
TUNNEL = "10.20.0.25"
SERVER = str(CLIENT.ip)

SEND = """
import smtplib, sys
with smtplib.SMTP(sys.argv[1], 25, timeout=10) as mx:
    for token in sys.argv[2:]:
        mx.sendmail("a@example.net", ["staff@office.test"], f"Subject: {token}\\n\\n{token}\\n")
"""

INSIDE = """
virtual_mailbox_domains = $office_domains
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
mydestination =
"""
"""How the office's own server here keeps its mail: what it is for the office to decide."""


@pytest.fixture(autouse=True)
def _postfix() -> None:
    postfix.needed()


def tube(lab: Lab) -> None:
    """The tunnel between router and customer, up for as long as the lab lives."""
    far = str(ECHO[3])
    for host, *to in (("inet",), ("router", far)):
        script = HERE / "tube.py"
        process = lab.popen(host, sys.executable, script, "tube", *to, stdout=-1)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    beyond = ("link set tube mtu 1400 up", "address add {} dev tube", "route add {} dev tube")
    ip(
        lab,
        "inet",
        beyond[0],
        beyond[1].format(f"{TUNNEL}/32"),
        beyond[2].format("192.168.10.0/24"),
    )
    ip(lab, "router", beyond[0], beyond[2].format("10.20.0.0/24"))


@dataclass
class Mailing:
    """Office and customer, their mail servers, and the agent's profile."""

    lab: Lab
    office: Office
    mx: Postfix
    inside: Postfix
    strangers: str = "inet"
    address: str = TUNNEL

    def send(self, *tokens: str) -> None:
        """Strangers write to the office, which cannot be reached: the backup MX takes it."""
        argv = (sys.executable, "-c", SEND, self.address, *tokens)
        sent = self.lab.run(self.strangers, *argv)
        assert sent.returncode == 0, sent.stderr + self.mx.log[-2000:]

    def arrived(self) -> Counter[str]:
        """Tokens, and how often each has come."""
        files = (self.inside.home / "mail" / "box" / "new").glob("*")
        text = "\n".join(file.read_text() for file in files)
        return Counter(re.findall(r"^Subject: (\S+)$", text, re.MULTILINE))


def configuration(office: Office) -> dict[str, str]:
    """By file, what `wanfailover mail-config` prints."""
    printed = office.command("mail-config", str(office.profile))
    assert printed.returncode == 0, printed.stderr
    pieces = re.split(r"^# --- (\S+): .* ---$", printed.stdout, flags=re.MULTILINE)[1:]
    return dict(zip(pieces[::2], pieces[1::2], strict=True))


def mailing(
    lab: Lab, folder: Path, *, etrn: str = "true", port: int = 25, more: str = "", **options
) -> Mailing:
    mail = f"domains: [{DOMAIN}], backup_mx: '{TUNNEL}:{port}', server: '{SERVER}:25', etrn: {etrn}"
    office = Office(lab, folder, settings=(*QUICK, f"mail: {{{mail}}}"), **options)
    tube(lab)
    return servers(lab, office, "inet", TUNNEL, more)


def servers(
    lab: Lab, office: Office, host: str, address: str, more: str = "", *, inside: str = SERVER
) -> Mailing:
    """Both Postfixes as `mail-config` wants them: the backup MX on *host*, at *address*."""
    files = configuration(office)
    home = lab.directory / "postfix-client"
    main = files["office.main.cf"] + INSIDE.format(home=home)
    own = Postfix(lab, "client", inside, main)
    (home / "mail").mkdir(mode=0o777)
    (home / "mail").chmod(0o777)
    master = files["backup-mx.master.cf"] + more
    mx = Postfix(lab, host, address, files["backup-mx.main.cf"], master)
    return Mailing(lab, office, mx, own, host, address)


def test_queued_mail_arrives_after_the_switch_and_after_the_way_back(lab: Lab, tmp_path: Path):
    """Thirty there, ten back: within five seconds of the proof, none lost, none twice."""
    all_ = mailing(lab, tmp_path, port=2525)
    office = all_.office
    office.start()
    office.wait(up("primary"), 5)
    all_.send("before")
    assert eventually(lambda: all_.arrived() == Counter(["before"])), all_.mx.log[-3000:]

    lab.fault("dsl-down", "primary")
    there = [f"there-{number}" for number in range(30)]
    all_.send(*there)
    arrive_after(all_, "backup", "before", *there)

    lab.fault("dsl-down", "backup")  # now both are dead
    back = [f"back-{number}" for number in range(10)]
    all_.send(*back)
    assert eventually(lambda: all_.mx.deferred() == len(back))
    lab.clear("primary")
    arrive_after(all_, "primary", "before", *there, *back)

    told = office.command("history").stdout
    assert told.count("mail: the backup MX has begun to deliver what it holds") == 2
    office.stop()


def arrive_after(all_: Mailing, circuit: str, *tokens: str) -> None:
    """The agent moves to *circuit*; then *tokens* and no others are there, once each."""
    report = all_.office.wait(settled(circuit), 40)
    assert report["switchover"]["outcome"] == "proved"
    assert eventually(lambda: all_.arrived() == Counter(tokens), 5), all_.mx.log[-3000:]
    mail = all_.office.wait(lambda report: report["mail"]["state"] == "drained", 5)["mail"]
    assert mail["replies"] == [[DOMAIN, "250 Queuing started"]]
    assert mail["switchover"] == report["switchover"]["id"]
    time.sleep(sum(AGAIN[:2]) + 1)  # it is asked again, and nothing comes a second time
    assert all_.arrived() == Counter(tokens)
    assert all_.mx.queued() == 0


def test_without_etrn_it_would_have_waited(lab: Lab, tmp_path: Path):
    """The same, unasked: all of it is still there when the agent's asking would long be done."""
    all_ = mailing(lab, tmp_path, etrn="false")
    all_.office.start()
    all_.office.wait(up("primary"), 5)
    lab.fault("dsl-down", "primary")
    all_.send(*map(str, range(10)))
    assert eventually(lambda: all_.mx.deferred() == 10), all_.mx.log[-3000:]
    all_.office.wait(settled("backup"), 15)
    time.sleep(8)
    assert all_.arrived() == Counter()
    assert all_.mx.queued() == 10
    all_.office.stop()


VARIANTS = """
2601      inet  n       -       n       -       -       smtpd
  -o smtpd_etrn_restrictions=reject
2602      inet  n       -       n       -       -       smtpd
  -o smtpd_discard_ehlo_keywords=etrn
2603      inet  n       -       n       -       -       smtpd
  -o mynetworks=192.168.10.0/24
2605      inet  n       -       n       -       -       smtpd
  -o fast_flush_domains=
2606      inet  n       -       n       -       -       smtpd
  -o flush_service_name=nowhere
2607      inet  n       -       n       -       -       smtpd
  -o smtpd_command_filter=regexp:{{/^ETRN/ NONSENSE}}
2608      inet  n       -       n       -       -       smtpd
  -o smtpd_command_filter=regexp:{{/^ETRN/ VRFY}}
  -o disable_vrfy_command=yes
"""
"""Ways in which real ones are set up wrongly, a port each."""

WRONG = [
    # port, reply to ETRN, colours of the rows that are not green, words of one of these; domain
    (25, "250", [], ""),
    (25, "459", ["red"], "refuses its mail: 554 5.7.1", "forgotten.test"),
    (2601, "554", [], ""),
    (2602, "250", ["yellow"], "offers no ETRN"),
    (2603, "250", ["red"], "is an open relay"),
    (2605, "459", [], ""),
    (2606, "458", [], ""),
    (2607, "500", [], ""),
    (2608, "502", [], ""),
]


def test_what_a_real_one_says(lab: Lab, tmp_path: Path):
    """Well as we configure it; and each mistake by its own sentence."""
    mailing(lab, tmp_path, more=VARIANTS)
    for port, code, colours, words, *domain in WRONG:
        argv = (sys.executable, "-m", "tests.packets.asking", TUNNEL, str(port))
        asked = lab.run("office", *argv, *(domain or [DOMAIN]))
        assert asked.returncode == 0, asked.stderr
        said = json.loads(asked.stdout)
        assert said["entry"]["replies"][0][1].startswith(code), (port, said["entry"])
        assert said["kind"] == ("MailDrained" if code == "250" else "MailNotDrained"), port
        rows = [row for row in said["rows"] if row["severity"] != "green"]
        assert [row["severity"] for row in rows] == colours, (port, rows)
        assert words in "".join(row["sentence"] for row in rows), (port, rows)


def test_a_drill_finds_out_that_mail_would_not_follow(lab: Lab, tmp_path: Path):
    """The backup MX refuses ETRN: that shows when it is asked, and all is put back."""
    office = mailing(lab, tmp_path, port=2601, more=VARIANTS).office
    office.start()
    office.wait(up("primary"), 10)
    done = office.command("drill", "--stay", "2s", timeout=140)
    assert done.returncode == 1, done.stdout
    assert re.search(r"mail on backup: .*554", done.stderr), done.stderr
    assert "it was put back on primary" in done.stderr
    assert office.wait(settled("primary"), 10)["drill"]["state"] == "failed"
    assert office.stop() == 0


def test_the_backup_mx_stands_before_the_blocklists(lab: Lab, tmp_path: Path):
    """Every other stranger is on one; what the backup MX passes on is taken all the same."""
    all_ = mailing(lab, tmp_path)
    config = all_.inside.home / "conf" / "main.cf"
    all_.inside.stop()
    text = re.sub("^office_blocklists = .*$", "", config.read_text(), flags=re.MULTILINE)
    config.write_text(text + "\noffice_blocklists = check_client_access static:REJECT\n")
    all_.inside.start()
    refused = lab.run("office", sys.executable, "-c", SEND, SERVER, "from-a-stranger")
    assert "554" in refused.stderr
    all_.send("by-the-backup-mx")
    assert eventually(lambda: all_.arrived() == Counter(["by-the-backup-mx"])), all_.inside.log


def test_port_25_blocked_is_found_before_it_is_needed(lab: Lab, tmp_path: Path):
    """`check` on the primary tells of the backup's provider, while the tunnel's mail is well."""
    all_ = mailing(lab, tmp_path, seen=("backup",), vantage="{mark: 8}")
    all_.office.start()
    all_.office.wait(up("backup"), 20)
    checked = all_.office.command("check", str(all_.office.profile)).stdout
    assert "is blocked" not in checked
    assert "offers ETRN" in checked
    lab.fault("port25", "backup")
    checked = all_.office.command("check", str(all_.office.profile)).stdout
    assert re.search(
        r"^yellow +backup: port 25 +port 25 is blocked on this circuit", checked, re.MULTILINE
    )
    all_.office.stop()
