"""Mutation testing of the core: ``make mutants``. See tests/README.md."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from hashlib import sha256
from pathlib import Path

import click

os.environ["WANFAILOVER_MUTANTS"] = "1"  # see conftest.py; before any test is imported

from tests.mutation.mutants import Change, Mutant, mutants
from tests.mutation.runner import Runner, Verdict

ROOT = Path(__file__).parents[2]
CORE = ROOT / "wanfailover/core"
TESTS = ("tests/core", "tests/scenarios", "tests/switchover")
SIZE = "tests/core/test_size.py"
"""Counts statements, and would notice nothing else."""

LEAST = 0.9
"""Share of all mutants that has to be noticed."""

ARGUED = Path(__file__).with_name("survivors.md")
KEPT = ROOT / ".mutants"
"""What was found last: whoever works on the survivors need not run all again."""


@dataclass
class Tally:
    """Of one module; *mark* is its text's, for what was found of another text is void."""

    mark: str
    killed: int = 0
    survivors: list[Change] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.killed + len(self.survivors)


def argued() -> set[Change]:
    """The survivors that were looked at: no test could tell them from the module."""
    found, module = set(), ""
    for line in ARGUED.read_text().splitlines():
        if line.startswith("## "):
            module = line[3:].strip("`")
        elif parts := re.fullmatch(r"- `(.+?)`: ``?(.+?)``? → ``?(.*?)``?", line):
            found.add(Change(module, *parts.groups()))
    return found


@click.command()
@click.argument("modules", nargs=-1)
@click.option("--jobs", default=1, show_default=True, help="Processes at a time.")
@click.option("--again", is_flag=True, help="Only those that survived last time.")
@click.option("--quick", type=float, metavar="SECONDS", help="No more tests than this, traced.")
@click.option("--tally", is_flag=True, help="Run nothing; tell what was found last.")
def main(
    modules: tuple[str, ...], jobs: int, *, again: bool, quick: float | None, tally: bool
) -> None:
    """Change the core in each small way that mutmut knows, and see whether a test notices.

    MODULES are names such as `plan`; all of the core where none is given.
    """
    files = [CORE / f"{m}.py" for m in modules] or sorted(CORE.glob("*.py"))
    kept, ran = _load(), {}
    left: dict[str, int] = {}

    def wanted() -> Iterator[Mutant]:
        for file in files:
            before = kept.get(file.stem)
            if again and before is None:
                continue
            all_ = [*mutants(file)]
            todo = [m for m in all_ if not again or m.change in before.survivors]
            left[file.stem] = len(todo)
            ran[file.stem] = Tally(_mark(file), len(all_) - len(todo))
            yield from todo

    def told(verdict: Verdict) -> None:
        change = verdict.mutant.change
        found = ran[change.module]
        if verdict.killer:
            found.killed += 1
        else:
            found.survivors.append(change)
            click.echo(f"survived {verdict.tests} tests: {change.module} {change}")
        left[change.module] -= 1
        if not left[change.module]:
            kept[change.module] = found
            _keep(kept)

    if tally:
        _report({file.stem: kept[file.stem] for file in files if file.stem in kept})
        return
    KEPT.mkdir(exist_ok=True)
    runner = Runner([*TESTS, f"--ignore={SIZE}"], CORE, wanted, told, jobs, KEPT / "traced")
    if quick is not None:
        runner.limit = quick
    if runner.run():
        raise SystemExit(f"Without any mutant, tests fail: {', '.join(runner.failed)}")
    _report(ran)


def _mark(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _load() -> dict[str, Tally]:
    """What was found of modules that are the same now."""
    path = KEPT / "found.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    return {
        module: Tally(mark, killed, [Change(*change) for change in survivors])
        for module, (mark, killed, survivors) in found.items()
        if (file := CORE / f"{module}.py").exists() and mark == _mark(file)
    }


def _keep(tallies: dict[str, Tally]) -> None:
    found = {module: astuple(tally) for module, tally in tallies.items()}
    (KEPT / "found.json").write_text(json.dumps(found, indent=1))


def _report(tallies: dict[str, Tally]) -> None:
    known = argued()
    for module, tally in tallies.items():
        equal = sum(change in known for change in tally.survivors)
        click.echo(f"{module:12} {tally.killed:4} of {tally.total:4} noticed, {equal} argued")
    survivors = [change for tally in tallies.values() for change in tally.survivors]
    killed = sum(tally.killed for tally in tallies.values())
    total = killed + len(survivors)
    equal = sum(change in known for change in survivors)
    if not total:
        raise SystemExit("There is no mutant to tell of.")
    click.echo(
        f"{killed} of {total} mutants noticed, {killed / total:.1%}; of the {total - equal} that "
        f"are not argued in {ARGUED.relative_to(ROOT)} {killed / (total - equal):.1%}"
    )
    if killed < LEAST * total:
        raise SystemExit(f"That is less than {LEAST:.0%}.")


main()
