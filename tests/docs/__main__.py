"""Writes the tables that are made from the program into the documents."""

from tests.docs import MADE, ROOT, written

for page, place in MADE:
    (ROOT / page).write_text(written(page, place))
