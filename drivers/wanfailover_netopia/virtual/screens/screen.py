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
