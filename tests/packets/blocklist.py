"""A DNS blocklist (RFC 5782), at 127.0.0.1: ``python blocklist.py ZONE ADDRESS`` lists just one."""

from __future__ import annotations

import socket
import sys
from ipaddress import IPv4Address

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


def main() -> None:
    zone, address = sys.argv[1:]
    listed = IPv4Address(address).reverse_pointer.replace("in-addr.arpa", f"{zone}.")
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asked.bind(("127.0.0.1", 53))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        request, client = asked.recvfrom(512)
        question = dns.message.from_wire(request)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA | dns.flags.RA
        name = question.question[0].name
        if name.to_text() != listed:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif question.question[0].rdtype == 1:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "127.0.0.2"))
        asked.sendto(answer.to_wire(), client)


if __name__ == "__main__":
    main()
