"""The plot: delay against false failovers a year, each detector a curve, the bound a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.detect import bounds
from tests.bench.detect.lines import LINES
from tests.bench.detect.report import curve
from tests.bench.detect.work import OWN, Figures

LEAST = 0.02
"""False failovers a year; what is less is drawn there."""


FLOOR = 0.8
"""Seconds where the picture ends."""

COLOURS = (
    "#1f77b4",
    "#ff7f0e",
    "#2ca02c",
    "#17becf",
    "#9467bd",
    "#8c564b",
    "#e377c2",
    "#7f7f7f",
    "#bcbd22",
)
"""Of the peers: none of them is like ours."""


def _line(figures: Figures, name: str, detector: str) -> list[tuple[float, float]]:
    """Points from seldom to often wrong; of those that are never wrong, the quickest."""
    best: dict[float, float] = {}
    for _, delay, rate in curve(figures, name, detector):
        at = max(rate, LEAST)
        best[at] = min(delay, best.get(at, delay))
    return sorted(best.items())


def draw(figures: Figures, names: Sequence[str], path: Path) -> None:
    """One panel for each line."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    mpl.rcParams.update({"svg.hashsalt": "wanfailover", "svg.fonttype": "none", "font.size": 8})
    figure = Figure(figsize=(3.1 * len(names), 4.2), layout="constrained")
    axes = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    detectors = sorted({name.split(" | ")[1] for name in figures if name.endswith(" | far")})
    detectors = [d for d in detectors if not d.startswith(OWN)]
    for axis, name in zip(axes, names, strict=True):
        axis.set_prop_cycle(color=COLOURS)
        rates = [10 ** (e / 20) for e in range(-35, 120)]
        waits = [(r, bounds.cut(LINES[name], r)) for r in rates]
        xs, ys = zip(*[(max(r, LEAST), max(w, FLOOR)) for r, w in waits], strict=True)
        axis.fill_between(xs, FLOOR, ys, color="0.9", linewidth=0)
        axis.plot(xs, ys, color="black", linewidth=1, label="bound")
        for detector in detectors:
            points = _line(figures, name, detector)
            if points:
                axis.plot(
                    *zip(*points, strict=True), "o-", markersize=3, linewidth=0.7, label=detector
                )
        points = _line(figures, name, OWN)
        if points:
            xs, ys = zip(*points, strict=True)
            axis.plot(xs, ys, "s-", markersize=4, linewidth=2, color="tab:red", label="ours")
        axis.set(xscale="log", yscale="log", xlim=(LEAST * 0.8, 1e6), ylim=(FLOOR, 300), title=name)
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set_xlabel("false failovers a year")
        axis.grid(color="0.9", linewidth=0.5)
    axes[0].set_ylabel("seconds until a hard cut is noticed, median")
    handles = {h.get_label(): h for axis in axes for h in axis.get_legend_handles_labels()[0]}
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=6, frameon=False
    )
    figure.savefig(path, metadata={"Date": None, "Creator": "make bench-detect"})
