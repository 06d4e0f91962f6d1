"""The small decisions of execution: tags, fills, sequences, offers, presumption."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from hypothesis import given, strategies as st

from countersign.v1 import execution_pb2 as pb
from countersign_server.execution.digests import tickets_sha256
from countersign_server.execution.fills import filled_by, shown_by
from countersign_server.execution.lifecycle import CommandEvent, CommandState
from countersign_server.execution.presumption import Doubt, may_presume
from countersign_server.execution.session import (
    Incoming,
    Offers,
    Taking,
    cancels_of,
    doubts_of,
)
from countersign_server.execution.tags import magic_of
from tests.fixtures.commands import NOW, a_command


def test_a_tag_is_what_the_protocol_documents() -> None:
    account, command = UUID(int=1), UUID(int=2)
    digest = sha256(
        b"00000000-0000-0000-0000-000000000001:00000000-0000-0000-0000-000000000002:1"
    ).hexdigest()
    assert magic_of(account_id=account, command_id=command, attempt=1) == 1 + (
        int(digest, 16) >> 194
    )


@given(account=st.uuids(), command=st.uuids(), attempt=st.integers(1, 2**31 - 1))
def test_a_tag_fits_what_the_terminal_keeps(account: UUID, command: UUID, attempt: int) -> None:
    magic = magic_of(account_id=account, command_id=command, attempt=attempt)
    assert 1 <= magic <= 2**62


def test_each_attempt_has_a_tag_of_its_own() -> None:
    account, command = uuid4(), uuid4()
    tags = {magic_of(account_id=account, command_id=command, attempt=n) for n in range(1, 50)}
    assert len(tags) == 49


def test_deals_add_up_to_volume_and_weighted_price() -> None:
    filled = filled_by([(Decimal("0.1"), Decimal("1.1")), (Decimal("0.3"), Decimal("1.2"))])
    assert filled.volume == Decimal("0.4")
    assert filled.average_price == Decimal("1.175")


@pytest.mark.parametrize(
    ("volume", "shown"),
    [
        ("0.05", CommandEvent.SHOW_PART),
        ("0.1", CommandEvent.SHOW_ALL),
        ("0.11", CommandEvent.SHOW_ALL),
    ],
)
def test_deals_show_a_part_or_all_of_what_was_asked(volume: str, shown: CommandEvent) -> None:
    filled = filled_by([(Decimal(volume), Decimal(1))])
    assert shown_by(filled, Decimal("0.1")) is shown


@given(sequences=st.lists(st.integers(1, 6), max_size=40))
def test_frames_are_taken_once_each_and_in_order_whatever_arrives(sequences: list[int]) -> None:
    incoming, taken = Incoming(), list[int]()
    for sequence in sequences:
        placed = incoming.place(sequence)
        if placed is Taking.TAKE:
            taken.append(sequence)
        elif placed is Taking.REPEAT:
            assert sequence in taken
        else:
            assert sequence > len(taken) + 1
    assert taken == list(range(1, len(taken) + 1))


def test_a_session_is_offered_no_more_than_its_credit_and_nothing_twice() -> None:
    offers = Offers(credit=2, retry_after=timedelta(seconds=2))
    waiting = [a_command() for _ in range(3)]

    first = offers.to_show(waiting, NOW)
    for command in first:
        offers.showed(command.id)

    assert first == waiting[:2]
    assert offers.to_show(waiting, NOW) == []


def test_an_offer_that_is_over_makes_room_for_the_next() -> None:
    offers = Offers(credit=1, retry_after=timedelta(seconds=2))
    waiting = [a_command(), a_command()]
    offers.showed(waiting[0].id)
    granted = replace(waiting[0], state=CommandState.GRANTED)
    assert offers.to_show([granted, waiting[1]], NOW) == [waiting[1]]


def test_what_was_declined_for_now_is_offered_again_later() -> None:
    offers = Offers(credit=1, retry_after=timedelta(seconds=2))
    command = a_command()
    offers.showed(command.id)
    offers.declined(command.id, NOW)
    assert offers.to_show([command], NOW + timedelta(seconds=1)) == []
    assert offers.to_show([command], NOW + timedelta(seconds=2)) == [command]


@pytest.mark.parametrize(
    "changes", [{"cancel_asked": True}, {"expires_at": NOW}, {"state": CommandState.GRANTED}]
)
def test_what_may_not_be_granted_is_not_offered(changes: dict[str, object]) -> None:
    command = replace(a_command(), **changes)  # type: ignore[arg-type]  # columns by name
    offers = Offers(credit=8, retry_after=timedelta(seconds=2))
    assert offers.to_show([command], NOW) == []


def test_only_granted_commands_are_asked_back_and_only_doubts_are_looked_for() -> None:
    unsent = replace(a_command(CommandState.GRANTED), cancel_asked=True)
    doubtful = a_command(CommandState.IN_DOUBT)
    everything = [unsent, doubtful, a_command(), a_command(CommandState.GRANTED)]
    assert cancels_of(everything) == [unsent]
    assert doubts_of(everything) == [doubtful]


def a_doubt(*, looked_after: int = 120, **changes: object) -> Doubt:
    shown = pb.Evidence(connected_throughout=True, history_complete=True)
    for name, value in changes.items():
        if isinstance(value, list):
            getattr(shown, name).extend(value)
        else:
            setattr(shown, name, value)
    return Doubt(
        command_id=uuid4(),
        silent_since=NOW,
        evidence=shown,
        looked_at=NOW + timedelta(seconds=looked_after),
    )


WAITED = timedelta(seconds=120)


def test_absence_is_presumed_after_long_enough_with_whole_history_and_connection() -> None:
    assert may_presume(a_doubt(), presume_after=WAITED)


@pytest.mark.parametrize(
    "doubt",
    [
        a_doubt(connected_throughout=False),
        a_doubt(history_complete=False),
        a_doubt(order_tickets=[7]),
        a_doubt(deal_tickets=[7]),
        a_doubt(position_tickets=[7]),
        a_doubt(looked_after=119),
    ],
    ids=["disconnected", "history short", "order", "deal", "position", "too soon"],
)
def test_nothing_less_is_ever_presumed(doubt: Doubt) -> None:
    assert not may_presume(doubt, presume_after=WAITED)


@pytest.mark.parametrize(("seconds", "enough"), [(0, True), (1, False)])
def test_a_terminal_that_has_been_connected_for_long_enough_is_believed(
    seconds: int,
    enough: bool,  # noqa: FBT001  # a row of the table above
) -> None:
    doubt = a_doubt(connected_throughout=False)
    doubt.evidence.connected_since_time.FromDatetime(NOW + timedelta(seconds=seconds))
    assert may_presume(doubt, presume_after=WAITED) is enough


def test_a_days_digest_does_not_depend_on_the_order_of_its_deals() -> None:
    assert (
        tickets_sha256([3, 1, 2]) == tickets_sha256([1, 2, 3]) == sha256(b"1\n2\n3\n").hexdigest()
    )
