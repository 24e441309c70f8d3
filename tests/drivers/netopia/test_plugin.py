"""The driver's options, and how it is found."""

from __future__ import annotations

import pytest

from wanfailover import plugins
from wanfailover.errors import DriverError
from wanfailover.ports import OptionsWrong, RouterAccess, Secret
from wanfailover_netopia.plugin import PLUGIN, Options


def test_is_found_by_its_entry_point() -> None:
    """Its name in a profile leads here, and telnet is its transport."""
    assert plugins.load("netopia-r9100") is PLUGIN
    assert PLUGIN.transports == ("telnet",)


def test_options_have_defaults() -> None:
    """No option must be given, and a restart is not allowed by silence."""
    assert PLUGIN.options({}) == Options(161, None, "forbidden", 120.0)


def test_options_are_taken_over() -> None:
    """Every known option arrives, in seconds where it is a time."""
    raw = {
        "snmp_port": None,
        "trap_listen": "0.0.0.0:1162",
        "restart": "allowed",
        "restart_within": "3m",
    }
    assert PLUGIN.options(raw) == Options(None, ("0.0.0.0", 1162), "allowed", 180.0)


PORT = "is a UDP port, 1 to 65535, or null for a router without SNMP"
LISTEN = "is an address of this host and a UDP port, such as 0.0.0.0:162, or null"
TIME = "is a duration, such as 120s or 2m"


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"snmp-port": 161}, "is no option of netopia-r9100; did you mean 'snmp_port'?"),
        (
            {"sudo": True},
            "is no option of netopia-r9100; it has snmp_port, trap_listen, restart, restart_within",
        ),
        ({"snmp_port": 0}, PORT),
        ({"snmp_port": 70000}, PORT),
        ({"snmp_port": True}, PORT),
        ({"snmp_port": "161"}, PORT),
        ({"trap_listen": 162}, LISTEN),
        ({"trap_listen": "here:162"}, LISTEN),
        ({"trap_listen": "0.0.0.0:0"}, LISTEN),
        ({"restart": True}, "is allowed or forbidden"),
        ({"restart": ["allowed"]}, "is allowed or forbidden"),
        ({"restart_within": 120}, TIME),
        ({"restart_within": "120"}, TIME),
        ({"restart_within": "0s"}, TIME),
    ],
)
def test_wrong_options(raw: dict[str, object], sentence: str) -> None:
    """Each option that cannot be used has one sentence that says what would be right."""
    with pytest.raises(OptionsWrong) as caught:
        PLUGIN.options(raw)
    assert caught.value.wrong == ((next(iter(raw)), sentence),)


def test_all_wrong_options_are_told_at_once() -> None:
    """Two mistakes are two sentences."""
    with pytest.raises(OptionsWrong) as caught:
        PLUGIN.options({"restart": 1, "snmp_port": 0})
    assert len(caught.value.wrong) == 2


@pytest.mark.parametrize(
    ("access", "sentence"),
    [
        (RouterAccess(None, "telnet"), "needs router.host"),
        (RouterAccess("192.168.1.1", "ssh"), "by transport telnet, not ssh"),
    ],
)
def test_what_it_cannot_be_made_from(access: RouterAccess, sentence: str) -> None:
    """It says what the profile lacks, before anything is connected to."""
    with pytest.raises(DriverError, match=sentence):
        PLUGIN.build(access)


def test_it_is_made_without_a_connection() -> None:
    """Building opens nothing, and shows no secret."""
    access = RouterAccess("192.0.2.1", "telnet", password=Secret("hunter2"))
    assert "hunter2" not in repr(vars(PLUGIN.build(access)))
