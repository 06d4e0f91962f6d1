"""What a fill does to positions. Pure: books in, changes out."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from mt5_simulator.broker.codes import Entry, Side
from mt5_simulator.broker.records import Order, Position

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Fill:
    """Lots of one order that traded at one price at one moment."""

    order: Order
    side: Side
    volume: Decimal
    price: Decimal
    time: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """What a fill made of a position.

    `closed` is the volume taken off `before`; its share of swap is booked with the deal. `after` is
    None when the position is gone.
    """

    entry: Entry
    before: Position | None
    after: Position | None
    closed: Decimal
    position_id: int

    @property
    def swap(self) -> Decimal:
        """The swap that leaves the position with the closed volume."""
        if self.before is None or not self.closed:
            return ZERO
        return _swap_share(self.before, self.closed)


def opened(fill: Fill) -> Effect:
    """Open a position of its own."""
    order = fill.order
    position = Position(
        ticket=order.ticket,
        identifier=order.ticket,
        symbol=order.symbol,
        side=fill.side,
        volume=fill.volume,
        price_open=fill.price,
        opened_at=fill.time,
        updated_at=fill.time,
        reason=order.reason,
        sl=order.sl,
        tp=order.tp,
        magic=order.magic,
        comment=order.comment,
    )
    return Effect(Entry.IN, None, position, ZERO, position.identifier)


def added(fill: Fill, position: Position) -> Effect:
    """Add to a position; its price becomes the volume-weighted one. New stops replace old ones."""
    volume = position.volume + fill.volume
    price = (position.volume * position.price_open + fill.volume * fill.price) / volume
    after = replace(
        position,
        volume=volume,
        price_open=price,
        updated_at=fill.time,
        sl=fill.order.sl or position.sl,
        tp=fill.order.tp or position.tp,
    )
    return Effect(Entry.IN, position, after, ZERO, position.identifier)


def reduced(fill: Fill, position: Position, entry: Entry = Entry.OUT) -> Effect:
    """Take volume off a position, at most all of it."""
    left = position.volume - fill.volume
    effect = Effect(entry, position, None, fill.volume, position.identifier)
    if left <= 0:
        return effect
    kept = position.swap - _swap_share(position, fill.volume)
    after = replace(position, volume=left, updated_at=fill.time, swap=kept)
    return replace(effect, after=after)


def reversed_by(fill: Fill, position: Position) -> Effect:
    """Turn a netted position around: one deal, the same identifier, the new order's ticket."""
    after = replace(
        position,
        ticket=fill.order.ticket,
        side=fill.side,
        volume=fill.volume - position.volume,
        price_open=fill.price,
        updated_at=fill.time,
        sl=fill.order.sl,
        tp=fill.order.tp,
        swap=ZERO,
        magic=fill.order.magic,
        comment=fill.order.comment,
        reason=fill.order.reason,
    )
    return Effect(Entry.INOUT, position, after, position.volume, position.identifier)


def netted(fill: Fill, position: Position | None) -> Effect:
    """Apply a fill to the one position a netting account has in the symbol."""
    if position is None:
        return opened(fill)
    if position.side is fill.side:
        return added(fill, position)
    if fill.volume <= position.volume:
        return reduced(fill, position)
    return reversed_by(fill, position)


def _swap_share(position: Position, volume: Decimal) -> Decimal:
    # Rounded as the swap itself is, so that the parts add up to the whole.
    return (position.swap * volume / position.volume).quantize(position.swap)
