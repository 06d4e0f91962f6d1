"""What a deal closed, and what that cost and gained, from the deals of its position."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_BUY, _SELL = 0, 1  # MetaTrader's DEAL_TYPE
ENDS = frozenset({"out", "inout", "out-by"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionDeal:
    """A deal of a position. Volume in lots; money in the account's currency, costs negative."""

    ticket: int
    type: int  # MetaTrader's DEAL_TYPE
    entry: str  # "in", "out", "inout", "out-by"; empty: a balance operation
    volume: Decimal
    profit: Decimal
    commission: Decimal
    swap: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """What one deal closed. `cost` is what the broker charged for opening and closing it."""

    lots: Decimal
    cost: Decimal
    profit: Decimal  # after swap and cost


def closed_by(ticket: int, deals: Iterable[PositionDeal]) -> ClosedTrade | None:
    """Return what a deal closed, given all deals of its position; None: it closed nothing.

    Opening costs belong to what is closed by its share of the volume that was open.
    """
    lots, costs = Decimal(0), Decimal(0)
    for deal in sorted(deals, key=lambda deal: deal.ticket):
        if deal.type not in (_BUY, _SELL):
            continue
        charge = -(deal.commission + deal.fee)
        closing, opening = _parts(deal, lots)
        closed_cost = charge * closing / deal.volume if deal.volume else charge
        # What was opened before the first deal that is known cost nothing that is known.
        share = costs * min(closing, lots) / lots if lots else Decimal(0)
        if deal.ticket == ticket:
            if not closing:
                return None
            cost = closed_cost + share
            return ClosedTrade(closing, cost, deal.profit + deal.swap - cost)
        lots = max(lots - closing, Decimal(0)) + opening
        costs += charge - closed_cost - share
    return None


def _parts(deal: PositionDeal, lots: Decimal) -> tuple[Decimal, Decimal]:
    """Return how many lots a deal closes and how many it opens, with `lots` open before it."""
    match deal.entry:
        case "out" | "out-by":
            return deal.volume, Decimal(0)
        case "inout":
            closing = min(lots, deal.volume)
            return closing, deal.volume - closing
        case _:
            return Decimal(0), deal.volume
