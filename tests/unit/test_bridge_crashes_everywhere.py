"""The power goes at every single step of an order's life; it is still sent once or not at all.

The broker's own books decide: what the server was told must be what they say.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

import mt5_simulator as mt5
from countersign.v1 import execution_pb2
from countersign_bridge.effects import Ask
from countersign_bridge.terminal import jobs
from mt5_simulator import Executes, Fault, FaultKind, Weather
from tests.fixtures.bridge_world import a_text
from tests.fixtures.bridge_world_without_io import EXPIRES, Key, World

LOTS = Decimal("0.1")
# Beyond it nothing but watching happens, and that goes on for ever.
LAST_STEP = 50
NO_ORDER = {execution_pb2.ATTEMPT_OUTCOME_REJECTED, execution_pb2.ATTEMPT_OUTCOME_NOT_SENT}
UNKNOWN = {None, execution_pb2.ATTEMPT_OUTCOME_IN_DOUBT}
# By then everything that the terminal shows has been told.
SETTLING = timedelta(seconds=18)

FAULTS = {
    "fair weather": None,
    "reply lost, executed": Fault(FaultKind.REPLY_LOST),
    "reply lost, executed later": Fault(FaultKind.REPLY_LOST, executes=Executes.LATER, seconds=4.0),
    "reply lost, never executed": Fault(FaultKind.REPLY_LOST, executes=Executes.NEVER),
    "timeout, executed later": Fault(FaultKind.DOUBTFUL, executes=Executes.LATER, seconds=4.0),
    "timeout, never executed": Fault(FaultKind.DOUBTFUL, executes=Executes.NEVER),
    "out of step, executed": Fault(FaultKind.OUT_OF_STEP),
    "write failed": Fault(FaultKind.SEND_FAILED),
    "requote": Fault(FaultKind.REJECT),
    "placed, filled later": Fault(FaultKind.PLACED, executes=Executes.LATER, seconds=4.0),
    "deal hidden at first": Fault(FaultKind.DEAL_HIDDEN, seconds=3.0),
}


def a_world(fault: Fault | None, *, cut_at: int = -1, cut_after: bool = False) -> tuple[World, Key]:
    world = World(cut_at=cut_at, cut_after=cut_after)
    if fault is not None:
        world.terminal.set_fault(fault)
    return world, world.server.offer(a_text(expires=EXPIRES))


def settle(world: World, key: Key) -> None:
    """Run until the server knows how it ended and has every deal, or that will not come."""

    def settled() -> bool:
        known = world.server.result_of(key) not in UNKNOWN or key in world.server.declined
        return known and world.told_volume(key) == world.volume(key) > 0

    world.run(settled, for_=SETTLING)


def check_truth(world: World, key: Key, where: str) -> None:
    result, volume = world.server.result_of(key), world.volume(key)
    assert world.sends(key) <= 1, where
    assert volume in (0, LOTS), where
    assert world.told_volume(key) == volume, where
    if result in NO_ORDER or result in UNKNOWN:
        assert volume == 0, where
    elif result == execution_pb2.ATTEMPT_OUTCOME_WORKING and volume == 0:
        assert was_told_over(world, key), where
    else:
        assert volume == LOTS, where


def was_told_over(world: World, key: Key) -> bool:
    """Whether the server was told that the order ended at the broker."""
    magic = world.server.offers[key].magic
    reports = (e.order for e in world.server.events.values() if e.HasField("order"))
    return any(report.final for report in reports if report.magic == magic)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("cut_after", [False, True], ids=["before", "after"])
def test_whatever_fails_the_order_is_sent_at_most_once_and_told_as_it_was(
    name: str, *, cut_after: bool
) -> None:
    whole, key = a_world(FAULTS[name])
    settle(whole, key)
    check_truth(whole, key, "without a cut")

    for step in range(1, min(whole.steps, LAST_STEP)):
        world, key = a_world(FAULTS[name], cut_at=step, cut_after=cut_after)
        settle(world, key)
        check_truth(world, key, f"cut {'after' if cut_after else 'before'} step {step}")


STORM = {
    FaultKind.REPLY_LOST: 0.2,
    FaultKind.OUT_OF_STEP: 0.15,
    FaultKind.DOUBTFUL: 0.2,
    FaultKind.PLACED: 0.15,
    FaultKind.DEAL_HIDDEN: 0.1,
    FaultKind.SEND_FAILED: 0.1,
    FaultKind.REJECT: 0.1,
}


@pytest.mark.parametrize("seed", range(30))
def test_in_any_storm_three_orders_are_each_sent_at_most_once_and_told_as_they_were(
    seed: int,
) -> None:
    world = World(cut_at=10 + seed * 3, cut_after=seed % 2 == 0)
    world.terminal.weather = Weather(seed, STORM, delay_seconds_max=20.0)
    keys = [
        world.server.offer(a_text(expires=EXPIRES), command_id=str(UUID(int=number)))
        for number in (1, 2, 3)
    ]
    world.run(lambda: False, for_=timedelta(seconds=45))

    for key in keys:
        check_truth(world, key, f"seed {seed}")


def test_in_fair_weather_the_order_is_done() -> None:
    world, key = a_world(None)
    settle(world, key)
    assert world.server.result_of(key) == execution_pb2.ATTEMPT_OUTCOME_EXECUTED


@pytest.mark.parametrize("name", ["reply lost, executed", "out of step, executed"])
def test_a_lost_reply_is_found_again_by_the_tag(name: str) -> None:
    world, key = a_world(FAULTS[name])
    settle(world, key)

    first = world.server.events[f"result:{key[0]}:1"]
    assert first.result.outcome == execution_pb2.ATTEMPT_OUTCOME_IN_DOUBT
    assert world.server.result_of(key) == execution_pb2.ATTEMPT_OUTCOME_EXECUTED


def test_what_never_shows_stays_in_doubt_with_evidence_and_is_not_sent_again() -> None:
    world, key = a_world(FAULTS["timeout, never executed"])
    world.run(lambda: False, for_=timedelta(minutes=3))

    assert world.server.result_of(key) == execution_pb2.ATTEMPT_OUTCOME_IN_DOUBT
    evidence = [e.evidence for e in world.server.events.values() if e.HasField("evidence")]
    assert evidence[-1].connected_throughout
    assert evidence[-1].history_complete
    assert not [*evidence[-1].order_tickets, *evidence[-1].deal_tickets]
    assert world.sends(key) <= 1  # the broker never learned of the one that was sent


def test_a_machine_that_was_suspended_on_the_way_to_the_terminal_sends_nothing() -> None:
    world, key = a_world(None)

    def suspend(effect: object) -> None:
        if isinstance(effect, Ask) and isinstance(effect.job, jobs.Send):
            # The steady clock stands still meanwhile.
            world.clock.advance(timedelta(seconds=20))

    world.before = suspend
    settle(world, key)

    assert world.sends(key) == 0
    assert world.server.result_of(key) == execution_pb2.ATTEMPT_OUTCOME_NOT_SENT


@pytest.fixture(autouse=True)
def _no_terminal_left_behind() -> Iterator[None]:
    yield
    mt5.shutdown()
    mt5.detach()
