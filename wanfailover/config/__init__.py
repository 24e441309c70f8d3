"""Profiles: one YAML file per site, read into frozen values, every complaint at once.

``load`` and ``Profile`` are fetched when first asked for: the command reads durations, too, and
need not wait for pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wanfailover.config.profile import Profile
    from wanfailover.config.reader import load

__all__ = ["Profile", "load"]

_HOMES = {"Profile": "profile", "load": "reader"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
