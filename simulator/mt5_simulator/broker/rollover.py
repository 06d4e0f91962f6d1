"""What happens to open positions at the end of a server day: swaps."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from mt5_simulator.broker.account import Account
from mt5_simulator.broker.codes import Side, SwapMode
from mt5_simulator.broker.execution import Desk
from mt5_simulator.broker.market import Market
from mt5_simulator.broker.records import Position
from mt5_simulator.broker.symbols import Symbol

ZERO = Decimal(0)
DAYS_OF_INTEREST_YEAR = 360
TRIPLE = 3
REOPENS = frozenset({SwapMode.REOPEN_CURRENT, SwapMode.REOPEN_BID})


def midnights(since: datetime, until: datetime, offset: timedelta) -> Iterator[datetime]:
    """Return the UTC moments after `since`, up to `until`, at which a server day ends."""
    server = since + offset
    midnight = server.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while midnight - offset <= until:
        yield midnight - offset
        midnight += timedelta(days=1)


def roll(desk: Desk, account: Account, midnight: datetime) -> None:
    """Charge or pay each position's swap for the server day that ends at `midnight`."""
    ended = desk.market.server_time(midnight) - timedelta(days=1)
    for position in [*account.positions.values()]:
        symbol = desk.market.symbols.get(position.symbol)
        nights = nights_of(symbol, ended) if symbol is not None else 0
        if symbol is None or not nights:
            continue
        if symbol.swap_mode in REOPENS:
            shift = reopening_shift(symbol, position) * nights
            account.drop(position)
            account.hold(
                replace(
                    position,
                    ticket=desk.tickets.next_order(),
                    price_open=position.price_open + shift,
                    updated_at=midnight,
                )
            )
            continue
        money = swap_of_night(account, desk.market, symbol, position)
        if money is not None and money:
            booked = account.terms.rounded(position.swap + money * nights)
            account.hold(replace(position, swap=booked, updated_at=midnight))


def nights_of(symbol: Symbol, ended: datetime) -> int:
    """Return how many nights the end of a server day counts for: 0, 1 or 3.

    A day without a session counts for none; the triple day stands in for the weekend.
    """
    if not any(session.day == ended.weekday() for session in symbol.sessions):
        return 0
    sunday_first = ended.isoweekday() % 7
    return TRIPLE if sunday_first == symbol.swap_triple_day else 1


def swap_of_night(
    account: Account, market: Market, symbol: Symbol, position: Position
) -> Decimal | None:
    """Return one night's swap in account currency, unrounded. None when no price converts it."""
    rate = symbol.swap_long if position.side is Side.BUY else symbol.swap_short
    price = market.closing_price(symbol.name, position.side)
    contracts = position.volume * symbol.contract_size
    interest = contracts * rate / 100 / DAYS_OF_INTEREST_YEAR
    if symbol.swap_mode is SwapMode.DISABLED or price is None:
        return ZERO
    amounts = {
        SwapMode.POINTS: (contracts * rate * symbol.point, symbol.currency_profit),
        SwapMode.CURRENCY_SYMBOL: (position.volume * rate, symbol.currency_base),
        SwapMode.CURRENCY_MARGIN: (position.volume * rate, symbol.currency_margin),
        SwapMode.CURRENCY_DEPOSIT: (position.volume * rate, account.terms.currency),
        SwapMode.INTEREST_CURRENT: (interest * price, symbol.currency_profit),
        SwapMode.INTEREST_OPEN: (interest * position.price_open, symbol.currency_profit),
    }
    amount, currency = amounts[symbol.swap_mode]
    return market.rates.convert(amount, currency, account.terms.currency)


def reopening_shift(symbol: Symbol, position: Position) -> Decimal:
    """Return how far a night moves the price of a position that is re-opened for its swap.

    The position gets a new ticket and keeps its identifier; no deal is made and no money booked.
    """
    rate = symbol.swap_long if position.side is Side.BUY else symbol.swap_short
    return -rate * symbol.point * position.side.sign
