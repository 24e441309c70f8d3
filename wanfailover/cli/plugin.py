"""`status --check`: the report as a monitoring plugin tells it.

One line, a bar and performance data; 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (the guidelines of the
Monitoring Plugins project, sections 2 and 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wanfailover.verdict import OK, findings

UNKNOWN = 3
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")

Report = Mapping[str, Any]


def judged(report: Report) -> tuple[int, str]:
    """Give the exit code and the line."""
    found = findings(report)
    code = found[0][0] if found else OK
    decision = report["decision"]
    calm = f"{decision['rule']}: {decision['because']}" if decision else "nothing is decided yet"
    words = "; ".join(dict.fromkeys(sentence for level, sentence in found if level)) or calm
    where = report["active"] or "neither circuit"
    return code, line(code, f"{report['site']} is on {where}: {words}", " ".join(_figures(report)))


def line(code: int, words: str, figures: str = "") -> str:
    """The line: a bar in it would begin the figures."""
    text = " ".join(words.replace("|", "/").split())
    return f"WANFAILOVER {WORDS[code]} - {text}" + (f" | {figures}" if figures else "")


def _figures(report: Report) -> Iterator[str]:
    for name, each in report["health"].items():
        if each["loss"] is not None:
            yield f"'{name}_loss'={100 * each['loss']:g}%;;;0;100"
        if each["rtt_ms"] is not None:
            yield f"'{name}_rtt'={each['rtt_ms']:g}ms;;;0"
    uptime = report["agent"]["uptime_seconds"]
    if uptime is not None:
        yield f"uptime={uptime}s;;;0"
