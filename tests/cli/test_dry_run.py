"""What the dry run of a switch shows: `desk.rehearse`, by a driver that types little of a plan."""

from __future__ import annotations

import pytest

from tests.scenarios.world import site
from wanfailover.core.facts import SwitchRequest
from wanfailover.desk import rehearse
from wanfailover.ports import RouterAccess
from wanfailover_command.plugin import PLUGIN

LEFT = " (nothing is typed for it: left to the router)"


@pytest.mark.parametrize("forget", [None, "clear-nat"])
async def test_a_step_for_which_nothing_is_typed_says_so(tmp_path, forget):
    """Two commands have neither connections forgotten nor neighbours told; a third does one."""
    office = site()
    first, other = office.circuits
    told = tmp_path / "told"
    told.write_text(f"address {first.address}\ngateway {first.gateway}\n")
    options = {"read": f"cat {told}", "set": "set-wan"} | ({"forget": forget} if forget else {})
    driver = PLUGIN.build(RouterAccess(None, "local", options=PLUGIN.options(options)))
    reply = await rehearse(office, SwitchRequest("r", "backup"), driver, None)
    await driver.close()
    assert reply.exit == 0
    steps = reply.lines[1 : reply.lines.index("Typed to the router:")]
    left = LEFT if forget is None else ""
    assert list(steps) == [
        f"  set the external address to {other.address}, instead of {first.address}",
        f"  set the default gateway to {other.gateway}",
        f"  forget connections that leave from {first.address.ip}{left}",
        f"  announce {other.address.ip} to the neighbours{LEFT}",
    ]
