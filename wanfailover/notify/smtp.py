"""By mail: one message, threaded with those it follows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from ssl import create_default_context

import aiosmtplib

from wanfailover import __version__
from wanfailover.addressees import ByMail
from wanfailover.dialogue import Unanswered, dialogue
from wanfailover.notify.letter import Letter, Severity
from wanfailover.notify.paths import NotSent
from wanfailover.probes.failures import legible
from wanfailover.probes.names import Names

CONNECT = 5.0
"""Seconds for the connection: over a dead line the next try is sooner than TCP's own."""

WIDEST = 200
"""Characters of a subject: a rule's sentence is shorter, a server's words in it may not be."""

UNFOLDED = policy.SMTP.clone(max_line_length=998)
"""A header a line, as RFC 5322 permits: what is not ASCII Python folds with a space too many."""


class MailWay:
    """Submits to the mail server that the profile names."""

    def __init__(self, to: ByMail, names: Names) -> None:
        self._to = to
        self._names = names
        self._told: dict[str, list[str]] = {}  # who has a letter that not all have yet

    async def send(self, letter: Letter) -> str:
        """Hand it over; some recipients' refusal is not the others'.

        Whom the server cannot take now is asked for again, and the others do not get it twice.
        """
        message = composed(letter, self._to).as_bytes(policy=UNFOLDED)
        had = self._told.get(letter.id, [])
        async with self._session() as client:
            await client.mail(self._to.sender)
            waiting = [each for each in self._to.recipients if each not in had]
            codes = {each: await self._asked(client, each) for each in waiting}
            taken = [each for each, code in codes.items() if code < 400]
            words = await self._hand_over(client, message) if taken else "250 before"
        refused = ", ".join(each for each in waiting if each not in taken)
        if not had and not taken:
            raise NotSent(f"no recipient is taken: {self._words}", refused=True)
        if any(400 <= code < 500 for code in codes.values()):
            self._told[letter.id] = had + taken
            raise NotSent(f"not taken yet for {refused}: {self._words}", refused=True)
        self._told.pop(letter.id, None)
        return words + (f"; but not for {refused}: {self._words}" if refused else "")

    async def _hand_over(self, client: aiosmtplib.SMTP, message: bytes) -> str:
        try:
            response = await client.data(message)
        except aiosmtplib.SMTPResponseException as error:
            why = legible(f"data: {error.code} {error.message}")
            raise NotSent(why, refused=error.code >= 500) from error
        return legible(f"{response.code} {response.message}")

    async def look(self) -> str:
        """Connect, be greeted, upgrade and log in where that is asked for."""
        async with self._session():
            tls = " over TLS" if self._to.starttls else ""
            login = f", and lets {self._to.username} in" if self._to.username else ""
            return f"the mail server answers{tls}{login}"

    async def _asked(self, client: aiosmtplib.SMTP, recipient: str) -> int:
        try:
            return (await client.rcpt(recipient)).code
        except aiosmtplib.SMTPResponseException as error:
            self._words = legible(f"{error.code} {error.message}")
            return error.code

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiosmtplib.SMTP]:
        self._words = ""
        try:
            async with dialogue(self._to.host, self._to.port, self._names, CONNECT) as client:
                await self._enter(client)
                yield client
        except Unanswered as failure:
            raise NotSent(str(failure)) from failure

    async def _enter(self, client: aiosmtplib.SMTP) -> None:
        """Upgrade and log in, where that is asked for."""
        if self._to.starttls:
            await client.starttls(
                tls_context=create_default_context(), server_hostname=self._to.host
            )
            await client.ehlo()
        if self._to.username is not None and self._to.password is not None:
            await client.login(self._to.username, self._to.password.reveal())


def composed(letter: Letter, to: ByMail) -> EmailMessage:
    """The message; its id is the letter's, so that a double has the same, and threads are found."""
    message = EmailMessage()
    message["Subject"] = letter.title[:WIDEST]
    message["From"] = to.sender
    message["To"] = ", ".join(to.recipients)
    message["Date"] = format_datetime(letter.when)
    message["Message-ID"] = _message_id(letter.id, to)
    if letter.follows:
        message["In-Reply-To"] = _message_id(letter.follows[-1], to)
        message["References"] = " ".join(_message_id(each, to) for each in letter.follows)
    message["X-Wanfailover-Id"] = letter.id
    message["X-Wanfailover-Incident"] = letter.incident
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to it
    if letter.severity is Severity.CRITICAL:
        message["Importance"] = "high"
    message.set_content(words(letter))
    return message


def words(letter: Letter) -> str:
    """The text of a message."""
    at = letter.when.astimezone()
    return "\n".join(
        [
            f"{at:%Y-%m-%d %H:%M:%S %Z}  {letter.subject}",
            *(f"  {line}" for line in letter.lines),
            "",
            f"Why: wanfailover explain --site {letter.site} --at '{at:%Y-%m-%d %H:%M:%S}'",
            f"What happened: wanfailover history --site {letter.site}",
            f"-- \nwanfailover {__version__}, incident {letter.incident}",
            "",
        ]
    )


def _message_id(id_: str, to: ByMail) -> str:
    return f"<{id_}@{to.sender.rpartition('@')[2]}>"
