"""The command line that some firmware has behind Ctrl-N."""

from __future__ import annotations

from collections.abc import Callable

from wanfailover_netopia.virtual.router import Router


class CommandLine:
    """Reads lines after ``#``, and answers the few commands that are known.

    Args:
        router: What is asked about.

        send: Takes bytes for the user.

        close: Called with a reason when the user leaves.
    """

    def __init__(
        self, router: Router, send: Callable[[bytes], object], close: Callable[[str], object]
    ) -> None:
        self._router = router
        self._send = send
        self._close = close
        self._text = ""

    def start(self) -> None:
        """Prompt."""
        self._send(b"\x1b[2J\x1b[H#")

    def press(self, key: str) -> None:
        """Take a key."""
        if key == "Return":
            self._run(self._text)
            self._text = ""
        elif key in {"Delete", "Backspace"} and self._text:
            self._text = self._text[:-1]
            self._send(b"\b \b")
        elif len(key) == 1 and len(self._text) < 60:
            self._text += key
            self._send(key.encode())

    def _run(self, command: str) -> None:
        match command.split():
            case ["exit"]:
                self._close("exit")
                return
            case ["show", "version"]:
                lines = self._version()
            case ["show", "config"]:
                running = self._router.configured
                lines = [f"ip address {running.address}", f"ip gateway {running.gateway}"]
            case []:
                lines = []
            case _:
                lines = ["unknown command"]
        self._send("".join(f"\r\n{line}" for line in lines).encode() + b"\r\n#")

    def _version(self) -> list[str]:
        numbers = [int(part) for part in self._router.version.split(".")]
        firmware = ".".join(f"{number:02}" for number in numbers)
        return [
            "cli      version:  01.00d00",
            f"firmware version:  {firmware}f00",
            "hardware version:  01.00f00",
            "mib      version:  01.00f00",
            "html     version:  01.01d07",
        ]
