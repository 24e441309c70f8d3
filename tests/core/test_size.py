"""The part that decides is small enough to be read in one sitting."""

from __future__ import annotations

import ast
from pathlib import Path

import wanfailover.core

LIMIT = 1200
"""Lines of the core that do something: statements inside its functions.

What is declared (fields of values, imports, signatures, the table of rules) is its vocabulary.
"""

FILES = sorted(Path(wanfailover.core.__path__[0]).glob("*.py"))


def statements(source: str) -> int:
    """Count them: a docstring is none, and each `case` is one."""
    count = 0
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef):
            inside = [node for child in function.body for node in ast.walk(child)]
            count += sum(isinstance(node, ast.stmt | ast.match_case) for node in inside)
            count -= ast.get_docstring(function) is not None
    return count


def test_what_is_declared_does_not_count():
    """Three: a match, its case, and what is done then; not the words, the field, the signature."""
    source = '''
"""A module."""
import nothing
ALIVE = True
@frozen
class Line:
    """A line."""
    alive: bool
    def live(self):
        """Live."""
        match ALIVE:
            case True:
                return 1
'''
    assert statements(source) == 3


def test_the_core_is_under_its_limit():
    """All modules of the core together."""
    assert sum(statements(file.read_text()) for file in FILES) <= LIMIT


def test_no_module_outgrows_a_reading():
    """What is longer hides an idea that wants a module of its own."""
    long = {file.name: len(file.read_text().splitlines()) for file in FILES}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}
