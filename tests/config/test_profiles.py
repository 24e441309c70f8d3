"""The profiles that are shipped work, and their page tells every key; `tests/docs` makes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.keys import built
from wanfailover.config import load
from wanfailover.config.detect import LINES
from wanfailover.config.schema import ProfileKeys
from wanfailover.errors import ProfileError

PROFILES = Path(__file__).parents[2] / "profiles"
FILES = sorted(PROFILES.glob("*.yaml"))

ROW = re.compile(r"^\| `(?P<key>[a-z_.]+)` \|(?P<default>[^|]*)\|", re.MULTILINE)


def rows() -> dict[str, str]:
    """Keys and defaults in the page's table."""
    return {row["key"]: row["default"].strip() for row in ROW.finditer(page())}


def page() -> str:
    return (PROFILES / "README.md").read_text()


def test_there_are_some() -> None:
    """The page links each file."""
    assert len(FILES) >= 3
    for file in FILES:
        assert f"({file.name})" in page()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_shipped(file: Path) -> None:
    """Each loads with the installed drivers, without a warning."""
    assert load(file, secrets=False).warnings == ()


def test_page_shows_complaints(tmp_path: Path) -> None:
    """The complaints on the page are those of the file it names, so spoilt."""
    name = "office-linux-ssh.yaml"
    text = (PROFILES / name).read_text()
    text = text.replace("gateway: 203.0.113.1\n", "gateway: 203.0.114.1\n")
    text = text.replace("192.0.2.53, every: 0.5s", "192.0.2.53, every: 5")
    (tmp_path / name).write_text(text)
    with pytest.raises(ProfileError) as caught:
        load(tmp_path / name, secrets=False)
    assert str(caught.value).replace(f"{tmp_path}/", "") in page()


def test_page_tells_every_key() -> None:
    """The table has the keys that do something, and no other."""
    assert set(rows()) == set(dict(built(ProfileKeys)))


def test_page_tells_lines() -> None:
    """The page has the first silence of each kind of line."""
    for line, (silence, _) in LINES.items():
        assert re.search(rf"`(line: )?{line}`[ |]*{silence:g} s", page())
