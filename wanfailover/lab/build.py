"""Turns the plan of a site into boxes that run: namespaces made, cables laid, hosts booted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

from wanfailover.errors import LabError
from wanfailover.lab import helpers
from wanfailover.lab.addresses import DNS
from wanfailover.lab.boxes import Box, Cable, Site
from wanfailover.lab.namespaces import Namespaces, type_in

_ETC = {
    "resolv.conf": f"nameserver {DNS}\noptions timeout:1 attempts:1\n",
    # Names come from the site's own server, whatever this machine's services would do with them.
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def build(site: Site, spaces: Namespaces) -> subprocess.Popen[str]:
    """Build everything; returns the process of the Internet's servers, which listen by then."""
    etc = spaces.directory / "etc"
    etc.mkdir(parents=True)
    for name, text in _ETC.items():
        (etc / name).write_text(text)
    _make(spaces, [box.name for box in site.boxes], site.cables)
    booting = {box.name: _boot(spaces, box, site.cables) for box in site.boxes}
    _finish(booting.pop("inet"))
    servers = helpers.start(spaces, "inet", "servers", str(spaces.directory))
    for process in booting.values():
        _finish(process)
    helpers.await_ready(spaces, "inet", "servers", servers)
    return servers


def rebuild(site: Site, spaces: Namespaces, name: str) -> None:
    """Make one host anew and boot it; what ran in it is killed."""
    cables = site.cables_of(name)
    spaces.kill(name)
    for _, far in (cable.ends for cable in cables):
        _ip(spaces, far.box, f"link delete {far.name}")
    type_in(["ip", "netns", "delete", spaces.full(name)])
    _make(spaces, [name], cables)
    for _, far in (cable.ends for cable in cables):
        _ip(spaces, far.box, far.plugged())
    _finish(_boot(spaces, site.box(name), cables))


def _make(spaces: Namespaces, boxes: Iterable[str], cables: Iterable[Cable]) -> None:
    """Make empty boxes and lay cables between boxes that are there, in one process for all."""
    lines = [f"netns add {spaces.full(box)}" for box in boxes]
    for cable in cables:
        (one, far), (index, far_index) = cable.ends, cable.indexes()
        lines.append(
            f"link add {one.name} index {index} netns {spaces.full(one.box)} type veth "
            f"peer name {far.name} index {far_index} netns {spaces.full(far.box)}"
        )
    type_in(["ip", "-batch", "-"], lines)


def _ip(spaces: Namespaces, box: str, line: str) -> None:
    type_in(["ip", "-n", spaces.full(box), *line.split()])


def _boot(spaces: Namespaces, box: Box, cables: Iterable[Cable]) -> subprocess.Popen[str]:
    """Start typing in *box* all that it boots with; `_finish` waits for the end of it."""
    ends = [end for cable in cables for end in cable.ends if end.box == box.name]
    script = [
        # A namespace inherits these from the machine, where they may be anything.
        f"echo {int(box.forwards)} > /proc/sys/net/ipv4/ip_forward",
        "for key in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $key; done",
        "for key in /proc/sys/net/ipv6/conf/*/disable_ipv6; do",
        "[ ! -e $key ] || echo 1 > $key; done",
        *(f"echo {value} > /proc/sys/net/ipv4/{key}" for key, value in box.sysctl),
        *("ip -batch - <<END", *box.ip, *(end.plugged() for end in ends if end.bridge), "END"),
        *("nft -f - <<END", box.nft, "END"),
    ]
    return subprocess.Popen(
        spaces.enter(box.name, "sh", "-ec", "\n".join(script)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _finish(booting: subprocess.Popen[str]) -> None:
    words, _ = booting.communicate()
    if booting.returncode:
        raise LabError(f"the lab cannot be built on this machine: {words.strip()}")
