"""Where things of ours are kept on the router for a while: in memory, and for one router alone.

The folder is root's in /run where we are root, else the log-in's own in /tmp. Its name holds the
network namespace, for that is what makes a router: several of them may share one file system. It is
gone after a reboot, as is what `ip` has changed; where /tmp is on a disk, the boot's own id tells.
"""

from __future__ import annotations

from string import Template

STEAL_AFTER = 5
"""Seconds after which a lock is nobody's any more: what is done under it takes milliseconds."""

PLACE = """\
read -r up _ </proc/uptime && up=${up%%.*}
read -r boot </proc/sys/kernel/random/boot_id
net=$(readlink /proc/self/ns/net) && net=${net#*\\[} && net=${net%]}
public=/run/wanfailover-$net
place() {
    for dir in "$public" "/tmp/wanfailover-$(id -u)-$net"; do
        mkdir -m 755 "$dir" 2>/dev/null
        [ -d "$dir" ] && [ ! -L "$dir" ] && [ -O "$dir" ] && [ -w "$dir" ] && return
    done
    dir=
    return 1
}
place
"""
"""Shell text that sets: up, seconds since boot; boot, its id; dir, the folder, or nothing."""

LOCK = Template(
    """\
lock() {
    tried=$$up
    until place && mkdir "$$dir/lock" 2>/dev/null; do
        read -r up _ </proc/uptime && up=$${up%%.*}
        [ $$((up - tried)) -lt $steal ] || rmdir "$$dir/lock" 2>/dev/null
        [ $$((up - tried)) -le $steal ] || return 1
        sleep 0.1 2>/dev/null || sleep 1
    done
}
unlock() { rmdir "$$dir/lock"; }
"""
).substitute(steal=STEAL_AFTER)
"""Shell functions, after `PLACE`: one of several at a time."""
