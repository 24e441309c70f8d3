"""Catches up, for an agent: see `catchup`."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from pathlib import Path

from wanfailover.errors import WanFailoverError
from wanfailover.rollups.catchup import catch_up


def main() -> None:
    """Take the site's state directory, the recording's, and the agent's own run."""
    os.nice(19)
    folder, samples, run = sys.argv[1:]
    try:
        catch_up(Path(folder), Path(samples), time.time(), run)
    except (sqlite3.Error, OSError, WanFailoverError) as error:
        sys.exit(f"what is missing of the minutes could not be made up for: {error}")


if __name__ == "__main__":
    main()
