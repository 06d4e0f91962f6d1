"""What our book says of an account: what our commands opened and have not closed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from countersign_server.reconciliation.comparison import Booked, ForeignDeal
from countersign_server.reconciliation.position import Trade

# One pip of a symbol at a price.
PipOf = Callable[[str, Decimal], Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A command that opened something, and what was approved of it."""

    command_id: UUID
    magics: tuple[int, ...]
    position_id: int  # 0: not known
    symbol: str
    side: str
    volume: Decimal
    filled_volume: Decimal  # zero: it is done, and its deals have not come
    average_price: Decimal | None
    signal_price: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    adopted_deal: int  # deals of others up to this ticket are in our book
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PositionDeal:
    """A deal on a position of ours. `command_id` None: none of our commands made it."""

    command_id: UUID | None
    deal: ForeignDeal


@dataclass(frozen=True, slots=True)
class Bookings:
    """The trades that are open in our book, and the commands whose trades are over."""

    trades: Sequence[Booked]
    over: Mapping[UUID, datetime]  # when the server heard last of each


def bookings(openings: Iterable[Opening], deals: Sequence[PositionDeal], pip_of: PipOf) -> Bookings:
    """Return what is open by our deals and those of others that were adopted.

    On a netting account several openings share a position, and are one trade: the first's.
    """
    by_position: defaultdict[int, list[PositionDeal]] = defaultdict(list)
    for one in sorted(deals, key=lambda one: one.deal.ticket):
        by_position[one.deal.position_id].append(one)
    groups: defaultdict[object, list[Opening]] = defaultdict(list)
    for opening in sorted(openings, key=lambda opening: opening.command_id):
        groups[opening.position_id or opening.command_id].append(opening)
    booked: list[Booked] = []
    over: dict[UUID, datetime] = {}
    for group in groups.values():
        made = by_position[group[0].position_id] if group[0].position_id else []
        trade = _booked(group, made, pip_of)
        if trade is None:
            heard_at = _heard_at(group, made)
            over |= {opening.command_id: heard_at for opening in group}
        else:
            booked.append(trade)
    return Bookings(booked, over)


def _booked(group: Sequence[Opening], made: Sequence[PositionDeal], pip_of: PipOf) -> Booked | None:
    """Return the trade of the openings of one position; None: it is over in our book."""
    first, adopted = group[0], max(opening.adopted_deal for opening in group)
    in_book = [o for o in made if o.command_id is not None or o.deal.ticket <= adopted]
    net = sum((one.deal.signed for one in in_book), Decimal(0))
    if not made:
        # Done by the bridge's word; its deals are on their way, or lost.
        net = sum((opening.volume for opening in group), Decimal(0))
        net = net if first.side == "buy" else -net
    if not net:
        return None
    entry = _entry(group)
    last = group[-1]
    return Booked(
        trade=Trade(
            command_id=first.command_id,
            magics=tuple(magic for opening in group for magic in opening.magics),
            position_id=first.position_id,
            symbol=first.symbol,
            side="buy" if net > 0 else "sell",
            volume=abs(net),
            entry_price=entry,
            pip=pip_of(first.symbol, entry),
        ),
        # Several entries have one price at the terminal, and no one signal to hold it to.
        signal_price=first.signal_price if len(group) == 1 else None,
        stop_loss=last.stop_loss,
        take_profit=last.take_profit,
        foreign=[o.deal for o in made if o.command_id is None and o.deal.ticket > adopted],
        changed_at=_heard_at(group, made),
    )


def _heard_at(group: Sequence[Opening], made: Sequence[PositionDeal]) -> datetime:
    return max([opening.changed_at for opening in group] + [one.deal.seen_at for one in made])


def _entry(group: Sequence[Opening]) -> Decimal:
    """Return the price that the openings were filled at, weighted by volume."""
    filled = [(o.filled_volume, o.average_price) for o in group if o.average_price is not None]
    volume = sum((volume for volume, _ in filled), Decimal(0))
    if volume:
        return sum((part * price for part, price in filled), Decimal(0)) / volume
    return group[0].signal_price or Decimal(0)


def modified(opening: Opening, stop_loss: Decimal | None, take_profit: Decimal | None) -> Opening:
    """Return an opening with the stops that a later command was approved to set."""
    return replace(opening, stop_loss=stop_loss, take_profit=take_profit)
