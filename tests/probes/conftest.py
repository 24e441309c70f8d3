"""What the probes' tests stand on: a network namespace of their own, and a scripted far side."""

from __future__ import annotations

import asyncio
import ctypes
import datetime as dt
import fcntl
import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path as FilePath
from typing import NamedTuple

import pytest

from wanfailover.probes import Names

CLONE_NEWNET = 0x40000000
EVERYBODY = "0 0"  # who runs the tests is root, if only of a user namespace
NOBODY = "1 0"


def _libc(call: str, *args: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, call)(*args):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Namespace:
    """A network namespace that the test itself is in; empty, with loopback still down."""

    def ip(self, *commands: str) -> None:
        for command in commands:
            subprocess.run(["ip", *command.split()], check=True, capture_output=True, text=True)

    def nft(self, rules: str) -> None:
        subprocess.run(["nft", rules], check=True, capture_output=True, text=True)

    def let_ping(self, groups: str) -> None:
        FilePath("/proc/sys/net/ipv4/ping_group_range").write_text(groups)


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """Nameless, so that it is gone with the test whatever happens."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        try:
            _libc("unshare", CLONE_NEWNET)
        except PermissionError:
            pytest.skip("needs root, or run it under `unshare --user --map-root-user`")
        yield Namespace()
        _libc("setns", home, CLONE_NEWNET)
    finally:
        os.close(home)


@pytest.fixture
def loopback(namespace: Namespace) -> Namespace:
    namespace.ip("link set lo up")
    return namespace


@pytest.fixture
def until():
    """Waits for a condition."""

    async def wait(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110  # what is waited for happens in a kernel
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture
def names() -> Names:
    return Names()


# IPv4 packets, as far as a far side needs them.


def checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source: bytes, destination: bytes, protocol: int, payload: bytes) -> bytes:
    def header(total: int) -> bytes:
        return struct.pack(
            "!BBHHHBBH4s4s",
            *(0x45, 0, 20 + len(payload), 0, 0, 64, protocol, total, source, destination),
        )

    return header(checksum(header(0))) + payload


def icmp(kind: int, code: int, rest: bytes) -> bytes:
    total = checksum(struct.pack("!BBH", kind, code, 0) + rest)
    return struct.pack("!BBH", kind, code, total) + rest


class Packet(NamedTuple):
    """A packet that the host under test has sent out."""

    raw: bytes

    @property
    def source(self) -> bytes:
        return self.raw[12:16]

    @property
    def destination(self) -> bytes:
        return self.raw[16:20]

    @property
    def is_echo_request(self) -> bool:
        return self.raw[9] == 1 and self.raw[20] == 8

    @property
    def identifier(self) -> int:
        return struct.unpack("!H", self.raw[24:26])[0]

    def reply(self, *, rest: bytes | None = None, source: bytes | None = None) -> bytes:
        echo = icmp(0, 0, self.raw[24:] if rest is None else rest)
        return ipv4(source or self.destination, self.source, 1, echo)

    def refusal(self, says: str, kind: int = 3, code: int = 0) -> bytes:
        quoted = icmp(kind, code, bytes(4) + self.raw[:28])
        return ipv4(IPv4Address(says).packed, self.source, 1, quoted)


DEFAULT_ROUTE = (
    "addr add 198.51.100.2/24 dev far0",
    "route add default via 198.51.100.1 dev far0",
)


class FarSide:
    """Everything beyond a TUN interface: sees what is sent there, answers as it is told.

    *answer* gives (seconds, packet) pairs for each packet; none is a dead line.
    """

    def __init__(self, namespace: Namespace, name: str, *more: str) -> None:
        self.sent: list[Packet] = []
        self.answer: Callable[[Packet], list[tuple[float, bytes]]] = lambda _: []
        self._name = name
        try:
            self._file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        except OSError as error:
            pytest.skip(f"needs /dev/net/tun: {error.strerror}")
        # TUNSETIFF with IFF_TUN | IFF_NO_PI
        fcntl.ioctl(self._file, 0x400454CA, struct.pack("16sH", name.encode(), 0x1001))
        namespace.ip(f"link set {name} up", *more)
        asyncio.get_running_loop().add_reader(self._file, self._read)

    def _read(self) -> None:
        with suppress(BlockingIOError):
            while True:
                packet = Packet(os.read(self._file, 4096))
                if packet.raw[0] >> 4 == 4:  # the kernel also solicits IPv6 routers
                    self.sent.append(packet)
                    for delay, reply in self.answer(packet):
                        asyncio.get_running_loop().call_later(delay, self.deliver, reply)

    def deliver(self, raw: bytes) -> None:
        if self._file >= 0:
            os.write(self._file, raw)

    @property
    def pings(self) -> list[Packet]:
        return [packet for packet in self.sent if packet.is_echo_request]

    def echo(self, delay: float = 0.0) -> None:
        """Answer every ping, *delay* seconds late."""
        self.answer = lambda packet: [(delay, packet.reply())] if packet.is_echo_request else []

    def vanish(self) -> None:
        """Take the interface away."""
        asyncio.get_running_loop().remove_reader(self._file)
        os.close(self._file)
        self._file = -1


@pytest.fixture
async def far_side(loopback: Namespace):
    """Makes far sides; the first is at the end of the default route."""
    made: list[FarSide] = []

    def make(name: str = "far0", *ip_commands: str) -> FarSide:
        made.append(FarSide(loopback, name, *(ip_commands or DEFAULT_ROUTE)))
        return made[-1]

    yield make
    for far in made:
        if far._file >= 0:
            far.vanish()


# Certificates.


class Authority:
    """A certificate authority of our own."""

    def __init__(self, folder: FilePath) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = self._named("test authority")
        self.file = folder / "authority.pem"
        certificate = self._sign("test authority", self._key.public_key(), [], authority=True)
        self.file.write_bytes(certificate)

    @staticmethod
    def _named(name: str):
        from cryptography import x509

        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

    def _sign(self, name: str, key, alternatives: list, *, authority=False, days: int = 1) -> bytes:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization

        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._named(name))
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=10))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
        )
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        signed = builder.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str, *, days: int = 1) -> FilePath:
        """A key and certificate for the DNS name *name*, in one file."""
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        file = self._folder / f"{name}-{days}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + self._sign(name, key.public_key(), [x509.DNSName(name)], days=days)
        )
        return file


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The authority, trusted as an operator would have it trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority
