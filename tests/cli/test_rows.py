"""No row of `check` without a case that makes it so: the rows are found in the program's text.

What the program may make red or yellow is held against what was so for real, in the golden files of
`tests/packets/check/`. Rows that cannot be made so there are named in `ELSEWHERE`, each with the
tests that look at it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "packets" / "check"
ANYTHING = "(?:.*)"
COLOURS = {"RED": "red", "YELLOW": "yellow"}

FILES = sorted(
    file.relative_to(ROOT)
    for folder in ("wanfailover", "drivers")
    for file in (ROOT / folder).rglob("*.py")
    if "Finding(" in file.read_text()
)

ELSEWHERE = {
    # a virtual R9100, whose screens are its own
    "drivers/wanfailover_netopia/tour.py": "tests/drivers/netopia/test_inspect.py",
    "wanfailover/preflight.py: pinhole: ": "tests/drivers/netopia/test_tunnels.py",
    # in the lab the router is a network namespace; these are found in that of the host's init
    "drivers/wanfailover_iproute2/findings.py: writers: .* and may put": (
        "tests/drivers/test_inspect.py"
    ),
    # takes ten minutes, in virtual time
    "wanfailover/checkup.py: preflight: ": "tests/routine/test_checkup.py",
}


@dataclass(frozen=True)
class Row:
    """One place in the program that makes a row, as patterns of what it may print."""

    file: str
    line: int
    colour: str
    subject: str
    sentence: str
    remedy: str

    def __str__(self) -> str:
        return re.sub(r"\(\?:|\\|\)", "", f"{self.file}: {self.subject}: {self.sentence}")

    def is_in(self, text: str) -> bool:
        row = f"^{self.colour} {self.subject}: {self.sentence}"
        there = f"{row}\n    → {self.remedy}$|" if self.remedy != ANYTHING else ""
        none = f"{row}$" if re.fullmatch(self.remedy, "") else "(?!)"
        return re.search(f"{there}{none}", text, re.MULTILINE) is not None


class Reading:
    """A file's rows; names are followed to what is assigned to them in the same function."""

    def __init__(self, file: Path) -> None:
        self.file = str(file)
        self._tree = ast.parse((ROOT / file).read_text())
        at_top = [each for each in self._tree.body if isinstance(each, ast.Assign)]
        self._top = self._assigned(at_top)

    def rows(self) -> Iterator[Row]:
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        for function in (each for each in ast.walk(self._tree) if isinstance(each, functions)):
            names = self._top | self._assigned(function.body)
            for node in ast.walk(function):
                match node:
                    case ast.Call(func=ast.Name("Finding"), args=[_, ast.expr(), _, *_] as args):
                        yield from self._row(node.lineno, names, *args)
                    case ast.Tuple(elts=[first, sentence, *rest]) if self._colour(first, names):
                        if rest:
                            yield from self._row(node.lineno, names, None, first, sentence, *rest)

    def _row(
        self, line: int, names: dict[str, list[ast.expr]], subject: ast.expr | None,
        severity: ast.expr, sentence: ast.expr, *remedy: ast.expr,
    ) -> Iterator[Row]:  # fmt: skip
        colour = self._colour(severity, names)
        if colour:
            subject_, told = (
                self._pattern(each, names) if each is not None else ANYTHING
                for each in (subject, sentence)
            )
            done = self._pattern(remedy[0], names) if remedy else ""
            yield Row(self.file, line, colour, subject_, told, done)

    @staticmethod
    def _assigned(body: list[ast.stmt]) -> dict[str, list[ast.expr]]:
        found: dict[str, list[ast.expr]] = {}
        for statement in body:
            for node in ast.walk(statement):
                match node:
                    case ast.Assign(targets=[ast.Name(name)], value=value):
                        found.setdefault(name, []).append(value)
                    case ast.Assign(targets=[ast.Tuple(elts)], value=ast.Tuple(values)):
                        for each, value in zip(elts, values, strict=True):
                            if isinstance(each, ast.Name):
                                found.setdefault(each.id, []).append(value)
        return found

    def _colour(self, node: ast.expr, names: dict[str, list[ast.expr]]) -> str:
        """Of a severity; empty where it is green, or no severity."""
        match node:
            case ast.Name(name) | ast.Attribute(ast.Name("Severity"), name) if name in COLOURS:
                return COLOURS[name]
            case ast.IfExp(body=one, orelse=other):
                both = [c for each in (one, other) if (c := self._colour(each, names))]
                return f"(?:{'|'.join(both)})" if both else ""
            case _:
                return ""

    def _pattern(self, node: ast.expr, names: dict[str, list[ast.expr]]) -> str:
        match node:
            case ast.Constant(str(text)):
                return re.escape(text)
            case ast.JoinedStr(values):
                return "".join(self._pattern(each, names) for each in values)
            case ast.BinOp(left, ast.Add(), right):
                return self._pattern(left, names) + self._pattern(right, names)
            case ast.IfExp(body=one, orelse=other):
                return f"(?:{self._pattern(one, names)}|{self._pattern(other, names)})"
            case ast.Name(name) if name in names and all(self._plain(e) for e in names[name]):
                inner = names | {name: []}
                return f"(?:{'|'.join(self._pattern(each, inner) for each in names[name])})"
            case _:
                return ANYTHING

    @staticmethod
    def _plain(node: ast.expr) -> bool:
        return isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp | ast.IfExp)


ROWS = [row for file in FILES for row in Reading(file).rows()]


def told() -> str:
    return "\n".join(file.read_text() for file in sorted(GOLDEN.glob("*.txt")))


def literals(file: str) -> set[str]:
    """What a test looks for, among other words."""
    nodes = ast.walk(ast.parse((ROOT / file).read_text()))
    return {
        each.value
        for each in nodes
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }


def test_rows_are_found() -> None:
    """As many as there are, or nothing is shown by what follows."""
    assert len(ROWS) > 70
    assert len({(row.file, row.line) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_row_was_made_so_for_real(row: Row) -> None:
    """Red or yellow, with that sentence and that remedy."""
    elsewhere = [test for begin, test in ELSEWHERE.items() if re.match(begin, str(row))]
    if not elsewhere:
        assert row.is_in(told()), f"{row.file}:{row.line}: no case of test_check.py makes it so"
        return
    sentence = str(row).replace(" .* ", " ")
    assert any(
        re.fullmatch(row.subject, each) or (len(each) > 15 and each in sentence)
        for each in literals(elsewhere[0])
    )


def test_no_exception_is_stale() -> None:
    for begin in ELSEWHERE:
        assert any(re.match(begin, str(row)) for row in ROWS), begin
