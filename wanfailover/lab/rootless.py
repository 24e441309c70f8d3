"""Run a command where an ordinary user may build a lab: ``python -m wanfailover.lab.rootless CMD``.

As in ``python -m wanfailover.lab.rootless pytest tests/packets``.
"""

from __future__ import annotations

import sys

from wanfailover.errors import LabError
from wanfailover.lab.privilege import rootless, way

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m wanfailover.lab.rootless COMMAND [ARGUMENT...]")
    try:
        way()
    except LabError as error:
        sys.exit(f"rootless: {error}")
    sys.exit(rootless(sys.argv[1:]))
