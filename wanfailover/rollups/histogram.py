"""Round trips as counts in buckets, so that hours come from minutes exactly as from the samples.

Each bucket is `GROWTH` times as wide as the one below, so a quantile read from it is off by at most
`ERROR` of itself (Masson, Rim, Lee: DDSketch, VLDB 2019), and adding up counts loses nothing.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Mapping
from math import ceil, log

ERROR = 0.02
"""Of a quantile, relative: 0.2 ms of 10 ms, less than a line's jitter."""

GROWTH = (1 + ERROR) / (1 - ERROR)

LEAST, MOST = 10e-6, 600.0
"""Seconds; what is beyond counts as that. It bounds a row: there are 448 buckets."""

_LOG = log(GROWTH)
_FIRST = ceil(log(LEAST) / _LOG)

Buckets = Counter[int]


def bucket(seconds: float) -> int:
    """Number the bucket of a round trip, from 0."""
    return ceil(log(min(max(seconds, LEAST), MOST)) / _LOG) - _FIRST


def middle(number: int) -> float:
    """Seconds that are off by no more than `ERROR` for all that a bucket may hold."""
    return 2 * GROWTH ** (number + _FIRST) / (GROWTH + 1)


def quantile(buckets: Mapping[int, int], share: float) -> float | None:
    """Seconds within which this *share* of them was, 0 to 1; None where there are none."""
    wanted = max(1, ceil(share * sum(buckets.values())))
    for number in sorted(buckets):
        wanted -= buckets[number]
        if wanted <= 0:
            return middle(number)
    return None


def to_bytes(buckets: Mapping[int, int]) -> bytes:
    """As pairs of bucket and count; empty buckets take no room."""
    numbers = sorted(buckets)
    counts = (min(buckets[number], 0xFFFFFFFF) for number in numbers)
    return struct.pack(f"<{len(numbers)}H{len(numbers)}I", *numbers, *counts)


def add(data: bytes, to: Buckets) -> None:
    """Add counts that were made into bytes."""
    many = len(data) // 6
    values = struct.unpack(f"<{many}H{many}I", data)
    for number, count in zip(values[:many], values[many:], strict=True):
        to[number] = to.get(number, 0) + count  # plots wait for it: a method less than Counter's
