"""The registry: every kind of spec has its prober, and nobody pays for kinds not in use."""

from __future__ import annotations

import subprocess
import sys
import typing

from wanfailover.probes import Names, build
from wanfailover.probes.kinds import KINDS
from wanfailover.specs import Device, Dns, Https, Icmp, Inside, ProbeSpec, Smtp, Tcp

SPECS = [
    Icmp("192.0.2.10"),
    Tcp("192.0.2.10", 80),
    Inside("192.0.2.10", 23),
    Smtp("192.0.2.10"),
    Dns("192.0.2.10", "example.net"),
    Https("https://192.0.2.10/"),
    Device("192.0.2.10", "1.3.6.1.2.1.2.2.1.8.1"),
]


def test_every_kind_has_a_row():
    """The table has each member of `ProbeSpec`, and no other."""
    assert set(KINDS) == set(typing.get_args(ProbeSpec)) == {type(spec) for spec in SPECS}


def test_every_kind_is_built():
    """Building needs no event loop and gives all that a prober must have."""
    for spec in SPECS:
        prober = build(spec, Names())
        prober.renew()
        prober.close()


def test_libraries_load_when_their_kind_is_built():
    """Importing the package loads none of the heavy libraries; building a kind loads its own."""
    script = """
import sys
from wanfailover.specs import Dns, Https, Smtp
from wanfailover.probes import Names, build
heavy = {"aiohttp", "aiosmtplib", "dns"}
assert not heavy & set(sys.modules)
for spec, library in {
    Smtp("x"): "aiosmtplib",
    Dns("x", "y"): "dns",
    Https("https://x"): "aiohttp",
}.items():
    build(spec, Names())
    heavy.discard(library)
    assert library in sys.modules
    assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
