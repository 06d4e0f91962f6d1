"""An account's equity and balance, and how far it was under its peak, drawn."""

# matplotlib leaves what its keywords take untyped.
# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from countersign_server.charts.bars import Floats
from countersign_server.charts.frame import entitle, panels, tag, write_amounts, write_times
from countersign_server.charts.picture import drawn
from countersign_server.charts.spec import EquityChart, check_equity_chart


def draw_equity(chart: EquityChart) -> bytes:
    """Return the chart as a PNG. Raises SpecInvalid."""
    check_equity_chart(chart)
    return drawn(chart.size, chart.theme, lambda figure: _draw(figure, chart))


def _draw(figure: Figure, chart: EquityChart) -> None:
    theme, points = chart.theme, chart.points
    equity = np.array([point.equity for point in points], dtype=np.float64)
    balance = np.array([point.balance for point in points], dtype=np.float64)
    payments = np.array([point.payment for point in points], dtype=np.float64)
    under = drawdown_of(equity, payments)
    above, below = panels(figure, chart.size, theme, (4, 1))
    at = np.arange(len(points))
    above.plot(at, balance, color=theme.volume, linewidth=1.2, drawstyle="steps-post")
    # A single point has no line.
    above.plot(at, equity, color=theme.line, linewidth=1.4, marker="o" if len(at) == 1 else "")
    for index in np.flatnonzero(payments[1:]) + 1:
        colour = theme.target if payments[index] > 0 else theme.stop
        above.plot(int(index), equity[index], marker="D", markersize=6, color=colour)
    write_amounts(above, at_most=7)
    last = f"{equity[-1]:,.2f}"
    tag(above, float(equity[-1]), last, colour=theme.line, on=theme.background)
    below.fill_between(at, -under * 100, 0, color=theme.under, alpha=0.35, linewidth=0)
    below.set_ylim(-max(float(under.max()) * 115, 1.0), 0)
    below.yaxis.set_major_locator(MaxNLocator(nbins=3, steps=(1, 2, 5, 10)))
    below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g} %"))
    write_times([above, below], [point.time for point in points], chart.zone, chart.size)
    entitle(figure, chart.size, theme, f"{chart.title}   {chart.currency}")


def drawdown_of(equity: Floats, payments: Floats) -> Floats:
    """Return how far equity was under its peak, as a fraction, deposits and withdrawals taken out.

    The growth between two points is counted from what was there after the payment.
    """
    before = np.concatenate((equity[:1], equity[:-1] + payments[1:]))
    growth = np.divide(equity, before, out=np.ones_like(equity), where=before > 0)
    value = np.cumprod(np.maximum(growth, 0.0))
    return 1.0 - value / np.maximum.accumulate(np.maximum(value, 1e-12))
