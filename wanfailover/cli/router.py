"""The driver of a profile's router, as every command that reaches the router makes it."""

from __future__ import annotations

from dataclasses import replace

from wanfailover import plugins
from wanfailover.config import Profile
from wanfailover.notes import FileNotes
from wanfailover.ports import RouterDriver
from wanfailover.sites import SiteDir


def driver_of(profile: Profile, site: SiteDir) -> RouterDriver:
    """Make the driver, with its notes of earlier runs; where *site* is not there, with none."""
    access = profile.access
    if site.path.is_dir():
        access = replace(access, notes=FileNotes(site.notes))
    return plugins.load(profile.driver).build(access)
