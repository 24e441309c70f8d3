"""Driver for any router that two commands can read and set; the example of a driver, too."""

from wanfailover_command.plugin import PLUGIN

__all__ = ["PLUGIN"]
