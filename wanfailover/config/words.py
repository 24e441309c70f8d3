"""The turns of phrase that complaints share."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

LONGEST = 60
"""Characters of a value that a complaint repeats: enough to find it by, and still one line."""


def subject(key: str, value: object) -> str:
    """Name a key and what it holds, as it stands in the file."""
    if isinstance(value, dict):
        return f"the group of keys under `{key}`"
    if isinstance(value, list):
        return f"the list under `{key}`"
    return f"`{key}: {_shown(value)}`"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Join words as in a sentence: a, b and c."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail


def quoted(words: Iterable[str], last: str = "and") -> str:
    """Join words as they are to be typed: `a`, `b` and `c`."""
    return listed((f"`{word}`" for word in words), last)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that was probably meant, if any is near."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return close[0] if close else None


def instead(word: str, known: Collection[str]) -> str:
    """Say what to write in place of *word*: the nearest known one, or any of them."""
    near = nearest(word, known)
    return f"did you mean `{near}`?" if near else f"write {quoted(known, 'or')}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if not text.isprintable():
        text = repr(text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
