"""What a shell may complete beside commands and options: sites, and a site's circuits.

From the state directory alone, and by nothing heavy: a person holds down the Tab key. What cannot
be looked at completes to nothing.
"""

from __future__ import annotations

import re
from contextlib import suppress

import click

from wanfailover.errors import ControlError
from wanfailover.sites import base_dir, find, known

CIRCUITS = r"^circuits:(.*\n(?:[ \t#-].*\n|\n)*)"
NAME = r"""(?:^|[\s{,])name:\s*["']?([A-Za-z0-9._-]+)"""
REMARK = r"(?:^|\s)#.*"


def sites(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The sites there are."""
    with suppress(ControlError):
        names = known(base_dir(context.params.get("state_dir")))
        return [name for name in names if name.startswith(incomplete)]
    return []


def circuits(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The circuits of the site that is meant, as its profile has them."""
    with suppress(ControlError, OSError, ValueError):
        site = find(base_dir(context.params.get("state_dir")), context.params.get("site"))
        text = site.noted_profile().read_text(encoding="utf-8")
        return [name for name in _named(text) if name.startswith(incomplete)]
    return []


def _named(profile: str) -> list[str]:
    """The names below `circuits:`; read at a glance, for YAML's reader takes its time to load."""
    found = re.search(CIRCUITS, f"{profile}\n", re.MULTILINE)
    lines = found[1].splitlines() if found else []
    return [name for line in lines for name in re.findall(NAME, re.sub(REMARK, "", line))]
