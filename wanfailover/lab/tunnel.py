"""A customer of the lab's office, and IPSec between the two: real strongSwan at both ends.

The kernel of the machine need not know IPSec: charon's own libipsec carries the packets, through a
TUN device and always in UDP. The files that both ends run are those of ``deploy/strongswan``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from wanfailover.errors import LabError
from wanfailover.lab.lab import Lab

CHARON = "/usr/lib/ipsec/charon"
LIBIPSEC = "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so"
CUSTOMER = "10.20.0.1"
"""The customer's inside, at the far end of the tunnel."""

_UPLINK = ("192.0.2.129/30", "192.0.2.130/30")
_READY_WITHIN = 10.0

_SETTINGS = """\
charon {
    load = random nonce aes sha1 sha2 hmac kdf gcm openssl kernel-libipsec \
kernel-netlink socket-default vici
    retransmit_timeout = %g
    plugins {
        vici {
            socket = unix:///run/vici
        }
    }
    filelog {
        log {
            path = /run/charon.log
            default = 1
            flush_line = yes
        }
    }
}
"""
"""Its /run is a folder of its own: charon.pid has its place there, compiled in."""


def missing() -> str:
    """Say what of strongSwan is not here; empty where all is."""
    needs = {
        "strongswan-charon": Path(CHARON).exists(),
        "libcharon-extra-plugins": Path(LIBIPSEC).exists(),
        "strongswan-swanctl": shutil.which("swanctl", path=f"{os.environ['PATH']}:/usr/sbin"),
    }
    lacking = [package for package, there in needs.items() if not there]
    return f"needs strongSwan: apt-get install {' '.join(lacking)}" if lacking else ""


RETRANSMIT = 4.0
"""Seconds until a question that got no answer is asked again, as strongSwan has it by itself."""


class Gateway:
    """The strongSwan of one box of a lab; it goes with the lab.

    Args:
        configuration: Its swanctl.conf.

        retransmit: Seconds until it asks again, the first time.
    """

    def __init__(
        self, lab: Lab, box: str, configuration: str, retransmit: float = RETRANSMIT
    ) -> None:
        self._lab, self._box = lab, box
        self.folder = lab.directory / f"ipsec-{box}"
        self.folder.mkdir()
        (self.folder / "strongswan.conf").write_text(_SETTINGS % retransmit)
        self._configuration = self.folder / "swanctl.conf"
        self._configuration.write_text(configuration)
        self._charon = self.start()

    @property
    def uri(self) -> str:
        """Where swanctl reaches it."""
        return f"unix://{self.folder}/vici"

    def start(self) -> subprocess.Popen[str]:
        """Start it; returns when it has read its configuration.

        Raises:
            LabError: It does not answer; the message holds what it said.
        """
        script = f"mount --bind {self.folder} /run && exec {CHARON}"
        self._charon = self._lab.popen(
            self._box, "sh", "-c", script,
            env={**os.environ, "STRONGSWAN_CONF": "/run/strongswan.conf"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + _READY_WITHIN
        while (done := self.swanctl("--load-all", "--file", str(self._configuration))).returncode:
            if time.monotonic() > until:
                raise LabError(f"strongSwan on {self._box} does not start: {done.stderr.strip()}")
            time.sleep(0.02)
        return self._charon

    def stop(self) -> None:
        """End it at once, without a word to its peers."""
        self._charon.kill()
        self._charon.wait()

    def swanctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run swanctl with it."""
        return self._lab.run(self._box, "swanctl", *words, "--uri", self.uri)


def customer(lab: Lab) -> None:
    """Put a customer on the lab's Internet: a gateway with its inside behind it."""
    outside, own = _UPLINK
    name, inet = f"{lab.name}-customer", f"{lab.name}-inet"
    lines = f"""\
netns add {name}
link add customer netns {inet} type veth peer name eth0 netns {name}
"""
    _ip(lines)
    _ip(f"address add {outside} dev customer\nlink set customer up\n", "-n", inet)
    gateway = outside.partition("/")[0]
    _ip(
        f"link set lo up\naddress add {own} dev eth0\nlink set eth0 up\n"
        f"address add {CUSTOMER}/32 dev lo\nroute add default via {gateway}\n",
        "-n",
        name,
    )
    lab.run("inet", "sysctl", "-q", "-w", "net/ipv4/ip_forward=1", check=True)


def _ip(lines: str, *where: str) -> None:
    done = subprocess.run(
        ["ip", *where, "-batch", "-"], input=lines, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LabError(f"the customer cannot be built: {done.stderr.strip()}")
