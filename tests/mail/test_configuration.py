"""What `mail-config` prints: the files of deploy/postfix with the profile's own lines."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

from wanfailover.mail.postfix import FILES, filled
from wanfailover.specs import Canary, Mail

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "postfix"
MAIL = Mail(("example.com", "example.net"), "10.20.0.25", 25, "192.168.1.25:2525")
CANARY = Canary("canary@example.net", "canary-bounces@example.net", "192.168.1.10", 2526)
ROUTER = IPv4Address("192.168.1.1")


def lines(mail: Mail, router: IPv4Address | None) -> set[str]:
    return {line for text in filled(mail, router) for line in text.splitlines()}


def test_every_file_is_printed():
    """None is forgotten, and what each is for is said."""
    assert {file.name for file in FOLDER.glob("*.cf")} == set(FILES)
    headings = [text.splitlines()[0] for text in filled(replace(MAIL, canary=CANARY), ROUTER)]
    assert headings == [f"# --- {name}: {use} ---" for name, use in FILES.items()]


def test_only_the_office_s_own_lines_differ():
    """The very files, otherwise: what tests run is what is printed."""
    for name, text in zip(FILES, filled(replace(MAIL, canary=CANARY), ROUTER), strict=True):
        shipped = (FOLDER / name).read_text().splitlines()
        printed = text.splitlines()[1:]
        changed = [a for a, b in zip(shipped, printed, strict=True) if a != b]
        assert all(re.match(r"office_[a-z_]+ = |2525 ", line) for line in changed), changed


def test_filled_in():
    """Each value where it belongs."""
    seen = lines(MAIL, ROUTER)
    assert seen >= {
        "office_domains = example.com, example.net",
        (
            "office_routes = { example.com = office:[192.168.1.25]:2525 }, "
            "{ example.net = office:[192.168.1.25]:2525 }"
        ),
        "office_tunnel = 10.20.0.25",
        "office_agent = 192.168.1",
        "office_backup_mx = 10.20.0.25",
    }
    assert not any("does not tell" in line for line in seen)


def test_filled_in_for_a_canary():
    """Without one there is no such file, and no such route."""
    seen = lines(replace(MAIL, canary=CANARY), ROUTER)
    assert seen >= {
        (
            "office_routes = { example.com = office:[192.168.1.25]:2525 }, "
            "{ example.net = office:[192.168.1.25]:2525 }, "
            "{ canary-bounces@example.net = office:[192.168.1.10]:2526 }"
        ),
        "office_canary = canary",
        "office_bounces = canary-bounces@example.net",
        "office_sink = smtp:[192.168.1.10]:2526",
    }
    assert not any("canary" in line and "=" in line for line in lines(MAIL, ROUTER))
    anywhere = "".join(filled(replace(MAIL, canary=replace(CANARY, host="0.0.0.0")), ROUTER))
    assert re.findall(r"this is an example:\n(\w+) = ", anywhere) == ["office_sink"]


def test_an_office_that_its_router_hides():
    """Our server has the router's address within the tunnel; so has the agent, to the backup MX."""
    hidden = Mail(("example.com",), "10.20.0.25", server="10.20.1.2:25")
    assert "office_agent = 10.20.1.2" in lines(hidden, ROUTER)
    assert "office_agent = 192.168.1" in lines(
        replace(hidden, server="mail.example.com:25"), ROUTER
    )
    canary = "".join(filled(replace(hidden, canary=CANARY), ROUTER))
    assert "{ canary-bounces@example.net = office:[10.20.1.2]:2526 }" in canary
    assert "office_sink = smtp:[192.168.1.10]:2526" in canary


def test_another_port():
    """It listens there as well; at 25 Postfix listens anyway."""
    other = lines(Mail(("example.com",), "10.20.0.25", 587), ROUTER)
    assert any(re.match(r"587 +inet ", line) for line in other)
    assert not any(re.match(r"[0-9]+ +inet ", line) for line in lines(MAIL, ROUTER))


def test_what_is_not_known_is_marked():
    """An example stands there, and says that it is one."""
    text = "".join(filled(Mail(("example.com",), "mx.example.net"), None))
    unknown = re.findall(r"does not tell this one; this is an example:\n(\w+) = ", text)
    assert unknown == ["office_routes", "office_tunnel", "office_agent", "office_backup_mx"]


def test_command():
    """Without `mail` there is nothing to print, and it says what to write."""
    argv = [sys.executable, "-m", "wanfailover", "mail-config"]
    done = subprocess.run(
        [*argv, ROOT / "profiles" / "netopia.yaml"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "has no `mail`: give it the office's `domains` and the `backup_mx`" in done.stderr
    done = subprocess.run(
        [*argv, ROOT / "profiles" / "mail-linux-ssh.yaml"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "office_routes = { example.com = office:[192.168.1.25]:25 }" in done.stdout
