"""The plan of a site, without packets."""

from __future__ import annotations

from itertools import chain

import pytest

from wanfailover.errors import LabError
from wanfailover.lab.site import Shape, site


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("shape", Shape)
def test_every_cable_ends_in_boxes_that_are_there(number, shape):
    """No interface is named twice in a box, and no two have the same index."""
    plan = site(number, shape)
    ends = list(chain.from_iterable(cable.ends for cable in plan.cables))
    assert {end.box for end in ends} == {box.name for box in plan.boxes}
    assert len({(end.box, end.name) for end in ends}) == len(ends)
    indexes = list(chain.from_iterable(cable.indexes() for cable in plan.cables))
    assert len(set(indexes)) == len(ends)


def test_of_a_host_and_a_switch_the_switch_comes_second():
    """A host made anew relies on it."""
    assert all(cable.ends[1].bridge for cable in site().cables_of("router"))


@pytest.mark.parametrize("number", [0, 1, 4])
def test_a_site_has_two_or_three_circuits(number):
    """With fewer there is nothing to choose, for more there are no addresses."""
    with pytest.raises(LabError, match=f"2 or 3 circuits, not {number}"):
        site(number)
