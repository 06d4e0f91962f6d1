"""What people and brokers do at a terminal beside us is seen, and ends, on processes that run."""

from collections.abc import AsyncGenerator
from decimal import Decimal

import pytest
import pytest_asyncio

from countersign.v1 import execution_pb2, values_pb2
from tests.fixtures.burst import burst
from tests.fixtures.live_books import (
    PATIENCE_SECONDS,
    agree,
    at_terminal,
    broker_deals,
    compared,
    divergences,
    ended,
    held,
    one_held,
    resized,
    rest,
    send_by_hand,
    standing,
    tidied,
    traded,
    untold_deals,
)
from tests.fixtures.live_product import LiveProduct, Victim
from tests.fixtures.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

BUY = values_pb2.SIDE_BUY
# What `burst` begins with: USDJPY, of which the broker gives what there is and drops the rest.
AT_ANY_VOLUME = 2
AN_HOUR = 3600


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _left_as_it_was_found(product: LiveProduct) -> AsyncGenerator[None]:  # pyright: ignore[reportUnusedFunction]  # pytest uses it
    yield
    await tidied(product)


async def test_a_trade_by_hand_is_closed_where_the_policy_says_so(product: LiveProduct) -> None:
    path = f"accounts/{product.owner.account_id}/reconciliationPolicy"
    rule = {"kind": "DIVERGENCE_KIND_MANUAL", "action": "DIVERGENCE_ACTION_CLOSE"}
    put = await rest(product, "PUT", path, rules=[rule])
    assert rule in put["rules"]
    assert await rest(product, "GET", path) == put
    send_by_hand(product, "EURUSD", side=0, lots="0.02")

    divergence = await ended(product, "MANUAL", "CLOSED")

    assert divergence["reason"] == "POLICY_CLOSE"

    async def is_flat() -> bool:
        return await held(product) == []

    await until(is_flat, "the terminal is flat", PATIENCE_SECONDS)


async def test_a_close_at_the_broker_is_taken_into_our_book(product: LiveProduct) -> None:
    async with burst(product, 1):
        pass
    position = await one_held(product, BUY, "0.01")
    at_terminal(product, "close", ticket=position.ticket, reason="SL")

    divergence = await ended(product, "CLOSED_BY_BROKER", "ADOPTED")

    assert '"reason":"STOP_LOSS"' in divergence["actualJson"]
    assert (await standing(product)).open_divergences == 0


async def test_a_part_that_is_closed_by_hand_is_taken_into_our_book(product: LiveProduct) -> None:
    await resized(product, "0.03")
    async with burst(product, 1):
        pass
    position = await one_held(product, BUY, "0.03")
    send_by_hand(product, "EURUSD", side=1, lots="0.02", position=position.ticket)

    divergence = await ended(product, "PARTIAL", "ADOPTED", hurry=True)

    assert divergence["reason"] == "POLICY_ADOPT"
    assert (await one_held(product, BUY, "0.01")).ticket == position.ticket
    await agree(product, 1)


async def test_of_an_opening_that_is_filled_in_part_everybody_is_told_what_was_filled(
    product: LiveProduct,
) -> None:
    product.fail_terminal("partial", text="0.01@0 0.02@3")

    command = await traded(product, "0.05", first=AT_ANY_VOLUME)

    assert command.state == execution_pb2.COMMAND_STATE_PARTIAL
    assert command.filled_volume == "0.03"
    assert sorted(deal.volume for deal in command.deals) == ["0.01", "0.02"]
    assert {deal.ticket for deal in command.deals} <= broker_deals(product).keys()
    first, second = sorted(command.deals, key=lambda deal: deal.ticket)
    worth = Decimal(first.price) + 2 * Decimal(second.price)
    assert abs(Decimal(command.average_price) - worth / 3) < Decimal("0.000001")
    assert (await one_held(product, BUY, "0.03")).magic == command.magic
    await agree(product, 1)


async def test_a_history_that_is_lost_declares_nothing_gone_and_when_it_is_back_the_books_agree(
    product: LiveProduct,
) -> None:
    kept = await traded(product, "0.01")
    gone = await traded(product, "0.02", first=1)
    await agree(product, 2)
    seen_before = {one["divergenceId"] for one in await divergences(product)}

    at_terminal(product, "restart", history_empty_for=AN_HOUR)
    product.kill(Victim.BRIDGE)
    at_terminal(product, "close", ticket=gone.deals[0].position_id, reason="SL")
    await product.start(Victim.BRIDGE)
    await one_held(product, BUY, "0.01")
    for _ in range(3):
        run = await compared(product)
        assert (run.matched, run.failure_reason) == (1, "")

    # Whatever is missing is a question, and stays one for as long as no deal answers it.
    asked = [one for one in await divergences(product) if one["divergenceId"] not in seen_before]
    assert {one["commandId"] for one in asked if one.get("commandId")} == {gone.command_id}
    states = {one["state"] for one in asked}
    assert states <= {"DIVERGENCE_STATE_OPEN", "DIVERGENCE_STATE_ESCALATED"}
    for command in (kept, gone):
        shown = await status_of(product, command)
        assert shown.state == execution_pb2.COMMAND_STATE_EXECUTED
        assert [deal.ticket for deal in shown.deals] == [deal.ticket for deal in command.deals]

    at_terminal(product, "restart")

    await ended(product, "CLOSED_BY_BROKER", "ADOPTED", command_id=gone.command_id, hurry=True)
    await agree(product, 1)
    assert untold_deals(product) == []


async def status_of(product: LiveProduct, command: execution_pb2.Command) -> execution_pb2.Command:
    answer = await product.world.execution.GetExecutionStatus(
        execution_pb2.GetExecutionStatusRequest(signal_id=command.signal_id),
        metadata=product.owner.metadata,
    )
    (one,) = answer.commands
    return one
