"""`status --watch`: the screen again and again, until ^C."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

from wanfailover.errors import WanFailoverError

EVERY = 1.0
"""Seconds between two looks."""

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
"""xterm's other screen, without a cursor; and back to what was there before."""

HOME, TO_END_OF_LINE, TO_END = "\x1b[H", "\x1b[K", "\x1b[J"


def watch(screen: Callable[[], str], pause: Callable[[float], object] = time.sleep) -> None:
    """Show *screen* until somebody interrupts; what cannot be told now is said, and tried again."""
    _put(ENTER)
    try:
        while True:
            try:
                text = screen()
            except WanFailoverError as error:
                text = str(error)
            lines = "".join(f"{line}{TO_END_OF_LINE}\n" for line in text.splitlines())
            footer = f"\n{time.strftime('%H:%M:%S')}  ^C to quit{TO_END_OF_LINE}\n"
            _put(f"{HOME}{lines}{footer}{TO_END}")
            pause(EVERY)
    except KeyboardInterrupt:
        pass
    finally:
        _put(LEAVE)


def _put(text: str) -> None:
    click.echo(text, nl=False, color=True)
