"""What stands on the one page that tells how an account did."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from countersign_server.charts.spec import EquityPoint, Size, SpecInvalid
from countersign_server.charts.theme import LIGHT, Theme

POINTS_MAX = 5000
TILES_MAX, YEARS_MAX, PRINTED_MAX, PARTS_MAX, DELAYS_MAX, STEPS_MAX = 6, 5, 32, 7, 4, 5
_TEXT_MAX = 80
# A page of A4 at 150 dots an inch.
PAGE = Size(1240, 1754)


class ReportFormat(StrEnum):
    """How the page is written."""

    PNG = "png"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure that is seen at once. `tone`: above zero is good, below is bad, 0 is neither."""

    label: str
    text: str
    tone: int = 0


@dataclass(frozen=True, slots=True)
class Year:
    """Growth in percent, month by month, and of the year. None: nothing was there to grow."""

    year: int
    months: tuple[float | None, ...]  # twelve
    whole: float | None


@dataclass(frozen=True, slots=True)
class PartLine:
    """Trades of one producer, symbol or weekday, in words and figures as they are printed."""

    name: str
    trades: str
    won: str
    net: str
    factor: str
    tone: int


@dataclass(frozen=True, slots=True)
class DelayLine:
    """How long somebody took: in the middle, and at most in nine of ten trades."""

    who: str
    middle: str
    most: str


@dataclass(frozen=True, slots=True)
class Step:
    """How many signals came as far as this."""

    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The page. All of it is text and numbers, so that the same page is the same bytes."""

    title: str
    subtitle: str
    currency: str
    tiles: Sequence[Tile]
    points: Sequence[EquityPoint]
    curve: str  # what the points are of: "Equity and balance", "Balance"
    years: Sequence[Year]
    printed: Sequence[tuple[str, str]]
    producers: Sequence[PartLine]
    symbols: Sequence[PartLine]
    weekdays: Sequence[PartLine]
    delays: Sequence[DelayLine]
    fills: str  # how many were filled worse than signalled; empty: nobody can say
    steps: Sequence[Step]  # none: it tells nothing of signals, and of weekdays instead
    misses: Sequence[Step]
    note: str
    format: ReportFormat = ReportFormat.PNG
    theme: Theme = LIGHT

    @property
    def size(self) -> Size:
        return PAGE


def check_report(report: Report) -> None:
    """Raise SpecInvalid unless the page can be drawn."""
    if not 1 <= len(report.points) <= POINTS_MAX:
        raise SpecInvalid("points", f"from 1 to {POINTS_MAX} points can be drawn")
    for name, given, most in (
        ("tiles", report.tiles, TILES_MAX),
        ("years", report.years, YEARS_MAX),
        ("printed", report.printed, PRINTED_MAX),
        ("producers", report.producers, PARTS_MAX),
        ("symbols", report.symbols, PARTS_MAX),
        ("weekdays", report.weekdays, PARTS_MAX),
        ("delays", report.delays, DELAYS_MAX),
        ("steps", report.steps, STEPS_MAX),
        ("misses", report.misses, STEPS_MAX),
    ):
        if len(given) > most:
            raise SpecInvalid(name, f"at most {most}")
    for name in ("title", "subtitle", "curve"):
        text = str(getattr(report, name))
        if len(text) > _TEXT_MAX or not text.isprintable():
            raise SpecInvalid(name, f"at most {_TEXT_MAX} printable characters")
