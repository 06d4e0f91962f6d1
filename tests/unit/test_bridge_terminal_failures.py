"""What terminals, brokers and disks do to a bridge, one at a time; the broker's books decide."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

import mt5_simulator as mt5
from countersign.v1 import execution_pb2
from countersign_bridge.journal.records import RecordKind
from mt5_simulator import Executes, Fault, FaultKind
from mt5_simulator.broker.codes import FillingMask, Reason, Retcode
from mt5_simulator.broker.symbols import ALWAYS
from tests.fixtures.bridge_world import a_text
from tests.fixtures.bridge_world_without_io import EXPIRES, Key, World

LOTS = Decimal("0.1")
EXECUTED = execution_pb2.ATTEMPT_OUTCOME_EXECUTED
IN_DOUBT = execution_pb2.ATTEMPT_OUTCOME_IN_DOUBT
PARTIAL = execution_pb2.ATTEMPT_OUTCOME_PARTIAL
REJECTED = execution_pb2.ATTEMPT_OUTCOME_REJECTED
CANCELLED = 2  # MetaTrader's ORDER_STATE
A_WHILE = timedelta(seconds=20)


@pytest.fixture
def world() -> Iterator[World]:
    yield World()
    mt5.shutdown()
    mt5.detach()


def offered(world: World, fault: Fault | None = None) -> Key:
    """Offer to buy 0.1 lots of EURUSD to a bridge whose terminal has a fault."""
    if fault is not None:
        world.terminal.set_fault(fault)
    return world.server.offer(a_text(expires=EXPIRES))


def change_symbol(world: World, **changes: Any) -> None:
    market = world.terminal.broker.market
    market.replace_symbol("EURUSD", replace(market.symbols["EURUSD"], **changes))


def told_deals(world: World, key: Key) -> list[execution_pb2.Deal]:
    magic = world.server.offers[key].magic
    told = [event.deal for event in world.server.events.values() if event.HasField("deal")]
    return [deal for deal in told if deal.magic == magic]


def evidence(world: World) -> list[execution_pb2.Evidence]:
    return [e.evidence for e in world.server.events.values() if e.HasField("evidence")]


def test_an_order_that_was_placed_and_never_fills_is_told_as_over(world: World) -> None:
    key = offered(world, Fault(FaultKind.PLACED, executes=Executes.NEVER, seconds=4.0))

    def is_told_over() -> bool:
        orders = [e.order for e in world.server.events.values() if e.HasField("order")]
        return any(order.final and order.state == CANCELLED for order in orders)

    assert world.run(is_told_over)
    assert (world.sends(key), world.volume(key)) == (1, 0)


def test_every_deal_of_a_partial_fill_is_told_with_its_own_price(world: World) -> None:
    change_symbol(world, filling=FillingMask.IOC)
    key = offered(world, Fault(FaultKind.PARTIAL, text="0.03@0 0.04@5"))
    assert world.run(lambda: len(told_deals(world, key)) == 2)

    deals = told_deals(world, key)
    assert sorted(Decimal(deal.volume) for deal in deals) == [Decimal("0.03"), Decimal("0.04")]
    assert len({deal.price for deal in deals}) == 2
    assert world.server.result_of(key) == PARTIAL
    assert world.sends(key) == 1


def test_an_overfill_is_told_as_it_is_and_never_clipped(world: World) -> None:
    key = offered(world, Fault(FaultKind.OVERFILL))
    assert world.run(lambda: told_deals(world, key))
    assert world.told_volume(key) == world.volume(key) == Decimal("0.11")


@pytest.mark.parametrize(
    "retcode", [Retcode.REQUOTE, Retcode.PRICE_CHANGED, Retcode.PRICE_OFF, Retcode.MARKET_CLOSED]
)
def test_a_refused_price_or_a_closed_market_is_not_chased(world: World, retcode: Retcode) -> None:
    key = offered(world, Fault(FaultKind.REJECT, count=0, retcode=retcode))
    assert world.run(lambda: world.server.result_of(key))
    world.run(lambda: False, for_=A_WHILE)

    assert world.server.result_of(key) == REJECTED
    assert (world.sends(key), world.volume(key)) == (1, 0)


def test_a_market_that_is_closed_takes_no_order_beyond_the_approval(world: World) -> None:
    change_symbol(world, sessions=())
    key = offered(world)
    world.run(lambda: False, for_=A_WHILE)
    assert world.sends(key) == 0
    world.run(lambda: False, for_=EXPIRES - world.now().utc)
    change_symbol(world, sessions=ALWAYS)
    world.server.offer(a_text(expires=EXPIRES))  # by a server whose clock is behind
    world.run(lambda: False, for_=A_WHILE)

    assert world.sends(key) == 0
    assert key in world.server.declined


def test_a_history_that_is_empty_after_a_restart_is_no_evidence(world: World) -> None:
    key = offered(world, Fault(FaultKind.REPLY_LOST, executes=Executes.NEVER))
    assert world.run(lambda: world.server.result_of(key) == IN_DOUBT)
    world.terminal.restart(timedelta(seconds=30))
    seen = len(evidence(world))

    assert world.run(lambda: len(evidence(world)) > seen)
    assert not evidence(world)[-1].history_complete
    assert world.run(lambda: evidence(world)[-1].history_complete)
    assert world.server.result_of(key) == IN_DOUBT


def test_a_rewritten_comment_changes_nothing(world: World) -> None:
    key = offered(world, Fault(FaultKind.COMMENT_REWRITTEN, text="[broker 4711]"))
    assert world.run(lambda: told_deals(world, key))
    assert world.server.result_of(key) == EXECUTED
    assert told_deals(world, key)[0].comment == "[broker 4711]"


@pytest.mark.parametrize("reason", [Reason.MOBILE, Reason.SL, Reason.TP, Reason.SO])
def test_what_somebody_else_closes_is_told_and_nothing_is_sent_for_it(
    world: World, reason: Reason
) -> None:
    key = offered(world)
    assert world.run(lambda: told_deals(world, key))
    (position,) = world.terminal.broker.accounts[1000001].positions.values()
    world.terminal.broker.close_position(1000001, position.ticket, reason)

    def is_told() -> bool:
        told = [e.deal for e in world.server.events.values() if e.HasField("deal")]
        return any(deal.position_id == position.identifier and deal.entry == 1 for deal in told)

    assert world.run(is_told)
    assert len(world.terminal.broker.received) == 1


def test_a_bridge_that_lost_its_journal_resolves_what_was_granted_and_sends_nothing_again(
    world: World,
) -> None:
    key = offered(world)
    assert world.run(lambda: world.volume(key))
    world.server.events.clear()  # it had heard nothing of it yet
    world.disk.clear()
    world.lose_stream()
    world.start()

    assert world.run(lambda: told_deals(world, key))
    assert world.server.result_of(key) == EXECUTED
    assert world.sends(key) == 1


@pytest.mark.parametrize("kept", [RecordKind.RECEIVED, RecordKind.INTENT, RecordKind.RESULT])
def test_a_machine_rolled_back_to_an_earlier_journal_sends_nothing_again(
    world: World, kept: RecordKind
) -> None:
    key = offered(world)
    assert world.run(lambda: told_deals(world, key))
    world.run(lambda: False, for_=A_WHILE)
    kinds = [item.record.kind for item in world.disk]
    del world.disk[kinds.index(kept) + 1 :]
    world.lose_stream()
    world.start()
    world.server.events.clear()

    assert world.run(lambda: told_deals(world, key))
    world.run(lambda: False, for_=A_WHILE)
    assert world.sends(key) == 1
    assert world.told_volume(key) == world.volume(key) == LOTS
