"""A lab leaves nothing behind, and says what it lacks where it cannot be."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.packets.hosts import eventually
from tests.support.root import ONLY_ROOT
from wanfailover.lab import Lab
from wanfailover.lab.namespaces import NAMESPACES, STATE, sweep
from wanfailover.lab.privilege import rootless

ROOT = Path(__file__).parents[2]

HOLD = """
import signal
from wanfailover.lab import Lab
with Lab() as lab:
    lab.popen("office", "sleep", "60")
    lab.fault("delay 5 0", "primary")
    print(lab.name, flush=True)
    signal.pause()
"""

TOUR = """
import json, os, sys
from wanfailover.lab import Lab
with Lab(3) as lab:
    stream = "-m", "wanfailover.lab.stream", "udp-fresh", "192.0.2.10", "0.3"
    well = json.loads(lab.run("client", sys.executable, *stream).stdout)
    lab.fault("delay 20 0", "primary")
    slow = json.loads(lab.run("client", sys.executable, *stream).stdout)
    print(json.dumps([os.getuid(), well["lost"], slow["lost"], slow["rtt_ms"]["p50"] > 40]))
"""

WITH_CTRL_C = ("env", "--default-signal=INT")
"""A shell that runs the tests in its background has Ctrl-C ignored, for them and their children."""

NO_NAMESPACES = "echo 0 > /proc/sys/user/max_net_namespaces && exec "
"""Shell that forbids network namespaces from here on, inside a user namespace of our own."""


def namespaces_of(prefix: str) -> list[str]:
    if not NAMESPACES.exists():
        return []
    return [path.name for path in NAMESPACES.iterdir() if path.name.startswith(prefix)]


def keepers_of(prefix: str) -> list[int]:
    """The processes that wait to remove labs whose names begin with *prefix*."""
    wanted = f"\0wanlab-keeper\0{prefix}".encode()
    return [
        int(path.name)
        for path in Path("/proc").glob("[0-9]*")
        if not gone(int(path.name)) and wanted in (path / "cmdline").read_bytes()
    ]


def pids_of(prefix: str) -> list[int]:
    """Every process in the namespaces of a lab, and its keeper."""
    found = keepers_of(prefix)
    for name in namespaces_of(prefix):
        listed = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
        found += map(int, listed.stdout.split())
    return found


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "ZX"


def traces(prefix: str, pids: list[int]) -> list[str]:
    """All that is left of a lab."""
    folders = [path.name for path in STATE.glob(f"{prefix}*")]
    return namespaces_of(prefix) + folders + [f"process {pid}" for pid in pids if not gone(pid)]


def links() -> set[str]:
    listed = subprocess.run(["ip", "-json", "link"], capture_output=True, check=True).stdout
    return {link["ifname"] for link in json.loads(listed)}


def hold() -> subprocess.Popen[str]:
    """A process that holds a lab; its first line of output is the lab's name."""
    command = [*WITH_CTRL_C, sys.executable, "-c", HOLD]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, text=True
    )


def test_down_leaves_nothing():
    """No namespace, process, interface or file of a lab outlives it."""
    links_before = links()
    with Lab() as lab:
        lab.fault("delay 10 0", "primary")
        lab.popen("office", "sleep", "60")
        # The shell that lays files over /etc for the sleep starts others that go in a moment.
        assert eventually(lambda: len(pids_of(lab.name)) == 4), "servers, relay, sleep, keeper"
        pids = pids_of(lab.name)
        assert len(namespaces_of(lab.name)) == len(lab.site.boxes)
    assert traces(lab.name, pids) == []
    assert links() == links_before
    lab.down()


def test_down_does_it_all_where_the_keeper_is_dead():
    """Without its keeper, a lab is still removed by its owner."""
    with Lab() as lab:
        pids = pids_of(lab.name)
        for keeper in keepers_of(lab.name):
            os.kill(keeper, signal.SIGKILL)
    assert eventually(lambda: not traces(lab.name, pids)), traces(lab.name, pids)


def test_a_lab_that_cannot_be_built_leaves_nothing(tmp_path):
    """What was begun is removed, and the message holds the words of what failed."""
    for tool in ("sh", "ip", "rm", "sleep"):  # but no nft
        (tmp_path / tool).symlink_to(shutil.which(tool))
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], env=environment, stderr=subprocess.PIPE, text=True
    ) as owner:
        _, words = owner.communicate()
    assert "LabError: the lab cannot be built on this machine" in words
    assert "nft: not found" in words
    assert traces(f"wanlab-{owner.pid}-", []) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_lab_goes_with_its_owner(number):
    """However the process ends that holds a lab, nothing of the lab remains."""
    with hold() as owner:
        name = owner.stdout.readline().strip()
        pids = pids_of(name)
        assert len(pids) == 4, "servers, relay, sleep, keeper"
        owner.send_signal(number)
    assert eventually(lambda: not traces(name, pids)), traces(name, pids)


def test_a_lab_that_is_half_built_goes_too():
    """A lab whose owner is killed in the midst of building it leaves nothing either."""
    with hold() as owner:
        prefix = f"wanlab-{owner.pid}-"
        assert eventually(lambda: len(namespaces_of(prefix)) > 3)
        owner.kill()
    assert eventually(lambda: not keepers_of(prefix))
    assert traces(prefix, []) == []


def test_sweep_removes_what_nobody_owns():
    """A lab whose owner and keeper are both dead is known by its owner's process id."""
    with hold() as owner:
        name = owner.stdout.readline().strip()
        pids = pids_of(name)
        assert name not in sweep(), "its owner lives"
        for keeper in keepers_of(name):
            os.kill(keeper, signal.SIGKILL)
        owner.kill()
    assert namespaces_of(name)
    assert name in sweep()
    assert eventually(lambda: not traces(name, pids)), traces(name, pids)


def as_nobody() -> tuple[list[str], dict[str, str]]:
    """How user nobody runs Python with this project: the command before, and the environment."""
    become = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    if subprocess.run([*become, "true"], capture_output=True).returncode:
        pytest.skip(f"{ONLY_ROOT}, to become user nobody")
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{sysconfig.get_path('purelib')}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        # By a shell in between: setpriv itself still has root's right to read what it executes.
        imports = "import dns.message, cryptography, wanfailover.lab"
        try_it = [*become, "sh", "-c", 'exec "$@"', "sh", python, "-c", imports]
        if not subprocess.run(try_it, env=environment, cwd="/", capture_output=True).returncode:
            return [*become, python], environment
    pytest.skip("user nobody may not read any Python that has this project's libraries")


def test_an_ordinary_user_builds_one_too():
    """Without any privilege a lab works inside a user namespace, delays and NAT included."""
    python, environment = as_nobody()
    command = [*python, "-m", "wanfailover.lab.rootless", python[-1], "-c", TOUR]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [0, 0, 0, True]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_rootless_takes_everything_with_it(number):
    """However the command outside ends, nothing that ran inside survives."""
    wrapper = [*WITH_CTRL_C, sys.executable, "-m", "wanfailover.lab.rootless"]
    command = [*wrapper, sys.executable, "-c", HOLD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as outside:
        outside.stdout.readline()
        pids = descendants(outside.pid)
        assert len(pids) >= 5, "unshare, python, keeper, servers, relay, sleep"
        outside.send_signal(number)
        assert eventually(lambda: all(map(gone, pids)))
        assert outside.wait(5) not in {0, None}


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [found for child in map(int, children) for found in (child, *descendants(child))]


def test_rootless_passes_the_status_on():
    """The command's exit status is the wrapper's."""
    assert rootless(["sh", "-c", "exit 7"]) == 7
    assert rootless(["true"]) == 0


def test_missing_commands_are_named_with_their_packages():
    """The message says what to install."""
    ask = "from wanfailover.lab.privilege import way; way()"
    environment = {**os.environ, "PATH": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", ask], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert "needs the commands unshare, setpriv: install the packages util-linux" in done.stderr


def test_where_namespaces_are_forbidden_a_sentence_says_so():
    """Being root of something that may not have them is told apart from not being root."""
    ask = f"{sys.executable} -c 'from wanfailover.lab.privilege import way; way()'"
    done = forbidden(ask)
    assert "network namespaces are forbidden here even to root" in done.stderr


@pytest.mark.parametrize(
    ("ci", "status", "words"), [("", 0, "SKIPPED [1]"), ("true", 1, "forbidden here even to root")]
)
def test_packet_tests_say_why_they_are_left_out(ci, status, words):
    """Without namespaces they are skipped with the reason; in continuous integration they fail."""
    test = "tests/packets/test_lab.py::test_a_reboot_forgets_everything"
    done = forbidden(f"{sys.executable} -m pytest -p no:cacheprovider -ra {test}", ci=ci)
    assert done.returncode == status, done.stdout
    assert words in done.stdout
    assert "network namespaces are forbidden here" in done.stdout


def test_packet_tests_tell_an_ordinary_user_how_to_run_them():
    """Whoever is not root, but may have a user namespace, is told of the wrapper."""
    python, environment = as_nobody()
    test = f"{ROOT}/tests/packets/test_lab.py::test_a_reboot_forgets_everything"
    command = [*python, "-m", "pytest", "-p", "no:cacheprovider", "-ra", test]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "run: python -m wanfailover.lab.rootless python -m pytest tests/packets" in done.stdout


def forbidden(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command where network namespaces cannot be had."""
    inside = ["sh", "-c", NO_NAMESPACES + command]
    return subprocess.run(
        [sys.executable, "-m", "wanfailover.lab.rootless", *inside],
        env={**os.environ, **{name.upper(): value for name, value in environment.items()}},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
