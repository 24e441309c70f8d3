"""What `mail-config` prints of tunnels: the files that the packet tests run, with names put in."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.drivers.testbed import PORTS, SWAP
from wanfailover.core.site import Tunnel
from wanfailover.mail.strongswan import FILES, filled

FOLDER = Path(__file__).parents[2] / "deploy" / "strongswan"
SHIPPED = ("office.conf", "customer.conf", "fence.nft")
TUNNEL = Tunnel("customer-a", "icmp 10.20.0.1", ike="customer", child="lan")
MARK = "# The profile does not tell all of this one; it is an example:"


def plain(text: str) -> str:
    """Without its heading, and what marks an example."""
    kept = [line for line in text.splitlines()[1:] if line.strip() != MARK]
    return "\n".join(kept) + "\n"


def test_what_tests_run_is_what_is_printed():
    """By the names that the shipped files have, they are the shipped files, none left out."""
    printed = list(filled(TUNNEL, SWAP.circuits))
    assert {file.name for file in FOLDER.iterdir()} == set(SHIPPED)
    assert [text.splitlines()[0] for text in printed] == [
        f"# --- {name}: {use} ---" for name, use in FILES.items()
    ]
    assert [plain(text) for text in printed] == [(FOLDER / name).read_text() for name in SHIPPED]


def test_the_profiles_names_are_put_in():
    """Connection and child at the office's end, the circuits' interfaces in the fence."""
    office, customer, fence = filled(replace(TUNNEL, ike="acme", child="net"), PORTS.circuits)
    assert re.search(r"^    acme \{$", office, re.MULTILINE)
    assert re.search(r"^ +net \{$", office, re.MULTILINE)
    assert "ike: acme, child: net" in office
    assert "id = customer" in office, "the other end's name is its own"
    assert plain(customer) == (FOLDER / "customer.conf").read_text()
    assert 'oifname { "wan0", "wan1" } ip daddr' in fence


def test_what_no_profile_tells_is_marked():
    """Networks, the customer's address and the secret: each right behind its mark."""
    for text in filled(TUNNEL, SWAP.circuits):
        lines = [line.strip() for line in text.splitlines()]
        marked = {
            lines[i + 1].split(" = ")[0].split(" ip ")[0]
            for i, at in enumerate(lines)
            if at == MARK
        }
        assert marked in (
            {"remote_addrs", "local_ts", "remote_ts", "secret"},
            {"local_ts", "remote_ts", "secret"},
            {'oifname "wan"'},
        )


def test_the_fence_is_one_that_nft_takes(tmp_path: Path):
    if shutil.which("nft", path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
        pytest.skip("nft is not here: apt-get install nftables")
    (tmp_path / "fence.nft").write_text(list(filled(TUNNEL, PORTS.circuits))[2])
    done = subprocess.run(
        ["unshare", "-rn", "nft", "-c", "-f", tmp_path / "fence.nft"],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    assert (done.returncode, done.stderr) == (0, "")
