"""After a switchover: wait until the backup MX can be reached, and have it deliver what it holds.

Left alone it would come back to the office's mail when its queue's schedule says so, up to ten
minutes later (Postfix 3.7: measured 567 s). All this runs beside the loop, and is given up when the
next switchover begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any

from wanfailover.core.entries import MailDrained, MailNotDrained
from wanfailover.dialogue import Unanswered
from wanfailover.journal.eras import utc_now
from wanfailover.mail.etrn import Meaning, Outcome, meaning
from wanfailover.mail.session import Reply, session
from wanfailover.ports import EntrySink
from wanfailover.probes.names import Names
from wanfailover.report import Report, drain_told, mail_asked, stamp
from wanfailover.specs import Mail

WITHIN = 900.0
"""Seconds until it is left to itself. A tunnel that finds out by itself that its peer has moved
takes three minutes (strongSwan's defaults: measured 173 s)."""

WITHIN_ONCE = 10.0
"""The same where somebody waits for the end of a command."""

PAUSES = (0.25, 0.5, 1.0, 2.0)
"""Seconds between two tries; the last for all that follow."""

AGAIN = (1.5, 2.0, 30.0)
"""Seconds until it is asked once more, and again, unasked for: what it was trying to deliver at the
moment of the first asking falls back into its queue, and would wait there. By our configuration
that takes up to 3 s, and half of it on the average; elsewhere up to 30 (Postfix's own)."""

Ask = Callable[[tuple[str, ...]], Awaitable[dict[str, Reply]]]
"""Sends ETRN for each domain; raises `Unanswered`."""


def by_smtp(mail: Mail, names: Names) -> Ask:
    """Ask the backup MX itself, all domains in one session."""

    async def ask(domains: tuple[str, ...]) -> dict[str, Reply]:
        async with session(mail, names) as talk:
            return {domain: await talk.etrn(domain) for domain in domains}

    return ask


class Drain:
    """Asks until every domain has an answer that lasts, or time is up."""

    def __init__(self, mail: Mail, ask: Ask) -> None:
        self._mail = mail
        self._ask = ask
        self._replies: dict[str, Reply] = {}
        self.trouble = "it has not been asked yet"

    async def run(self, switchover: str, within: float = WITHIN) -> MailDrained | MailNotDrained:
        """Ask, again and again, for at most *within* seconds and the last asking."""
        clock = asyncio.get_running_loop().time
        began, tries = clock(), 0
        while waiting := self._waiting():
            await self._try(waiting)
            pause = PAUSES[min(tries, len(PAUSES) - 1)]
            tries += 1
            if not self._waiting() or clock() + pause >= began + within:
                break
            await asyncio.sleep(pause)
        return self._entry(switchover, clock() - began)

    async def again(self) -> None:
        """Ask for all once more; whatever becomes of it."""
        await self._try(self._mail.domains)

    async def _try(self, domains: tuple[str, ...]) -> None:
        try:
            self._replies |= await self._ask(domains)
        except Unanswered as failure:
            self.trouble = f"the backup MX {self._mail.name} does not answer: {failure}"
            return
        meanings = self._meanings().values()
        self.trouble = "; ".join(f"the backup MX {each.sentence}" for each in meanings)

    def _meanings(self) -> dict[str, Meaning]:
        return {domain: meaning(reply, domain) for domain, reply in self._replies.items()}

    def _waiting(self) -> tuple[str, ...]:
        """Domains of which nothing lasting is known."""
        settled = {d for d, each in self._meanings().items() if each.outcome is not Outcome.LATER}
        return tuple(domain for domain in self._mail.domains if domain not in settled)

    def _entry(self, switchover: str, seconds: float) -> MailDrained | MailNotDrained:
        meanings = self._meanings()
        done = len(meanings) == len(self._mail.domains)
        well = done and all(each.outcome.well for each in meanings.values())
        remedies = dict.fromkeys(each.remedy for each in meanings.values() if each.remedy)
        because = "; ".join([self.trouble, *remedies])
        told = tuple((domain, str(reply)) for domain, reply in self._replies.items())
        kind = MailDrained if well else MailNotDrained
        return kind(switchover, round(seconds, 3), because, told)


class Drains:
    """One drain at a time, beside the loop: begun by each switchover's end, ended by the next.

    Args:
        last: What became of the last one, of an earlier run.

        spawn: Runs work beside the loop.

        drained: Told of each switchover whose drain has come to an end, well or not.
    """

    def __init__(
        self,
        mail: Mail | None,
        ask: Ask | None,
        record: EntrySink,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        last: Report | None = None,
        drained: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._mail = mail if mail is not None and mail.etrn else None
        self._ask = ask
        self._record = record
        self._spawn = spawn
        self._last = last
        self._drained = drained
        self._task: asyncio.Task[None] | None = None
        self._asking: tuple[str, str, Drain] | None = None  # switchover, since, and what does it

    def begin(self, switchover: str) -> None:
        """A switchover has ended."""
        self.cancel()
        if self._mail is not None and self._ask is not None:
            self._task = self._spawn(self._run(switchover, Drain(self._mail, self._ask)))

    def resume(self, switchover: Report | None) -> None:
        """An agent starts: the one before may have ended while this *switchover*'s was under way.

        One that is older than a drain may take is left alone.
        """
        if switchover is None or switchover["outcome"] != "proved":
            return
        asked = self._last is not None and self._last["switchover"] == switchover["id"]
        age = utc_now() - datetime.fromisoformat(switchover["started"])
        if not asked and age.total_seconds() < WITHIN:
            self.begin(switchover["id"])

    def cancel(self) -> None:
        """A switchover begins: what was under way is its affair no longer."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._asking = None

    @property
    def waiting(self) -> bool:
        """The backup MX has not answered yet."""
        return self._asking is not None

    def report(self) -> Report | None:
        """As ``status --json`` has it; None without a backup MX that is asked."""
        if self._mail is None:
            return None
        if self._asking is None:
            because = f"the backup MX {self._mail.name} is asked after the next switchover"
            return self._last or drain_told("unknown", because)
        switchover, since, drain = self._asking
        because = f"waits until the backup MX delivers: {drain.trouble}"
        return drain_told("waiting", because) | {"since": since, "switchover": switchover}

    async def _run(self, switchover: str, drain: Drain) -> None:
        self._asking = (switchover, stamp(utc_now()), drain)
        entry = await drain.run(switchover)
        self._asking, self._last = None, mail_asked(entry, utc_now())
        await self._record(entry)
        self._drained(switchover)
        if isinstance(entry, MailDrained):
            for pause in AGAIN:
                await asyncio.sleep(pause)
                await drain.again()
