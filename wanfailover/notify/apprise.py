"""By whatever Apprise knows, an optional extra: ``pip install 'wanfailover[apprise]'``.

It is imported on use, for it takes its time and memory, and works in a thread, for it blocks.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from wanfailover.addressees import ByApprise
from wanfailover.notify.letter import Letter, Severity
from wanfailover.notify.paths import NotSent
from wanfailover.notify.smtp import words

WITHIN = 25.0
"""Seconds for all of its URLs."""

KINDS = {Severity.CRITICAL: "failure", Severity.WARNING: "warning", Severity.INFO: "info"}


class AppriseWay:
    """Hands each message to Apprise; taken if all of its URLs have taken it."""

    def __init__(self, to: ByApprise) -> None:
        self._file = to.file

    async def send(self, letter: Letter) -> str:
        """Send it to all; some may get it twice where others did not."""
        sent, count = await _aside(lambda: self._send(letter))
        if not sent:
            raise NotSent("Apprise could not send it to all of its URLs")
        return f"Apprise has sent it to {count}"

    async def look(self) -> str:
        """See that it is installed, and understands every URL."""
        return f"Apprise understands all of {await _aside(self._understood)}"

    def _send(self, letter: Letter) -> tuple[bool, int]:
        apprise, count = self._loaded()
        text = words(letter) + f"id {letter.id}\n"
        return bool(
            apprise.notify(body=text, title=letter.title, notify_type=KINDS[letter.severity])
        ), count

    def _understood(self) -> int:
        return self._loaded()[1]

    def _loaded(self) -> tuple[Any, int]:
        try:
            import apprise  # noqa: PLC0415 - an optional extra
        except ImportError:
            raise NotSent("Apprise is not installed: pip install 'wanfailover[apprise]'") from None
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise NotSent(f"{self._file} cannot be read") from None
        urls = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        made = apprise.Apprise()
        for number, url in enumerate(urls, 1):
            if not made.add(url):
                raise NotSent(f"Apprise does not understand URL {number} in {self._file}")
        if not urls:
            raise NotSent(f"{self._file} holds no URL")
        return made, len(urls)


async def _aside(work: Any) -> Any:
    """Run *work* in a daemon thread: one that hangs holds up neither us nor our end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def finish(setter: str, value: Any) -> None:
        if not done.done():
            getattr(done, setter)(value)

    def run() -> None:
        try:
            outcome = ("set_result", work())
        except NotSent as error:
            outcome = ("set_exception", error)
        except Exception as error:  # noqa: BLE001 - whatever a plugin of it raises
            outcome = ("set_exception", NotSent(f"Apprise failed: {type(error).__name__}"))
        try:
            loop.call_soon_threadsafe(finish, *outcome)
        except RuntimeError:  # the loop has ended: nobody waits for it any more
            return

    threading.Thread(target=run, name="apprise", daemon=True).start()
    try:
        async with asyncio.timeout(WITHIN):
            return await done
    except TimeoutError:
        raise NotSent(f"Apprise has not ended within {WITHIN:g} s") from None
