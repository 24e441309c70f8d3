"""What `check` is told about an R9100."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

import pytest

from tests.drivers.netopia.rig import assert_left_alone, driver, edited, switch, unit
from tests.support.clock import virtual_time
from wanfailover.abilities import Inspectable, Prompting, Recordable
from wanfailover.errors import LoginRefused
from wanfailover.ports import Forgetful, Secret, Severity
from wanfailover_netopia.effect import utc_now

CHANGES = "netopia-r9100 {}: changes"


@virtual_time
async def test_what_it_can_do() -> None:
    """It looks round, records, and hears traps."""
    who = driver(unit())
    for ability in (Inspectable, Recordable, Prompting):
        assert isinstance(who, ability)
    await who.close()


@pytest.mark.parametrize(
    ("variant", "given", "subject", "severity", "words"),
    [
        ("fw48", {}, "changes", "yellow", "is Yes, so they should not"),
        ("fw48+restart", {}, "changes", "yellow", "is No, so they may"),
        ("fw48+restart", {"known": "immediate"}, "changes", "yellow", "when this was last seen"),
        ("fw48", {"known": "immediate"}, "changes", "green", "by themselves"),
        ("fw48", {"known": "restart", "restart": False}, "changes", "yellow", "is Yes now"),
        ("fw48+restart", {"known": "restart", "restart": False}, "changes", "red", "forbids"),
        ("classic", {}, "snmp", "green", "read by SNMP"),
        ("snmp-off", {}, "snmp", "yellow", "does not answer"),
        ("classic", {"snmp": None}, "snmp", "yellow", "console alone"),
        ("classic", {}, "values", "green", "hold what it runs"),
        ("dhcp", {}, "values", "yellow", "DHCP"),
        ("classic", {}, "changes", "yellow", "not known yet"),
        ("classic", {"known": "immediate"}, "changes", "green", "by themselves"),
        ("classic", {"known": "restart", "restart": False}, "changes", "red", "forbids"),
        ("classic", {"known": "restart", "age": 25, "restart": False}, "changes", "yellow", "day"),
        ("classic", {"known": "restart", "age": -1, "restart": False}, "changes", "yellow", "day"),
        ("classic", {"known": "banana"}, "changes", "yellow", "not known yet"),
        ("classic", {"known": "restart"}, "changes", "yellow", "by SNMP"),
        ("classic", {"known": "restart", "settable": False}, "changes", "yellow", "from its menu"),
        ("vpn-row", {}, "vpn", "yellow", "HQ tunnel"),
        ("classic", {}, "vpn", "green", "no tunnel"),
        ("fixed-server", {}, "servers", "red", "203.0.113.2"),
        ("classic", {}, "events", "green", "203.0.113.2"),
        ("fw48", {}, "firmware", "green", "4.8.2"),
        ("fw3", {}, "firmware", "green", "3.2"),
    ],
)
@virtual_time
async def test_findings(
    variant: str, given: dict[str, Any], subject: str, severity: str, words: str
) -> None:
    """Each thing that matters for a switch has a row, a colour and a sentence."""
    router = unit(variant)
    notes = Forgetful()
    given = dict(given)
    if known := given.pop("known", None):
        since = utc_now() - timedelta(hours=given.pop("age", 1))
        notes.put(CHANGES.format(router.version), f"{known} {since.isoformat()}")
    who = driver(router, notes=notes, **given)
    rows = [row for row in await who.inspect() if row.subject == subject]
    await who.close()
    assert [row.severity for row in rows] == [Severity(severity)]
    assert words in rows[0].sentence
    assert edited(router) == []
    assert_left_alone(router)


@pytest.mark.parametrize(
    ("address", "taken", "severity", "words"),
    [
        ("127.0.0.1", False, "green", "can be heard"),
        ("127.0.0.1", True, "yellow", "listens"),
        ("192.0.2.1", False, "yellow", "no such address"),
    ],
)
@virtual_time
async def test_where_its_traps_are_heard(
    address: str, severity: str, words: str, *, taken: bool
) -> None:
    """The port is tried out; nothing is said of it where the profile names none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        if not taken:
            other.close()
        who = driver(unit(), trap_listen=(address, port))
        (row,) = [row for row in await who.inspect() if row.subject == "traps"]
        await who.close()
    assert (row.severity, words in row.sentence) == (Severity(severity), True)
    deaf = driver(unit())
    assert "traps" not in {row.subject for row in await deaf.inspect()}
    await deaf.close()


@pytest.mark.parametrize("variant", ["no-vpn-screen", "fw3"])
@virtual_time
async def test_what_is_not_there_is_not_judged(variant: str) -> None:
    """A firmware without VPN has no row on it."""
    who = driver(unit(variant))
    assert "vpn" not in {row.subject for row in await who.inspect()}
    await who.close()


@virtual_time
async def test_after_a_switch_it_is_known_how_changes_take_effect() -> None:
    """What a supervised switch has found out turns the yellow row green."""
    who = driver(unit("link-reset"))
    await switch(who, "backup")
    rows = {row.subject: row.severity for row in await who.inspect()}
    assert rows["changes"] is Severity.GREEN
    await who.close()


@pytest.mark.parametrize("variant", ["password", "password-only", "tries-1", "prompts-spaced"])
@pytest.mark.parametrize(
    "wrong", [{"password": Secret("hunter2")}, {"username": None, "password": None}]
)
@virtual_time
async def test_wrong_credentials(variant: str, wrong: dict[str, Any]) -> None:
    """Who is asked again, or hung up on, was refused; who has nothing to say is told to."""
    router = unit(variant)
    who = driver(router, **wrong)
    with pytest.raises(LoginRefused, match="credentials") as caught:
        await who.read()
    assert "hunter2" not in str(caught.value)
    await who.close()
    assert router.sessions == 0
