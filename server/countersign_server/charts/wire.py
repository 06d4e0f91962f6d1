"""Charts as the contract has them, and as they are drawn."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from countersign.v1 import charts_pb2 as pb
from countersign_server.charts.averages import Average, Method
from countersign_server.charts.bars import Bar
from countersign_server.charts.spec import (
    EquityPoint,
    Level,
    LevelKind,
    Marker,
    MarkerKind,
    PriceChart,
    Size,
    SpecInvalid,
    Style,
)
from countersign_server.charts.theme import DARK, LIGHT, Theme, ThemeInvalid
from countersign_server.execution.rate_store import StoredBar
from countersign_server.rpc.conversion import from_timestamp

DEFAULT_BARS = 200
DEFAULT_DAYS = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = range(253_402_300_800)  # to the end of the year 9999
_DIGITS_MAX = 8

TIMEFRAMES: Mapping[pb.Timeframe, str] = {
    pb.TIMEFRAME_UNSPECIFIED: "H1",
    pb.TIMEFRAME_M1: "M1",
    pb.TIMEFRAME_M5: "M5",
    pb.TIMEFRAME_M15: "M15",
    pb.TIMEFRAME_M30: "M30",
    pb.TIMEFRAME_H1: "H1",
    pb.TIMEFRAME_H4: "H4",
    pb.TIMEFRAME_D1: "D1",
    pb.TIMEFRAME_W1: "W1",
    pb.TIMEFRAME_MN1: "MN1",
}
STYLES: Mapping[pb.ChartStyle, Style] = {
    pb.CHART_STYLE_UNSPECIFIED: Style.CANDLES,
    pb.CHART_STYLE_CANDLES: Style.CANDLES,
    pb.CHART_STYLE_HEIKIN_ASHI: Style.HEIKIN_ASHI,
    pb.CHART_STYLE_RENKO: Style.RENKO,
}
MARKERS: Mapping[pb.MarkerKind, MarkerKind] = {
    pb.MARKER_KIND_SIGNAL: MarkerKind.SIGNAL,
    pb.MARKER_KIND_APPROVAL: MarkerKind.APPROVAL,
    pb.MARKER_KIND_ORDER: MarkerKind.ORDER,
    pb.MARKER_KIND_BUY: MarkerKind.BUY,
    pb.MARKER_KIND_SELL: MarkerKind.SELL,
}
LEVELS: Mapping[pb.LevelKind, LevelKind] = {
    pb.LEVEL_KIND_ENTRY: LevelKind.ENTRY,
    pb.LEVEL_KIND_STOP: LevelKind.STOP,
    pb.LEVEL_KIND_TARGET: LevelKind.TARGET,
}


def size_of(look: pb.ChartLook) -> Size:
    return Size(look.width or Size().width, look.height or Size().height)


def theme_of(look: pb.ChartLook) -> Theme:
    """Return the theme with the colours asked for. Raises SpecInvalid."""
    colours: dict[str, str] = {}
    for text in look.colours:
        name, equals, colour = text.partition("=")
        if not equals:
            raise SpecInvalid("look.colours", "is written as rising=#00aa00")
        colours[name] = colour
    try:
        return (DARK if look.theme == "dark" else LIGHT).with_colours(colours)
    except ThemeInvalid as refused:
        raise SpecInvalid("look.colours", str(refused)) from None


def priced(chart: PriceChart, prices: pb.PriceLook, look: pb.ChartLook) -> PriceChart:
    """Return a chart as it is to look. Raises SpecInvalid."""
    return replace(
        chart,
        style=STYLES[prices.style],
        brick=float(prices.brick) if prices.brick else None,
        averages=averages_of(prices),
        with_volume=not prices.hide_volume,
        profile_levels=prices.profile_levels,
        zone=look.zone or "UTC",
        theme=theme_of(look),
        size=size_of(look),
    )


def averages_of(look: pb.PriceLook) -> tuple[Average, ...]:
    parts = (text.split(":") for text in look.averages)
    return tuple(Average(int(period), Method(method)) for method, period in parts)


def bars_of(columns: pb.BarColumns) -> list[Bar]:
    """Return bars that a request brings along. Raises SpecInvalid."""
    count = len(columns.times)
    volumes: Sequence[float] = columns.volumes or [0.0] * count
    prices = (columns.opens, columns.highs, columns.lows, columns.closes)
    _check_lengths("bars", count, *prices, volumes)
    times = _times("bars", columns.times)
    return [Bar(*row) for row in zip(times, *prices, volumes, strict=True)]


def points_of(columns: pb.EquityColumns) -> list[EquityPoint]:
    """Return points that a request brings along. Raises SpecInvalid."""
    count = len(columns.times)
    payments: Sequence[float] = columns.payments or [0.0] * count
    _check_lengths("points", count, columns.balances, columns.equities, payments)
    times = _times("points", columns.times)
    rows = zip(times, columns.balances, columns.equities, payments, strict=True)
    return [EquityPoint(*row) for row in rows]


def markers_of(messages: Iterable[pb.ChartMarker]) -> list[Marker]:
    return [
        Marker(
            MARKERS[one.kind],
            from_timestamp(one.time, field="markers.time"),
            float(one.price),
            one.label,
        )
        for one in messages
    ]


def levels_of(messages: Iterable[pb.ChartLevel]) -> list[Level]:
    return [Level(LEVELS[one.kind], float(one.price)) for one in messages]


def drawn_bars(stored: Iterable[StoredBar]) -> list[Bar]:
    return [
        Bar(
            one.time,
            float(one.open),
            float(one.high),
            float(one.low),
            float(one.close),
            float(one.volume),
        )
        for one in stored
    ]


def digits_of(stored: Iterable[StoredBar]) -> int:
    """Return how many decimals the prices are quoted with."""
    return min(max((_decimals(one.close) for one in stored), default=0), _DIGITS_MAX)


def columns_message(stored: Sequence[StoredBar]) -> pb.BarColumns | None:
    if not stored:
        return None
    return pb.BarColumns(
        times=[int(one.time.timestamp()) for one in stored],
        opens=[float(one.open) for one in stored],
        highs=[float(one.high) for one in stored],
        lows=[float(one.low) for one in stored],
        closes=[float(one.close) for one in stored],
        volumes=[float(one.volume) for one in stored],
    )


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _times(name: str, seconds: Iterable[int]) -> list[datetime]:
    if any(one not in _SECONDS for one in seconds):
        raise SpecInvalid(f"{name}.times", "are seconds since 1970, up to the year 9999")
    return [_EPOCH + timedelta(seconds=one) for one in seconds]


def _check_lengths(name: str, count: int, *columns: Sequence[float]) -> None:
    if any(len(column) != count for column in columns):
        raise SpecInvalid(name, "holds columns of different lengths")
