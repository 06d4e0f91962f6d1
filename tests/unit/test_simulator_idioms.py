"""How people write for the MetaTrader5 package, on the simulator: idioms of public scripts."""

from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from mt5_simulator.terminal.terminal import Terminal


def test_a_script_introduces_itself_and_its_terminal(mt5: ModuleType) -> None:
    assert mt5.__author__ == "MetaQuotes Ltd."
    assert mt5.__version__ == "5.0.6231"
    if not mt5.initialize(login=1000001, server="Sim-Demo", password="simulated"):  # noqa: S106
        pytest.fail(f"initialize() failed, error code = {mt5.last_error()}")
    major, build, released = mt5.version()
    assert (major, build > 4000, released) == (500, True, "21 Nov 2025")
    account = mt5.account_info()._asdict()
    assert {"login", "balance", "equity", "margin_free", "leverage"} <= set(account)
    assert mt5.terminal_info()._asdict()["connected"]
    mt5.shutdown()
    assert mt5.account_info() is None


def test_a_script_buys_as_the_reference_does(mt5: ModuleType) -> None:
    mt5.initialize()
    symbol, lot, deviation = "USDJPY", 0.1, 20
    info = mt5.symbol_info(symbol)
    if not info.visible and not mt5.symbol_select(symbol, True):  # noqa: FBT003
        pytest.fail("symbol_select() failed")
    point, price = info.point, mt5.symbol_info_tick(symbol).ask
    request = {
        "action": mt5.TRADE_ACTION_DEAL,
        "symbol": symbol,
        "volume": lot,
        "type": mt5.ORDER_TYPE_BUY,
        "price": price,
        "sl": price - 100 * point,
        "tp": price + 100 * point,
        "deviation": deviation,
        "magic": 234000,
        "comment": "python script open",
        "type_time": mt5.ORDER_TIME_GTC,
        "type_filling": _filling_by_check(mt5, symbol),
    }
    result = mt5.order_send(request)
    assert result.retcode == mt5.TRADE_RETCODE_DONE, result.comment
    told = result._asdict()
    assert told["request"]._asdict()["magic"] == 234000

    closing = {
        **request,
        "type": mt5.ORDER_TYPE_SELL,
        "position": result.order,
        "price": mt5.symbol_info_tick(symbol).bid,
        "sl": 0.0,
        "tp": 0.0,
    }
    assert mt5.order_send(closing).retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.positions_total() == 0


def _filling_by_check(mt5: ModuleType, symbol: str) -> int:
    """Return the first filling the terminal would take: what scripts do for want of a flag."""
    tick = mt5.symbol_info_tick(symbol)
    for filling in (mt5.ORDER_FILLING_FOK, mt5.ORDER_FILLING_IOC, mt5.ORDER_FILLING_RETURN):
        check = mt5.order_check(
            {
                "action": mt5.TRADE_ACTION_DEAL,
                "symbol": symbol,
                "volume": 0.01,
                "type": mt5.ORDER_TYPE_BUY,
                "price": tick.ask,
                "type_filling": filling,
            }
        )
        if check.retcode == 0:
            return filling
    raise AssertionError("no filling is taken")


def test_a_script_trails_its_stops(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    mt5.initialize()
    mt5.Buy("EURUSD", 0.1)
    broker = mt5_terminal.broker
    stops: list[float] = []
    for _ in range(5):
        quote = broker.market.quotes["EURUSD"]
        step = quote.bid / 1000
        broker.set_price("EURUSD", quote.bid + step, quote.ask + step)
        for position in mt5.positions_get(symbol="EURUSD"):
            stop = position.price_current - 0.0010
            if position.sl and stop <= position.sl:
                continue
            moved = {"action": mt5.TRADE_ACTION_SLTP, "position": position.ticket, "sl": stop}
            assert mt5.order_send({**moved, "tp": position.tp}).retcode == mt5.TRADE_RETCODE_DONE
        stops.append(mt5.positions_get()[0].sl)
    assert stops == sorted(set(stops))


def test_a_script_withdraws_its_pending_orders(mt5: ModuleType) -> None:
    mt5.initialize()
    for away in (0.001, 0.002, 0.003):
        mt5.order_send(
            {
                "action": mt5.TRADE_ACTION_PENDING,
                "symbol": "EURUSD",
                "volume": 0.1,
                "type": mt5.ORDER_TYPE_BUY_LIMIT,
                "price": round(1.085 - away, 5),
                "type_filling": mt5.ORDER_FILLING_RETURN,
            }
        )
    orders = mt5.orders_get(group="*EUR*")
    assert orders is not None
    columns = list(orders[0]._asdict().keys())
    rows = [dict(zip(columns, order, strict=True)) for order in orders]
    assert [row["price_open"] for row in rows] == [1.084, 1.083, 1.082]
    for order in orders:
        gone = mt5.order_send({"action": mt5.TRADE_ACTION_REMOVE, "order": order.ticket})
        assert gone.retcode == mt5.TRADE_RETCODE_DONE
    assert mt5.orders_total() == 0


@pytest.mark.mt5(seed=5)
def test_a_script_computes_averages_of_rates_and_ticks(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5.initialize()
    mt5_terminal.clock.wait(600.0)
    rates = mt5.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_H1, 0, 50)
    assert rates.dtype.names[:5] == ("time", "open", "high", "low", "close")
    average = np.convolve(rates["close"], np.ones(10) / 10, mode="valid")
    assert len(average) == 41
    assert (np.diff(rates["time"]) % 3600 == 0).all()

    until = datetime.now(UTC) + timedelta(days=3650)
    ticks = mt5.copy_ticks_range("EURUSD", until - timedelta(days=7300), until, mt5.COPY_TICKS_ALL)
    assert ((ticks["ask"] - ticks["bid"]) > 0).all()


def test_a_script_sums_up_its_history(mt5: ModuleType) -> None:
    mt5.initialize()
    for _ in range(3):
        mt5.Buy("EURUSD", 0.1)
        mt5.Close("EURUSD")
    since, until = datetime(2020, 1, 1), datetime.now() + timedelta(days=3650)  # noqa: DTZ001, DTZ005  # as scripts do
    deals = mt5.history_deals_get(since, until, group="*USD*")
    profit = sum(deal.profit + deal.commission + deal.swap for deal in deals)
    closed = [deal for deal in deals if deal.entry == mt5.DEAL_ENTRY_OUT]

    assert len(closed) == 3
    assert profit == pytest.approx(-3.0)
    assert mt5.account_info().balance == pytest.approx(10_000 + profit)
    by_position: dict[int, list[Any]] = {}
    for deal in deals:
        by_position.setdefault(deal.position_id, []).append(deal)
    assert all(len(pair) == 2 for pair in by_position.values())


@pytest.mark.usefixtures("mt5")
@pytest.mark.parametrize(
    "imported", ["*", "initialize, order_send, OrderSendResult, POSITION_TYPE_BUY"]
)
def test_a_script_may_import_what_it_needs_by_name(imported: str) -> None:
    names: dict[str, Any] = {}
    exec(f"from MetaTrader5 import {imported}", names)  # noqa: S102  # as a script begins

    assert names["initialize"]()
    sent = names["order_send"]({"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1})
    assert isinstance(sent, names["OrderSendResult"])
    assert sent.request.type == names["POSITION_TYPE_BUY"]
