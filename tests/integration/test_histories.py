"""A report that MetaTrader saved becomes a history with its figures; any history becomes a file."""

import csv
import gzip
import json
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import grpc
import pytest

from countersign.v1 import analytics_pb2, audit_pb2, histories_pb2 as pb
from countersign_server.analytics.history import DealEntry, DealKind, HistoryDeal
from countersign_server.histories.export import as_csv
from tests.fixtures.affiliates import trading
from tests.fixtures.histories import START
from tests.fixtures.real_data import real_files
from tests.fixtures.refusals import refusal
from tests.fixtures.statements import HEADS, as_html, as_spreadsheet
from tests.fixtures.waiting import until
from tests.fixtures.world import Owner, World, world

REPORTS = real_files("reports/*/original.html")
# A tester counts them from equity, which deals alone cannot tell.
FROM_EQUITY = {"Recovery Factor", "Sharpe Ratio"}
ROWS = [
    ["Trade History Report"],
    ["Account:", "1000001 (USD, Sim-Demo, demo, Hedge)"],
    ["Deals"],
    [*HEADS],
    ["2026.01.05 10:00:00", "1", "", "balance", *[""] * 7, "1 000.00", "1 000.00", ""],
    [
        *("2026.01.05 11:00:00", "2", "EURUSD", "buy", "in", "0.1", "1.0845", "7"),
        *("-0.70", "0.00", "0.00", "0.00", "999.30", ""),
    ],
    [
        *("2026.01.05 12:00:00", "3", "EURUSD", "sell", "out", "0.1", "1.0895", "8"),
        *("-0.70", "0.00", "0.00", "50.00", "1 048.60", "tp"),
    ],
]
REPORT = as_html(ROWS)


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as it:
        yield it


async def take_in(
    it: World, owner: Owner, content: bytes, name: str = "before"
) -> pb.ImportedHistory:
    request = pb.ImportHistoryRequest(name=name, content=content)
    return (await it.histories.ImportHistory(request, metadata=owner.metadata)).history


async def figures(it: World, owner: Owner, history: pb.ImportedHistory) -> dict[str, str]:
    answer = await it.analytics.GetStatistics(
        analytics_pb2.GetStatisticsRequest(history_id=history.history_id), metadata=owner.metadata
    )
    return {one.label: one.text for one in answer.statistics[0].printed}


async def export(it: World, owner: Owner, **asked: object) -> bytes:
    request = pb.ExportHistoryRequest()
    for name, value in asked.items():
        setattr(request, name, value)
    return bytes((await it.histories.ExportHistory(request, metadata=owner.metadata)).data)


def content_of(path: Path | None) -> bytes:
    return REPORT if path is None else path.read_bytes()


def printed_of(path: Path) -> dict[str, str]:
    statistics = json.loads((path.parent / "stats.json").read_text(encoding="utf-8"))
    return statistics["statistics_as_printed"]


@pytest.mark.parametrize("path", [*REPORTS, None], ids=lambda path: path and path.parent.name)
async def test_an_imported_report_has_the_figures_that_metatrader_printed(
    it: World, owner: Owner, path: Path | None
) -> None:
    content = content_of(path)

    ours = await figures(it, owner, await take_in(it, owner, gzip.compress(content)))

    if path is None:
        theirs = {"Total Net Profit": "48.60", "Gross Loss": "-0.70", "Total Trades": "1"}
    else:
        printed = printed_of(path)
        theirs = {label: printed[label] for label in ours if label not in FROM_EQUITY}
    assert {label: ours[label] for label in theirs} == theirs


async def test_the_same_file_is_the_same_history_compressed_or_not(it: World, owner: Owner) -> None:
    first = await take_in(it, owner, REPORT)
    again = await take_in(it, owner, gzip.compress(REPORT), name="another name")
    other = await take_in(it, owner, as_spreadsheet(ROWS))

    assert again == first
    assert (first.name, first.currency, first.deals) == ("before", "USD", 3)
    listed = await it.histories.ListHistories(pb.ListHistoriesRequest(), metadata=owner.metadata)
    assert list(listed.histories) == [other, first]
    told = await it.audit.ListAuditEntries(
        audit_pb2.ListAuditEntriesRequest(kind_prefix="history."), metadata=owner.metadata
    )
    assert [entry.subject for entry in told.entries] == [
        f"history:{one.history_id}" for one in (first, other)
    ]


async def test_a_report_from_the_future_is_refused(it: World, owner: Owner) -> None:
    late = [*ROWS[:-1], ["9999.12.31 00:00:00", *ROWS[-1][1:]]]

    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "REPORT_UNREADABLE"):
        await take_in(it, owner, as_html(late))


async def test_a_report_that_is_refused_leaves_nothing(it: World, owner: Owner) -> None:
    wrong = [*ROWS[:-1], [*ROWS[-1][:11], "51.00", *ROWS[-1][12:]]]

    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "REPORT_UNREADABLE"):
        await take_in(it, owner, as_html(wrong))

    listed = await it.histories.ListHistories(pb.ListHistoriesRequest(), metadata=owner.metadata)
    assert not listed.histories


async def test_what_one_took_in_nobody_else_sees(it: World, owner: Owner) -> None:
    bob = await it.an_owner("bob", 1000002)
    mine = await take_in(it, owner, REPORT)

    listed = await it.histories.ListHistories(pb.ListHistoriesRequest(), metadata=bob.metadata)
    assert not listed.histories
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await export(it, bob, history_id=mine.history_id, format=pb.EXPORT_FORMAT_CSV)
    assert (await take_in(it, bob, REPORT)).history_id != mine.history_id


async def test_a_history_goes_out_as_it_came_in(it: World, owner: Owner) -> None:
    history = await take_in(it, owner, REPORT)

    table = await export(it, owner, history_id=history.history_id, format=pb.EXPORT_FORMAT_CSV)
    again = await export(it, owner, history_id=history.history_id, format=pb.EXPORT_FORMAT_CSV)
    document = json.loads(
        await export(it, owner, history_id=history.history_id, format=pb.EXPORT_FORMAT_JSON)
    )

    assert again == table
    rows = list(csv.DictReader(StringIO(table.decode(), newline="")))
    assert [row["profit"] for row in rows] == ["1000", "0", "50"]
    assert rows[1]["time"] == "2026-01-05T11:00:00+00:00"
    assert document["deals"][2]["commission"] == "-0.7"
    assert document["printed"] == await figures(it, owner, history)


async def test_an_accounts_deals_go_out_as_they_were_counted(it: World, owner: Owner) -> None:
    async with trading(it, owner) as trader:
        ticket = await trader.trades("2")

    async def rows() -> list[dict[str, str]]:
        table = await export(it, owner, account_id=owner.account_id, format=pb.EXPORT_FORMAT_CSV)
        found = list(csv.DictReader(StringIO(table.decode(), newline="")))
        return found if len(found) == 2 else []

    (opened, closed) = await until(rows, "both deals are counted")

    assert (opened["entry"], opened["volume"]) == ("in", "2")
    assert (closed["ticket"], closed["profit"]) == (str(ticket), "40")


async def test_an_export_names_one_history(it: World, owner: Owner) -> None:
    for asked in ({}, {"account_id": owner.account_id, "history_id": owner.account_id}):
        with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
            await export(it, owner, format=pb.EXPORT_FORMAT_CSV, **asked)


def test_a_symbol_is_no_formula_to_a_spreadsheet() -> None:
    deal = HistoryDeal(1, START, DealKind.BUY, entry=DealEntry.IN, symbol="=1+1")

    assert b",'=1+1," in as_csv([deal])
