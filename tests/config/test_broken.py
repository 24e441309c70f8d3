"""Every mistake has a sentence and a place: ``broken/NAME.yaml`` and ``broken/NAME.expected``."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import pytest

from tests.config.linux import PLUGINS
from wanfailover.config import load
from wanfailover.errors import ProfileError

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))

JARGON = re.compile(
    r"[Ii]nput|valid|pydantic|ruamel|Error|type=|None|True|False|dict\b|tuple|\bstr\b|\bint\b|"
    r"scalar|mapping|token|extra|instance|pars(e|ing)"
)
"""Words of the libraries and of Python, which say nothing to an operator."""

SECRET = "hunter2"
"""Stands in for every secret in the files."""


def complaints(file: Path) -> ProfileError:
    with pytest.raises(ProfileError) as caught:
        load(file, secrets=False, plugins=PLUGINS)
    return caught.value


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_sentence_and_place(file: Path, request: pytest.FixtureRequest) -> None:
    """A broken profile gets just the complaints beside it, in the order of the file."""
    golden = file.with_suffix(".expected")
    told = "".join(
        f"{each.line}:{each.column}: {each.text}\n" for each in complaints(file).complaints
    )
    if request.config.getoption("--regold"):
        golden.write_text(told)
    assert told == golden.read_text()


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_words(file: Path) -> None:
    """A complaint is one sentence in the operator's words, and stands inside the file."""
    lines = file.read_text().splitlines() or [""]
    for complaint in complaints(file).complaints:
        assert "\n" not in complaint.text
        assert not complaint.text.endswith(".")
        assert not JARGON.search(re.sub(r"`[^`]*`", "", complaint.text)), complaint.text
        assert complaint.line <= len(lines) + 1
        assert str(complaint).startswith(f"{file}:{complaint.line}:{complaint.column}: ")


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_no_secret_told(file: Path) -> None:
    """No complaint and no traceback repeats a secret that somebody put in the profile."""
    error = complaints(file)
    told = "".join(traceback.format_exception(error))
    assert SECRET not in told
    assert SECRET not in repr(error.complaints)
    assert error.__context__ is None


def test_every_file_has_its_sentences() -> None:
    """No expectation outlives its profile."""
    folder = BROKEN[0].parent
    assert len(BROKEN) >= 20
    assert {file.stem for file in BROKEN} == {file.stem for file in folder.glob("*.expected")}
