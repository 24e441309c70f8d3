"""Each row of `check` made red or yellow for real, and read: what it says is in `check/`.

A case does to the lab, or to the profile, what its name says. Its golden file has all rows that are
not green then. That no row is without a case, `tests/cli/test_rows.py` sees to.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.packets import customer
from tests.packets.bench_of_checks import MX, SERVERS, Bench, Case
from tests.packets.hosts import eventually
from wanfailover.core import entries as log
from wanfailover.core.patience import DAY
from wanfailover.journal.writer import Journal
from wanfailover.lab.addresses import ECHO, MAIL
from wanfailover.sites import SiteDir

pytestmark = pytest.mark.timeout(120)

GOLDEN = Path(__file__).parent / "check"

CASES: dict[str, Callable[[Case], str | None]] = {}


def case(function: Callable[[Case], str | None]) -> Callable[[Case], str | None]:
    """Add a case; it gives what was shown where it has looked by itself."""
    CASES[function.__name__.replace("_", "-")] = function
    return function


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("bench")) as made:
        yield made


@pytest.mark.parametrize("name", CASES)
def test_a_row(bench: Bench, tmp_path: Path, request: pytest.FixtureRequest, name: str) -> None:
    with Case(bench, tmp_path) as this:
        shown = CASES[name](this) or this.check()
    golden = GOLDEN / f"{name}.txt"
    if request.config.getoption("--regold"):
        golden.write_text(shown)
    assert shown == golden.read_text()


def test_every_file_is_of_a_case() -> None:
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(CASES)


@case
def all_is_well(_: Case) -> None:
    pass


# The router: whether it lets us in, and what it is like.


@case
def router_does_not_listen(this: Case) -> None:
    this.by_ssh()
    this.router["port"] = 2222


@case
def router_refuses_the_login(this: Case) -> None:
    key = this.by_ssh().directory / "stranger"
    this.router["credentials"]["key"] = {"file": str(key)}


@case
def router_has_another_host_key(this: Case) -> None:
    door = this.by_ssh()
    known = this.folder / "known_hosts"
    known.write_text(f"{this.router['host']} {(door.directory / 'stranger.pub').read_text()}")
    this.router["credentials"]["known_hosts"] = {"file": str(known)}


@case
def login_is_not_root(this: Case) -> None:
    this.by_ssh()


@case
def login_may_not_sudo(this: Case) -> None:
    this.by_ssh()
    this.options["sudo"] = True


@case
def router_is_on_neither_circuit(this: Case) -> None:
    this.type(
        "router",
        "ip address add 203.0.113.4/29 dev wan; "
        "ip route replace default via 203.0.113.1 dev wan src 203.0.113.4",
        "ip route replace default via 203.0.113.1 dev wan src 203.0.113.2; "
        "ip address delete 203.0.113.4/29 dev wan",
    )


@case
def tools_are_missing(this: Case) -> None:
    this.instead("/usr/sbin/conntrack")
    this.instead("/usr/bin/arping")


@case
def interface_is_not_there(this: Case) -> None:
    this.backup["interface"] = "wan9"


@case
def interface_is_down(this: Case) -> None:
    this.type("router", "ip link add idle type veth peer name plug", "ip link delete idle")
    this.backup["interface"] = "idle"


@case
def interface_has_no_cable(this: Case) -> None:
    add = "ip link add idle type veth peer name plug; ip link set idle up"
    this.type("router", add, "ip link delete idle")
    this.backup["interface"] = "idle"


@case
def dhcp_has_the_interface(this: Case) -> None:
    change = "ip address change 203.0.113.2/29 dev wan valid_lft {0} preferred_lft {0}"
    this.type("router", change.format(900), change.format("forever"))


FIXED = (
    "nft 'table ip fixed { chain c { type nat hook postrouting priority 200; "
    "oifname wan snat to 203.0.113.2; }; }'"
)


@case
def nat_has_a_fixed_address(this: Case) -> None:
    this.type("router", FIXED, "nft delete table ip fixed")


@case
def nat_has_one_that_is_changed_with_us(this: Case) -> None:
    this.type("router", FIXED, "nft delete table ip fixed")
    this.options |= {"after": ["/sbin/follow"], "undo": ["/sbin/follow"]}


@case
def nat_cannot_be_read(this: Case) -> None:
    this.instead("/usr/sbin/nft")
    this.instead("/usr/sbin/iptables")


@case
def ipv6_leaves_by_itself(this: Case) -> None:
    switch = "echo {} > /proc/sys/net/ipv6/conf/wan/disable_ipv6"
    does = f"{switch.format(0)}; ip -6 route add default dev wan"
    this.type("router", does, f"ip -6 route delete default; {switch.format(1)}")


@case
def clocks_differ(this: Case) -> None:
    this.instead("/bin/date", "echo 1000000000")
    shown = this.check()
    apart = shown.partition("router's are ")[2].partition(" apart")[0]
    assert apart.endswith(" days")
    return shown.replace(apart, "<n> days")


@case
def nothing_can_be_kept_there(this: Case) -> None:
    this.read_only("/run", "/tmp")


# Marks


@case
def mark_is_not_set_up(this: Case) -> None:
    this.backup["vantage"] = {"mark": 8}


@case
def mark_without_nft(this: Case) -> None:
    this.backup["vantage"] = {"mark": 8}
    this.instead("/usr/sbin/nft")


@case
def mark_is_somebody_elses(this: Case) -> None:
    this.backup["vantage"] = {"mark": 8}
    this.type("router", "ip rule add priority 408 table 77", "ip rule delete priority 408")


@case
def mark_without_an_inside_address(this: Case) -> None:
    this.backup["vantage"] = {"mark": 8}
    del this.router["host"]


@case
def mark_meets_nothing(this: Case) -> None:
    marked(this)
    this.filter("router", "prerouting", "ip dscp 8 drop")  # after ours; the mark is what it meets


@case
def mark_is_not_whole(this: Case) -> None:
    marked(this)
    this.type("router", "ip rule delete priority 408", "true")


@case
def mark_and_strict_filtering(this: Case) -> None:
    this.backup["vantage"] = {"mark": 8}
    path = "/proc/sys/net/ipv4/conf/wan/rp_filter"
    before = this.bench.type("router", f"cat {path}").strip()
    this.type("router", f"echo 1 > {path}", f"echo {before} > {path}")


MARK = """
import asyncio, sys
from pathlib import Path
from wanfailover import config
from wanfailover.cli.router import driver_of
from wanfailover.sites import SiteDir
profile = config.load(Path(sys.argv[1]))
driver = driver_of(profile, SiteDir(profile.file.parent / "state"))
marked = [circuit for circuit in profile.circuits if circuit.marked]
asyncio.run(driver.mark(marked if sys.argv[2] == "set" else []))
"""


def marked(this: Case) -> None:
    """The mark is on the router, as an agent sets it up; no probe has come by."""
    this.backup["vantage"] = {"mark": 8}
    this.check()  # writes the profile
    argv = (sys.executable, "-c", MARK, str(this.folder / "office.yaml"))

    def mark(what: str) -> None:
        done = this.lab.run("office", *argv, what)
        assert done.returncode == 0, done.stderr

    mark("set")
    this.finally_(mark, "clear")


# Tunnels


ALONE = {"name": "a", "check": {"icmp": "10.20.0.1", "deadline": "1s"}}
RENEWED = ALONE | {"ike": "customer", "child": "lan"}


@case
def tunnel_is_left_alone_and_dead(this: Case) -> None:
    this.more["tunnels"] = [ALONE]


@case
def tunnel_that_the_driver_cannot_renew(this: Case) -> None:
    read = "echo address 203.0.113.2/29; echo gateway 203.0.113.1; echo interface wan"
    this.router = {
        "driver": "command",
        "transport": "local",
        "options": {"read": read, "set": "true"},
    }
    this.more["tunnels"] = [RENEWED]


@case
def tunnels_without_strongswan(this: Case) -> None:
    this.more["tunnels"] = [RENEWED]
    this.options["swanctl_uri"] = "unix:///nowhere"


FAULTY = """
connections {
    customer {
        local_addrs = 203.0.113.2
        remote_addrs = 192.0.2.130
        local { auth = psk }
        remote { auth = psk }
        children { wan { remote_ts = 10.20.0.0/24 } }
    }
}
"""


@case
def tunnels_with_every_fault(this: Case) -> None:
    customer.needed()
    this.gateway(FAULTY)
    other = {
        "name": "b",
        "check": {"icmp": "10.20.0.2", "deadline": "1s"},
        "ike": "nobody",
        "child": "lan",
    }
    this.more["tunnels"] = [RENEWED, other]


@case
def tunnel_on_the_old_address(this: Case) -> str:
    customer.needed()
    this.bench.customer()
    router = this.gateway(customer.NEAR)
    this.more["tunnels"] = [RENEWED]
    assert eventually(lambda: "ESTABLISHED" in router.swanctl("--list-sas").stdout)
    this.type(
        "router",
        "ip address add 198.51.100.77/24 dev wan; "
        "ip route replace default via 198.51.100.1 dev wan src 198.51.100.77",
        "ip route replace default via 203.0.113.1 dev wan src 203.0.113.2; "
        "ip address delete 198.51.100.77/24 dev wan",
    )
    return this.check()


# What the profile asks


@case
def profile_has_one_target(this: Case) -> None:
    del this.probes[1:]


@case
def profile_asks_seldom(this: Case) -> None:
    for probe in this.probes:
        probe["every"] = "60s"


@case
def line_is_known_for_days(this: Case) -> None:
    site = SiteDir(this.folder / "state" / "office")
    site.path.mkdir(parents=True)
    journal = Journal(site.journal)
    days = [log.LineLearned("primary", day, DAY, (1.2,), ()) for day in range(3)]
    asyncio.run(journal.append(days, 0.0))
    journal.close()


@case
def secret_that_others_can_read(this: Case) -> None:
    secret = this.folder / "secret"
    secret.write_text("hush\n")
    secret.chmod(0o644)
    this.by_ssh()
    this.router["credentials"] |= {"sudo_password": {"file": "secret"}}


@case
def ping_is_forbidden(this: Case) -> str:
    return this.check("setpriv", "--bounding-set=-net_raw")


# What answers


@case
def target_is_dead(this: Case) -> None:
    this.probes[0]["icmp"] = "192.0.2.99"


@case
def only_target_is_dead(this: Case) -> None:
    this.probes[:] = [{"icmp": "192.0.2.99", "deadline": "1s"}]


@case
def gateway_is_mute(this: Case) -> None:
    this.filter("isp-primary", "input", "icmp type echo-request drop")


@case
def router_is_mute_inside(this: Case) -> None:
    this.filter("router", "input", "iifname lan icmp type echo-request drop")


@case
def backup_is_dead(this: Case) -> None:
    this.fault("dsl-down", "backup")


@case
def vantage_is_not_there(this: Case) -> None:
    this.backup["vantage"] = {"source": "198.51.100.79"}


@case
def backup_is_out_of_sight(this: Case) -> None:
    del this.backup["vantage"]


@case
def better_circuit_is_out_of_sight(this: Case) -> None:
    del this.backup["vantage"]
    this.circuits.reverse()


@case
def better_circuit_is_out_of_sight_and_left_to_people(this: Case) -> None:
    better_circuit_is_out_of_sight(this)
    this.more["failback"] = {"method": "manual"}


@case
def fewer_answer_than_must(this: Case) -> None:
    this.probes[0]["icmp"] = "192.0.2.99"
    this.more["need"] = 3


@case
def one_of_two_spares_is_dead(this: Case) -> None:
    """The third is a way by the primary's line: what it is like does not matter here."""
    this.circuits.append(
        {
            "name": "third",
            "address": "203.0.113.4/29",
            "gateway": "203.0.113.1",
            "interface": "wan",
            "vantage": {"bind": "eth1"},
        }
    )
    this.fault("dsl-down", "backup")


@case
def modem_has_no_line(this: Case) -> None:
    this.fault("dsl-down", "backup")
    host, index = this.lab.modem("backup")[1:-1].split(", ")
    device = {"host": host.partition(": ")[2], "index": int(index.partition(": ")[2])}
    this.backup["vantage"] = {"device": device}


@case
def modem_is_mute(this: Case) -> None:
    this.backup["vantage"] = {"device": {"host": "192.168.10.101", "index": 1}}


@case
def line_does_not_wake(this: Case) -> None:
    this.backup["wake"] = {"icmp": "198.51.100.9", "within": "1s"}


# Mail


SMTP = {"smtp": f"{MAIL}:25", "deadline": "2s"}


@case
def port_25_is_blocked(this: Case) -> None:
    this.probes.append(SMTP)
    this.fault("port25", "backup")


@case
def port_25_is_unknown(this: Case) -> None:
    this.probes.append(SMTP)
    del this.backup["vantage"]


def mail(this: Case, server: str, **more: object) -> None:
    """The profile has a backup MX."""
    this.bench.mx()
    canary = {"to": "canary@office.test", "listen": "192.168.10.10:2526"}
    mx = {"domains": ["office.test"], "backup_mx": f"{MX}:{SERVERS[server]}", "canary": canary}
    this.more["mail"] = {key: value for key, value in (mx | more).items() if value is not None}


@case
def mail_is_well(this: Case) -> None:
    mail(this, "well")


@case
def mail_and_an_open_relay(this: Case) -> None:
    mail(this, "relay")


@case
def mail_is_put_off(this: Case) -> None:
    mail(this, "puts-off")


@case
def mail_is_refused(this: Case) -> None:
    mail(this, "refuses")


@case
def mail_of_strangers_is_put_off(this: Case) -> None:
    mail(this, "unsure")


@case
def mail_without_etrn(this: Case) -> None:
    mail(this, "mute")


@case
def mail_is_not_asked_for(this: Case) -> None:
    mail(this, "well", etrn=False)


@case
def mail_server_is_dead(this: Case) -> None:
    mail(this, "well", backup_mx=f"{MX}:2599")


@case
def mail_server_without_a_tunnel(this: Case) -> None:
    mail(this, "well", backup_mx="10.20.0.25:25")


@case
def mail_without_a_canary(this: Case) -> None:
    mail(this, "well", canary=None)


@case
def canary_has_nowhere_to_land(this: Case) -> None:
    canary = {"to": "canary@office.test", "listen": "192.168.10.99:2526"}
    mail(this, "well", canary=canary)


# Who is told


@case
def one_path_of_notifications_is_dead(this: Case) -> None:
    this.more["notify"] = [
        {"webhook": f"http://{ECHO[0]}:7/"},
        {"webhook": f"http://{ECHO[0]}:81/"},
    ]


@case
def nobody_would_be_told(this: Case) -> None:
    this.more["notify"] = [{"webhook": f"http://{ECHO[0]}:81/"}]
