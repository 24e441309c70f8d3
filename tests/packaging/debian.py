"""The Debian package in a Debian of its own: installed, run, upgraded, removed and purged.

`make deb-check` runs it on what `make deb` has built: it takes minutes, root, and a mirror for
debootstrap; or a root that WANFAILOVER_DEBIAN_ROOT names, which is copied. The tests are one story,
in this order.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from wanfailover import __version__

ROOT = Path(__file__).parents[2]
INCLUDED = "python3,systemd,ca-certificates,iproute2"
CONFFILE = "etc/profile.d/wanfailover.sh"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a root of another Debian needs root"),
    pytest.mark.skipif(
        shutil.which("debootstrap") is None and "WANFAILOVER_DEBIAN_ROOT" not in os.environ,
        reason="debootstrap is not here; and no WANFAILOVER_DEBIAN_ROOT",
    ),
]

PROFILE = """\
site: office
router: {driver: iproute2, transport: local}
circuits:
  - {name: primary, address: 203.0.113.2/29, gateway: 203.0.113.1, interface: wan}
  - {name: backup, address: 198.51.100.77/24, gateway: 198.51.100.1, interface: wan}
probes: [{icmp: 192.0.2.1}, {icmp: 192.0.2.2}]
"""
NETWORK = """\
ip link set lo up
ip link add wan type veth peer far && ip link set wan up && ip link set far up
ip address add 203.0.113.2/29 dev wan
ip route add default via 203.0.113.1
"""


@dataclass
class Debian:
    """A root of another Debian; commands run in it as in a container without a network."""

    root: Path

    def run(self, script: str, *, fails: bool = False) -> subprocess.CompletedProcess[str]:
        inside = f"mount -t proc proc /proc && {script}"
        argv = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"]
        argv += ["chroot", self.root, "/bin/sh", "-ec", inside]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(argv, env=environment, capture_output=True, text=True)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done

    def install(self, package: Path) -> str:
        shutil.copy(package, self.root / "tmp")
        done = self.run(f"dpkg --force-confold -i /tmp/{package.name}")
        (self.root / "tmp" / package.name).unlink()
        return done.stdout + done.stderr

    def traces(self) -> list[str]:
        """All that is there by the program's name, but for what dpkg and /tmp remember."""
        found = self.root.rglob("*wanfailover*")
        return sorted(
            str(path.relative_to(self.root))
            for path in found
            if path.relative_to(self.root).parts[0] != "tmp"
            and not path.is_relative_to(self.root / "var/lib/dpkg")
        )


@pytest.fixture(scope="module")
def debian(tmp_path_factory) -> Iterator[Debian]:
    root = tmp_path_factory.mktemp("debian") / "root"
    given = os.environ.get("WANFAILOVER_DEBIAN_ROOT")
    if given:
        subprocess.run(["cp", "-a", given, root], check=True)
    else:
        release = re.findall(
            r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.MULTILINE
        )
        make = ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", release[0], root]
        subprocess.run(make, check=True, capture_output=True)
    yield Debian(root)
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def new() -> Path:
    """The package as `make deb` has built it just now."""
    (package,) = (ROOT / "dist").glob(f"wanfailover_{__version__}_*.deb")
    return package


@pytest.fixture(scope="module")
def old(tmp_path_factory, new) -> Path:
    """An older one: another version and conffile, a module that the new one has no more."""
    tree = tmp_path_factory.mktemp("old")
    subprocess.run(["dpkg-deb", "--raw-extract", new, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {__version__}", "Version: 0.0.9"))
    (tree / CONFFILE).write_text("# another one, then\n")
    (tree / "usr/lib/wanfailover/wanfailover/gone.py").write_text("")
    package = tree.parent / "wanfailover_0.0.9.deb"
    build = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, package]
    subprocess.run(build, check=True, capture_output=True)
    return package


def rights(path: Path, debian: Debian) -> tuple[str, str, int]:
    """Owner and group by their names there, and mode."""
    status = path.stat()
    names = {}
    for file in ("passwd", "group"):
        rows = (line.split(":") for line in (debian.root / "etc" / file).read_text().splitlines())
        names[file] = {int(row[2]): row[0] for row in rows}
    owner, group = names["passwd"][status.st_uid], names["group"][status.st_gid]
    return owner, group, stat.S_IMODE(status.st_mode)


def test_installed(debian, old):
    """A user, its directories, the command, the unit, page and completions: all there is."""
    debian.install(old)
    etc, var = debian.root / "etc/wanfailover", debian.root / "var/lib/wanfailover"
    assert rights(etc, debian) == ("root", "wanfailover", 0o750)
    assert rights(var, debian) == ("wanfailover", "wanfailover", 0o750)
    assert __version__ in debian.run("wanfailover --version").stdout
    assert "Usage: " in debian.run("wanfailover init --help").stdout
    drivers = debian.run("wanfailover init --yes --driver none", fails=True).stderr
    assert "none is none of command, iproute2" in drivers
    for file in (
        "usr/share/man/man1/wanfailover.1.gz",
        "usr/share/bash-completion/completions/wanfailover",
        "usr/share/zsh/vendor-completions/_wanfailover",
        "usr/share/fish/vendor_completions.d/wanfailover.fish",
        "usr/share/doc/wanfailover/examples/netopia.yaml",
    ):
        assert (debian.root / file).stat().st_size > 0
    debian.run("systemd-analyze verify wanfailover@office.service")


def test_it_runs_as_its_own_user(debian):
    """As the unit would have it: no root, one capability; and its group sees how it is."""
    (debian.root / "etc/wanfailover/office.yaml").write_text(PROFILE)
    debian.run("chgrp wanfailover /etc/wanfailover/office.yaml")
    assert "green" in debian.run("wanfailover check --offline /etc/wanfailover/office.yaml").stdout
    as_agent = "--reuid wanfailover --regid wanfailover --init-groups"
    may = "--inh-caps +net_raw --ambient-caps +net_raw"
    script = f"""{NETWORK}
export WANFAILOVER_STATE_DIR=/var/lib/wanfailover
setpriv {as_agent} {may} wanfailover run /etc/wanfailover/office.yaml 2>/tmp/log &
agent=$!
for i in $(seq 100); do [ -S /var/lib/wanfailover/office/agent.sock ] && break; sleep 0.1; done
sleep 1
setpriv --reuid nobody --regid nogroup --groups wanfailover wanfailover status
kill -HUP $agent; sleep 2; kill $agent; wait $agent
"""
    assert "is on primary" in debian.run(script).stdout
    assert "profile-reloaded" in (debian.root / "tmp/log").read_text()
    journal = debian.root / "var/lib/wanfailover/office/journal.db"
    assert rights(journal, debian)[:2] == ("wanfailover", "wanfailover")


def test_upgraded(debian, new):
    """What the administrator and the agent have written stays; what the old version had, goes."""
    conffile = debian.root / CONFFILE
    conffile.write_text("# mine\n")
    said = debian.install(new)
    assert "warning" not in said.lower().replace("warning: overwriting", "")
    assert conffile.read_text() == "# mine\n"
    lib = debian.root / "usr/lib/wanfailover/wanfailover"
    assert not (lib / "gone.py").exists()
    assert not list(lib.glob("__pycache__/gone.*"))
    assert list(lib.glob("__pycache__/agent.*"))
    assert (debian.root / "etc/wanfailover/office.yaml").read_text() == PROFILE
    history = debian.run("WANFAILOVER_STATE_DIR=/var/lib/wanfailover wanfailover history").stdout
    assert "primary" in history
    assert f"wanfailover {__version__}" in debian.run("dpkg-query -W").stdout.replace("\t", " ")


def test_downgraded(debian, old, new):
    """Back to the older one, and forth again: the journal is read by both."""
    for package in (old, new):
        debian.install(package)
        debian.run("WANFAILOVER_STATE_DIR=/var/lib/wanfailover wanfailover status")


def test_removed(debian):
    """The program goes; profiles, state, user and what the administrator changed stay."""
    debian.run("dpkg -r wanfailover")
    left = debian.traces()
    assert "usr/lib/wanfailover" not in left
    assert {"etc/wanfailover", "var/lib/wanfailover", CONFFILE} <= set(left)


def test_purged(debian):
    """Nothing is left, but the log of dpkg."""
    debian.run("dpkg -P wanfailover")
    assert debian.traces() == []
    assert "wanfailover" not in (debian.root / "etc/passwd").read_text()
    assert "wanfailover" not in (debian.root / "etc/group").read_text()


def test_installed_anew(debian, new):
    """After all that it can be had again."""
    began = time.monotonic()
    debian.install(new)
    assert __version__ in debian.run("wanfailover --version").stdout
    assert time.monotonic() - began < 120
