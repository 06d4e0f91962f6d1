"""A request, and everything it is judged by."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mt5_simulator.broker.account import Account
from mt5_simulator.broker.codes import Action, OrderType, Retcode, Side
from mt5_simulator.broker.market import Market
from mt5_simulator.broker.prices import Quote
from mt5_simulator.broker.records import Order, Position, Request
from mt5_simulator.broker.symbols import Symbol

NUMBER_MAX = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Case:
    """A request, and everything it is judged by."""

    account: Account
    market: Market
    request: Request
    symbol: Symbol
    quote: Quote | None
    now: datetime
    position: Position | None = None  # the one the request names
    other: Position | None = None  # the one it is to be closed by
    order: Order | None = None  # the one the request names

    @property
    def server_time(self) -> datetime:
        return self.market.server_time(self.now)

    @property
    def side(self) -> Side:
        return OrderType(self.request.type).side

    @property
    def is_close(self) -> bool:
        """Whether it can only take risk off: it closes a position it names, and at once.

        What waits for a price opens a position of its own, whichever it names.
        """
        is_deal = self.request.action == Action.DEAL
        return is_deal and self.account.is_hedging and self.request.position != 0

    @property
    def prices(self) -> Quote:
        assert self.quote is not None, "a rule before this one refuses a symbol without prices"  # noqa: S101
        return self.quote


Rule = Callable[[Case], Retcode | None]
"""Returns the code a request is refused with, or None when the rule has nothing against it."""


def is_sane(number: Decimal) -> bool:
    """Whether a number could be a price, a volume or money at all."""
    # Beyond any price or volume there is; exact arithmetic on such numbers has no end.
    return number.is_finite() and abs(number) < NUMBER_MAX
