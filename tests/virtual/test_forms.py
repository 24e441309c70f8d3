"""What is added by a screen can be changed by another: they show the same fields."""

from __future__ import annotations

import re

import pytest

from wanfailover_netopia.virtual.screens import SCREENS

FIELD = re.compile(r"\{([\w.-]+)\}")
DOES = re.compile(r">(\S.*)$", re.MULTILINE)
TABLES = sorted(
    name.removesuffix("-change")
    for name in SCREENS
    if name.endswith("-change") and name != "user-change"  # which does not show the password
)


def test_there_are_some():
    assert {"route", "server", "export", "trap", "profile"} <= set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_both_screens_of_a_table(table):
    add, change = SCREENS[f"{table}-add"], SCREENS[f"{table}-change"]
    fields = FIELD.findall(add.picture)
    assert fields == FIELD.findall(change.picture)
    assert fields
    assert {each.partition(".")[0] for each in fields} == {table}
    assert DOES.findall(add.picture) == [f"!store {table}", "!back"]
    assert DOES.findall(change.picture) == []
    assert add.title.removeprefix("Add ") == change.title.removeprefix("Change ")
