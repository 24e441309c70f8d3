"""Mutants of a module: each one small change that a test should notice.

The changes are mutmut's operators. mutmut itself leaves out whatever is decorated (each property),
constants, defaults of fields and the table of rules, for it puts all mutants of a function beside
it; that is half of what decides here. So here each mutant is the module's whole text, compiled:
where functions differ their code alone is exchanged (see `runner`), and where anything else does
the module has to be imported anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.mutators import mutation_operators

SKIPPED = cst.Annotation | cst.Decorator | cst.Import | cst.ImportFrom
"""What is no behaviour, or none of the module's own."""


@dataclass(frozen=True, order=True)
class Change:
    """What a reader sees of a mutant: the line it was and the line it is."""

    module: str
    where: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"`{self.where}`: `{self.old}` → `{self.new}`"


@dataclass(frozen=True)
class Mutant:
    """One of them.

    Args:
        lines: Of the statement it is in; whoever runs none of them cannot tell.

        swaps: Code of functions, as it was and as it is.

        source: The module's text, where exchanging functions' code is not enough.

        constants: Names that its statement assigns, where that is one of the module's own.
    """

    change: Change
    file: str
    lines: range
    swaps: tuple[tuple[CodeType, CodeType], ...] = ()
    source: str | None = field(default=None, repr=False)
    constants: tuple[str, ...] = ()


NOTHING = Mutant(Change("", "", "", ""), "", range(0))


def mutants(file: Path) -> Iterator[Mutant]:
    """All mutants of a module, in the order of its text."""
    text = file.read_text()
    module = compile(text, file, "exec")
    tree = ast.parse(text)
    seen = set()
    for line, changed in _texts(text):
        try:
            mutated = compile(changed, file, "exec")
        except SyntaxError:
            continue
        change = Change(file.stem, _name(tree, line), *_difference(text, changed))
        lines = _statement(tree, line)
        frame = _print(module, inside=False) != _print(mutated, inside=False)
        pairs = zip(functions(module), functions(mutated), strict=not frame)
        swaps = tuple((was, now) for was, now in pairs if _print(was) != _print(now))
        if (swaps or frame) and changed not in seen:
            seen.add(changed)
            source = changed if frame else None
            yield Mutant(change, str(file), lines, swaps, source, _assigned(tree, line))


class _Operators(cst.CSTVisitor):
    """Applies each operator to each node. *found* has the line, and the text with the change."""

    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, module: cst.Module) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._module = module
        self._lines = module.code.splitlines(keepends=True)

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, SKIPPED) or _is_docstring(node) or _is_alias(node):
            return False
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                self.found += [self._changed(node, mutated) for mutated in operator(node)]
        return True

    def _changed(self, node: cst.CSTNode, mutated: cst.CSTNode) -> tuple[int, str]:
        """Exchange the text of the smallest node around it that is printed as it stands there."""
        line, around, instead = 0, node, mutated
        while not isinstance(around, cst.Module):
            place = self.get_metadata(PositionProvider, around, None)
            line = line or (place.start.line if place else 0)
            if place and self._module.code_for_node(around) == self._between(place):
                before = self._lines[place.start.line - 1][: place.start.column]
                after = self._lines[place.end.line - 1][place.end.column :]
                inside = before + self._module.code_for_node(instead) + after
                text = [
                    *self._lines[: place.start.line - 1],
                    inside,
                    *self._lines[place.end.line :],
                ]
                return line, "".join(text)
            parent = self.get_metadata(ParentNodeProvider, around)
            instead = parent.deep_replace(around, instead)
            around = parent
        assert isinstance(instead, cst.Module)
        return line, instead.code

    def _between(self, place: CodeRange) -> str:
        lines = self._lines[place.start.line - 1 : place.end.line]
        lines[-1] = lines[-1][: place.end.column]
        lines[0] = lines[0][place.start.column :]
        return "".join(lines)


def _is_docstring(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString)


def _is_alias(node: cst.CSTNode) -> bool:
    """``Step = SetAddress | SetGateway``: a type, by its name."""
    if not isinstance(node, cst.Assign):
        return False
    target = node.targets[0].target
    return isinstance(target, cst.Name) and bool(re.fullmatch(r"([A-Z][a-z]+)+", target.value))


def _texts(text: str) -> list[tuple[int, str]]:
    wrapper = MetadataWrapper(cst.parse_module(text))
    operators = _Operators(wrapper.module)
    wrapper.visit(operators)
    return operators.found


def _difference(text: str, changed: str) -> tuple[str, str]:
    """The first line that differs, without the spaces around it."""
    pairs = zip(text.splitlines(), changed.splitlines(), strict=False)
    old, new = next((old, new) for old, new in pairs if old != new)
    return old.strip(), new.strip()


def _enclosing(tree: ast.AST, line: int, kinds: type | tuple[type, ...]) -> list[ast.AST]:
    """From the outermost to the innermost."""
    return [
        node
        for node in ast.walk(tree)  # breadth first
        if isinstance(node, kinds) and _first(node) <= line <= node.end_lineno
    ]


def _first(node: ast.AST) -> int:
    return min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])


def _name(tree: ast.AST, line: int) -> str:
    names = _enclosing(tree, line, (ast.ClassDef, ast.FunctionDef))
    return ".".join(node.name for node in names) or "module"


def _assigned(tree: ast.Module, line: int) -> tuple[str, ...]:
    """Names that a statement of the module itself assigns."""
    statement = next(s for s in tree.body if _first(s) <= line <= s.end_lineno)
    match statement:
        case ast.Assign(targets=targets):
            return tuple(t.id for t in targets if isinstance(t, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            return (name,)
    return ()


def _statement(tree: ast.AST, line: int) -> range:
    """The lines of the innermost statement; of one with a body those of its head."""
    statement = _enclosing(tree, line, ast.stmt)[-1]
    body = getattr(statement, "body", None)
    end = max(statement.lineno, body[0].lineno - 1) if body else statement.end_lineno
    return range(_first(statement), end + 1)


def functions(code: CodeType) -> Iterator[CodeType]:
    """Functions of a module and of its classes, lambdas too; not those inside of functions."""
    for const in code.co_consts:
        if isinstance(const, CodeType):
            if const.co_flags & CO_OPTIMIZED:
                yield const
            else:  # a class
                yield from functions(const)


def _print(code: CodeType, *, inside: bool = True) -> tuple[object, ...]:
    """What code does, wherever its lines are; *inside* of functions, or around them."""
    return (
        code.co_name,
        code.co_code,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_exceptiontable,
        tuple(
            (inside or not const.co_flags & CO_OPTIMIZED) and _print(const, inside=inside)
            if isinstance(const, CodeType)
            else (type(const), repr(const))
            for const in code.co_consts
        ),
    )
