"""A secret that comes with a reloaded profile is struck out like those before it."""

from __future__ import annotations

import io
import logging

import pytest

from wanfailover import logs


@pytest.fixture
def shown(monkeypatch):
    """What is logged, as it is written; the root logger is put back afterwards."""
    root = logging.getLogger()
    before, level, raising = root.handlers, root.level, logging.raiseExceptions
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure(json=True, secrets=["first"])
    yield stream
    root.handlers, logging.raiseExceptions = before, raising
    root.setLevel(level)


def test_secrets_are_added_and_none_is_forgotten(shown):
    """Before, the new one shows; after, neither does."""
    logging.getLogger("x").warning("first and second")
    logs.hide(["second", ""])
    logging.getLogger("x").warning("first then second")
    before, after = shown.getvalue().splitlines()
    assert ("first" in before, "second" in before) == (False, True)
    assert ("first" in after, "second" in after, "then" in after) == (False, False, True)
