"""The manual page, from what `--help` says: ``python -m wanfailover.cli.manual >wanfailover.1``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from wanfailover.cli import COMMANDS, cli

EXITS = (
    ("0", "done; or there was nothing to do"),
    ("1", "refused, failed or undone, with the name of the rule"),
    ("2", "the profile or the command line is wrong"),
    ("3", "what it needs, such as the router, could not be reached or entered"),
)

FILES = (
    ("/etc/wanfailover/SITE.yaml", "profiles of the service wanfailover@SITE"),
    ("/var/lib/wanfailover/SITE/", "journal, recording, lock and control socket of a site"),
)

ENVIRONMENT = (
    ("WANFAILOVER_STATE_DIR", "where sites keep their state, if not given by --state-dir"),
    ("WANFAILOVER_DEBUG", "1: show where a bug is"),
)


def page() -> str:
    """Give the page, as man(7) wants it."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield '.\\" Written by wanfailover.cli.manual from the help of the commands: do not edit.'
    yield ".TH WANFAILOVER 1"
    yield ".SH NAME"
    yield r"wanfailover \- move an office's router to its backup Internet circuit, and back"
    yield ".SH SYNOPSIS"
    for name in COMMANDS:
        yield f".B wanfailover {_text(name)}"
        with click.Context(_command(name)) as context:
            yield _text(" ".join(_command(name).collect_usage_pieces(context)))
        yield ".br"
    yield ".SH DESCRIPTION"
    yield _text(cli.help or "")
    yield ".SH COMMANDS"
    for name in COMMANDS:
        yield from _section(name)
    for title, rows in (("EXIT STATUS", EXITS), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        yield f".SH {title}"
        for term, text in rows:
            yield from (".TP", f".B {_text(term)}", _text(text))
    yield ".SH SEE ALSO"
    yield "The README, and those of profiles/ and deploy/, in /usr/share/doc/wanfailover."


def _section(name: str) -> Iterator[str]:
    command = _command(name)
    yield f".SS {_text(name)}"
    for paragraph in (command.help or "").split("\n\n"):
        yield from (_text(" ".join(paragraph.split())), ".PP")
    with click.Context(command, info_name=name) as context:
        for option in command.get_params(context):
            record = option.get_help_record(context)
            if record is not None:
                yield from (".TP", f".B {_text(record[0])}", _text(record[1]))


def _command(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None  # noqa: S101 - the names are the group's own
    return command


def _text(text: str) -> str:
    """Plain text as roff takes it: no escapes, hyphens as they are typed, no line a request."""
    safe = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{safe}" if safe.startswith((".", "'")) else safe


if __name__ == "__main__":
    sys.stdout.write(page())
