"""Runs the benchmark, prints its tables, says which goals hold, and draws the plot.

The whole output follows from the seed. What was simulated is said above each table. A year of
nuisances is a sample of it, by length: all of the longest and more, of the short ones a part;
``--full`` takes all of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from multiprocessing import Pool
from pathlib import Path

from tests.bench.detect import lines, plot, report
from tests.bench.detect.work import Plan, run

HERE = Path(__file__).parent


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="tests.bench.detect", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute: one line, few runs")
    parser.add_argument("--full", action="store_true", help="whole years of nuisances: hours")
    parser.add_argument("--seed", type=int, default=1, help="of everything (default 1)")
    parser.add_argument("--lines", help="such as L1,L4,H7: H7 is the hidden line of seed 7")
    parser.add_argument("--only", help="detectors whose name contains this")
    parser.add_argument(
        "--histories", type=int, help="weeks that ours learns from, each for itself"
    )
    parser.add_argument("--sample", type=int, help="nuisances of each kind and length")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write all figures there, too")
    parser.add_argument("--read", type=Path, nargs="+", help="figures of earlier runs; run nothing")
    parser.add_argument("--plot", type=Path, default=HERE / "delay-against-false-alarms.svg")
    parser.add_argument("--no-plot", action="store_true")
    options = parser.parse_args()

    begun = time.monotonic()
    names = (options.lines or ("L2" if options.quick else "L1,L2,L3,L4,L5")).split(",")
    plan = Plan.made(names, options.seed, quick=options.quick, full=options.full, only=options.only)
    plan.histories = options.histories or plan.histories
    plan.sample = options.sample or plan.sample
    if options.read:
        figures = {}
        for path in options.read:
            figures |= json.loads(path.read_text())
    else:
        print(plan)
        with Pool(options.processes) as pool:
            figures = run(plan, pool)
    for name in names:
        print(report.table(figures, lines.model(name)))
    print(report.others(figures, names))
    print(report.stories(figures))
    print(report.goals(figures, [n for n in names if n != "L5"]))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, default=asdict))
    drawn = [name for name in names if name in lines.LINES]
    if drawn and not options.no_plot and not options.quick:
        plot.draw(figures, drawn, options.plot)
        print(f"The plot is {options.plot.name}.")
    print(f"It took {(time.monotonic() - begun) / 60:.1f} minutes.", file=sys.stderr)


if __name__ == "__main__":
    main()
