"""A sound profile becomes values; what is doubtful about it becomes warnings."""

from __future__ import annotations

import errno
import os
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from tests.config.linux import PLUGINS
from wanfailover import ports, specs
from wanfailover.config import Profile, load
from wanfailover.core.facts import Role
from wanfailover.core.site import Circuit, Detect, Policy, Target, Tunnel
from wanfailover.core.site import Path as Vantage
from wanfailover.errors import ProfileError
from wanfailover.specs import Mail

LEAST = """\
site: office
router: {driver: linux, transport: local}
circuits:
  - {name: primary, address: 203.0.113.2/29, gateway: 203.0.113.1, vantage: {bind: eth1}}
  - {name: backup, address: 198.51.100.77/24, gateway: 198.51.100.1}
"""

PROBES = """\
probes:
  - {icmp: 192.0.2.10}
  - {tcp: "192.0.2.80:443"}
"""


@pytest.fixture
def profile(tmp_path: Path):
    """Writes a profile and loads it."""

    def written(text: str | bytes, *, secrets: bool = True) -> Profile:
        file = tmp_path / "office.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(file, secrets=secrets, plugins=PLUGINS)

    return written


def complaint(loader, text) -> str:
    """The one complaint about a profile, without the file's name."""
    with pytest.raises(ProfileError) as caught:
        loader(text)
    (only,) = caught.value.complaints
    return f"{only.line}:{only.column}: {only.text}"


class TestValues:
    def test_least(self, profile, tmp_path: Path) -> None:
        """What is left out has the core's and the driver's defaults."""
        loaded = profile(LEAST)
        assert loaded.file == tmp_path / "office.yaml"
        assert loaded.name == "office"
        assert loaded.driver == "linux"
        assert loaded.policy == Policy()
        assert loaded.probes == ()
        assert loaded.circuits == (
            Circuit(
                "primary",
                IPv4Interface("203.0.113.2/29"),
                IPv4Address("203.0.113.1"),
                vantage=Vantage(device="eth1"),
            ),
            Circuit("backup", IPv4Interface("198.51.100.77/24"), IPv4Address("198.51.100.1")),
        )
        assert loaded.access == ports.RouterAccess(
            host=None,
            transport="local",
            options={},
            circuits=loaded.circuits,
        )

    def test_marks_and_modems(self, profile) -> None:
        """A mark is a code point; a modem may stand beside it, or alone, where it is no vantage."""
        text = LEAST.replace("{bind: eth1}", "{mark: 8, device: {host: 192.168.100.1, index: 3}}")
        alone = (
            "{device: {host: modem, oid: .1.3.6.1.4.1.9.1.0, up: [up, 5], port: 1161, every: 5s}}"
        )
        text = text.replace("198.51.100.1}", f"198.51.100.1, vantage: {alone}}}")
        loaded = profile(text)
        primary, backup = loaded.circuits
        assert (primary.vantage, primary.marked) == (Vantage(dscp=8), True)
        assert (backup.vantage, backup.marked) == (None, False)
        assert (primary.device, backup.device) == ("snmp 192.168.100.1", "snmp modem")
        assert loaded.devices == {
            "primary": specs.Device("192.168.100.1", "1.3.6.1.2.1.2.2.1.8.3"),
            "backup": specs.Device(
                "modem", "1.3.6.1.4.1.9.1.0", up=("up", 5), port=1161, every=5.0
            ),
        }

    def test_telnet(self, profile) -> None:
        """A console needs the router's address and nothing else: many have no password."""
        text = LEAST.replace("linux, transport: local", "menus, host: 192.168.1.1")
        access = profile(text).access
        assert (access.transport, access.host, access.password) == ("telnet", "192.168.1.1", None)

    def test_first_transport(self, profile) -> None:
        """Without `transport` the driver's first one is taken."""
        text = LEAST.replace(
            "transport: local}",
            "host: router, port: 2222, options: {sudo: true}, credentials: "
            "{username: admin, key: {file: id}, known_hosts: {file: hosts}}}",
        )
        access = profile(text, secrets=False).access
        assert (access.transport, access.host, access.port) == ("ssh", "router", 2222)
        assert access.username == "admin"
        assert access.options == {"sudo": True}

    def test_probes(self, profile) -> None:
        """Each kind becomes its own value, with its own defaults."""
        text = """\
probes:
  - {icmp: 192.0.2.10}
  - {icmp: 192.0.2.11, every: 200ms, deadline: 1s}
  - {tcp: 192.0.2.80:443, every: 2s}
  - {smtp: 192.0.2.25}
  - {smtp: "mx.example.net:587", starttls: true, rcpt: postmaster@example.net, deadline: 5s}
  - {dns: {server: 192.0.2.53, name: example.net}}
  - {dns: {server: "192.0.2.54:5353", name: example.net, type: MX}, every: 10s}
  - {https: "https://example.net/"}
  - {https: "https://example.net:8443/x?y=1", expect: "Wel: come"}
need: 3
"""
        assert profile(LEAST + text).probes == (
            specs.Icmp("192.0.2.10"),
            specs.Icmp("192.0.2.11", every=0.2, deadline=1.0),
            specs.Tcp("192.0.2.80", 443, every=2.0),
            specs.Smtp("192.0.2.25"),
            specs.Smtp(
                "mx.example.net", 587, starttls=True, rcpt="postmaster@example.net", deadline=5.0
            ),
            specs.Dns("192.0.2.53", "example.net"),
            specs.Dns("192.0.2.54", "example.net", type="MX", port=5353, every=10.0),
            specs.Https("https://example.net/"),
            specs.Https("https://example.net:8443/x?y=1", expect="Wel: come"),
        )

    def test_policy(self, profile) -> None:
        """Every number of the policy arrives, in seconds."""
        text = """\
need: 2
detect: {silence: 1500ms}
policy:
  dwell: 2m
  switches_per_hour: 3
  degraded: switch
  proof_within: 30s
  reconcile: {every: 15s, drift: report}
failback: {method: trial, after: 1h, trial: {every: 1h, within: 45s}}
"""
        assert profile(LEAST + PROBES + text).policy == Policy(
            detect=Detect(silence=1.5),
            need=2,
            dwell=120.0,
            switches_per_hour=3,
            degraded="switch",
            proof_within=30.0,
            reconcile_every=15.0,
            failback="trial",
            return_after=3600.0,
            trial_every=3600.0,
            trial_within=45.0,
        )

    def test_site(self, profile) -> None:
        """The core is given the far targets by the names that probes print, and nothing else."""
        loaded = profile(LEAST + PROBES)
        site = loaded.site()
        assert (site.name, site.circuits, site.policy) == (
            "office",
            loaded.circuits,
            loaded.policy,
        )
        assert site.targets == (
            Target("icmp 192.0.2.10", Role.FAR, 0.5),
            Target("tcp 192.0.2.80:443", Role.FAR, 5.0),
        )

    def test_tunnels(self, profile) -> None:
        """Each with its check; the driver is told of them, too."""
        text = (
            "tunnels:\n"
            "  - {name: a, check: {icmp: 10.20.0.1, every: 2s}, within: 5s, ike: c, child: lan}\n"
            '  - {name: b, check: {smtp: "10.30.0.25:2525"}}\n'
        )
        loaded = profile(LEAST + PROBES + text)
        tunnels = (
            Tunnel("a", "icmp 10.20.0.1", 2.0, 5.0, "c", "lan"),
            Tunnel("b", "smtp 10.30.0.25:2525", 60.0),
        )
        assert loaded.site().tunnels == tunnels
        assert loaded.access.tunnels == tunnels
        assert [tunnel.check for tunnel in loaded.tunnels] == [
            specs.Icmp("10.20.0.1", every=2.0),
            specs.Smtp("10.30.0.25", 2525),
        ]

    def test_off(self, profile) -> None:
        """What is not built may be given as off, and a key with nothing behind it is left out."""
        off = "tunnels: []\nmail: {}\npreflight:\ndrill: null\nnotify: []\npage: ~\n"
        bare = "keep: {}\ndetect: {}\nneed:\npolicy: {dwell: , reconcile: }\nfailback:\n"
        text = LEAST + PROBES + off + bare
        assert profile(text).policy == Policy()

    def test_yaml_1_2(self, profile) -> None:
        """Words and times that YAML 1.1 would turn into something else stay as written."""
        text = LEAST.replace("office", "no").replace("backup", "off") + PROBES
        assert profile(text).name == "no"
        assert profile(text).circuits[1].name == "off"


class TestWarnings:
    def warnings(self, loaded: Profile) -> list[str]:
        return [f"{each.line}:{each.column}: {each.text}" for each in loaded.warnings]

    def test_none(self, profile) -> None:
        """A sound profile has none."""
        assert profile(LEAST + PROBES).warnings == ()

    def test_no_probes(self, profile) -> None:
        """Without far targets the gateway alone decides."""
        assert self.warnings(profile(LEAST)) == [
            "1:1: without `probes` the gateway alone decides, and it may answer with the line dead"
        ]

    def test_all_must_answer(self, profile) -> None:
        """Then each target's own trouble is an outage; fewer than all are no news."""
        three = "probes: [{icmp: 192.0.2.10}, {icmp: 192.0.2.11}, {tcp: '192.0.2.80:443'}]\n"
        told = self.warnings(profile(LEAST + three + "need: 3\n"))
        assert any("`need: 3` is all of the probes" in warning for warning in told), told
        assert not any("need" in w for w in self.warnings(profile(LEAST + three + "need: 2\n")))

    def test_one_probe(self, profile) -> None:
        """A single target cannot be told from the line."""
        assert self.warnings(profile(LEAST + "probes: [{icmp: 192.0.2.10}]\n")) == [
            "6:1: there is one probe; when its target fails alone, that looks like a dead line"
        ]

    def test_names(self, profile) -> None:
        """Targets given by name need DNS, which is another thing to fail; a URL has to have one."""
        text = PROBES + "  - {smtp: mx.example.net}\n  - {https: 'https://example.net/'}\n"
        (only,) = self.warnings(profile(LEAST + text))
        assert only == (
            "9:12: mx.example.net is a name, and names need DNS: a resolver that fails would look "
            "like a dead line; an address is better"
        )

    def test_own_networks(self, profile) -> None:
        """Targets that all lie in the circuits' own networks see no farther than these."""
        text = "probes:\n  - {icmp: 203.0.113.5}\n  - {icmp: 198.51.100.9}\n"
        assert self.warnings(profile(LEAST + text)) == [
            "6:1: every target is in a circuit's own network, so a failure beyond it goes unseen"
        ]
        assert profile(LEAST + text + "  - {icmp: 192.0.2.10}\n").warnings == ()

    def test_a_page_for_all_the_world(self, profile) -> None:
        """Who can reach it can read it; inside or at loopback there is nothing to say."""
        outside = "203.0.113.4 is outside, on primary: whoever is there can read the page"
        everywhere = "0.0.0.0 shows the page at every address of this host; give the one inside"
        for address, told in (("203.0.113.4", outside), ("0.0.0.0", everywhere)):
            line = f"page: {{listen: '{address}:8480'}}\n"
            assert self.warnings(profile(LEAST + PROBES + line)) == [f"9:16: {told}"]
            assert len(self.warnings(profile(LEAST + PROBES + f"page: {address}:8480\n"))) == 1
        for address in ("127.0.0.1", "192.168.1.2"):
            assert profile(LEAST + PROBES + f"page: {address}:8480\n").warnings == ()

    def test_slow_probes(self, profile) -> None:
        """Where fewer targets than are needed are asked often, an outage is noticed late."""
        text = "probes:\n  - {tcp: '192.0.2.10:443'}\n  - {tcp: '192.0.2.11:443'}\n"
        asked = (
            "asked more often than every 5 s, the silence that counts as an outage, so it is "
            "noticed late; ask more often"
        )
        assert self.warnings(profile(LEAST + text)) == [f"6:1: no target is {asked}"]
        text += "  - {icmp: 192.0.2.10}\n"
        assert profile(LEAST + text).warnings == ()
        assert self.warnings(profile(LEAST + text + "need: 2\n")) == [
            f"6:1: fewer than 2 targets are {asked}"
        ]
        assert profile(LEAST + text + "need: 2\ndetect: {silence: 6s}\n").warnings == ()


class TestFile:
    def test_missing(self, tmp_path: Path) -> None:
        """A file that is not there is a complaint like any other."""
        with pytest.raises(ProfileError) as caught:
            load(tmp_path / "none.yaml")
        assert str(caught.value) == f"{tmp_path}/none.yaml:1:1: there is no such file"

    def test_directory(self, tmp_path: Path) -> None:
        """So is a folder in its place."""
        with pytest.raises(ProfileError, match=":1:1: this is a directory; name the profile in it"):
            load(tmp_path)

    def test_unreadable(self, tmp_path: Path) -> None:
        """So is one that the system will not open; its own reason is given."""
        loop = tmp_path / "office.yaml"
        loop.symlink_to(loop)
        reason = os.strerror(errno.ELOOP)
        with pytest.raises(ProfileError, match=f":1:1: the file cannot be read: {reason}"):
            load(loop)

    def test_not_utf8(self, profile) -> None:
        """The first byte that is not UTF-8 is pointed at."""
        text = LEAST.encode() + "# Büro".encode("latin-1")
        assert complaint(profile, text) == "6:4: this is not UTF-8; save the profile as UTF-8 text"

    def test_unprintable(self, profile) -> None:
        """So is a control character."""
        text = LEAST + "# \0"
        assert complaint(profile, text) == (
            "6:3: an unprintable character stands here; take it out"
        )

    def test_byte_order_mark(self, profile) -> None:
        """The mark that some editors put first does no harm, nor do their line ends."""
        text = b"\xef\xbb\xbf" + (LEAST + PROBES).replace("\n", "\r\n").encode()
        assert profile(text).name == "office"


class TestDrivers:
    def test_none_installed(self, tmp_path: Path) -> None:
        """Where there is no driver at all, none is suggested."""
        file = tmp_path / "office.yaml"
        file.write_text(LEAST)
        with pytest.raises(ProfileError, match="no driver `linux` is installed; there are none"):
            load(file, plugins={})

    def test_broken(self, tmp_path: Path) -> None:
        """A driver that is there and cannot be loaded is no driver, either."""

        class Broken(dict):
            def __getitem__(self, name: str):
                raise ImportError(f"no module named {name}_dialect")

        file = tmp_path / "office.yaml"
        file.write_text(LEAST)
        with pytest.raises(ProfileError) as caught:
            load(file, plugins=Broken(linux=None))
        assert str(caught.value) == (
            f"{file}:2:18: the driver linux is installed, but cannot be loaded: "
            "no module named linux_dialect"
        )

    def test_installed(self, tmp_path: Path) -> None:
        """By default the drivers are those found by entry point."""
        file = tmp_path / "office.yaml"
        file.write_text(LEAST)
        with pytest.raises(
            ProfileError, match="no driver `linux` is installed; write `command`, `iproute2`"
        ):
            load(file)


class TestMail:
    def test_left_out(self, profile) -> None:
        """Most offices have no backup MX."""
        assert profile(LEAST + PROBES).mail is None

    def test_least(self, profile) -> None:
        """Domains in lower case, without the root's dot; SMTP's port; ETRN."""
        text = "mail: {domains: [Example.COM., example.net], backup_mx: 10.20.0.25}\n"
        assert profile(LEAST + PROBES + text).mail == Mail(
            ("example.com", "example.net"), "10.20.0.25", 25, None, etrn=True
        )

    def test_all(self, profile) -> None:
        """Every port may be another one than 25, for that is often blocked."""
        text = (
            'mail: {domains: [example.com], backup_mx: "mx.example.net:2525", '
            'server: "192.168.1.25:2525", etrn: false}\n'
        )
        assert profile(LEAST + PROBES + text).mail == Mail(
            ("example.com",), "mx.example.net", 2525, "192.168.1.25:2525", etrn=False
        )
