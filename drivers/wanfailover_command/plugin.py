"""What the entry point names: the driver's options, and how to make it."""

from __future__ import annotations

from collections.abc import Mapping

from wanfailover.errors import DriverError
from wanfailover.ports import OptionsWrong, RouterAccess
from wanfailover.transports.router import RouterShell, shell_for
from wanfailover_command.driver import ByCommand, Options

COMMANDS = ("read", "set", "forget")


class Plugin:
    """Makes drivers of a router's own two commands."""

    transports: tuple[str, ...] = ("local", "ssh")
    about = "any other, behind two commands of your own: drivers/README.md"

    def options(self, raw: Mapping[str, object]) -> Options:
        """Check the profile's `router.options`.

        Raises:
            OptionsWrong: With one sentence per option that cannot be used.
        """
        wrong = [
            (key, f"is no option of command; it has {', '.join(COMMANDS)}")
            for key in raw
            if key not in COMMANDS
        ]
        for key in COMMANDS:
            value = raw.get(key)
            if key != "forget" and value is None:
                wrong.append((key, "is missing: a command line is needed"))
            elif value is not None and not _is_command(value):
                wrong.append((key, "is a command line, in one line"))
        if wrong:
            raise OptionsWrong(wrong)
        return Options(**raw)  # type: ignore[arg-type]  # checked above, key by key

    def build(self, access: RouterAccess) -> ByCommand:
        """Make the driver; does not connect yet.

        Raises:
            DriverError: The profile lacks what its transport needs.
        """
        if not isinstance(access.options, Options):
            raise DriverError("driver command needs router.options read and set")
        if access.transport == "ssh" and not (access.host and access.username):
            raise DriverError("transport ssh needs router.host and credentials.username")
        return ByCommand(RouterShell(shell_for(access)), access.options)


def _is_command(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\n" not in value


PLUGIN = Plugin()
