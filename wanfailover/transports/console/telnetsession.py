"""One telnet session, for use in a thread: netmiko's telnet on a socket of ours.

Importing this module costs 180 ms, so `telnet` does it in the session's thread. Of netmiko, the
channel is used, over the telnetlib that it ships (Python's own is gone since 3.13); its connection
is not: that would press Return, refuse to tell the terminal's type and log every key.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from netmiko._telnetlib.telnetlib import Telnet
from netmiko.channel import TelnetChannel

from wanfailover.transports.console.options import SE, Options

AT_ONCE = 4096
"""Bytes after which they are handed on although more are there; a full screen has half of it."""

LATIN = "latin-1"
"""A byte is a character: UTF-8, the default, would lose those above 127."""

Outbox = SimpleQueue[tuple[bytes, Callable[[], object]]]


class _Channel(TelnetChannel):
    """netmiko's channel, with the single read that its base class asks for."""

    def __init__(self, telnet: Any) -> None:
        super().__init__(conn=telnet, encoding=LATIN)
        self._telnet = telnet

    def read_buffer(self) -> str:
        """Give what is there, or `AT_ONCE` characters of it; it may have been options only.

        Raises:
            EOFError: The far side has hung up.
        """
        text = self._read()
        with contextlib.suppress(EOFError):  # again next time, when all has been handed on
            while text and len(text) < AT_ONCE and (more := self._read()):
                text += more
        return text

    def _read(self) -> str:
        data: bytes = self._telnet.read_eager()
        return data.decode(LATIN)


def converse(
    sock: socket.socket,
    wake: socket.socket,
    outbox: Outbox,
    heard: Callable[[bytes], object],
) -> None:
    """Hand on what is heard, and send what is in *outbox*, until the far side hangs up.

    Args:
        sock: A connected, blocking socket. The caller closes it.

        wake: Readable when something was put into the outbox; ends the conversation when closed.

        outbox: What to send, each with whom to tell when it is sent.

        heard: Told what arrives, without the negotiation of options.

    Raises:
        EOFError: The far side has hung up.
        OSError: The connection is dead.
    """
    channel = _open(sock)
    ready = select.poll()
    ready.register(sock, select.POLLIN)
    ready.register(wake, select.POLLIN)
    while True:
        for descriptor, _ in ready.poll():
            if descriptor == wake.fileno():
                if not wake.recv(AT_ONCE):
                    return
                _send(channel, outbox)
            elif text := channel.read_buffer():
                heard(text.encode(LATIN))


def _open(sock: socket.socket) -> _Channel:
    telnet: Any = Telnet()  # type: ignore[no-untyped-call]
    options = Options()

    def negotiate(sock: socket.socket, command: bytes, option: bytes) -> None:
        asked = command == SE
        reply = options.tell(telnet.read_sb_data()) if asked else options.answer(command, option)
        if reply:
            sock.sendall(reply)

    telnet.sock = sock
    telnet.set_option_negotiation_callback(negotiate)
    return _Channel(telnet)


def _send(channel: _Channel, outbox: Outbox) -> None:
    with contextlib.suppress(Empty):
        while True:
            data, sent = outbox.get_nowait()
            channel.write_channel(data.decode(LATIN))
            sent()
