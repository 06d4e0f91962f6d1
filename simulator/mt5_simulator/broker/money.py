"""Margin and profit for every way a symbol is computed, and currency conversion.

The formulas are those of MetaTrader's symbol specification: "Margin calculation" and "Profit
calculation" of the trading platform's help.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from mt5_simulator.broker.codes import CalcMode, Side
from mt5_simulator.broker.prices import Quote
from mt5_simulator.broker.symbols import Symbol

ZERO = Decimal(0)

LEVERAGED = frozenset({CalcMode.FOREX, CalcMode.CFDLEVERAGE})
BONDS = frozenset({CalcMode.EXCH_BONDS, CalcMode.EXCH_BONDS_MOEX})
FUTURES = frozenset(
    {
        CalcMode.FUTURES,
        CalcMode.EXCH_FUTURES,
        CalcMode.EXCH_OPTIONS,
        CalcMode.EXCH_OPTIONS_LISTED,
        CalcMode.EXCH_OPTIONS_MARGIN,
    }
)
FOREX = frozenset({CalcMode.FOREX, CalcMode.FOREX_NO_LEVERAGE})


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Lots opened at one price and closed, or valued, at another."""

    side: Side
    volume: Decimal
    opened: Decimal
    closed: Decimal


def margin(
    symbol: Symbol, *, volume: Decimal, price: Decimal, leverage: int, held: bool = False
) -> Decimal:
    """Return the margin `volume` lots need at `price`, in the symbol's margin currency.

    To open them unless they are `held`: a symbol may ask for less once a position is open. Nobody
    has published how options are computed; here they are like futures, a fixed margin per lot.
    """
    mode = symbol.calc_mode
    rate = symbol.margin_rate
    fixed = symbol.margin_maintenance if held else ZERO
    fixed = fixed or symbol.margin_initial
    if mode is CalcMode.SERV_COLLATERAL:
        return ZERO
    if mode in FUTURES:
        return volume * fixed * rate
    if fixed and mode in FOREX:
        notional = volume * fixed
    elif fixed:
        # A fixed margin per lot overrides the formula everywhere but in forex, where it stands in
        # for the contract size.
        return volume * fixed * rate
    elif mode in BONDS:
        notional = volume * symbol.contract_size * symbol.face_value * price / 100
    elif mode in FOREX:
        notional = volume * symbol.contract_size
    elif mode is CalcMode.CFDINDEX and symbol.tick_value:
        notional = volume * symbol.contract_size * price * symbol.tick_value / symbol.price_step
    else:
        notional = volume * symbol.contract_size * price
    divisor = leverage if mode in LEVERAGED else 1
    return notional * rate / divisor


def profit(symbol: Symbol, trip: RoundTrip) -> Decimal:
    """Return what a round trip earns, in the symbol's profit currency."""
    mode = symbol.calc_mode
    if mode is CalcMode.SERV_COLLATERAL:
        return ZERO
    volume = trip.volume
    move = (trip.closed - trip.opened) * trip.side.sign
    if mode in FUTURES and symbol.tick_value:
        return move / symbol.price_step * symbol.tick_value * volume
    if mode in BONDS:
        return move / 100 * symbol.face_value * symbol.contract_size * volume
    return move * symbol.contract_size * volume


class Rates:
    """Turns money of one currency into another at the broker's present prices."""

    def __init__(self, symbols: Mapping[str, Symbol], quotes: Mapping[str, Quote]) -> None:
        self._symbols = symbols
        self._quotes = quotes

    def convert(self, amount: Decimal, source: str, target: str) -> Decimal | None:
        """Return `amount` in `target`, directly or over one other currency, USD first.

        None when no price connects them.

        A gain is turned at the worse side of the spread and so is a loss: selling what one has,
        buying what one owes.
        """
        direct = self._direct(amount, source, target)
        if direct is not None:
            return direct
        for between in ("USD", *sorted(self._neighbours(source))):
            money = self._direct(amount, source, between)
            turned = None if money is None else self._direct(money, between, target)
            if turned is not None:
                return turned
        return None

    def _neighbours(self, currency: str) -> set[str]:
        """Return the currencies that a pair has on its other side."""
        pairs = (
            {symbol.currency_base, symbol.currency_profit}
            for symbol in self._symbols.values()
            if symbol.calc_mode in FOREX
        )
        return {other for pair in pairs if currency in pair for other in pair - {currency}}

    def _direct(self, amount: Decimal, source: str, target: str) -> Decimal | None:
        if source == target or not amount:
            return amount
        for name, symbol in self._symbols.items():
            quote = self._quotes.get(name)
            if quote is None or symbol.calc_mode not in FOREX:
                continue
            pair = (symbol.currency_base, symbol.currency_profit)
            if pair == (source, target):
                return amount * (quote.bid if amount > 0 else quote.ask)
            if pair == (target, source):
                return amount / (quote.ask if amount > 0 else quote.bid)
        return None
