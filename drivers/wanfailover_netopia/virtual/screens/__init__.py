"""The unit's screens, as its manual draws them."""

from __future__ import annotations

from wanfailover_netopia.virtual.screens import main, system, utilities, wan
from wanfailover_netopia.virtual.screens.screen import Screen

SCREENS: dict[str, Screen] = {
    **main.SCREENS,
    **wan.SCREENS,
    **system.SCREENS,
    **utilities.SCREENS,
}

__all__ = ["SCREENS", "Screen"]
