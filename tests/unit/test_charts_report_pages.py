"""The page that tells how an account did: right figures, nothing cut, the same bytes each time."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from countersign_server.analytics.counted import CountedDeal
from countersign_server.analytics.printed import printed
from countersign_server.charts.frame import write_amounts
from countersign_server.charts.placeholder import placeholder_page
from countersign_server.charts.report import (
    PAGE,
    PARTS_MAX,
    PartLine,
    Report,
    ReportFormat,
    Tile,
    Year,
    check_report,
)
from countersign_server.charts.report_drawing import draw_report
from countersign_server.charts.report_facts import Known, report_of, sums_of
from countersign_server.charts.spec import EquityPoint, SpecInvalid
from countersign_server.charts.theme import DARK, LIGHT
from tests.fixtures.histories import history
from tests.fixtures.report_facts import START, known_account

REFERENCES = Path(__file__).parent.parent / "references"
KNOWN = known_account()


def page(known: Known = KNOWN, format_: ReportFormat = ReportFormat.PNG) -> Report:
    return report_of(known, format_=format_, theme=LIGHT)


def crowded() -> Report:
    """A page on which everything is as long as it can be."""
    months = (*(-12.34, 1234.5, 0.001, None), *(-3.0 * number for number in range(8)))
    long = PartLine("W" * 40, "100000", "100 %", "-123 456 789.00", "1234.56", -1)
    return replace(
        page(),
        title="W" * 80,
        tiles=[Tile("Growth", "+123456.78 %", 1), Tile("Net", "-123 456 789.00", -1)] * 3,
        years=[Year(2022 + number, months, 123_456.78) for number in range(5)],
        producers=[long] * PARTS_MAX,
        points=page().points[:1],
        misses=[],
        fills="",
        theme=DARK,
    )


PICTURES: dict[str, Callable[[], bytes]] = {
    "report": lambda: draw_report(page()),
    "report-dark-crowded": lambda: draw_report(crowded()),
}


def pixels(picture: bytes) -> np.ndarray:
    return matplotlib.image.imread(io.BytesIO(picture), format="png")[..., :3]


@pytest.mark.parametrize("name", PICTURES)
def test_a_report_looks_like_its_reference(name: str) -> None:
    drawn, reference = pixels(PICTURES[name]()), pixels((REFERENCES / f"{name}.png").read_bytes())
    assert drawn.shape == reference.shape == (PAGE.height, PAGE.width, 3)
    # Another build of the font's renderer may shade edges otherwise; a line that moved is more.
    assert float(np.abs(drawn - reference).mean()) < 0.002


@pytest.mark.parametrize("format_", list(ReportFormat))
def test_the_same_page_is_the_same_bytes_in_every_process(format_: ReportFormat) -> None:
    program = (
        "from hashlib import sha256; from countersign_server.charts.report import ReportFormat; "
        "from tests.unit.test_charts_report_pages import draw_report, page; "
        f"print(sha256(draw_report(page(format_=ReportFormat('{format_}')))).hexdigest())"
    )
    digests = {
        subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {sha256(draw_report(page(format_=format_))).hexdigest()}


def test_a_pdf_says_nothing_of_who_made_it_or_when() -> None:
    drawn = draw_report(page(format_=ReportFormat.PDF))
    assert drawn.startswith(b"%PDF-")
    for word in (b"Creat", b"Producer", b"ModDate", b"atplotlib"):
        assert word not in drawn


def test_the_statistics_are_metatraders_by_their_names() -> None:
    assert dict(page().printed) == dict(printed(KNOWN.sums.figures))


def test_the_months_of_a_year_come_to_the_year() -> None:
    for year in page().years:
        growth = 1.0
        for month in year.months:
            growth *= 1 + (month or 0) / 100
        assert year.whole == pytest.approx((growth - 1) * 100)  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize(
    ("low", "high"), [(9_997.9, 10_000.0), (0.0, 0.2), (90_000.0, 170_000.0), (-3.0, 9.0)]
)
def test_amounts_at_the_side_are_told_apart_and_are_what_they_stand_at(
    low: float, high: float
) -> None:
    axes = Figure().add_subplot()
    axes.set_ylim(low, high)
    write_amounts(axes, at_most=6)
    shown = axes.yaxis.get_major_formatter()
    places = [at for at in axes.yaxis.get_majorticklocs() if low <= at <= high]
    assert [float(shown(at).replace(",", "")) for at in places] == pytest.approx(places)  # pyright: ignore[reportUnknownMemberType]


def test_a_part_of_a_history_begins_with_the_balance_that_it_found() -> None:
    whole = history("1000", "100", "-50", "200", every=timedelta(days=1))
    opening = sum((deal.result for deal in whole[:2]), Decimal(0))
    sums = sums_of(opening, [CountedDeal(deal) for deal in whole[2:]])
    assert (opening, sums.figures.balance, sums.figures.net_profit) == (1100, 1250, 150)
    assert sums.days[0].opening == 1100
    assert sums.figures.drawdown is not None
    assert sums.figures.drawdown.maximal.amount == 50


def test_what_does_not_fit_is_one_line_and_nothing_is_lost() -> None:
    symbols = page().symbols
    assert len(symbols) == PARTS_MAX
    assert symbols[-1].name == "2 others"
    assert sum(int(one.trades) for one in symbols) == KNOWN.sums.figures.trades


def test_delays_are_told_by_rank_and_those_that_nobody_knows_are_not() -> None:
    owner = page().delays[1]
    # 5 to 54 seconds, and 5 to 14 once more: the 30th and the 54th of 60.
    assert (owner.who, owner.middle, owner.most) == ("Owner", "24.0 s", "48.0 s")
    nobody = page(replace(KNOWN, courses=[], prices=[]))
    assert {(one.middle, one.most) for one in nobody.delays} == {("-", "-")}
    assert nobody.fills == ""


def test_readings_tell_the_curve_only_if_they_begin_with_the_trades() -> None:
    def read(start: datetime) -> list[EquityPoint]:
        return [EquityPoint(start + timedelta(hours=at), 1.0, 2.0) for at in range(3)]

    early, late = read(START), read(START + timedelta(days=3))
    assert page(replace(KNOWN, readings=early)).points == early
    daily = page(replace(KNOWN, readings=late))
    assert daily.curve == "Balance, day by day"
    assert daily.points[-1].balance == float(KNOWN.sums.figures.balance)


def test_a_history_of_many_years_is_thinned_and_no_payment_is_lost() -> None:
    points = [EquityPoint(START + timedelta(days=at), 1.0, 1.0, 2.0) for at in range(12_000)]
    thinned = page(replace(KNOWN, readings=points)).points
    assert len(thinned) <= 5000
    assert thinned[-1].time == points[-1].time
    assert sum(point.payment for point in thinned) == 24_000


@pytest.mark.parametrize(
    ("report", "field"),
    [
        (replace(page(), points=[]), "points"),
        (replace(page(), tiles=[Tile("", "")] * 7), "tiles"),
        (replace(page(), years=[*page().years] * 3), "years"),
        (replace(page(), title="x" * 81), "title"),
        (replace(page(), subtitle="a\nb"), "subtitle"),
    ],
)
def test_what_cannot_be_drawn_is_named(report: Report, field: str) -> None:
    with pytest.raises(SpecInvalid) as refused:
        check_report(report)
    assert refused.value.field == field


def test_a_page_in_place_of_one_that_was_not_drawn_is_a_whole_pdf() -> None:
    made = placeholder_page(PAGE, LIGHT)
    table = made.index(b"xref\n")
    assert made.endswith(b"startxref\n%d\n%%%%EOF\n" % table)
    places = [int(line[:10]) for line in made[table:].splitlines()[3:7]]
    assert [made[at : at + 7] for at in places] == [b"%d 0 obj" % n for n in range(1, 5)]


if __name__ == "__main__":
    # python -m tests.unit.test_charts_report_pages writes the references anew: look at them.
    for name, draw in PICTURES.items():
        (REFERENCES / f"{name}.png").write_bytes(draw())
