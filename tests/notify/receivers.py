"""Receivers in threads of their own, so that processes can tell them something, too."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hooked(ThreadingHTTPServer):
    """Takes what is posted; *status* is what it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[dict] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Posted)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/wan"


class _Posted(BaseHTTPRequestHandler):
    server: Hooked

    def do_POST(self) -> None:
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status == 200:
            self.server.got.append(data)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def hooked():
    server = Hooked()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
