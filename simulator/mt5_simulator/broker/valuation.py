"""What an account is worth right now: floating profit, equity, margin."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from mt5_simulator.broker.account import Account
from mt5_simulator.broker.codes import Side
from mt5_simulator.broker.market import Market
from mt5_simulator.broker.money import RoundTrip, margin, profit
from mt5_simulator.broker.records import Position
from mt5_simulator.broker.symbols import Symbol

ZERO = Decimal(0)


class NoRate(Exception):
    """No price connects two currencies: the broker cannot compute the amount."""


@dataclass(frozen=True, slots=True)
class Valuation:
    """An account at present prices, in its currency."""

    balance: Decimal
    credit: Decimal
    profit: Decimal
    margin: Decimal

    @property
    def equity(self) -> Decimal:
        return self.balance + self.credit + self.profit

    @property
    def margin_free(self) -> Decimal:
        return self.equity - self.margin

    @property
    def margin_level(self) -> Decimal:
        """Equity in percent of margin; zero without margin, as the terminal shows it."""
        return self.equity / self.margin * 100 if self.margin else ZERO


def valued(account: Account, market: Market) -> Valuation:
    """Return the account's present worth."""
    floating = sum(
        (floating_profit(account, market, position) for position in account.positions.values()),
        ZERO,
    )
    swaps = sum((position.swap for position in account.positions.values()), ZERO)
    needed = margin_of(account, market, account.positions.values())
    return Valuation(account.balance, account.credit, floating + swaps, needed)


def floating_profit(account: Account, market: Market, position: Position) -> Decimal:
    """Return what closing the position now would earn, in account currency, swap not counted.

    A position whose symbol is gone or cannot be converted floats at zero, as in a terminal without
    prices.
    """
    symbol = market.symbols.get(position.symbol)
    price = market.closing_price(position.symbol, position.side)
    if symbol is None or price is None:
        return ZERO
    trip = RoundTrip(position.side, position.volume, position.price_open, price)
    try:
        return profit_in_account(account, market, symbol, trip)
    except NoRate:
        return ZERO


def profit_in_account(account: Account, market: Market, symbol: Symbol, trip: RoundTrip) -> Decimal:
    """Return a profit in account currency, rounded as it is booked. Raises NoRate."""
    return _converted(account, market, profit(symbol, trip), symbol.currency_profit)


def margin_in_account(  # noqa: PLR0913  # whose, where, and the volume itself
    account: Account,
    market: Market,
    symbol: Symbol,
    *,
    volume: Decimal,
    price: Decimal,
    held: bool = False,
) -> Decimal:
    """Return the margin of an unhedged volume in account currency, rounded. Raises NoRate."""
    leverage = account.terms.leverage
    needed = margin(symbol, volume=volume, price=price, leverage=leverage, held=held)
    return _converted(account, market, needed, symbol.currency_margin)


def refuse_unconvertible(account: Account, market: Market) -> None:
    """Raise ValueError for a symbol whose money nothing turns into the account's currency."""
    wanted = account.terms.currency
    for symbol in market.symbols.values():
        for currency in (symbol.currency_profit, symbol.currency_margin):
            if market.rates.convert(Decimal(1), currency, wanted) is None:
                raise ValueError(
                    f"{symbol.name} cannot be traded on account {account.terms.login}: no symbol "
                    f"turns {currency} into {wanted}; add one, such as {wanted}{currency}"
                )


def converted_tick(account: Account, market: Market, symbol: Symbol, direction: Decimal) -> Decimal:
    """Return what one tick of one lot is worth in account currency, unrounded. Raises NoRate.

    `direction` is 1 for a tick that is earned and -1 for one that is lost: they are converted at
    different sides of the spread. The result is positive for both.
    """
    trip = RoundTrip(Side.BUY, Decimal(1), ZERO, symbol.price_step * direction)
    earned = profit(symbol, trip)
    turned = market.rates.convert(earned, symbol.currency_profit, account.terms.currency)
    if turned is None:
        raise NoRate(f"no price connects {symbol.currency_profit} and {account.terms.currency}")
    return abs(turned)


def margin_of(account: Account, market: Market, positions: Iterable[Position]) -> Decimal:
    """Return the margin all `positions` need together, in account currency."""
    by_symbol: dict[str, list[Position]] = {}
    for position in positions:
        by_symbol.setdefault(position.symbol, []).append(position)
    total = ZERO
    for name, held in by_symbol.items():
        symbol = market.symbols.get(name)
        if symbol is not None:
            total += _symbol_margin(account, market, symbol, held)
    return total


def _symbol_margin(
    account: Account, market: Market, symbol: Symbol, held: Iterable[Position]
) -> Decimal:
    """Return one symbol's margin: the uncovered volume in full, the hedged part at its own rate.

    Source: "Margin calculation for retail Forex: hedging" in the platform's help. The price is the
    volume-weighted opening price, and a hedged lot counts `margin_hedged` units of contract.
    """
    longs, shorts = (_merged(held, side) for side in Side)
    if longs is None or shorts is None:
        merged = longs or shorts
        return _position_margin(account, market, symbol, merged) if merged else ZERO
    larger, smaller = (longs, shorts) if longs.volume >= shorts.volume else (shorts, longs)
    covered = smaller.volume
    uncovered = larger.volume - covered
    total = _position_margin(account, market, symbol, replace(larger, volume=uncovered))
    if symbol.margin_hedged and symbol.contract_size:
        hedged = covered * symbol.margin_hedged / symbol.contract_size
        total += _position_margin(account, market, symbol, replace(larger, volume=hedged))
    return total


def _merged(held: Iterable[Position], side: Side) -> Position | None:
    same = [position for position in held if position.side is side]
    volume = sum((position.volume for position in same), ZERO)
    if not same or not volume:
        return None
    if len(same) == 1:
        return same[0]
    weighted = sum((position.volume * position.price_open for position in same), ZERO)
    return replace(same[0], volume=volume, price_open=weighted / volume)


def _position_margin(
    account: Account, market: Market, symbol: Symbol, position: Position
) -> Decimal:
    try:
        return margin_in_account(
            account, market, symbol, volume=position.volume, price=position.price_open, held=True
        )
    except NoRate:
        return ZERO


def _converted(account: Account, market: Market, amount: Decimal, currency: str) -> Decimal:
    if currency == account.terms.currency:
        return account.terms.rounded(amount)
    turned = market.rates.convert(amount, currency, account.terms.currency)
    if turned is None:
        raise NoRate(f"no price connects {currency} and {account.terms.currency}")
    return account.terms.rounded(turned)
