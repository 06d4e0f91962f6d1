"""MetaTrader's statistics of a history, deal by deal: one more always costs the same."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, localcontext
from math import erf, sqrt

from countersign_server.analytics.drawdown import Drawdown
from countersign_server.analytics.history import DealKind, HistoryDeal
from countersign_server.analytics.regression import BalanceLine
from countersign_server.analytics.streaks import Outcomes

_ZERO, _ONE = Decimal(0), Decimal(1)
# Sums over a million trades lose nothing that is printed.
_EXACT = Context(prec=50)
# MetaTrader prints no probability above three standard deviations.
_Z_PERCENT_MAX = Decimal("99.74")


@dataclass(frozen=True, slots=True)
class Tally:
    """Trades of one kind: how many, how many won."""

    trades: int = 0
    won: int = 0

    def after(self, result: Decimal) -> "Tally":
        return Tally(self.trades + 1, self.won + (result >= 0))


@dataclass(frozen=True, slots=True)
class TradeFigures:
    """Everything that MetaTrader's report says of an account's deals up to now."""

    deposit: Decimal = _ZERO  # the balance before the first trade
    balance: Decimal = _ZERO
    gross_profit: Decimal = _ZERO
    gross_loss: Decimal = _ZERO  # zero or less; holds every entry's commission
    largest_profit: Decimal = _ZERO
    largest_loss: Decimal = _ZERO
    results: Decimal = _ZERO  # of the trades alone
    squares: Decimal = _ZERO
    deals: int = 0
    short: Tally = field(default_factory=Tally)
    long: Tally = field(default_factory=Tally)
    outcomes: Outcomes = field(default_factory=Outcomes)
    drawdown: Drawdown | None = None  # None: no trade yet
    line: BalanceLine | None = None
    hpr: Decimal = _ZERO  # sum of balance after over before each trade
    hpr_squares: Decimal = _ZERO

    def after(self, deal: HistoryDeal) -> "TradeFigures":
        """Return the figures with one more deal."""
        with localcontext(_EXACT):
            if deal.kind in (DealKind.BALANCE, DealKind.OTHER):
                return self._after_payment(deal)
            return self._after_trade(deal) if deal.is_trade else self._after_entry(deal)

    def _after_payment(self, deal: HistoryDeal) -> "TradeFigures":
        # It moves the balance and no statistic.
        return replace(
            self,
            balance=self.balance + deal.result,
            drawdown=self.drawdown and self.drawdown.after_payment(deal.result),
        )

    def _after_entry(self, deal: HistoryDeal) -> "TradeFigures":
        # An entry's commission belongs to no trade.
        return replace(self._after_result(deal), gross_loss=self.gross_loss + deal.result)

    def _after_result(self, deal: HistoryDeal) -> "TradeFigures":
        begins = self.drawdown is None
        drawdown = self.drawdown or Drawdown.beginning(self.balance)
        balance = self.balance + deal.result
        return replace(
            self,
            deposit=self.balance if begins else self.deposit,
            balance=balance,
            deals=self.deals + 1,
            drawdown=drawdown.after(balance),
        )

    def _after_trade(self, deal: HistoryDeal) -> "TradeFigures":
        result, balance = deal.result, self.balance + deal.result
        hpr = balance / self.balance if self.balance else _ONE
        line = self.line or BalanceLine(self.balance if self.drawdown is None else self.deposit)
        is_win = result >= 0
        return replace(
            self._after_result(deal),
            gross_profit=self.gross_profit + (result if is_win else _ZERO),
            gross_loss=self.gross_loss + (_ZERO if is_win else result),
            largest_profit=max(self.largest_profit, result),
            largest_loss=min(self.largest_loss, result),
            results=self.results + result,
            squares=self.squares + result * result,
            short=self.short.after(result) if deal.closes_short else self.short,
            long=self.long if deal.closes_short else self.long.after(result),
            outcomes=self.outcomes.after(result),
            line=line.after(balance),
            hpr=self.hpr + hpr,
            hpr_squares=self.hpr_squares + hpr * hpr,
        )

    @property
    def trades(self) -> int:
        return self.outcomes.trades

    @property
    def net_profit(self) -> Decimal:
        return self.gross_profit + self.gross_loss

    @property
    def profit_factor(self) -> Decimal | None:
        """Return gross profit over gross loss; None: nothing was lost."""
        return self.gross_profit / -self.gross_loss if self.gross_loss else None

    @property
    def expected_payoff(self) -> Decimal | None:
        """Return what a trade brings on average; None: there was none."""
        return self.net_profit / self.trades if self.trades else None

    @property
    def average_profit(self) -> Decimal | None:
        return _over(self.gross_profit, self.outcomes.wins.trades)

    @property
    def average_loss(self) -> Decimal | None:
        return _over(self.gross_loss, self.outcomes.losses.trades)

    @property
    def payoff_ratio(self) -> Decimal | None:
        """Return the average profit over the average loss; None: one of them is missing."""
        win, loss = self.average_profit, self.average_loss
        return win / -loss if win is not None and loss else None

    @property
    def recovery_factor(self) -> Decimal | None:
        """Return net profit over the maximal drawdown of balance; None: there was none."""
        fall = self.drawdown.maximal.amount if self.drawdown else _ZERO
        return self.net_profit / fall if fall else None

    @property
    def ahpr(self) -> Decimal | None:
        return _over(self.hpr, self.trades)

    @property
    def ghpr(self) -> Decimal | None:
        """Return (final / initial)^(1 / trades); a final balance at or below 0 counts as 1."""
        if not self.trades or self.deposit <= 0:
            return None
        with localcontext(_EXACT):
            final = self.deposit + self.net_profit
            growth = (final if final > 0 else _ONE) / self.deposit
            return growth ** (_ONE / self.trades)

    @property
    def sharpe(self) -> Decimal | None:
        """Return that of a history report: per trade, not annualised; None: nothing varied."""
        if not self.trades:
            return None
        with localcontext(_EXACT):
            mean = self.hpr / self.trades
            variance = self.hpr_squares / self.trades - mean * mean
            return (mean - 1) / variance.sqrt() if variance > 0 else None

    @property
    def lr_correlation(self) -> Decimal | None:
        with localcontext(_EXACT):
            return self.line.correlation if self.line else None

    @property
    def lr_standard_error(self) -> Decimal | None:
        with localcontext(_EXACT):
            return self.line.standard_error if self.line else None

    @property
    def z_score(self) -> Decimal | None:
        """Return how far the number of runs is from chance; None: only wins or only losses."""
        n, runs = self.trades, self.outcomes.runs
        p = 2 * self.outcomes.wins.trades * self.outcomes.losses.trades
        under = Decimal(p * (p - n)) / (n - 1) if n > 1 else _ZERO
        if under <= 0:
            return None
        return (n * (runs - Decimal("0.5")) - p) / under.sqrt()

    @property
    def z_percent(self) -> Decimal | None:
        """Return the two-sided normal probability of the Z score as printed, in percent."""
        z = self.z_score
        if z is None:
            return None
        return min(Decimal(erf(abs(float(round(z, 2))) / sqrt(2)) * 100), _Z_PERCENT_MAX)

    @property
    def sqn(self) -> Decimal | None:
        """Return Van Tharp's system quality: sqrt(n) * mean / deviation of the trades' results."""
        n = self.trades
        if n <= 1:
            return None
        with localcontext(_EXACT):
            mean = self.results / n
            variance = (self.squares - n * mean * mean) / (n - 1)
            return Decimal(n).sqrt() * mean / variance.sqrt() if variance > 0 else None


def figures_of(deals: Iterable[HistoryDeal]) -> TradeFigures:
    """Return the figures of a whole history, in the order of its deals."""
    figures = TradeFigures()
    for deal in deals:
        figures = figures.after(deal)
    return figures


def _over(amount: Decimal, count: int) -> Decimal | None:
    return amount / count if count else None
