"""Each kind of command does at the terminal what its text says, and nothing beside it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

import mt5_simulator as mt5
from countersign.v1 import execution_pb2, values_pb2
from countersign_bridge.effects import Effect, Write
from countersign_bridge.intents import Entry, EntryKind, Kind, MarginMode as IntentMode, Side
from countersign_bridge.journal.records import RecordKind
from countersign_bridge.trading.attempts import Attempt, Grant
from countersign_bridge.trading.recording import intent_record
from countersign_bridge.trading.targets import Target
from countersign_bridge.trading.verification import Offer
from mt5_simulator import Executes, Fault, FaultKind
from mt5_simulator.broker.codes import MarginMode, Reason
from tests.fixtures.bridge_world import a_close, a_text, an_intent
from tests.fixtures.bridge_world_without_io import EXPIRES, START, Key, World
from tests.fixtures.guarded_bridge import hold

OPENED = UUID("0197a1c2-0000-7000-8000-0000000000a1")
OPEN_COMMAND = "0197a1c2-0000-7000-8000-0000000000c1"
NOTHING = {"volume": None, "entry": None, "price_min": None, "price_max": None}

EXECUTED = execution_pb2.ATTEMPT_OUTCOME_EXECUTED
NOT_SENT = execution_pb2.ATTEMPT_OUTCOME_NOT_SENT


@pytest.fixture
def world() -> Iterator[World]:
    yield World()
    mt5.shutdown()
    mt5.detach()


def carry_out(world: World, key: Key) -> None:
    """Run until an attempt is concluded or declined."""
    over = world.run(lambda: world.server.result_of(key) or key in world.server.declined)
    assert over


def opened(world: World, **changes: object) -> execution_pb2.TargetPosition:
    """Open 0.1 lots of EURUSD by command and return what a later command is about."""
    text = a_text(approval=OPENED, expires=EXPIRES, **changes)
    key = world.server.offer(text, command_id=OPEN_COMMAND)
    carry_out(world, key)
    return execution_pb2.TargetPosition(opening_magic=world.server.offers[key].magic)


def one_position() -> mt5.TradePosition:
    (position,) = list(mt5.positions_get() or ())
    return position


def outcome(world: World, key: Key) -> object:
    carry_out(world, key)
    event = world.server.event_of(key)
    return event.result.outcome if event else world.server.declined[key].reason


def positions(world: World) -> dict[int, Decimal]:
    account = world.terminal.broker.accounts[1000001]
    return {position.ticket: position.volume for position in account.positions.values()}


def test_an_open_buys_with_its_stop_and_target(world: World) -> None:
    opened(world, stop_loss=Decimal("1.08"), take_profit=Decimal("1.1"))

    position = one_position()
    assert (position.type, position.volume, position.sl, position.tp) == (0, 0.1, 1.08, 1.1)


def test_the_price_that_an_order_is_sent_with_is_told(world: World) -> None:
    quote = mt5.symbol_info_tick("EURUSD")
    assert quote is not None
    opened(world)

    (intent,) = [e.intent for e in world.server.events.values() if e.HasField("intent")]
    assert float(intent.price) == quote.ask


def test_a_price_that_cannot_be_told_keeps_no_order_from_being_sent() -> None:
    fields = {"price": 1.00000000001, "volume": 0.1}
    attempt = Attempt(Offer("c", 1, "", "", "", b"", "", None, 77, Target()), an_intent())
    record = intent_record(attempt, Grant(b"g" * 16, timedelta(seconds=5), 77, 1), fields, START)
    assert record.event is not None
    assert execution_pb2.Event.FromString(record.event).intent.price == ""


def test_a_close_ends_the_position_it_is_about_and_no_other(world: World) -> None:
    target = opened(world)
    other = world.server.offer(
        a_text(expires=EXPIRES), command_id="0197a1c2-0000-7000-8000-0000000000c2"
    )
    carry_out(world, other)

    key = world.server.offer(a_close(OPENED, expires=EXPIRES), target=target)

    assert outcome(world, key) == EXECUTED
    assert one_position().magic == world.server.offers[other].magic


def test_a_part_is_closed_by_its_volume(world: World) -> None:
    target = opened(world)
    text = a_close(OPENED, kind=Kind.PARTIAL_CLOSE, volume=Decimal("0.04"), expires=EXPIRES)

    assert outcome(world, world.server.offer(text, target=target)) == EXECUTED
    assert list(positions(world).values()) == [Decimal("0.06")]


def test_no_more_is_closed_than_is_open(world: World) -> None:
    target = opened(world)
    text = a_close(OPENED, volume=Decimal("0.5"), expires=EXPIRES)
    key = world.server.offer(text, target=target)

    assert outcome(world, key) == EXECUTED
    assert positions(world) == {}
    assert world.volume(key) == Decimal("0.1")


def test_more_than_one_order_may_have_is_closed_in_part_and_the_rest_stays_open(
    world: World,
) -> None:
    target = opened(world, volume=Decimal("0.5"))
    market = world.terminal.broker.market
    market.replace_symbol("EURUSD", replace(market.symbols["EURUSD"], volume_max=Decimal("0.3")))
    key = world.server.offer(a_close(OPENED, volume=Decimal("0.5"), expires=EXPIRES), target=target)

    assert outcome(world, key) == EXECUTED
    assert world.volume(key) == Decimal("0.3")
    assert list(positions(world).values()) == [Decimal("0.2")]


def test_a_position_larger_than_may_be_opened_here_is_closed_by_command(world: World) -> None:
    hold(world, "8")
    (ticket,) = positions(world)
    target = execution_pb2.TargetPosition(position_id=ticket)
    key = world.server.offer(a_close(OPENED, volume=Decimal(8), expires=EXPIRES), target=target)

    assert outcome(world, key) == EXECUTED
    assert positions(world) == {}


def test_a_position_is_found_after_the_broker_gave_it_another_ticket(world: World) -> None:
    target = opened(world)
    (ticket,) = positions(world)
    world.terminal.broker.reopen_position(1000001, ticket)
    assert ticket not in positions(world)

    key = world.server.offer(a_close(OPENED, expires=EXPIRES), target=target)

    assert outcome(world, key) == EXECUTED
    assert positions(world) == {}


def test_stops_are_changed_on_the_position(world: World) -> None:
    target = opened(world)
    text = a_text(
        **NOTHING,
        kind=Kind.MODIFY,
        opening_approval=OPENED,
        stop_loss=Decimal("1.07"),
        expires=EXPIRES,
    )

    assert outcome(world, world.server.offer(text, target=target)) == EXECUTED
    position = one_position()
    assert (position.sl, position.tp) == (1.07, 0.0)


@pytest.mark.parametrize("fault", [Fault(FaultKind.REPLY_LOST), Fault(FaultKind.DOUBTFUL)])
def test_a_change_whose_reply_was_lost_shows_in_what_it_changed(world: World, fault: Fault) -> None:
    target = opened(world)
    world.terminal.set_fault(fault)
    text = a_text(
        **NOTHING,
        kind=Kind.MODIFY,
        opening_approval=OPENED,
        stop_loss=Decimal("1.07"),
        expires=EXPIRES,
    )
    key = world.server.offer(text, target=target)

    assert world.run(lambda: world.server.result_of(key) == EXECUTED)
    assert world.server.event_of(key).natural_key.endswith(":resolved")  # pyright: ignore[reportOptionalMemberAccess]  # it has one


def test_a_pending_order_waits_changes_and_is_taken_back(world: World) -> None:
    placed = a_text(
        approval=OPENED,
        kind=Kind.PLACE,
        entry=Entry(EntryKind.LIMIT, Decimal("1.05")),
        expires=EXPIRES,
    )
    key = world.server.offer(placed, command_id=OPEN_COMMAND)
    assert outcome(world, key) == execution_pb2.ATTEMPT_OUTCOME_WORKING
    target = execution_pb2.TargetPosition(opening_magic=world.server.offers[key].magic)

    change = a_text(
        **NOTHING,
        kind=Kind.MODIFY,
        opening_approval=OPENED,
        take_profit=Decimal("1.12"),
        expires=EXPIRES,
    )
    change_key = world.server.offer(
        change, target=target, command_id="0197a1c2-0000-7000-8000-0000000000c3"
    )
    assert outcome(world, change_key) == EXECUTED
    (order,) = list(mt5.orders_get() or ())
    assert (order.price_open, order.tp) == (1.05, 1.12)

    removal = a_text(**NOTHING, kind=Kind.CANCEL, opening_approval=OPENED, expires=EXPIRES)
    removal_key = world.server.offer(
        removal, target=target, command_id="0197a1c2-0000-7000-8000-0000000000c4"
    )
    assert outcome(world, removal_key) == EXECUTED
    assert mt5.orders_get() == ()
    world.run(lambda: False, for_=timedelta(seconds=10))
    reports = [e.order for e in world.server.events.values() if e.HasField("order")]
    assert reports[-1].final


def test_a_command_about_what_is_gone_is_declined(world: World) -> None:
    target = opened(world)
    (ticket,) = positions(world)
    world.terminal.broker.close_position(1000001, ticket, Reason.MOBILE)

    key = world.server.offer(a_close(OPENED, expires=EXPIRES), target=target)

    assert outcome(world, key) == "TARGET_NOT_FOUND"


def test_a_close_of_the_other_side_than_was_approved_is_declined(world: World) -> None:
    target = opened(world)
    text = a_close(OPENED, side=Side.SELL, expires=EXPIRES)
    assert outcome(world, world.server.offer(text, target=target)) == "TARGET_MISMATCH"


def test_a_target_the_named_approval_did_not_open_is_declined(world: World) -> None:
    opened(world)
    other = world.server.offer(
        a_text(expires=EXPIRES), command_id="0197a1c2-0000-7000-8000-0000000000c2"
    )
    carry_out(world, other)
    target = execution_pb2.TargetPosition(opening_magic=world.server.offers[other].magic)

    key = world.server.offer(a_close(OPENED, expires=EXPIRES), target=target)

    assert outcome(world, key) == "TARGET_MISMATCH"


def halt(world: World, state: values_pb2.TradingState, latch: int) -> None:
    world.server.state, world.server.latch = state, latch
    world.server.say(halt=execution_pb2.Halt(state=state, latch=latch))
    world.run(lambda: not world.server.outgoing)


def test_a_halt_outlives_the_bridge_and_only_a_later_word_ends_it(world: World) -> None:
    world.run(lambda: world.server.epoch)
    halt(world, values_pb2.TRADING_STATE_HALTED, 4)
    world.server.state, world.server.latch = values_pb2.TRADING_STATE_ACTIVE, 3
    world.start()

    refused = world.server.offer(a_text(expires=EXPIRES))
    assert outcome(world, refused) == "HALTED"

    halt(world, values_pb2.TRADING_STATE_ACTIVE, 5)
    key = world.server.offer(
        a_text(expires=EXPIRES), command_id="0197a1c2-0000-7000-8000-0000000000c2"
    )
    assert outcome(world, key) == EXECUTED


def test_close_only_still_closes(world: World) -> None:
    target = opened(world)
    halt(world, values_pb2.TRADING_STATE_CLOSE_ONLY, 1)

    opening = world.server.offer(
        a_text(expires=EXPIRES), command_id="0197a1c2-0000-7000-8000-0000000000c2"
    )
    closing = world.server.offer(a_close(OPENED, expires=EXPIRES), target=target)

    assert outcome(world, opening) == "HALTED"
    assert outcome(world, closing) == EXECUTED


def at_intent(world: World, happen: Callable[[], None]) -> None:
    """Let something happen while the intent is being written."""

    def before(effect: Effect) -> None:
        if isinstance(effect, Write) and effect.records[0].kind is RecordKind.INTENT:
            happen()

    world.before = before


def test_a_disk_that_takes_longer_than_the_grant_sends_nothing(world: World) -> None:
    at_intent(world, lambda: world.pass_time(timedelta(seconds=6)))
    key = world.server.offer(a_text(expires=EXPIRES))

    assert outcome(world, key) == NOT_SENT
    assert world.server.event_of(key).result.reason == "GRANT_LAPSED"  # pyright: ignore[reportOptionalMemberAccess]  # it has one
    assert world.sends(key) == 0


def test_a_halt_that_comes_while_the_intent_is_written_sends_nothing(world: World) -> None:
    halted = execution_pb2.ChannelResponse(
        halt=execution_pb2.Halt(state=values_pb2.TRADING_STATE_HALTED, latch=9)
    )

    def come() -> None:
        world.before = lambda _: None
        halted.session_epoch, halted.sequence = world.server.epoch, world.server.said + 1
        world.server.said += 1
        world.bridge.hear(1, halted, world.now())

    at_intent(world, come)
    key = world.server.offer(a_text(expires=EXPIRES))

    assert outcome(world, key) == NOT_SENT
    assert world.sends(key) == 0


def test_a_full_disk_claims_nothing(world: World) -> None:
    world.run(lambda: world.server.epoch)
    world.disk_is_full = True
    key = world.server.offer(a_text(expires=EXPIRES))

    assert outcome(world, key) == "JOURNAL_UNAVAILABLE"
    assert key not in world.server.granted


def test_a_disk_that_fills_after_the_claim_sends_nothing_and_says_so(world: World) -> None:
    def fill() -> None:
        world.disk_is_full = True

    at_intent(world, fill)
    key = world.server.offer(a_text(expires=EXPIRES))

    assert outcome(world, key) == NOT_SENT
    assert world.sends(key) == 0


def test_a_cancel_before_the_grant_arrives_sends_nothing(world: World) -> None:
    world.run(lambda: world.server.epoch)
    key = world.server.offer(a_text(expires=EXPIRES))
    say = world.server.say

    def say_cancel_first(**frame: object) -> None:
        if "grant" in frame:
            say(cancel=execution_pb2.Cancel(command_id=key[0]))
        say(**frame)

    world.server.say = say_cancel_first
    assert outcome(world, key) == NOT_SENT
    assert world.sends(key) == 0


def test_a_grant_that_was_lost_with_its_session_is_told_as_not_sent(world: World) -> None:
    key = world.server.offer(a_text(expires=EXPIRES))
    say = world.server.say

    def lose(**frame: object) -> None:
        if "grant" not in frame:
            say(**frame)

    world.server.say = lose
    world.run(lambda: key in world.server.granted)
    world.server.say = say
    world.lose_stream()

    assert outcome(world, key) == NOT_SENT
    assert world.sends(key) == 0


def test_an_offer_repeated_by_a_server_that_forgot_is_not_sent_again(world: World) -> None:
    key = world.server.offer(a_text(expires=EXPIRES))
    assert outcome(world, key) == EXECUTED
    forgotten = world.server.granted.pop(key)
    world.server.events.clear()
    world.lose_stream()

    assert world.run(lambda: key in world.server.declined and world.server.result_of(key))
    assert world.server.declined[key].final
    assert world.server.result_of(key) == EXECUTED
    assert world.sends(key) == 1
    assert forgotten.magic == world.server.offers[key].magic


def test_another_account_stops_everything(world: World) -> None:
    world.run(lambda: world.server.epoch)
    world.terminal.log_in(1000002)
    key = world.server.offer(a_text(expires=EXPIRES))

    assert outcome(world, key) == "ACCOUNT_MISMATCH"
    anomalies = [e.anomaly for e in world.server.events.values() if e.HasField("anomaly")]
    assert [anomaly.kind for anomaly in anomalies] == ["ACCOUNT_CHANGED"]
    assert key not in world.server.granted


def test_stopping_says_goodbye_when_the_results_are_told(world: World) -> None:
    key = world.server.offer(a_text(expires=EXPIRES))
    assert outcome(world, key) == EXECUTED
    world.stop()

    assert world.ended is not None
    assert world.ended.code == 0
    assert world.server.farewells == 1
    assert all(kept.acknowledged for kept in world.disk if kept.record.event)


def test_what_was_not_acknowledged_is_told_in_the_next_session(world: World) -> None:
    key = world.server.offer(a_text(expires=EXPIRES))
    assert world.run(lambda: world.told_volume(key))
    told = set(world.server.events)
    world.server.events.clear()
    world.lose_stream()
    world.disk = [
        type(kept)(kept.number, kept.record, False)  # noqa: FBT003  # not acknowledged
        for kept in world.disk  # not acknowledged
    ]  # as if no Ack had come
    world.start()

    assert world.run(
        lambda: {n for n in told if n.startswith(("result", "deal"))} <= set(world.server.events)
    )
    assert world.now().utc > START


def test_nothing_more_is_done_to_a_position_while_a_close_of_it_is_in_doubt(world: World) -> None:
    target = opened(world)
    world.terminal.set_fault(Fault(FaultKind.DOUBTFUL, executes=Executes.NEVER))
    first = world.server.offer(a_close(OPENED, expires=EXPIRES), target=target)
    assert outcome(world, first) == execution_pb2.ATTEMPT_OUTCOME_IN_DOUBT
    world.start()

    second = world.server.offer(
        a_close(OPENED, expires=EXPIRES),
        target=target,
        command_id="0197a1c2-0000-7000-8000-0000000000c2",
    )
    assert outcome(world, second) == "TARGET_BUSY"


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("asks", [False, True])
def test_a_doubt_is_in_the_way_of_others_for_as_long_as_the_server_asks_about_it(
    world: World, *, asks: bool, restarts: bool
) -> None:
    target = opened(world)
    world.terminal.set_fault(Fault(FaultKind.DOUBTFUL, executes=Executes.NEVER))
    first = world.server.offer(a_close(OPENED, expires=EXPIRES), target=target)
    assert outcome(world, first) == execution_pb2.ATTEMPT_OUTCOME_IN_DOUBT
    if restarts:
        world.start()
    magic = world.server.granted[first].magic
    for _ in range(6):
        world.run(lambda: False, for_=timedelta(seconds=5))
        if asks:
            asked = execution_pb2.Resolve(command_id=first[0], attempt=first[1], magic=magic)
            world.server.say(resolve=asked)

    second = world.server.offer(
        a_close(OPENED, expires=EXPIRES),
        target=target,
        command_id="0197a1c2-0000-7000-8000-0000000000c2",
    )
    expected = "TARGET_BUSY" if asks else execution_pb2.ATTEMPT_OUTCOME_EXECUTED
    assert outcome(world, second) == expected
    assert bool(positions(world)) == asks


def test_on_a_netting_account_the_one_position_of_the_symbol_is_closed() -> None:
    world = World(mode=MarginMode.NETTING)
    text = a_text(approval=OPENED, margin_mode=IntentMode.NETTING, expires=EXPIRES)
    key = world.server.offer(text, command_id=OPEN_COMMAND)
    assert outcome(world, key) == EXECUTED
    target = execution_pb2.TargetPosition(opening_magic=world.server.offers[key].magic)

    # More than is open would open the other way round.
    close = a_close(OPENED, margin_mode=IntentMode.NETTING, volume=Decimal("0.3"), expires=EXPIRES)
    assert outcome(world, world.server.offer(close, target=target)) == EXECUTED
    assert positions(world) == {}
    mt5.shutdown()
    mt5.detach()
