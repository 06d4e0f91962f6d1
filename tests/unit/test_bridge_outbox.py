"""Nothing that must be told is lost between sessions, and nothing is told out of turn."""

from datetime import UTC, datetime

from hypothesis import given, strategies as st

from countersign.v1 import execution_pb2
from countersign_bridge.channel.outbox import WINDOW, Outbox
from countersign_bridge.journal.records import Kept, Record, RecordKind

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
EPOCH = b"e" * 16


def kept(number: int, kind: RecordKind = RecordKind.RESULT) -> Kept:
    event = execution_pb2.Event(natural_key=f"{kind}:{number}".lower())
    event.anomaly.kind = "X"
    record = Record(kind, NOW, event=event.SerializeToString())
    return Kept(number, record, acknowledged=False)


def an_event(name: str) -> execution_pb2.Event:
    return execution_pb2.Event(natural_key=name)


def names(frames: list[execution_pb2.ChannelRequest]) -> list[str]:
    return [frame.event.natural_key or str(frame.WhichOneof("frame")) for frame in frames]


def an_open_outbox(*unacknowledged: Kept) -> Outbox:
    outbox = Outbox(unacknowledged)
    outbox.open(EPOCH)
    return outbox


def test_frames_are_numbered_from_one_under_the_epoch() -> None:
    outbox = an_open_outbox(kept(1), kept(2))
    frames = outbox.due()
    assert [frame.sequence for frame in frames] == [1, 2]
    assert {frame.session_epoch for frame in frames} == {EPOCH}


def test_what_somebody_waits_for_goes_before_the_history() -> None:
    outbox = an_open_outbox(kept(1, RecordKind.DEAL), kept(2, RecordKind.DEAL), kept(3))
    outbox.say(execution_pb2.ChannelRequest(claim=execution_pb2.Claim()))
    assert names(outbox.due()) == ["claim", "result:3", "deal:1", "deal:2"]


def test_without_a_session_nothing_goes_out_and_nothing_is_lost() -> None:
    outbox = Outbox([])
    outbox.keep([kept(1)])
    outbox.say(execution_pb2.ChannelRequest(claim=execution_pb2.Claim()))
    outbox.tell("snapshot", an_event("snapshot:1"))
    assert outbox.due() == []

    outbox.open(EPOCH)
    assert names(outbox.due()) == ["result:1"]


def test_what_was_not_acknowledged_goes_again_under_new_numbers() -> None:
    outbox = an_open_outbox(kept(1), kept(2), kept(3))
    outbox.due()
    assert outbox.acknowledge(2) == [1, 2]
    outbox.close()

    outbox.open(b"f" * 16)
    frames = outbox.due()
    assert [(f.sequence, f.event.natural_key) for f in frames] == [(1, "result:3")]


def test_only_the_newest_of_a_slot_goes_out() -> None:
    outbox = an_open_outbox()
    outbox.tell("snapshot", an_event("snapshot:1"))
    outbox.tell("quotes", an_event("symbols:x"))
    outbox.tell("snapshot", an_event("snapshot:2"))
    assert sorted(names(outbox.due())) == ["snapshot:2", "symbols:x"]


def test_going_back_sends_the_same_frames_again_before_any_new_one() -> None:
    outbox = an_open_outbox(kept(1), kept(2), kept(3))
    before = outbox.due()
    outbox.acknowledge(1)
    outbox.keep([kept(4)])

    assert outbox.go_back(2)
    again = outbox.due()

    assert [frame.sequence for frame in again] == [2, 3, 4]
    assert again[:2] == before[1:]


def test_going_back_beyond_what_is_kept_is_not_possible() -> None:
    outbox = an_open_outbox(kept(1), kept(2))
    outbox.due()
    outbox.acknowledge(1)
    assert not outbox.go_back(1)


def test_more_than_the_window_waits_until_some_is_acknowledged() -> None:
    outbox = an_open_outbox(*(kept(n) for n in range(1, WINDOW + 11)))
    assert len(outbox.due()) == WINDOW
    assert outbox.due() == []
    outbox.acknowledge(4)
    assert [frame.sequence for frame in outbox.due()] == list(range(WINDOW + 1, WINDOW + 5))


def test_an_event_the_server_cannot_take_leaves_its_number_to_another() -> None:
    outbox = an_open_outbox(kept(1), kept(2))
    outbox.due()
    assert outbox.substitute(1, an_event("anomaly:1")) == "result:1"
    assert outbox.go_back(1)
    assert names(outbox.due()) == ["anomaly:1", "result:2"]
    assert outbox.acknowledge(2) == [2]
    outbox.open(EPOCH)
    assert outbox.due() == []


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("keep"), st.just(0)),
            st.tuples(st.just("acknowledge"), st.integers(0, 30)),
            st.tuples(st.just("back"), st.integers(1, 30)),
            st.tuples(st.just("reconnect"), st.just(0)),
        ),
        max_size=40,
    )
)
def test_whatever_happens_the_server_gets_every_record_in_sequence(
    steps: list[tuple[str, int]],
) -> None:
    outbox, number = an_open_outbox(), 0
    taken, received, durable = 0, set[str](), set[int]()
    for what, value in [*steps, ("reconnect", 0)]:
        if what == "keep":
            number += 1
            outbox.keep([kept(number)])
        elif what == "acknowledge":
            durable.update(outbox.acknowledge(min(value, taken)))
        elif what == "back" and value <= taken:
            outbox.go_back(value)
        elif what == "reconnect":
            outbox.open(EPOCH)
            taken = 0
        for frame in outbox.due():
            assert frame.sequence <= taken + 1, "a gap"
            taken = max(taken, frame.sequence)
            received.add(frame.event.natural_key)
    assert received == {f"result:{n}" for n in range(1, number + 1)}
    assert durable <= set(range(1, number + 1))
