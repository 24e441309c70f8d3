"""The SNMP agent on a UDP port: version 1 in, version 1 out, and traps."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address
from typing import Any, cast

from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

from wanfailover.ports import SnmpValue
from wanfailover_netopia.virtual.agent import Agent, Answer
from wanfailover_netopia.virtual.managed import Arcs, arcs
from wanfailover_netopia.virtual.mib2 import PRODUCT
from wanfailover_netopia.virtual.router import Router, Trap

V1 = api.PROTOCOL_MODULES[api.SNMP_VERSION_1]
ERRORS = {"noSuchName": 2, "badValue": 3, "genErr": 5}
Address = tuple[str, int]


class SnmpServer(asyncio.DatagramProtocol):
    """Answers; what it cannot read, or is not version 1, it does not answer.

    Args:
        router: Whose agent it is.

        trap_to: Who is to hear its traps, if anybody.
    """

    def __init__(self, router: Router, trap_to: Address | None = None) -> None:
        self._router = router
        self._trap_to = trap_to
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self._router.trapped.append(self._tell)

    def close(self) -> None:
        """Listen no more."""
        if self._transport is not None:
            self._router.trapped.remove(self._tell)
            self._transport.close()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        try:
            version = int(api.decodeMessageVersion(data))
            message, _ = (
                decoder.decode(data, asn1Spec=V1.Message()) if version == 0 else (None, b"")
            )
        except Exception:  # noqa: BLE001 - whatever the codec makes of junk
            return
        if message is not None and self._transport is not None:
            response = self._respond(message, IPv4Address(addr[0]))
            if response is not None:
                self._transport.sendto(encoder.encode(response), addr)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens at the other end: no matter."""

    def _respond(self, message: Any, peer: IPv4Address) -> Any | None:
        community = bytes(V1.apiMessage.get_community(message)).decode("latin-1")
        response = V1.apiMessage.get_response(message)
        pdu = V1.apiMessage.get_pdu(message)
        answered: list[tuple[str, Any]] = []
        agent = Agent(self._router, peer)
        out = V1.apiMessage.get_pdu(response)
        for place, (name, value) in enumerate(V1.apiPDU.get_varbinds(pdu), 1):
            answer = _ask(agent, pdu, arcs(str(name)), value, community)
            if answer is None:
                return None
            if answer.error:
                V1.apiPDU.set_error_status(out, ERRORS[answer.error])
                V1.apiPDU.set_error_index(out, place)
                V1.apiPDU.set_varbinds(out, V1.apiPDU.get_varbinds(pdu))
                return response
            answered.append((_dotted(answer.oid), _encoded(answer.syntax, answer.value)))
        V1.apiPDU.set_varbinds(out, answered)
        return response

    def _tell(self, trap: Trap) -> None:
        router = self._router
        if self._trap_to is None or self._transport is None or not router.answering:
            return
        pdu = V1.TrapPDU()
        V1.apiTrapPDU.set_defaults(pdu)
        V1.apiTrapPDU.set_enterprise(pdu, arcs(PRODUCT))
        V1.apiTrapPDU.set_agent_address(pdu, str(router.inside_running.ip))
        V1.apiTrapPDU.set_generic_trap(pdu, trap.generic)
        V1.apiTrapPDU.set_specific_trap(pdu, 0)
        V1.apiTrapPDU.set_timestamp(pdu, int(100 * (router.time() - router.booted)))
        values = [(oid, _encoded(_syntax(value), value)) for oid, value in trap.values]
        V1.apiTrapPDU.set_varbinds(pdu, values)
        message = V1.Message()
        V1.apiMessage.set_defaults(message)
        V1.apiMessage.set_community(message, "public")
        V1.apiMessage.set_pdu(message, pdu)
        self._transport.sendto(encoder.encode(message), self._trap_to)


def _ask(agent: Agent, pdu: Any, oid: Arcs, value: Any, community: str) -> Answer | None:
    if pdu.isSameTypeWith(V1.GetRequestPDU()):
        return agent.get(oid, community)
    if pdu.isSameTypeWith(V1.GetNextRequestPDU()):
        return agent.next(oid, community)
    if pdu.isSameTypeWith(V1.SetRequestPDU()):
        return agent.set(oid, _decoded(value), community)
    return None


def _dotted(oid: Arcs) -> str:
    return ".".join(map(str, oid))


def _syntax(value: SnmpValue) -> str:
    kinds = {int: "Integer", bytes: "OctetString", IPv4Address: "IpAddress"}
    return kinds.get(type(value), "ObjectIdentifier")


def _encoded(syntax: str, value: SnmpValue | None) -> Any:
    kind = getattr(V1, syntax)
    return kind(str(value)) if isinstance(value, IPv4Address) else kind(value)


def _decoded(value: Any) -> int | bytes | IPv4Address | str:
    if value.isSameTypeWith(V1.IpAddress()):
        return IPv4Address(bytes(value))
    if value.isSameTypeWith(V1.OctetString()):
        return bytes(value)
    if value.isSameTypeWith(V1.ObjectIdentifier()):
        return str(value)
    try:
        return int(value)
    except (TypeError, ValueError):
        return str(value)
