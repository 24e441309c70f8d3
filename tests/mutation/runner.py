"""Runs tests against mutants: in a copy of a warm process, each by those who can tell.

pytest collects once and runs all tests once, traced, which tells who runs which line. For each
mutant the process forks; the copy exchanges the code of the functions that differ and runs the
tests that come by, those that noticed its neighbours first and the quick before the slow, until one
fails. A constant's or a default's new value is put where the old one is; what passes so, and all
else that functions do not hold, is imported anew in the copy, with all that rests on it.
"""

from __future__ import annotations

import gc
import importlib.abc
import importlib.util
import os
import pickle
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from functools import _lru_cache_wrapper, reduce
from hashlib import sha256
from itertools import accumulate, chain
from math import inf
from pathlib import Path
from tempfile import TemporaryFile
from types import CodeType, FunctionType, ModuleType
from typing import IO, NoReturn

import coverage
import pytest

from tests.mutation.mutants import NOTHING, Mutant

SLOWER = 10
"""Times as long as it took unchanged, and a test hangs; that is noticed too."""

MEMORY = 4 << 30
"""Bytes a copy may take: a mutant may gather things for ever."""

SURVIVED, NOTICED, BROKEN = range(3)
"""How a copy ends, where no signal ends it."""

IMPORT = "import"

OPTIONS = [
    "--override-ini=addopts=",  # what reports to a terminal that is not there
    "--import-mode=importlib",
    "--maxfail=1",
    "--assert=plain",
    "--timeout=0",  # those below are for it
    *(f"-pno:{plugin}" for plugin in ("terminal", "cacheprovider", "cov")),
]


@dataclass
class Verdict:
    """*killer* is the test that noticed; None where none did. *tests* could have."""

    mutant: Mutant
    killer: str | None
    tests: int


@dataclass
class Traced:
    """What a test did where nothing was mutated; *mark* tells whether it would still."""

    mark: str
    seconds: float
    lines: set[tuple[str, int]]


@dataclass
class Runner:
    """A plugin that runs mutants where pytest would run tests.

    Args:
        paths: Where the tests are.

        package: Where the modules are.

        make: The mutants.

        told: Is told each verdict.

        jobs: Copies at a time.

        kept: Remembers who runs what, until a file changes.

        limit: Seconds of tests, traced, that a mutant has to survive.
    """

    paths: list[str]
    package: Path
    make: Callable[[], Iterable[Mutant]]
    told: Callable[[Verdict], None]
    jobs: int
    kept: Path
    limit: float = inf
    failed: list[str] = field(default_factory=list)

    def run(self) -> int:
        os.environ["COVERAGE_CORE"] = "ctrace"  # knows who is running
        return int(pytest.main([*OPTIONS, *self.paths], [self]))

    # What pytest calls.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        self._trace()
        if self.failed:
            raise session.Failed(f"without any mutant a test fails: {self.failed[0]}")
        self.live = _live_functions(str(self.package))
        gc.collect()
        gc.freeze()  # what is collected in a copy is copied for it
        self.deadly: dict[str, Counter[str]] = {}
        self._all()
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    # Who runs what.

    def _trace(self) -> None:
        """Run what was not traced before, or has changed since, or whose core has."""
        kept = pickle.loads(self.kept.read_bytes()) if self.kept.exists() else {}
        core = _digest(sorted(self.package.glob("*.py")))
        marks = {name: core + _digest([item.path]) for name, item in self.items.items()}
        self.traced = {n: t for n, t in kept.items() if marks.get(n) == t.mark}
        self.new = [name for name in self.items if name not in self.traced]
        for name, file, line in self._lines_of(self.new, marks) if self.new else ():
            self.traced[name].lines.add((file, line))
        self.by_line: dict[tuple[str, int], set[str]] = {}
        for name, traced in self.traced.items():
            for place in traced.lines:
                self.by_line.setdefault(place, set()).add(name)

    def _lines_of(self, new: list[str], marks: dict[str, str]) -> Iterator[tuple[str, str, int]]:
        """Trace these tests: each line that one has run."""
        tracer = coverage.Coverage(
            data_file=None, config_file=False, include=[f"{self.package}/*"], messages=False
        )
        tracer.start()
        for name in new:
            tracer.switch_context(name)
            began = time.process_time()
            _run(self.items[name])
            self.traced[name] = Traced(marks[name], time.process_time() - began, set())
        tracer.stop()
        data = tracer.get_data()
        for file in data.measured_files():
            for line, names in data.contexts_by_lineno(file).items():
                yield from ((name, file, line) for name in names if name in self.traced)

    def _who(self, mutant: Mutant) -> list[str]:
        """The tests that can tell, the likely and quick ones first."""
        lines = ((mutant.file, line) for line in mutant.lines)
        able = (
            set(self.items)
            if mutant.source
            else set().union(*(self.by_line.get(place, set()) for place in lines))
        )
        near = self.deadly.get(f"{mutant.file} {mutant.change.where}", Counter())
        here = self.deadly.get(mutant.file, Counter())
        likely = sorted(able, key=lambda n: self.traced[n].seconds / (1 + 3 * near[n] + here[n]))
        spent = accumulate(self.traced[name].seconds for name in likely)
        return [name for name, so_far in zip(likely, spent, strict=True) if so_far <= self.limit]

    # Mutants.

    def _all(self) -> None:
        running: dict[int, tuple[Mutant, list[str], IO[bytes]]] = {}
        for mutant in chain([NOTHING], self.make()):
            tests = self.new if mutant is NOTHING else self._who(mutant)
            if len(running) >= self.jobs:
                self._wait(running)
            # Nobody reads before the copy has ended, and a pipe would be full by then.
            said = TemporaryFile()  # noqa: SIM115 - `_wait` closes it
            pid = os.fork()
            if not pid:
                self._copy(mutant, tests, said.fileno())
            running[pid] = mutant, tests, said
        while running:
            self._wait(running)

    def _wait(self, running: dict[int, tuple[Mutant, list[str], IO[bytes]]]) -> None:
        pid, status = os.wait()
        mutant, tests, file = running.pop(pid)
        with file:
            file.seek(0)
            said, _, trouble = file.read().decode().partition("\0")
        if os.waitstatus_to_exitcode(status) == BROKEN:
            raise RuntimeError(f"{mutant.change}: {trouble}")
        survived = os.waitstatus_to_exitcode(status) == SURVIVED
        at = [IMPORT, *said.splitlines()][-1]  # the last that began
        if mutant is NOTHING:
            if not survived:
                raise RuntimeError(f"without any mutant {at} fails when it is run again")
            self.kept.write_bytes(pickle.dumps(self.traced))
            return
        if not survived:  # a test has failed, or has taken too long or too much
            for key in (f"{mutant.file} {mutant.change.where}", mutant.file):
                self.deadly.setdefault(key, Counter())[at] += 1
        self.told(Verdict(mutant, None if survived else at, len(tests)))

    def _copy(self, mutant: Mutant, tests: list[str], into: int) -> NoReturn:
        """In the copy. What goes wrong here is no test that fails."""
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            null = os.open(os.devnull, os.O_RDWR)
            for number in (1, 2):
                os.dup2(null, number)
            status = SURVIVED if self._survives(mutant, tests, into) else NOTICED
        except BaseException:  # noqa: BLE001 - the parent tells it
            os.write(into, f"\0{traceback.format_exc()}".encode())
            status = BROKEN
        os._exit(status)

    def _survives(self, mutant: Mutant, tests: list[str], into: int) -> bool:
        for was, now in mutant.swaps:
            for function in self.live.get(_key(was), ()):
                function.__code__ = now
        if mutant.source is None:
            return self._passes(tests, into)
        namespace = _imported(mutant)
        if namespace is None:
            return False
        if not _patched(mutant, namespace):
            return self._anew(mutant, tests, into)
        passed = self._passes(tests, into)
        return passed and (self.limit < inf or self._anew(mutant, tests, into))

    def _passes(self, tests: list[str], into: int) -> bool:
        for name in tests:
            self._begin(name, into)
            _run(self.items[name])
            if self.failed:
                return False
        return True

    def _begin(self, name: str, into: int) -> None:
        os.write(into, f"{name}\n".encode())
        signal.setitimer(signal.ITIMER_PROF, 2.0 + SLOWER * self.traced[name].seconds)

    def _anew(self, mutant: Mutant, tests: list[str], into: int) -> bool:
        """Import everything anew, the mutant for what it is a mutant of."""
        for name in [*sys.modules]:
            if name.partition(".")[0] in {"wanfailover", "tests"}:
                del sys.modules[name]
        sys.meta_path.insert(0, _Finder(mutant))
        signal.setitimer(signal.ITIMER_PROF, 60.0)
        return pytest.main([*OPTIONS, *self.paths], [_Ordered(self, tests, into)]) == 0


@dataclass
class _Ordered:
    """A plugin: these tests, in this order."""

    runner: Runner
    tests: list[str]
    into: int

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        place = {name: at for at, name in enumerate(self.tests)}
        items[:] = sorted((i for i in items if i.nodeid in place), key=lambda i: place[i.nodeid])

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.runner._begin(item.nodeid, self.into)


@dataclass
class _Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds the mutant in the place of its module."""

    mutant: Mutant

    def find_spec(self, fullname: str, path: object, target: object = None) -> object:
        relative = fullname.replace(".", "/") + ".py"
        if not self.mutant.file.endswith(f"/{relative}"):
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def get_source(self, fullname: str) -> str:
        return self.mutant.source or Path(self.mutant.file).read_text()


def _digest(files: list[Path]) -> str:
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _run(item: pytest.Item) -> None:
    """As if it were the first: what others have computed is theirs."""
    for thing in vars(item.module).values():
        if isinstance(thing, _lru_cache_wrapper):
            thing.cache_clear()
    item.ihook.pytest_runtest_protocol(item=item, nextitem=None)


def _key(code: CodeType) -> tuple[object, ...]:
    return code.co_filename, code.co_qualname, tuple(code.co_positions())


def _module(mutant: Mutant) -> ModuleType:
    return sys.modules[f"wanfailover.core.{Path(mutant.file).stem}"]


def _imported(mutant: Mutant) -> ModuleType | None:
    """The mutant as a module that nobody knows; None where it cannot even be imported."""
    module = ModuleType(_module(mutant).__name__)
    try:
        exec(compile(mutant.source or "", mutant.file, "exec"), module.__dict__)
    except Exception:  # noqa: BLE001 - whichever
        return None
    return module


def _patched(mutant: Mutant, now: ModuleType) -> bool:
    """Put a constant's or a default's new value wherever the old one is, where that can be done."""
    was = _module(mutant)
    if mutant.change.where == "module":
        for constant in mutant.constants:
            old = getattr(was, constant)
            for module in [*sys.modules.values()]:
                if getattr(module, "__dict__", {}).get(constant) is old:
                    setattr(module, constant, getattr(now, constant))
        return bool(mutant.constants)
    old, new = (reduce(getattr, mutant.change.where.split("."), each) for each in (was, now))
    if is_dataclass(old):
        for was_field, field_now in zip(fields(old), fields(new), strict=False):
            was_field.default = field_now.default
        old, new = old.__init__, new.__init__
    if not isinstance(old, FunctionType) or not isinstance(new, FunctionType):
        return False
    if repr(_defaults(old)) == repr(_defaults(new)):
        return False
    old.__defaults__, old.__kwdefaults__ = _defaults(new)
    return True


def _defaults(function: FunctionType) -> tuple[object, object]:
    return function.__defaults__, function.__kwdefaults__


def _live_functions(package: str) -> dict[tuple[object, ...], list[FunctionType]]:
    live: dict[tuple[object, ...], list[FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename.startswith(package):
            live.setdefault(_key(thing.__code__), []).append(thing)
    return live
