"""Who is told of what, and how urgent it is."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, strategies as st

from countersign_server.notifications.channel import Outcome, Result
from countersign_server.notifications.courier import after_attempt
from countersign_server.notifications.destination import ChannelKind, Destination, Event, wants
from countersign_server.notifications.notification import Notification, State, pause_after
from countersign_server.notifications.topic import Level, Topic, level_of, topic_of
from tests.fixtures.clock import START

ANN, BOB, ACCOUNT, PRODUCER = (UUID(int=number) for number in (1, 2, 3, 4))
HOOK = Destination(
    id=UUID(int=5),
    owner_id=ANN,
    channel=ChannelKind.WEBHOOK,
    topics=frozenset(),
    level_min=Level.INFO,
    created_at=START,
)
CHAT = replace(HOOK, channel=ChannelKind.TELEGRAM)
EVENT = Event(
    owner_id=ANN,
    topic=Topic.DEAL,
    level=Level.INFO,
    subject="deal:1",
    is_step=False,
    account_id=ACCOUNT,
    producer_id=None,
)
WAITING = Notification(
    id=UUID(int=6),
    owner_id=ANN,
    destination_id=HOOK.id,
    lane=ACCOUNT,
    sequence=1,
    kind="deal.recorded",
    topic=Topic.DEAL,
    level=Level.INFO,
    account_id=ACCOUNT,
    signal_id=None,
    body="{}",
    created_at=START,
    give_up_at=START + timedelta(days=3),
)


def test_whoever_names_no_topic_is_told_of_all() -> None:
    assert wants(HOOK, EVENT, START)


@pytest.mark.parametrize(
    "destination",
    [
        replace(HOOK, owner_id=BOB),
        replace(HOOK, ended_at=START),
        replace(HOOK, topics=frozenset({Topic.SIGNAL})),
        replace(HOOK, level_min=Level.WARNING),
        replace(HOOK, account_id=uuid4()),
        replace(HOOK, producer_id=PRODUCER),
        replace(CHAT, muted_until=START + timedelta(hours=1)),
    ],
    ids=["another's", "ended", "topic", "level", "account", "producer", "muted"],
)
def test_what_is_left_out_is_not_told(destination: Destination) -> None:
    assert not wants(destination, EVENT, START)


def test_a_person_is_not_told_of_each_step_and_a_program_is() -> None:
    step = replace(EVENT, is_step=True)

    assert not wants(CHAT, step, START)
    assert wants(HOOK, step, START)


def test_what_is_muted_is_told_again_afterwards() -> None:
    assert wants(replace(CHAT, muted_until=START), EVENT, START)


def test_a_person_is_told_of_what_is_critical_whatever_is_muted_or_left_out() -> None:
    deaf = replace(
        CHAT,
        muted_until=START + timedelta(days=9),
        topics=frozenset({Topic.PAYOUT}),
        level_min=Level.CRITICAL,
    )

    assert wants(deaf, replace(EVENT, level=Level.CRITICAL), START)
    assert not wants(replace(deaf, owner_id=BOB), replace(EVENT, level=Level.CRITICAL), START)


def test_a_producers_endpoint_is_told_of_its_signals_alone() -> None:
    own = replace(HOOK, producer_id=PRODUCER)
    signal = replace(EVENT, topic=Topic.SIGNAL, producer_id=PRODUCER, account_id=None)

    assert wants(own, signal, START)
    assert not wants(own, replace(signal, producer_id=uuid4()), START)
    assert not wants(own, replace(signal, topic=Topic.APPROVAL), START)


def test_a_test_comes_whatever_is_subscribed_to_and_to_that_destination_alone() -> None:
    event = replace(EVENT, topic=Topic.TEST, subject=f"webhook_endpoint:{HOOK.id}")

    assert wants(replace(HOOK, topics=frozenset({Topic.PAYOUT})), event, START)
    assert not wants(replace(HOOK, id=uuid4()), event, START)


@pytest.mark.parametrize(
    ("kind", "topic", "level"),
    [
        ("signal.accepted", Topic.SIGNAL, Level.INFO),
        ("approval.pending", Topic.APPROVAL, Level.INFO),
        ("approval.expired", Topic.APPROVAL, Level.WARNING),
        ("command.in-doubt", Topic.COMMAND, Level.CRITICAL),
        ("anomaly.OVERFILL", Topic.COMMAND, Level.CRITICAL),
        ("deal.recorded", Topic.DEAL, Level.INFO),
        ("divergence.escalated", Topic.DIVERGENCE, Level.CRITICAL),
        ("guard.latched", Topic.GUARD, Level.CRITICAL),
        ("guard.warned", Topic.GUARD, Level.WARNING),
        ("guard.tripped_at_bridge", Topic.GUARD, Level.CRITICAL),
        ("payout.paid", Topic.PAYOUT, Level.INFO),
        ("payout.failed", Topic.PAYOUT, Level.WARNING),
        ("payout.bank_details_opened", Topic.SECURITY, Level.WARNING),
        ("owner_key.registered", Topic.SECURITY, Level.CRITICAL),
    ],
)
def test_a_kind_says_what_it_is_about_and_how_urgent_it_is(
    kind: str, topic: Topic, level: Level
) -> None:
    assert (topic_of(kind), level_of(kind, {})) == (topic, level)


def test_an_account_that_may_not_trade_is_critical_and_one_that_may_again_is_not() -> None:
    kind = "account.trading_state_changed"

    assert level_of(kind, {"state": "halted"}) is Level.CRITICAL
    assert level_of(kind, {"state": "active"}) is Level.INFO


def test_what_concerns_nobody_outside_is_told_to_nobody() -> None:
    assert topic_of("session.created") is None
    assert topic_of("webhook_endpoint.created") is None


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_pause_grows_and_ends_at_six_hours(failures: int, chance: float) -> None:
    pause = pause_after(failures, chance)

    assert timedelta(seconds=3) < pause <= timedelta(hours=6)
    assert pause <= pause_after(failures, 0)
    assert pause_after(failures, chance) <= pause_after(failures + 1, chance)


def test_what_fails_waits_until_its_time_is_over() -> None:
    failed = Outcome(result=Result.FAILED, reason="TIMEOUT")

    waiting = after_attempt(WAITING, failed, START)
    dead = after_attempt(waiting, failed, WAITING.give_up_at)

    assert (waiting.state, waiting.attempts, waiting.failure) == (State.WAITING, 1, "TIMEOUT")
    assert (dead.state, dead.attempts, dead.ended_at) == (State.DEAD, 2, WAITING.give_up_at)


def test_what_is_refused_for_good_is_given_up_at_once() -> None:
    after = after_attempt(WAITING, Outcome(result=Result.REFUSED, reason="BLOCKED"), START)

    assert (after.state, after.failure) == (State.DEAD, "BLOCKED")
