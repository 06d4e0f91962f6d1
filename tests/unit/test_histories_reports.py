"""Reports that MetaTrader saved are read in any language, to the digit; what is none is refused."""

import gzip
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, strategies as st

from countersign_server.analytics.history import DealEntry, DealKind
from countersign_server.analytics.printed import printed
from countersign_server.analytics.trade_figures import figures_of
from countersign_server.errors import Invalid
from countersign_server.histories import report_rows, spreadsheet
from countersign_server.histories.report import Report, read_report
from countersign_server.history_errors import (
    ReportCurrencyUnknown,
    ReportTooLarge,
    ReportUnreadable,
)
from tests.fixtures.histories import history
from tests.fixtures.real_data import real_files
from tests.fixtures.statements import HEADS, as_html, as_spreadsheet

REPORTS = real_files("reports/*/original.html")
# A tester counts them from equity, which deals alone cannot tell.
FROM_EQUITY = {"Recovery Factor", "Sharpe Ratio"}
TEN = ("50", "-20", "-30", "0", "40", "-10", "-10", "25", "-60", "80")
ENGLISH = ("Trade History Report", "Account:", "1000001 (USD, Sim-Demo, demo, Hedge)", HEADS)
GERMAN = (
    *("Bericht der Handelshistorie", "Konto:", "1000001 (USD, Sim-Demo, demo, Hedge)"),
    (
        *("Zeit", "Deal", "Symbol", "Typ", "Richtung", "Volumen", "Preis", "Auftrag"),
        *("Kommission", "Gebühr", "Swap", "Gewinn", "Kontostand", "Kommentar"),
    ),
)
RUSSIAN = (
    *("Отчет тестера стратегий", "Валюта:", "USD"),
    (
        *("Время", "Сделка", "Символ", "Тип", "Направление", "Объем", "Цена", "Ордер"),
        *("Комиссия", "Сборы", "Своп", "Прибыль", "Баланс", "Комментарий"),
    ),
)
Language = tuple[str, str, str, Sequence[str]]


def rows_of_deals(results: Sequence[str] = TEN, deposit: str = "1 000.00") -> list[list[str]]:
    """Return the history of `history("1000", *results)` as a report writes it."""
    balance = Decimal(deposit.replace(" ", ""))
    written = [["2026.01.05 10:00:00", "1", "", "balance", "", "", "", "", "", "", "", deposit]]
    written[0] += [deposit, "initial"]
    for deal in history("1000", *results)[1:]:
        balance += deal.result
        written.append(
            [
                deal.time.strftime("%Y.%m.%d %H:%M:%S"),
                *(str(deal.ticket), deal.symbol, str(deal.kind), "out", "0.1", "1.0845", "7"),
                *("0.00", "0.00", "0.00", f"{deal.profit:,.2f}".replace(",", "\N{NO-BREAK SPACE}")),
                *(f"{balance:,.2f}".replace(",", " "), "tp 1.1 & <more>"),
            ]
        )
    return written


def a_report(
    deals: Sequence[Sequence[str]] | None = None, language: Language = ENGLISH
) -> list[Sequence[str]]:
    title, label, value, heads = language
    written = rows_of_deals() if deals is None else deals
    return [*([title], [label, value], ["Deals"], list(heads), *written, [], ["Balance:", "0.00"])]


def told(report: Report) -> dict[str, str]:
    return dict(printed(figures_of(report.deals)))


@pytest.mark.parametrize("path", [*REPORTS, None], ids=lambda path: path and path.parent.name)
def test_the_figures_of_a_report_are_those_that_it_prints(path: Path | None) -> None:
    if path is None:
        ours, theirs = (
            told(read_report(as_html(a_report()))),
            printed(figures_of(history("1000", *TEN))),
        )
    else:
        ours = told(read_report(path.read_bytes()))
        statistics = json.loads((path.parent / "stats.json").read_text(encoding="utf-8"))
        theirs = statistics["statistics_as_printed"]
        ours = {label: text for label, text in ours.items() if label not in FROM_EQUITY}
    assert ours == {label: theirs[label] for label in ours}


def gzipped(rows: Sequence[Sequence[str]]) -> bytes:
    return gzip.compress(as_html(rows))


@pytest.mark.parametrize("language", [ENGLISH, GERMAN, RUSSIAN], ids=lambda one: one[0])
@pytest.mark.parametrize("save", [as_html, as_spreadsheet, gzipped])
def test_a_report_says_the_same_in_every_language_and_form(
    language: Language, save: Callable[[Sequence[Sequence[str]]], bytes]
) -> None:
    report = read_report(save(a_report(language=language)))

    assert (report.title, report.currency) == (language[0], "USD")
    assert told(report) == told(read_report(as_html(a_report())))


def without(column: int, rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[*row[:column], *row[column + 1 :]] for row in rows]


def test_an_older_report_has_no_fees_and_a_newer_one_costs() -> None:
    with_costs = [[*row[:8], "3.00", *row[8:]] for row in rows_of_deals()]
    older = a_report(without(9, rows_of_deals()), (*ENGLISH[:3], without(9, [HEADS])[0]))
    newer = a_report(with_costs, (*ENGLISH[:3], [*HEADS[:8], "Cost", *HEADS[8:]]))

    assert told(read_report(as_html(older))) == told(read_report(as_html(newer)))
    with pytest.raises(ReportUnreadable, match="row 4: the deals have 12 columns"):
        read_report(as_html(a_report(None, (*ENGLISH[:3], HEADS[:12]))))


def test_a_report_of_a_part_begins_with_what_was_there_before() -> None:
    later = read_report(as_html(a_report(rows_of_deals()[1:])))

    assert (later.deals[0].kind, later.deals[0].profit) == (DealKind.BALANCE, Decimal(1000))
    assert told(later) == told(read_report(as_html(a_report())))


def test_what_moves_only_the_balance_is_no_trade() -> None:
    rows = rows_of_deals(("10",))
    rows.append(
        [
            *("2026.02.01 00:00:00", "9", "", "monthly commission", "", "", "", ""),
            *("-5.00", "0.00", "0.00", "0.00", "1 005.00", ""),
        ]
    )

    deal = read_report(as_html(a_report(rows))).deals[-1]

    assert (deal.kind, deal.entry, deal.result) == (DealKind.OTHER, DealEntry.NONE, Decimal(-5))


def changed(number: int, column: int, text: str) -> list[list[str]]:
    """Return the deals with one cell written otherwise. The first deal is in row 5."""
    rows = rows_of_deals()
    rows[number][column] = text
    return rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (changed(3, 3, "kauf"), "row 8: a deal cannot be of the type 'kauf'"),
        (changed(3, 4, "raus"), "row 8: a deal cannot go 'raus'"),
        (changed(3, 2, "EU\0R"), "row 8: a symbol cannot hold the character NUL"),
        (changed(4, 11, "1e5"), "row 9: '1e5' is no number"),
        (changed(4, 11, "1,5"), "row 9: '1,5' is no number"),
        (changed(5, 0, "2026.13.41 10:00:00"), "row 10: '2026.13.41 10:00:00' is no time"),
        (changed(6, 11, "99.00"), "row 11: the balance after deal 7 is stated as"),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else "",
)
def test_a_row_that_cannot_be_right_is_named(rows: list[list[str]], message: str) -> None:
    with pytest.raises(ReportUnreadable) as refused:
        read_report(as_html(a_report(rows)))

    assert str(refused.value).startswith(message)
    assert refused.value.facts["row"] == message.partition(":")[0].removeprefix("row ")


@pytest.mark.parametrize("save", [as_html, as_spreadsheet])
def test_a_deal_before_there_were_any_or_after_tomorrow_is_refused(
    save: Callable[[Sequence[Sequence[str]]], bytes],
) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    first, last = "1990.01.01 00:00:00", "2026.03.03 12:00:00"
    for number, time in ((0, first), (-1, last)):
        assert read_report(save(a_report(changed(number, 0, time))), now=now).deals

    early, late = "1989.12.31 23:59:59", "2026.03.03 12:00:01"
    for number, time, row in ((0, early, 5), (-1, late, 15), (-1, "9999.12.31 00:00:00", 15)):
        with pytest.raises(ReportUnreadable, match=f"row {row}: no deal was made at '{time}'"):
            read_report(save(a_report(changed(number, 0, time))), now=now)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no report",
        b"<html></html>",
        b"\xff\xfe\x00",
        b"\xff\xfe\x00\xd8\x00\x00",
        b"PK\x03\x04 and no more",
        gzip.compress(as_html(a_report()))[:-9],
        gzip.compress(as_html(a_report())) + b"more",
        as_html([["Trade History Report"], ["Deals"], [*HEADS]]),
    ],
)
def test_what_is_no_report_is_refused(content: bytes) -> None:
    with pytest.raises(ReportUnreadable):
        read_report(content)


def test_a_currency_that_the_report_does_not_name_is_the_callers() -> None:
    silent = as_html(a_report(language=("Report", "Konto:", "?", HEADS)))

    assert read_report(silent, currency="EUR").currency == "EUR"
    assert read_report(as_html(a_report()), currency="EUR").currency == "USD"
    with pytest.raises(ReportCurrencyUnknown):
        read_report(silent)


def test_a_tester_that_counts_points_has_no_money() -> None:
    in_pips = ("Strategy Tester Report", "Currency:", "profit in pips", HEADS)

    assert read_report(as_html(a_report(language=in_pips))).currency == "PIPS"


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    size = report_rows.UNPACKED_BYTES_MAX + 1

    for content in (gzip.compress(b" " * size), zipped(b" " * size), b"<tr>" + b" " * size):
        with pytest.raises(ReportTooLarge):
            read_report(content)


def zipped(sheet: bytes, texts: bytes = b"<sst/>") -> bytes:
    """Return a spreadsheet that holds nothing but its first sheet and the texts that it names."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr("xl/sharedStrings.xml", texts)
    return packed.getvalue()


def test_a_text_that_many_cells_name_is_kept_once() -> None:
    sheet = b"<worksheet><row>" + b'<c t="s"><v>0</v></c>' * 50 + b"</row></worksheet>"

    (cells,) = report_rows.rows_of(zipped(sheet, b"<sst><si><t> a  b </t></si></sst>"))

    assert cells == ["a b"] * 50
    assert len({id(cell) for cell in cells}) == 1


def test_a_spreadsheets_texts_are_cut_where_those_of_html_are() -> None:
    text = b"a" * 100_000
    sheet = b'<worksheet><row><c t="s"><v>0</v></c><c><v>%b</v></c></row></worksheet>' % text

    rows = report_rows.rows_of(zipped(sheet, b"<sst><si><t>%b</t></si></sst>" % text))

    assert rows == report_rows.rows_of(b"<tr><td>%b<td>%b" % (text, text))
    assert [len(cell) for cell in rows[0]] == [report_rows.CELL_LENGTH_MAX] * 2


def test_a_number_of_a_text_without_end_is_refused() -> None:
    sheet = b'<worksheet><row><c t="s"><v>%b</v></c></row></worksheet>' % (b"1" * 10_000)

    with pytest.raises(ReportUnreadable, match="row 1: a cell names a text that is not there"):
        read_report(zipped(sheet))


def test_a_spreadsheet_may_have_only_so_many_characters_and_cells() -> None:
    length = report_rows.CELL_LENGTH_MAX
    many = spreadsheet.CHARACTERS_MAX // length
    shared, value = b"<si><t>%b</t></si>" % (b"a" * length), b"<c><v>b</v></c>"
    last = b"<worksheet><row>%b</row></worksheet>"
    texts = b"<sst>" + shared * many + b"</sst>"
    assert report_rows.rows_of(zipped(last % b"", texts)) == [[]]
    for content in (
        zipped(last % value, texts),
        zipped(last % b"", b"<sst>" + shared * (many + 1) + b"</sst>"),
    ):
        with pytest.raises(ReportTooLarge, match="texts may have"):
            read_report(content)

    rows = b'<row><c r="BL1"/></row>' * (spreadsheet.CELLS_TOTAL_MAX // report_rows.CELLS_MAX)
    with pytest.raises(ReportTooLarge, match="cells"):
        read_report(zipped(b"<worksheet>" + rows + b"<row><c/></row></worksheet>"))


def test_rows_and_cells_without_end_are_refused() -> None:
    with pytest.raises(ReportTooLarge):
        read_report(b"<tr>" * (report_rows.ROWS_MAX + 1))
    with pytest.raises(ReportUnreadable, match="row 1: more than 64 cells"):
        read_report(b"<tr>" + b"<td>" * 65)
    with pytest.raises(ReportUnreadable, match="more than 64 cells"):
        read_report(zipped(b'<worksheet><row><c r="ZZ1"/></row></worksheet>'))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_spreadsheet_that_declares_a_document_type_is_refused(encoding: str) -> None:
    doctype = (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    )
    rows = "<row><c><v>&b;&c;</v></c></row>"
    sheet = f"{doctype}<worksheet><sheetData>{rows}</sheetData></worksheet>"

    with pytest.raises(ReportUnreadable, match="declares a document type"):
        read_report(zipped(sheet.encode(encoding)))


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"<tr>", b"PK\x03\x04", b"\x1f\x8b", b"\xff\xfe"]),
)
def test_whatever_the_bytes_are_they_are_read_or_refused(content: bytes, beginning: bytes) -> None:
    with pytest.raises(Invalid):
        read_report(beginning + content)


@given(st.data())
def test_a_report_with_any_byte_changed_is_read_or_refused(data: st.DataObject) -> None:
    save = data.draw(st.sampled_from([as_html, as_spreadsheet]))
    content = bytearray(save(a_report()))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ReportUnreadable, ReportTooLarge, ReportCurrencyUnknown):
        assert read_report(bytes(content)).deals


def test_time_grows_no_faster_than_the_file() -> None:
    """What has no end of a tag, a row or a cell is looked at once; twice would take hours."""
    for piece in (b"<", b"<tr", b"<td", b"<tr><td", b"&#", b"<tr><td>" + b"<b" * 100):
        with pytest.raises(Invalid):
            read_report(b"<tr><td>" + piece * (1_500_000 // len(piece)))
