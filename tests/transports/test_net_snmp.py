"""The SNMP client and the trap listener against net-snmp, which somebody else wrote."""

from __future__ import annotations

import asyncio
import shutil
from ipaddress import IPv4Address

import pytest

from tests.transports.agents import free_port, loopback_up, snmpd
from wanfailover.errors import CommandRefused, RouterTimeout
from wanfailover.ports import Secret
from wanfailover.transports import traps
from wanfailover.transports.snmp import SnmpClient

pytestmark = pytest.mark.packets

READ, WRITE, WRONG = Secret("r3ad"), Secret("wr1te"), Secret("wr0ng")
DESCR, UPTIME, ABSENT = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.3.0", "1.3.6.1.4.1.304.1.3.1.4.5.0"
ADDRESSES = "1.3.6.1.2.1.4.20.1.1"
AUTHEN_TRAPS = "1.3.6.1.2.1.11.30.0"
SERVICES = "1.3.6.1.2.1.1.7.0"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with snmpd(tmp_path_factory.mktemp("snmpd")) as port:
        yield port


async def test_get_and_walk(port):
    """Absent objects among others, a table by its index, the whole MIB-II system group in order."""
    asking = SnmpClient("127.0.0.1", port, community=WRITE, read_community=READ)
    got = await asking.get(ABSENT, DESCR, f"{ABSENT}.1", UPTIME)
    assert (got[0], got[1], got[2]) == (None, b"Netopia R9100 v4.8.2", None)
    assert isinstance(got[3], int)
    table = await asking.walk(ADDRESSES)
    assert table["127.0.0.1"] == IPv4Address("127.0.0.1")
    system = await asking.walk("1.3.6.1.2.1.1")
    assert next(iter(system)) == "1.0"
    assert system["7.0"] == 72
    assert isinstance(system["2.0"], str)
    assert await asking.walk("1.3.6.1.4.1.304") == {}
    await asking.close()


async def test_set_with_each_community(port):
    """The one to set with sets; with the one to read, nothing; what is fixed is refused by name."""
    asking = SnmpClient("127.0.0.1", port, community=WRITE, read_community=READ)
    for value in (1, 2):
        await asking.set(AUTHEN_TRAPS, value)
        assert await asking.get(AUTHEN_TRAPS) == (value,)
    with pytest.raises(CommandRefused, match=r"noSuchName|readOnly"):
        await asking.set(SERVICES, 1)
    with pytest.raises(CommandRefused, match=r"badValue|genErr"):
        await asking.set(AUTHEN_TRAPS, 7)
    await asking.close()
    reader = SnmpClient("127.0.0.1", port, community=READ)
    with pytest.raises(CommandRefused, match="noSuchName"):
        await reader.set(AUTHEN_TRAPS, 1)
    await reader.close()


async def test_a_wrong_community_is_met_with_silence(port):
    """As on every agent; the sentence says that it may be the reason."""
    asking = SnmpClient("127.0.0.1", port, read_community=WRONG)
    with pytest.raises(RouterTimeout, match="the community is another one") as silent:
        await asking.get(DESCR)
    assert "wr0ng" not in str(silent.value)
    await asking.close()


INTERFACE = ("1.3.6.1.2.1.2.2.1.1.2", "i", "2")


@pytest.mark.parametrize(
    ("generic", "specific", "binds", "told"),
    [
        ("0", "0", (), "coldStart"),
        ("2", "0", INTERFACE, "interface 2 went down (linkDown)"),
        ("3", "0", INTERFACE, "interface 2 came up (linkUp)"),
        ("4", "0", (), "authenticationFailure"),
        ("6", "17", (), "trap 17 of 1.3.6.1.4.1.304"),
    ],
)
async def test_traps_of_snmptrap_are_understood(tmp_path, generic, specific, binds, told):
    """Each kind that the router sends, as net-snmp's own command sends it."""
    if shutil.which("snmptrap") is None:
        pytest.skip("needs snmptrap, of package snmp")
    loopback_up()
    port, heard = free_port(), asyncio.Queue()
    listening = asyncio.create_task(traps.listen("127.0.0.1", port, "127.0.0.1", heard.put_nowait))
    await asyncio.sleep(0.2)
    sending = await asyncio.create_subprocess_exec(
        *("snmptrap", "-v", "1", "-c", "public", f"127.0.0.1:{port}"),
        *("1.3.6.1.4.1.304", "127.0.0.1", generic, specific, "4711", *binds),
        env={"MIBS": "", "PATH": "/usr/bin:/bin", "SNMP_PERSISTENT_DIR": str(tmp_path)},
    )
    assert await sending.wait() == 0
    async with asyncio.timeout(5):
        assert told in await heard.get()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
