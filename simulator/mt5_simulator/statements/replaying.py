"""Whether the simulator computes what a statement says, deal by deal and to the cent."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from mt5_simulator.broker.codes import CalcMode, Side
from mt5_simulator.broker.money import FOREX, RoundTrip, profit
from mt5_simulator.broker.symbols import Symbol
from mt5_simulator.statements.reading import StatedDeal, Statement

CENT = Decimal("0.01")
ZERO = Decimal(0)


class Verdict(StrEnum):
    """What the simulator says to a stated profit."""

    SAME = "same"  # to the cent
    SAME_FOR_ONE = "same for one of several"  # positions that this deal may have closed
    SAME_WITHIN_SPREAD = "same within the spread"  # at a rate between its own bid and ask
    RATE_UNKNOWN = "rate unknown"  # the statement does not hold the rate of that minute
    SYMBOL_UNKNOWN = "symbol unknown"
    NOTHING_OPEN = "nothing open"  # the position was opened before the statement begins
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Finding:
    """One deal that closed something: what is stated and what was computed.

    `computed` is the nearest amount where several positions may have been closed; None where none
    could be computed.
    """

    deal: StatedDeal
    verdict: Verdict
    computed: Decimal | None = None


@dataclass(slots=True)
class _Lot:
    side: Side
    volume: Decimal
    price: Decimal


@dataclass(slots=True)
class _Books:
    """What is open by what the deals so far say."""

    nets: bool
    lots: dict[str, list[_Lot]] = field(default_factory=dict[str, list[_Lot]])

    def closable(self, deal: StatedDeal) -> list[_Lot]:
        """Return what a closing deal may have closed, the oldest first."""
        return [
            lot
            for lot in self.lots.get(deal.symbol, [])
            if lot.side is not deal.side and (self.nets or lot.volume >= deal.volume)
        ]

    def open(self, deal: StatedDeal, side: Side, volume: Decimal) -> None:
        held = self.lots.setdefault(deal.symbol, [])
        if self.nets and held:
            (lot,) = held
            total = lot.volume + volume
            lot.price = (lot.price * lot.volume + deal.price * volume) / total
            lot.volume = total
            return
        held.append(_Lot(side, volume, deal.price))

    def take_off(self, deal: StatedDeal, lot: _Lot, volume: Decimal) -> None:
        lot.volume -= volume
        if not lot.volume:
            self.lots[deal.symbol].remove(lot)


def replayed(statement: Statement, symbols: Mapping[str, Symbol]) -> Iterator[Finding]:
    """Compute the profit of each deal that closes something, and compare it with the stated one.

    A report does not say which position a deal closed. Where several of its side and size were
    open, one that gives the stated cent is taken, and the verdict says so.
    """
    books = _Books(statement.nets)
    for deal in statement.deals:
        if deal.side is None:
            continue
        if deal.direction == "in":
            books.open(deal, deal.side, deal.volume)
            continue
        finding, lot = _judged(statement, symbols.get(deal.symbol), deal, books.closable(deal))
        if lot is not None:
            closed = min(deal.volume, lot.volume)
            books.take_off(deal, lot, closed)
            if closed < deal.volume:
                books.open(deal, deal.side, deal.volume - closed)
        yield finding


def unbalanced(statement: Statement) -> list[StatedDeal]:
    """Return the deals after which the stated balance is not the sum of all amounts so far."""
    wrong: list[StatedDeal] = []
    balance = ZERO
    for deal in statement.deals:
        balance += deal.amount
        if deal.balance is not None and deal.balance != balance:
            wrong.append(deal)
            balance = deal.balance
    return wrong


def _judged(
    statement: Statement, symbol: Symbol | None, deal: StatedDeal, candidates: list[_Lot]
) -> tuple[Finding, _Lot | None]:
    if not candidates:
        return Finding(deal, Verdict.NOTHING_OPEN), None
    if symbol is None:
        return Finding(deal, Verdict.SYMBOL_UNKNOWN), candidates[0]
    if statement.counts_points:
        symbol = _counting_points(symbol, deal)
    convert = _conversion(statement, symbol, deal.price)
    if convert is None:
        return Finding(deal, Verdict.RATE_UNKNOWN), candidates[0]
    sums = [profit(symbol, _trip(lot, deal)) for lot in candidates]
    for rate_is_exact, spread in ((True, ZERO), (False, symbol.spread_points * symbol.point)):
        for lot, earned in zip(candidates, sums, strict=True):
            ends = sorted(convert(earned, shift) for shift in (-spread, spread))
            if ends[0] <= deal.profit <= ends[1]:
                several = Verdict.SAME if len(candidates) == 1 else Verdict.SAME_FOR_ONE
                verdict = several if rate_is_exact else Verdict.SAME_WITHIN_SPREAD
                return Finding(deal, verdict, deal.profit), lot
    computed = [convert(earned, ZERO) for earned in sums]
    nearest = min(computed, key=lambda amount: abs(amount - deal.profit))
    return Finding(deal, Verdict.DIFFERENT, nearest), candidates[computed.index(nearest)]


def _trip(lot: _Lot, deal: StatedDeal) -> RoundTrip:
    return RoundTrip(lot.side, min(deal.volume, lot.volume), lot.price, deal.price)


def _counting_points(symbol: Symbol, deal: StatedDeal) -> Symbol:
    """Return the symbol whose lot earns one unit a point: how the tester counts in pips."""
    exponent = deal.price.as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else 0
    return replace(
        symbol,
        calc_mode=CalcMode.FOREX,
        digits=digits,
        tick_size=ZERO,
        contract_size=Decimal(10) ** digits,
    )


def _conversion(
    statement: Statement, symbol: Symbol, price: Decimal
) -> Callable[[Decimal, Decimal], Decimal] | None:
    """Return what turns money of the symbol, at its price shifted by so much, into the account's.

    None when it takes the price of another symbol.
    """
    if statement.counts_points or statement.currency == symbol.currency_profit:
        return lambda amount, _: amount.quantize(CENT)
    if symbol.calc_mode in FOREX and statement.currency == symbol.currency_base:
        return lambda amount, shift: (amount / (price + shift)).quantize(CENT)
    return None


def commission_rates(statement: Statement) -> dict[tuple[str, str], Decimal | None]:
    """Return the commission per lot that explains every charge, by symbol and direction.

    None where no single rate does. Each charge was rounded to the cent, so each leaves a range of
    rates; the answer is in all of them.
    """
    ranges: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for deal in statement.deals:
        if deal.side is None or not deal.volume:
            continue
        key = (deal.symbol, deal.direction)
        low, high = ranges.get(key, (Decimal("-Infinity"), Decimal("Infinity")))
        ends = [(deal.commission + half) / deal.volume for half in (-CENT / 2, CENT / 2)]
        ranges[key] = (max(low, ends[0]), min(high, ends[1]))
    return {
        key: _shortest_between(low, high) if low <= high else None
        for key, (low, high) in ranges.items()
    }


def _shortest_between(low: Decimal, high: Decimal) -> Decimal:
    """Return the number with the fewest decimals in a range: what a broker would have chosen."""
    for decimals in range(8):
        step = Decimal(1).scaleb(-decimals)
        near = ((low + high) / 2).quantize(step)
        if low <= near <= high:
            return near
    return (low + high) / 2
