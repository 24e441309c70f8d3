"""What `check` finds on a router: judged from recorded surveys, and on real ones."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.drivers.test_commands import router_on_primary
from tests.drivers.test_moves import FIXED, address, drive
from tests.drivers.testbed import PORTS, SWAP, Testbed
from wanfailover.core import site
from wanfailover.core.site import Circuit, Site
from wanfailover.errors import UnreadableReply
from wanfailover.ports import Finding, Severity
from wanfailover.transports.shell import Completed
from wanfailover_iproute2.findings import judge
from wanfailover_iproute2.reading import LinuxView
from wanfailover_iproute2.survey import Survey, read_survey

GREEN, YELLOW, RED = Severity.GREEN, Severity.YELLOW, Severity.RED
REPLIES = Path(__file__).with_name("replies")
MakeBed = Callable[..., Testbed]


def survey(name: str, **changes: object) -> Survey:
    found = read_survey(Completed(0, (REPLIES / f"survey-{name}.txt").read_text(), ""))
    return replace(found, **changes)


def findings(
    about: Survey, subject: str, circuits: tuple[Circuit, ...] = SWAP.circuits, **more: object
) -> list[Finding]:
    view = more.pop("view", router_on_primary(SWAP))
    assert isinstance(view, LinuxView)
    found = judge(view, about, circuits, repairs=bool(more.get("repairs")))
    return [finding for finding in found if finding.subject == subject]


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1, found
    return found[0]


def test_every_bad_finding_has_a_remedy() -> None:
    """What is not green says what to do."""
    for name in ("debian", "networkd", "openwrt"):
        for finding in judge(router_on_primary(SWAP), survey(name), SWAP.circuits):
            assert finding.severity is GREEN or finding.remedy, finding


@pytest.mark.parametrize(
    ("name", "severity", "words"),
    [("debian", GREEN, "may be changed"), ("networkd", RED, "Operation not permitted")],
)
def test_rights(name: str, severity: Severity, words: str) -> None:
    """The right to change routes was tried, and the router's own words are told."""
    finding = only(findings(survey(name), "rights"))
    assert finding.severity is severity
    assert words in finding.sentence


@pytest.mark.parametrize(
    ("name", "program", "remedy"),
    [
        ("debian", "NetworkManager", "nmcli device set wan managed no"),
        ("networkd", "systemd-networkd", "Unmanaged=yes"),
        ("openwrt", "netifd", "proto 'none'"),
    ],
)
def test_programs_that_configure_by_themselves(name: str, program: str, remedy: str) -> None:
    """Who may put its own address back is named, for the external interface only."""
    found = [f for f in findings(survey(name), "writers") if f.severity is YELLOW]
    assert program in only(found).sentence
    assert "wan" in only(found).sentence
    assert remedy in only(found).remedy


def test_what_happens_at_boot() -> None:
    """ifupdown is no other writer, but it decides where the router is after a boot."""
    found = [f for f in findings(survey("debian"), "writers") if f.severity is GREEN]
    assert "/etc/network/interfaces configures wan at boot" in only(found).sentence


@pytest.mark.parametrize(("name", "client"), [("debian", "/sbin/dhclient"), ("openwrt", "udhcpc")])
def test_a_dhcp_client(name: str, client: str) -> None:
    """A DHCP client on an external interface would undo a switch."""
    found = [f for f in findings(survey(name), "writers") if f.severity is RED]
    assert client in only(found).sentence


def test_a_leased_address() -> None:
    """So would one that does not tell its interface, whose address has an end."""
    view = replace(router_on_primary(SWAP), leased=frozenset({SWAP.circuits[0].address}))
    found = findings(survey("networkd"), "writers", view=view)
    red = only([f for f in found if f.severity is RED])
    assert "203.0.113.2/29 is leased" in red.sentence


@pytest.mark.parametrize(("name", "circuit"), [("debian", "primary"), ("networkd", "backup")])
def test_a_fixed_source(name: str, circuit: str) -> None:
    """A NAT rule with one circuit's address is red, by nftables and by iptables."""
    finding = only(findings(survey(name), "nat"))
    assert finding.severity is RED
    assert f"only {circuit} carries" in finding.sentence
    assert "masquerade instead" in finding.remedy


def test_a_fixed_source_that_the_site_moves() -> None:
    """With commands of the site's own it is only to be looked at."""
    finding = only(findings(survey("debian"), "nat", repairs=True))
    assert finding.severity is YELLOW


def test_a_fixed_source_on_a_circuits_own_port() -> None:
    """Where only one circuit leaves by the rule's interface, the rule may stay."""
    first = replace(SWAP.circuits[0], interface="wan")
    second = replace(SWAP.circuits[1], interface="wan1")
    finding = only(findings(survey("debian"), "nat", (first, second)))
    assert finding.severity is GREEN


def test_rules_that_cannot_be_read() -> None:
    """That nothing was seen is not told as that there is nothing."""
    finding = only(findings(survey("openwrt"), "nat"))
    assert finding.severity is YELLOW
    assert "cannot be read" in finding.sentence


@pytest.mark.parametrize(
    ("name", "severity", "words"),
    [
        ("debian", GREEN, "is up and has carrier"),
        ("networkd", RED, "has no carrier"),
        ("openwrt", RED, "is not up"),
    ],
)
def test_links(name: str, severity: Severity, words: str) -> None:
    """Each external interface is there, set up, and has something at the other end."""
    finding = only(findings(survey(name), "interface"))
    assert (finding.severity, words in finding.sentence) == (severity, True)


def test_an_interface_that_is_not_there() -> None:
    """A profile that names an unknown interface is told the known ones."""
    circuits = tuple(replace(c, interface="eth7") for c in SWAP.circuits)
    finding = only(findings(survey("debian"), "interface", circuits))
    assert finding.severity is RED
    assert finding.remedy == "correct `interface`: it has lo, enp1s0, wan"


def test_ipv6() -> None:
    """An IPv6 default route goes round every switch."""
    assert only(findings(survey("debian"), "ipv6")).severity is YELLOW
    assert findings(survey("networkd"), "ipv6") == []


def test_rp_filter_only_where_marked_probes_come_back() -> None:
    """Strict filtering matters only to a circuit that is seen by marked probes while it is idle."""
    marked = replace(SWAP.circuits[1], vantage=site.Path(dscp=8))
    circuits = (SWAP.circuits[0], marked)
    assert "rp_filter=2" in only(findings(survey("debian"), "rp_filter", circuits)).remedy
    assert findings(survey("networkd"), "rp_filter", circuits) == []  # the loosest of both counts
    assert findings(survey("debian"), "rp_filter") == []


@pytest.mark.parametrize(
    ("clock", "severity"), [(1_000, GREEN), (1_010, GREEN), (989, YELLOW), (4_600, YELLOW)]
)
def test_two_clocks(clock: int, severity: Severity) -> None:
    """One is wrong where they are apart, and this host's is the one that windows go by."""
    about = survey("debian", clock=clock)
    found = judge(router_on_primary(SWAP), about, SWAP.circuits, now=1_000.0)
    finding = only([finding for finding in found if finding.subject == "clock"])
    assert finding.severity is severity
    assert ("1 h apart" in finding.sentence) == (clock == 4_600)
    assert findings(survey("debian"), "clock") == []  # one that does not tell


@pytest.mark.parametrize("tool", ["conntrack", "arping"])
def test_a_missing_tool(tool: str) -> None:
    """A tool that is missing is told with its price."""
    view = router_on_primary(SWAP)
    finding = only(
        findings(survey("debian"), "tools", view=replace(view, tools=view.tools - {tool}))
    )
    assert (finding.severity, finding.remedy) == (YELLOW, f"install {tool}")


@pytest.mark.parametrize("out", ["", "== rights\n", "== rights\n== links\nno json\n"])
def test_a_survey_that_cannot_be_read(out: str) -> None:
    """What is no answer to the questions is UnreadableReply."""
    with pytest.raises(UnreadableReply, match="account of itself"):
        read_survey(Completed(0, out, "sh: no"))


@pytest.mark.parametrize(
    ("keeps", "severity", "words"),
    [(("/run", "/tmp"), GREEN, "in /run"), (("/tmp",), GREEN, "in /tmp"), ((), YELLOW, "no timed")],
)
def test_a_place_for_a_timed_undo(keeps: tuple[str, ...], severity: Severity, words: str) -> None:
    """Without one the dead man's switch cannot be armed, which is told and no obstacle."""
    finding = only(findings(survey("debian", keeps=keeps), "timed undo"))
    assert (finding.severity, words in finding.sentence) == (severity, True)


@pytest.mark.packets
@pytest.mark.parametrize("site", [SWAP, PORTS], ids=lambda site: site.name)
async def test_a_healthy_router_is_green(make_bed: MakeBed, site: Site) -> None:
    """On a router where a failover works nothing is red or yellow, and nothing is changed."""
    bed = make_bed(site)
    before = bed.held()
    found = await drive(bed).inspect()
    assert {f.severity for f in found} == {GREEN}, found
    assert {"clock", "rights", "tools", "interface", "nat", "timed undo"} == {
        f.subject for f in found
    }
    assert bed.held() == before


@pytest.mark.packets
async def test_a_sick_router_is_red(make_bed: MakeBed, tmp_path: Path) -> None:
    """Each real trouble is found: a fixed SNAT, DHCP, a dead link, IPv6."""
    bed = make_bed(PORTS)
    bed.sh(
        "router",
        f"{FIXED.format(address(PORTS, 'primary'))}; "
        "ip addr change 203.0.113.2/29 dev wan0 valid_lft 900 preferred_lft 900; "
        "ip -6 addr add 2001:db8::2/64 dev wan0; ip -6 route add default via 2001:db8::1 dev wan0",
    )
    bed.sh("isp", "ip link set wan1 down")
    with dhcp_client(bed, tmp_path, "wan0"):
        found = await drive(bed).inspect()
    bad = {f.subject: f.sentence for f in found if f.severity is not GREEN}
    assert sorted(bad) == ["interface", "ipv6", "nat", "writers"]
    assert "wan1 has no carrier" in bad["interface"]
    assert "udhcpc -i wan0' runs" in bad["writers"]


@contextmanager
def dhcp_client(bed: Testbed, directory: Path, interface: str) -> Iterator[None]:
    """Something on the router that by its name and arguments is a DHCP client."""
    script = directory / "udhcpc"
    script.write_text("#!/bin/sh\necho ready; read forever\n")
    script.chmod(0o755)
    command = bed.spaces.enter("router", script, "-i", interface)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.communicate(b"\n")
