"""Visits every server of the lab as a careful client would, and prints what came of it as JSON."""

from __future__ import annotations

import json
import smtplib
import socket
import ssl
import sys
import urllib.request

from wanfailover.lab.addresses import ECHO, ECHO_PORT, MAIL_HOST, WEB_HOST, WHOAMI_PORT


def datagram(host: str, port: int) -> tuple[str, str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(2)
        udp.sendto(b"?", (host, port))
        answer, (sender, _) = udp.recvfrom(99)
        return answer.decode(), sender


def send_mail() -> dict[str, object]:
    with smtplib.SMTP(MAIL_HOST, 2525, timeout=5) as mail:
        starttls, _ = mail.starttls(context=ssl.create_default_context())
        mail.mail("office@example.org")
        rcpt = [mail.rcpt(address)[0] for address in ("ops@example.com", "ops@example.org")]
        mail.rset()
        refused = mail.sendmail(
            "office@example.org", "ops@example.com", "the line is back\r\n.\r\n"
        )
        return {"starttls": starttls, "rcpt": rcpt, "refused": refused}


def unknown_name() -> str:
    try:
        return socket.gethostbyname("www.example.edu")
    except socket.gaierror as error:
        return error.strerror


def page() -> str:
    with urllib.request.urlopen(f"https://{WEB_HOST}/", timeout=5) as response:
        return response.read().decode()


seen = {
    "page": page(),
    "mail": send_mail(),
    "www.example.edu": unknown_name(),
    "whoami": datagram(str(ECHO[0]), WHOAMI_PORT)[0],
    "echoes": [datagram(str(address), ECHO_PORT)[1] for address in ECHO],
}
sys.stdout.write(json.dumps(seen))
