"""One sentence per journal entry, coloured: what `history` and `demo` print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wanfailover import wording
from wanfailover.cli.render import coloured
from wanfailover.entries import Entry
from wanfailover.journal.reader import Record


def history(records: Iterable[Record]) -> Iterator[str]:
    """The journal as a story, a line an entry."""
    for record in records:
        line = tell(record.entry)
        if line is not None:
            yield f"{wording.dated(record.at)}  {line}"


def tell(entry: Entry) -> str | None:
    """Give the entry's line; None for those that only a machine needs."""
    return wording.tell(entry, coloured)
