"""Whether network namespaces can be had here, and how: found out by trying.

Root may make them at once. Anybody else needs a user namespace, in which they are root: `rootless`
runs a command inside one. Nothing outlives it: its processes have a PID namespace of their own, so
all of them die with the first.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from wanfailover.errors import LabError

PACKAGES = {
    "ip": "iproute2",
    "nft": "nftables",
    "conntrack": "conntrack",
    "unshare": "util-linux",
    "setpriv": "util-linux",
}
"""The commands a lab needs, with Debian's packages for them."""

_ADMINISTRATOR = "/usr/sbin:/sbin"
"""Where Debian keeps ip, nft and conntrack: not on the PATH of an ordinary user."""

_TRY = """
ip netns add "$1" || exit
ip netns exec "$1" nft "table ip try {
    chain try { type nat hook postrouting priority srcnat; masquerade; };
}"
failed=$?
ip netns delete "$1"
exit $failed
"""

# /run must be ours for namespaces to get names in it. Where resolv.conf is a link into the old
# /run, as systemd-resolved makes it, it must lead somewhere again.
_INSIDE = f"""
PATH=$PATH:{_ADMINISTRATOR}
mount -t proc proc /proc && mount -t tmpfs tmpfs /run && mkdir /run/netns || exit
resolver=$(readlink -m /etc/resolv.conf)
[ -e "$resolver" ] || {{ mkdir -p "${{resolver%/*}}" && : > "$resolver"; }} 2>/dev/null
exec "$@"
"""
_UNSHARE = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork"),
    *("--kill-child", "sh", "-c", _INSIDE, "rootless"),
)

_FORBIDDING = {
    "kernel.unprivileged_userns_clone": ("0", "1"),
    "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),
    "user.max_user_namespaces": ("0", "10000"),
}
"""Kernel settings that can forbid user namespaces: the value that does, and one that does not."""

_GRACE = 1.0
"""Seconds a command has to end by itself after Ctrl-C, which the terminal sends to it as well."""


class Way(StrEnum):
    """How network namespaces can be had."""

    DIRECT = "direct"  # by this very process
    ROOTLESS = "rootless"  # inside a user namespace


def way() -> Way:
    """Find out how network namespaces can be had.

    Raises:
        LabError: Not at all; the message says what to do about it.
    """
    _need_commands()
    trial = ("sh", "-c", _TRY, "try", f"wanlab-{os.getpid()}-try-box")
    refused = _refusal(*trial)
    if not refused:
        return Way.DIRECT
    refused_rootless = _refusal(*_UNSHARE, *trial)
    if not refused_rootless:
        return Way.ROOTLESS
    if os.geteuid() == 0:
        raise LabError(
            f"network namespaces are forbidden here even to root ({refused}): "
            "a container must be a privileged one"
        )
    raise LabError(
        f"network namespaces are forbidden here ({refused_rootless}): {_remedy()}run it as root"
    )


def enter(argv: Sequence[str]) -> None:
    """Return where this process can make network namespaces; else run *argv*, which can, and exit.

    Raises:
        LabError: They cannot be had at all; the message says what to do about it.
    """
    if way() is Way.ROOTLESS:
        sys.exit(rootless(argv))


def rootless(argv: Sequence[str]) -> int:
    """Run a command as root of a user namespace; returns its exit status.

    SIGTERM to this process kills it and all that it started. After Ctrl-C it may end by itself.
    """
    with subprocess.Popen([*_UNSHARE, *argv]) as process:
        previous = signal.signal(signal.SIGTERM, lambda *_: process.kill())
        try:
            status = process.wait()
        except KeyboardInterrupt:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
            status = -signal.SIGINT
        finally:
            process.kill()
            signal.signal(signal.SIGTERM, previous)
    return status if status >= 0 else 128 - status


def _need_commands() -> None:
    path = f"{os.environ.get('PATH', os.defpath)}:{_ADMINISTRATOR}"
    missing = [command for command in PACKAGES if not shutil.which(command, path=path)]
    if missing:
        packages = dict.fromkeys(PACKAGES[command] for command in missing)
        raise LabError(
            f"the packet lab needs the commands {', '.join(missing)}: "
            f"install the packages {' '.join(packages)}"
        )


def _refusal(*trial: str) -> str:
    """What the system said against it; empty where it worked."""
    done = subprocess.run(trial, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().splitlines()
    return said[-1] if said else f"exit status {done.returncode}"


def _remedy() -> str:
    for key, (forbidding, allowing) in _FORBIDDING.items():
        setting = Path("/proc/sys", *key.split("."))
        if setting.exists() and setting.read_text().strip() == forbidding:
            return f"set 'sysctl {key}={allowing}', or "
    return ""
