"""What is closed next: each position once at a time, again only when that can do no harm."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import OPEN, CommandState
from countersign_server.guards.closing_plan import Close, OpenPosition, Plan, Tried, plan
from tests.fixtures.commands import a_command

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
POSITION = OpenPosition(7, "EURUSD", "buy", Decimal("0.5"))
OVER = sorted(set(CommandState) - OPEN - {CommandState.PRESUMED_NOT_EXECUTED})


def closing(**changes: Any) -> Command:
    facts: dict[str, Any] = {
        "kind": "close",
        "volume": Decimal("0.5"),
        "state": CommandState.OFFERED,
    }
    times: dict[str, Any] = {"created_at": NOW, "updated_at": NOW, "expires_at": NOW}
    return a_command(**{**facts, **times, **changes})


def planned(
    *not_over: Command,
    before: Tried | None = None,
    by_ticket: bool = True,
    read_at: datetime = NOW,
    position: OpenPosition = POSITION,
) -> Plan:
    return plan(
        positions=[position],
        pending=[],
        not_over=not_over,
        tried={position.identifier: before} if before else {},
        tried_orders={},
        by_ticket=by_ticket,
        read_at=read_at,
        now=NOW,
    )


def tried(
    state: CommandState, attempt: int = 1, *, ago: float = 60, settled: bool = False
) -> Tried:
    return Tried(attempt, state, settled, NOW - timedelta(seconds=ago))


def test_a_position_that_nobody_closes_is_closed() -> None:
    assert planned().steps == [Close(POSITION, 1)]


@pytest.mark.parametrize("state", sorted(OPEN))
def test_a_position_that_somebody_closes_is_left_to_them(state: CommandState) -> None:
    own = closing(state=state, position_id=7)
    opened = replace(POSITION, opened_by=closing(id=UUID(int=9), kind="open"))
    owners = closing(state=state, opening_command_id=UUID(int=9))
    assert planned(own).steps == []
    assert planned(owners, position=opened).steps == []


def test_on_a_netting_account_any_close_of_the_symbol_is_one_of_its_position() -> None:
    other = closing(opening_command_id=UUID(int=8))
    assert planned(other, by_ticket=False).steps == []
    assert planned(other, by_ticket=True).steps == [Close(POSITION, 1)]


@pytest.mark.parametrize("state", OVER)
def test_what_did_not_close_it_is_followed_by_a_new_attempt(state: CommandState) -> None:
    assert planned(before=tried(state)).steps == [Close(POSITION, 2)]


def test_what_was_open_before_the_last_attempt_ended_closes_nothing() -> None:
    before = tried(CommandState.EXECUTED, ago=5)
    old = NOW - timedelta(seconds=5)
    assert planned(before=before, read_at=old).steps == []
    assert planned(before=before, read_at=NOW).steps == [Close(POSITION, 2)]


def test_each_failure_is_followed_by_a_longer_pause_but_not_for_ever() -> None:
    def pause(attempt: int) -> float:
        before = tried(CommandState.REJECTED, attempt, ago=0.1)
        again = planned(before=before).look_again_at
        assert again is not None
        return (again - before.ended_at).total_seconds()

    assert [pause(n) for n in (1, 2, 3, 4, 5, 6, 7, 50)] == [1, 2, 4, 8, 16, 30, 30, 30]


def test_nothing_is_closed_beside_one_in_doubt_until_a_person_settles_it() -> None:
    assert planned(before=tried(CommandState.IN_DOUBT)).steps == []
    settled = tried(CommandState.IN_DOUBT, settled=True)
    assert planned(before=settled).steps == [Close(POSITION, 2)]


def test_one_that_is_presumed_not_executed_is_made_again_only_where_a_ticket_is_closed() -> None:
    presumed = tried(CommandState.PRESUMED_NOT_EXECUTED)
    assert planned(before=presumed).steps == [Close(POSITION, 2)]
    assert planned(before=presumed, by_ticket=False).steps == []
    settled = tried(CommandState.PRESUMED_NOT_EXECUTED, settled=True)
    assert planned(before=settled, by_ticket=False).steps == [Close(POSITION, 2)]
