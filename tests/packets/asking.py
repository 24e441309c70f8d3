"""Ask a backup MX on behalf of a test, from wherever it is run: rows of `check`, and ETRN.

``python -m tests.packets.asking HOST PORT DOMAIN`` prints both as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict

from wanfailover.mail.checks import findings
from wanfailover.mail.drain import Drain, by_smtp
from wanfailover.probes import Names
from wanfailover.specs import Mail


async def main() -> None:
    host, port, domain = sys.argv[1:]
    mail, names = Mail((domain,), host, int(port)), Names()
    rows = [asdict(row) async for row in findings(mail, names)]
    entry = await Drain(mail, by_smtp(mail, names)).run("test", within=0.5)
    json.dump({"rows": rows, "kind": type(entry).__name__, "entry": asdict(entry)}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
