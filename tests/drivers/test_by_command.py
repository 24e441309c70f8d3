"""The commands that the page on drivers prints move a real router, in network namespaces."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.drivers.testbed import SWAP, Testbed
from wanfailover.core import plan
from wanfailover.ports import RouterAccess
from wanfailover_command.plugin import PLUGIN

pytestmark = pytest.mark.packets

SITE = replace(SWAP, circuits=tuple(replace(c, interface=None) for c in SWAP.circuits))
PAGE = Path(__file__).parents[2] / "drivers/README.md"


async def test_the_pages_example_moves_a_router(
    make_bed: Callable[..., Testbed], tmp_path: Path
) -> None:
    """There, traffic and all; and back by its undo, twice."""
    bed = make_bed()
    options = {}
    for name, script in re.findall(
        r"```sh\n#!/bin/sh\n# (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL
    ):
        (tmp_path / name).write_text(script)
        options[name.removeprefix("router-")] = f"ip netns exec {bed.router} sh {tmp_path / name}"
    assert set(options) == {"read", "set"}
    driver = PLUGIN.build(RouterAccess(None, "local", options=PLUGIN.options(options)))
    view = await driver.read()
    assert SITE.identify(view) == SITE.circuit("primary")
    (apply,) = driver.compile(plan.make(SITE, "backup", view).steps, view)
    for _ in range(2):
        await driver.perform(apply)
        assert SITE.identify(await driver.read()) == SITE.circuit("backup")
    assert bed.source() == str(SITE.circuit("backup").address.ip)
    for _ in range(2):
        await driver.undo(apply)
        assert SITE.identify(await driver.read()) == SITE.circuit("primary")
    assert bed.source() == str(SITE.circuit("primary").address.ip)
