"""Gets in: from the first byte to the Main Menu.

A unit without a password shows its Main Menu at once; others ask for a name and a password, or for
the password only. That it refuses is told by its asking again: no words of a refusal are known.
"""

from __future__ import annotations

from wanfailover.errors import LoginRefused, RouterTimeout, RouterUnreachable, UnreadableReply
from wanfailover.ports import Secret
from wanfailover.transports.console.console import Console, Key
from wanfailover.transports.console.screen import Screen
from wanfailover_netopia.screens import ASKS_NAME, ASKS_PASSWORD, is_main_menu

GREETS_WITHIN = 8.0
"""Seconds for the first screen, or for the next after an answer: a busy unit, at 9600 baud."""

SURE = 1.0
"""Seconds of quiet before a prompt that was seen already counts as asked again."""

REFUSED = "the router refuses the name or password: correct router.credentials in the profile"


async def log_in(console: Console, username: str | None, password: Secret | None) -> None:
    """Answer what the router asks until its Main Menu is there.

    Raises:
        LoginRefused: It asks again, or asks for what the profile does not give.
        UnreadableReply: It shows something else.
    """
    asked: set[str] = set()
    before: Screen | None = None
    while True:
        try:
            screen = await console.until(
                lambda s: s != before and (is_main_menu(s) or _asks(s)),  # noqa: B023 - at once
                GREETS_WITHIN,
                what="its Main Menu or a log-in prompt",
            )
        except RouterUnreachable as error:
            if "password" in asked:
                raise LoginRefused(REFUSED) from error
            raise
        except RouterTimeout as error:
            raise _not_understood(console, asked, before) from error
        if is_main_menu(screen):
            return
        question = _asks(screen)
        if question in asked or (question == "name" and "password" in asked):
            if _asks(await console.settle(quiet=SURE)) == question:
                raise LoginRefused(NAMELESS if "name" in asked and not username else REFUSED)
            continue
        asked.add(question)
        before = screen
        await _answer(console, question, username, password)


NAMELESS = "the router asks for a name, and takes none without one: set router.credentials.username"

UNTYPEABLE = (
    "the name or the password given holds what cannot be typed at the router's console, such as an "
    "accent or a second line: mend router.credentials, or change it on the router"
)


async def _answer(
    console: Console, question: str, username: str | None, password: Secret | None
) -> None:
    given = (username or "") + (password.reveal() if password else "")
    if not (given.isprintable() and given.isascii()):
        raise LoginRefused(UNTYPEABLE)
    if question == "name":
        if username is None and password is None:
            raise LoginRefused(
                "the router asks for a name: set router.credentials.username and password"
            )
        if username:
            await console.type(username)
    else:
        if password is None:
            raise LoginRefused(
                "the router asks for a password: set router.credentials.password in the profile"
            )
        await console.type_secret(password.reveal())
    await console.send(Key.RETURN)


def _not_understood(console: Console, asked: set[str], before: Screen | None) -> Exception:
    """Tell a refusal that looks the same as the question from a router that says nothing."""
    screen = console.screen
    if "password" in asked and screen == before:
        return LoginRefused(REFUSED)
    if screen.text.strip():
        return UnreadableReply("first screen", console.text)
    return RouterTimeout(f"the router took the connection and said nothing in {GREETS_WITHIN:g} s")


def _asks(screen: Screen) -> str:
    """What is asked for at the cursor: ``name``, ``password`` or nothing."""
    lines = [row for row in screen.rows if row.strip()]
    for text in (screen.prompt, lines[-1].strip() if lines else ""):
        if ASKS_PASSWORD.search(text):
            return "password"
        if ASKS_NAME.search(text):
            return "name"
    return ""
