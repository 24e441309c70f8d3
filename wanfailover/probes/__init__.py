"""Probes: one kind a file, and the runner that keeps them going."""

from wanfailover.probes.kinds import build
from wanfailover.probes.names import Names
from wanfailover.probes.runner import Runner, once
from wanfailover.probes.watch import Assignment

__all__ = ["Assignment", "Names", "Runner", "build", "once"]
