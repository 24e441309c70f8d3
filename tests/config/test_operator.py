"""The operator's keys become values: who is told, how often; preflights and drills."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from tests.config.linux import PLUGINS
from wanfailover.addressees import ByApprise, ByCommand, ByMail, ByWebhook, Notices
from wanfailover.config import load
from wanfailover.errors import ProfileError
from wanfailover.rounds import Drill, Moment, Preflight, Rounds
from wanfailover.specs import Page

SITE = """\
site: office
router: {driver: linux, transport: local}
circuits:
  - {name: primary, address: 203.0.113.2/29, gateway: 203.0.113.1}
  - {name: backup, address: 198.51.100.77/24, gateway: 198.51.100.1}
"""


def read(folder: Path, more: str = "", **how):
    file = folder / "office.yaml"
    file.write_text(SITE + more)
    return load(file, plugins=PLUGINS, **how)


def keep(folder: Path, name: str, secret: str, mode: int = 0o600) -> None:
    (folder / name).write_text(f"{secret}\n")
    (folder / name).chmod(mode)


PATHS = """\
notify:
  - smtp: {server: "10.0.0.25:587", from: wan@example.com, to: [a@example.com, b@example.com],
           starttls: true, username: wan, password: {file: mail}}
  - webhook: https://hooks.example.net/wan
  - webhook: {file: hook}
  - webhook: {url: "http://10.0.0.9/", token: {env: TOKEN}}
  - exec: [/usr/local/bin/led, blink]
  - apprise: {file: urls}
notices: {per_hour: 5, remind: 1h, keep: 2d}
"""


def test_left_out(tmp_path):
    """Nobody is told; a preflight a day, and no drill."""
    profile = read(tmp_path)
    assert profile.notices == Notices()
    assert profile.rounds == Rounds(Preflight(86400.0), Drill(None, None, 300.0))


def test_every_path(tmp_path, monkeypatch):
    """With its secrets, which are all to be struck out of what is logged."""
    keep(tmp_path, "mail", "hunter2")
    keep(tmp_path, "hook", "https://hooks.example.net/hunter3")
    keep(tmp_path, "urls", "json://hunter4")
    monkeypatch.setenv("TOKEN", "hunter5")
    profile = read(tmp_path, PATHS)
    mail, plain, hidden, marked, program, other = profile.notices.paths
    assert isinstance(mail, ByMail)
    assert (mail.host, mail.port, mail.sender, mail.starttls, mail.username) == (
        "10.0.0.25", 587, "wan@example.com", True, "wan",
    )  # fmt: skip
    assert mail.recipients == ("a@example.com", "b@example.com")
    assert mail.password.reveal() == "hunter2"
    assert isinstance(plain, ByWebhook)
    assert plain.url.reveal() == "https://hooks.example.net/wan"
    assert hidden.url.reveal() == "https://hooks.example.net/hunter3"
    assert marked.token.reveal() == "hunter5"
    assert program == ByCommand(("/usr/local/bin/led", "blink"))
    assert other == ByApprise(tmp_path / "urls")
    limits = profile.notices
    assert (limits.per_hour, limits.remind, limits.keep) == (5, 3600.0, 2 * 86400.0)
    assert {"hunter2", "https://hooks.example.net/hunter3", "hunter5"} <= set(profile.secrets())


def test_without_secrets(tmp_path):
    """A profile can be looked at where they are not."""
    profile = read(tmp_path, PATHS, secrets=False)
    assert len(profile.notices.paths) == 6
    assert profile.notices.paths[0].password is None


@pytest.mark.parametrize("name", ["mail", "hook", "urls"])
def test_files_that_others_may_read_are_refused(tmp_path, monkeypatch, name):
    monkeypatch.setenv("TOKEN", "hunter5")
    for each in ("mail", "hook", "urls"):
        keep(tmp_path, each, "https://x.example/", 0o640 if each == name else 0o600)
    with pytest.raises(ProfileError, match=f"chmod 600 .*{name}") as caught:
        read(tmp_path, PATHS)
    assert len(caught.value.complaints) == 1


def test_a_hidden_url_that_is_none(tmp_path, monkeypatch):
    """It is told without being repeated."""
    monkeypatch.setenv("TOKEN", "hunter5")
    for each in ("mail", "urls"):
        keep(tmp_path, each, "x")
    keep(tmp_path, "hook", "hunter3")
    with pytest.raises(ProfileError, match="what is kept there is no URL") as caught:
        read(tmp_path, PATHS)
    assert "hunter3" not in str(caught.value)


def test_a_path_twice(tmp_path):
    with pytest.raises(ProfileError, match="exec /bin/true is told already"):
        read(tmp_path, "notify: [{exec: [/bin/true]}, {exec: /bin/true}]\n")


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        ("first Sunday 04:00", Moment(time(4), 6, "first")),
        ("last fri 23:59", Moment(time(23, 59), 4, "last")),
        ("Sunday 4:00", Moment(time(4), 6)),
        ("04:00", Moment(time(4))),
    ],
)
def test_rounds(tmp_path, at, moment):
    more = f"preflight: {{every: 6h}}\ndrill: {{at: {at}, stay: 2m, timezone: Europe/Berlin}}\n"
    rounds = read(tmp_path, more).rounds
    assert rounds.preflight == Preflight(21600.0)
    assert (rounds.drill.at, rounds.drill.stay) == (moment, 120.0)
    assert rounds.drill.zone.key == "Europe/Berlin"


def test_never(tmp_path):
    assert read(tmp_path, "preflight: {every: never}\n").rounds.preflight == Preflight(None)


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("", None),
        ("page:\n", None),
        ("page: {}\n", None),
        ("page: 127.0.0.1:8480\n", Page("127.0.0.1", 8480)),
        (
            "page: {listen: '10.0.0.5:80', hosts: [WAN.example.com., office]}\n",
            Page("10.0.0.5", 80, ("wan.example.com", "office")),
        ),
    ],
)
def test_the_page(tmp_path, text, page):
    """Off unless it is asked for; the address alone will do."""
    assert read(tmp_path, text).page == page
