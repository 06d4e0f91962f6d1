"""Axes that look the same on every chart: prices on the right, a quiet grid, a title."""

# matplotlib leaves what its keywords take untyped.
# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from datetime import datetime

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from countersign_server.charts.spec import Size
from countersign_server.charts.theme import Theme
from countersign_server.charts.time_axis import labels_of

# Pixels, whatever the size of the picture.
_LEFT, _RIGHT, _TOP, _BOTTOM, _BETWEEN = 14, 86, 34, 30, 6
_PIXELS_PER_LABEL = 95
_EQUAL = 1e-9
_TAG_POINTS = 12.5  # between the middles of a label and of what is just not hidden by it


def panels(figure: Figure, size: Size, theme: Theme, shares: Sequence[int]) -> list[Axes]:
    """Return axes one above the other that share the time, as high as their shares say."""
    height = size.height - _TOP - _BOTTOM - _BETWEEN * (len(shares) - 1)
    top, made = float(size.height - _TOP), list[Axes]()
    for share in shares:
        panel = height * share / sum(shares)
        axes = figure.add_axes(
            (
                _LEFT / size.width,
                (top - panel) / size.height,
                (size.width - _LEFT - _RIGHT) / size.width,
                panel / size.height,
            )
        )
        _dress(axes, theme)
        made.append(axes)
        top -= panel + _BETWEEN
    return made


def entitle(figure: Figure, size: Size, theme: Theme, title: str) -> None:
    figure.text(
        _LEFT / size.width,
        1 - _TOP / 2 / size.height,
        title,
        color=theme.text,
        fontsize=11,
        fontweight="bold",
        va="center",
    )


def write_times(axes: Sequence[Axes], times: Sequence[datetime], zone: str, size: Size) -> None:
    """Write times below the lowest panel and let all show the same bars."""
    room = (size.width - _LEFT - _RIGHT) // _PIXELS_PER_LABEL
    labels = labels_of(times, zone, at_most=room)
    for number, panel in enumerate(axes):
        panel.set_xlim(-0.8, len(times) - 0.2)
        panel.set_xticks([at for at, _ in labels])
        is_lowest = number == len(axes) - 1
        panel.set_xticklabels([text if is_lowest else "" for _, text in labels], ha="left")


def write_amounts(axes: Axes, *, at_most: int) -> None:
    """Write amounts at the side, with as many decimals as tell them apart. After all is drawn."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=at_most))
    places = axes.yaxis.get_majorticklocs()
    step = float(places[1] - places[0]) if len(places) > 1 else 1.0
    digits = next((digits for digits in (0, 1) if abs(step - round(step, digits)) < _EQUAL), 2)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.{digits}f}"))


def tag(axes: Axes, at: float, text: str, *, colour: str, on: str) -> None:
    """Write a value into the margin, at its height, on a label of its colour.

    What would stand there otherwise, half of it hidden, is not written.
    """
    low, high = axes.get_ylim()
    near = _TAG_POINTS * (high - low) / (axes.bbox.height * 72 / axes.figure.dpi)
    before = axes.yaxis.get_major_formatter()
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, place: "" if abs(value - at) < near else before(value, place))
    )
    axes.annotate(
        text,
        xy=(1, at),
        xycoords=("axes fraction", "data"),
        xytext=(5, 0),
        textcoords="offset points",
        color=on,
        va="center",
        fontsize=8.5,
        annotation_clip=False,
        bbox={"boxstyle": "square,pad=0.25", "facecolor": colour, "edgecolor": "none"},
    )


def _dress(axes: Axes, theme: Theme) -> None:
    axes.set_facecolor(theme.background)
    axes.yaxis.tick_right()
    axes.grid(visible=True, color=theme.grid, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=theme.text, length=0, labelsize=8.5)
    for spine in axes.spines.values():
        spine.set_color(theme.grid)
