"""Bars, averages, volume, markers and levels, drawn."""

# matplotlib leaves what its keywords take untyped.
# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from countersign_server.charts.averages import moving_average
from countersign_server.charts.bars import Bar, Columns
from countersign_server.charts.frame import entitle, panels, tag, write_times
from countersign_server.charts.heikin_ashi import heikin_ashi
from countersign_server.charts.picture import drawn
from countersign_server.charts.renko import renko
from countersign_server.charts.spec import (
    LevelKind,
    MarkerKind,
    PriceChart,
    SpecInvalid,
    Style,
    check_price_chart,
)
from countersign_server.charts.theme import Theme
from countersign_server.charts.volume_profile import volume_profile

_BODY = 0.36  # half a bar's width, where bars stand one apart
_PROFILE_SHARE = 0.22  # of the chart's width
_HEADROOM = 0.06
_LABEL_POINTS = 10  # from one label of a bar to the next
_EDGE = 0.06  # of the width, within which a label would be cut
# Shape, whether it stands above the price, and which colour of the theme.
_MARKERS: Mapping[MarkerKind, tuple[str, bool, str]] = MappingProxyType(
    {
        MarkerKind.SIGNAL: ("o", True, "line"),
        MarkerKind.APPROVAL: ("D", True, "target"),
        MarkerKind.ORDER: ("s", True, "text"),
        MarkerKind.BUY: ("^", False, "rising"),
        MarkerKind.SELL: ("v", True, "falling"),
    }
)


def draw_prices(chart: PriceChart) -> bytes:
    """Return the chart as a PNG. Raises SpecInvalid, TooManyBricks."""
    check_price_chart(chart)
    bars = shown_bars(chart)
    if not bars:
        raise SpecInvalid("brick", "the price never moved by one brick; make it smaller")
    return drawn(chart.size, chart.theme, lambda figure: _draw(figure, chart, bars))


def shown_bars(chart: PriceChart) -> Sequence[Bar]:
    """Return the bars that the style makes of the chart's. Raises TooManyBricks."""
    if chart.style is Style.HEIKIN_ASHI:
        return heikin_ashi(chart.bars)
    if chart.style is Style.RENKO and chart.brick is not None:
        return renko(chart.bars, chart.brick)
    return chart.bars


def _draw(figure: Figure, chart: PriceChart, bars: Sequence[Bar]) -> None:
    shows_volume = chart.with_volume and any(bar.volume for bar in bars)
    axes = panels(figure, chart.size, chart.theme, (5, 1) if shows_volume else (1,))
    columns, times = Columns.of(bars), [bar.time for bar in bars]
    _scale(axes[0], chart, columns)
    if chart.profile_levels:
        _draw_profile(axes[0], chart)
    _draw_bars(axes[0], columns, chart.theme, with_wicks=chart.style is not Style.RENKO)
    _draw_averages(axes[0], chart, columns)
    _draw_levels(axes[0], chart)
    _draw_markers(axes[0], chart, times)
    _draw_last(axes[0], chart, bars[-1])
    if shows_volume:
        _draw_volume(axes[1], columns, chart.theme)
    write_times(axes, times, chart.zone, chart.size)
    entitle(figure, chart.size, chart.theme, chart.title)


def _scale(axes: Axes, chart: PriceChart, columns: Columns) -> None:
    prices = [float(columns.low.min()), float(columns.high.max())]
    # A stop that is far away must not press the bars flat, a near one must be seen.
    reach = 0.6 * (prices[1] - prices[0])
    within = prices[0] - reach, prices[1] + reach
    drawn_markers = [one for one in chart.markers if one.time >= chart.bars[0].time]
    marked = [one.price for one in (*chart.levels, *drawn_markers)]
    prices += [price for price in marked if within[0] <= price <= within[1]]
    low, high = min(prices), max(prices)
    room = (high - low or abs(high) * 1e-4) * _HEADROOM
    axes.set_ylim(low - room, high + room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.{chart.digits}f}"))


def _draw_bars(axes: Axes, columns: Columns, theme: Theme, *, with_wicks: bool) -> None:
    at = np.arange(len(columns.close), dtype=np.float64)
    colours = np.where(columns.rises, theme.rising, theme.falling)
    if with_wicks:
        wicks = np.stack(
            [np.stack([at, columns.low], axis=1), np.stack([at, columns.high], axis=1)], axis=1
        )
        axes.add_collection(
            LineCollection(list(wicks), colors=colours, linewidths=0.9), autolim=False
        )
    left, right = at - _BODY, at + _BODY
    corners = (
        (left, columns.open),
        (left, columns.close),
        (right, columns.close),
        (right, columns.open),
    )
    bodies = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    # The edge keeps a bar that closed where it opened from vanishing.
    axes.add_collection(
        PolyCollection(list(bodies), facecolors=colours, edgecolors=colours, linewidths=0.9),
        autolim=False,
    )


def _draw_averages(axes: Axes, chart: PriceChart, columns: Columns) -> None:
    at = np.arange(len(columns.close))
    for number, average in enumerate(chart.averages):
        values = moving_average(columns.close, average)
        # Of fewer bars than it needs there is no line, and nothing to name.
        if np.isfinite(values).any():
            colour = chart.theme.averages[number % len(chart.theme.averages)]
            label = f"{average.method} {average.period}"
            axes.plot(at, values, color=colour, linewidth=1.2, label=label)
    if axes.get_legend_handles_labels()[1]:
        legend = axes.legend(
            loc="upper left",
            ncols=4,
            fontsize=8.5,
            # Lines and wicks pass behind it.
            facecolor=chart.theme.background,
            edgecolor="none",
            framealpha=0.85,
        )
        for text in legend.get_texts():
            text.set_color(chart.theme.text)


def _draw_volume(axes: Axes, columns: Columns, theme: Theme) -> None:
    at = np.arange(len(columns.volume), dtype=np.float64)
    zero = np.zeros(len(at))
    left, right = at - _BODY, at + _BODY
    corners = ((left, zero), (left, columns.volume), (right, columns.volume), (right, zero))
    bars = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    axes.add_collection(PolyCollection(list(bars), facecolors=theme.volume), autolim=False)
    axes.set_ylim(0, float(columns.volume.max()) * 1.1)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))


def _draw_profile(axes: Axes, chart: PriceChart) -> None:
    profile = volume_profile(chart.bars, chart.profile_levels)
    most = float(profile.volumes.max())
    if not most:
        return
    lengths = profile.volumes / most * _PROFILE_SHARE
    middles = (profile.edges[:-1] + profile.edges[1:]) / 2
    inside = (middles >= profile.value_low) & (middles <= profile.value_high)
    axes.barh(
        middles,
        lengths,
        height=np.diff(profile.edges) * 0.9,
        color=np.where(inside, chart.theme.line, chart.theme.volume),
        alpha=0.28,
        transform=axes.get_yaxis_transform(),
    )


def _draw_levels(axes: Axes, chart: PriceChart) -> None:
    low, high = axes.get_ylim()
    for level in chart.levels:
        colour = {
            LevelKind.ENTRY: chart.theme.entry,
            LevelKind.STOP: chart.theme.stop,
            LevelKind.TARGET: chart.theme.target,
        }[level.kind]
        if low <= level.price <= high:
            axes.axhline(level.price, color=colour, linewidth=1.0, linestyle=(0, (5, 3)))
            text = f"{level.price:.{chart.digits}f}"
            tag(axes, level.price, text, colour=colour, on=chart.theme.background)


def _draw_markers(axes: Axes, chart: PriceChart, times: Sequence[datetime]) -> None:
    # What happened in one bar is written one above the other.
    written: Counter[tuple[int, bool]] = Counter()
    for marker in chart.markers:
        at = bisect_right(times, marker.time) - 1
        if at < 0:
            continue
        shape, is_above, part = _MARKERS[marker.kind]
        colour = getattr(chart.theme, part)
        axes.plot(
            at,
            marker.price,
            marker=shape,
            markersize=8,
            color=colour,
            markeredgecolor=chart.theme.background,
            linestyle="none",
        )
        if marker.label:
            away = 9 + _LABEL_POINTS * written[at, is_above]
            written[at, is_above] += 1
            axes.annotate(
                marker.label,
                (at, marker.price),
                xytext=(0, away if is_above else -away),
                textcoords="offset points",
                ha=_side_of(at, len(times)),
                va="bottom" if is_above else "top",
                color=colour,
                fontsize=8,
            )


def _side_of(at: int, count: int) -> str:
    """Return to which side a label is written, so that no edge cuts it."""
    place = (at + 0.5) / count
    if place < _EDGE:
        return "left"
    return "right" if place > 1 - _EDGE else "center"


def _draw_last(axes: Axes, chart: PriceChart, last: Bar) -> None:
    colour = chart.theme.rising if last.close >= last.open else chart.theme.falling
    axes.axhline(last.close, color=colour, linewidth=0.7, linestyle=(0, (1, 2)))
    text = f"{last.close:.{chart.digits}f}"
    tag(axes, last.close, text, colour=colour, on=chart.theme.background)


def _short(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
