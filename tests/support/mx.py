"""A backup MX that says what a test wants it to say; in a thread, so that processes can ask it too.

Each verb has its reply, or a list of them, of which the last is for all further times. What comes
in is in `heard`. ::

    with Mx(ETRN=["458 not now", "250 Queuing started"]) as mx:
        ... mx.mail ...
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable
from typing import Self

from wanfailover.specs import Mail

HANG_UP = ""


class Mx(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int = 0, **script: str | list[str]) -> None:
        self.script = {
            "BANNER": "220 mx.example.net ESMTP",
            "EHLO": "250-mx.example.net\r\n250-ETRN\r\n250 PIPELINING",
            "MAIL": "250 2.1.0 Ok",
            "RCPT": "250 2.1.5 Ok",
            "RSET": "250 2.0.0 Ok",
            "ETRN": "250 Queuing started",
            "QUIT": "221 2.0.0 Bye",
            **script,
        }
        self.heard: list[str] = []
        self.taken: Callable[[str], object] = str  # told each message
        super().__init__(("127.0.0.1", port), _Talk)
        self.port: int = self.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def mail(self) -> Mail:
        return Mail(("example.com",), "127.0.0.1", self.port)

    @property
    def verbs(self) -> list[str]:
        return [line.split()[0] for line in self.heard]

    def reply(self, line: str) -> str:
        verb = line.split(maxsplit=1)[0].upper()
        reply = self.script.get(verb, "502 5.5.2 Error: command not recognized")
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        domain = line.rpartition("@")[2].rstrip(">")
        return self.script.get(f"{verb} {domain}", reply)


class _Talk(socketserver.StreamRequestHandler):
    server: Mx

    def handle(self) -> None:
        self._say(self.server.reply("BANNER"))
        while line := self.rfile.readline().decode().strip():
            self.server.heard.append(line)
            reply = self.server.reply(line)
            if reply == HANG_UP:
                return
            self._say(reply)
            if reply.startswith("354"):
                self._take()

    def _take(self) -> None:
        """A message follows, to its end."""
        lines = []
        while (line := self.rfile.readline().decode()) not in {".\r\n", ""}:
            lines.append(line)
        self.server.taken("".join(lines))
        self._say(self.server.reply("."))

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())
