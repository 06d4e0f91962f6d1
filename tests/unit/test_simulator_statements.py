"""The simulator's arithmetic against statements, to the cent."""

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.catalogue import CATALOGUE
from mt5_simulator.broker.codes import Action, DealType, Entry, MarginMode, OrderType
from mt5_simulator.broker.prices import Walk
from mt5_simulator.broker.records import Deal, Request
from mt5_simulator.clock import VirtualClock
from mt5_simulator.command.main import main
from mt5_simulator.simulation import simulate
from mt5_simulator.statements.reading import Statement, read_statement
from mt5_simulator.statements.replaying import Verdict, commission_rates, replayed, unbalanced
from mt5_simulator.statements.tables import StatementUnreadable
from tests.fixtures.real_data import real_files
from tests.fixtures.statements import as_html, as_spreadsheet, report_rows

D = Decimal
SYMBOLS = {symbol.name: symbol for symbol in CATALOGUE}
HEDGING = {"Account": "1000001 (USD, Sim-Demo, demo, Hedge)"}
NETTING = {"Account": "1000001 (USD, Sim-Demo, demo, Netting)"}
AGREED = {Verdict.SAME, Verdict.SAME_FOR_ONE, Verdict.SAME_WITHIN_SPREAD}


def deal(number: int, text: str) -> list[str]:
    """Return a row: "symbol type direction volume price commission profit balance"."""
    symbol, kind, direction, volume, price, commission, profit, balance = text.split()
    return [
        *(f"2026.03.02 10:00:{number:02}", str(number), symbol, kind, direction, volume, price),
        *(str(number), commission, "0.00", "0.00", profit, balance.replace("_", " "), ""),
    ]


DEPOSIT = [
    *("2026.03.02 09:00:00", "1", "", "balance", "", "", "", ""),
    *("0.00", "", "0.00", "3 000.00", "3 000.00", ""),
]
# A partial close, a loss, two positions that one deal may have closed, and gold.
TRADES = [
    "EURUSD buy in 0.30 1.08510 -1.05 0.00 2_998.95",
    "EURUSD sell out 0.10 1.08745 -0.35 23.50 3_022.10",
    "EURUSD sell out 0.20 1.08400 -0.70 -22.00 2_999.40",
    "EURUSD sell in 0.10 1.08400 -0.35 0.00 2_999.05",
    "EURUSD sell in 0.10 1.08300 -0.35 0.00 2_998.70",
    "EURUSD buy out 0.10 1.08000 -0.35 30.00 3_028.35",
    "XAUUSD buy in 0.02 2350.25 0.00 0.00 3_028.35",
    "XAUUSD sell out 0.02 2351.80 0.00 3.10 3_031.45",
]


def written(
    trades: Sequence[str],
    facts: dict[str, str] = HEDGING,
    save: Callable[[Sequence[Sequence[str]]], bytes] = as_html,
) -> bytes:
    rows = [deal(number, text) for number, text in enumerate(trades, start=2)]
    return save(report_rows(facts, [DEPOSIT, *rows]))


def verdicts(statement: Statement) -> list[Verdict]:
    return [finding.verdict for finding in replayed(statement, SYMBOLS)]


@pytest.mark.parametrize("save", [as_html, as_spreadsheet])
def test_every_profit_and_balance_of_a_statement_is_computed_to_the_cent(
    save: Callable[[Sequence[Sequence[str]]], bytes],
) -> None:
    statement = read_statement(written(TRADES, save=save))

    assert verdicts(statement) == [
        *(Verdict.SAME, Verdict.SAME, Verdict.SAME_FOR_ONE, Verdict.SAME)
    ]
    assert unbalanced(statement) == []
    assert (statement.currency, len(statement.deals)) == ("USD", 9)


@pytest.mark.parametrize("cents", ["0.01", "-0.01"])
def test_one_wrong_cent_is_found(cents: str) -> None:
    wrong = D("23.50") + D(cents)
    statement = read_statement(written([TRADES[0], TRADES[1].replace("23.50", str(wrong))]))

    (finding,) = replayed(statement, SYMBOLS)

    assert (finding.verdict, finding.deal.profit) == (Verdict.DIFFERENT, wrong)
    assert finding.computed == D("23.50")
    assert [deal.ticket for deal in unbalanced(statement)] == [3]


def test_a_netting_statement_averages_and_reverses() -> None:
    statement = read_statement(
        written(
            [
                "EURUSD buy in 0.10 1.08500 0.00 0.00 3_000.00",
                "EURUSD buy in 0.20 1.08800 0.00 0.00 3_000.00",
                "EURUSD sell in/out 0.50 1.08900 0.00 60.00 3_060.00",
                "EURUSD buy out 0.20 1.08800 0.00 20.00 3_080.00",
            ],
            NETTING,
        )
    )

    assert statement.nets
    assert verdicts(statement) == [Verdict.SAME, Verdict.SAME]


def test_yen_are_turned_into_dollars_at_the_price_they_were_made_at() -> None:
    # 0.500 yen x 100,000 / 150.000 and, three points of spread away, / 150.003
    trades = ["USDJPY buy in 1.00 149.500 0.00 0.00 3_000.00"]
    exact = read_statement(written([*trades, "USDJPY sell out 1.00 150.000 0.00 333.33 3_333.33"]))
    asked = read_statement(written([*trades, "USDJPY sell out 1.00 150.000 0.00 333.32 3_333.32"]))
    wrong = read_statement(written([*trades, "USDJPY sell out 1.00 150.000 0.00 333.20 3_333.20"]))

    assert [verdicts(statement) for statement in (exact, asked, wrong)] == [
        *([Verdict.SAME], [Verdict.SAME_WITHIN_SPREAD], [Verdict.DIFFERENT])
    ]


def test_what_a_statement_does_not_hold_is_said_and_not_guessed() -> None:
    statement = read_statement(
        written(
            [
                "EURUSD buy in 0.10 1.08500 0.00 0.00 3_000.00",
                "EURUSD sell out 0.10 1.08600 0.00 8.55 3_008.55",
                "NOSUCH buy in 1.00 10 0.00 0.00 3_008.55",
                "NOSUCH sell out 1.00 11 0.00 1.00 3_009.55",
                "GBPUSD sell out 0.10 1.27000 0.00 7.00 3_016.55",
            ],
            {"Account": "1000001 (PLN, Sim-Demo, demo, Hedge)"},
        )
    )

    assert verdicts(statement) == [
        *(Verdict.RATE_UNKNOWN, Verdict.SYMBOL_UNKNOWN, Verdict.NOTHING_OPEN)
    ]


def test_the_tester_s_pips_are_points_times_lots() -> None:
    statement = read_statement(
        written(
            [
                "XAUUSD buy in 0.01 1558.485 0.00 0.00 3_000.00",
                "XAUUSD sell out 0.01 1558.135 0.00 -3.50 2_996.50",
            ],
            {"Currency": "profit in pips"},
        )
    )

    assert statement.counts_points
    assert verdicts(statement) == [Verdict.SAME]


def test_a_commission_is_one_rate_for_every_lot_or_none() -> None:
    fair = read_statement(written(TRADES))
    odd = read_statement(written([*TRADES, "EURUSD buy in 0.10 1.08000 -0.90 0.00 0.00"]))

    assert commission_rates(fair)["EURUSD", "in"] == D("-3.5")
    assert commission_rates(fair)["XAUUSD", "out"] == 0
    assert commission_rates(odd)["EURUSD", "in"] is None


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"\xff\xfe\x00", b"<table><tr><td>Time</td></tr></table>", b"\xff\xff"],
)
def test_what_is_no_report_is_refused(content: bytes) -> None:
    with pytest.raises(StatementUnreadable):
        read_statement(content)


def test_a_spreadsheet_that_defines_entities_is_refused() -> None:
    bomb = as_spreadsheet([["x"]], prologue='<!DOCTYPE x [<!ENTITY y "z">]>')

    with pytest.raises(StatementUnreadable, match="entities"):
        read_statement(bomb)


def test_the_command_says_how_a_report_compares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(written(TRADES))
    assert main(["statement", str(file)]) == 0
    assert "same for one of several  1" in capsys.readouterr().out

    file.write_bytes(written([TRADES[0], TRADES[1].replace("23.50", "23.51")]))
    assert main(["statement", str(file), "--json"]) == 1

    told = json.loads(capsys.readouterr().out)
    assert told["different"] == [{"deal": 3, "stated": "23.51", "computed": "23.50"}]
    assert told["unbalanced"] == [3]


def a_run(seed: int, mode: MarginMode) -> bytes:
    """Return the report of an account that traded at random for a day."""
    clock = VirtualClock()
    terms = Terms(login=1, margin_mode=mode, commission_per_lot=D("3.5"))
    terminal = simulate([terms], deposit=D(100_000), clock=clock, feed=Walk(seed))
    broker, choose = terminal.broker, random.Random(seed)  # noqa: S311  # a simulation
    for _ in range(60):
        terminal.advance()
        symbol = choose.choice(["EURUSD", "GBPUSD", "USDJPY"])
        filling = 1 if symbol == "USDJPY" else 0
        held = [p for p in terminal.account.positions.values() if p.symbol == symbol]
        request = Request(symbol=symbol, type_filling=filling, action=Action.DEAL)
        volume = D(choose.randrange(1, 50)) / 100
        fields: dict[str, object] = {"type": choose.randrange(2), "volume": volume}
        if held and mode is MarginMode.HEDGING and choose.random() < 0.6:
            position = choose.choice(held)
            fields = {
                "type": OrderType(position.side.opposite.value),
                "volume": min(position.volume, volume),
                "position": position.ticket,
            }
        broker.send(1, replace_fields(request, fields))
        clock.advance(timedelta(seconds=choose.randrange(600)))
    facts = HEDGING if mode is MarginMode.HEDGING else NETTING
    return as_html(report_rows(facts, rows_of(list(terminal.account.deals.values()))))


def replace_fields(request: Request, fields: dict[str, object]) -> Request:
    return replace(request, **fields)  # pyright: ignore[reportArgumentType]  # by name


def rows_of(deals: Sequence[Deal]) -> list[list[str]]:
    directions = {Entry.IN: "in", Entry.OUT: "out", Entry.INOUT: "in/out", Entry.OUT_BY: "out by"}
    balance, rows = D(0), list[list[str]]()
    for booked in deals:
        balance += booked.amount
        traded = booked.type in {DealType.BUY, DealType.SELL}
        rows.append(
            [
                f"{booked.time:%Y.%m.%d %H:%M:%S}",
                str(booked.ticket),
                booked.symbol,
                booked.type.name.lower(),
                directions[booked.entry] if traded else "",
                *((str(booked.volume), str(booked.price)) if traded else ("", "")),
                str(booked.order),
                *(str(amount) for amount in (booked.commission, booked.fee, booked.swap)),
                str(booked.profit),
                f"{balance:,.2f}".replace(",", " "),
                "",
            ]
        )
    return rows


@pytest.mark.parametrize("mode", [MarginMode.HEDGING, MarginMode.NETTING])
def test_a_report_of_the_simulator_s_own_agrees_with_itself(mode: MarginMode) -> None:
    statement = read_statement(a_run(11, mode))

    told = Counter(verdicts(statement))

    assert sum(told.values()) > 15
    assert set(told) <= AGREED, told
    assert unbalanced(statement) == []
    assert set(commission_rates(statement).values()) == {D("-3.5")}


@pytest.mark.parametrize(
    "content",
    [written(TRADES), *(file.read_bytes() for file in real_files("reports/0[2-4]_*/original.*"))],
    ids=len,
)
def test_every_statement_there_is_agrees_to_the_cent(content: bytes) -> None:
    statement = read_statement(content)

    told = Counter(verdicts(statement))

    assert set(told) <= AGREED, told
    assert unbalanced(statement) == []
