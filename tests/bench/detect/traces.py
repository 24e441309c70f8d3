"""What a line does to a probe, as a pure function: the format wan-trace/1.

A trace answers (target, time of sending) with a round trip or with None for lost. It has no state
and no order of asking. With G = 0x9E3779B97F4A7C15, mix = splitmix64's finaliser, all mod 2^64::

    key(seed, k, us, salt) = mix(mix(mix(seed + G) xor (us + G (k+1))) + salt G)
    u     = (key >> 11) 2^-53                       us = time of sending in microseconds
    lost  if u(salt 1) < 1 - prod(1 - p_i) over the base loss and the segments that are active,
          or a segment with loss >= 1 is active when it is sent, or when its answer would arrive
    rtt   = base_k exp(sigma Z[key(salt 2) >> 52]) + delays
    Z[j]  = inverse normal CDF of (j + 0.5) / 4096

A delay with a ramp grows to its full value over the ramp's seconds.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from math import exp, inf, log
from statistics import NormalDist

G = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1
Z = tuple(NormalDist().inv_cdf((j + 0.5) / 4096) for j in range(4096))
FORMAT = "wan-trace/1"

BUCKET = 16.0
"""Seconds by which segments are looked up."""


def mix(z: int) -> int:
    """Splitmix64's finaliser."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def key(seed: int, k: int, us: int, salt: int) -> int:
    """64 random bits that belong to one probe."""
    inner = mix(mix((seed + G) & MASK) ^ ((us + G * (k + 1)) & MASK))
    return mix((inner + salt * G) & MASK)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom one can ask: *kind* is ``icmp``, ``tcp`` or ``gateway``; *rtt* and *sigma* its usual."""

    name: str
    kind: str
    rtt: float
    sigma: float


@dataclass(frozen=True, slots=True)
class Segment:
    """From *t0* until *t1* something is amiss.

    Args:
        on: ``circuit`` (everything), ``beyond`` (all but the gateway), ``target:k`` or ``kind:x``.
    """

    t0: float
    t1: float
    on: str = "circuit"
    loss: float = 0.0
    delay_s: float = 0.0
    ramp_s: float = 0.0
    label: str = ""

    def touches(self, k: int, target: Target) -> bool:
        """Tell whether a probe of that target meets it."""
        if self.on == "circuit":
            return True
        if self.on == "beyond":
            return target.kind != "gateway"
        return self.on in {f"target:{k}", f"kind:{target.kind}"}

    def delay(self, at: float) -> float:
        """By how much it holds up a packet sent at *at*."""
        return self.delay_s * (min(1.0, (at - self.t0) / self.ramp_s) if self.ramp_s else 1.0)


@dataclass
class Trace:
    """One circuit for *duration* seconds; *stalls* are the agent's own: since when, how long."""

    seed: int
    duration: float
    loss: float
    targets: Sequence[Target]
    segments: Sequence[Segment] = ()
    stalls: Sequence[tuple[float, float]] = ()
    _at: list[dict[int, list[Segment]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._seed = mix((self.seed + G) & MASK)
        self._salts = [(G * (k + 1)) & MASK for k in range(len(self.targets))]
        self._all = self._by_time(self.segments)
        self._filled = sorted(self._all)
        self._at = [
            self._by_time(s for s in self.segments if s.touches(k, target))
            for k, target in enumerate(self.targets)
        ]

    def _by_time(self, segments: Iterable[Segment]) -> dict[int, list[Segment]]:
        buckets: dict[int, list[Segment]] = {}
        for segment in segments:
            last = int(min(segment.t1, self.duration + BUCKET) / BUCKET)
            for bucket in range(int(segment.t0 / BUCKET), last + 1):
                buckets.setdefault(bucket, []).append(segment)
        return buckets

    def ask(self, k: int, sent: float) -> float | None:
        """Seconds until target *k* answers a probe sent at *sent*; None if it is lost."""
        target = self.targets[k]
        through, delay = 1.0 - self.loss, 0.0
        for s in self._at[k].get(int(sent / BUCKET), ()):
            if s.t0 <= sent < s.t1:
                through *= 1.0 - s.loss
                delay += s.delay(sent)
        z = self._seed ^ ((round(sent * 1e6) + self._salts[k]) & MASK)
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        if (mix((z + G) & MASK) >> 11) * 2.0**-53 < 1.0 - through:
            return None
        rtt = target.rtt * exp(target.sigma * Z[mix((z + 2 * G) & MASK) >> 52]) + delay
        arrives = sent + rtt
        for s in self._at[k].get(int(arrives / BUCKET), ()):
            if s.loss >= 1.0 and s.t0 <= arrives < s.t1:
                return None
        return rtt

    def usual(
        self,
        targets: Sequence[int],
        limits: Sequence[float],
        turn: int,
        sent: float,
        pace: float,
        number: int,
    ) -> int:
        """How many probes of a plain line are answered in their targets' *limits*, in a row.

        Args:
            turn: Whose turn it is when the first is sent.

            number: Of them no more are looked at.
        """
        rare = (1.0 - (1.0 - self.loss)) * 2.0**53
        slow = []
        for k, limit in zip(targets, limits, strict=True):
            target = self.targets[k]
            slow.append(bisect_left(Z, log(limit / target.rtt) / target.sigma))
        salts = [self._salts[k] for k in targets]
        seed, several = self._seed, len(targets)
        for i in range(number):
            who = (turn + i) % several
            z = seed ^ ((round((sent + i * pace) * 1e6) + salts[who]) & MASK)
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            z ^= z >> 31
            y = (z + G) & MASK
            y = ((y ^ (y >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            y = ((y ^ (y >> 27)) * 0x94D049BB133111EB) & MASK
            if ((y ^ (y >> 31)) >> 11) < rare:
                return i
            y = (z + 2 * G) & MASK
            y = ((y ^ (y >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            y = ((y ^ (y >> 27)) * 0x94D049BB133111EB) & MASK
            if (y ^ (y >> 31)) >> 52 >= slow[who]:
                return i
        return number

    def calm_until(self, now: float) -> float:
        """When the next segment begins; *now* while one is active. Until then the line is plain."""
        bucket = int(now / BUCKET)
        begins = min((s.t0 for s in self._all.get(bucket, ()) if s.t1 > now), default=inf)
        if begins < inf:
            return max(begins, now)
        later = bisect_right(self._filled, bucket)
        if later == len(self._filled):
            return inf
        return min(s.t0 for s in self._all[self._filled[later]])

    def dump(self) -> str:
        """Write it down: a header, then a line for each segment."""
        header = {
            "format": FORMAT,
            "seed": self.seed,
            "duration": self.duration,
            "loss": self.loss,
            "targets": [asdict(target) for target in self.targets],
            "stalls": [list(stall) for stall in self.stalls],
        }
        return "\n".join(json.dumps(line) for line in (header, *map(asdict, self.segments))) + "\n"

    @classmethod
    def load(cls, text: str) -> Trace:
        """Read what `dump` wrote."""
        header, *segments = (json.loads(line) for line in text.splitlines() if line)
        if header.get("format") != FORMAT:
            raise ValueError(f"this is no {FORMAT}")
        return cls(
            header["seed"],
            header["duration"],
            header["loss"],
            [Target(**target) for target in header["targets"]],
            [Segment(**segment) for segment in segments],
            [(at, seconds) for at, seconds in header["stalls"]],
        )
