"""Pictures of prices and accounts, as owners ask for them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody

from countersign.v1 import charts_pb2 as pb, charts_pb2_grpc
from countersign_server.accounts.store import account
from countersign_server.analytics.equity_store import equity_of
from countersign_server.analytics.reading import Asked
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.charts.marks import Marks, Scene, marks_of
from countersign_server.charts.media_files import MediaFolder
from countersign_server.charts.pictures import Chart, Picture, Pictures, checked_digest
from countersign_server.charts.points import points_from
from countersign_server.charts.rates import RateDesk, Rates
from countersign_server.charts.report import Report, ReportFormat
from countersign_server.charts.report_desk import Period, ReportDesk
from countersign_server.charts.spec import (
    BARS_MAX,
    EquityChart,
    PriceChart,
    SpecInvalid,
)
from countersign_server.charts.theme import DARK, LIGHT, Theme
from countersign_server.charts.wire import (
    DEFAULT_BARS,
    DEFAULT_DAYS,
    TIMEFRAMES,
    bars_of,
    columns_message,
    digits_of,
    drawn_bars,
    levels_of,
    markers_of,
    points_of,
    priced,
    size_of,
    theme_of,
)
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import Invalid, NotFound
from countersign_server.media_errors import BarsMissing, EquityMissing, PictureNotDrawn
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import to_timestamp, trace_of, uuid_or_none

# How long a browser may show what it has without asking.
_PRIVATE = "private, max-age=10"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A chart, and whose picture it is."""

    chart: Chart
    owner_id: UUID


class ChartService(charts_pb2_grpc.ChartServiceServicer):
    """See charts.proto for the contract."""

    def __init__(  # noqa: PLR0913  # what it stands on, named at its one call
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        pictures: Pictures,
        rates: RateDesk,
        reports: ReportDesk,
        folder: MediaFolder,
        media_url: str,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._pictures = pictures
        self._rates = rates
        self._reports = reports
        self._folder = folder
        self._media_url = media_url
        self._now = now

    async def GetPriceChart(self, request: pb.GetPriceChartRequest, context: Context) -> HttpBody:
        return await self._told(await self._price_chart(request), context)

    async def GetEquityChart(self, request: pb.GetEquityChartRequest, context: Context) -> HttpBody:
        return await self._told(await self._equity_chart(request), context)

    async def GetReport(self, request: pb.GetReportRequest, context: Context) -> HttpBody:
        period = Period(
            _day(request.start_day, field="start_day"), _day(request.end_day, field="end_day")
        )
        if period.first and period.last and period.last < period.first:
            raise Invalid("end_day must not be before start_day", field="end_day")
        asked = Asked(
            uuid_or_none(request.account_id), uuid_or_none(request.history_id), producer_id=None
        )
        if (asked.account_id is None) == (asked.history_id is None):
            raise Invalid("name an account or an imported history", field="account_id")
        report, owner_id = await self._reports.report(
            current_caller().tenant,
            asked,
            period,
            format_=_format_of(request.format),
            theme=_theme_of(request.theme),
        )
        return await self._told(Wanted(report, owner_id), context)

    async def GetSharedReport(
        self, request: pb.GetSharedReportRequest, context: Context
    ) -> HttpBody:
        report, owner_id = await self._reports.shared_report(
            request.token, format_=_format_of(request.format), theme=_theme_of(request.theme)
        )
        return await self._told(Wanted(report, owner_id), context)

    async def DrawPriceChart(self, request: pb.DrawPriceChartRequest, context: Context) -> HttpBody:
        with _named():
            chart = PriceChart(
                request.title,
                bars_of(request.bars),
                request.digits,
                markers=markers_of(request.markers),
                levels=levels_of(request.levels),
            )
            chart = priced(chart, request.prices, request.look)
        return await self._told(Wanted(chart, current_caller().owner_id), context)

    async def DrawEquityChart(
        self, request: pb.DrawEquityChartRequest, context: Context
    ) -> HttpBody:
        with _named():
            chart = EquityChart(
                request.title,
                points_of(request.points),
                request.currency,
                zone=request.look.zone or "UTC",
                theme=theme_of(request.look),
                size=size_of(request.look),
            )
        return await self._told(Wanted(chart, current_caller().owner_id), context)

    async def PublishChart(
        self, request: pb.PublishChartRequest, context: Context
    ) -> pb.PublishChartResponse:
        if request.WhichOneof("chart") == "prices":
            wanted = await self._price_chart(request.prices)
            account_id = UUID(request.prices.account_id)
        else:
            wanted = await self._equity_chart(request.equity)
            account_id = UUID(request.equity.account_id)
        picture, now = await self._drawn(wanted), self._now()
        if picture.failure:
            raise PictureNotDrawn(f"the picture could not be drawn: {picture.failure}")
        made = await asyncio.to_thread(self._folder.publish, wanted.owner_id, picture.data, now)
        async with self._database.transaction(wanted.owner_id) as tx:
            await record(tx, _published(account_id, wanted.owner_id, len(picture.data), now))
        self._wakeups.ring("audit")
        return pb.PublishChartResponse(
            path=made.path,
            url=f"{self._media_url.rstrip('/')}/{made.path}" if self._media_url else "",
            expire_time=to_timestamp(made.expires_at),
            size_bytes=len(picture.data),
        )

    async def ListBars(self, request: pb.ListBarsRequest, context: Context) -> pb.ListBarsResponse:
        found = await self._bars(request)
        return pb.ListBarsResponse(
            symbol=found.series.symbol, bars=columns_message(found.bars), failure=found.failure
        )

    async def _bars(self, request: pb.ListBarsRequest | pb.GetPriceChartRequest) -> Rates:
        return await self._rates.newest(
            current_caller().tenant,
            UUID(request.account_id),
            request.symbol,
            TIMEFRAMES[request.timeframe],
            count=request.bars or DEFAULT_BARS,
        )

    async def _price_chart(self, request: pb.GetPriceChartRequest) -> Wanted:
        found = await self._bars(request)
        if not found.bars:
            raise BarsMissing(
                f"no bars of {found.series.symbol} are known", bridge=found.failure or "NO_BARS"
            )
        marks = Marks()
        if not request.hide_trades:
            scene = Scene(
                found.series.account_id,
                found.series.symbol,
                found.bars[0].time,
                uuid_or_none(request.signal_id),
            )
            async with self._database.transaction(current_caller().tenant) as tx:
                marks = await marks_of(tx, scene)
        with _named():
            chart = PriceChart(
                f"{found.series.symbol} {found.series.timeframe}",
                drawn_bars(found.bars),
                digits_of(found.bars),
                markers=marks.markers,
                levels=marks.levels,
            )
            chart = priced(chart, request.prices, request.look)
        return Wanted(chart, found.series.owner_id)

    async def _equity_chart(self, request: pb.GetEquityChartRequest) -> Wanted:
        account_id = UUID(request.account_id)
        since = self._now() - timedelta(days=request.days or DEFAULT_DAYS)
        async with self._database.transaction(current_caller().tenant) as tx:
            held = await account(tx, account_id)
            if held is None:
                raise NotFound(f"no account {account_id}", account_id=str(account_id))
            hours = await equity_of(tx, account_id, since=since, limit=BARS_MAX)
        if not hours:
            raise EquityMissing("the account was not read in this time")
        with _named():
            chart = EquityChart(
                held.name[:80],
                points_from(hours),
                held.currency,
                zone=request.look.zone or "UTC",
                theme=theme_of(request.look),
                size=size_of(request.look),
            )
        return Wanted(chart, held.owner_id)

    async def _told(self, wanted: Wanted, context: Context) -> HttpBody:
        """Return a picture as the answer of a call, or that the caller has it already."""
        with _named():
            digest = checked_digest(wanted.chart)
        etag = f'"{digest.hex()[:32]}"'
        if etag in _etags_of(context):
            await context.send_initial_metadata(
                (("etag", etag), ("cache-control", _PRIVATE), ("x-not-modified", "1"))
            )
            return HttpBody(content_type=_media_type(wanted.chart))
        picture = await self._drawn(wanted)
        if picture.failure:
            headers = (("cache-control", "no-store"), ("x-chart-placeholder", picture.failure))
        else:
            headers = (("etag", etag), ("cache-control", _PRIVATE))
        await context.send_initial_metadata(headers)
        return HttpBody(content_type=_media_type(wanted.chart), data=picture.data)

    async def _drawn(self, wanted: Wanted) -> Picture:
        with _named():
            digest = checked_digest(wanted.chart)
            return await self._pictures.of(wanted.chart, digest, owner_id=wanted.owner_id)


def _format_of(number: pb.ReportFormat) -> ReportFormat:
    return ReportFormat.PDF if number == pb.REPORT_FORMAT_PDF else ReportFormat.PNG


def _theme_of(name: str) -> Theme:
    return DARK if name == "dark" else LIGHT


def _media_type(chart: Chart) -> str:
    is_page = isinstance(chart, Report) and chart.format is ReportFormat.PDF
    return "application/pdf" if is_page else "image/png"


def _day(text: str, *, field: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(f"{field} is no day of the calendar", field=field) from None


def _etags_of(context: Context) -> list[str]:
    for key, value in context.invocation_metadata() or ():
        if key == "if-none-match":
            text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
            return [one.strip().removeprefix("W/") for one in text.split(",")]
    return []


class _named:  # noqa: N801  # it reads as a verb where it is used
    """Turns what cannot be drawn into what a caller is told."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, SpecInvalid):
            raise Invalid(str(error), field=error.field) from None


def _published(account_id: UUID, owner_id: UUID, size: int, now: datetime) -> Entry:
    # Without the name: whoever reads the audit is not given the picture.
    return Entry(
        kind="chart.published",
        subject=f"account:{account_id}",
        event_time=now,
        trace=trace_of(current_call()),
        owner_id=owner_id,
        account_id=account_id,
        after={"size_bytes": size},
    )
