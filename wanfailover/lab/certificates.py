"""A certificate authority for one lab, and the certificate its servers show."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from wanfailover.lab.addresses import AUTHORITY

_SERVER = "server.pem"
_LIFE = timedelta(days=30)
_SIGNING_ONLY = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def issue(
    directory: Path, names: Sequence[str], addresses: Sequence[IPv4Address]
) -> ssl.SSLContext:
    """Make an authority and a server's certificate in *directory*; returns the server's context.

    Both satisfy the strict checks of RFC 5280 that Python makes from 3.13 on.
    """
    issuer_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer, subject = _called("wanfailover lab"), _called(names[0])
    identity = x509.SubjectKeyIdentifier.from_public_key(issuer_key.public_key())
    authority = (
        _builder(issuer, issuer, issuer_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_SIGNING_ONLY, critical=True)
        .add_extension(identity, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    known_as = [x509.DNSName(name) for name in names] + [x509.IPAddress(ip) for ip in addresses]
    server = (
        _builder(subject, issuer, key.public_key())
        .add_extension(x509.SubjectAlternativeName(known_as), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identity),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / _SERVER).write_bytes(secret + server.public_bytes(Encoding.PEM))
    (directory / AUTHORITY).write_bytes(authority.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / _SERVER)
    return context


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LIFE)
        .not_valid_after(now + _LIFE)
    )
