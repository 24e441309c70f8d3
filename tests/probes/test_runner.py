"""The runner: many probes side by side, over real sockets, some tens of milliseconds apart."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise

import dns.message
import dns.rrset
import pytest

from wanfailover.core.facts import ProbeSample, Result, Role
from wanfailover.core.site import Detect, Path, Target
from wanfailover.ports import ProbeResult
from wanfailover.probes import Assignment, Names, Runner, once
from wanfailover.probes.icmp import IcmpProber
from wanfailover.probes.runner import RENEWING
from wanfailover.specs import Dns, Icmp, ProbeSpec, Smtp, Tcp

pytestmark = pytest.mark.alone

PACE = 0.05


class Responder(asyncio.DatagramProtocol):
    """A name server on loopback that answers *delay* seconds late; None: never."""

    def __init__(self, delay: float | None) -> None:
        self.delay = delay
        self.heard: list[tuple[float, int]] = []  # when, from which port

    def connection_made(self, transport) -> None:
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr) -> None:
        self.heard.append((time.monotonic(), addr[1]))
        if self.delay is None:
            return
        answer = dns.message.make_response(question := dns.message.from_wire(data))
        (asked,) = question.question
        answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "A", "192.0.2.80"))
        asyncio.get_running_loop().call_later(
            self.delay, self._transport.sendto, answer.to_wire(), addr
        )

    def assignment(self, *, every: float = PACE, deadline: float = 5.0, **more) -> Assignment:
        spec = Dns("127.0.0.1", "example.net", port=self.port, every=every, deadline=deadline)
        target = Target(f"dns {self.port}", Role.FAR, every)
        return Assignment(spec, target, **{"circuit": "primary", **more})


@pytest.fixture
async def responder():
    """Makes responders."""
    made: list[Responder] = []

    async def make(delay: float | None = 0.0) -> Responder:
        server = Responder(delay)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, ("127.0.0.1", 0))
        made.append(server)
        return server

    yield make
    for server in made:
        server._transport.close()


class Samples(list[ProbeSample]):
    """What a runner reports, in order."""

    until: Callable[[Callable[[], object]], Awaitable[None]]

    def of(self, assignment: Assignment) -> list[ProbeSample]:
        return [sample for sample in self if sample.target == assignment.target.name]

    def last(self) -> list[ProbeSample]:
        """Each probe once, as it was told last: how the core reads them."""
        return list({(sample.target, sample.sent): sample for sample in self}.values())


@pytest.fixture
def samples(until) -> Samples:
    made = Samples()
    made.until = until
    return made


@pytest.fixture
async def running(samples: Samples):
    """Makes runners that report into *samples*; all are closed in the end."""
    made: list[Runner] = []

    def make(overdue: float = 1.0, **terms) -> Runner:
        detect = Detect(timeout_least=overdue, timeout_most=overdue)
        made.append(Runner(samples.append, detect=detect, **terms))
        return made[-1]

    yield make
    for runner in made:
        await runner.close()


@pytest.fixture
def heard(until):
    """Waits until a responder has been asked so many times."""
    return lambda server, count: until(lambda: len(server.heard) >= count)


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


# What a sample says.


async def test_sample_says_who_when_and_for_whom(responder, running, samples):
    """A sample carries its target, role, circuit, epoch, the time of sending and the round trip."""
    server = await responder()
    began = time.monotonic()
    running().follow([server.assignment(circuit="backup")], epoch=7)
    await samples.until(lambda: samples)
    (sample, *_) = samples
    assert began <= sample.sent <= time.monotonic()
    assert 0 < sample.rtt < 1
    assert replace(sample, sent=0, rtt=None) == ProbeSample(
        "backup", f"dns {server.port}", Role.FAR, 0, Result.ANSWERED, epoch=7
    )


async def test_late_answer_takes_its_loss_back(responder, running, samples):
    """An overdue probe is told as lost, and as answered when its answer comes after all."""
    server = await responder(0.1)
    running(overdue=0.05).follow([server.assignment(every=9.0)])
    await samples.until(lambda: len(samples) == 2)
    lost, answered = samples
    assert (lost.result, lost.detail, lost.rtt) == (Result.LOST, "no answer", None)
    assert (answered.result, answered.step, answered.detail) == (Result.ANSWERED, None, "")
    assert (lost.target, lost.sent) == (answered.target, answered.sent)
    assert answered.rtt >= 0.1


async def test_answer_in_time_is_told_once(responder, running, samples):
    """A probe that is answered before it is overdue is one sample."""
    server = await responder(0.02)
    running(overdue=0.5).follow([server.assignment()])
    await samples.until(lambda: len(samples) >= 3)
    assert len(samples.last()) == len(samples)
    assert {sample.result for sample in samples} == {Result.ANSWERED}


async def test_better_knowledge_of_a_loss_replaces_it(responder, running, samples):
    """A loss is told again when its end shows at which step it was, and then no more."""
    server = await responder(None)
    running(overdue=0.03).follow([server.assignment(every=9.0, deadline=0.1)])
    await samples.until(lambda: len(samples) == 2)
    assert [sample.step for sample in samples] == [None, "answer"]
    assert len(samples.last()) == 1
    await asyncio.sleep(0.05)
    assert len(samples) == 2


@pytest.mark.packets
async def test_loss_without_news_is_told_once(far_side, running, samples):
    """A ping that nobody answers is one loss: its deadline adds nothing to it."""
    far_side()
    spec = Icmp("192.0.2.10", every=9.0, deadline=0.1)
    running(overdue=0.03).follow([Assignment(spec, Target(spec.name, Role.FAR, 9.0), "primary")])
    await asyncio.sleep(0.2)
    assert [(sample.result, sample.detail) for sample in samples] == [(Result.LOST, "no answer")]


async def test_unsent_is_told_at_once(running, samples):
    """What this host cannot send is told without waiting for anything."""
    spec = Tcp("127.0.0.1", 9)
    path = Path(device="none0")
    target = Target(spec.name, Role.FAR, 9.0)
    running(overdue=9.0).follow([Assignment(spec, target, "backup", path)])
    await samples.until(lambda: samples)
    (sample,) = samples
    assert (sample.result, sample.step) == (Result.UNSENT, "connect")
    assert "no such interface" in sample.detail


async def test_slow_banner_is_no_loss(running, samples):
    """A mail server that holds its banner back is not lost for that."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(b"220 patience\r\n250 hello\r\n")
        writer.transport.abort()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        spec = Smtp("127.0.0.1", server.sockets[0].getsockname()[1])
        target = Target(spec.name, Role.FAR, 9.0)
        running(overdue=0.05).follow([Assignment(spec, target, "primary")])
        await samples.until(lambda: samples)
    assert samples[0].step == "ehlo"


# Pace.


async def test_pace_does_not_drift(responder, running, samples):
    """Probes leave on a grid: on a busy host each may be late, but none for those before it."""
    every = 0.08

    async def keep_busy() -> None:
        while True:
            time.sleep(0.005)  # noqa: ASYNC251  # to be late on purpose
            await asyncio.sleep(0)

    server = await responder()
    busy = asyncio.create_task(keep_busy())
    running().follow([server.assignment(every=every)])
    await samples.until(lambda: len(samples) >= 10)
    busy.cancel()
    first = samples[0].sent
    off = sorted(
        abs((sample.sent - first + every / 2) % every - every / 2) for sample in samples[:10]
    )
    assert off[7] < 0.02  # a host shared with others may hold up one or two for longer


async def test_silence_does_not_slow_the_pace(responder, running, heard):
    """Probes go out though none before was answered."""
    server = await responder(None)
    running().follow([server.assignment()])
    await heard(server, 4)
    assert server.heard[3][0] - server.heard[0][0] < 2.0  # each waits 5 s for its answer


async def test_one_that_hangs_holds_up_nobody(responder, running, samples):
    """A silent target costs the others nothing."""
    silent, good = await responder(None), await responder()
    assignments = [silent.assignment(), good.assignment()]
    running().follow(assignments)
    await samples.until(lambda: len(samples.of(assignments[1])) >= 5)
    assert len(silent.heard) >= 4
    assert max(gaps([when for when, _ in good.heard])) < 2 * PACE


async def test_unanswered_probes_are_bounded(responder, running, heard):
    """A dead line never has more than 20 probes of one target waiting."""
    server = await responder(None)
    running().follow([server.assignment(every=0.005)])
    await heard(server, 20)
    await asyncio.sleep(0.05)
    assert len(server.heard) == 20


async def test_heavy_probes_are_bounded_tightly(running):
    """A mail server that does not answer is never held by more than two connections at a time."""
    connected: list[asyncio.StreamWriter] = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        spec = Smtp("127.0.0.1", server.sockets[0].getsockname()[1], every=0.01)
        runner = running()
        runner.follow([Assignment(spec, Target(spec.name, Role.FAR, 0.01), "primary")])
        await asyncio.sleep(0.1)
        assert len(connected) == 2
        await runner.close()


async def test_stall_is_not_made_up_for(responder, running, heard):
    """After the agent was stalled it goes on at its pace: no burst for what it missed."""
    server = await responder()
    runner = running()
    runner.follow([server.assignment()])
    await heard(server, 2)
    time.sleep(0.32)  # noqa: ASYNC251  # the stall
    resumed, before = time.monotonic(), len(server.heard)
    await asyncio.sleep(3 * PACE)
    assert 2 <= len(server.heard) - before <= 5
    phase = (server.heard[-1][0] - server.heard[0][0]) % PACE
    assert min(phase, PACE - phase) < 0.02
    assert server.heard[-1][0] > resumed


@pytest.mark.packets
async def test_answer_that_waited_out_a_stall_was_never_lost(loopback, running, samples):
    """Answers that came during a stall are read before anything is called overdue."""

    class Stalled(IcmpProber):
        async def probe(self, path: Path, heard=None) -> ProbeResult:
            # Timers run after what is ready: the stall comes when the ping has just been sent.
            asyncio.get_running_loop().call_later(0, time.sleep, 0.15)
            await asyncio.sleep(0)
            return await super().probe(path)

    spec = Icmp("127.0.0.1", every=9.0)
    running(overdue=0.05, build=Stalled).follow(
        [Assignment(spec, Target(spec.name, Role.FAR, 9.0), "primary")]
    )
    await samples.until(lambda: samples)
    assert [sample.result for sample in samples] == [Result.ANSWERED]


async def test_targets_of_one_pace_take_turns(responder, running, heard):
    """First probes are spread over the pace, so that a circuit is looked at evenly in time."""
    servers = [await responder() for _ in range(3)]
    running().follow([server.assignment(every=0.3) for server in servers])
    for server in servers:
        await heard(server, 1)
    first = servers[0].heard[0][0]
    for index, server in enumerate(servers):
        assert abs(server.heard[0][0] - first - index * 0.1) < 0.04


class Slow:
    """Shows itself at once, and takes its time for the rest."""

    async def probe(self, path: Path, heard) -> ProbeResult:
        heard()
        await asyncio.sleep(0.15)
        return ProbeResult(Result.ANSWERED, rtt=0.001)

    def renew(self) -> None: ...

    def close(self) -> None: ...


async def test_who_was_heard_is_not_overdue(running, samples):
    """A server that has shown itself may take its time: that is no loss of the line."""
    spec = Tcp("192.0.2.25", 25)
    running(overdue=0.05, build=lambda *_: Slow()).follow(
        [Assignment(spec, Target(spec.name, Role.FAR, 9.0), "primary")]
    )
    await samples.until(lambda: samples)
    assert [sample.result for sample in samples] == [Result.ANSWERED]


async def test_sign_that_waited_out_a_stall_is_heard(running, samples):
    """A sign of life that came during a stall counts, though the probe has not ended by it."""

    class Stalled(Slow):
        async def probe(self, path: Path, heard) -> ProbeResult:
            def stall() -> None:
                theirs.send(b"!")
                time.sleep(0.1)

            ours, theirs = socket.socketpair()
            with ours, theirs:
                ours.setblocking(False)
                loop = asyncio.get_running_loop()
                loop.call_later(0, stall)
                await asyncio.sleep(0)
                await loop.sock_recv(ours, 1)
                return await super().probe(path, heard)

    spec = Tcp("192.0.2.25", 25)
    running(overdue=0.05, build=lambda *_: Stalled()).follow(
        [Assignment(spec, Target(spec.name, Role.FAR, 9.0), "primary")]
    )
    await samples.until(lambda: samples)
    assert [sample.result for sample in samples] == [Result.ANSWERED]


# Following.


async def test_unchanged_assignments_run_on(responder, running, samples, heard):
    """Adding and taking away others disturbs neither the pace nor what is in flight."""
    slow, other = await responder(0.2), await responder()
    runner = running()
    runner.follow([slow.assignment(every=9.0), other.assignment()])
    await heard(slow, 1)
    runner.follow([slow.assignment(every=9.0)])
    await samples.until(lambda: samples.of(slow.assignment()))
    assert len(slow.heard) == 1
    quiet = len(other.heard)
    await asyncio.sleep(3 * PACE)
    assert len(other.heard) <= quiet + 1


async def test_switchover_voids_what_is_in_flight(responder, running, samples, heard):
    """With a new epoch nothing is told of the old one's probes, and new ones have new ports."""
    server = await responder(0.1)
    runner = running(overdue=0.05)
    runner.follow([server.assignment(every=9.0)], epoch=1)
    await heard(server, 1)
    runner.follow([server.assignment(every=9.0, circuit="backup")], epoch=2)
    await samples.until(lambda: len(samples) == 2)
    assert {(sample.epoch, sample.circuit) for sample in samples} == {(2, "backup")}
    assert len({port for _, port in server.heard}) == 2


@pytest.mark.packets
async def test_switchover_renews_ping_identifiers(far_side, running, samples):
    """Unchanged targets too begin anew with a new epoch, at once and with a new identifier."""
    far = far_side()
    far.echo()
    specs = [Icmp(f"192.0.2.{last}", every=0.05) for last in (10, 20)]
    wanted = [Assignment(spec, Target(spec.name, Role.FAR, 0.05), "primary") for spec in specs]
    runner = running()
    runner.follow(wanted, epoch=1)
    await samples.until(lambda: len(samples) >= 4)
    old = {ping.identifier for ping in far.pings}
    far.sent.clear()
    runner.follow(wanted, epoch=2)
    await samples.until(lambda: sum(sample.epoch == 2 for sample in samples) >= 4)
    new = {ping.identifier for ping in far.pings}
    assert len(old) == len(new) == 1
    assert old != new


async def test_one_target_for_two_circuits_is_two_subscriptions(responder, running, samples):
    """The same target over two paths speaks for each circuit apart."""
    server = await responder()
    runner = running()
    runner.follow([server.assignment(), server.assignment(circuit="backup", path=Path(dscp=8))])
    await samples.until(lambda: {"primary", "backup"} <= {sample.circuit for sample in samples})


async def test_closed_runner_is_silent(responder, running, samples, heard):
    """After `close` nothing is sent and nothing is told, and no task is left."""
    server = await responder(0.05)
    runner = running()
    runner.follow([server.assignment()])
    await heard(server, 2)
    await runner.close()
    told, sent = len(samples), len(server.heard)
    await asyncio.sleep(2 * PACE)
    assert (len(samples), len(server.heard)) == (told, sent)
    assert asyncio.all_tasks() == {asyncio.current_task()}


# Suspicion.


async def test_suspicion_is_of_a_circuit(responder, running, heard):
    """Only the named circuits' probes are quickened; None names the controls."""
    primary, backup, control = [await responder() for _ in range(3)]
    runner = running()
    runner.follow(
        [
            primary.assignment(every=60.0),
            backup.assignment(every=60.0, circuit="backup"),
            control.assignment(every=60.0, circuit=None),
        ]
    )
    await asyncio.gather(*(heard(server, 1) for server in (primary, backup, control)))
    await asyncio.sleep(0.5)
    runner.hasten("primary", None)
    await asyncio.gather(heard(primary, 2), heard(control, 2))
    runner.calm()
    assert len(backup.heard) == 1
    runner.hasten()
    await heard(backup, 2)


async def test_a_tunnel_is_not_pressed(responder, running, heard):
    """It says nothing of the line: under suspicion its check keeps its pace, and takes no share."""
    line, tunnel = [await responder() for _ in range(2)]
    check = tunnel.assignment(every=61.0)  # a pace of its own: both are asked at once
    check = replace(check, target=replace(check.target, role=Role.TUNNEL))
    runner = running()
    runner.follow([line.assignment(every=60.0), check])
    await asyncio.gather(heard(line, 1), heard(tunnel, 1))
    runner.hasten()
    await heard(line, 4)
    assert len(tunnel.heard) == 1


async def test_a_tunnel_that_is_awaited_is_asked_more_often(responder, running, heard):
    """Those that are named; until they are not, and a line that is well calms them down no more."""
    tunnel, other = [await responder() for _ in range(2)]
    checks = [server.assignment(every=pace) for server, pace in ((tunnel, 60.0), (other, 61.0))]
    checks = [replace(check, target=replace(check.target, role=Role.TUNNEL)) for check in checks]
    runner = running()
    runner.follow(checks)
    await asyncio.gather(heard(tunnel, 1), heard(other, 1))
    runner.await_tunnels({checks[0].target.name})
    runner.calm()
    await heard(tunnel, 3)
    runner.await_tunnels(())
    await asyncio.sleep(2 * RENEWING)
    count = len(tunnel.heard)
    assert count <= 4
    await asyncio.sleep(2 * RENEWING)
    assert (len(tunnel.heard), len(other.heard)) == (count, 1)


# Trouble of our own.


class Broken:
    """A prober with a bug."""

    async def probe(self, path: Path, heard=None) -> ProbeResult:
        raise ZeroDivisionError("of all things")

    def renew(self) -> None: ...

    def close(self) -> None: ...


async def test_bug_in_a_prober_is_logged_and_kills_nothing(running, samples, caplog):
    """A prober that raises says nothing about the line; it is asked again at its pace."""
    runner = running(build=lambda *_: Broken())
    spec = Tcp("127.0.0.1", 9)
    runner.follow([Assignment(spec, Target(spec.name, Role.FAR, PACE), "primary")])
    await samples.until(lambda: len(samples) >= 3)
    assert {(sample.result, sample.step) for sample in samples} == {(Result.UNSENT, "probe")}
    assert "ZeroDivisionError('of all things')" in samples[0].detail
    (record, *_) = caplog.records
    assert record.message == "probe-broke"
    assert record.target == "tcp 127.0.0.1:9"
    assert record.exc_info[0] is ZeroDivisionError


async def test_circuits_can_be_simulated(running, samples):
    """Another way to make probers stands in for the network, under the same runner."""

    class Simulated:
        def __init__(self, spec: ProbeSpec) -> None:
            self._spec = spec

        async def probe(self, path: Path, heard=None) -> ProbeResult:
            return ProbeResult(Result.ANSWERED, rtt=0.01, detail=str(path.dscp))

        def renew(self) -> None: ...

        def close(self) -> None: ...

    spec = Tcp("192.0.2.10", 80)
    runner = running(build=lambda spec, *_: Simulated(spec), clock=lambda: 42.0)
    target = Target(spec.name, Role.FAR, 9.0)
    runner.follow([Assignment(spec, target, "primary", Path(dscp=8))])
    await samples.until(lambda: samples)
    assert (samples[0].rtt, samples[0].detail, samples[0].sent) == (0.01, "8", 42.0)


async def test_once_asks_one_target(responder):
    """A single question, for preflights and proofs, gives the prober's own result."""
    server = await responder()
    result = await once(server.assignment().spec, Path(), Names())
    assert result.result is Result.ANSWERED
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        assert (await once(Tcp("127.0.0.1", sock.getsockname()[1]))).result is Result.LOST
