"""The command. Each subcommand is a module, imported only when it is called.

`status` must answer at once, so this module and the client commands import click, json and sockets
and nothing heavier; a test holds them to it. Errors become one sentence here and nowhere else.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import NoReturn, cast

import click

from wanfailover import __version__
from wanfailover.errors import (
    ControlError,
    DriverError,
    JournalError,
    LabError,
    ProfileError,
    RouterHeld,
    SiteUnclear,
    WanFailoverError,
)

EXIT_CODES: dict[type[WanFailoverError], int] = {
    ProfileError: 2,
    RouterHeld: 1,  # though it is a DriverError: the first that fits counts
    DriverError: 3,
    LabError: 3,
    SiteUnclear: 2,  # likewise a ControlError
    ControlError: 1,
    JournalError: 1,
}
"""1 refused, failed or undone; 2 profile or usage; 3 could not reach or enter what it needs."""

COMMANDS = {
    "init": "Read the router and write a profile to start from.",
    "run": "Watch the circuits and act, until stopped.",
    "status": "Tell which circuit is in use, and why.",
    "switch": "Move the router to a circuit now, with proof, or put it back.",
    "auto": "End a hold: let automation decide again.",
    "pause": "Stop automation for a while; the agent goes on watching.",
    "resume": "Let automation go on.",
    "check": "Answer: would a failover work now?",
    "drill": "Rehearse a failover and the return, with all proofs.",
    "notify": "Try the paths by which somebody is told.",
    "mail-config": "Print Postfix configuration for the backup MX and the office.",
    "history": "List what happened and why, oldest first.",
    "explain": "Tell why it decided so: facts, thresholds, and the rules that said no.",
    "replay": "Decide recorded samples again, by this policy or another.",
    "demo": "Show an outage being survived, on real packets in a virtual office.",
}


class LazyGroup(click.Group):
    """Lists commands by the static table above and imports one when it is called."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return cast(
            "click.Command", import_module(f"wanfailover.cli.{name.replace('-', '_')}").command
        )

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wanfailover")
def cli() -> None:
    """Move an office's router to its backup Internet circuit, prove it, and move it back."""


def main() -> NoReturn:
    """Run the command; every error of ours ends as a sentence and an exit code."""
    try:
        sys.exit(cli.main(prog_name="wanfailover", standalone_mode=False))
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except WanFailoverError as error:
        click.echo(error, err=True)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as bug:
        if os.environ.get("WANFAILOVER_DEBUG"):
            raise
        click.echo(
            # not its words: they may hold a secret, and mean nothing to an operator
            f"this is a bug in wanfailover {__version__} ({type(bug).__name__}); "
            "WANFAILOVER_DEBUG=1 in the environment shows where",
            err=True,
        )
        sys.exit(1)


def exit_code(error: WanFailoverError) -> int:
    """Give an error's exit code."""
    return next((code for cls, code in EXIT_CODES.items() if isinstance(error, cls)), 1)
