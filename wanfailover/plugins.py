"""Finds drivers by their entry points; nothing in the program names one."""

from __future__ import annotations

from importlib.metadata import entry_points

from wanfailover.ports import DriverPlugin

GROUP = "wanfailover.drivers"


def names() -> tuple[str, ...]:
    """Names of the installed drivers, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load(name: str) -> DriverPlugin:
    """Load one driver's plugin.

    Raises:
        KeyError: No installed driver has that name.
    """
    for point in entry_points(group=GROUP, name=name):
        plugin: DriverPlugin = point.load()
        return plugin
    raise KeyError(name)
