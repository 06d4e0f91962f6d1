"""What is to be drawn, within what can be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from countersign_server.charts.averages import PERIOD_MAX, Average
from countersign_server.charts.bars import Bar
from countersign_server.charts.theme import LIGHT, Theme

BARS_MAX = 5000
MARKERS_MAX = 500
LEVELS_MAX = 50
AVERAGES_MAX = 4
WIDTH_RANGE, HEIGHT_RANGE = range(320, 3841), range(240, 2161)
_TITLE_MAX, _LABEL_MAX = 80, 20
_PRICE_END, _AMOUNT_END = 1e12, 1e15
_PERIODS = range(2, PERIOD_MAX + 1)
_PROFILE_LEVELS = range(5, 201)
_DIGITS = range(9)


class SpecInvalid(ValueError):
    """What cannot be drawn: names the field and says why."""

    def __init__(self, field_name: str, reason: str) -> None:
        super().__init__(f"{field_name}: {reason}")
        self.field = field_name


class Style(StrEnum):
    """How bars are drawn."""

    CANDLES = "candles"
    HEIKIN_ASHI = "heikin-ashi"
    RENKO = "renko"


class MarkerKind(StrEnum):
    """What happened at a time and a price."""

    SIGNAL = "signal"
    APPROVAL = "approval"
    ORDER = "order"
    BUY = "buy"  # a fill that bought
    SELL = "sell"


class LevelKind(StrEnum):
    """What a price means."""

    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that happened."""

    kind: MarkerKind
    time: datetime
    price: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """A line at a price, with its price written at the edge."""

    kind: LevelKind
    price: float


@dataclass(frozen=True, slots=True)
class Size:
    """In pixels."""

    width: int = 1200
    height: int = 700


@dataclass(frozen=True, slots=True)
class PriceChart:
    """A chart of one symbol. `digits` are the decimals of its prices."""

    title: str
    bars: Sequence[Bar]
    digits: int
    style: Style = Style.CANDLES
    brick: float | None = None  # renko's; a price difference
    averages: Sequence[Average] = ()
    with_volume: bool = True
    profile_levels: int = 0  # 0: no volume profile
    markers: Sequence[Marker] = ()
    levels: Sequence[Level] = ()
    zone: str = "UTC"
    theme: Theme = LIGHT
    size: Size = field(default_factory=Size)


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """An account at one moment, in its currency."""

    time: datetime
    balance: float
    equity: float
    payment: float = 0.0  # deposited just before; negative: withdrawn


@dataclass(frozen=True, slots=True)
class EquityChart:
    """An account's way, and below it how far it was under its peak."""

    title: str
    points: Sequence[EquityPoint]
    currency: str
    zone: str = "UTC"
    theme: Theme = LIGHT
    size: Size = field(default_factory=Size)


def check_price_chart(chart: PriceChart) -> None:
    """Raise SpecInvalid unless the chart can be drawn."""
    _check_frame(chart.title, chart.zone, chart.size)
    _check_bars(chart.bars)
    if chart.digits not in _DIGITS:
        raise SpecInvalid("digits", "must be from 0 to 8")
    if (chart.style is Style.RENKO) != (chart.brick is not None):
        raise SpecInvalid("brick", "goes with renko, and renko needs it")
    if chart.brick is not None and not 0 < chart.brick < _PRICE_END:
        raise SpecInvalid("brick", "must be a price difference above 0")
    if chart.profile_levels and chart.profile_levels not in _PROFILE_LEVELS:
        raise SpecInvalid("profile_levels", "must be 0, or from 5 to 200")
    _check_overlays(chart)


def check_equity_chart(chart: EquityChart) -> None:
    """Raise SpecInvalid unless the chart can be drawn."""
    _check_frame(chart.title, chart.zone, chart.size)
    if not 1 <= len(chart.points) <= BARS_MAX:
        raise SpecInvalid("points", f"from 1 to {BARS_MAX} points can be drawn")
    for number, point in enumerate(chart.points):
        amounts = (point.balance, point.equity, point.payment)
        if not all(abs(value) < _AMOUNT_END for value in amounts):
            raise SpecInvalid(f"points[{number}]", "an amount must be below 10^15")
        if number and point.time <= chart.points[number - 1].time:
            raise SpecInvalid(f"points[{number}].time", "must be later than the point before")


def _check_bars(bars: Sequence[Bar]) -> None:
    if not 1 <= len(bars) <= BARS_MAX:
        raise SpecInvalid("bars", f"from 1 to {BARS_MAX} bars can be drawn")
    for number, bar in enumerate(bars):
        low, high = min(bar.open, bar.close), max(bar.open, bar.close)
        if not 0 < bar.low <= low <= high <= bar.high < _PRICE_END:
            raise SpecInvalid(f"bars[{number}]", "low, opening, close and high do not fit together")
        if not 0 <= bar.volume < _AMOUNT_END:
            raise SpecInvalid(f"bars[{number}].volume", "must not be negative")
        if number and bar.time <= bars[number - 1].time:
            raise SpecInvalid(f"bars[{number}].time", "must be later than the bar before")


def _check_overlays(chart: PriceChart) -> None:
    for name, given, most in (
        ("averages", chart.averages, AVERAGES_MAX),
        ("markers", chart.markers, MARKERS_MAX),
        ("levels", chart.levels, LEVELS_MAX),
    ):
        if len(given) > most:
            raise SpecInvalid(name, f"at most {most}")
    if any(average.period not in _PERIODS for average in chart.averages):
        raise SpecInvalid("averages", f"a period is from 2 to {PERIOD_MAX} bars")
    for name, priced in (("markers", chart.markers), ("levels", chart.levels)):
        if any(not 0 < one.price < _PRICE_END for one in priced):
            raise SpecInvalid(name, "a price must be above 0")
    if any(len(one.label) > _LABEL_MAX or not one.label.isprintable() for one in chart.markers):
        raise SpecInvalid("markers", f"a label has at most {_LABEL_MAX} printable characters")


def _check_frame(title: str, zone: str, size: Size) -> None:
    if len(title) > _TITLE_MAX or not title.isprintable():
        raise SpecInvalid("title", f"at most {_TITLE_MAX} printable characters")
    if size.width not in WIDTH_RANGE or size.height not in HEIGHT_RANGE:
        raise SpecInvalid("size", "from 320 x 240 to 3840 x 2160 pixels")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SpecInvalid(
            "zone", "is no zone of the IANA database, such as Europe/Prague"
        ) from None
