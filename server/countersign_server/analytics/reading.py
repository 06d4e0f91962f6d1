"""Which histories a question is about, and what is stored of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.store import account
from countersign_server.analytics.counted import DaySum
from countersign_server.analytics.days import Day
from countersign_server.analytics.deal_time import DealTime, deal_times, ends_of
from countersign_server.analytics.figures_store import History, day_sums, histories
from countersign_server.analytics.summary import days_of, together
from countersign_server.analytics.tables import figures
from countersign_server.analytics.trade_figures import TradeFigures
from countersign_server.errors import Invalid, NotFound
from countersign_server.execution.tables import deals
from countersign_server.media_errors import CurrenciesDiffer

_ACCOUNTS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about. Neither account nor history: every account in sight together."""

    account_id: UUID | None
    history_id: UUID | None
    producer_id: UUID | None
    owner_id: UUID | None = None  # only this owner's, for whoever sees several

    @property
    def one(self) -> UUID | None:
        return self.account_id or self.history_id


@dataclass(frozen=True, slots=True)
class View:
    """One history as it was asked for: all of it, or one producer's trades."""

    history: History
    figures: TradeFigures
    days: Sequence[Day]
    complete: bool
    ends: Sequence[DealTime]  # of the first deal asked about and the last; empty: there is none


async def views(tx: AsyncConnection, asked: Asked) -> Sequence[View]:
    """Return what is stored; of an account without any deal, nothing. Raises NotFound."""
    found = await find(tx, asked)
    scopes = scopes_of(found, asked)
    sums, waiting = await day_sums(tx, scopes), await _waiting(tx, found)
    ends = await ends_of(tx, found, asked.producer_id)
    times = await deal_times(tx, ends)
    return [
        _view(
            one,
            asked,
            sums.get(one.id, {}),
            complete=one.id not in waiting and not one.behind,
            ends=[times[one.id, moment] for moment in ends[one.id]],
        )
        for one in found
    ]


async def find(tx: AsyncConnection, asked: Asked) -> Sequence[History]:
    """Return the histories that are asked about.

    Raises NotFound if the one named is not there, Invalid if they are too many to be added.
    """
    if asked.one is None:
        found = await histories(tx, owner_id=asked.owner_id, limit=_ACCOUNTS_MAX + 1)
        if len(found) > _ACCOUNTS_MAX:
            # Sums of some of them would look like those of all.
            raise Invalid(f"they are more than {_ACCOUNTS_MAX} accounts", field="account_id")
        return found
    found = await histories(tx, history_ids=[asked.one], limit=1)
    if asked.account_id is not None:
        if await account(tx, asked.account_id) is None:
            raise NotFound(f"no account {asked.account_id}", account_id=str(asked.account_id))
        return found
    if not found or found[0].account_id is not None:
        raise NotFound(f"no history {asked.history_id}", history_id=str(asked.history_id))
    return found


def scopes_of(found: Sequence[History], asked: Asked) -> Mapping[UUID, UUID]:
    """Return which scope of each history is asked about."""
    return {one.id: asked.producer_id or one.id for one in found}


def by_currency(seen: Sequence[View]) -> Mapping[str, Sequence[View]]:
    """Return views by their histories' currencies, which alone can be added."""
    grouped: dict[str, list[View]] = {}
    for view in seen:
        grouped.setdefault(view.history.currency, []).append(view)
    return dict(sorted(grouped.items()))


def only_currency(found: Sequence[History]) -> str:
    """Return the one currency of histories; empty: of none. Raises CurrenciesDiffer."""
    currencies = sorted({one.currency for one in found})
    if len(currencies) > 1:
        raise CurrenciesDiffer(f"the accounts are kept in {', '.join(currencies)}")
    return currencies[0] if currencies else ""


def days_together(seen: Sequence[View]) -> Sequence[Day]:
    """Return the days of one history as they are, or of several added up."""
    return seen[0].days if len(seen) == 1 else together(view.days for view in seen)


async def _waiting(tx: AsyncConnection, found: Sequence[History]) -> set[UUID]:
    ids = [one.account_id for one in found if one.account_id]
    here = exists().where(deals.c.account_id == figures.c.history_id, ~deals.c.counted)
    asked = select(figures.c.history_id).where(figures.c.history_id.in_(ids), here)
    return set(await tx.scalars(asked))


def _view(
    history: History,
    asked: Asked,
    sums: Mapping[date, DaySum],
    *,
    complete: bool,
    ends: Sequence[DealTime],
) -> View:
    counted, producer_id = history.counted, asked.producer_id
    if producer_id is None:
        return View(history, counted.whole, days_of(sums), complete, ends)
    own = counted.producers.get(producer_id, TradeFigures())
    return View(history, own, days_of(sums, opening=own.deposit), complete, ends)
