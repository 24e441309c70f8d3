"""How the peers decide: models of their rules, with where those stand in their own sources.

Models, not measurements of the products. Each is a loop on its own schedule over a trace, and says
when it would call the line down and when up again. File and line are of the versions read in 2026:
dpinger.c; pfSense src/etc/inc/gwlb.inc; OPNsense src/etc/inc/plugins.inc.d/dpinger.inc and
scripts/routes/gateway_watcher.php; mwan3 files/usr/sbin/mwan3track; keepalived
vrrp/vrrp_scheduler.c; foolsm.c and config.c; VyOS loadbalance.cc, lbtest.cc and lbdata.cc.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from tests.bench.detect.lines import GATEWAY
from tests.bench.detect.traces import Trace

Change = tuple[float, bool]
"""When, and whether the line is down from then on."""


@dataclass
class Peer:
    """*knob* is what its operator would turn to be called less often, or sooner."""

    name: str
    asked: int = 0
    knob: ClassVar[tuple[str, tuple[dict[str, float], ...]]] = ("", ())

    def run(self, trace: Trace) -> Iterator[Change]:
        """Watch a line for as long as the trace lasts."""
        raise NotImplementedError


class _Ring:
    """Dpinger's: the probes of the last *period*, read anew at each report (dpinger.c:466-524).

    A reply fills its slot however late it is (449-457). What is older than *late* and not answered
    is lost; what is younger is left out. Loss is a whole per cent, rounded down.
    """

    def __init__(self, slots: int, late: float) -> None:
        self._slots, self._late = slots, late
        self._ring: deque[list[float]] = deque()  # sent, answer arrives, 0 open 1 received 2 lost
        self._open: list[list[float]] = []
        self._received = self._lost = 0
        self._total = 0.0

    def send(self, sent: float, rtt: float | None) -> None:
        slot = [sent, inf if rtt is None else sent + rtt, 0]
        self._ring.append(slot)
        self._open.append(slot)
        if len(self._ring) > self._slots:
            old = self._ring.popleft()
            self._received -= old[2] == 1
            self._lost -= old[2] == 2
            if old[2] == 1:
                self._total -= old[1] - old[0]
            elif old in self._open:
                self._open.remove(old)

    def report(self, now: float) -> tuple[float, int, int]:
        """Average round trip in seconds, loss in per cent, and of how many probes."""
        still = []
        for slot in self._open:
            if slot[1] <= now:
                self._lost -= slot[2] == 2
                slot[2] = 1
                self._received += 1
                self._total += slot[1] - slot[0]
                continue
            if slot[2] == 0 and now - slot[0] > self._late:
                slot[2] = 2
                self._lost += 1
            if slot[2] == 0 or slot[1] < inf:
                still.append(slot)
        self._open = still
        judged = self._received + self._lost
        average = self._total / self._received if self._received else 0.0
        return average, 100 * self._lost // judged if judged else 0, judged


@dataclass
class PfSense(Peer):
    """dpinger -s 500 -l 2000 -t 60000 -A 1000 -D 500 -L 20 (gwlb.inc:389-401, 450-536).

    The alarm is raised by one report beyond a threshold and ends ten good reports after the last
    such (dpinger.c:588-688, hold 112 and 1436-1438); it has the filter reloaded, and what is beyond
    a threshold then is down (gwlb.inc:876-979).
    """

    name: str = "pfSense dpinger"
    loss: float = 20
    latency: float = 0.5
    period: float = 60.0
    send: float = 0.5
    late: float = 2.0
    knob: ClassVar = ("period", ({"period": 15}, {"period": 30}, {"period": 120}, {"period": 240}))

    def run(self, trace: Trace) -> Iterator[Change]:
        ring = _Ring(round(self.period / self.send), self.late)
        hold = {"loss": 0, "latency": 0}
        down = False
        for n in range(int(trace.duration / self.send)):
            now = n * self.send
            ring.send(now, trace.ask(0, now))
            self.asked += 1
            if n % 2 or not n:
                continue
            average, loss, _ = ring.report(now)
            for what, beyond in (("loss", loss > self.loss), ("latency", average > self.latency)):
                hold[what] = 10 if beyond else max(0, hold[what] - 1)
            alarm = any(hold.values())
            if alarm is not down:
                down = alarm
                yield now, down


@dataclass
class OPNsense(Peer):
    """dpinger -s 1s -l 4s -t 60s without thresholds (dpinger.inc:238-280); a script polls it.

    Down beyond 500 ms or 20 % (dpinger.inc:311-383), looked at each second (gateway_watcher.php),
    ten seconds after an alarm. An alarm restarts the dpinger of whatever is down, which empties its
    window (system.inc:690-722). Nothing received nor lost is no news.
    """

    name: str = "OPNsense dpinger"
    loss: float = 20
    latency: float = 0.5
    period: float = 60.0
    knob: ClassVar = ("period", ({"period": 15}, {"period": 30}, {"period": 120}, {"period": 240}))

    def run(self, trace: Trace) -> Iterator[Change]:
        ring = _Ring(round(self.period), 4.0)
        down, poll = False, 10.0
        for now in map(float, range(int(trace.duration))):
            ring.send(now, trace.ask(0, now))
            self.asked += 1
            average, loss, judged = ring.report(now)
            if now < poll:
                continue
            poll = now + 1.0
            beyond = loss > self.loss or average > self.latency
            if judged and beyond is not down:
                down = beyond
                poll = now + 10.0
                if down:
                    ring = _Ring(round(self.period), 4.0)
                yield now, down


@dataclass
class Mwan3(Peer):
    """Rounds of pings, one by one until enough have answered (mwan3track:255-270, 391-424).

    As shipped: four addresses of which two must answer, 4 s for each, 10 s between rounds, five
    rounds in a row to go down or up (etc/config/mwan3:7-14). Rounds are on no clock: a dead line's
    take 16 s.
    """

    name: str = "mwan3 as shipped"
    down: float = 5
    up: float = 5
    interval: float = 10.0
    timeout: float = 4.0
    reliability: int = 2
    knob: ClassVar = (
        "interval",
        (
            {"interval": 1, "timeout": 1},
            {"interval": 2, "timeout": 2},
            {"interval": 5, "timeout": 2},
        ),
    )

    def run(self, trace: Trace) -> Iterator[Change]:
        now, score, dead = 0.0, self.down + self.up, False
        while now < trace.duration:
            answered = 0
            for k in (0, 1, 3, 4):
                self.asked += 1
                rtt = trace.ask(k, now)
                good = rtt is not None and rtt < self.timeout
                now += rtt if good and rtt is not None else self.timeout
                answered += good
                if answered >= self.reliability:
                    break
            if answered < self.reliability:
                score = max(0, score - 1)
                if score < self.up:
                    score = 0
                elif score == self.up:
                    score, dead = 0, True
                    yield now, True
            else:
                score += 1
                if score == self.up and dead:
                    dead = False
                    yield now, False
                if score >= self.up:
                    score = self.down + self.up
            now += self.interval


@dataclass
class Keepalived(Peer):
    """A vrrp_script that pings once (vrrp_scheduler.c:1407-1434, 350-364).

    *fall* failures in a row, *rise* successes in a row; a run that is still going has the next one
    skipped (1251-1256). The defaults: every second, once.
    """

    name: str = "keepalived 1 s, 1/1"
    interval: float = 1.0
    fall: int = 1
    rise: int = 1
    knob: ClassVar = ("fall", ({"fall": 2}, {"fall": 4}, {"fall": 8}, {"fall": 16}))

    def run(self, trace: Trace) -> Iterator[Change]:
        now, bad, good, down = 0.0, 0, 0, False
        while now < trace.duration:
            self.asked += 1
            rtt = trace.ask(0, now)
            told = now + (1.0 if rtt is None or rtt > 1.0 else rtt)
            if rtt is None or rtt > 1.0:
                bad, good = bad + 1, 0
                if bad >= self.fall and not down:
                    down = True
                    yield told, True
            else:
                bad, good = 0, good + 1
                if good >= self.rise and down:
                    down = False
                    yield told, False
            now += self.interval


@dataclass
class Foolsm(Peer):
    """Of 100 probes, one a second: 15 lost or 7 in a row is down (config.c:138-178, defs.h:20).

    Up again with 5 lost at most and 10 answered in a row (foolsm.c:412-413, 576-577). What is later
    than a second stays lost, and the newest two are left out (245-321).
    """

    name: str = "foolsm"
    lost: int = 15
    row: int = 7
    knob: ClassVar = (
        "row",
        ({"row": 3, "lost": 7}, {"row": 14, "lost": 30}, {"row": 28, "lost": 60}),
    )

    def run(self, trace: Trace) -> Iterator[Change]:
        window: deque[bool] = deque()
        lost = missing = received = 0
        down = False
        for n in range(int(trace.duration) - 2):
            self.asked += 1
            rtt = trace.ask(0, float(n))
            gone = rtt is None or rtt > 1.0
            window.append(gone)
            lost += gone
            if len(window) > 100:
                lost -= window.popleft()
            missing, received = (missing + 1, 0) if gone else (0, received + 1)
            if not down and (lost >= self.lost or missing >= self.row):
                down = True
                yield n + 2.0, True
            elif down and lost <= self.lost / 3 and received >= 10:
                down = False
                yield n + 2.0, False


@dataclass
class Vyos(Peer):
    """Load balancing: a test, five seconds' rest (loadbalance.cc:118), *fails* failures flip it.

    A test is given five seconds (lbtest.cc:162-163); one result of either kind is enough
    (lbdata.cc:38-59, 159-199).
    """

    name: str = "VyOS load balancing"
    fails: int = 1
    knob: ClassVar = ("fails", ({"fails": 2}, {"fails": 3}, {"fails": 5}))

    def run(self, trace: Trace) -> Iterator[Change]:
        now, bad, down = 0.0, 0, False
        while now < trace.duration:
            self.asked += 1
            rtt = trace.ask(0, now)
            good = rtt is not None and rtt < 5.0
            now += rtt if good and rtt is not None else 5.0
            bad = 0 if good else bad + 1
            if good and down:
                down = False
                yield now, False
            elif bad >= self.fails and not down:
                down = True
                yield now, True
            now += 5.0


@dataclass
class CheckGateway(Peer):
    """MikroTik's check-gateway=ping: the gateway every 10 s, a second each, two misses.

    The manual's "routing settings": check-gateway-ping-interval, -timeout and -count. The first
    answer brings it back. It is blind to what is dead beyond the gateway.
    """

    name: str = "MikroTik check-gateway"
    interval: float = 10.0
    count: int = 2
    knob: ClassVar = ("interval", ({"interval": 1}, {"interval": 3}, {"count": 3}, {"count": 5}))

    def run(self, trace: Trace) -> Iterator[Change]:
        now, bad, down = 0.0, 0, False
        while now < trace.duration:
            self.asked += 1
            rtt = trace.ask(GATEWAY, now)
            good = rtt is not None and rtt <= 1.0
            bad = 0 if good else bad + 1
            if good and down:
                down = False
                yield now + (rtt or 0.0), False
            elif bad >= self.count and not down:
                down = True
                yield now + 1.0, True
            now += self.interval


@dataclass
class Netwatch(Peer):
    """MikroTik's netwatch, type icmp: ten packets 50 ms apart every 10 s, no counting of rounds.

    Down beyond 85 % lost, 100 ms on average, 1 s at most or 250 ms of deviation (the manual's
    Netwatch, defaults). A line that is busy is down at once.
    """

    name: str = "MikroTik netwatch"
    interval: float = 10.0
    average: float = 0.1
    knob: ClassVar = ("average", ({"average": 0.5}, {"average": 0.9}))

    def run(self, trace: Trace) -> Iterator[Change]:
        now, down = 0.0, False
        while now < trace.duration:
            rtts = [trace.ask(0, now + 0.05 * i) for i in range(10)]
            self.asked += 10
            heard = [rtt for rtt in rtts if rtt is not None and rtt <= 3.0]
            bad = len(heard) < 2
            if heard:
                mean = sum(heard) / len(heard)
                deviation = (sum((rtt - mean) ** 2 for rtt in heard) / len(heard)) ** 0.5
                bad = bad or mean > self.average or max(heard) > 1.0 or deviation > 0.25
            if bad is not down:
                down = bad
                yield now + 0.45 + (max(heard) if len(heard) == 10 else 3.0), down
            now += self.interval


def peers() -> list[Peer]:
    """All of them at their own settings, and keepalived as it is often tuned."""
    return [
        PfSense(),
        OPNsense(),
        Mwan3(),
        Keepalived(),
        Keepalived("keepalived 2 s, 3/2", interval=2.0, fall=3, rise=2),
        Foolsm(),
        Vyos(),
        CheckGateway(),
        Netwatch(),
    ]
