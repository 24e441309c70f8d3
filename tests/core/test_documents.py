"""What the documents tell of the rules is what the rules are."""

from __future__ import annotations

import pytest

from tests.docs import MADE, ROOT, written


@pytest.mark.parametrize(("page", "place"), MADE)
def test_made_from_the_program(page: str, place: str):
    """Where it fails: `make docs`, then read the difference."""
    assert (ROOT / page).read_text() == written(page, place)
