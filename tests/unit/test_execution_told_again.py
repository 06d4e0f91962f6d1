"""What a bridge tells again or late still counts for what is in doubt, on a book in memory."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.entries import Trace
from countersign_server.execution.command import Command
from countersign_server.execution.deals import apply_deal
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.report import ABSENT, Report, Reporter
from countersign_server.execution.reports import apply_result
from tests.fixtures.commands import NOW, a_command
from tests.simulation.memory_books import MemoryBooks

OWNER, ACCOUNT, DEVICE = (UUID(int=number) for number in (1, 2, 3))
REPORTER = Reporter(ACCOUNT, OWNER, DEVICE, b"e" * 16, Trace(actor=f"device:{DEVICE}"))


def a_granted_one(state: CommandState) -> Command:
    return a_command(
        state,
        owner_id=OWNER,
        account_id=ACCOUNT,
        signal_id=None,
        magic=7,
        granted_at=NOW,
        grant_id=b"g" * 16,
        device_id=DEVICE,
    )


def books_with(command: Command) -> MemoryBooks:
    books = MemoryBooks(lambda: NOW)
    books.tables.commands[command.id] = command
    books.tables.tags[ACCOUNT, command.magic] = command.id
    return books


async def tell(books: MemoryBooks, command: Command, outcome: pb.AttemptOutcome) -> None:
    result = pb.AttemptResult(
        command_id=str(command.id), attempt=1, grant_id=b"g" * 16, outcome=outcome
    )
    async with books.transaction(OWNER) as book:
        await apply_result(book, REPORTER, result, NOW, NOW)


async def test_a_result_told_again_answers_a_doubt_that_came_after_it() -> None:
    command = a_granted_one(CommandState.GRANTED)
    books = books_with(command)
    await tell(books, command, pb.ATTEMPT_OUTCOME_WORKING)
    # As a restored book doubts whatever is open.
    working = books.tables.commands[command.id]
    books.tables.commands[command.id] = replace(working, state=CommandState.IN_DOUBT)
    await tell(books, command, pb.ATTEMPT_OUTCOME_WORKING)

    assert books.tables.commands[command.id].state is CommandState.WORKING


async def test_a_result_told_again_changes_nothing_else() -> None:
    command = a_granted_one(CommandState.GRANTED)
    books = books_with(command)
    await tell(books, command, pb.ATTEMPT_OUTCOME_WORKING)
    told = len(books.tables.audit)
    await tell(books, command, pb.ATTEMPT_OUTCOME_WORKING)

    assert len(books.tables.audit) == told


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(0)])
async def test_evidence_of_a_clock_that_was_ahead_does_not_hide_what_is_told_after_it(
    ahead: timedelta,
) -> None:
    command = a_granted_one(CommandState.IN_DOUBT)
    books = books_with(command)
    async with books.transaction(OWNER) as book:
        for place, (came, shown) in enumerate([(0, ahead), (60, timedelta(0))]):
            received = NOW + timedelta(seconds=came)
            await book.reports.add(
                Report(
                    account_id=ACCOUNT,
                    natural_key=f"evidence:{place}",
                    owner_id=OWNER,
                    command_id=command.id,
                    device_id=DEVICE,
                    kind="evidence",
                    outcome=ABSENT,
                    body=pb.Evidence(history_complete=place == 1).SerializeToString(),
                    event_time=received + shown,
                    received_at=received,
                )
            )
        (doubt,) = await book.commands.doubts_without_trace(after=UUID(int=0), before=NOW, limit=9)

    assert doubt.evidence.history_complete
    assert doubt.looked_at == NOW + timedelta(seconds=60)


async def test_a_deal_that_closes_with_the_openings_tag_is_no_fill_of_the_opening() -> None:
    command = a_granted_one(CommandState.GRANTED)
    books = books_with(command)
    async with books.transaction(OWNER) as book:
        for ticket, kind, entry in ((1, 0, pb.DEAL_ENTRY_IN), (2, 1, pb.DEAL_ENTRY_OUT)):
            deal = pb.Deal(
                ticket=ticket,
                magic=7,
                type=kind,
                entry=entry,
                symbol="EURUSD",
                position_id=9,
                **dict.fromkeys(("volume", "price"), "0.1"),
                **dict.fromkeys(("profit", "commission", "swap", "fee"), "0"),
            )
            await apply_deal(book, REPORTER, deal, NOW, NOW)

    assert books.tables.commands[command.id].filled_volume == Decimal("0.1")
    assert len(books.tables.deals) == 2


@pytest.mark.parametrize(
    ("state", "outcome", "alarms"),
    [
        (CommandState.IN_DOUBT, pb.ATTEMPT_OUTCOME_IN_DOUBT, False),
        (CommandState.EXECUTED, pb.ATTEMPT_OUTCOME_EXECUTED, False),
        (CommandState.EXECUTED, pb.ATTEMPT_OUTCOME_WORKING, False),
        (CommandState.EXECUTED, pb.ATTEMPT_OUTCOME_IN_DOUBT, False),
        (CommandState.EXECUTED, pb.ATTEMPT_OUTCOME_REJECTED, True),
        (CommandState.REVOKED, pb.ATTEMPT_OUTCOME_EXECUTED, True),
        (CommandState.REVOKED, pb.ATTEMPT_OUTCOME_NOT_SENT, False),
        (CommandState.REJECTED, pb.ATTEMPT_OUTCOME_WORKING, True),
    ],
)
async def test_only_a_word_that_says_otherwise_raises_an_alarm(
    state: CommandState, outcome: pb.AttemptOutcome, *, alarms: bool
) -> None:
    command = a_granted_one(state)
    books = books_with(command)
    await tell(books, command, outcome)

    told = [entry.kind for entry in books.tables.audit.values()]
    assert ("anomaly.EVIDENCE_CONTRADICTS_STATE" in told) is alarms


async def test_a_strangers_word_that_nothing_was_sent_raises_one_alarm_however_often_told() -> None:
    command = replace(a_granted_one(CommandState.IN_DOUBT), grant_id=None, device_id=None)
    books = books_with(command)
    result = pb.AttemptResult(
        command_id=str(command.id), attempt=1, outcome=pb.ATTEMPT_OUTCOME_NOT_SENT
    )
    for _ in range(3):
        async with books.transaction(OWNER) as book:
            await apply_result(book, REPORTER, result, NOW, NOW)

    kinds = [entry.kind for entry in books.tables.audit.values()]
    assert kinds.count("anomaly.EVIDENCE_CONTRADICTS_STATE") == 1
    assert books.tables.commands[command.id].state is CommandState.IN_DOUBT


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (pb.ATTEMPT_OUTCOME_WORKING, CommandState.WORKING),
        (pb.ATTEMPT_OUTCOME_EXECUTED, CommandState.EXECUTED),
        (pb.ATTEMPT_OUTCOME_REJECTED, CommandState.IN_DOUBT),
        (pb.ATTEMPT_OUTCOME_NOT_SENT, CommandState.IN_DOUBT),
    ],
)
async def test_of_a_grant_that_a_restored_book_forgot_only_what_shows_at_the_broker_is_believed(
    outcome: pb.AttemptOutcome, state: CommandState
) -> None:
    command = replace(a_granted_one(CommandState.IN_DOUBT), grant_id=None, device_id=None)
    books = books_with(command)
    await tell(books, command, outcome)

    assert books.tables.commands[command.id].state is state


def a_closing(ticket: int, *, canceled: bool) -> pb.Deal:
    """Return a sell that closed a position, or what the terminal shows of it once cancelled."""
    return pb.Deal(
        ticket=ticket,
        type=14 if canceled else 1,
        entry=pb.DEAL_ENTRY_OUT,
        symbol="EURUSD",
        position_id=9,
        profit="0" if canceled else "40",
        **dict.fromkeys(("volume", "price"), "0.1"),
        **dict.fromkeys(("commission", "swap", "fee"), "0"),
    )


@given(tellings=st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=12))
async def test_a_deal_stands_until_it_is_first_told_as_cancelled_whatever_is_told_before_or_after(
    tellings: list[tuple[int, bool]],
) -> None:
    books = MemoryBooks(lambda: NOW)
    for ticket, canceled in tellings:
        async with books.transaction(OWNER) as book:
            told = a_closing(ticket, canceled=canceled)
            await apply_deal(book, REPORTER, told, NOW, NOW)

    taken_back = {ticket for ticket, canceled in tellings if canceled}
    stored = {one.ticket: (one.type, one.entry, one.profit) for one in books.tables.deals.values()}
    assert stored == {
        ticket: (14, "", Decimal(0)) if ticket in taken_back else (1, "out", Decimal(40))
        for ticket, _ in tellings
    }
    kinds = [(one.kind, one.subject) for one in books.tables.audit.values()]
    assert len(kinds) == len(set(kinds)), "each is told once"
    stood_first = {ticket for ticket in taken_back if (ticket, True) != first_of(tellings, ticket)}
    canceled_told = {subject for kind, subject in kinds if kind == "deal.canceled"}
    assert canceled_told == {f"deal:{ticket}" for ticket in stood_first}


def first_of(tellings: list[tuple[int, bool]], ticket: int) -> tuple[int, bool]:
    return next(one for one in tellings if one[0] == ticket)


async def test_a_deal_that_was_cancelled_before_anybody_told_of_it_still_answers_a_doubt() -> None:
    command = a_granted_one(CommandState.IN_DOUBT)
    books = books_with(command)
    told = a_closing(1, canceled=True)
    told.magic, told.type = 7, 13
    async with books.transaction(OWNER) as book:
        await apply_deal(book, REPORTER, told, NOW, NOW)

    after = books.tables.commands[command.id]
    assert (after.state, after.filled_volume) == (CommandState.EXECUTED, Decimal("0.1"))
