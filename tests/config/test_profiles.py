"""The profiles that are shipped work, and their page tells every key and its default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from wanfailover.config import load
from wanfailover.config.durations import seconds
from wanfailover.config.keys import Keys
from wanfailover.config.kinds import KINDS, ProbeKeys
from wanfailover.config.schema import FileKeys, ProfileKeys
from wanfailover.core.facts import Policy
from wanfailover.errors import ProfileError

PROFILES = Path(__file__).parents[2] / "profiles"
FILES = sorted(PROFILES.glob("*.yaml"))

ROW = re.compile(r"^\| `(?P<key>[a-z_.]+)` \|(?P<default>[^|]*)\|", re.MULTILINE)


def rows() -> dict[str, str]:
    """Keys and defaults in the page's table."""
    return {row["key"]: row["default"].strip() for row in ROW.finditer(page())}


def page() -> str:
    return (PROFILES / "README.md").read_text()


def group(annotation: object) -> type[Keys] | None:
    """The group of keys that a field holds, or a list of."""
    if isinstance(annotation, type) and issubclass(annotation, Keys):
        return annotation
    return next(filter(None, map(group, get_args(annotation))), None)


def built(model: type[Keys], above: str = "") -> Iterator[str]:
    """Every key that does something, as the page writes it."""
    for key in model.built():
        inner = group(model.model_fields[key].annotation)
        if inner is ProbeKeys:
            for kind in KINDS.values():
                yield from built(kind, f"{above}{key}.")
        elif inner is None or issubclass(inner, FileKeys):
            yield above + key
        else:
            yield from built(inner, f"{above}{key}.")


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
    assert set(rows()) == set(built(ProfileKeys))


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("detect.silence", Policy().silence),
        ("policy.dwell", Policy().dwell),
        ("policy.proof_within", Policy().proof_within),
        ("policy.reconcile.every", Policy().reconcile_every),
        ("failback.after", Policy().return_after),
    ],
)
def test_page_tells_defaults(key: str, default: float) -> None:
    """A default in the table is the core's."""
    assert seconds(rows()[key].strip("`")) == default
