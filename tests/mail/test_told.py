"""What `status` tells of mail has one shape, whatever is known: the one that is published."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from importlib import resources

import jsonschema
import pytest

from tests.mail.test_drain import Backup, drains
from tests.support.clock import virtual_time
from wanfailover.core.entries import MailDrained, MailNotDrained
from wanfailover.report import mail_asked, mail_told

SCHEMA = json.loads((resources.files("wanfailover") / "status.schema.json").read_text())
MAIL = {"$defs": SCHEMA["$defs"], "additionalProperties": False} | SCHEMA["properties"]["mail"]
AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
ENTRY = ("s1", 2.0, "so", (("example.com", "250 Queuing started"),))


def shown(drained) -> str:
    told = mail_told(drained, None)
    jsonschema.validate(told, MAIL)
    return told["state"]


@virtual_time
async def test_before_and_during_and_after():
    beside, _ = drains(Backup(since=30.0))
    assert shown(beside.report()) == "unknown"
    beside.begin("s1")
    await asyncio.sleep(10)
    assert shown(beside.report()) == "waiting"
    await asyncio.sleep(30)
    assert shown(beside.report()) == "drained"


@pytest.mark.parametrize(
    ("kind", "state"), [(MailDrained, "drained"), (MailNotDrained, "not-drained")]
)
def test_of_an_earlier_run(kind, state):
    assert shown(mail_asked(kind(*ENTRY), AT)) == state


def test_where_nobody_is_asked():
    """Only a canary is sent: its own words stand beside."""
    canary = mail_told(mail_asked(MailDrained(*ENTRY), AT), None)["canary"]
    told = mail_told(None, canary)
    jsonschema.validate(told, MAIL)
    assert (told["state"], told["canary"]) == ("unknown", canary)
    assert "etrn is false" in told["because"]
    assert mail_told(None, None) is None
