"""A profile that is read again while its agent runs."""

from __future__ import annotations

import pytest

from wanfailover.config import load
from wanfailover.errors import ProfileError
from wanfailover.reload import successor

PROFILE = """\
site: office
router:
  driver: iproute2
  host: 192.168.1.1
  transport: ssh
  credentials: {username: failover, password: {file: password}, known_hosts: {file: known_hosts}}
circuits:
  - {name: primary, address: 203.0.113.2/29, gateway: 203.0.113.1, interface: eth1}
  - {name: backup, address: 198.51.100.77/24, gateway: 198.51.100.1, interface: eth1}
probes: [{icmp: 192.0.2.10}, {icmp: 192.0.2.11}, {tcp: "192.0.2.80:443"}]
page: 127.0.0.1:8480
drill: {at: "first Sunday 04:00", stay: 5m}
mail: {domains: [office.test], backup_mx: "10.20.0.25:25", server: "192.168.1.10:25"}
notify:
  - webhook: "https://example.com/hook"
"""


@pytest.fixture
def profile(tmp_path):
    for name in ("password", "known_hosts"):
        (tmp_path / name).write_text("a b\n")
        (tmp_path / name).chmod(0o600)
    file = tmp_path / "office.yaml"
    file.write_text(PROFILE)
    return load(file)


def test_what_was_not_touched_has_not_changed(profile):
    """Secrets are read again, too, and are the same ones."""
    assert successor(profile) == profile


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("example.com", "example.net", "office.yaml:14:1"),
        ("127.0.0.1:8480", "127.0.0.1:8481", "office.yaml:11:1"),
        ("office.test", "other.test", "office.yaml:13:1"),
    ],
)
def test_what_takes_a_restart_is_told_with_its_place(profile, old, new, where):
    """The key's, not the file's first."""
    profile.file.write_text(PROFILE.replace(old, new))
    with pytest.raises(ProfileError, match=f"{where}: this cannot change while the agent runs"):
        successor(profile)


def test_a_secret_that_is_another_takes_a_restart(profile):
    """What the driver logs in with is what it was given at the start."""
    (profile.file.parent / "password").write_text("another\n")
    with pytest.raises(ProfileError, match=r"office\.yaml:6:"):
        successor(profile)
