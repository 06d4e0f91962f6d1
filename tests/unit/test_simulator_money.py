"""Margin, profit, swaps and the balance, to the cent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType

import pytest

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.catalogue import CATALOGUE, EURUSD, US30, USDJPY, XAUUSD
from mt5_simulator.broker.codes import CalcMode, DealType, Retcode, Side, SwapMode
from mt5_simulator.broker.money import Rates, RoundTrip, margin, profit
from mt5_simulator.broker.prices import Quote
from mt5_simulator.broker.records import Request
from mt5_simulator.broker.rollover import nights_of
from mt5_simulator.broker.symbols import Symbol
from mt5_simulator.face import constants
from mt5_simulator.simulation import simulate
from mt5_simulator.terminal.terminal import Terminal

D = Decimal
BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 1.0, "type_filling": 0}
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)

CONTRACT = replace(EURUSD, contract_size=D(10), digits=2, tick_size=D("0.5"), tick_value=D(5))


def of_mode(mode: CalcMode, **changes: Decimal) -> Symbol:
    return replace(CONTRACT, calc_mode=mode, **changes)  # pyright: ignore[reportArgumentType]  # Decimals only


MARGINS = [
    (of_mode(CalcMode.FOREX), "0.2"),  # 2 lots x 10 / 100
    (of_mode(CalcMode.FOREX, margin_initial=D(1000)), "20"),  # 2 x 1000 / 100
    (of_mode(CalcMode.FOREX_NO_LEVERAGE), "20"),  # 2 x 10
    (of_mode(CalcMode.CFD), "1000"),  # 2 x 10 x 50
    (of_mode(CalcMode.CFD, margin_rate=D("0.1")), "100"),
    (of_mode(CalcMode.CFDLEVERAGE), "10"),  # 2 x 10 x 50 / 100
    (of_mode(CalcMode.CFDINDEX), "10000"),  # 2 x 10 x 50 x 5 / 0.5
    (of_mode(CalcMode.CFDINDEX, tick_value=D(0)), "1000"),
    (of_mode(CalcMode.FUTURES, margin_initial=D(300)), "600"),  # 2 x 300
    (of_mode(CalcMode.EXCH_FUTURES, margin_initial=D(300)), "600"),
    (of_mode(CalcMode.EXCH_STOCKS), "1000"),
    (of_mode(CalcMode.EXCH_STOCKS_MOEX), "1000"),
    (of_mode(CalcMode.EXCH_BONDS, face_value=D(1000)), "10000"),  # 2 x 10 x 1000 x 50%
    (of_mode(CalcMode.EXCH_BONDS_MOEX, face_value=D(1000)), "10000"),
    (of_mode(CalcMode.EXCH_OPTIONS, margin_initial=D(300)), "600"),
    (of_mode(CalcMode.EXCH_OPTIONS_LISTED, margin_initial=D(300)), "600"),
    (of_mode(CalcMode.EXCH_OPTIONS_MARGIN, margin_initial=D(300)), "600"),
    (of_mode(CalcMode.SERV_COLLATERAL), "0"),
]


@pytest.mark.parametrize(("symbol", "expected"), MARGINS)
def test_margin_follows_the_way_a_symbol_is_computed(symbol: Symbol, expected: str) -> None:
    assert margin(symbol, volume=D(2), price=D(50), leverage=100) == D(expected)


PROFITS = [
    (of_mode(CalcMode.FOREX), "20"),  # 1.0 x 10 x 2
    (of_mode(CalcMode.FOREX_NO_LEVERAGE), "20"),
    (of_mode(CalcMode.CFDINDEX), "20"),
    (of_mode(CalcMode.CFDLEVERAGE), "20"),
    (of_mode(CalcMode.CFD), "20"),
    (of_mode(CalcMode.EXCH_STOCKS), "20"),
    (of_mode(CalcMode.FUTURES), "20"),  # 1.0 / 0.5 x 5 x 2
    (of_mode(CalcMode.EXCH_FUTURES), "20"),
    (of_mode(CalcMode.EXCH_BONDS, face_value=D(1000)), "200"),  # 1% x 1000 x 10 x 2
    (of_mode(CalcMode.EXCH_BONDS_MOEX, face_value=D(1000)), "200"),
    (of_mode(CalcMode.EXCH_STOCKS_MOEX), "20"),
    (of_mode(CalcMode.EXCH_OPTIONS), "20"),
    (of_mode(CalcMode.EXCH_OPTIONS_LISTED), "20"),
    (of_mode(CalcMode.EXCH_OPTIONS_MARGIN), "20"),
    (of_mode(CalcMode.SERV_COLLATERAL), "0"),
]


@pytest.mark.parametrize(("symbol", "expected"), PROFITS)
def test_profit_follows_the_way_a_symbol_is_computed(symbol: Symbol, expected: str) -> None:
    trip = RoundTrip(Side.BUY, D(2), D(50), D(51))

    assert profit(symbol, trip) == D(expected)
    assert profit(symbol, replace(trip, side=Side.SELL)) == -D(expected)


def test_every_way_to_compute_a_symbol_is_tried() -> None:
    known = {
        value for name, value in vars(constants).items() if name.startswith("SYMBOL_CALC_MODE_")
    }
    for cases in (MARGINS, PROFITS):
        assert {symbol.calc_mode for symbol, _ in cases} == set(CalcMode)
    assert set(CalcMode) == known | {CalcMode.EXCH_OPTIONS_LISTED}


@pytest.mark.mt5(deposit=850)
def test_a_position_may_be_held_for_less_than_it_took_to_open(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    future = replace(
        US30, calc_mode=CalcMode.FUTURES, margin_initial=D(400), margin_maintenance=D(250)
    )
    mt5_terminal.broker.market.replace_symbol("US30", replace(future, margin_rate=D(1)))
    assert mt5.initialize()
    lot = {"action": 1, "type": 0, "symbol": "US30", "volume": 1.0, "type_filling": 1}

    assert mt5.order_calc_margin(0, "US30", 1.0, 39500.0) == 400.0
    assert [mt5.order_send(lot).retcode for _ in range(3)] == [
        *(mt5.TRADE_RETCODE_DONE, mt5.TRADE_RETCODE_DONE, mt5.TRADE_RETCODE_NO_MONEY)
    ]
    assert mt5.account_info().margin == 500.0


def rates() -> Rates:
    symbols = {symbol.name: symbol for symbol in CATALOGUE}
    quotes = {
        "EURUSD": Quote("EURUSD", MONDAY, D("1.0800"), D("1.0802")),
        "USDJPY": Quote("USDJPY", MONDAY, D("150.00"), D("150.02")),
    }
    return Rates(symbols, quotes)


@pytest.mark.parametrize(
    ("amount", "source", "target", "expected"),
    [
        ("100", "EUR", "USD", "108"),  # sold at the bid
        ("-100", "EUR", "USD", "-108.02"),  # bought back at the ask
        ("150.02", "JPY", "USD", "1"),
        ("-150", "JPY", "USD", "-1"),
        ("1.0802", "USD", "EUR", "1"),
        ("7", "USD", "USD", "7"),
        ("1", "EUR", "JPY", "162"),  # over the dollar
    ],
)
def test_money_is_converted_at_the_worse_side(
    amount: str, source: str, target: str, expected: str
) -> None:
    assert rates().convert(D(amount), source, target) == D(expected)


def test_money_that_no_price_connects_is_not_converted() -> None:
    assert rates().convert(D(1), "CHF", "USD") is None
    assert rates().convert(D(1), "XAU", "USD") is None  # gold is no currency pair here


@pytest.mark.mt5(currency="EUR")
def test_profit_in_yen_reaches_an_account_in_euro(mt5: ModuleType) -> None:
    assert mt5.initialize()
    yen = Decimal(1) * 100_000
    dollars = yen / D("147.968")
    euros = dollars / D("1.08510")

    assert mt5.order_calc_profit(0, "USDJPY", 1.0, 150.0, 151.0) == float(round(euros, 2))


def test_a_symbol_nothing_converts_cannot_be_traded(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    francs = replace(EURUSD, currency_profit="CHF", currency_margin="CHF")
    mt5_terminal.broker.change_symbol("EURUSD", francs)
    assert mt5.initialize()

    assert mt5.order_calc_margin(0, "EURUSD", 1.0, 1.1) is None
    assert mt5.order_send({**BUY, "volume": 0.01}).retcode == mt5.TRADE_RETCODE_NO_MONEY


def cross(name: str, **changes: str) -> Symbol:
    """Return a pair of one's own: the base, profit and margin currencies are in its name."""
    base, quoted = name[:3], name[3:]
    currencies = {"currency_base": base, "currency_profit": quoted, "currency_margin": base}
    return replace(EURUSD, name=name, **currencies, **changes)


def test_a_cross_of_one_s_own_is_turned_over_the_one_pair_beside_it() -> None:
    terminal = simulate(symbols=[EURUSD, cross("EURGBP")])  # pounds over euro into dollars
    market = terminal.broker.market

    pounds = market.rates.convert(D(1085), "GBP", "USD")

    assert pounds == D(1085) / D("1.08510") * D("1.08500")
    request = Request(symbol="EURGBP", volume=D("0.1"))
    assert terminal.broker.send(terminal.login, request).retcode == Retcode.DONE


@pytest.mark.parametrize(
    ("currency", "symbols", "missing"),
    [
        ("USD", [cross("EURGBP")], "EURGBP .* GBP into USD; add one, such as USDGBP"),
        ("CHF", CATALOGUE, "EURUSD .* USD into CHF"),
    ],
)
def test_a_broker_that_cannot_turn_a_symbol_s_money_is_refused(
    currency: str, symbols: Sequence[Symbol], missing: str
) -> None:
    with pytest.raises(ValueError, match=missing):
        simulate([Terms(login=1, currency=currency)], symbols=symbols)


@pytest.mark.parametrize(
    ("symbol", "weekday", "nights"),
    [
        (EURUSD, 0, 1),
        (EURUSD, 2, 3),  # Wednesday stands in for the weekend
        (EURUSD, 4, 1),
        (EURUSD, 5, 0),
        (EURUSD, 6, 0),
        (replace(EURUSD, swap_triple_day=5), 4, 3),
    ],
)
def test_a_night_counts_once_or_three_times(symbol: Symbol, weekday: int, nights: int) -> None:
    assert nights_of(symbol, MONDAY.replace(day=2 + weekday)) == nights


NIGHT = 12 * 3600.0


@pytest.mark.parametrize(
    ("mode", "rate", "swap"),
    [
        (SwapMode.POINTS, "-11", -33.0),  # 11 points x 1 dollar x 3 nights
        (SwapMode.CURRENCY_DEPOSIT, "-2", -6.0),
        (SwapMode.CURRENCY_SYMBOL, "-2", -6.51),  # 6 euro, bought at 1.0851
        (SwapMode.CURRENCY_MARGIN, "-2", -6.51),
        (SwapMode.INTEREST_CURRENT, "-3.6", -32.55),  # 1% a year / 100 days... of 108,500 x 3
        (SwapMode.INTEREST_OPEN, "-3.6", -32.55),
        (SwapMode.DISABLED, "-11", 0.0),
    ],
)
def test_a_wednesday_night_costs_three_swaps(  # one case
    mt5: ModuleType, mt5_terminal: Terminal, mode: SwapMode, rate: str, swap: float
) -> None:
    changed = replace(EURUSD, swap_mode=mode, swap_long=D(rate))
    mt5_terminal.broker.market.replace_symbol("EURUSD", changed)
    assert mt5.initialize()
    ticket = mt5.order_send(BUY).order

    mt5_terminal.clock.wait(NIGHT)

    (position,) = mt5.positions_get()
    assert position.swap == pytest.approx(swap, abs=0.01)
    assert mt5.account_info().balance == 10000.0  # booked when the position closes
    mt5.order_send({**BUY, "type": 1, "position": ticket})
    assert mt5.history_deals_get(position=ticket)[-1].swap == position.swap
    assert mt5.account_info().balance == pytest.approx(9990.0 + position.swap)


def test_a_swap_by_reopening_changes_the_ticket_and_the_price(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    changed = replace(EURUSD, swap_mode=SwapMode.REOPEN_CURRENT, swap_long=D(-10))
    mt5_terminal.broker.market.replace_symbol("EURUSD", changed)
    assert mt5.initialize()
    ticket = mt5.order_send(BUY).order

    mt5_terminal.clock.wait(NIGHT)

    (position,) = mt5.positions_get()
    assert position.ticket != ticket
    assert position.identifier == ticket
    assert position.price_open == 1.0854  # three nights of ten points dearer
    gone = mt5.order_send({**BUY, "type": 1, "position": ticket})
    assert gone.retcode == mt5.TRADE_RETCODE_POSITION_CLOSED


def test_a_partial_close_takes_its_share_of_the_swap(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    assert mt5.initialize()
    ticket = mt5.order_send(BUY).order
    mt5_terminal.clock.wait(NIGHT)

    mt5.order_send({**BUY, "type": 1, "volume": 0.33, "position": ticket})

    assert mt5.history_deals_get(position=ticket)[-1].swap == -10.89
    assert mt5.positions_get()[0].swap == -22.11


@pytest.mark.parametrize(
    "kind", [DealType.BALANCE, DealType.DIVIDEND, DealType.CHARGE, DealType.TAX]
)
def test_money_booked_without_a_trade_is_a_deal_of_its_kind(
    mt5: ModuleType, mt5_terminal: Terminal, kind: DealType
) -> None:
    assert mt5.initialize()
    mt5_terminal.broker.transfer(1_000_001, D("-12.345"), kind=kind, comment="why")

    deal = mt5.history_deals_get(0, 2**31 - 1)[-1]
    assert (deal.type, deal.profit, deal.symbol, deal.comment) == (kind, -12.34, "", "why")
    assert mt5.account_info().balance == 9987.66


def test_credit_counts_for_equity_and_not_for_the_balance(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    assert mt5.initialize()
    mt5_terminal.broker.transfer(1_000_001, D(500), kind=DealType.CREDIT)

    account = mt5.account_info()
    assert (account.balance, account.credit, account.equity) == (10000.0, 500.0, 10500.0)


def test_gold_earns_a_hundred_dollars_per_dollar_and_lot(mt5: ModuleType) -> None:
    assert mt5.initialize()

    assert mt5.order_calc_profit(0, "XAUUSD", 0.01, 2350.0, 2351.0) == 1.0
    assert mt5.symbol_info("XAUUSD").trade_tick_value == 1.0
    assert XAUUSD.contract_size == 100
    assert USDJPY.point == D("0.001")
