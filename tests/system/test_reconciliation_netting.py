"""An account that nets, at a broker with names of its own: what reverses is seen, on processes."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from countersign.v1 import execution_pb2, values_pb2
from tests.fixtures.live_books import (
    agree,
    ended,
    one_held,
    rest,
    send_by_hand,
    tidied,
    traded,
    untold_deals,
)
from tests.fixtures.live_product import QUICK, Broker, LiveProduct, live_product

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

BUY, SELL = values_pb2.SIDE_BUY, values_pb2.SIDE_SELL
# What `burst` trades when it begins there.
EURUSD_BUY, GBPUSD_BUY, GBPUSD_SELL = 0, 1, 4
INOUT = execution_pb2.DEAL_ENTRY_INOUT


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def product(
    tmp_path_factory: pytest.TempPathFactory, server_folder_of_module: Path
) -> AsyncGenerator[LiveProduct]:
    """The product beside a broker that nets, and adds ".r" to the name of everything."""
    folder, broker = tmp_path_factory.mktemp("product"), Broker(netting=True, suffix=".r")
    async with live_product(folder, server_folder_of_module, QUICK, broker) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _left_as_it_was_found(product: LiveProduct) -> AsyncGenerator[None]:  # pyright: ignore[reportUnusedFunction]  # pytest uses it
    yield
    await tidied(product)


async def test_a_signal_trades_and_is_compared_under_the_name_that_the_broker_has_for_it(
    product: LiveProduct,
) -> None:
    command = await traded(product, "0.02", first=EURUSD_BUY)

    assert command.state == execution_pb2.COMMAND_STATE_EXECUTED
    assert {deal.symbol for deal in command.deals} == {"EURUSD.r"}
    assert (await one_held(product, BUY, "0.02")).symbol == "EURUSD.r"
    await agree(product, 1)


async def test_a_position_of_ours_that_a_hand_turned_round_waits_for_a_person_who_may_adopt_it(
    product: LiveProduct,
) -> None:
    command = await traded(product, "0.02", first=EURUSD_BUY)
    await agree(product, 1)
    send_by_hand(product, "EURUSD", side=1, lots="0.05")

    divergence = await ended(product, "REVERSED", "ESCALATED", hurry=True)

    assert divergence["commandId"] == command.command_id
    assert divergence["expectedJson"] == '{"side":"buy","volume":"0.02"}'
    assert divergence["actualJson"] == '{"side":"sell","volume":"0.03"}'
    await one_held(product, SELL, "0.03")
    path = f"divergences/{divergence['divergenceId']}:resolve"
    adopted = {"action": "DIVERGENCE_ACTION_ADOPT", "reason": "it was me"}
    await rest(product, "POST", path, **adopted)
    await agree(product, 1)
    await one_held(product, SELL, "0.03")


async def test_a_position_of_ours_that_a_larger_command_turns_round_is_one_trade_in_both_books(
    product: LiveProduct,
) -> None:
    opened = await traded(product, "0.02", first=GBPUSD_BUY)
    before = await one_held(product, BUY, "0.02")

    turned = await traded(product, "0.05", first=GBPUSD_SELL)

    assert [deal.entry for deal in turned.deals] == [INOUT]
    after = await one_held(product, SELL, "0.03")
    assert after.identifier == before.identifier == opened.deals[0].position_id
    assert after.ticket != before.ticket
    assert after.magic == turned.magic
    await agree(product, 1)
    assert untold_deals(product) == []
