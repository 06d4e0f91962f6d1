"""The table as a picture: each ratio on one scale, its goal beside it."""

# pyright: reportUnknownMemberType=false
# matplotlib types its keyword arguments as unknown.

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from bench.__main__ import Row


def draw(rows: "Sequence[Row]", path: Path) -> None:
    """Write the rows as a PNG without metadata."""
    figure = Figure(figsize=(9, 0.6 * len(rows) + 1.2))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.42, 0.18, 0.54, 0.74))
    names = [f"{row.what}\nbeside {row.against}" for row in rows]
    colours = ["#2f7d4f" if row.holds else "#b3402e" for row in rows]
    axes.barh(names, [row.ratio for row in rows], color=colours)
    for place, row in enumerate(rows):
        axes.text(row.ratio, place, f" {row.ratio:.2f}x (goal {row.goal})", va="center", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(0.1, 10 * max(row.ratio for row in rows))
    axes.invert_yaxis()
    axes.tick_params(labelsize=8)
    axes.set_xlabel("ours / theirs", fontsize=8)
    figure.savefig(path, metadata={"Software": None})
