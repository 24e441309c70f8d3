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


def draw(figures: Figures, names: Sequence[str], path: Path) -> None:
    """One panel for each line."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"svg.hashsalt": "wanfailover", "svg.fonttype": "none", "font.size": 8})
    figure = Figure(figsize=(3.1 * len(names), 4.2), layout="constrained")
    axes = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    detectors = sorted({name.split(" | ")[1] for name in figures if name.endswith(" | far")})
    detectors = [d for d in detectors if not d.startswith(OWN)]
    for axis, name in zip(axes, names, strict=True):
        rates = [10 ** (e / 4) for e in range(-7, 24)]
        waits = [(r, bounds.cut(LINES[name], r)) for r in rates]
        xs, ys = zip(*[(max(r, LEAST), w) for r, w in waits if w > 0.3], strict=True)
        axis.fill_between(xs, 0.3, ys, color="0.9", linewidth=0)
        axis.plot(xs, ys, color="black", linewidth=1, label="bound")
        for detector in detectors:
            points = sorted(
                (max(rate, LEAST), delay) for _, delay, rate in curve(figures, name, detector)
            )
            if points:
                axis.plot(
                    *zip(*points, strict=True),
                    marker="o",
                    markersize=3,
                    linewidth=0.7,
                    label=detector,
                )
        points = sorted((max(rate, LEAST), delay) for _, delay, rate in curve(figures, name, OWN))
        if points:
            axis.plot(
                *zip(*points, strict=True),
                marker="s",
                markersize=4,
                linewidth=2,
                color="tab:red",
                label="ours",
            )
        axis.set(xscale="log", yscale="log", xlim=(LEAST * 0.8, 1e6), ylim=(0.8, 300), title=name)
        axis.set_xlabel("false failovers a year")
        axis.grid(color="0.9", linewidth=0.5)
    axes[0].set_ylabel("seconds until a hard cut is noticed, median")
    handles = {h.get_label(): h for axis in axes for h in axis.get_legend_handles_labels()[0]}
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=6, frameon=False
    )
    figure.savefig(path, metadata={"Date": None, "Creator": "make bench-detect"})
