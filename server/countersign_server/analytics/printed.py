"""The statistics as MetaTrader prints them, label by label."""

from collections.abc import Mapping
from decimal import Decimal

from countersign_server.analytics.drawdown import Fall
from countersign_server.analytics.streaks import Streak
from countersign_server.analytics.trade_figures import Tally, TradeFigures

_ABSENT = "0.00"


def printed(figures: TradeFigures) -> Mapping[str, str]:
    """Return MetaTrader's labels and texts for what the deals alone can tell.

    Its tester counts the recovery factor from equity and prints an annualised Sharpe ratio; this is
    the history report, which counts both from the deals.
    """
    drawdown, outcomes = figures.drawdown, figures.outcomes
    maximal, relative = (drawdown.maximal, drawdown.relative) if drawdown else (Fall(), Fall())
    wins, losses = outcomes.wins, outcomes.losses
    return {
        "Total Net Profit": money(figures.net_profit),
        "Gross Profit": money(figures.gross_profit),
        "Gross Loss": money(figures.gross_loss),
        "Profit Factor": _quotient(figures.gross_profit, -figures.gross_loss),
        "Expected Payoff": _quotient(figures.net_profit, figures.trades),
        "Recovery Factor": _quotient(figures.net_profit, maximal.amount),
        "Sharpe Ratio": ratio(figures.sharpe),
        "Balance Drawdown Absolute": money(drawdown.absolute if drawdown else Decimal(0)),
        "Balance Drawdown Maximal": f"{money(maximal.amount)} ({_percent(maximal.fraction)})",
        "Balance Drawdown Relative": f"{_percent(relative.fraction)} ({money(relative.amount)})",
        "Total Trades": str(figures.trades),
        "Total Deals": str(figures.deals),
        "Short Trades (won %)": _tally(figures.short),
        "Long Trades (won %)": _tally(figures.long),
        "Profit Trades (% of total)": _share(wins.trades, figures.trades),
        "Loss Trades (% of total)": _share(losses.trades, figures.trades),
        "Largest profit trade": money(figures.largest_profit),
        "Largest loss trade": money(figures.largest_loss),
        "Average profit trade": _quotient(figures.gross_profit, wins.trades),
        "Average loss trade": _quotient(figures.gross_loss, losses.trades),
        "Maximum consecutive wins ($)": _count_first(wins.longest),
        "Maximum consecutive losses ($)": _count_first(losses.longest),
        "Maximal consecutive profit (count)": _amount_first(wins.largest),
        "Maximal consecutive loss (count)": _amount_first(losses.largest),
        "Average consecutive wins": _whole(wins.average),
        "Average consecutive losses": _whole(losses.average),
        "AHPR": _growth(figures.ahpr),
        "GHPR": _growth(figures.ghpr),
        "LR Correlation": ratio(figures.lr_correlation),
        "LR Standard Error": ratio(figures.lr_standard_error),
        "Z-Score": f"{ratio(figures.z_score)} ({ratio(figures.z_percent)}%)",
    }


def money(amount: Decimal | None) -> str:
    """Return two decimals, thousands apart by a space; None, too, is printed as 0.00."""
    return _ABSENT if amount is None else _rounded(amount, 2, grouped=True)


def ratio(value: Decimal | None) -> str:
    """Return two decimals; None, too, is printed as 0.00."""
    return _ABSENT if value is None else _rounded(value, 2)


def _quotient(amount: Decimal, by: Decimal | int) -> str:
    # It divides doubles, and what lies in the middle is rounded as the double falls.
    return f"{float(amount) / float(by):,.2f}".replace(",", " ") if by else _ABSENT


def _rounded(value: Decimal, digits: int, *, grouped: bool = False) -> str:
    text = f"{float(value):,.{digits}f}" if grouped else f"{float(value):.{digits}f}"
    return text.replace(",", " ")


def _percent(fraction: Decimal | None) -> str:
    return f"{ratio(None if fraction is None else fraction * 100)}%"


def _tally(tally: Tally) -> str:
    return _share(tally.won, tally.trades, shown=tally.trades)


def _share(part: int, whole: int, *, shown: int | None = None) -> str:
    fraction = Decimal(part) / whole if whole else None
    return f"{part if shown is None else shown} ({_percent(fraction)})"


def _count_first(streak: Streak) -> str:
    return f"{streak.count} ({money(streak.amount)})"


def _amount_first(streak: Streak) -> str:
    return f"{money(streak.amount)} ({streak.count})"


def _whole(value: Decimal | None) -> str:
    return "0" if value is None else _rounded(value, 0)


def _growth(factor: Decimal | None) -> str:
    if factor is None:
        return "0.0000 (0.00%)"
    return f"{_rounded(factor, 4)} ({_rounded((factor - 1) * 100, 2)}%)"
