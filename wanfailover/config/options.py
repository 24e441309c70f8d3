"""The driver that a profile names, and the options that only that driver understands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from wanfailover import plugins as installed
from wanfailover.config.document import Fault
from wanfailover.config.tree import KeyPath
from wanfailover.config.words import instead
from wanfailover.ports import DriverPlugin, OptionsWrong

Plugins = Mapping[str, DriverPlugin]


class Installed(Mapping[str, DriverPlugin]):
    """The drivers found by entry point, each loaded when it is asked for."""

    def __getitem__(self, name: str) -> DriverPlugin:
        return installed.load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(installed.names())

    def __len__(self) -> int:
        return len(installed.names())


def find_driver(name: object, plugins: Plugins, faults: list[Fault]) -> DriverPlugin | None:
    """Find the driver; adds to *faults* if it is not there."""
    if not isinstance(name, str) or not name.strip():
        return None  # the schema has said so
    at = ("router", "driver")
    known = list(plugins)
    if name not in known:
        hint = instead(name, known) if known else "there are none at all"
        faults.append(Fault(at, f"no driver `{name}` is installed; {hint}"))
        return None
    try:
        return plugins[name]
    except (ImportError, AttributeError) as error:
        faults.append(Fault(at, f"the driver {name} is installed, but cannot be loaded: {error}"))
        return None


def read_options(plugin: DriverPlugin, raw: object, faults: list[Fault]) -> object:
    """Let the driver read its options; adds to *faults* what it cannot use."""
    at: KeyPath = ("router", "options")
    given = raw if isinstance(raw, dict) else {}
    secretive = list(_secrets(given, at))
    faults += secretive
    # A driver may repeat what it is given, so it is not given those.
    withheld = {fault.at[len(at)] for fault in secretive}
    try:
        return plugin.options({key: given[key] for key in given if key not in withheld})
    except OptionsWrong as error:
        for key, text in error.wrong:
            bare = given.get(key) is None
            faults.append(Fault((*at, key), f"option `{key}` {text}", key=bare))
    return None


_SECRETIVE = re.compile(
    r"pass(word|phrase|wd|code)?$|secret|token|community|psk$|(private|api)[-_]?key$", re.IGNORECASE
)
"""Names under which people keep secrets."""


def _secrets(value: object, at: KeyPath) -> Iterator[Fault]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secrets(item, (*at, index))
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        plain = isinstance(item, str | int | float) and not isinstance(item, bool)
        if plain and _SECRETIVE.search(key):
            text = (
                f"`{key}` holds a secret, which has no place in the profile; "
                "keep it in a file of its own and refer to it in `credentials`"
            )
            yield Fault((*at, key), text)
        else:
            yield from _secrets(item, (*at, key))
