"""Set-up on machines that lack something: real runs of `.ci/setup` with a PATH made for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE_SYSTEM = "cat chmod cksum cut dirname grep id mktemp rm sed sh tail touch tr"
NETWORK_TOOLS = (
    *("ip", "nft", "conntrack", "arping", "ping", "ssh", "sshd", "sudo", "postfix"),
    *("snmpget", "snmpd", "telnet", "tmux", "swanctl", "promtool", "chromium", "chromedriver"),
)
PYTHON = sys._base_executable  # a machine's own Python, not a venv's

TINY_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1"
"""
TINY_BACKEND = """\
import zipfile

METADATA = "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n"
WHEEL = "Wheel-Version: 1.0\\nTag: py3-none-any\\n"

def build_editable(directory, config_settings=None, metadata_directory=None):
    name = "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{directory}/{name}", "w") as wheel:
        for file, text in ("METADATA", METADATA), ("WHEEL", WHEEL), ("RECORD", ""):
            wheel.writestr(f"tiny-1.dist-info/{file}", text)
    return name
"""


@dataclass
class Machine:
    """A checkout, and a PATH with a base system and the network tools, and nothing else."""

    place: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.checkout = self.place / "checkout"
        self.bin = self.place / "bin"
        self.policy = self.place / "policy-rc.d"
        self.bin.mkdir(parents=True)
        shutil.copytree(ROOT / ".ci", self.checkout / ".ci")
        shutil.copy(ROOT / "pyproject.toml", self.checkout)
        for tool in BASE_SYSTEM.split():
            (self.bin / tool).symlink_to(shutil.which(tool))
        for tool in NETWORK_TOOLS:
            self.has(tool, "exit 0")

    def has(self, name: str, script: str) -> None:
        command = self.bin / name
        command.unlink(missing_ok=True)
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)

    def lacks(self, *names: str) -> None:
        for name in names:
            (self.bin / name).unlink()

    def user_is(self, uid: int) -> None:
        self.has("id", f"case $1 in -u) echo {uid} ;; *) echo operator ;; esac")

    def run(
        self, script: str, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", self.checkout / ".ci" / script, *arguments],
            env={
                "PATH": str(self.bin),
                "HOME": str(self.place),
                "POLICY_RC_D": str(self.policy),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def sentence(run: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error with which a set-up ended."""
    assert run.returncode == 1, run.stdout + run.stderr
    (line,) = run.stderr.splitlines()
    return line


def test_without_python_it_says_what_to_install(machine):
    """No python3 at all: the version needed and the command that brings it."""
    said = sentence(machine.run("setup", "demo"))
    assert said.startswith("Python is missing: install 3.11 or newer")
    assert "apt-get install python3 python3-venv" in said


def test_a_python_too_old_is_named_with_the_systems_that_have_a_newer_one(machine):
    """Ubuntu 22.04's python3 is 3.10; the sentence says so and how to go on there."""
    machine.has("python3", 'case $1 in -V) echo "Python 3.10.12" ;; *) exit 1 ;; esac')
    said = sentence(machine.run("setup", "check"))
    assert "Python 3.10.12 is here" in said
    assert "apt-get install python3.11 python3.11-venv" in said


PYTHON_WITHOUT_VENV = f"""
case "$*" in
*ensurepip*) [ -e "$HOME/ensurepip" ] || exit 1 ;;
"-m venv"*) echo "Error: no room" && exit 1 ;;
esac
exec {PYTHON} "$@"
"""
VENV_PACKAGE = f"python3.{sys.version_info.minor}-venv"


def test_an_ordinary_user_is_told_which_package_brings_venv(machine):
    """Debian ships Python without ensurepip; only root can install it."""
    machine.user_is(1000)
    machine.has("python3", PYTHON_WITHOUT_VENV)
    machine.has("apt-get", 'touch "$HOME/called"')
    said = sentence(machine.run("setup", "demo"))
    assert f"apt-get install {VENV_PACKAGE}" in said
    assert not (machine.place / "called").exists()


def test_root_elsewhere_than_on_debian_is_told_so_too(machine):
    """Without apt-get, root gets the same sentence."""
    machine.user_is(0)
    machine.has("python3", PYTHON_WITHOUT_VENV)
    assert "ensurepip modules are missing" in sentence(machine.run("setup", "demo"))


APT_GET = """
echo "$*" >>"$HOME/apt"
[ -x "$POLICY_RC_D" ] && ! "$POLICY_RC_D" && echo "services forbidden" >>"$HOME/apt"
"""


def test_root_on_debian_gets_venv_installed_while_services_may_not_start(machine):
    """apt-get runs under a policy that forbids services, and the policy is gone afterwards."""
    machine.user_is(0)
    machine.has("python3", PYTHON_WITHOUT_VENV)
    machine.has("apt-get", APT_GET + ': >"$HOME/ensurepip"')
    run = machine.run("setup", "demo")
    update, _, install, forbidden = (machine.place / "apt").read_text().splitlines()
    assert update.startswith("update")
    assert "--no-install-recommends" in install
    assert install.endswith(VENV_PACKAGE)
    assert forbidden == "services forbidden"
    assert not machine.policy.exists()
    assert "Error: no room" in run.stderr  # it went on, to a venv that could not be made


def test_a_policy_of_the_machines_own_stays(machine):
    """Where an administrator has a policy for services, it is neither changed nor removed."""
    machine.user_is(0)
    machine.lacks("nft")
    machine.has("apt-get", "exit 0")
    machine.policy.write_text("the administrator's")
    machine.run("setup", "demo")
    assert machine.policy.read_text() == "the administrator's"


def test_an_interrupted_installation_leaves_no_policy_behind(machine):
    """Services must be able to start again after Ctrl-C or a time limit."""
    machine.user_is(0)
    machine.lacks("nft")
    machine.has("apt-get", '[ -x "$POLICY_RC_D" ] && echo there && kill -TERM $PPID')
    run = machine.run("setup", "demo")
    assert run.returncode == 130
    assert not machine.policy.exists()


def test_tools_that_cannot_be_installed_do_not_stop_the_rest(machine):
    """The demo has a way without packets: what is missing is named, and it goes on to Python."""
    machine.user_is(0)
    machine.lacks("nft", "conntrack")
    machine.has("apt-get", "echo 'E: Unable to locate package nftables' && exit 100")
    run = machine.run("setup", "demo")
    assert "Going on without: nftables conntrack" in run.stdout
    assert "E: Unable to locate package nftables" in run.stderr
    assert "Python is missing" in run.stderr


@pytest.mark.parametrize(
    ("tool", "kept_off"),
    [
        ("sshd", "--quiet disable ssh.service ssh.socket"),
        ("snmpd", "--quiet disable snmpd.service"),
        ("swanctl", "--quiet disable strongswan-starter.service"),
        ("postfix", "--quiet disable postfix.service"),
        ("promtool", "--quiet disable prometheus.service"),
    ],
)
def test_a_server_that_was_installed_stays_off(machine, tool, kept_off):
    """The tests start it by themselves; with the next boot nobody shall find it listening."""
    machine.user_is(0)
    machine.lacks(tool)
    machine.has("apt-get", "exit 0")
    machine.has("systemctl", 'echo "$*" >>"$HOME/systemctl"')
    machine.run("setup", "check")
    assert (machine.place / "systemctl").read_text().splitlines() == [kept_off]


def test_another_mail_server_keeps_its_place(machine):
    """Debian has one at a time: to install Postfix would remove it."""
    machine.user_is(0)
    machine.lacks("postfix")
    machine.has("sendmail", "exit 0")
    machine.has("apt-get", 'echo "$*" >>"$HOME/apt"')
    machine.run("setup", "check")
    assert not (machine.place / "apt").exists()


def test_packets_are_no_affair_of_postfix(machine):
    """A few tests are skipped without it, and say so; the others run."""
    machine.lacks("postfix")
    assert machine.run("missing", "packets").stdout == ""
    assert machine.run("missing", "check").stdout == "postfix postfix\n"


def test_servers_that_were_there_are_let_be(machine):
    """A machine's own server is none of our business."""
    machine.user_is(0)
    machine.lacks("nft")
    machine.has("apt-get", "exit 0")
    machine.has("systemctl", 'echo "$*" >>"$HOME/systemctl"')
    machine.run("setup", "check")
    assert not (machine.place / "systemctl").exists()


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_packet_tests_are_left_out_aloud_and_in_ci_not_at_all(machine, ci, status):
    """Missing tools are named with their packages; continuous integration may not go on so."""
    machine.lacks("nft", "sshd", "snmpget", "telnet")
    python = machine.checkout / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$*" >>"$HOME/python"\n')
    python.chmod(0o755)
    run = machine.run("packets", CI=ci)
    assert run.returncode == status
    ran = machine.place / "python"
    assert ran.exists() is not bool(ci)
    assert ci or "-m waits and not packets" in ran.read_text()
    assert "not here: nft sshd snmpget telnet" in run.stdout
    assert "apt-get install nftables openssh-server snmp telnet" in run.stdout


@dataclass
class Story:
    """One fresh machine, first without and then with a package index."""

    machine: Machine
    without_index: subprocess.CompletedProcess[str]
    with_index: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Its python3 is too old, and a newer one lies beside it. The second run needs no network:
    the project there is one that builds itself from nothing."""
    machine = Machine(tmp_path_factory.mktemp("story"))
    machine.has("python3", 'case $1 in -V) echo "Python 3.10.12" ;; *) exit 1 ;; esac')
    (machine.bin / "python3.11").symlink_to(PYTHON)
    dead = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": os.devnull,
    }
    without_index = machine.run("setup", "demo", **dead)
    (machine.checkout / "pyproject.toml").write_text(TINY_PYPROJECT)
    (machine.checkout / "backend.py").write_text(TINY_BACKEND)
    return Story(machine, without_index, machine.run("setup", "demo"))


@pytest.mark.timeout(120)
def test_an_index_out_of_reach_is_said_in_a_sentence_below_pips_own(story):
    """pip's retries and tracebacks are cut down to its errors."""
    lines = story.without_index.stderr.splitlines()
    assert story.without_index.returncode == 1
    assert lines[-1].startswith("pip cannot reach its package index")
    assert all(line.startswith("  ERROR") for line in lines[:-1])
    assert len(lines) <= 3


@pytest.mark.timeout(120)
def test_a_second_run_has_nothing_to_say(story):
    """Nothing has changed, so nothing is done."""
    assert story.with_index.returncode == 0, story.with_index.stderr
    assert story.with_index.stdout == "Setting up Python packages, once, about a minute ...\n"
    again = story.machine.run("setup", "demo")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.timeout(120)
def test_check_needs_more_than_demo_has_installed(story):
    """A venv made for the demo lacks the tools for development."""
    assert story.machine.run("setup", "check").stdout.startswith("Setting up")
    assert story.machine.run("setup", "demo").stdout == ""


@pytest.mark.timeout(120)
def test_a_checkout_that_was_moved_gets_a_venv_of_its_own(story):
    """The scripts of a venv carry its path; after a move they would call what is not there."""
    old, new = story.machine.checkout, story.machine.place / "moved"
    old.rename(new)
    story.machine.checkout = new
    run = story.machine.run("setup", "demo")
    assert run.stdout.startswith("Setting up"), run.stderr
    assert str(new) in (new / ".venv/bin/pip").read_text().splitlines()[0]
