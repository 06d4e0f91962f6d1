"""Which position is which trade: each side once, and the best assignment of all."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import TypeVar

from countersign_server.reconciliation.assignment import assign
from countersign_server.reconciliation.position import Held, Trade
from countersign_server.reconciliation.symbol_names import SymbolNames

# How alike a position and a trade must be to be taken for the same.
ENTRY_PIPS = 2
VOLUME_PERCENT = 5

# What the schema keeps of a price or a volume.
_DECIMALS = 9
# A whole tolerance, as a cost. Costs are whole numbers: no rounding depends on the order of things.
_TOLERANCE_COST = 1_000_000

_BY_IDENTIFIER = attrgetter("identifier")
_BY_COMMAND = attrgetter("command_id.int")

_Side = TypeVar("_Side")
_Likeness = TypeVar("_Likeness", tuple[int, int], tuple[int, int, int])


@dataclass(frozen=True, slots=True)
class Pair:
    """A position and the trade that it is."""

    position: Held
    trade: Trade


@dataclass(frozen=True, slots=True)
class Matching:
    """Every position and every trade, once, in the order of their ids."""

    pairs: Sequence[Pair]
    positions: Sequence[Held]  # that no trade explains
    trades: Sequence[Trade]  # that no position shows


def match(positions: Collection[Held], trades: Collection[Trade], names: SymbolNames) -> Matching:
    """Pair positions with trades: by position and tag where they are known, else by likeness.

    Alike are a position and a trade of one instrument and direction, whose volumes are within 5 %
    of the trade's and whose entries are within 2 pips. Of all ways to pair the alike, the one with
    the most pairs, and of those the one with the least distance in entry and volume together, each
    measured in its tolerance. The order of the arguments changes nothing.
    """
    open_positions = sorted(positions, key=_BY_IDENTIFIER)
    open_trades = sorted(trades, key=_BY_COMMAND)
    pairs = _by_identity(open_positions, open_trades)
    open_positions, open_trades = _without(pairs, open_positions, open_trades)
    alike = _by_likeness(open_positions, open_trades, names)
    open_positions, open_trades = _without(alike, open_positions, open_trades)
    return Matching(
        sorted(pairs + alike, key=lambda pair: pair.position.identifier),
        open_positions,
        open_trades,
    )


def _by_identity(positions: Iterable[Held], trades: Iterable[Trade]) -> list[Pair]:
    """Pair what names itself: the position's identifier, then the opening order's tag."""
    by_position: dict[int, Trade] = {}
    by_magic: dict[int, Trade] = {}
    for trade in trades:
        if trade.position_id:
            by_position.setdefault(trade.position_id, trade)
        for magic in trade.magics:
            by_magic.setdefault(magic, trade)
    found = [Pair(p, by_position[p.identifier]) for p in positions if p.identifier in by_position]
    taken = {pair.trade.command_id for pair in found}
    for position in positions:
        trade = by_magic.get(position.magic) if position.magic else None
        if (
            trade is not None
            and position.identifier not in by_position
            and trade.command_id not in taken
        ):
            taken.add(trade.command_id)
            found.append(Pair(position, trade))
    return found


def _without(
    pairs: Sequence[Pair], positions: list[Held], trades: list[Trade]
) -> tuple[list[Held], list[Trade]]:
    if not pairs:
        return positions, trades
    held = {pair.position.identifier for pair in pairs}
    booked = {pair.trade.command_id.int for pair in pairs}
    return (
        [one for one in positions if one.identifier not in held],
        [one for one in trades if one.command_id.int not in booked],
    )


def _by_likeness(
    positions: Iterable[Held], trades: Iterable[Trade], names: SymbolNames
) -> list[Pair]:
    groups: defaultdict[tuple[str, str], tuple[list[Held], list[Trade]]]
    groups = defaultdict(lambda: ([], []))
    known: dict[str, str] = {}
    for at, side in ((0, positions), (1, trades)):
        for one in side:
            instrument = known.get(one.symbol)
            if instrument is None:
                instrument = known[one.symbol] = names.instrument_of(one.symbol)
            groups[instrument, one.side][at].append(one)  # pyright: ignore[reportArgumentType]  # each to its own
    return [
        pair for held, booked in groups.values() if held and booked for pair in _pairs(held, booked)
    ]


def _pairs(positions: Sequence[Held], trades: Sequence[Trade]) -> list[Pair]:
    """Pair those of one instrument and direction. Equal ones are interchangeable, so counted."""
    rows = _alike(positions, _likeness_of_position)
    columns = _alike(trades, _likeness_of_trade)
    flow = assign(
        [len(row) for row in rows.values()],
        [len(column) for column in columns.values()],
        _edges(list(rows), list(columns)),
    )
    held, booked = list(rows.values()), list(columns.values())
    return [
        Pair(held[row].pop(), booked[column].pop())
        for row, column, count in flow
        for _ in range(count)
    ]


def _alike(
    side: Iterable[_Side], likeness: Callable[[_Side], _Likeness]
) -> dict[_Likeness, list[_Side]]:
    groups: dict[_Likeness, list[_Side]] = {}
    for one in side:
        groups.setdefault(likeness(one), []).append(one)
    return dict(sorted(groups.items()))


def _likeness_of_position(one: Held) -> tuple[int, int]:
    return _whole(one.entry_price), _whole(one.volume)


def _likeness_of_trade(one: Trade) -> tuple[int, int, int]:
    return _whole(one.entry_price), _whole(one.volume), _whole(one.pip)


def _edges(
    positions: Sequence[tuple[int, int]], trades: Sequence[tuple[int, int, int]]
) -> list[list[tuple[int, int]]]:
    """Return, for each position, the trades it may be and what that costs; both in price order."""
    entries = [entry for entry, _ in positions]
    edges: list[list[tuple[int, int]]] = [[] for _ in positions]
    for column, (entry, volume, pip) in enumerate(trades):
        reach = ENTRY_PIPS * pip
        first = bisect_left(entries, entry - reach)
        for row in range(first, bisect_right(entries, entry + reach, first)):
            held_entry, held_volume = positions[row]
            apart = abs(held_volume - volume)
            if apart * 100 <= volume * VOLUME_PERCENT:
                away = abs(held_entry - entry)
                cost = away * _TOLERANCE_COST // reach
                cost += apart * 100 * _TOLERANCE_COST // (volume * VOLUME_PERCENT)
                edges[row].append((column, cost))
    return edges


def _whole(amount: Decimal) -> int:
    return int(amount.scaleb(_DECIMALS))
