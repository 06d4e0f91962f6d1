"""Where reports are made: what is known is read, counted, and put into words."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import Account
from countersign_server.accounts.store import account
from countersign_server.accounts.tables import producers
from countersign_server.analytics.breakdown import By
from countersign_server.analytics.counted import Place
from countersign_server.analytics.deal_store import balance_before, deals_after
from countersign_server.analytics.equity_store import equity_by_day, equity_of
from countersign_server.analytics.figures_store import part_sums
from countersign_server.analytics.funnel import funnel_of
from countersign_server.analytics.funnel_store import groups_of
from countersign_server.analytics.reading import Asked, View, scopes_of, views
from countersign_server.analytics.trade_store import list_trades
from countersign_server.charts.points import points_from
from countersign_server.charts.report import POINTS_MAX, Report, ReportFormat
from countersign_server.charts.report_facts import Known, Sums, report_of, sums_of
from countersign_server.charts.theme import Theme
from countersign_server.database.engine import Database
from countersign_server.errors import NotFound
from countersign_server.media_errors import NothingTraded, PeriodTooLarge

DEALS_MAX = 10_000
_SYMBOLS_MAX, _TRADES_MAX = 2_000, 500
# A longer curve has a point a day: more could not be told apart.
_DAYS_BY_HOUR = 60
_SIGNALS_SPAN = timedelta(days=366)
_LAST_TICKET = 2**63 - 1
_LAST_ID = UUID(int=2**128 - 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, by the broker's clock. None: as far as there are deals."""

    first: date | None
    last: date | None

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first or _EPOCH.date(), datetime.min.time(), UTC)

    @property
    def end(self) -> datetime | None:
        return self.last and datetime.combine(self.last, datetime.max.time(), UTC)


class ReportDesk:
    """Makes reports."""

    def __init__(
        self, *, database: Database, now: Callable[[], datetime], deals_max: int = DEALS_MAX
    ) -> None:
        """`deals_max`: how many deals of a bounded period are counted for one report."""
        self._database = database
        self._now = now
        self._deals_max = deals_max

    async def report(
        self,
        tenant: UUID | None,
        account_id: UUID,
        period: Period,
        *,
        format_: ReportFormat,
        theme: Theme,
    ) -> tuple[Report, UUID]:
        """Return the report of an account, and whose it is.

        Raises NotFound, NothingTraded, PeriodTooLarge.
        """
        async with self._database.transaction(tenant) as tx:
            held = await account(tx, account_id)
            if held is None:
                raise NotFound(f"no account {account_id}", account_id=str(account_id))
            known = await self._known(tx, held, period)
        return report_of(known, format_=format_, theme=theme), held.owner_id

    async def _known(self, tx: AsyncConnection, held: Account, period: Period) -> Known:
        seen = await views(tx, Asked(held.id, None, None))
        if not seen or not seen[0].days:
            raise NothingTraded("the account has no deal yet", account_id=str(held.id))
        sums = await self._sums(tx, seen[0], held.id, period)
        start = datetime.combine(sums.days[0].day, datetime.min.time(), UTC)
        end = period.end or self._now()
        signals_from = max(start, end - _SIGNALS_SPAN)
        readings = equity_of if len(sums.days) <= _DAYS_BY_HOUR else equity_by_day
        hours = await readings(tx, held.id, since=start, limit=POINTS_MAX)
        trades = await list_trades(
            tx, account_id=held.id, producer_id=None, before=(end, _LAST_ID), limit=_TRADES_MAX
        )
        within = [row for row in trades if row.created_at >= start]
        groups = await groups_of(
            tx, account_id=held.id, producer_id=None, start=signals_from, end=end
        )
        return Known(
            name=held.name,
            currency=held.currency,
            demo=held.demo,
            complete=seen[0].complete,
            sums=sums,
            readings=points_from(row for row in hours if row[0] <= end),
            producer_names=await _names(tx, sums),
            courses=[row.course for row in within],
            prices=[row.prices for row in within],
            funnel=funnel_of(groups),
            signals_from=None if signals_from == start else signals_from.date(),
        )

    async def _sums(
        self, tx: AsyncConnection, view: View, account_id: UUID, period: Period
    ) -> Sums:
        if period.first is None and period.last is None:
            return await _whole(tx, view)
        start = _milliseconds(period.start)
        before = Place(start - 1, _LAST_TICKET)
        found = await deals_after(tx, account_id, before, limit=self._deals_max + 1)
        end = None if period.end is None else _milliseconds(period.end)
        within = [one.counted for one in found if end is None or one.place.milliseconds <= end]
        if len(within) > self._deals_max:
            raise PeriodTooLarge(f"more than {self._deals_max} deals are in the period")
        if not within:
            raise NothingTraded("there is no deal in the period", account_id=str(account_id))
        opening = await balance_before(tx, account_id, start)
        # Beside the event loop: other calls are not held up by what is counted here.
        return await asyncio.to_thread(sums_of, opening, within)


async def _whole(tx: AsyncConnection, view: View) -> Sums:
    """Return the figures of all deals, which are kept."""
    scopes = scopes_of([view.history], Asked(view.history.account_id, None, None))
    symbols = await part_sums(tx, scopes, By.SYMBOL, limit=_SYMBOLS_MAX)
    return Sums(view.figures, view.history.counted.producers, view.days, symbols)


async def _names(tx: AsyncConnection, sums: Sums) -> Mapping[UUID, str]:
    asked = select(producers.c.id, producers.c.name).where(producers.c.id.in_([*sums.producers]))
    return {row.id: row.name for row in await tx.execute(asked)}


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
