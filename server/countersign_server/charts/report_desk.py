"""Where reports are made: what is known is read, counted, and put into words."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.store import account
from countersign_server.accounts.tables import producers
from countersign_server.analytics.breakdown import By
from countersign_server.analytics.counted import CountedDeal, Place
from countersign_server.analytics.deal_store import balance_before, deals_after
from countersign_server.analytics.equity_store import equity_by_day, equity_of
from countersign_server.analytics.figures_store import History, part_sums
from countersign_server.analytics.funnel import funnel_of
from countersign_server.analytics.funnel_store import groups_of
from countersign_server.analytics.imported import (
    imported_balance_before,
    imported_deals_of,
    imported_name,
)
from countersign_server.analytics.reading import Asked, View, views
from countersign_server.analytics.share_store import opened_by
from countersign_server.analytics.trade_store import list_trades
from countersign_server.charts.points import points_from
from countersign_server.charts.report import POINTS_MAX, Report, ReportFormat
from countersign_server.charts.report_facts import Known, Sums, report_of, shared, sums_of
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


_WHOLE = Period(None, None)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a report is about. `view` None: an account without any deal."""

    view: View | None
    owner_id: UUID
    name: str
    currency: str
    kind: str

    @property
    def account_id(self) -> UUID | None:
        """Which account it is; None: a history that was imported."""
        return self.view.history.account_id if self.view else None


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
        asked: Asked,
        period: Period,
        *,
        format_: ReportFormat,
        theme: Theme,
    ) -> tuple[Report, UUID]:
        """Return the report of an account or of an imported history, and whose it is.

        Raises NotFound, NothingTraded, PeriodTooLarge.
        """
        async with self._database.transaction(tenant) as tx:
            subject = await _subject(tx, asked)
            known = await self._known(tx, subject, period)
        return report_of(known, format_=format_, theme=theme), subject.owner_id

    async def shared_report(
        self, token: str, *, format_: ReportFormat, theme: Theme
    ) -> tuple[Report, UUID]:
        """Return the report that a share link's token opens, and whose account it is of.

        Raises NotFound, NothingTraded.
        """
        async with self._database.transaction(None) as tx:
            link = await opened_by(tx, token, self._now())
        if not link.with_report:
            raise NotFound("no share link is opened by this token")
        async with self._database.transaction(link.owner_id) as tx:
            subject = await _subject(tx, Asked(link.account_id, None, None))
            known = await self._known(tx, subject, _WHOLE)
        whole = report_of(known, format_=format_, theme=theme)
        return shared(whole, known, title=link.title), link.owner_id

    async def _known(self, tx: AsyncConnection, subject: _Subject, period: Period) -> Known:
        view, account_id = subject.view, subject.account_id
        if view is None or not view.days:
            raise NothingTraded("there is no deal yet")
        sums = await self._sums(tx, view, period)
        known = Known(
            name=subject.name,
            currency=subject.currency,
            kind=subject.kind,
            complete=view.complete,
            sums=sums,
            readings=(),
            producer_names=await _names(tx, sums),
            courses=(),
            prices=(),
            funnel=funnel_of(()),
        )
        if account_id is None:
            return known
        return await self._with_signals(tx, account_id, known, period)

    async def _with_signals(
        self, tx: AsyncConnection, account_id: UUID, known: Known, period: Period
    ) -> Known:
        """Return what is known with what only accounts have: readings, and what was signalled."""
        days, end = known.sums.days, period.end or self._now()
        start = datetime.combine(days[0].day, datetime.min.time(), UTC)
        signals_from = max(start, end - _SIGNALS_SPAN)
        readings = equity_of if len(days) <= _DAYS_BY_HOUR else equity_by_day
        hours = await readings(tx, account_id, since=start, limit=POINTS_MAX)
        trades = await list_trades(
            tx, account_id=account_id, producer_id=None, before=(end, _LAST_ID), limit=_TRADES_MAX
        )
        within = [row for row in trades if row.created_at >= start]
        groups = await groups_of(
            tx, account_id=account_id, producer_id=None, start=signals_from, end=end
        )
        return replace(
            known,
            readings=points_from(row for row in hours if row[0] <= end),
            courses=[row.course for row in within],
            prices=[row.prices for row in within],
            funnel=funnel_of(groups),
            signals_from=None if signals_from == start else signals_from.date(),
        )

    async def _sums(self, tx: AsyncConnection, view: View, period: Period) -> Sums:
        if period == _WHOLE:
            return await _whole(tx, view)
        opening, found = await self._deals(tx, view.history, period.start)
        within = [one for one in found if period.end is None or one.deal.time <= period.end]
        if len(within) > self._deals_max:
            raise PeriodTooLarge(f"more than {self._deals_max} deals are in the period")
        if not within:
            raise NothingTraded("there is no deal in the period")
        # Beside the event loop: other calls are not held up by what is counted here.
        return await asyncio.to_thread(sums_of, opening, within)

    async def _deals(
        self, tx: AsyncConnection, history: History, start: datetime
    ) -> tuple[Decimal, Sequence[CountedDeal]]:
        """Return the balance before a moment of the broker's clock, and the deals from it on."""
        limit = self._deals_max + 1
        if history.account_id is None:
            told = await imported_deals_of(tx, history.id, since=start, limit=limit)
            opening = await imported_balance_before(tx, history.id, start)
            return opening, [CountedDeal(deal) for deal in told]
        start_ms = (start - _EPOCH) // timedelta(milliseconds=1)
        before = Place(start_ms - 1, _LAST_TICKET)
        found = await deals_after(tx, history.account_id, before, limit=limit)
        opening = await balance_before(tx, history.account_id, start_ms)
        return opening, [one.counted for one in found]


async def _subject(tx: AsyncConnection, asked: Asked) -> _Subject:
    """Return what a report is asked about. Raises NotFound."""
    seen = await views(tx, asked)
    view = seen[0] if seen else None
    if asked.account_id is None:
        assert view is not None  # noqa: S101  # an imported history has its figures from the start
        name = await imported_name(tx, view.history.id) or ""
        return _Subject(
            view, view.history.owner_id, name, view.history.currency, "imported history"
        )
    held = await account(tx, asked.account_id)
    if held is None:
        raise NotFound(f"no account {asked.account_id}", account_id=str(asked.account_id))
    kind = "demo account" if held.demo else "real account"
    return _Subject(view, held.owner_id, held.name, held.currency, kind)


async def _whole(tx: AsyncConnection, view: View) -> Sums:
    """Return the figures of all deals, which are kept."""
    scopes = {view.history.id: view.history.id}
    symbols = await part_sums(tx, scopes, By.SYMBOL, limit=_SYMBOLS_MAX)
    weekdays = await part_sums(tx, scopes, By.WEEKDAY, limit=_SYMBOLS_MAX)
    return Sums(view.figures, view.history.counted.producers, view.days, symbols, weekdays)


async def _names(tx: AsyncConnection, sums: Sums) -> Mapping[UUID, str]:
    asked = select(producers.c.id, producers.c.name).where(producers.c.id.in_([*sums.producers]))
    return {row.id: row.name for row in await tx.execute(asked)}
