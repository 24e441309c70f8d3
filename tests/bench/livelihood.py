"""What an office lives by: its tunnel to a customer, and the mail that comes through it.

Real strongSwan and real Postfix at both ends, by the files of ``deploy/``. The line is cut; thirty
messages come in for the office meanwhile.
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

from tests.bench import history
from tests.bench.outages import on, show, up
from tests.packets import postfix
from tests.packets.customer import RENEWED, Site, pings, state
from tests.packets.hosts import eventually
from tests.packets.test_mail import Mailing, servers
from tests.packets.test_tunnel_mail import MAIL
from tests.packets.users import streams
from tests.support.root import is_root
from wanfailover.lab import Lab, tunnel
from wanfailover.mail.drain import AGAIN

MESSAGES = tuple(f"message-{number}" for number in range(30))
SETTINGS = ("failback: {after: 3s}", "policy: {dwell: 2s}", MAIL)
"""Nobody waits for minutes until each return."""


def livelihood(directory: Path, runs: int) -> None:
    """Cut the primary *runs* times, and have it come back; the agent knows a week of fibre."""
    print("\nA tunnel and its mail:")
    if reason := tunnel.missing() or postfix.missing() or ("" if is_root() else "needs root"):
        print(f"left out: {reason}")
        return
    times: dict[str, list[float]] = {}
    for run in range(runs):
        place = directory / str(run)
        place.mkdir()
        with Lab() as lab:
            for what, seconds in measured(lab, place).items():
                times.setdefault(what, []).append(seconds)
    for what, seconds in times.items():
        show(what, seconds, "s")


def measured(lab: Lab, directory: Path) -> dict[str, float]:
    """One cut and one return: seconds, by what they passed until."""
    site = Site(lab, directory, RENEWED, settings=SETTINGS)
    mailing = servers(lab, site.office, "customer", tunnel.CUSTOMER)
    history.seed(site.office, "primary", history.week("L1"))
    site.start()
    site.office.wait(up, 10)
    with pings(lab, directory / "there") as through, streams(lab, "udp-fresh") as felt:
        time.sleep(1)
        cut = time.time()
        lab.fault("dsl-down", "primary")
        mailing.send(*MESSAGES)
        site.office.wait(on("backup"), 30)
        site.office.wait(state("customer-a", "up", "backup"), 30)
        drained = arrived(mailing, 1)
    there = site.switch_at("backup")
    up_again = next(at for at in through if at > there)
    times = {
        "cut to Internet": felt["udp-fresh"]["longest"],
        "cut to tunnel": up_again - cut,
        f"cut to drained, {len(MESSAGES)} messages": drained - cut,
        "switch to tunnel": up_again - there,
        "tunnel to drained": drained - up_again,
    }
    time.sleep(sum(AGAIN[:2]))  # no asking of the switch before gets in between
    mailing.inside.stop()  # or nothing would wait: the tunnel is hardly away on the way back
    mailing.send(*MESSAGES)
    assert eventually(lambda: mailing.mx.deferred() == len(MESSAGES))
    mailing.inside.start()
    with pings(lab, directory / "back") as through:
        lab.clear("primary")
        site.office.wait(on("primary"), 60)
        drained = arrived(mailing, 2)
        time.sleep(1)
    back = site.switch_at("primary")
    assert drained > back
    site.office.stop()
    return times | {
        "the way back: tunnel without an answer": max(b - a for a, b in pairwise(through)),
        "the way back: switch to drained": drained - back,
    }


def arrived(mailing: Mailing, times: int) -> float:
    """Wait until all are there, so many *times* each; gives when the last one came."""
    wanted = Counter(dict.fromkeys(MESSAGES, times))
    assert eventually(lambda: mailing.arrived() == wanted, 30), mailing.arrived()
    files = (mailing.inside.home / "mail" / "box" / "new").iterdir()
    return max(file.stat().st_mtime for file in files)
