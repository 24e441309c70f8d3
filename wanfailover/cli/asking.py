"""Questions to a person at a terminal, each of which an option may answer beforehand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click


def _as_it_is(text: str) -> str:
    return text


@contextmanager
def answered() -> Iterator[None]:
    """Say that the input has ended, where that is why there is no answer.

    Raises:
        click.UsageError: It has.
    """
    try:
        yield
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise  # ^C
        click.echo()
        raise click.UsageError(
            "the input ended before all was answered, and nothing was written; each question has "
            "an option, and with --yes nothing is asked"
        ) from None


class Asker:
    """Takes each answer from an option, else from the person, else the default.

    Args:
        given: The options by name; None where one was not given.

        quiet: Ask nobody: what has neither option nor default is a mistake of usage.
    """

    def __init__(self, given: Mapping[str, Any], *, quiet: bool) -> None:
        self.given = given
        self.quiet = quiet

    def text(
        self,
        name: str,
        question: str,
        default: str | None = None,
        read: Callable[[str], Any] = _as_it_is,
    ) -> Any:
        """Have a text; *read* turns it into a value, or raises ValueError with a sentence.

        Raises:
            click.UsageError: It cannot be had, or an option holds what *read* will not have.
        """
        given = self.given.get(name)
        if given is None and self.quiet:
            given = default
        if given is None and self.quiet:
            raise click.UsageError(f"nobody is asked: give --{_option(name)} ({question.lower()})")
        if given is None:
            shown = bool(default)
            return click.prompt(
                question, default=default, value_proc=_reader(read), show_default=shown
            )
        try:
            return read(given)
        except ValueError as error:
            raise click.UsageError(f"--{_option(name)}: {error}") from None

    def secret(self, question: str) -> str:
        """Have a secret, which does not show; empty where there is none, or nobody is asked."""
        if self.quiet:
            return ""
        answer: str = click.prompt(question, default="", hide_input=True, show_default=False)
        return answer

    def whether(self, name: str, question: str, *, default: bool) -> bool:
        """Have a yes or no."""
        given = self.given.get(name)
        if given is not None or self.quiet:
            return default if given is None else bool(given)
        return click.confirm(question, default=default)


def one_of(words: Collection[str]) -> Callable[[str], str]:
    """Read one of *words*."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text} is none of {', '.join(words)}")
        return text

    return read


def _option(name: str) -> str:
    return name.replace("_", "-")


def _reader(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Have click say the sentence, and ask again."""

    def proc(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    return proc
