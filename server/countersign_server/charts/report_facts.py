"""From what is known of an account to the page that tells it: what is shown, and in which words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from countersign_server.analytics.breakdown import WEEKDAYS, By, Part, breakdown_of
from countersign_server.analytics.counted import Counted, CountedDeal, additions_of
from countersign_server.analytics.days import Day, growth_of, underwater_of
from countersign_server.analytics.funnel import STEPS, Funnel
from countersign_server.analytics.printed import money, printed, ratio
from countersign_server.analytics.summary import days_of, months_of
from countersign_server.analytics.trade_figures import TradeFigures
from countersign_server.analytics.truth import Course, Prices
from countersign_server.charts.report import (
    PARTS_MAX,
    POINTS_MAX,
    YEARS_MAX,
    DelayLine,
    PartLine,
    Report,
    ReportFormat,
    Step,
    Tile,
    Year,
)
from countersign_server.charts.spec import EquityPoint
from countersign_server.charts.theme import Theme

_MONTHS = 12
# Readings tell the curve only if they begin with the trades.
_READ_FROM_THE_START = timedelta(days=2)
_NAME_MAX, _TITLE_MAX, _MISSES_MAX = 40, 80, 4
_NOTE = (
    "Days are the broker's. Growth is time-weighted: deposits and withdrawals are no result. "
    "Commission on entries belongs to no trade, as in MetaTrader."
)


@dataclass(frozen=True, slots=True)
class Sums:
    """What the deals of a period come to. There is at least one day."""

    figures: TradeFigures
    producers: Mapping[UUID, TradeFigures]
    days: Sequence[Day]
    symbols: Mapping[str, Part]
    weekdays: Mapping[str, Part]


def sums_of(opening: Decimal, deals: Sequence[CountedDeal]) -> Sums:
    """Return the sums of deals that found a balance of `opening`."""
    counted = Counted(TradeFigures(balance=opening))
    for one in deals:
        counted = counted.after(one)
    days = {key.day: day for key, day in additions_of(deals).days.items() if key.scope is None}
    parts = [breakdown_of((one.deal for one in deals), by) for by in (By.SYMBOL, By.WEEKDAY)]
    return Sums(counted.whole, counted.producers, days_of(days, opening=opening), *parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a history in a period. `readings`: of equity, as they were made."""

    name: str
    currency: str
    kind: str  # "demo account", "real account", "imported history"
    complete: bool
    sums: Sums
    readings: Sequence[EquityPoint]
    producer_names: Mapping[UUID, str]
    courses: Sequence[Course]
    prices: Sequence[Prices]
    funnel: Funnel
    signals_from: date | None = None  # None: the funnel is of the whole period


def report_of(known: Known, *, format_: ReportFormat, theme: Theme) -> Report:
    """Return the page."""
    read = _is_read_from_the_start(known)
    sums = known.sums
    points = known.readings if read else _points_of(sums.days)
    first, last = sums.days[0].day, sums.days[-1].day
    # Of an account that nobody signals to there is nothing to tell.
    signals = bool(sums.producers or known.funnel.reached[STEPS[0]])
    counting = "" if known.complete else ", still being counted"
    return Report(
        title=_short(known.name, _TITLE_MAX) or "Account",
        subtitle=f"{first} to {last}   {known.currency}, {known.kind}{counting}",
        currency=known.currency,
        tiles=_tiles(known),
        points=_thinned(points),
        curve="Equity and balance" if read else "Balance, day by day",
        years=_years(sums.days),
        printed=tuple(printed(sums.figures).items()),
        producers=_producers(known),
        symbols=_symbols(sums.symbols),
        weekdays=_weekdays(sums.weekdays),
        delays=_delays(known.courses) if signals else (),
        fills=_fills(known.prices),
        steps=_steps(known.funnel) if signals else (),
        misses=[
            Step(_words(miss.reason), miss.count) for miss in known.funnel.misses[:_MISSES_MAX]
        ],
        note=_NOTE if known.signals_from is None else f"{_NOTE} {_since(known.signals_from)}",
        format=format_,
        theme=theme,
    )


def shared(report: Report, known: Known, *, title: str) -> Report:
    """Return what strangers may see: how it went, and not whose it is or how much is on it."""
    days, value = known.sums.days, 100.0
    points: list[EquityPoint] = []
    for day in days:
        value *= 1 + float(day.growth or 0)
        points.append(EquityPoint(_midnight(day), value, value, 0.0))
    return replace(
        report,
        title=_short(title, _TITLE_MAX),
        subtitle=f"{days[0].day} to {days[-1].day}   {known.currency}",
        points=_thinned(points),
        curve="Growth of 100, day by day",
        producers=(),
        delays=(),
        fills="",
        steps=(),
        misses=(),
        note=_NOTE,
    )


def _tiles(known: Known) -> list[Tile]:
    figures, growth = known.sums.figures, growth_of(known.sums.days)
    fall = underwater_of(known.sums.days).deepest
    won = Decimal(figures.outcomes.wins.trades) / figures.trades if figures.trades else None
    factor = figures.profit_factor
    return [
        Tile("Growth", f"{_signed(growth * 100)} %", _tone(growth)),
        Tile("Net profit", money(figures.net_profit), _tone(figures.net_profit)),
        Tile("Profit factor", "-" if factor is None else ratio(factor)),
        Tile("Trades won", "-" if won is None else f"{ratio(won * 100)} %"),
        Tile("Deepest fall", f"{ratio(fall * 100)} %"),
        Tile("Trades", str(figures.trades)),
    ]


def _years(days: Sequence[Day]) -> list[Year]:
    found: dict[int, list[Day]] = {}
    for day in days:
        found.setdefault(day.day.year, []).append(day)
    growth = {(one.year, one.month): one.growth for one in months_of(days)}
    return [
        Year(
            year,
            tuple(_percent(growth.get((year, month + 1))) for month in range(_MONTHS)),
            _percent(growth_of(found[year])),
        )
        for year in sorted(found)[-YEARS_MAX:]
    ]


def _producers(known: Known) -> list[PartLine]:
    lines = [
        (
            _short(known.producer_names.get(producer_id) or str(producer_id)[:8], _NAME_MAX),
            Part(
                figures.trades,
                figures.outcomes.wins.trades,
                figures.gross_profit,
                figures.gross_loss,
            ),
        )
        for producer_id, figures in known.sums.producers.items()
    ]
    return _lines(lines)


def _symbols(parts: Mapping[str, Part]) -> list[PartLine]:
    return _lines([(_short(name, _NAME_MAX), part) for name, part in parts.items()])


def _weekdays(parts: Mapping[str, Part]) -> list[PartLine]:
    return [_line(day, parts[day]) for day in WEEKDAYS if day in parts]


def _steps(funnel: Funnel) -> list[Step]:
    return [Step(step.capitalize(), funnel.reached[step]) for step in STEPS]


def _lines(parts: Iterable[tuple[str, Part]]) -> list[PartLine]:
    """Return the parts with most trades; what does not fit is one line of others."""
    ordered = sorted(parts, key=lambda one: (-one[1].trades, one[0]))
    shown, rest = ordered[:PARTS_MAX], ordered[PARTS_MAX:]
    if rest:
        rest = [shown.pop(), *rest]
        shown.append((f"{len(rest)} others", _together(part for _, part in rest)))
    return [_line(name, part) for name, part in shown]


def _line(name: str, part: Part) -> PartLine:
    won = f"{part.won * 100 / part.trades:.0f} %" if part.trades else "-"
    factor = part.profit_factor
    return PartLine(
        name,
        str(part.trades),
        won,
        money(part.net_profit),
        "-" if factor is None else ratio(factor),
        _tone(part.net_profit),
    )


def _together(parts: Iterable[Part]) -> Part:
    whole = Part()
    for one in parts:
        whole = Part(
            whole.trades + one.trades,
            whole.won + one.won,
            whole.gross_profit + one.gross_profit,
            whole.gross_loss + one.gross_loss,
            whole.volume + one.volume,
        )
    return whole


def _delays(courses: Sequence[Course]) -> list[DelayLine]:
    spans: Sequence[tuple[str, Callable[[Course], timedelta | None]]] = (
        ("Strategy to server", lambda one: one.delay_of_producer),
        ("Owner", lambda one: one.delay_of_person),
        ("Platform", lambda one: one.delay_of_platform),
        ("Broker", lambda one: one.delay_of_broker),
    )
    return [_delay(who, [span(one) for one in courses]) for who, span in spans]


def _delay(who: str, found: Sequence[timedelta | None]) -> DelayLine:
    known = sorted(span for span in found if span is not None)
    if not known:
        return DelayLine(who, "-", "-")
    # Nearest rank: the least span that is not exceeded by so many of them.
    middle, most = (known[-(-len(known) * share // 10) - 1] for share in (5, 9))
    return DelayLine(who, _span(middle), _span(most))


def _span(span: timedelta) -> str:
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"  # noqa: PLR2004  # seconds


def _fills(prices: Sequence[Prices]) -> str:
    known = [one.slippage for one in prices if one.slippage is not None]
    if not known:
        return ""
    worse, better = sum(one > 0 for one in known), sum(one < 0 for one in known)
    same = len(known) - worse - better
    return f"{worse} filled worse than signalled, {same} as signalled, {better} better"


def _is_read_from_the_start(known: Known) -> bool:
    if not known.readings:
        return False
    return known.readings[0].time - _midnight(known.sums.days[0]) <= _READ_FROM_THE_START


def _points_of(days: Sequence[Day]) -> list[EquityPoint]:
    return [
        EquityPoint(
            _midnight(day),
            float(day.closing),
            float(day.closing),
            float(day.payments),
        )
        for day in days
    ]


def _midnight(day: Day) -> datetime:
    return datetime.combine(day.day, datetime.min.time(), UTC)


def _thinned(points: Sequence[EquityPoint]) -> Sequence[EquityPoint]:
    """Return as many as can be drawn: of every few the last, with all that was paid since."""
    step = -(-len(points) // POINTS_MAX)
    if step <= 1:
        return points
    batches = (points[at : at + step] for at in range(0, len(points), step))
    return [
        EquityPoint(
            batch[-1].time,
            batch[-1].balance,
            batch[-1].equity,
            sum(point.payment for point in batch),
        )
        for batch in batches
    ]


def _since(day: date) -> str:
    return f"Signals are counted from {day} on."


def _short(text: str, most: int) -> str:
    plain = "".join(one if one.isprintable() else " " for one in text).strip()
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def _words(reason: str) -> str:
    return _short(reason.replace("_", " ").lower(), 26)


def _percent(growth: Decimal | None) -> float | None:
    return None if growth is None else float(growth * 100)


def _signed(value: Decimal) -> str:
    return f"{float(value):+.2f}" if round(value, 2) else "0.00"


def _tone(value: Decimal) -> int:
    return (value > 0) - (value < 0)
