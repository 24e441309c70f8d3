"""Whatever stands in a file, loading it gives a profile or complaints, and never anything else."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.linux import PLUGINS
from tests.config.test_broken import JARGON, SECRET
from wanfailover.config import Profile, load
from wanfailover.errors import ProfileError

SOUND = {
    "site": "office",
    "router": {
        "driver": "linux",
        "host": "192.168.1.1",
        "port": 22,
        "transport": "local",
        "credentials": {
            "username": "admin",
            "password": {"env": "PATH"},
            "sudo_password": None,
            "key": None,
            "known_hosts": {"file": "office.yaml"},
        },
        "options": {"sudo": True},
    },
    "circuits": [
        {
            "name": "primary",
            "address": "203.0.113.2/29",
            "gateway": "203.0.113.1",
            "interface": "eth1",
            "vantage": {"bind": "eth1", "source": None},
            "metered": False,
        },
        {
            "name": "backup",
            "address": "198.51.100.77/24",
            "gateway": "198.51.100.1",
            "interface": "eth1",
        },
    ],
    "probes": [
        {"icmp": "192.0.2.10", "every": "1s", "deadline": "2s"},
        {"tcp": "192.0.2.80:443"},
        {"smtp": "192.0.2.25", "starttls": True, "rcpt": "a@example.net"},
        {"dns": {"server": "192.0.2.53", "name": "example.net", "type": "A"}},
        {"https": "https://example.net/", "expect": "x"},
    ],
    "need": 1,
    "detect": {
        "false_failovers_per_year": 0.5,
        "line": "cable",
        "learn": True,
        "silence": "3s",
        "bad_share": "20 %",
        "patience": {"least": "2s", "most": "20s"},
        "muted_after": 5,
        "fast": {"every": "100ms", "for": "1m"},
    },
    "policy": {"dwell": "60s", "degraded": "stay", "reconcile": {"every": "60s"}},
    "failback": {
        "method": "auto",
        "after": "5m",
        "window": ["Mon-Fri 22:00-06:00", "Sat,Sun"],
        "timezone": "Europe/Berlin",
        "trial": {"every": "30m", "within": "20s"},
    },
    "keep": {"samples": "7d", "samples_size": "200MB", "history": "400d"},
    "tunnels": [],
}


def places(data, at=()):
    """Every path in nested data, down to the leaves."""
    yield at
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from places(value, (*at, key))


PLACES = [place for place in places(SOUND) if place]

# Text without surrogates, which no file can hold, and without the quotes we set around values.
texts = st.text(
    st.characters(codec="utf-8", exclude_characters="`"), max_size=12
) | st.sampled_from(
    [
        "5",
        "5s",
        "0s",
        "dhcp",
        "203.0.113.2",
        "203.0.113.2/29",
        "192.0.2.1:1",
        "::1",
        "%",
        "https://[",
        "20 %",
        "22:00-06:00",
        "Mon-",
        "1MB",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
keys = texts | st.sampled_from([place[-1] for place in PLACES if isinstance(place[-1], str)])
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site") / "office.yaml"


def told(file: Path, text: str, *, secrets: bool = True) -> Profile | ProfileError:
    """What comes of a text; complaints are checked for what holds of all of them."""
    file.write_bytes(text.encode())
    try:
        return load(file, secrets=secrets, plugins=PLUGINS)
    except ProfileError as error:
        found = [(each.line, each.column) for each in error.complaints]
        lines = len(text.splitlines()) + 1
        assert found
        assert found == sorted(found)
        assert all(1 <= line <= lines and column >= 1 for line, column in found)
        return error


def test_sound(file: Path) -> None:
    """What the other tests spoil is sound to begin with."""
    assert isinstance(told(file, json.dumps(SOUND)), Profile)


@given(anything, st.booleans())
def test_any_data(file: Path, data, ascii_only) -> None:
    """Any nested data at all, its letters as they are or as escapes."""
    told(file, json.dumps(data, ensure_ascii=ascii_only))


@given(st.sampled_from(PLACES), anything)
def test_one_thing_replaced(file: Path, place, value) -> None:
    """A sound profile with anything in the place of one thing: our words, and no library's."""
    data = copy.deepcopy(SOUND)
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    result = told(file, json.dumps(data, ensure_ascii=False))
    if isinstance(result, ProfileError):
        for complaint in result.complaints:
            words = complaint.text.split("`")[::2]  # what is not quoted from the file
            assert not any(map(JARGON.search, words)), complaint.text


@given(st.sampled_from(PLACES), keys)
def test_one_key_more(file: Path, place, key) -> None:
    """A key that is not there yet, in any group."""
    data = copy.deepcopy(SOUND)
    inner = data
    for part in place:
        if not isinstance(inner[part], dict | list):
            break
        inner = inner[part]
    if isinstance(inner, dict):
        inner.setdefault(key, 1)
    told(file, json.dumps(data, ensure_ascii=False))


@given(st.text(st.sampled_from("ab1:-,#?!&*|>%@'\"\\[]{} \t\n") | st.characters(codec="utf-8")))
def test_any_text(file: Path, text: str) -> None:
    """Any text at all, mostly of the characters that YAML gives a meaning."""
    told(file, text)


@given(st.binary(max_size=40))
def test_any_bytes(file: Path, raw: bytes) -> None:
    """Any bytes at all."""
    file.write_bytes(raw)
    with pytest.raises(ProfileError):
        load(file, plugins=PLUGINS)


@given(
    st.sampled_from(
        ["password", "sudo_password", "key", "known_hosts", "community", "read_community"]
    ),
    st.recursive(
        st.just(SECRET) | st.just(8675309),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["file", "env", "credential"]), inner, max_size=3)
        ),
        max_leaves=4,
    ),
)
def test_secret_misplaced(file: Path, key: str, value) -> None:
    """However somebody writes a secret in among the credentials, it is not told on."""
    data = copy.deepcopy(SOUND)
    data["router"]["credentials"][key] = value
    result = told(file, json.dumps(data), secrets=False)
    if isinstance(result, ProfileError):
        assert SECRET not in str(result)
        assert "8675309" not in str(result)
