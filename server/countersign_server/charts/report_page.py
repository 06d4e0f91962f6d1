"""A page to write on: in pixels from its upper left corner, whatever it is written as."""

# matplotlib leaves what its keywords take untyped.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.text import Text

from countersign_server.charts.report import PAGE
from countersign_server.charts.theme import Theme

MARGIN = 60
INNER = PAGE.width - 2 * MARGIN
SMALL, PLAIN, LARGE = 6.6, 7.4, 13.0
_HEADING = 8.6
# Of the size that a text would have.
_SMALLEST = 0.7


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the page."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Page:
    """Where everything is written."""

    figure: Figure
    theme: Theme

    def text(  # noqa: PLR0913  # where, what, and how it looks
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = PLAIN,
        colour: str = "",
        bold: bool = False,
        align: str = "left",
        most: float = 0,
        is_figure: bool = False,
    ) -> None:
        """Write a line whose middle is at `y`; `most`: as wide as it may be, 0: as it is.

        A figure is written as small as it must be, and never cut: it would read as another.
        """
        written = self.figure.text(
            x / PAGE.width,
            1 - y / PAGE.height,
            text,
            fontsize=size,
            color=colour or self.theme.text,
            fontweight="bold" if bold else "normal",
            ha=align,
            va="center_baseline",
        )
        if most:
            _fit(written, most, smallest=0.0 if is_figure else _SMALLEST)

    def heading(self, box: Box, text: str) -> None:
        """Write a heading above a box, with a line below it."""
        self.text(box.left, box.top - 22, text, size=_HEADING, bold=True)
        self.bar(Box(box.left, box.top - 8, box.width, 1.5), self.theme.grid)

    def bar(self, box: Box, colour: str, *, alpha: float = 1.0) -> None:
        self.figure.add_artist(Rectangle(*_placed(box), color=colour, alpha=alpha, linewidth=0))

    def card(self, box: Box) -> None:
        """Draw a quiet frame."""
        corner, width, height = _placed(box)
        self.figure.add_artist(
            FancyBboxPatch(
                corner,
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.006",
                facecolor="none",
                edgecolor=self.theme.grid,
                linewidth=1.0,
                mutation_aspect=PAGE.width / PAGE.height,
            )
        )

    def axes(self, box: Box) -> Axes:
        (left, bottom), width, height = _placed(box)
        made = self.figure.add_axes((left, bottom, width, height))
        made.set_facecolor(self.theme.background)
        return made

    def tone(self, tone: int) -> str:
        """Return the colour of what is good, bad or neither."""
        return (self.theme.text, self.theme.rising, self.theme.falling)[tone]

    def row(
        self, y: float, columns: Sequence[float], cells: Sequence[str], *, head: bool = False
    ) -> None:
        """Write cells: the first begins at its column, the others end at theirs."""
        size = SMALL if head else PLAIN
        for number, (x, cell) in enumerate(zip(columns, cells, strict=True)):
            self.text(x, y, cell, size=size, bold=head, align="right" if number else "left")


def _fit(written: Text, most: float, *, smallest: float) -> None:
    """Write it smaller, and if that would be too small to read, cut it."""
    size = float(written.get_fontsize())
    written.set_fontsize(size * min(1.0, max(most / _width(written), smallest)))
    whole = written.get_text() if smallest else ""
    for kept in range(len(whole) - 1, 0, -1):
        if _width(written) <= most:
            return
        written.set_text(f"{whole[:kept].rstrip()}…")


def _width(written: Text) -> float:
    return float(written.get_window_extent().width) or 1.0


def _placed(box: Box) -> tuple[tuple[float, float], float, float]:
    """Return the lower left corner, width and height, as parts of the page."""
    left, bottom = box.left / PAGE.width, 1 - (box.top + box.height) / PAGE.height
    return (left, bottom), box.width / PAGE.width, box.height / PAGE.height
