"""Tables in the documents that are made from the program: `make docs` writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.docs.keys import keys
from wanfailover.core.policy import RULES

ROOT = Path(__file__).parents[2]


def rules() -> Iterator[str]:
    """The rules, in the order in which they are asked."""
    yield "| rule, first match | answer |"
    yield "|---|---|"
    for rule in RULES:
        yield f"| `{rule.name}` | {rule.means} |"


MADE: dict[tuple[str, str], Callable[[], Iterator[str]]] = {
    ("README.md", "rules"): rules,
    ("profiles/README.md", "keys"): keys,
}
"""By the page, and the name of the place in it, between `<!-- NAME -->` and `<!-- /NAME -->`."""


def written(page: str, place: str) -> str:
    """The page as it would be with that place made anew."""
    text = (ROOT / page).read_text()
    begin, end = f"<!-- {place} -->\n", f"<!-- /{place} -->"
    made = "\n".join(MADE[page, place]())
    new, number = re.subn(
        f"({re.escape(begin)}).*?({re.escape(end)})",
        lambda m: f"{m[1]}{made}\n{m[2]}",
        text,
        flags=re.DOTALL,
    )
    if number != 1:
        raise LookupError(f"{page} has {number} places between {begin.strip()} and {end}")
    return new
