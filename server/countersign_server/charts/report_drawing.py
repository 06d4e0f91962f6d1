"""The one page that tells how an account did, drawn."""

# matplotlib leaves what its keywords take untyped.
# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from countersign_server.charts.equity_drawing import drawdown_of
from countersign_server.charts.frame import write_amounts
from countersign_server.charts.picture import drawn_page
from countersign_server.charts.report import YEARS_MAX, PartLine, Report, Year, check_report
from countersign_server.charts.report_page import INNER, LARGE, MARGIN, PLAIN, SMALL, Box, Page
from countersign_server.charts.time_axis import labels_of

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LINE = 23  # pixels from one line of a table to the next
_HALF = (INNER - 50) / 2
_RIGHT = MARGIN + _HALF + 50
# As high as it is if there are as many years as fit; each less leaves it more room.
_CURVE = Box(MARGIN, 290, INNER - 80, 220)
_FALL_HEIGHT = 62
_YEARS_BELOW = 142
_STATISTICS = 862
_PARTS = 1288
_SIGNALS = 1526
# What the curve has besides on a page that tells nothing of signals.
_WITHOUT_SIGNALS = 204
_DARKEST = 20.0  # percent a month, from which on the colour grows no stronger
_TIMES = 9


def draw_report(report: Report) -> bytes:
    """Return the page as PNG or PDF. Raises SpecInvalid."""
    check_report(report)
    return drawn_page(
        report.size, report.theme, str(report.format), lambda figure: _draw(figure, report)
    )


def _draw(figure: Figure, report: Report) -> None:
    page = Page(figure, report.theme)
    _draw_head(page, report)
    _draw_tiles(page, report)
    lower = 0 if report.steps else _WITHOUT_SIGNALS
    room = _CURVE.height + lower + (YEARS_MAX - len(report.years)) * (_LINE + 2)
    curve = Box(_CURVE.left, _CURVE.top, _CURVE.width, room)
    _draw_curve(page, curve, report)
    top = curve.top + curve.height + _YEARS_BELOW
    _draw_years(page, Box(MARGIN, top, INNER, 0), report.years)
    _draw_statistics(page, Box(MARGIN, _STATISTICS + lower, INNER, 0), report.printed)
    left = Box(MARGIN, _PARTS + lower, _HALF, 0)
    right = Box(_RIGHT, _PARTS + lower, _HALF, 0)
    if report.steps:
        _draw_parts(page, left, "By producer", report.producers)
        _draw_parts(page, right, "By symbol", report.symbols)
        _draw_delays(page, Box(MARGIN, _SIGNALS, _HALF, 0), report)
        _draw_funnel(page, Box(_RIGHT, _SIGNALS, _HALF, 0), report)
    else:
        _draw_parts(page, left, "By symbol", report.symbols)
        _draw_parts(page, right, "By weekday", report.weekdays)
    page.text(MARGIN, 1722, report.note, size=5.6)


def _draw_head(page: Page, report: Report) -> None:
    page.text(MARGIN, 74, report.title, size=LARGE + 3, bold=True, most=INNER)
    page.text(MARGIN, 112, report.subtitle, size=PLAIN + 1)


def _draw_tiles(page: Page, report: Report) -> None:
    gap = 14
    width = (INNER - gap * (len(report.tiles) - 1)) / max(len(report.tiles), 1)
    for number, tile in enumerate(report.tiles):
        left = MARGIN + number * (width + gap)
        page.card(Box(left, 145, width, 88))
        page.text(left + 14, 170, tile.label, size=SMALL)
        page.text(
            left + 14,
            208,
            tile.text,
            size=LARGE,
            bold=True,
            colour=page.tone(tile.tone),
            most=width - 28,
            is_figure=True,
        )


def _draw_curve(page: Page, box: Box, report: Report) -> None:
    theme, points = report.theme, report.points
    equity = np.array([point.equity for point in points], dtype=np.float64)
    balance = np.array([point.balance for point in points], dtype=np.float64)
    payments = np.array([point.payment for point in points], dtype=np.float64)
    page.heading(Box(box.left, box.top, INNER, 0), f"{report.curve}, and how far below the peak")
    fall = Box(box.left, box.top + box.height + 6, box.width, _FALL_HEIGHT)
    above, below = page.axes(box), page.axes(fall)
    at = np.arange(len(points))
    if not np.array_equal(balance, equity):
        above.plot(at, balance, color=theme.volume, linewidth=1.2, drawstyle="steps-post")
    # A single point has no line.
    above.plot(at, equity, color=theme.line, linewidth=1.3, marker="o" if len(at) == 1 else "")
    for index in np.flatnonzero(payments[1:]) + 1:
        colour = theme.target if payments[index] > 0 else theme.stop
        above.plot(int(index), equity[index], marker="D", markersize=4, color=colour)
    write_amounts(above, at_most=6)
    under = drawdown_of(equity, payments) * 100
    below.fill_between(at, -under, 0, color=theme.under, alpha=0.35, linewidth=0)
    below.set_ylim(-max(float(under.max()) * 1.15, 1.0), 0)
    below.yaxis.set_major_locator(MaxNLocator(nbins=3, steps=(1, 2, 5, 10)))
    below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g} %"))
    labels = labels_of([point.time for point in points], "UTC", at_most=_TIMES)
    for axes, texts in ((above, None), (below, [text for _, text in labels])):
        _dress(page, axes)
        axes.set_xlim(-0.8, len(points) - 0.2)
        axes.set_xticks([place for place, _ in labels])
        axes.set_xticklabels(texts or [""] * len(labels), ha="left")


def _dress(page: Page, axes: Axes) -> None:
    axes.yaxis.tick_right()
    axes.grid(visible=True, color=page.theme.grid, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=page.theme.text, length=0, labelsize=SMALL)
    for spine in axes.spines.values():
        spine.set_color(page.theme.grid)


def _draw_years(page: Page, box: Box, years: Sequence[Year]) -> None:
    page.heading(box, "Growth month by month, %")
    first, width = MARGIN + 70, (INNER - 70) / 13
    y = box.top + 12
    for number, name in enumerate((*_MONTHS, "Year")):
        page.text(first + (number + 0.5) * width, y, name, size=SMALL, bold=True, align="center")
    for number, year in enumerate(years):
        y = box.top + 12 + (number + 1) * (_LINE + 2)
        page.text(MARGIN, y, str(year.year), bold=True)
        for place, growth in enumerate((*year.months, year.whole)):
            if growth is None:
                continue
            left = first + place * width
            colour = page.theme.rising if growth >= 0 else page.theme.falling
            # What rounds to nothing is coloured as nothing.
            alpha = 0.12 + 0.4 * min(abs(growth) / _DARKEST, 1.0)
            if f"{growth:.2f}" not in ("0.00", "-0.00"):
                page.bar(Box(left + 2, y - 12, width - 4, _LINE), colour, alpha=alpha)
            page.text(
                left + width / 2,
                y,
                _growth_text(growth),
                bold=place == len(_MONTHS),
                align="center",
            )


def _growth_text(growth: float) -> str:
    """Return two decimals, or as many as leave it readable."""
    text = f"{growth:.2f}" if abs(growth) < 1000 else f"{growth:.0f}"  # noqa: PLR2004  # digits
    return "0.00" if text == "-0.00" else text


def _draw_statistics(page: Page, box: Box, printed: Sequence[tuple[str, str]]) -> None:
    page.heading(box, "Statistics, as MetaTrader prints them")
    rows = -(-len(printed) // 2)
    for number, (label, text) in enumerate(printed):
        left = MARGIN if number < rows else _RIGHT
        y = box.top + 12 + (number % rows) * _LINE
        page.text(left, y, label)
        page.text(left + _HALF, y, text, align="right")


def _draw_parts(page: Page, box: Box, title: str, parts: Sequence[PartLine]) -> None:
    page.heading(box, title)
    right = box.left + box.width
    columns = (box.left, right - 290, right - 215, right - 75, right)
    page.row(box.top + 10, columns, ("", "Trades", "Won", "Net", "Factor"), head=True)
    for number, part in enumerate(parts):
        y = box.top + 10 + (number + 1) * _LINE
        page.text(box.left, y, part.name, most=columns[1] - box.left - 70)
        page.row(y, columns, ("", part.trades, part.won, "", part.factor))
        page.text(columns[3], y, part.net, colour=page.tone(part.tone), align="right")
    if not parts:
        page.text(box.left, box.top + 10 + _LINE, "none")


def _draw_delays(page: Page, box: Box, report: Report) -> None:
    page.heading(box, "From signal to fill: who took how long")
    columns = (box.left, box.left + 330, box.left + box.width)
    page.row(box.top + 10, columns, ("", "Half within", "Nine of ten within"), head=True)
    for number, delay in enumerate(report.delays):
        y = box.top + 10 + (number + 1) * _LINE
        page.row(y, columns, (delay.who, delay.middle, delay.most))
    y = box.top + 10 + (len(report.delays) + 1) * _LINE
    page.text(box.left, y + 4, report.fills or "no fill of a signal with a price", size=SMALL)


def _draw_funnel(page: Page, box: Box, report: Report) -> None:
    page.heading(box, "What became of signals")
    most = max((step.count for step in report.steps), default=0) or 1
    room = 120
    for number, step in enumerate(report.steps):
        y = box.top + 10 + number * _LINE
        page.text(box.left, y, step.name)
        page.bar(Box(box.left + 90, y - 8, room * step.count / most, 16), page.theme.line)
        page.text(box.left + 96 + room * step.count / most, y, f"{step.count}")
    page.text(box.left + 290, box.top + 10, "Missed most for", size=SMALL, bold=True)
    for number, miss in enumerate(report.misses):
        y = box.top + 10 + (number + 1) * _LINE
        page.text(box.left + 290, y, miss.name, size=SMALL, most=box.width - 340)
        page.text(box.left + box.width, y, f"{miss.count}", size=SMALL, align="right")
    if not report.misses:
        page.text(box.left + 290, box.top + 10 + _LINE, "nothing", size=SMALL)
