"""`wanfailover check` again and again on a host of the lab, in one process: it need start but once.

Each line of standard input is the words of a command, as JSON; each line of standard output what
came of it.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

from wanfailover.cli import main

print("ready", flush=True)
for line in sys.stdin:
    sys.argv = ["wanfailover", *json.loads(line)]
    code, out, err = None, StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
    print(json.dumps({"code": code, "out": out.getvalue(), "err": err.getvalue()}), flush=True)
