"""A screen as a picture, and what its parts mean.

Each line of a picture has a margin up to the first bar: words that must all hold for the line to be
there, such as ``410`` (see `wording.holds`), a ``!`` in front meaning that it must not. Behind the
bar stands the line as the screen shows it, at its column. Within it ``{wan.mask}`` is a field to be
edited, and ``[ping.out]`` is only shown. ``>name`` at the end makes it an item that opens that
screen, ``>!word`` one that does something (see `deeds.py`). A line ``[#name]`` stands for as many
as there are (see `tables.py`). Several blank lines are drawn as one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen.

    Args:
        title: What row 2 shows.

        picture: Rows 4 to 22.

        help: What row 24 shows; row 23 belongs to the highlighted item.

        right: What row 2 shows at its right end, as ``[clock]``.
    """

    title: str
    picture: str
    help: str = ""
    right: str = ""


def forms(
    table: str, entry: str, button: str, fields: str, adding: str = "", changing: str = ""
) -> dict[str, Screen]:
    """Two screens with the same fields: to add an entry to a table, and to change one.

    Args:
        table: Where it is kept.

        entry: What both titles call it.

        button: Adds it; what is changed is so at once.

        fields: The picture of both, above what only the first has.

        adding: Help on the first.

        changing: Help on the second.
    """
    picture = f"""{fields}\
      |
      |            {button}  >!store {table}
      |            CANCEL  >!back
"""
    return {
        f"{table}-add": Screen(f"Add {entry}", picture, adding),
        f"{table}-change": Screen(f"Change {entry}", fields, changing),
    }
