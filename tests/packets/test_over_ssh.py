"""The same over SSH: a real sshd on the router, a user with sudo, strict host keys."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.packets.ssh import Door
from tests.packets.test_failover import BACKUP, PRIMARY, QUICK, settled, up
from tests.packets.users import public_address, streams
from tests.transports.conftest import user  # noqa: F401
from tests.transports.server import TOOLS, Account
from wanfailover.lab import Lab
from wanfailover.lab.office import Office, linux

pytestmark = [pytest.mark.sshd, pytest.mark.timeout(120)]


@pytest.fixture
def door(lab: Lab, tmp_path: Path, user: Account) -> Door:  # noqa: F811
    return Door(lab, tmp_path, user)


def there_and_back(office: Office, lab: Lab) -> None:
    office.wait(up("primary"), 5)
    with streams(lab, "icmp", "udp-fixed", "tcp-fresh") as felt:
        lab.fault("dsl-down", "primary")
        report = office.wait(settled("backup"), 15)
        assert report["switchover"]["outcome"] == "proved"
        assert public_address(lab) == BACKUP
        lab.clear("primary")
        office.wait(settled("primary"), 20)
        assert public_address(lab) == PRIMARY
        time.sleep(1)
    assert all(0 < seen["longest"] < 7 for seen in felt.values()), felt


def test_by_key_with_a_fixed_list_of_commands(lab: Lab, door: Door, tmp_path: Path):
    """The user may run four tools by sudo without a password, and nothing else."""
    with door.open(), door.user.may(f"NOPASSWD: {TOOLS}"):
        office = Office(lab, tmp_path, router=linux(*door.profile()), settings=QUICK)
        office.start()
        there_and_back(office, lab)
        assert office.stop() == 0


def test_no_secret_shows_anywhere(lab: Lab, door: Door, tmp_path: Path):
    """Log-in and sudo by password; through a whole run the password is in no place but its file."""
    secret = door.user.password
    seen: set[str] = set()
    over = threading.Event()

    def watch_arguments() -> None:
        while not over.is_set():
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    text = file.read_text(errors="replace")
                except OSError:
                    continue
                if secret in text:
                    seen.add(text)
            time.sleep(0.005)

    watcher = threading.Thread(target=watch_arguments)
    watcher.start()
    try:
        with door.open(), door.user.may("ALL"):
            office = Office(
                lab, tmp_path, router=linux(*door.profile(by="password")), settings=QUICK
            )
            shown = [office.command("check", str(office.profile))]
            office.start()
            there_and_back(office, lab)
            shown += [office.command("status", "--json"), office.command("status")]
            shown += [office.command("history", "--json"), office.command("switch", "backup")]
            office.stop()
        # and where it goes wrong
        shown.append(office.command("run", str(office.profile)))
        door.secret("password", secret[::-1])
        with door.open():
            shown.append(office.command("switch", "primary"))
    finally:
        over.set()
        watcher.join()
    assert seen == set(), "a process had it in its arguments"
    for done in shown:
        assert secret not in done.stdout + done.stderr
        assert secret[::-1] not in done.stdout + done.stderr
    kept = [file for file in tmp_path.rglob("*") if file.is_file() and file.name != "sudo"]
    assert [file for file in kept if secret.encode() in file.read_bytes()] == []
    assert any(file.name == "journal.db" for file in kept)


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("wrong host key", "host key"),
        ("unknown host key", "ssh-keyscan"),
        ("wrong password", "refused"),
        ("unreachable", "192.168.10.99"),
        ("nobody listens", "192.168.10.1"),
    ],
)
def test_what_cannot_be_entered_is_one_sentence(
    lab: Lab, door: Door, tmp_path: Path, case: str, sentence: str
):
    """`run`, `check` and `switch`: exit 3, one sentence, and the router as it was."""
    by, host = "key", None
    match case:
        case "wrong host key":
            door.know("stranger")
        case "unknown host key":
            door.know(None)
        case "wrong password":
            by = "password"
            door.secret("password", "not-it")
        case "unreachable":
            host = "192.168.10.99"
    router = door.profile(by=by)
    office = Office(lab, tmp_path, router=linux(*router), settings=QUICK)
    if host:
        text = office.profile.read_text().replace("host: 192.168.10.1", f"host: {host}")
        office.profile.write_text(text)
    before = lab.run("router", "ip", "-4", "addr").stdout
    try:
        if case == "nobody listens":
            commands = [("run", str(office.profile))]
            done = [office.command(*words) for words in commands]
        else:
            with door.open():
                done = [
                    office.command("run", str(office.profile)),
                    office.command("check", str(office.profile)),
                    office.command("switch", "backup"),
                ]
    finally:
        after = lab.run("router", "ip", "-4", "addr").stdout
    assert before == after
    for each in done:
        assert each.returncode == 3, (each.args[-3:], each.stdout, each.stderr)
        assert sentence in each.stderr, each.stderr
        assert "Traceback" not in each.stderr
        assert len(each.stderr.strip().splitlines()) == 1, each.stderr
