"""The profiles that are shipped work, and their page tells every key and its default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from wanfailover.config import load
from wanfailover.config.detect import LINES
from wanfailover.config.durations import seconds
from wanfailover.config.keys import Keys
from wanfailover.config.kinds import KINDS, ProbeKeys
from wanfailover.config.profile import Keep
from wanfailover.config.references import FileKeys
from wanfailover.config.schema import ProfileKeys
from wanfailover.core.site import Detect, Policy
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
        inner = group(model.known()[key].annotation)
        if inner is ProbeKeys and key == "probes":  # the page tells the kinds there, and once
            for kind in KINDS.values():
                yield from built(kind, f"{above}{key}.")
        elif inner is None or issubclass(inner, FileKeys | ProbeKeys):
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


DETECT, POLICY, KEEP = Detect(), Policy(), Keep()


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("detect.first_silence", DETECT.first_silence),
        ("detect.patience.least", DETECT.least),
        ("detect.patience.most", DETECT.most),
        ("detect.timeout.least", DETECT.timeout_least),
        ("detect.timeout.most", DETECT.timeout_most),
        ("detect.fast.every", DETECT.fast),
        ("detect.fast.for", DETECT.fast_for),
        ("detect.stall", DETECT.stall),
        ("policy.dwell", POLICY.dwell),
        ("policy.proof_within", POLICY.proof_within),
        ("policy.reconcile.every", POLICY.reconcile_every),
        ("failback.after", POLICY.return_after),
        ("failback.trial.every", POLICY.trial_every),
        ("failback.trial.within", POLICY.trial_within),
        ("keep.samples", KEEP.samples),
        ("keep.history", KEEP.history),
    ],
)
def test_page_tells_defaults(key: str, default: float) -> None:
    """A default in the table is the core's."""
    assert seconds(rows()[key].strip("`")) == default


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("need", POLICY.need),
        ("detect.false_failovers_per_year", DETECT.false_per_year),
        ("detect.learn", "true" if DETECT.learn else "false"),
        ("detect.first_bad_seconds", DETECT.first_bad_seconds),
        ("detect.enough_probes", DETECT.enough),
        ("detect.bad_share", f"{DETECT.bad_share:.0%}".replace("%", " %")),
        ("detect.spared_share", f"{DETECT.spared_share:.0%}".replace("%", " %")),
        ("detect.muted_after", DETECT.muted_after),
        ("policy.switches_per_hour", POLICY.switches_per_hour),
        ("policy.degraded", POLICY.degraded),
        ("failback.method", POLICY.failback),
        ("keep.samples_size", f"{KEEP.samples_size // 1000**2}MB"),
    ],
)
def test_page_tells_other_defaults(key: str, default: object) -> None:
    """So is one that is no time."""
    assert rows()[key].strip("`") == str(default)


def test_page_tells_lines() -> None:
    """The page has the first silence of each kind of line."""
    for line, (silence, _) in LINES.items():
        assert re.search(rf"`(line: )?{line}`[ |]*{silence:g} s", page())
