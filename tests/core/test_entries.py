"""What the journal remembers goes out as plain data and comes back as it was."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from tests.scenarios.world import World, site
from wanfailover import entries
from wanfailover.core import entries as log
from wanfailover.journal import plain


def test_whatever_an_engine_says_comes_back_from_json():
    """Tuples are lists in between."""
    world = World(site(switches_per_hour=2))
    world.request("backup", hold=30.0, reason="a test")
    world.run(20)
    world.pause(10.0)
    world.filtered.add("icmp 192.0.2.10")
    world.run(60)
    said = world.lives[0].entries
    assert {type(entry) for entry in said} >= {log.DecisionMade, log.HoldBegan, log.TargetMuted}
    for entry in said:
        data = json.loads(json.dumps(plain.to_data(entry)))
        assert plain.from_data(type(entry).__name__, data) == entry


def test_a_newer_field_is_left_out_and_an_older_entry_has_defaults():
    """An old journal stays readable, and so does one of a newer version."""
    data = {"circuit": "primary", "target": "icmp 192.0.2.10", "colour": "red"}
    assert plain.from_data("TargetMuted", data) == log.TargetMuted("primary", "icmp 192.0.2.10")


def test_what_is_no_entry_is_refused():
    """An unknown kind, and one whose fields are not all there."""
    with pytest.raises(KeyError):
        plain.from_data("Gossip", {})
    with pytest.raises(TypeError):
        plain.from_data("HealthChanged", {"circuit": "primary"})


def test_every_kind_has_its_name():
    """Whatever may be said can be read back."""
    assert set(plain.KINDS.values()) == set(get_args(entries.Entry)) > set(get_args(log.Entry))
    assert set(log.DURABLE) <= set(plain.KINDS.values())
