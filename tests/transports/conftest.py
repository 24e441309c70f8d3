"""A router with an SSH server; where none can be had, its tests are skipped and say why."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drivers.conftest import make_bed, namespaces  # noqa: F401
from tests.drivers.testbed import Testbed
from tests.support import root
from tests.transports.server import Account, Server, account


@pytest.fixture(scope="session")
def user() -> Iterator[Account]:
    """Skip where no account can be made, as in a user namespace."""
    root.needed("to make an account that SSH can log in to")
    if not Path("/usr/sbin/sshd").exists() or shutil.which("sudo") is None:
        pytest.skip("needs openssh-server and sudo")
    with account() as made:
        yield made


@pytest.fixture
def server(namespaces: None, user: Account) -> Iterator[Server]:  # noqa: F811
    """An SSH server on the router; the test itself is in the agent's place."""
    with Testbed() as bed, Server(bed, user) as running, bed.here("agent"):
        yield running
