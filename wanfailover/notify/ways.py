"""Which path is sent by what."""

from __future__ import annotations

from wanfailover.addressees import Addressee, ByApprise, ByCommand, ByMail
from wanfailover.notify.apprise import AppriseWay
from wanfailover.notify.command import CommandWay
from wanfailover.notify.paths import Way
from wanfailover.notify.smtp import MailWay
from wanfailover.notify.webhook import WebhookWay
from wanfailover.probes.names import Names


def way(path: Addressee, names: Names) -> Way:
    """Make what sends; nothing is connected to yet."""
    match path:
        case ByMail():
            return MailWay(path, names)
        case ByCommand():
            return CommandWay(path)
        case ByApprise():
            return AppriseWay(path)
        case _:
            return WebhookWay(path, names)
