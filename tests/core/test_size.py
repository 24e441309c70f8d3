"""The part that decides is small enough to be read in one sitting."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import wanfailover.core

LIMIT = 1200
"""Statements of the core, as coverage counts them: those that leave something to be run."""

FILES = sorted(Path(wanfailover.core.__path__[0]).glob("*.py"))


def statements(source: str) -> int:
    """Count them: a docstring is none, but each decorator and each `case` is one."""
    count = 0
    for node in ast.walk(ast.parse(source)):
        count += isinstance(node, ast.stmt | ast.match_case)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            count += len(node.decorator_list)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            count -= ast.get_docstring(node) is not None
    return count


def test_docstrings_do_not_count_and_decorators_do():
    """Eight: a constant and words on it, a class, its decorator, a field, a match, its case."""
    source = '''
"""A module."""
ALIVE = True
"""Words on a constant are a statement."""
@frozen
class Line:
    """A line."""
    alive: bool
    match ALIVE:
        case True:
            pass
'''
    assert statements(source) == 8


@pytest.mark.xfail(strict=True, reason="the core has outgrown its limit and waits to be trimmed")
def test_the_core_is_under_its_limit():
    """All modules of the core together."""
    assert sum(statements(file.read_text()) for file in FILES) <= LIMIT
