"""Every reply that ETRN can get is understood, and told in a sentence of its own."""

from __future__ import annotations

import pytest

from tests.support.mx import Mx
from wanfailover.core.entries import MailDrained, MailNotDrained
from wanfailover.mail import drain
from wanfailover.mail.drain import Drain, by_smtp
from wanfailover.mail.etrn import KNOWN, Outcome, meaning
from wanfailover.mail.session import Reply
from wanfailover.probes import Names

REPLIES = [
    ("250 Queuing started", MailDrained, "has begun to deliver what it holds for example.com"),
    ("251 OK, no messages waiting for node example.com", MailDrained, "holds nothing for"),
    ("252 OK, pending messages for node started", MailDrained, "deliver what waits for example"),
    ("253 OK, 14 pending messages for node started", MailDrained, "deliver 14 messages for"),
    ("253 OK, 1 pending messages for node started", MailDrained, "deliver 1 message for"),
    ("253 OK", MailDrained, "deliver some messages for"),
    ("458 Unable to queue messages", MailNotDrained, "cannot begin to deliver for example.com now"),
    ("459 <example.com>: service unavailable", MailNotDrained, "does not do ETRN for example.com"),
    ("500 Syntax: ETRN domain", MailNotDrained, "does not know ETRN"),
    ("501 Syntax Error", MailNotDrained, "does not take example.com for a domain"),
    ("502 Command not implemented", MailNotDrained, "has ETRN switched off"),
    ("554 5.7.1 Access denied", MailNotDrained, "does not let this host ask for example.com"),
    ("450 4.7.1 Greylisted", MailNotDrained, "puts us off"),
    ("354 go ahead", MailNotDrained, "gives an answer that ETRN does not have"),
]


@pytest.mark.parametrize(("reply", "kind", "sentence"), REPLIES)
async def test_each_reply(reply, kind, sentence, monkeypatch):
    """The server's own words stand behind ours; what it says no to is not asked again."""
    monkeypatch.setattr(drain, "PAUSES", (0.01,))
    with Mx(ETRN=reply) as mx:
        entry = await Drain(mx.mail, by_smtp(mx.mail, Names())).run("s1", within=0.1)
    assert type(entry) is kind
    assert sentence in entry.because
    assert f"({reply})" in entry.because
    assert entry.switchover == "s1"
    assert entry.replies == (("example.com", reply),)
    asked = mx.heard.count("ETRN example.com")
    assert asked > 2 if reply[:3] in {"458", "450"} else asked == 1


def test_no_two_codes_sound_alike():
    """A sentence each."""
    told = [meaning(Reply(code, ""), "example.com").sentence for code in KNOWN]
    assert len({sentence.partition("(")[0] for sentence in told}) == len(KNOWN) == 9


def test_what_is_refused_has_a_remedy():
    """Whoever reads it at night knows what to change."""
    for code, known in KNOWN.items():
        assert bool(known.remedy) == (known.outcome is Outcome.REFUSED), code


def test_a_stranger_s_words_are_harmless():
    """A reply with a brace or a control character is still a sentence."""
    assert meaning(Reply(250, "{domain} {0}"), "example.com").sentence.endswith(
        "(250 {domain} {0})"
    )
