"""What a history's deals add up to: the figures in order, and the sums that have no order."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from countersign_server.analytics.breakdown import By, Part, part_of
from countersign_server.analytics.history import DealKind, HistoryDeal
from countersign_server.analytics.trade_figures import TradeFigures

_ZERO = Decimal(0)


class Place(NamedTuple):
    """Where a deal stands in a history: by the broker's clock, then by ticket."""

    milliseconds: int
    ticket: int


BEGINNING = Place(-1, 0)


@dataclass(frozen=True, slots=True)
class CountedDeal:
    """A deal, and the producer whose position it is of; None: of no producer's."""

    deal: HistoryDeal
    producer_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Figures in order: of all deals, and of each producer's.

    A producer's begin with the balance that its first deal found, as if it traded alone from there.
    """

    whole: TradeFigures = field(default_factory=TradeFigures)
    producers: Mapping[UUID, TradeFigures] = field(default_factory=dict[UUID, TradeFigures])

    def after(self, one: CountedDeal) -> "Counted":
        """Return the figures with the next deal."""
        producers = self.producers
        if one.producer_id is not None:
            before = producers.get(one.producer_id) or TradeFigures(balance=self.whole.balance)
            producers = {**producers, one.producer_id: before.after(one.deal)}
        return Counted(self.whole.after(one.deal), producers)


class DayKey(NamedTuple):
    """One day of a scope: a producer, or None for everything."""

    scope: UUID | None
    day: date


class PartKey(NamedTuple):
    """One part of a scope's breakdown."""

    scope: UUID | None
    by: By
    part: str


@dataclass(frozen=True, slots=True)
class DaySum:
    """What came to a day: deposits less withdrawals, and what trading brought."""

    paid: Decimal = _ZERO
    result: Decimal = _ZERO

    def after(self, deal: HistoryDeal) -> "DaySum":
        if deal.kind in (DealKind.BALANCE, DealKind.OTHER):
            return replace(self, paid=self.paid + deal.result)
        return replace(self, result=self.result + deal.result)


@dataclass(frozen=True, slots=True)
class Additions:
    """What deals add to sums, in whatever order they are added."""

    days: Mapping[DayKey, DaySum]
    parts: Mapping[PartKey, Part]


def additions_of(deals: Iterable[CountedDeal], *, only_producers: bool = False) -> Additions:
    """Return what the deals add; `only_producers`: to the producers' sums alone."""
    days: defaultdict[DayKey, DaySum] = defaultdict(DaySum)
    parts: defaultdict[PartKey, Part] = defaultdict(Part)
    for one in deals:
        deal, scopes = one.deal, _scopes_of(one, only_producers=only_producers)
        for scope in scopes:
            day = DayKey(scope, deal.time.date())
            days[day] = days[day].after(deal)
            for by in By if deal.is_trade else ():
                part = PartKey(scope, by, part_of(by, deal))
                parts[part] = parts[part].after(deal)
    return Additions(days, parts)


def _scopes_of(one: CountedDeal, *, only_producers: bool) -> list[UUID | None]:
    own: list[UUID | None] = [] if one.producer_id is None else [one.producer_id]
    return own if only_producers else [None, *own]
