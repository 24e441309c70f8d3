"""SNMP messages: whatever bytes arrive, they are read or left, and nothing is raised."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import encoder

from tests.transports.agents import V1
from wanfailover.transports import pdu

SOUND = pdu.write_request("set", 7, "private", ["1.3.6.1.4.1.304.1.3.1.10.1.0"], 2)


def message(kind, values: dict) -> bytes:
    made, inner = V1.Message(), kind()
    of = V1.apiTrapPDU if kind is V1.TrapPDU else V1.apiPDU
    of.set_defaults(inner)
    of.set_varbinds(inner, list(values.items()))
    V1.apiMessage.set_defaults(made)
    V1.apiMessage.set_pdu(made, inner)
    return encoder.encode(made)


VALUES = {"1.3.6.1.1": V1.Integer(-5), "1.3.6.1.2": V1.OctetString(b"\xff"), "1.3.6.1.3": V1.null}
ANSWER, TRAP = message(V1.GetResponsePDU, VALUES), message(V1.TrapPDU, VALUES)


def test_each_is_read_as_what_it_is_and_nothing_else():
    """An answer is no trap, a trap no answer, and a request neither."""
    assert pdu.read_answer(ANSWER).values == {
        "1.3.6.1.1": -5,
        "1.3.6.1.2": b"\xff",
        "1.3.6.1.3": None,
    }
    assert pdu.read_trap(TRAP).values == pdu.read_answer(ANSWER).values
    assert pdu.read_trap(ANSWER) is pdu.read_answer(TRAP) is None
    assert pdu.read_trap(SOUND) is pdu.read_answer(SOUND) is None


@given(st.binary(max_size=80))
def test_noise(data: bytes):
    """Any bytes."""
    assert pdu.read_answer(data) is None
    assert pdu.read_trap(data) is None


@given(
    st.sampled_from([ANSWER, TRAP, SOUND]),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=5),
    st.integers(0, 200),
)
def test_nearly_sound(sound: bytes, changes: list[tuple[int, int]], length: int):
    """A message with some octets changed, or cut anywhere."""
    data = bytearray(sound)
    for place, octet in changes:
        data[place % len(data)] = octet
    for read in (pdu.read_answer, pdu.read_trap):
        read(bytes(data))
        assert read(bytes(data[: min(length, len(data) - 1)])) is None


@pytest.mark.alone
def test_large_and_deep_ones_take_no_time():
    """A datagram of 60 kB, sound or nested ten thousand deep, does not hold up the loop."""
    large = message(V1.GetResponsePDU, {f"1.3.6.1.{n}": V1.Integer(n) for n in range(3000)})
    deep = b"\x30\x82\xff\xf0\x02\x01\x00" + b"\x24\x80" * 20_000
    shallow = b"\x30\x82\x0f\x00\x02\x01\x00" + b"\x24\x80" * 1900
    began = time.perf_counter()
    for data in (large, deep, shallow):
        assert pdu.read_answer(data) is pdu.read_trap(data) is None
    assert time.perf_counter() - began < 0.1
