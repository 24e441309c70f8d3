"""Options and settings every tier shares."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("quick", deadline=None, max_examples=60)
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regold",
        action="store_true",
        help="rewrite golden files; commit the difference only if you understand it",
    )
