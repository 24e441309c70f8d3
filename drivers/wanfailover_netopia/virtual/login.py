"""The login dialogue."""

from __future__ import annotations

from collections.abc import Callable

from wanfailover_netopia.virtual.router import Router

TRIES = 3
"""Wrong pairs after which the session is closed; 1 with `tries-1`."""


class Login:
    """Asks for a name and a password, or a password only; anew after a wrong pair.

    Args:
        router: Whose name and password they are.

        send: Takes bytes for the user.

        done: Called when the right ones have been given.

        close: Called with a reason when there have been too many wrong ones.
    """

    def __init__(
        self,
        router: Router,
        send: Callable[[bytes], object],
        done: Callable[[], object],
        close: Callable[[str], object],
    ) -> None:
        self._router = router
        self._send = send
        self._done = done
        self._close = close
        self._left = 1 if "tries-1" in router.variants else TRIES
        self._asks_name = "password-only" not in router.variants
        self._name: str | None = None
        self._text = ""
        capital = "prompts-capital" in router.variants
        space = " " if "prompts-spaced" in router.variants else ""
        self._name_prompt = ("Login name:" if capital else "name:") + space
        self._password_prompt = ("Password:" if capital else "password:") + space

    def start(self) -> None:
        """Ask."""
        self._name = None if self._asks_name else ""
        first = self._name_prompt if self._asks_name else self._password_prompt
        self._send(f"\x1b[2J\x1b[H{first}".encode())

    def press(self, key: str) -> None:
        """Take a key."""
        if key == "Return":
            self._accept()
        elif key in {"Delete", "Backspace"}:
            if self._text and self._name is None:
                self._send(b"\b \b")
            self._text = self._text[:-1]
        elif len(key) == 1 and len(self._text) < 31:
            self._text += key
            if self._name is None:
                self._send(key.encode())

    def _accept(self) -> None:
        text, self._text = self._text, ""
        if self._name is None:
            self._name = text
            self._send(f"\r\n{self._password_prompt}".encode())
            return
        settings = self._router.settings
        if (self._name, text) == (settings["access.name"], settings["access.password"]):
            self._done()
            return
        self._left -= 1
        self._router.note("login-refused", left=self._left)
        if self._left:
            self.start()
        else:
            self._close("wrong name or password")
