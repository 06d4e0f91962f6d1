"""The traps of the real package, met while connected."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest

from mt5_simulator.terminal.terminal import Terminal

BUY = {"action": 1, "type": 0, "symbol": "EURUSD", "volume": 0.1, "type_filling": 0}


@pytest.fixture(autouse=True)
def connected(mt5: ModuleType) -> None:
    assert mt5.initialize()


def test_an_executor_that_passes_empty_keywords_sends_nothing(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(mt5.order_send, BUY).result() is None

    assert mt5.last_error() == (-2, "Unnamed arguments not allowed")
    assert mt5_terminal.broker.received == []


async def test_to_thread_passes_no_keywords_and_sends(mt5: ModuleType) -> None:
    assert (await asyncio.to_thread(mt5.order_send, BUY)).retcode == 10009


def test_a_misspelled_stop_loss_opens_a_position_without_one(mt5: ModuleType) -> None:
    mt5.order_send({**BUY, "stop_loss": 1.08})

    (position,) = mt5.positions_get()
    assert position.sl == 0.0


def test_positions_cannot_be_filtered_by_magic(mt5: ModuleType) -> None:
    mt5.order_send({**BUY, "magic": 1})
    mt5.order_send({**BUY, "magic": 2})

    assert {position.magic for position in mt5.positions_get(magic=1)} == {1, 2}


def test_a_history_of_two_dates_ignores_the_position_beside_them(mt5: ModuleType) -> None:
    ticket = mt5.order_send(BUY).order
    mt5.order_send(BUY)

    assert len(mt5.history_deals_get(0, 2**31 - 1, position=ticket)) == 3
    assert len(mt5.history_deals_get(position=ticket)) == 1


def test_an_int_volume_never_reaches_the_broker_and_nan_does(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    assert mt5.order_send({**BUY, "volume": 1}) is None
    assert mt5.last_error() == (-2, 'Invalid "volume" argument')
    assert mt5_terminal.broker.received == []

    assert mt5.order_send({**BUY, "volume": float("nan")}).retcode == 10014


def test_the_error_of_one_thread_is_read_by_another(mt5: ModuleType) -> None:
    with ThreadPoolExecutor(1) as executor:
        executor.submit(lambda: mt5.symbol_info(None)).result()

    assert mt5.last_error() == (-2, "Invalid arguments")


def test_a_filling_mask_is_not_a_filling_policy(mt5: ModuleType) -> None:
    # USDJPY allows IOC alone: mask 2. As a policy, 2 is RETURN.
    mask = mt5.symbol_info("USDJPY").filling_mode

    result = mt5.order_send({**BUY, "symbol": "USDJPY", "type_filling": mask})

    assert result.retcode == mt5.TRADE_RETCODE_INVALID_FILL


def test_a_history_that_ends_now_by_utc_misses_deals_of_a_server_ahead_of_it(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5.order_send(BUY)
    now = mt5_terminal.clock.now()

    assert mt5.history_deals_get(0, now) == ()
    assert len(mt5.history_deals_get(0, 2**31 - 1)) == 2


def test_a_calculation_looks_at_the_lowest_bits_of_its_action(mt5: ModuleType) -> None:
    buying = mt5.order_calc_profit(0, "EURUSD", 1, 1.08, 1.09)

    assert mt5.order_calc_profit(2**32, "EURUSD", 1, 1.08, 1.09) == buying == 1000.0
    assert mt5.order_calc_profit(2**32 + 1, "EURUSD", 1, 1.08, 1.09) == -buying


def test_an_int_too_long_for_windows_asks_and_loses_the_answer(mt5: ModuleType) -> None:
    for ask in (
        lambda: mt5.history_deals_get(0, 2**31),
        lambda: mt5.copy_rates_from("EURUSD", mt5.TIMEFRAME_M1, 2**31, 10),
    ):
        with pytest.raises(SystemError):
            ask()
        assert mt5.last_error() == (1, "Success")


def test_the_comment_is_counted_in_utf_16_units(mt5: ModuleType) -> None:
    assert mt5.order_send({**BUY, "comment": "😀" * 14}).retcode == 10009
    assert mt5.order_send({**BUY, "comment": "😀" * 15}) is None


def test_shutdown_leaves_the_position_and_the_error_of_no_connection(
    mt5: ModuleType, mt5_terminal: Terminal
) -> None:
    mt5.order_send(BUY)
    assert mt5.shutdown()

    assert mt5.positions_get() is None
    assert mt5.last_error() == (-10004, "No IPC connection")
    assert len(mt5_terminal.account.positions) == 1


def test_the_shortcuts_set_no_magic_and_close_what_they_opened(mt5: ModuleType) -> None:
    bought = mt5.Buy("EURUSD", 0.1)
    assert mt5.positions_get()[0].magic == 0
    assert bought.request.type_filling == 0

    assert mt5.Close("EURUSD") is True
    assert mt5.positions_get() == ()
    assert mt5.Close("EURUSD") is False


@pytest.mark.mt5_fault("reject", count=9)
def test_a_shortcut_sends_again_up_to_ten_times(mt5: ModuleType, mt5_terminal: Terminal) -> None:
    assert mt5.Sell("EURUSD", 0.1).retcode == 10009
    assert len(mt5_terminal.broker.received) == 10
