"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from wanfailover.cli import completion

Decorated = Callable[..., Any]


def site_options(function: Decorated) -> Decorated:
    """Add ``--state-dir`` and ``--site``."""
    for option in (
        click.option(
            "--site",
            metavar="NAME",
            shell_complete=completion.sites,
            help="The site, where there are several.",
        ),
        state_dir_option,
    ):
        function = option(function)
    return function


state_dir_option = click.option(
    "--state-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where sites keep their state (default: $WANFAILOVER_STATE_DIR, /var/lib/wanfailover).",
)


class Duration(click.ParamType[float]):
    """``90s``, ``30m``, ``2h``: a number with its unit, given as seconds.

    Args:
        unit: The one that is offered first where there is none.
    """

    name = "duration"

    def __init__(self, unit: str = "m") -> None:
        self.unit = unit

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Turn text into seconds, or fail with a sentence."""
        from wanfailover.config.durations import seconds  # late: the profile's reader is heavy

        try:
            return value if isinstance(value, float) else seconds(str(value), unit=self.unit)
        except ValueError as error:
            self.fail(str(error), param, ctx)
