"""What a browser gets: all of it ours or as its makers left it, and nothing from elsewhere."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest

STATIC = Path(str(resources.files("wanfailover.page"))) / "static"
OURS = sorted(each for each in STATIC.iterdir() if each.is_file())
ROW = re.compile(
    r"^\| `(?P<file>[^`]+)` \|.*\| (?P<version>[0-9.]+) \| `(?P<sha>[0-9a-f]{64})` \|$",
    re.MULTILINE,
)


def test_what_others_have_made_is_as_they_made_it():
    rows = {
        row["file"]: row["sha"] for row in ROW.finditer((STATIC / "vendor/README.md").read_text())
    }
    made = {each.name for each in (STATIC / "vendor").iterdir() if each.suffix in {".js", ".css"}}
    assert rows.keys() == made
    for name, sha in rows.items():
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == sha
    version = re.search(r"v([0-9.]+)", (STATIC / "vendor/uPlot.iife.min.js").read_text()[:200])
    assert version is None or f"| {version[1]} |" in (STATIC / "vendor/README.md").read_text()
    assert "MIT License" in (STATIC / "vendor/uPlot.LICENSE").read_text()


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.script = self.inline = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.script = tag if tag in {"script", "style"} else ""

    def handle_endtag(self, tag):
        self.script = ""

    def handle_data(self, data):
        self.inline += data.strip() if self.script else ""


@pytest.fixture(scope="module")
def page() -> Page:
    made = Page()
    made.feed((STATIC / "index.html").read_text())
    return made


def test_no_script_or_style_stands_in_the_page(page):
    """The policy would not let it run."""
    assert page.inline == ""
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]


def test_all_that_it_names_is_there(page):
    """By paths that also hold behind a proxy that puts the page below another path."""
    named = [a[key] for _, a in page.tags for key in ("src", "href") if key in a]
    files = [each for each in named if not each.startswith("#")]
    assert len(files) >= 6
    for name in files:
        assert name.startswith("static/")
        assert (STATIC.parent / name).is_file()
    ids = {a["id"] for _, a in page.tags if "id" in a}
    assert {each[1:] for each in named if each.startswith("#")} <= ids
    script = "".join(each.read_text() for each in OURS if each.suffix == ".js")
    asked = set(re.findall(r'\b(?:at|say)\("([^"]+)"', script))
    assert asked <= ids
    labels = {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    assert labels <= ids


def test_modules_import_each_other_by_names_that_are_there():
    for file in OURS:
        if file.suffix == ".js":
            for name in re.findall(r'from "\./([^"]+)"', file.read_text()):
                assert (STATIC / name).is_file()


@pytest.mark.parametrize("file", OURS, ids=lambda each: each.name)
def test_nothing_comes_from_elsewhere(file):
    """No URL of another host, and no way to make markup or code of a text."""
    text = file.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//[a-z0-9-]+\.[a-z]|@import", text)
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert word not in text


@pytest.mark.parametrize("file", OURS, ids=lambda each: each.name)
def test_it_is_small(file):
    """A page that is read in one sitting, and loads over a dying line."""
    assert file.stat().st_size < 15_000
