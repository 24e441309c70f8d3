"""What a modem says of its line by SNMP: ``python -m wanfailover.lab.modem``.

Answers version 1 requests for the ifOperStatus of this host's interfaces, and for nothing else, to
whoever knows the community ``public``. Prints ``ready`` once it listens.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto import api

PORT = 161
COMMUNITY = b"public"
STATUS = "1.3.6.1.2.1.2.2.1.8"
WORDS = {"up": 1, "down": 2, "testing": 3, "unknown": 4, "dormant": 5, "lowerlayerdown": 7}
"""Of /sys/class/net/*/operstate, by RFC 2863's numbers."""

NO_SUCH_NAME = 2
_V1 = api.PROTOCOL_MODULES[api.SNMP_VERSION_1]


def status() -> Iterator[tuple[str, int]]:
    """Each interface's ifOperStatus, by its OID."""
    for interface in Path("/sys/class/net").iterdir():
        index = (interface / "ifindex").read_text().strip()
        yield f"{STATUS}.{index}", WORDS.get((interface / "operstate").read_text().strip(), 4)


def answer(data: bytes) -> bytes | None:
    """The answer to a request; None where it deserves none."""
    try:
        request, _ = decoder.decode(data, asn1Spec=_V1.Message())
    except PyAsn1Error:
        return None
    if bytes(_V1.apiMessage.get_community(request)) != COMMUNITY:
        return None
    asked = _V1.apiPDU.get_varbinds(_V1.apiMessage.get_pdu(request))
    response = _V1.apiMessage.get_response(request)
    pdu = _V1.apiMessage.get_pdu(response)
    held = dict(status())
    absent = [place for place, (oid, _) in enumerate(asked, 1) if str(oid) not in held]
    if absent:
        _V1.apiPDU.set_varbinds(pdu, asked)
        _V1.apiPDU.set_error_status(pdu, NO_SUCH_NAME)
        _V1.apiPDU.set_error_index(pdu, absent[0])
    else:
        _V1.apiPDU.set_varbinds(pdu, [(oid, _V1.Integer(held[str(oid)])) for oid, _ in asked])
    _V1.apiMessage.set_pdu(response, pdu)
    return bytes(encoder.encode(response))


def main() -> None:
    """Answer for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", PORT))
        print("ready", flush=True)
        while True:
            data, asker = sock.recvfrom(4096)
            said = answer(data)
            if said is not None:
                sock.sendto(said, asker)


if __name__ == "__main__":
    main()
