"""A webhook's receiver on a host of the lab: each message a line of JSON in a file.

python hook.py PORT FILE
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PORT, FILE = int(sys.argv[1]), Path(sys.argv[2])


class Posted(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        with FILE.open("ab") as file:
            file.write(data + b"\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("", PORT), Posted)
print("ready", flush=True)
server.serve_forever()
