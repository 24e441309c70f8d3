"""`init` against a virtual R9100 on loopback: what it asks, what it writes, what it will not do."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from tests.virtual.process import Running, unit
from wanfailover import config
from wanfailover.config import safe
from wanfailover.config.proposal import PROBES, Proposal, ProposedCircuit
from wanfailover.config.schema import ProfileKeys

OTHER = ("--other-address", "198.51.100.77/24", "--other-gateway", "198.51.100.1")


@pytest.fixture
def r9100(tmp_path):
    (tmp_path / "router").mkdir()
    with unit(tmp_path / "router") as running:
        yield running


def way(r9100: Running) -> list[str]:
    """The options by which it is reached; without SNMP, which costs a time-out where it is off."""
    return [
        *("--driver", "netopia-r9100", "--host", "127.0.0.1", "--port", str(r9100.telnet)),
        *("--option", f"snmp_port={r9100.snmp}"),
    ]


def run(folder: Path, *words: str, answers: str = "") -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "wanfailover", *words]
    return subprocess.run(
        argv, cwd=folder, input=answers, capture_output=True, text=True, timeout=60
    )


def test_with_options_nobody_is_asked(r9100, tmp_path):
    """A profile with the circuit in use filled in, that loads, and that `check` finds green."""
    done = run(tmp_path, "init", "--yes", "--output", "office.yaml", *way(r9100), *OTHER)
    assert done.returncode == 0, done.stderr
    assert "It uses 203.0.113.2/29 by way of 203.0.113.1." in done.stdout
    assert "Telnet has no host key" in done.stdout
    assert done.stdout.endswith("  wanfailover check office.yaml\n  wanfailover run office.yaml\n")
    profile = config.load(tmp_path / "office.yaml")
    primary, backup = profile.circuits
    assert (primary.name, str(primary.address)) == ("primary", "203.0.113.2/29")
    assert (backup.name, str(backup.gateway)) == ("backup", "198.51.100.1")
    assert len(profile.probes) == len(PROBES)
    checked = run(tmp_path, "check", "--offline", "office.yaml")
    assert checked.returncode == 0
    assert {line.split()[0] for line in checked.stdout.splitlines()} == {"green"}


def test_a_person_is_asked_and_asked_again(r9100, tmp_path):
    """The circuit in use is the spare; one answer is no address, one gateway another network's."""
    answers = [
        "branch", "", "netopia-r9100", "", "", "", "",  # site, file, driver, log-in
        "n", "dsl", "y",  # the spare, metered
        "fibre", "198.51.100.77", "198.51.100.77/24", "192.0.2.1", "198.51.100.1", "n",
        "source:198.51.100.9",
        "n", "icmp 192.0.2.10", "icmp: 192.0.2.10", 'tcp: "192.0.2.80:443"', "",
    ]  # fmt: skip
    way_in = way(r9100)[2:]
    done = run(tmp_path, "init", *way_in, answers="\n".join(answers) + "\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "has no prefix length" in done.stdout
    assert "192.0.2.1 is outside 198.51.100.0/24" in done.stdout
    profile = config.load(tmp_path / "branch.yaml")
    first, last = profile.circuits
    assert (first.name, str(first.vantage.source)) == ("fibre", "198.51.100.9")
    assert (last.name, str(last.address), last.metered) == ("dsl", "203.0.113.2/29", True)
    assert [probe.name for probe in profile.probes] == ["icmp 192.0.2.10", "tcp 192.0.2.80:443"]


def test_secrets_go_into_files_of_their_own(r9100, tmp_path):
    """Mode 0600 whatever the umask is; none in the profile, and one that lies there stays."""
    (tmp_path / "set").touch(mode=0o600)
    (tmp_path / "set").write_text("hush\n")
    home = tmp_path / "home"
    home.mkdir()
    (home / "word").touch(mode=0o600)
    (home / "word").write_text("s3cret\n")
    done = run(
        tmp_path, "init", "--yes", *way(r9100), *OTHER,
        "--read-community-file", "home/word", "--community-file", "set",
        "--output", str(tmp_path / "office.yaml"),
    )  # fmt: skip
    # The unit knows neither community: it is read over its console all the same.
    assert done.returncode == 0, done.stderr
    copy = tmp_path / "office.read-community"
    assert copy.read_text() == "s3cret\n"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    text = (tmp_path / "office.yaml").read_text()
    assert "community: {file: set}" in text
    assert "s3cret" not in text + done.stdout
    assert config.load(tmp_path / "office.yaml").access.community.reveal() == "hush"


def test_nothing_is_replaced_unasked(r9100, tmp_path):
    """Without a person it is refused, with one it is asked, and --force says so beforehand."""
    file = tmp_path / "office.yaml"
    file.write_text("mine\n")
    options = ("--site", "office", *way(r9100), *OTHER)
    refused = run(tmp_path, "init", "--yes", *options)
    assert refused.returncode == 2
    assert "office.yaml is there already: add --force" in refused.stderr
    declined = run(tmp_path, "init", *options, "--output", "office.yaml", answers="n\n")
    assert declined.returncode == 1
    assert file.read_text() == "mine\n"
    assert run(tmp_path, "init", "--yes", "--force", *options).returncode == 0
    assert file.read_text().startswith("# The site office")


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (["--site", "a b"], 2, "is not a plain word"),
        (["--driver", "cisco"], 2, "cisco is none of command, iproute2, netopia-r9100"),
        (["--driver", "iproute2", "--transport", "telnet"], 2, "telnet is none of ssh, local"),
        (["--driver", "iproute2", "--host", "::1"], 2, "is IPv6"),
        (["--driver", "iproute2", "--host", "127.0.0.1"], 2, "give --username"),
        (
            ["--driver", "iproute2", "--host", "127.0.0.1", "--username", "u", "--key", "nix"],
            2,
            "--key: there is no file .*/nix",
        ),
        (
            ["--driver", "iproute2", "--host", "127.0.0.1", "--username", "u", "--key", "-"],
            2,
            "logs in by a key or a password",
        ),
        (["--driver", "netopia-r9100", "--host", "127.0.0.1", "--port", "1"], 3, "port 1"),
        (
            ["--driver", "netopia-r9100", "--host", "127.0.0.1", "--option", "restrat=allowed"],
            2,
            "did you mean",
        ),
        (["--driver", "command", "--option", "read"], 2, "--option read has no value; write KEY="),
        (["--driver", "command", "--option", "read=x"], 2, "--option set is missing: a command"),
        (["--output", "nowhere/x.yaml"], 2, "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path, options, code, sentence):
    """No traceback, nothing written."""
    done = run(tmp_path, "init", "--yes", *options)
    assert done.returncode == code, done.stderr
    assert re.search(sentence, done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answers", ["", "office\n", "office\n\nnetopia-r9100\n"])
def test_an_end_of_the_input_is_told(tmp_path, answers):
    """Somebody typed ^D, or nobody is there to be asked: a sentence, and nothing is written."""
    done = run(tmp_path, "init", answers=answers)
    assert done.returncode == 2
    assert "the input ended before all was answered, and nothing was written" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_a_driver_needs_is_asked(tmp_path):
    """The commands of driver `command`: one with a colon in it, and nothing is no answer."""
    told = tmp_path / "told"
    told.write_text("address 203.0.113.2/29\ngateway 203.0.113.1\n")
    read, put = f"cat {told} || echo : none", "logger -t wan: set"
    options = ("--site", "office", "--output", "office.yaml", "--driver", "command", *OTHER)
    rest = (
        *("--transport", "local", "--preferred", "--name", "a", "--not-metered", "--other-name"),
        *("b", "--other-not-metered", "--vantage", "none", "--probe", "icmp: 192.0.2.1"),
    )
    done = run(tmp_path, "init", *options, *rest, answers=f"\n{read}\n{put}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Its option read (a command line is needed): " in done.stdout
    had = config.load(tmp_path / "office.yaml").access.options
    assert (had.read, had.set) == (read, put)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--other-address", "198.51.100.77"], "--other-address: .*has no prefix length"),
        (["--other-address", "198.51.100.77/24"], "give --other-gateway"),
        ([*OTHER, "--vantage", "mark"], "--vantage: mark is none of none, bind"),
        ([*OTHER, "--probe", "icmp 1.1.1.1"], "--probe: "),
        ([*OTHER[:2], "--other-gateway", "192.0.2.1"], "outside 198.51.100.0/24"),
        (["--other-address", "203.0.113.2/29", "--other-gateway", "203.0.113.1"], "no profile"),
    ],
)
def test_answers_that_do_not_fit_are_one_sentence(r9100, tmp_path, options, sentence):
    """What the options say of the other circuit is looked at as the profile's is."""
    done = run(tmp_path, "init", "--yes", "--output", "office.yaml", *way(r9100), *options)
    assert done.returncode == 2
    assert re.search(sentence, done.stderr), done.stderr
    assert not (tmp_path / "office.yaml").exists()


PROPOSAL = Proposal(
    "office",
    "iproute2",
    "local",
    (
        ProposedCircuit("a", IPv4Interface("203.0.113.2/29"), IPv4Address("203.0.113.1"), "wan"),
        ProposedCircuit("b", IPv4Interface("198.51.100.7/24"), IPv4Address("198.51.100.1"), "wan"),
    ),
    marks=True,
)


def test_what_stands_behind_a_hash_is_the_default(tmp_path):
    """Every # without a space taken away, it means what it meant; but the circuit is seen then."""
    plain, bare = tmp_path / "plain.yaml", tmp_path / "bare.yaml"
    text = PROPOSAL.text("office.yaml")
    plain.write_text(text)
    bare.write_text(re.sub(r"^( *)#(?=[^ \n]| {2}\w)", r"\1", text, flags=re.MULTILINE))
    assert bare.read_text().count("\n") == text.count("\n")
    one, other = config.load(plain), config.load(bare)
    assert "detect:" in re.findall(r"^\w+:", bare.read_text(), re.MULTILINE)
    assert (other.policy, other.calendar, other.keep) == (one.policy, one.calendar, one.keep)
    assert (one.circuits[0].marked, other.circuits[0].marked) == (False, True)


def test_remarks_are_comments_in_any_reader():
    """YAML has a space before the # of one (1.2.2, 6.6), however long the line is before it."""
    made = replace(PROPOSAL, files={"known_hosts": f"{'x' * 60}.known-hosts"})
    lines = made.text("office.yaml").splitlines()
    assert not [line for line in lines if re.search(r"[^\s#]#", line)]
    assert any("known-hosts} # " in line for line in lines)


def test_every_group_of_keys_is_explained():
    """What a profile may hold, a newcomer sees; each line with a key has its remark."""
    text = PROPOSAL.text("office.yaml")
    told = set(re.findall(r"^#? ?(\w+):", text, re.MULTILINE))
    assert set(ProfileKeys.built()) - told == set()
    bare = [line for line in text.splitlines() if re.match(r"#? *\w+: \S+$", line)]
    assert bare == []


def test_a_file_is_private_from_its_first_byte_on(tmp_path, monkeypatch):
    """Under its own name it appears whole; before that it has another, that others cannot read."""
    monkeypatch.setattr(os, "fsync", lambda fd: seen.append((os.fstat(fd), target.exists())))
    seen: list[tuple[os.stat_result, bool]] = []
    target = tmp_path / "secret"
    opened = os.open
    modes = []
    monkeypatch.setattr(os, "open", lambda *a, **k: modes.append(a[2]) or opened(*a, **k))
    old = os.umask(0)
    try:
        safe.write(target, "s3cret\n", mode=0o600)
    finally:
        os.umask(old)
    ((status, there),) = seen
    assert (modes, stat.S_IMODE(status.st_mode), there) == ([0o600], 0o600, False)
    assert target.read_text() == "s3cret\n"
    with pytest.raises(FileExistsError):
        safe.write(target, "other\n", mode=0o600)
    assert target.read_text() == "s3cret\n"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_root_gives_secrets_to_the_service(tmp_path):
    """The agent runs as another user and must read them; it may not change the profile."""
    safe.write(tmp_path / "secret", "x", mode=0o600, owner=safe.Owner(1234, 1235))
    status = (tmp_path / "secret").stat()
    assert (status.st_uid, status.st_gid) == (1234, 1235)
