"""How a terminal differs from our book, at one moment that both tell of."""

from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from countersign_server.reconciliation.divergence import Difference, Kind
from countersign_server.reconciliation.matching import match
from countersign_server.reconciliation.position import Held, Trade
from countersign_server.reconciliation.symbol_names import SymbolNames

SLIPPAGE_PIPS = 5
STOPS_PIPS = 10
VOLUME_PERCENT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignDeal:
    """A deal on a position that none of our commands made. `signed`: lots, negative when sold."""

    ticket: int
    position_id: int
    magic: int
    entry: str  # "in", "out", "inout", "out-by"
    reason: int  # MetaTrader's DEAL_REASON number
    symbol: str
    signed: Decimal
    price: Decimal
    seen_at: datetime  # when the server stored it


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A trade that is not over, with what its position should look like."""

    trade: Trade
    signal_price: Decimal | None  # None: the signal named none
    stop_loss: Decimal | None  # as last approved; None: none
    take_profit: Decimal | None
    foreign: Sequence[ForeignDeal]  # not adopted yet, in order of their tickets
    changed_at: datetime  # when the server heard last of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What our book says of an account."""

    trades: Sequence[Booked]
    over: Mapping[UUID, datetime]  # trades over since, by command: when the server heard last of it
    ours: AbstractSet[int]  # tags of all commands that positions carry, in the book or not
    strays: Sequence[ForeignDeal]  # of no position that is known; one of each position
    names: SymbolNames


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one comparison found."""

    matched: int  # pairs of a position and its trade
    differences: Sequence[Difference]  # in a fixed order
    # Commands of trades, and tickets of deals, that changed after the terminal was read: nothing is
    # known of how they differ now.
    untold: AbstractSet[UUID | int] = frozenset()


def compare(book: Book, held: Sequence[Held], read_at: datetime) -> Comparison:
    """Return how a terminal differs from our book.

    `held` is what the terminal showed at `read_at`, whole and connected: an empty list is flat. A
    trade that changed since is left out: the terminal was read too early to tell.
    """
    told = {one.trade.command_id: one for one in book.trades}
    matching = match(held, [one.trade for one in book.trades], book.names)
    found: list[Difference] = []
    for pair in matching.pairs:
        booked = told[pair.trade.command_id]
        if booked.changed_at < read_at:
            found += _of_pair(booked, pair.position)
    for trade in matching.trades:
        booked = told[trade.command_id]
        if booked.changed_at < read_at:
            found.append(_of_missing(booked))
    found += [_of_stranger(one) for one in matching.positions if one.magic not in book.ours]
    found += [_of_stray(deal) for deal in book.strays if deal.seen_at < read_at]
    return Comparison(len(matching.pairs), found, _untold(book, read_at))


def _untold(book: Book, read_at: datetime) -> AbstractSet[UUID | int]:
    changed: dict[UUID | int, datetime] = {**book.over}
    changed |= {booked.trade.command_id: booked.changed_at for booked in book.trades}
    changed |= {deal.ticket: deal.seen_at for deal in book.strays}
    return frozenset(one for one, at in changed.items() if at >= read_at)


def _of_pair(booked: Booked, held: Held) -> Iterator[Difference]:
    trade = booked.trade
    if held.side != trade.side:
        yield _of_volume(Kind.REVERSED, booked, held)
        return
    off = held.volume - trade.volume
    if abs(off) * 100 > trade.volume * VOLUME_PERCENT:
        closes = any(_closes(deal) for deal in booked.foreign)
        yield _of_volume(Kind.PARTIAL if off < 0 and closes else Kind.VOLUME, booked, held)
    if booked.signal_price is not None:
        slipped = abs(held.entry_price - booked.signal_price)
        if slipped > SLIPPAGE_PIPS * trade.pip:
            yield Difference(
                kind=Kind.SLIPPAGE,
                subject=f"command:{trade.command_id}",
                command_id=trade.command_id,
                position_id=held.identifier,
                expected={"entry_price": booked.signal_price},
                actual={"entry_price": held.entry_price, "pips": slipped / trade.pip},
            )
    shown = (held.stop_loss, held.take_profit)
    approved = (booked.stop_loss, booked.take_profit)
    if any(_are_apart(*both, trade.pip) for both in zip(approved, shown, strict=True)):
        yield Difference(
            kind=Kind.STOPS,
            subject=f"position:{held.identifier}",
            command_id=trade.command_id,
            position_id=held.identifier,
            expected={"stop_loss": approved[0], "take_profit": approved[1]},
            actual={"stop_loss": shown[0], "take_profit": shown[1]},
        )


def _of_volume(kind: Kind, booked: Booked, held: Held) -> Difference:
    """Name it by the deal that explains it, so that the next such deal is another."""
    newest = booked.foreign[-1].ticket if booked.foreign else 0
    by = f"deal:{newest}" if newest else f"{held.side}:{held.volume.normalize():f}"
    return Difference(
        kind=kind,
        subject=f"position:{held.identifier}:{by}",
        command_id=booked.trade.command_id,
        position_id=held.identifier,
        deal_ticket=newest,
        expected={"side": booked.trade.side, "volume": booked.trade.volume},
        actual={"side": held.side, "volume": held.volume},
    )


def _of_missing(booked: Booked) -> Difference:
    """Say that a trade is gone: closed, if deals show it, or without a trace."""
    trade = booked.trade
    expected = {"side": trade.side, "volume": trade.volume, "symbol": trade.symbol}
    sign = 1 if trade.side == "buy" else -1
    left = trade.volume * sign + sum(deal.signed for deal in booked.foreign)
    if booked.foreign and left * sign <= 0:
        closing = booked.foreign[-1]
        return Difference(
            kind=Kind.CLOSED_BY_BROKER,
            subject=f"position:{trade.position_id}:deal:{closing.ticket}",
            command_id=trade.command_id,
            position_id=trade.position_id,
            deal_ticket=closing.ticket,
            expected=expected,
            actual={"price": closing.price, "reason": _REASONS.get(closing.reason, "OTHER")},
        )
    return Difference(
        kind=Kind.ORPHAN,
        subject=f"command:{trade.command_id}",
        command_id=trade.command_id,
        position_id=trade.position_id,
        expected=expected,
        actual={},
    )


def _of_stranger(held: Held) -> Difference:
    return Difference(
        kind=Kind.MANUAL,
        subject=f"position:{held.identifier}",
        position_id=held.identifier,
        expected={},
        actual={
            "symbol": held.symbol,
            "side": held.side,
            "volume": held.volume,
            "entry_price": held.entry_price,
        },
    )


def _of_stray(deal: ForeignDeal) -> Difference:
    return Difference(
        kind=Kind.UNKNOWN_DEAL,
        subject=f"deal:{deal.ticket}",
        position_id=deal.position_id,
        deal_ticket=deal.ticket,
        expected={},
        actual={"symbol": deal.symbol, "volume": abs(deal.signed), "price": deal.price},
    )


def _closes(deal: ForeignDeal) -> bool:
    return deal.entry in ("out", "out-by", "inout")


def _are_apart(approved: Decimal | None, shown: Decimal | None, pip: Decimal) -> bool:
    if approved is None or shown is None:
        return approved is not shown
    return abs(approved - shown) > STOPS_PIPS * pip


# MetaTrader's ENUM_DEAL_REASON, as far as it tells who closed.
_REASONS = {
    0: "CLIENT",
    1: "MOBILE",
    2: "WEB",
    3: "EXPERT",
    4: "STOP_LOSS",
    5: "TAKE_PROFIT",
    6: "STOP_OUT",
    7: "ROLLOVER",
    8: "VARIATION_MARGIN",
    9: "SPLIT",
}
