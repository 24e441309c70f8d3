"""SNMPv1 messages to bytes and back, by pysnmp's codec; the only importer of pysnmp.

Only the codec is used. pysnmp's own dispatcher measures with wall time, takes an answer from
whoever sends one, and lets one garbled datagram become a traceback. Importing this module costs
40 ms, so it is imported in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Literal

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pysnmp.error import PySnmpError
from pysnmp.proto import api

from wanfailover.ports import SnmpValue

_V1 = api.PROTOCOL_MODULES[api.SNMP_VERSION_1]

_PDUS = {"get": _V1.GetRequestPDU, "get-next": _V1.GetNextRequestPDU, "set": _V1.SetRequestPDU}

Verb = Literal["get", "get-next", "set"]

LARGEST = 4096
"""Bytes of a message worth decoding, which takes 5 us a byte; RFC 1157 asks for 484."""

GARBLED = (
    PyAsn1Error,
    PySnmpError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What decoding arbitrary bytes raises: the codec's errors, and those of code that met no such."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A GetResponse.

    Args:
        status: RFC 1157's error-status; 0 is noError.

        index: Which of the OIDs asked for it is about, from 1.

        values: By OID; None is NULL.
    """

    id: int
    status: int
    index: int
    values: dict[str, SnmpValue | None]


@dataclass(frozen=True, slots=True)
class Trap:
    """A Trap-PDU: *generic* is RFC 1157's number, 6 for a vendor's own, which *specific* tells."""

    generic: int
    specific: int
    enterprise: str
    values: dict[str, SnmpValue | None]


def write_request(
    verb: Verb, id_: int, community: str, oids: Sequence[str], value: int | None = None
) -> bytes:
    """Write a request about *oids*; *value* is the INTEGER that ``set`` gives them."""
    pdu = _PDUS[verb]()
    _V1.apiPDU.set_defaults(pdu)
    _V1.apiPDU.set_request_id(pdu, id_)
    held = _V1.null if value is None else _V1.Integer(value)
    _V1.apiPDU.set_varbinds(pdu, [(oid, held) for oid in oids])
    message = _V1.Message()
    _V1.apiMessage.set_defaults(message)
    _V1.apiMessage.set_community(message, community.encode())
    _V1.apiMessage.set_pdu(message, pdu)
    return bytes(encoder.encode(message))


def read_answer(data: bytes) -> Answer | None:
    """Read a GetResponse; None for anything else."""
    try:
        pdu = _pdu(data, _V1.GetResponsePDU)
        if pdu is None:
            return None
        values = _values(_V1.apiPDU.get_varbinds(pdu))
        return Answer(int(pdu[0]), int(pdu[1]), int(pdu[2]), values)
    except GARBLED:
        return None


def read_trap(data: bytes) -> Trap | None:
    """Read a Trap-PDU; None for anything else."""
    try:
        pdu = _pdu(data, _V1.TrapPDU)
        if pdu is None:
            return None
        of = _V1.apiTrapPDU
        return Trap(
            int(of.get_generic_trap(pdu)),
            int(of.get_specific_trap(pdu)),
            str(of.get_enterprise(pdu)),
            _values(of.get_varbinds(pdu)),
        )
    except GARBLED:
        return None


def _pdu(data: bytes, kind: type) -> Any:
    """The PDU of a version 1 message, if it is of that kind."""
    if len(data) > LARGEST:
        return None
    message, rest = decoder.decode(data, asn1Spec=_V1.Message())
    if rest or int(_V1.apiMessage.get_version(message)) != 0:
        return None
    pdu = _V1.apiMessage.get_pdu(message)
    return pdu if isinstance(pdu, kind) else None


def _values(binds: Sequence[tuple[Any, Any]]) -> dict[str, SnmpValue | None]:
    return {str(oid): _value(value) for oid, value in binds}


def _value(value: Any) -> SnmpValue | None:
    match value:
        case _V1.Null():
            return None
        case _V1.IpAddress():
            return IPv4Address(bytes(value))
        case _V1.ObjectIdentifier():
            return str(value)
        case _V1.OctetString():
            return bytes(value)
        case _:
            return int(value)
