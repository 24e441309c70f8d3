"""The demo as a stranger runs it, with packets and without, and that nothing is left of it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.packets.hosts import eventually
from tests.packets.test_lab_traces import ROOT, WITH_CTRL_C, as_nobody, descendants, gone
from wanfailover.lab.namespaces import STATE

pytestmark = pytest.mark.timeout(150)

DEMO = (sys.executable, "-m", "wanfailover", "demo")

THERE = "switching from primary to backup (active-down)"
BACK = "switching from backup to primary (preferred-recovered)"

# Root of the new user namespace keeps its rights over a shell until its users are mapped.
DESTITUTE = ("unshare", "--user", "--net", "--keep-caps", "sh", "-ec")
WITHOUT = """
read -r _
ip link set lo up
echo 0 > /proc/sys/user/max_user_namespaces
echo 0 > /proc/sys/user/max_net_namespaces
exec "$@"
"""


def told(story: str, *lines: str) -> None:
    """Each of *lines* is in the story, in this order."""
    assert re.search(".*".join(map(re.escape, lines)), story, re.DOTALL), story


def outages(story: str) -> list[float]:
    """How long the user was without Internet each time, in seconds."""
    (last,) = re.findall(r"The user inside was without Internet for (.*)\. Everything", story)
    return [float(outage.removesuffix(" s")) for outage in last.split(", ")]


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the demo's temporary files are; none is left."""
    before = set(STATE.glob("wanlab-*"))
    # pytest's own folders have names too long for a socket.
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        monkeypatch.setenv("TMPDIR", name)
        yield folder
        assert eventually(lambda: not list(folder.iterdir())), list(folder.iterdir())
    assert eventually(lambda: set(STATE.glob("wanlab-*")) <= before)


def play(*options: str, command: Sequence[str] = DEMO) -> str:
    """Run it to its end; returns what it told."""
    done = subprocess.run([*command, *options], capture_output=True, text=True, cwd="/")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def test_a_linux_router(folders: Path):
    """As it comes: what is typed to the router are shell lines."""
    story = play()
    told(story, THERE, "router # address replace 198.51.100.77/24", BACK, "$ wanfailover history")
    (outage,) = outages(story)
    assert 2 < outage < 6


def test_a_virtual_router(folders: Path):
    """By its driver, over telnet and SNMP; real packets follow what is typed on its screens."""
    story = play("--router", "netopia")
    told(story, THERE, "router > ", "198.51.100.77", BACK, "$ wanfailover history")
    assert 2 < outages(story)[0] < 12
    assert all(outage < 6 for outage in outages(story)[1:]), "felt while half is typed"


def test_where_no_namespaces_can_be_had(folders: Path):
    """Without any privilege, nor the right to ping: it says so and plays without packets."""
    python, environment = as_nobody()
    environment["PYTHONPATH"] += f":{ROOT / 'drivers'}"
    environment["TMPDIR"] = str(folders)
    command = [*DESTITUTE, WITHOUT, "sh", *python, "-m", "wanfailover", "demo"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, cwd="/", env=environment,
    ) as demo:  # fmt: skip
        with_all_users(demo.pid)
        story, _ = demo.communicate("\n")
    assert demo.returncode == 0, story
    told(story, "No packet lab can be had here: network namespaces are forbidden here")
    told(story, "Only the packets are simulated, behind a virtual netopia-r9100 on loopback")
    told(story, THERE, "router > ", "198.51.100.77", BACK, "$ wanfailover history")
    assert 2 < outages(story)[0] < 12
    assert all(outage < 6 for outage in outages(story)[1:]), "felt while half is typed"


def with_all_users(pid: int) -> None:
    """Map all users of this machine into the user namespace of *pid*, each to itself."""
    ours, its = (Path(f"/proc/{process}/ns/user") for process in ("self", pid))
    assert eventually(lambda: its.readlink() != ours.readlink())
    for kind in ("uid", "gid"):
        Path(f"/proc/{pid}/{kind}_map").write_text("0 0 65536")


def test_a_fault_that_leaves_targets_alive_without_packets(folders: Path):
    """The agent stays, and the user feels nothing."""
    story = play("--simulated", "--fault", "dns-dead")
    told(story, "The agent stays, and rightly", "without Internet for never")
    assert "switching" not in story


@pytest.mark.parametrize(
    ("number", "options"),
    [
        (signal.SIGTERM, ("--router", "netopia")),
        (signal.SIGTERM, ("--simulated",)),
        (signal.SIGINT, ("--simulated",)),
        (signal.SIGKILL, ("--simulated",)),
    ],
)
def test_it_goes_as_a_whole(folders: Path, number: int, options: Sequence[str]):
    """However it ends in the middle of a switchover, no process and no file remains."""
    command = [*WITH_CTRL_C, *DEMO, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="/") as demo:
        assert demo.stdout is not None
        assert any(THERE in line for line in demo.stdout), "it ended before"
        pids = descendants(demo.pid)
        assert len(pids) >= 4, "agent, router, user, Internet"
        assert list(folders.iterdir()) or set(STATE.glob(f"wanlab-{demo.pid}-*"))
        demo.send_signal(number)
        demo.stdout.close()
        assert demo.wait(10) != 0
    assert eventually(lambda: all(map(gone, pids)))
