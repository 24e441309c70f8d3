"""schemathesis asks the page what its description lets it think of, and what it does not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.test_sockets import page
from tests.transports.agents import free_port
from wanfailover.page import house

DESCRIBED = Path(__file__).with_name("openapi.json")

pytestmark = [pytest.mark.alone, pytest.mark.timeout(180)]


async def test_every_answer_is_one_that_is_described(tmp_path, monkeypatch):
    """Whatever is asked: no 5xx, no answer out of shape, no method but looking."""
    monkeypatch.setattr(house, "RATE", 1e6)  # how many may ask is another test's
    monkeypatch.setattr(house, "BURST", 1e6)
    port = free_port()
    async with page(tmp_path, port):
        asking = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("st"), "run", DESCRIBED,
            "--url", f"http://127.0.0.1:{port}", "--checks", "all", "--seed", "1",
            "--phases", "examples,coverage,fuzzing", "--max-examples", "40",
            "--generation-database", "none", "--continue-on-failure", "--no-color",
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await asking.communicate()
        await asyncio.sleep(house.HEAD_WITHIN + 1)
    assert asking.returncode == 0, said.decode()[-6000:]
    print(f"\n{said.decode()[-1500:]}")
