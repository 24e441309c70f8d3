"""What an office lives by, in one: its mail through its IPSec tunnel, there and back."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.packets import customer, postfix
from tests.packets.customer import QUICK, RENEWED, Site, pings, state
from tests.packets.hosts import eventually
from tests.packets.test_failover import settled
from tests.packets.test_mail import DOMAIN, SERVER, Mailing, servers
from wanfailover.lab import Lab, tunnel
from wanfailover.mail.drain import AGAIN

pytestmark = pytest.mark.timeout(150)

MAIL = f"mail: {{domains: [{DOMAIN}], backup_mx: '{tunnel.CUSTOMER}:25', server: '{SERVER}:25'}}"

OTHERS = {
    "its-mail": f"{{name: its-mail, check: {{smtp: '{tunnel.CUSTOMER}:25'}}, within: 5s}}",
    "its-port": f"{{name: its-port, check: {{tcp: '{tunnel.CUSTOMER}:25'}}, within: 5s}}",
}
"""The same tunnel by other checks; one of the three renews it."""


@pytest.fixture(autouse=True)
def _programs() -> None:
    postfix.needed()
    customer.needed()


def test_thirty_messages_each_way(lab: Lab, tmp_path: Path):
    """Tunnel within a second of each switch, mail within five of that; none lost, none twice.

    On the way back the tunnel is hardly away. What waits then has another reason: the office's
    server was down, and without ETRN it would wait on, for the queue has its own schedule.
    """
    site = Site(lab, tmp_path, RENEWED, *OTHERS.values(), settings=(*QUICK, MAIL))
    mailing = servers(lab, site.office, "customer", tunnel.CUSTOMER)
    site.start()
    there = [f"there-{number}" for number in range(30)]
    back = [f"back-{number}" for number in range(30)]
    with pings(lab, tmp_path / "pings") as answered:
        lab.fault("dsl-down", "primary")
        mailing.send(*there)
        report = site.office.wait(settled("backup"), 20)
        assert report["switchover"]["outcome"] == "proved"
        for name in ("customer-a", *OTHERS):
            site.office.wait(state(name, "up", "backup"), 5)
        arrive(mailing, *there)

        mailing.inside.stop()
        mailing.send(*back)
        assert eventually(lambda: mailing.mx.deferred() == len(back)), mailing.mx.log[-3000:]
        mailing.inside.start()
        lab.clear("primary")
        report = site.office.wait(settled("primary"), 30)
        assert report["switchover"]["rule"] == "preferred-recovered"
        arrive(mailing, *there, *back)
        for name in ("customer-a", *OTHERS):
            site.office.wait(state(name, "up", "primary"), 5)
    for circuit in ("backup", "primary"):
        switched = site.switch_at(circuit)
        assert min(at for at in answered if at > switched) - switched < 1.0, circuit
    assert site.office.stop() == 0


def arrive(mailing: Mailing, *tokens: str) -> None:
    """*tokens* and no others are there, once each, and stay so when it was asked once more."""
    assert eventually(lambda: mailing.arrived() == Counter(tokens), 5), mailing.mx.log[-3000:]
    time.sleep(sum(AGAIN[:2]) + 1)
    assert mailing.arrived() == Counter(tokens)
    assert mailing.mx.queued() == 0
