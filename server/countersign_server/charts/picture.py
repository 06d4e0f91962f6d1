"""From a figure to the bytes of a file: the same figure is always the same bytes."""

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


# Pixels of a page, which is measured in inches on paper.
PAGE_DPI = 150
# What would otherwise tell who made the file, and when.
_NAMELESS: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None, "ModDate": None},
}


def drawn(size: Size, theme: Theme, draw: Callable[[Figure], None]) -> bytes:
    """Return what `draw` draws on an empty figure, as a PNG.

    It says nothing of who made it, where or when. For one thread of a process at a time.
    """
    return _drawn(size, theme, draw, dpi=DPI, format_="png")


def drawn_page(size: Size, theme: Theme, format_: str, draw: Callable[[Figure], None]) -> bytes:
    """Return a page in the same way, as "png" or "pdf"."""
    return _drawn(size, theme, draw, dpi=PAGE_DPI, format_=format_)


def _drawn(
    size: Size, theme: Theme, draw: Callable[[Figure], None], *, dpi: int, format_: str
) -> bytes:
    with mpl.rc_context(_STYLE):
        figure = Figure(
            figsize=(size.width / dpi, size.height / dpi), dpi=dpi, facecolor=theme.background
        )
        FigureCanvasAgg(figure)
        draw(figure)
        out = BytesIO()
        figure.savefig(
            out,
            format=format_,
            dpi=dpi,
            facecolor=theme.background,
            metadata=_NAMELESS[format_],
        )
    return out.getvalue()
