"""A real Postfix on a host of the lab, its configuration the very files of ``deploy/postfix``."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.support import root
from wanfailover.lab import Lab

PROGRAMS = ("/usr/sbin/postfix", "/usr/sbin/postqueue")

MAIN = """\
compatibility_level = 3.6
myhostname = {host}.test
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = /run
inet_interfaces = {address}
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
alias_database =
smtp_dns_support_level = disabled
smtp_host_lookup = native
{main}
"""

MASTER = """\
smtp      inet  n       -       n       -       -       smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
{master}
"""


def needed() -> None:
    """Skip where it cannot run, or is not here."""
    root.needed("for Postfix runs as several users of its own")
    if reason := missing():
        pytest.skip(reason)


def missing() -> str:
    """Say what of Postfix is not here; empty where all is."""
    absent = [program for program in PROGRAMS if not Path(program).exists()]
    return f"needs {' and '.join(absent)}: apt-get install postfix" if absent else ""


class Postfix:
    """One instance, for as long as the lab lives.

    Args:
        address: Where it listens.

        main: Lines of main.cf behind what every instance here has.

        master: The same of master.cf.
    """

    def __init__(self, lab: Lab, host: str, address: str, main: str, master: str = "") -> None:
        self._lab = lab
        self._host = host
        self.home = lab.directory / f"postfix-{host}"
        self._conf = self.home / "conf"
        self._conf.mkdir(parents=True)
        for folder in (lab.directory, self.home):
            folder.chmod(0o755)  # its users come through here
        (self.home / "queue").mkdir()
        data = self.home / "data"
        data.mkdir()
        shutil.chown(data, "postfix")
        about = {
            "host": host,
            "address": address,
            "home": self.home,
            "main": main,
            "master": master,
        }
        (self._conf / "main.cf").write_text(MAIN.format(**about))
        (self._conf / "master.cf").write_text(MASTER.format(**about))
        self.start()

    def start(self) -> None:
        started = self._lab.run(self._host, PROGRAMS[0], "-c", self._conf, "start")
        assert started.returncode == 0, started.stderr + self.log

    @property
    def log(self) -> str:
        file = self.home / "log"
        return file.read_text() if file.exists() else ""

    def stop(self) -> None:
        self._lab.run(self._host, PROGRAMS[0], "-c", self._conf, "stop")

    def deferred(self) -> int:
        """How many messages wait for another try."""
        return sum(len(files) for _, _, files in os.walk(self.home / "queue" / "deferred"))

    def queued(self) -> int:
        """How many messages are anywhere in its queue."""
        listed = self._lab.run(self._host, PROGRAMS[1], "-c", self._conf, "-p").stdout
        return len(re.findall(r"^[0-9A-F]{6,}", listed, re.MULTILINE))
