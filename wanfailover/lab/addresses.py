"""Who has which address on the site and its Internet (RFC 5737's networks), and offers what."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

from wanfailover.core.site import Circuit

AUTHORITY = "authority.pem"
"""File, in the lab's folder, of the certificate that the servers' certificates descend from."""

ROUTER = IPv4Interface("192.168.10.1/24")
OFFICE = IPv4Interface("192.168.10.10/24")
CLIENT = IPv4Interface("192.168.10.20/24")

MODEMS = IPv4Interface("192.168.10.101/24")
"""Of the first modem, to be asked about its line by SNMP; the others follow."""

SPARE = IPv4Interface("203.0.113.3/29")
"""The office's own address on the first outside segment, on its second interface ``eth1``."""

CIRCUITS = (
    Circuit("primary", IPv4Interface("203.0.113.2/29"), IPv4Address("203.0.113.1")),
    Circuit("backup", IPv4Interface("198.51.100.77/24"), IPv4Address("198.51.100.1")),
    Circuit("third", IPv4Interface("203.0.113.130/29"), IPv4Address("203.0.113.129")),
)

ECHO = tuple(IPv4Address(f"192.0.2.{last}") for last in (10, 11, 12, 13))
ECHO_PORT = 7
"""TCP and UDP, of the ECHO addresses: answers with what it got (RFC 862)."""
WHOAMI_PORT = 4000
"""TCP and UDP, of the same: answers any caller with the public address it comes from."""

MAIL = IPv4Address("192.0.2.25")
MAIL_PORTS = (25, 2525)
MAIL_HOST = "mail.example.com"
MAIL_DOMAIN = "example.com"

DNS = IPv4Address("192.0.2.53")

WEB = IPv4Address("192.0.2.80")
WEB_HOST = "www.example.net"
WEB_DOMAIN = "example.net"
PAGE = "This is the page of www.example.net, and no captive portal.\n"
"""What http and https answer at WEB."""
