"""What trading came to, as owners and those whom they let see it ask."""

from collections.abc import Callable
from datetime import datetime, timedelta

from countersign.v1 import analytics_pb2 as pb
from countersign_server.accounts.store import account
from countersign_server.analytics.figures_store import part_sums
from countersign_server.analytics.funnel import funnel_of
from countersign_server.analytics.funnel_store import groups_of
from countersign_server.analytics.reading import (
    Asked,
    by_currency,
    days_together,
    find,
    only_currency,
    scopes_of,
    views,
)
from countersign_server.analytics.share_calls import ShareCalls
from countersign_server.analytics.summary import months_of
from countersign_server.analytics.trade_store import list_trades
from countersign_server.analytics.wire import (
    KINDS,
    funnel_message,
    month_messages,
    part_messages,
    statistics_message,
    trade_message,
)
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import Invalid, NotFound
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_caller
from countersign_server.rpc.conversion import from_timestamp, uuid_or_none
from countersign_server.rpc.pages import moment_position, next_token, page_size

_PARTS_MAX = 2_000
_FUNNEL_SPAN = timedelta(days=30)
_FUNNEL_SPAN_MAX = timedelta(days=366)
_AboutHistories = pb.GetStatisticsRequest | pb.GetBreakdownRequest | pb.GetMonthsRequest


class AnalyticsService(ShareCalls):
    """See analytics.proto for the contract."""

    def __init__(
        self, *, database: Database, wakeups: Wakeups, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._now = now

    async def GetStatistics(
        self, request: pb.GetStatisticsRequest, context: Context
    ) -> pb.GetStatisticsResponse:
        asked = _asked(request)
        async with self._database.transaction(current_caller().tenant) as tx:
            seen = await views(tx, asked)
        return pb.GetStatisticsResponse(
            statistics=[
                statistics_message(
                    alike, currency, days_together(alike), producer_id=request.producer_id
                )
                for currency, alike in by_currency(seen).items()
            ]
        )

    async def GetBreakdown(
        self, request: pb.GetBreakdownRequest, context: Context
    ) -> pb.GetBreakdownResponse:
        asked, by = _asked(request), KINDS[request.by]
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await find(tx, asked)
            currency = only_currency(found)
            parts = await part_sums(tx, scopes_of(found, asked), by, limit=_PARTS_MAX)
        return pb.GetBreakdownResponse(parts=part_messages(parts, by), currency=currency)

    async def GetMonths(
        self, request: pb.GetMonthsRequest, context: Context
    ) -> pb.GetMonthsResponse:
        asked = _asked(request)
        async with self._database.transaction(current_caller().tenant) as tx:
            seen = await views(tx, asked)
        currency = only_currency([view.history for view in seen])
        months = months_of(days_together(seen))
        return pb.GetMonthsResponse(months=month_messages(months), currency=currency)

    async def ListTrades(
        self, request: pb.ListTradesRequest, context: Context
    ) -> pb.ListTradesResponse:
        size, account_id = page_size(request.page_size), uuid_or_none(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            if account_id is not None and await account(tx, account_id) is None:
                raise NotFound(f"no account {account_id}", account_id=str(account_id))
            rows = await list_trades(
                tx,
                account_id=account_id,
                producer_id=uuid_or_none(request.producer_id),
                before=moment_position(request),
                limit=size + 1,
            )
        page = rows[:size]
        position = [page[-1].created_at, page[-1].command_id] if page else []
        return pb.ListTradesResponse(
            trades=map(trade_message, page),
            next_page_token=next_token(request, rows, size, position),
        )

    async def GetFunnel(
        self, request: pb.GetFunnelRequest, context: Context
    ) -> pb.GetFunnelResponse:
        start, end = self._span(request)
        account_id = uuid_or_none(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            if account_id is not None and await account(tx, account_id) is None:
                raise NotFound(f"no account {account_id}", account_id=str(account_id))
            groups = await groups_of(
                tx,
                account_id=account_id,
                producer_id=uuid_or_none(request.producer_id),
                start=start,
                end=end,
            )
        return funnel_message(funnel_of(groups))

    def _span(self, request: pb.GetFunnelRequest) -> tuple[datetime, datetime]:
        end = self._now()
        if request.HasField("end_time"):
            end = from_timestamp(request.end_time, field="end_time")
        try:
            start = end - _FUNNEL_SPAN
        except OverflowError:
            raise Invalid("end_time is too early", field="end_time") from None
        if request.HasField("start_time"):
            start = from_timestamp(request.start_time, field="start_time")
        if not timedelta(0) < end - start <= _FUNNEL_SPAN_MAX:
            raise Invalid(
                f"start_time must be before end_time, and at most {_FUNNEL_SPAN_MAX.days} days",
                field="start_time",
            )
        return start, end


def _asked(request: _AboutHistories) -> Asked:
    asked = Asked(
        uuid_or_none(request.account_id),
        uuid_or_none(request.history_id),
        uuid_or_none(request.producer_id),
        uuid_or_none(request.owner_id),
    )
    tenant = current_caller().tenant
    if asked.owner_id is not None and tenant not in (None, asked.owner_id):
        raise NotFound(f"no owner {asked.owner_id}", owner_id=str(asked.owner_id))
    if asked.owner_id is not None and asked.one is not None:
        raise Invalid("name an owner, or one account or history", field="owner_id")
    if asked.account_id is not None and asked.history_id is not None:
        raise Invalid("name account_id or history_id, not both", field="history_id")
    return asked
