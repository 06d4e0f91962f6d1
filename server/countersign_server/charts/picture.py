"""From a figure to the bytes of a PNG: the same figure is always the same bytes."""

# matplotlib leaves what its keywords take untyped.
# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false

from collections.abc import Callable
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from countersign_server.charts.spec import Size
from countersign_server.charts.theme import Theme

DPI = 100
# What could differ from one machine to the next is named here: the font comes with matplotlib.
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.unicode_minus": False,
    "path.simplify": False,
    "text.hinting": "none",
    "text.parse_math": False,
}


def drawn(size: Size, theme: Theme, draw: Callable[[Figure], None]) -> bytes:
    """Return what `draw` draws on an empty figure, as a PNG.

    It says nothing of who made it, where or when. For one thread of a process at a time.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(
            figsize=(size.width / DPI, size.height / DPI), dpi=DPI, facecolor=theme.background
        )
        FigureCanvasAgg(figure)
        draw(figure)
        out = BytesIO()
        figure.savefig(
            out, format="png", dpi=DPI, facecolor=theme.background, metadata={"Software": None}
        )
    return out.getvalue()
