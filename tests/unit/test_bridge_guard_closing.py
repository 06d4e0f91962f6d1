"""The guard closes alone: everything, each thing once, and never beside a command."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest

import mt5_simulator as mt5
from countersign.v1 import execution_pb2, values_pb2
from countersign_bridge.effects import Ask, Effect, End
from countersign_bridge.fingerprints import MAGIC_MAX, order_magic
from countersign_bridge.guarding.closer import SERVERS_TURN
from countersign_bridge.guarding.unsettled import HARMLESS_AFTER
from countersign_bridge.journal.records import RecordKind
from countersign_bridge.terminal import jobs
from countersign_guards.latch import TradingState
from mt5_simulator import Executes, Fault, FaultKind
from mt5_simulator.broker.codes import Entry, MarginMode, Reason
from tests.fixtures.bridge_world import a_close, a_text
from tests.fixtures.bridge_world_without_io import ACCOUNT_ID, EXPIRES, World
from tests.fixtures.guarded_bridge import (
    CRASHED,
    ENOUGH,
    LOGIN,
    SYMBOL,
    acts,
    closes,
    crash,
    held_by_server,
    hold,
    is_flat,
    pending,
    place,
    positions,
    price,
    records,
    see,
    sent,
    state,
    told,
)

APPROVAL = UUID("0197a1c2-0000-7000-8000-0000000000a1")
EXECUTED = execution_pb2.ATTEMPT_OUTCOME_EXECUTED
IN_DOUBT = execution_pb2.ATTEMPT_OUTCOME_IN_DOUBT


@pytest.fixture
def world() -> Iterator[World]:
    yield World()
    mt5.shutdown()
    mt5.detach()


@pytest.fixture
def netting() -> Iterator[World]:
    yield World(mode=MarginMode.NETTING)
    mt5.shutdown()
    mt5.detach()


def alone_with(world: World, *lots: str) -> None:
    """Hold positions, seen by the guard, then lose the server."""
    for one in lots:
        hold(world, one)
    see(world)
    world.lose_server()


def refused_for(world: World, seconds: float) -> None:
    """Lose the session, and be told for so long that another bridge serves the account."""
    hold(world, "5")
    world.server.heartbeat_timeout = timedelta(seconds=15)
    world.lose_stream()
    see(world)
    world.another_serves = True
    world.lose_stream()
    see(world, seconds)


def one_order_may_have(world: World, lots: str) -> None:
    market = world.terminal.broker.market
    market.replace_symbol(SYMBOL, replace(market.symbols[SYMBOL], volume_max=Decimal(lots)))


def tripped(world: World) -> None:
    assert world.run(lambda: state(world) is TradingState.FLATTENING, for_=ENOUGH)


def closed_lots(world: World) -> Decimal:
    """Return the lots that left positions at the broker, whoever did it."""
    deals = world.terminal.broker.accounts[LOGIN].deals.values()
    return sum((deal.volume for deal in deals if deal.entry is Entry.OUT), Decimal(0))


def opening_deals(world: World) -> int:
    deals = world.terminal.broker.accounts[LOGIN].deals.values()
    return sum(deal.entry in (Entry.IN, Entry.INOUT) for deal in deals if deal.volume)


def test_everything_is_closed_and_pending_orders_are_cancelled_first(world: World) -> None:
    place(world)
    hold(world, "1", sell=True)
    alone_with(world, "5", "0.5")
    crash(world)
    assert world.run(lambda: is_flat(world), for_=ENOUGH)

    assert [bool(one.request.order) for one in sent(world)] == [True, False, False, False]
    assert closed_lots(world) == Decimal("6.5")
    see(world, 3)
    assert state(world) is TradingState.HALTED


def test_only_a_pending_order_is_cancelled_too(world: World) -> None:
    alone_with(world, "5")
    world.terminal.set_fault(Fault(FaultKind.AUTOTRADING_OFF))
    crash(world)
    tripped(world)
    place(world)
    world.terminal.broker.close_position(LOGIN, positions(world)[0].ticket, Reason.MOBILE)
    see(world, 3)
    assert state(world) is TradingState.FLATTENING
    world.terminal.clear_faults()
    assert world.run(lambda: not pending(world), for_=ENOUGH)
    see(world, 3)
    assert state(world) is TradingState.HALTED


def test_every_attempt_has_a_tag_of_its_own_made_as_the_contract_says(world: World) -> None:
    world.terminal.set_fault(Fault(FaultKind.REJECT, count=3))
    alone_with(world, "5")
    crash(world)
    assert world.run(lambda: is_flat(world), for_=timedelta(seconds=60))

    begun = records(world, RecordKind.CLOSING)
    magics = [record.details["magic"] for record in begun]
    assert len(begun) == len(set(magics)) == 4
    assert all(1 <= magic <= MAGIC_MAX for magic in magics)
    assert magics == [
        order_magic(account_id=ACCOUNT_ID, command_id=record.command_id, attempt=1)
        for record in begun
    ]


def test_what_is_refused_is_tried_again_later_and_later_and_each_time_told(world: World) -> None:
    world.terminal.set_fault(Fault(FaultKind.REJECT, count=5))
    alone_with(world, "5")
    crash(world)
    assert world.run(lambda: is_flat(world), for_=timedelta(seconds=90))
    times = [record.time for record in records(world, RecordKind.CLOSING)]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits == sorted(waits)
    assert waits[-1] >= timedelta(seconds=8)
    world.bring_server_back()
    see(world, 5)
    assert [one.reason for one in closes(world)] == ["REQUOTE"] * 5 + [""]


def test_a_partial_close_is_told_and_the_rest_is_closed(world: World) -> None:
    world.terminal.set_fault(Fault(FaultKind.PARTIAL, text="2@0", count=1))
    alone_with(world, "5")
    crash(world)
    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    world.bring_server_back()
    see(world, 5)
    assert [one.volume_done for one in closes(world)] == ["2", "3"]
    assert closes(world)[0].outcome == execution_pb2.ATTEMPT_OUTCOME_PARTIAL
    assert closed_lots(world) == Decimal(5)


def test_a_position_larger_than_one_order_may_be_is_closed_in_several(world: World) -> None:
    alone_with(world, "5")
    one_order_may_have(world, "2")
    crash(world)
    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    assert [one.request.volume for one in sent(world)] == [Decimal(2), Decimal(2), Decimal(1)]


def test_a_position_larger_than_may_be_opened_here_is_closed_at_once(world: World) -> None:
    alone_with(world, "8")
    crash(world)
    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    assert [one.request.volume for one in sent(world)] == [Decimal(8)]


def test_on_a_netting_account_the_volume_is_read_again_before_each_attempt(
    netting: World,
) -> None:
    netting.terminal.set_fault(Fault(FaultKind.REJECT, count=1))
    alone_with(netting, "5")
    crash(netting)
    assert netting.run(lambda: records(netting, RecordKind.CLOSED), for_=ENOUGH)
    hold(netting, "3", sell=True)  # by hand, against it
    price(netting, CRASHED)
    assert netting.run(lambda: is_flat(netting), for_=ENOUGH)
    assert [one.request.volume for one in sent(netting)] == [Decimal(5), Decimal(2)]
    assert opening_deals(netting) == 1


def test_no_more_is_closed_than_the_last_look_before_the_order_shows(netting: World) -> None:
    alone_with(netting, "5")
    crash(netting)

    def by_hand(effect: Effect) -> None:
        if isinstance(effect, Ask) and isinstance(effect.job, jobs.Inspect):
            netting.before = lambda _: None
            hold(netting, "3", sell=True)
            price(netting, CRASHED)

    netting.before = by_hand
    assert netting.run(lambda: is_flat(netting), for_=ENOUGH)
    assert [one.request.volume for one in sent(netting)] == [Decimal(2)]


def test_a_closed_market_keeps_it_latched_and_the_first_price_of_the_next_day_closes(
    world: World,
) -> None:
    friday = datetime(2026, 3, 6, 21, 59, 45, tzinfo=UTC)
    world = World(start=friday)
    alone_with(world, "5")
    crash(world)
    tripped(world)
    see(world, 3600)
    tried = len(sent(world))
    assert tried <= 1
    world.pass_time(timedelta(days=1))
    see(world, 3600)
    assert len(sent(world)) == tried
    assert state(world) is TradingState.FLATTENING
    world.pass_time(datetime(2026, 3, 8, 23, 30, tzinfo=UTC) - world.clock.now())
    price(world, CRASHED)
    assert world.run(lambda: is_flat(world), for_=timedelta(seconds=5))


@pytest.mark.parametrize(
    ("kind", "executes"),
    [
        (FaultKind.REPLY_LOST, Executes.LATER),
        (FaultKind.DOUBTFUL, Executes.LATER),
        (FaultKind.DEAL_HIDDEN, Executes.NOW),
    ],
)
def test_a_close_in_doubt_is_looked_for_and_not_sent_again(
    world: World, kind: FaultKind, executes: Executes
) -> None:
    world.terminal.set_fault(Fault(kind, seconds=4.0, executes=executes))
    alone_with(world, "5")
    crash(world)
    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    see(world, 5)
    assert len(sent(world)) == 1
    world.bring_server_back()
    see(world, 5)
    assert closes(world)[-1].outcome == EXECUTED


def test_on_a_hedging_account_a_doubt_that_shows_nothing_lets_a_second_attempt_go(
    world: World,
) -> None:
    world.terminal.set_fault(Fault(FaultKind.REPLY_LOST, executes=Executes.NEVER))
    alone_with(world, "5")
    crash(world)
    assert world.run(lambda: is_flat(world), for_=timedelta(seconds=60))
    first, second = records(world, RecordKind.CLOSING)
    assert second.time - first.time >= HARMLESS_AFTER
    assert closed_lots(world) == Decimal(5)


def test_on_a_netting_account_only_a_person_ends_a_doubt_that_shows_nothing(
    netting: World,
) -> None:
    netting.terminal.set_fault(Fault(FaultKind.REPLY_LOST, executes=Executes.NEVER))
    alone_with(netting, "5")
    crash(netting)
    tripped(netting)
    see(netting, 600)
    assert len(records(netting, RecordKind.CLOSING)) == 1
    netting.bring_server_back()
    see(netting, 5)
    assert closes(netting)[-1].outcome == IN_DOUBT
    netting.server.say(
        guard=held_by_server(values_pb2.TRADING_STATE_FLATTENING, cause="person", resets=1)
    )
    assert netting.run(lambda: is_flat(netting), for_=ENOUGH)
    assert opening_deals(netting) == 1


def test_what_the_terminal_shows_late_is_not_closed_the_other_way_round(netting: World) -> None:
    alone_with(netting, "5")
    crash(netting)
    tripped(netting)
    netting.terminal.set_fault(Fault(FaultKind.LAG, seconds=20))
    see(netting, 60)
    assert is_flat(netting)
    assert opening_deals(netting) == 1


def test_a_position_that_gets_another_ticket_is_closed_all_the_same(world: World) -> None:
    world.terminal.set_fault(Fault(FaultKind.REJECT, count=2))
    alone_with(world, "5")
    crash(world)
    assert world.run(lambda: records(world, RecordKind.CLOSED), for_=ENOUGH)
    world.terminal.broker.reopen_position(LOGIN, positions(world)[0].ticket)
    assert world.run(lambda: is_flat(world), for_=ENOUGH)


def test_while_the_server_speaks_it_has_its_turn_and_then_the_bridge_closes(world: World) -> None:
    hold(world)
    see(world)
    crash(world)
    tripped(world)
    since = world.now()
    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    assert world.now().since(since) >= SERVERS_TURN
    assert acts(world)[2:4] == ["latched", "flattening"]


def opened(world: World, lots: str = "5") -> execution_pb2.TargetPosition:
    text = a_text(approval=APPROVAL, volume=Decimal(lots), expires=EXPIRES)
    key = world.server.offer(text, command_id="0197a1c2-0000-7000-8000-0000000000c1")
    assert world.run(lambda: world.server.result_of(key))
    return execution_pb2.TargetPosition(opening_magic=world.server.offers[key].magic)


def test_a_server_that_closes_is_left_alone(world: World) -> None:
    target = opened(world)
    see(world)
    crash(world)
    tripped(world)
    see(world, 3)
    key = world.server.offer(a_close(APPROVAL, volume=Decimal(5), expires=EXPIRES), target=target)
    assert world.run(lambda: world.server.result_of(key) == EXECUTED, for_=timedelta(seconds=5))
    see(world, 20)
    assert not records(world, RecordKind.CLOSING)
    assert state(world) is TradingState.HALTED


def test_a_server_that_closes_one_thing_after_the_other_has_its_turn_until_it_is_done(
    world: World,
) -> None:
    target = opened(world, "4")
    hold(world, "1")
    see(world)
    crash(world)
    tripped(world)
    see(world, 4)
    key = world.server.offer(a_close(APPROVAL, volume=Decimal(4), expires=EXPIRES), target=target)
    assert world.run(lambda: world.server.result_of(key) == EXECUTED, for_=timedelta(seconds=5))
    see(world, 3)
    assert len(positions(world)) == 1
    assert not records(world, RecordKind.CLOSING)
    assert world.run(lambda: is_flat(world), for_=timedelta(seconds=5))


def test_a_command_about_what_the_bridge_closes_is_refused_with_the_reason(world: World) -> None:
    target = opened(world)
    see(world)
    world.lose_server()
    world.terminal.set_fault(Fault(FaultKind.REPLY_LOST, executes=Executes.LATER, seconds=6.0))
    crash(world)
    assert world.run(lambda: records(world, RecordKind.CLOSED), for_=ENOUGH)
    world.bring_server_back()
    key = world.server.offer(a_close(APPROVAL, volume=Decimal(5), expires=EXPIRES), target=target)
    assert world.run(lambda: key in world.server.declined, for_=timedelta(seconds=5))
    declined = world.server.declined[key]
    assert (declined.reason, declined.final) == ("TARGET_BUSY", False)
    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    assert closed_lots(world) == Decimal(5)


def test_what_a_command_may_have_closed_is_not_closed_beside_it(world: World) -> None:
    target = opened(world)
    see(world)
    world.terminal.set_fault(Fault(FaultKind.REPLY_LOST, executes=Executes.LATER, seconds=8.0))
    key = world.server.offer(a_close(APPROVAL, volume=Decimal(5), expires=EXPIRES), target=target)
    world.server.state, world.server.latch = values_pb2.TRADING_STATE_ACTIVE, 1
    assert world.run(lambda: world.server.result_of(key) == IN_DOUBT, for_=timedelta(seconds=5))
    world.server.say(guard=held_by_server(values_pb2.TRADING_STATE_FLATTENING, cause="person"))
    see(world, 1)
    world.lose_server()
    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    assert not sent(world)


def test_a_bridge_that_has_just_started_waits_a_moment_for_its_server(world: World) -> None:
    world.terminal.set_fault(Fault(FaultKind.AUTOTRADING_OFF))
    alone_with(world, "5")
    crash(world)
    tripped(world)
    world.terminal.clear_faults()
    world.start()
    see(world, 2)
    assert not sent(world)
    assert world.run(lambda: is_flat(world), for_=timedelta(seconds=5))


def test_on_a_netting_account_that_another_bridge_serves_it_closes_nothing_alone(
    netting: World,
) -> None:
    refused_for(netting, 20)  # longer than a lease of its own could have been alive
    netting.lose_server()
    crash(netting)
    tripped(netting)
    see(netting, 30)
    assert not sent(netting), "two that close one position at once turn it round"
    netting.another_serves = False
    netting.bring_server_back()
    assert netting.run(lambda: is_flat(netting), for_=ENOUGH), "it has the account again"
    assert opening_deals(netting) == 1


def test_its_own_lease_that_has_not_lapsed_keeps_nothing_back(netting: World) -> None:
    refused_for(netting, 10)
    netting.lose_server()
    crash(netting)
    assert netting.run(lambda: is_flat(netting), for_=ENOUGH)


def test_on_a_hedging_account_two_bridges_may_close_for_a_ticket_closes_once(world: World) -> None:
    refused_for(world, 20)
    world.lose_server()
    crash(world)
    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    assert opening_deals(world) == 1


def test_switched_off_trading_is_waited_for_without_an_attempt(world: World) -> None:
    world.terminal.set_fault(Fault(FaultKind.AUTOTRADING_OFF))
    alone_with(world, "5")
    crash(world)
    tripped(world)
    see(world, 120)
    assert not records(world, RecordKind.CLOSING)
    assert "ALGO_TRADING_OFF" in world.logged("own close put off")
    world.terminal.clear_faults()
    assert world.run(lambda: is_flat(world), for_=timedelta(seconds=65))


def test_a_journal_that_was_rolled_back_closes_no_more_than_is_open(world: World) -> None:
    alone_with(world, "5")
    world.terminal.set_fault(Fault(FaultKind.PARTIAL, text="2@0", count=1))
    crash(world)
    assert world.run(lambda: closed_lots(world) == Decimal(2), for_=ENOUGH)
    forgotten = records(world, RecordKind.CLOSING)[0].command_id
    world.disk = [kept for kept in world.disk if kept.record.command_id != forgotten]
    world.start()
    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    assert forgotten not in {record.command_id for record in records(world, RecordKind.CLOSING)}
    assert closed_lots(world) == Decimal(5)


def test_stopping_waits_for_a_close_on_its_way(world: World) -> None:
    alone_with(world, "5")
    crash(world)
    ended: list[Effect] = []

    def stop_now(effect: Effect) -> None:
        if isinstance(effect, Ask) and isinstance(effect.job, jobs.Send):
            world.before = lambda _: None
            ended.extend(one for one in world.bridge.stop(world.now()) if isinstance(one, End))

    world.before = stop_now
    assert world.run(lambda: records(world, RecordKind.CLOSED), for_=ENOUGH)
    assert not ended, "its end is not known yet"
    world.stop()
    assert closed_lots(world) == Decimal(5)


FAULTS = {
    "fair weather": None,
    "reply lost, executed": Fault(FaultKind.REPLY_LOST),
    "reply lost, executed later": Fault(FaultKind.REPLY_LOST, executes=Executes.LATER, seconds=4.0),
    "reply lost, never executed": Fault(FaultKind.REPLY_LOST, executes=Executes.NEVER),
    "out of step, executed": Fault(FaultKind.OUT_OF_STEP),
    "requote": Fault(FaultKind.REJECT),
    "deal hidden at first": Fault(FaultKind.DEAL_HIDDEN, seconds=3.0),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("cut_after", [False, True], ids=["before", "after"])
def test_wherever_the_power_goes_each_position_is_closed_once_and_nothing_is_opened(
    name: str, *, cut_after: bool
) -> None:
    """The steps are those from the trip to the last close, each cut once."""
    whole = a_trip(FAULTS[name])
    first = whole.steps
    close_all(whole)
    for step in range(first + 1, whole.steps + 1):
        world = a_trip(FAULTS[name], cut_at=step, cut_after=cut_after)
        close_all(world)
        where = f"cut {'after' if cut_after else 'before'} step {step} of {first}-{whole.steps}"
        assert closed_lots(world) == Decimal("5.5"), where
        assert opening_deals(world) == 2, where
        world.bring_server_back()
        see(world, 8)
        done = sum((Decimal(one.volume_done or 0) for one in last_words(world)), Decimal(0))
        assert done == Decimal("5.5"), where
        assert "flattened" in acts(world), where


def a_trip(fault: Fault | None, *, cut_at: int = -1, cut_after: bool = False) -> World:
    """Return a world whose guard is about to close two positions, alone."""
    world = World(cut_at=cut_at, cut_after=cut_after)
    alone_with(world, "5", "0.5")
    if fault is not None:
        world.terminal.set_fault(fault)
    crash(world)
    assert world.run(lambda: state(world) is TradingState.CLOSE_ONLY, for_=ENOUGH)
    see(world, 8)
    return world


def close_all(world: World) -> None:
    assert world.run(
        lambda: is_flat(world) and state(world) is TradingState.HALTED,
        for_=timedelta(seconds=90),
    )


def last_words(world: World) -> list[execution_pb2.GuardClose]:
    """Return what was told last of each attempt."""
    last = {one.attempt_id: one for one in (event.guard_close for event in told(world))}
    last.pop("", None)
    return list(last.values())


@pytest.fixture(autouse=True)
def _no_terminal_left_behind() -> Iterator[None]:
    yield
    mt5.shutdown()
    mt5.detach()
