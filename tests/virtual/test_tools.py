"""The agent against net-snmp's tools, and the console by telnet(1) in a real terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.virtual.process import Running, unit

pytestmark = pytest.mark.packets
HERE = Path(__file__).parent
GATEWAY = "1.3.6.1.4.1.304.1.3.1.4.5.0"


def needs(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def ask(tool: str, running: Running, *words: str, version: str = "1") -> str:
    """Run one of net-snmp's tools; gives what it says, and its error."""
    needs(tool)
    community, *rest = words
    command = [
        *(tool, f"-v{version}", "-On", "-r0", "-t2", "-c", community),
        *(f"127.0.0.1:{running.snmp}", *rest),
    ]
    # What they remember is not to be the machine's, and a folder that they make they would tell of.
    (memory := running.directory / "memory" / "cert_indexes").mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(memory.parent)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment)
    return (done.stdout + done.stderr).strip()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with unit(tmp_path) as running:
        yield running


def test_snmpget(running: Running) -> None:
    """Several objects in one request, each with its type."""
    told = ask("snmpget", running, "public", "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.4.21.1.7.0.0.0.0")
    assert told.splitlines() == [
        '.1.3.6.1.2.1.1.1.0 = STRING: "Netopia R9100 v4.6.2"',
        ".1.3.6.1.2.1.4.21.1.7.0.0.0.0 = IpAddress: 203.0.113.1",
    ]


def test_missing_object(running: Running) -> None:
    """noSuchName, with its place in the request."""
    told = ask("snmpget", running, "public", "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.99.0")
    assert "noSuchName" in told
    assert "Failed object: .1.3.6.1.2.1.99.0" in told


def test_snmpwalk(running: Running) -> None:
    """A walk over everything goes up and up, and ends."""
    lines = ask("snmpwalk", running, "public", "1").splitlines()
    names = [line.split(" = ")[0] for line in lines if line.startswith(".1") and " = " in line]
    arcs = [tuple(map(int, name.strip(".").split("."))) for name in names]
    assert arcs == sorted(set(arcs))
    assert len(arcs) > 250
    assert "End of MIB" in lines[-1]


def test_snmpset(running: Running) -> None:
    """What can be set is, and what cannot is refused in the words of version 1."""
    assert "IpAddress: 203.0.113.6" in ask(
        "snmpset", running, "private", GATEWAY, "a", "203.0.113.6"
    )
    assert "IpAddress: 203.0.113.6" in ask("snmpget", running, "public", GATEWAY)
    assert "badValue" in ask("snmpset", running, "private", GATEWAY, "i", "3")
    assert "noSuchName" in ask("snmpset", running, "private", "1.3.6.1.2.1.1.7.0", "i", "3")
    assert 'STRING: "office"' in ask(
        "snmpset", running, "private", "1.3.6.1.2.1.1.5.0", "s", "office"
    )


@pytest.mark.parametrize(
    ("community", "version"), [("wrong", "1"), ("public", "2c"), ("private", "2c")]
)
def test_silence(running: Running, community: str, version: str) -> None:
    """Nothing comes back for a wrong community, or in another version."""
    told = ask("snmpget", running, community, "1.3.6.1.2.1.1.1.0", version=version)
    assert told.startswith("Timeout: No Response")


def test_restart_by_snmp(tmp_path: Path) -> None:
    """deviceRestart: silence, and then the uptime begins anew."""
    with unit(tmp_path, "--restart-seconds", "2") as running:
        time.sleep(1.5)
        assert "INTEGER: 2" in ask(
            "snmpset", running, "private", "1.3.6.1.4.1.304.1.3.1.10.1.0", "i", "2"
        )
        assert ask("snmpget", running, "public", "1.3.6.1.2.1.1.3.0").startswith("Timeout")
        time.sleep(1)
        told = ask("snmpget", running, "public", "1.3.6.1.2.1.1.3.0")
        assert int(told.partition("(")[2].partition(")")[0]) < 200


class Terminal:
    """telnet(1) in a tmux window of 80 by 24."""

    def __init__(self, directory: Path, port: int) -> None:
        needs("telnet", "tmux")
        self._tmux = ["tmux", "-S", str(directory / "tmux"), "-f", "/dev/null"]
        self._run("new-session", "-d", "-x80", "-y24", f"telnet 127.0.0.1 {port}")

    def _run(self, *words: str) -> str:
        command = [*self._tmux, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def until(self, words: str) -> str:
        """What the terminal shows, once it shows *words*."""
        deadline = time.monotonic() + 10
        while words not in (shown := self._run("capture-pane", "-p")):
            assert time.monotonic() < deadline, shown
            time.sleep(0.05)
        return "\n".join(line.rstrip() for line in shown.splitlines()) + "\n"

    def close(self) -> None:
        self._run("kill-server")


SCREENS = [
    ("main-menu", "classic", (), "main screen"),
    ("main-menu-3", "fw3", (), "main screen"),
    ("wan-ethernet", "classic", ("Down", "Enter", "Enter", "Enter"), "of the WAN port"),
    ("wan-ethernet-4.10", "fw410", ("Down", "Enter", "Enter", "Enter"), "of the WAN port"),
    ("ip-setup", "minimal-diff", ("Down", "Down", "Enter", "Enter"), "basic IP attributes"),
    ("ping", "segmented", ("Down", "Down", "Down", "Enter", "Enter"), "ICMP Echo"),
    ("restart", "full-repaint", ("Down", "Down", "Down", "Enter", ">", "Enter"), "CONTINUE"),
]


@pytest.mark.parametrize(
    ("name", "variant", "keys", "words"), SCREENS, ids=[screen[0] for screen in SCREENS]
)
def test_in_a_terminal(
    name: str,
    variant: str,
    keys: tuple[str, ...],
    words: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """A real telnet client under a real terminal shows the screens as the manual draws them."""
    with unit(tmp_path, "--variant", variant) as running:
        terminal = Terminal(tmp_path, running.telnet)
        try:
            terminal.until("main screen")
            for key in keys:
                terminal.press(key)
                time.sleep(0.1)
            shown = terminal.until(words)
        finally:
            terminal.close()
    golden = HERE / f"{name}.txt"
    if request.config.getoption("--regold"):
        golden.write_text(shown)
    assert shown == golden.read_text()


def test_editing_in_a_terminal(tmp_path: Path) -> None:
    """A person with telnet(1) can change the address, and leave by Escape."""
    with unit(tmp_path) as running:
        terminal = Terminal(tmp_path, running.telnet)
        try:
            terminal.until("main screen")
            for key in ("Down", "Enter", "Enter", "Enter", "Down", "Space", "198.51.100.77"):
                terminal.press(key)
                time.sleep(0.1)
            terminal.until("198.51.100.77")
            terminal.press("Enter")
            terminal.until("Enter a subnet mask")
            for _ in range(3):
                terminal.press("Escape")
                time.sleep(0.7)
            terminal.until("main screen")
        finally:
            terminal.close()
        assert running.runs["address"] == "198.51.100.77/29"
        assert [e["new"] for e in running.log if e["event"] == "edit"] == ["198.51.100.77"]
