"""Root itself, and root of a user namespace: some programs tell the difference."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ONLY_ROOT = "needs the machine's own root"
"""Begins the reason of a skip that is right in CI as well, where tests run in a user namespace."""

ALL_USERS = str(2**32 - 1)  # user_namespaces(7): the outermost namespace maps them all


def is_root() -> bool:
    """Whether this process is root, of all users."""
    return not os.geteuid() and ALL_USERS in Path("/proc/self/uid_map").read_text().split()


def needed(what_for: str) -> None:
    """Skip where we are not."""
    if not is_root():
        pytest.skip(f"{ONLY_ROOT}, {what_for}")
