"""The guard beside the terminal: judges what it reads, holds what it judged, obeys its owner."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

import mt5_simulator as mt5
from countersign.v1 import execution_pb2, values_pb2
from countersign_bridge.guarding.guard import GuardUnreadable
from countersign_bridge.guarding.seeing import is_believable
from countersign_bridge.journal.records import Kept, Record, RecordKind
from countersign_bridge.owner_signatures import owner_key_id
from countersign_bridge.terminal.jobs import SnapshotAnswer
from countersign_bridge.terminal.views import AccountView, TerminalView
from countersign_bridge.trading.requests import Action
from countersign_guards.guardian import call_off, reset
from countersign_guards.latch import TradingState
from countersign_guards.policy import Action as Does, Market, Patience
from countersign_guards.state_text import state_text
from mt5_simulator import Fault, FaultKind
from tests.fixtures.bridge_world import a_close, a_text
from tests.fixtures.bridge_world_without_io import EXPIRES, World
from tests.fixtures.guarded_bridge import (
    CRASHED,
    ENOUGH,
    START_PRICE,
    SYMBOL,
    a_policy,
    acts,
    crash,
    digest_of,
    guard_state,
    held_by_server,
    hold,
    is_flat,
    latch,
    moment,
    positions,
    price,
    records,
    see,
    sent,
    signed,
    state,
    told,
)
from tests.fixtures.owner_keys import KeyFile


@pytest.fixture
def world() -> Iterator[World]:
    yield World()
    mt5.shutdown()
    mt5.detach()


def owner_signature(key: KeyFile, statement: str) -> execution_pb2.OfferOwnerSignature:
    return execution_pb2.OfferOwnerSignature(
        owner_key_id=owner_key_id("ed25519", "", key.public_key),
        algorithm=values_pb2.OWNER_KEY_ALGORITHM_ED25519,
        public_key=key.public_key,
        signature=key.approve(statement).signature,
    )


def carry_out(world: World, key: tuple[str, int]) -> None:
    assert world.run(lambda: world.server.result_of(key) or key in world.server.declined)


def flattening(world: World) -> None:
    """Let the guard trip while no server is there, with nothing that can be closed yet."""
    world.terminal.set_fault(Fault(FaultKind.AUTOTRADING_OFF))
    world.lose_server()
    crash(world)
    assert world.run(lambda: state(world) is TradingState.FLATTENING, for_=ENOUGH)


def test_a_crash_is_announced_for_ten_seconds_before_anything_is_closed(world: World) -> None:
    hold(world)
    see(world)
    world.lose_server()
    crash(world)
    assert world.run(lambda: guard_state(world).countdown, for_=ENOUGH)
    announced = guard_state(world).countdown
    assert announced is not None
    assert announced.closes_at - announced.announced_at == timedelta(seconds=10)
    see(world, 9)
    assert not sent(world)
    assert world.run(lambda: is_flat(world), for_=timedelta(seconds=3))


def test_a_bad_tick_alone_closes_nothing(world: World) -> None:
    hold(world)
    see(world)
    world.lose_server()
    for _ in range(5):
        crash(world)
        see(world, 1.5)
        price(world, START_PRICE)
        see(world, 3)
    see(world, 20)
    assert not sent(world)
    assert state(world) is not TradingState.FLATTENING


def judged_by_market(world: World, market: Market) -> None:
    """Hold a position under a policy that judges prices, with no server there."""
    hold(world)
    see(world)
    world.server.say(guard_policy=signed(world, a_policy(market=market, patience=Patience())))
    see(world, 2)
    world.lose_server()


def test_a_loss_at_a_price_that_is_not_to_be_trusted_must_last_longer(world: World) -> None:
    judged_by_market(world, Market(spread=Decimal("0.001")))
    world.terminal.broker.set_price(SYMBOL, CRASHED, CRASHED + Decimal("0.005"))
    see(world, 8)
    assert guard_state(world).countdown is None
    see(world, 5)
    assert guard_state(world).countdown is not None


def test_a_price_that_stands_still_grows_old_however_often_it_is_read(world: World) -> None:
    hold(world, "0.1", symbol="GBPUSD")
    judged_by_market(world, Market(quote_age=timedelta(seconds=5)))
    see(world, 6)
    for tick in range(8):
        price(world, CRASHED - tick * Decimal("0.00001"))
        see(world, 1)
    assert guard_state(world).countdown is None


def test_a_deposit_does_not_hide_a_loss_and_a_withdrawal_is_none(world: World) -> None:
    hold(world)
    see(world)
    world.lose_server()
    world.terminal.broker.transfer(1000001, Decimal(-2500), comment="paid out")
    see(world, 30)
    assert not sent(world)
    assert guard_state(world).standings["drawdown"].reference < Decimal(7600)
    crash(world)
    assert world.run(lambda: is_flat(world), for_=ENOUGH)


@pytest.mark.parametrize("call", ["account_info", "positions_get"])
def test_a_reading_that_fails_is_neither_a_loss_nor_the_end_of_a_closing(
    world: World, call: str
) -> None:
    hold(world)
    see(world)
    flattening(world)
    world.terminal.set_fault(Fault(FaultKind.NO_ANSWER, call=call, count=5))
    see(world, 4)
    assert state(world) is TradingState.FLATTENING


def test_what_a_disconnected_terminal_remembers_is_not_judged(world: World) -> None:
    hold(world)
    see(world)
    world.lose_server()
    crash(world)
    see(world, 1)
    world.terminal.set_fault(Fault(FaultKind.DISCONNECTED))
    see(world, 60)
    assert state(world) is TradingState.WARNED
    world.terminal.clear_faults()
    assert world.run(lambda: is_flat(world), for_=ENOUGH)


def test_no_positions_beside_a_margin_that_is_used_are_no_flat_account() -> None:
    facts = (1000001, "Sim-Demo", "USD", 2, True, True)
    money = (Decimal(10_000), Decimal(9_000), Decimal(0), Decimal(500), Decimal(8_500))
    account = AccountView(*facts, *money, currency_digits=2)
    terminal = TerminalView(
        connected=True, trade_allowed=True, api_disabled=False, build=5430, ping_last_us=0
    )
    assert not is_believable(SnapshotAnswer(account, terminal, ()))
    flat = replace(account, margin=Decimal(0))
    assert is_believable(SnapshotAnswer(flat, terminal, ()))
    gone = replace(terminal, connected=False)
    assert not is_believable(SnapshotAnswer(flat, gone, ()))


def test_a_terminal_that_restarts_without_its_positions_ends_no_closing(world: World) -> None:
    hold(world)
    see(world)
    flattening(world)
    world.terminal.restart(timedelta(seconds=5))
    see(world, 4)
    assert state(world) is TradingState.FLATTENING


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_is_set_neither_blinds_the_guard_nor_cuts_the_alert_short(
    world: World, hours: int
) -> None:
    hold(world)
    see(world)
    world.lose_server()
    crash(world)
    assert world.run(lambda: guard_state(world).countdown, for_=ENOUGH)
    world.skew = timedelta(hours=hours)
    if hours < 0:
        see(world, 8)
        assert not sent(world)
    assert world.run(lambda: is_flat(world), for_=timedelta(seconds=5 if hours < 0 else 12))


def test_under_a_latch_nothing_is_opened_whatever_the_server_offers(world: World) -> None:
    hold(world)
    see(world)
    flattening(world)
    world.bring_server_back()
    key = world.server.offer(a_text(expires=EXPIRES))
    assert world.run(lambda: key in world.server.declined, for_=timedelta(seconds=10))
    assert world.server.declined[key].reason == "HALTED"
    assert "flattening" in world.server.declined[key].detail


def test_an_order_that_waits_for_the_terminal_when_the_latch_falls_is_not_sent(
    world: World,
) -> None:
    see(world)
    key = world.server.offer(a_text(expires=EXPIRES))
    world.before_send = lambda: setattr(world.situation, "guard", TradingState.CLOSE_ONLY)
    assert world.run(lambda: world.server.result_of(key), for_=timedelta(seconds=10))
    assert world.server.result_of(key) == execution_pb2.ATTEMPT_OUTCOME_NOT_SENT
    event = world.server.event_of(key)
    assert event is not None
    assert event.result.reason == "HALTED"
    assert world.sends(key) == 0


def test_a_close_is_taken_up_while_only_closing_is_allowed_and_not_once_halted(
    world: World,
) -> None:
    text = a_text(expires=EXPIRES)
    opened = world.server.offer(text, command_id="0197a1c2-0000-7000-8000-0000000000c1")
    assert world.run(lambda: world.server.result_of(opened))
    approval = text.split("approval: ", 1)[1].split("\n", 1)[0]
    target = execution_pb2.TargetPosition(opening_magic=world.server.offers[opened].magic)
    for held, reason in (
        (values_pb2.TRADING_STATE_CLOSE_ONLY, ""),
        (values_pb2.TRADING_STATE_HALTED, "HALTED"),
    ):
        world.server.say(guard=held_by_server(held, cause="person"))
        close = a_close(approval, expires=EXPIRES, volume=Decimal("0.05"))  # pyright: ignore[reportArgumentType]
        command_id = f"0197a1c2-0000-7000-8000-0000000000d{int(held)}"
        key = world.server.offer(close, command_id=command_id, target=target)
        carry_out(world, key)
        declined = world.server.declined.get(key)
        assert (declined.reason if declined else "") == reason


def test_a_restart_forgets_neither_the_latch_nor_the_countdown_nor_the_peak(world: World) -> None:
    hold(world)
    see(world)
    world.lose_server()
    crash(world)
    assert world.run(lambda: guard_state(world).countdown, for_=ENOUGH)
    world.start()
    assert state(world) is TradingState.CLOSE_ONLY
    assert world.run(lambda: is_flat(world), for_=timedelta(seconds=15))
    see(world, 3)
    world.start()
    assert state(world) is TradingState.HALTED
    see(world, 60)
    assert state(world) is TradingState.HALTED


def test_the_disk_that_is_full_keeps_the_latch_from_nothing(world: World) -> None:
    hold(world)
    see(world)
    world.lose_server()
    world.disk_is_full = True
    crash(world)
    assert world.run(lambda: state(world) is TradingState.FLATTENING, for_=ENOUGH)
    see(world, 10)
    assert not sent(world)
    world.disk_is_full = False
    assert world.run(lambda: is_flat(world), for_=timedelta(seconds=20))
    world.bring_server_back()
    see(world, 5)
    assert acts(world)[:4] == ["warned", "closing_announced", "latched", "flattening"]


def test_a_memory_of_a_later_version_stops_the_start_and_is_not_taken_for_none(
    world: World,
) -> None:
    details = {"memory": '{"format":2}', "account_id": ""}
    record = Record(RecordKind.MEMORY, world.now().utc, details=details)
    world.disk.append(Kept(len(world.disk) + 1, record, acknowledged=False))
    with pytest.raises(GuardUnreadable, match="install that version"):
        world.start()


def test_the_server_learns_of_everything_in_its_order_and_once(world: World) -> None:
    hold(world)
    see(world)
    world.lose_server()
    crash(world)
    assert world.run(lambda: state(world) is TradingState.HALTED, for_=ENOUGH)
    world.bring_server_back()
    see(world, 5)
    order = ["warned", "closing_announced", "latched", "flattening", "flattened", "latched"]
    assert acts(world) == order
    times = [moment(event) for event in told(world)]
    assert times == sorted(times)
    announced = told(world)[1].guard_acted
    assert announced.HasField("close_time")
    assert announced.standing.reference == "9950"
    assert '"EURUSD":{' in announced.evidence_json
    world.start()
    see(world, 5)
    assert acts(world) == order


def test_hello_says_what_is_held_and_a_person_s_reset_comes_back(world: World) -> None:
    hold(world)
    see(world)
    world.lose_server()
    crash(world)
    assert world.run(lambda: state(world) is TradingState.HALTED, for_=ENOUGH)
    world.bring_server_back()
    see(world, 5)
    hello = world.server.hello.guard
    assert (hello.latch.state, hello.latch.cause) == (values_pb2.TRADING_STATE_HALTED, "drawdown")
    world.server.say(guard=held_by_server(values_pb2.TRADING_STATE_ACTIVE, cause="", resets=1))
    see(world, 2)
    assert state(world) in (TradingState.ACTIVE, TradingState.WARNED)
    assert latch(world).resets == 1


def test_a_reset_that_accepts_the_loss_is_measured_from_where_the_server_measures(
    world: World,
) -> None:
    hold(world)
    see(world)
    crash(world)
    assert world.run(lambda: guard_state(world).countdown, for_=ENOUGH)
    lifted = reset(
        guard_state(world),
        a_policy(),
        by="user:ann",
        reason="hedged elsewhere",
        accept_loss=True,
        now=world.now().utc,
    )
    assert isinstance(lifted, tuple)
    memory = state_text(lifted[0])
    held = held_by_server(values_pb2.TRADING_STATE_ACTIVE, cause="", resets=1, memory=memory)
    world.server.say(guard=held)
    see(world, 60)
    assert state(world) is TradingState.ACTIVE
    assert len(positions(world)) == 1


def test_a_closing_that_its_owner_calls_off_is_called_off_here_too(world: World) -> None:
    hold(world)
    see(world)
    flattening(world)
    called_off, _ = call_off(
        guard_state(world), by="user:ann", reason="hedged", now=world.now().utc
    )
    world.bring_server_back()
    see(world, 2)
    held = held_by_server(
        values_pb2.TRADING_STATE_CLOSE_ONLY,
        cause="drawdown",
        resets=called_off.latch.resets,
        called_off=["drawdown"],
    )
    world.server.say(guard=held)
    see(world, 1)
    world.terminal.clear_faults()
    world.lose_server()
    see(world, 60)
    assert state(world) is TradingState.CLOSE_ONLY
    assert not sent(world)


def test_a_bridge_that_never_saw_the_account_begins_with_the_server_s_peaks(world: World) -> None:
    hold(world)
    see(world)
    known = guard_state(world)
    assert known.seen is not None
    # By a clock that is hours ahead of this machine's.
    ahead = replace(known.seen, at=known.seen.at + timedelta(hours=3))
    memory = state_text(replace(known, seen=ahead))
    fresh = World()
    held = held_by_server(values_pb2.TRADING_STATE_ACTIVE, cause="", memory=memory)
    fresh.server.greetings = [{"guard": held}]
    see(fresh, 2)
    assert guard_state(fresh).tracks["drawdown"].reference == Decimal(9950)
    fresh.lose_server()
    hold(fresh)
    see(fresh, 12)
    crash(fresh)
    assert fresh.run(lambda: is_flat(fresh), for_=ENOUGH)


def test_the_default_guards_an_account_of_which_nobody_has_said_anything(world: World) -> None:
    world.lose_server()
    world.start()
    hold(world)
    see(world, 10)
    crash(world)
    assert world.run(lambda: is_flat(world), for_=ENOUGH)


def test_a_signed_policy_is_in_force_and_again_after_a_restart(world: World) -> None:
    hold(world)
    see(world)
    world.server.say(guard_policy=signed(world, a_policy("0.01")))
    see(world, 2)
    world.lose_server()
    world.start()
    price(world, Decimal("1.08450"))
    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    world.bring_server_back()
    see(world, 4)
    assert world.server.hello.guard.policy_digest == digest_of(a_policy("0.01"))
    assert {e.guard_acted.policy_version for e in told(world) if e.HasField("guard_acted")} == {1}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 1}, "POLICY_OLDER"),
        ({"version": 2}, "POLICY_CHANGED"),
        ({"version": 3, "login": 7}, "STATEMENT_MISMATCH"),
        ({"version": 3, "text": '{"currency":"EUR"}'}, "POLICY_INVALID"),
        ({"version": 3, "text": '{"currency":"USD","loses":[]}'}, "POLICY_INVALID"),
    ],
)
def test_a_policy_that_is_older_another_or_none_is_not_taken(
    world: World, changes: dict[str, object], reason: str
) -> None:
    see(world, 2)
    world.server.say(guard_policy=signed(world, a_policy("0.05"), version=2))
    see(world, 1)
    world.server.say(guard_policy=signed(world, a_policy("0.5"), **changes))  # pyright: ignore[reportArgumentType]
    see(world, 1)
    assert [record.details["version"] for record in records(world, RecordKind.POLICY)] == [2]
    assert world.logged("policy not taken") == [reason]


@pytest.mark.parametrize("forged", ["server_signature", "text", "statement", "server_key_id"])
def test_a_policy_that_no_pinned_key_signed_is_not_taken(world: World, forged: str) -> None:
    see(world, 2)
    message = signed(world, a_policy("0.5"))
    altered = {
        "server_signature": bytes(64),
        "text": message.text.replace("0.5", "0.9"),
        "statement": message.statement.replace("version: 1", "version: 9"),
        "server_key_id": "apr_stranger",
    }
    setattr(message, forged, altered[forged])
    world.server.say(guard_policy=message)
    see(world, 2)
    assert not records(world, RecordKind.POLICY)


@pytest.fixture
def owned() -> Iterator[tuple[World, KeyFile]]:
    world, key = World(), KeyFile()
    world.owner_keys = frozenset({owner_key_id("ed25519", "", key.public_key)})
    world.start()
    yield world, key
    mt5.shutdown()
    mt5.detach()


def test_where_the_owner_s_key_is_pinned_the_server_alone_sets_no_policy(
    owned: tuple[World, KeyFile],
) -> None:
    world, _ = owned
    see(world, 2)
    world.server.say(guard_policy=signed(world, a_policy("1")))
    see(world, 2)
    assert not records(world, RecordKind.POLICY)
    assert world.logged("policy not taken") == ["OWNER_SIGNATURE_REQUIRED"]


def test_where_the_owner_s_key_is_pinned_a_policy_that_it_signed_is_taken(
    owned: tuple[World, KeyFile],
) -> None:
    world, key = owned
    see(world, 2)
    message = signed(world, a_policy("0.5"))
    message.owner_signature.CopyFrom(owner_signature(key, message.statement))
    world.server.say(guard_policy=message)
    see(world, 2)
    assert [record.details["version"] for record in records(world, RecordKind.POLICY)] == [1]
    again = signed(world, a_policy("0.9"), version=2)
    again.owner_signature.CopyFrom(message.owner_signature)
    world.server.say(guard_policy=again)
    see(world, 2)
    assert [record.details["version"] for record in records(world, RecordKind.POLICY)] == [1]


def test_a_rule_that_halts_lets_nothing_through_and_closes_nothing(world: World) -> None:
    rule = replace(a_policy("0.1").losses[0], action=Does.HALT)
    hold(world)
    see(world)
    world.server.say(guard_policy=signed(world, a_policy(losses=(rule,), patience=Patience())))
    see(world, 2)
    crash(world)
    assert world.run(lambda: state(world) is TradingState.HALTED, for_=ENOUGH)
    see(world, 30)
    assert not sent(world)
    assert len(positions(world)) == 1


def test_a_halted_account_is_closed_when_its_loss_goes_on_to_a_rule_that_closes(
    world: World,
) -> None:
    closing = a_policy("0.3").losses[0]
    halting = replace(a_policy("0.1").losses[0], id="halting", action=Does.HALT)
    policy = a_policy(losses=(halting, closing), patience=Patience())
    hold(world)
    see(world)
    world.server.say(guard_policy=signed(world, policy))
    see(world, 2)
    world.lose_server()
    crash(world)
    assert world.run(lambda: state(world) is TradingState.HALTED, for_=ENOUGH)
    see(world, 30)
    assert not sent(world)

    price(world, CRASHED - Decimal("0.002"))

    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    see(world, 3)
    assert (state(world), latch(world).cause) == (TradingState.HALTED, closing.id)


def test_the_bridge_s_own_requests_close_and_cancel_and_nothing_else(world: World) -> None:
    hold(world)
    see(world)
    world.lose_server()
    price(world, CRASHED)
    assert world.run(lambda: is_flat(world), for_=ENOUGH)
    assert {one.request.action for one in sent(world)} == {Action.DEAL}
    assert all(one.request.position for one in sent(world))
