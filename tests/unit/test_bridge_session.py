"""A session is one epoch, every frame in its turn, and ends loudly or comes again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from countersign.v1 import execution_pb2
from countersign_bridge.channel.backoff import reconnect_delay
from countersign_bridge.channel.outbox import Outbox
from countersign_bridge.channel.session import FATAL, Session, SessionState, StreamEnd
from countersign_bridge.clock import Moment
from countersign_bridge.effects import CloseStream, Effects, End, OpenStream

START = Moment(datetime(2026, 1, 5, 9, 30, tzinfo=UTC), 1000.0)
EPOCH = b"e" * 16


class Stage:
    """A session and the clock it lives by."""

    def __init__(self) -> None:
        self.now = START
        self.outbox = Outbox([])
        self.session = Session(
            self.outbox, hello=execution_pb2.ChannelRequest, jitter=lambda: 0.0, now=START
        )

    def tick(self, seconds: float = 0.0) -> Effects:
        self.now = self.now.later(timedelta(seconds=seconds))
        return self.session.tick(self.now)

    def hear(
        self, sequence: int, *, epoch: bytes = EPOCH, stream: int = 1, **frame: object
    ) -> tuple[Effects, execution_pb2.ChannelResponse | None]:
        response = execution_pb2.ChannelResponse(
            session_epoch=epoch,
            sequence=sequence,
            **frame,  # pyright: ignore[reportArgumentType]  # one of its kinds
        )
        return self.session.hear(stream, response, self.now)

    def welcome(self) -> None:
        self.tick()
        welcome = execution_pb2.Welcome(session_epoch=EPOCH)
        welcome.heartbeat_interval.FromSeconds(5)
        welcome.heartbeat_timeout.FromSeconds(15)
        self.hear(0, welcome=welcome)

    def end(self, reason: str = "") -> Effects:
        return self.session.end(1, StreamEnd("UNAVAILABLE", reason, ""), self.now)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def open_stage(stage: Stage) -> Stage:
    stage.welcome()
    return stage


def test_the_first_frame_opens_the_session(stage: Stage) -> None:
    (opening,) = stage.tick()
    assert isinstance(opening, OpenStream)
    _, frame = stage.hear(0, welcome=execution_pb2.Welcome(session_epoch=EPOCH))
    assert frame is not None
    assert stage.session.is_open


@pytest.mark.parametrize(
    "frame",
    [
        {"welcome": execution_pb2.Welcome(session_epoch=b"short")},
        {"offer": execution_pb2.Offer()},
    ],
)
def test_a_first_frame_that_is_no_welcome_ends_it(stage: Stage, frame: dict[str, object]) -> None:
    stage.tick()
    effects, heard = stage.hear(0, **frame)  # pyright: ignore[reportArgumentType]  # one kind
    assert heard is None
    assert any(isinstance(effect, CloseStream) for effect in effects)


def test_frames_in_their_turn_are_handed_on(open_stage: Stage) -> None:
    assert open_stage.hear(1, offer=execution_pb2.Offer())[1] is not None
    assert open_stage.hear(2, offer=execution_pb2.Offer())[1] is not None


def test_a_repeated_frame_counts_once(open_stage: Stage) -> None:
    open_stage.hear(1, offer=execution_pb2.Offer())
    assert open_stage.hear(1, offer=execution_pb2.Offer()) == ([], None)
    assert open_stage.session.is_open


@pytest.mark.parametrize(("sequence", "epoch"), [(2, EPOCH), (1, b"f" * 16), (1, b"")])
def test_a_gap_or_another_epoch_ends_the_session_unheard(
    open_stage: Stage, sequence: int, epoch: bytes
) -> None:
    effects, frame = open_stage.hear(sequence, epoch=epoch, grant=execution_pb2.Grant())
    assert frame is None
    assert any(isinstance(effect, CloseStream) for effect in effects)
    assert open_stage.session.state is SessionState.CLOSED


def test_a_late_frame_of_an_older_stream_is_nothing(open_stage: Stage) -> None:
    open_stage.end()
    open_stage.tick(5)
    assert open_stage.hear(1, stream=1, grant=execution_pb2.Grant()) == ([], None)


def test_silence_ends_the_session(open_stage: Stage) -> None:
    assert open_stage.tick(15.0) == []
    assert any(isinstance(effect, CloseStream) for effect in open_stage.tick(0.1))


def test_a_welcome_that_does_not_come_is_not_waited_for(stage: Stage) -> None:
    stage.tick()
    assert stage.tick(15.0) == []
    assert any(isinstance(effect, CloseStream) for effect in stage.tick(0.1))


def test_a_heartbeat_is_due_each_interval(open_stage: Stage) -> None:
    open_stage.now = START.later(timedelta(seconds=4.9))
    assert open_stage.session.beat(open_stage.now) is None
    open_stage.now = START.later(timedelta(seconds=5))
    assert open_stage.session.beat(open_stage.now) is not None
    assert open_stage.session.beat(open_stage.now) is None


def test_a_session_that_broke_is_opened_again_a_little_later(open_stage: Stage) -> None:
    assert not any(isinstance(effect, End) for effect in open_stage.end())
    assert open_stage.tick(0.09) == []
    (opening,) = open_stage.tick(0.02)
    assert isinstance(opening, OpenStream)
    assert opening.stream == 2


@pytest.mark.parametrize("reason", FATAL)
def test_an_end_that_no_retry_can_change_ends_the_bridge(open_stage: Stage, reason: str) -> None:
    ends = [effect for effect in open_stage.end(reason) if isinstance(effect, End)]
    assert ends
    assert ends[0].code != 0


def test_a_fault_goes_back_and_a_final_one_starts_over(open_stage: Stage) -> None:
    open_stage.outbox.say(execution_pb2.ChannelRequest(claim=execution_pb2.Claim()))
    open_stage.outbox.due()
    open_stage.hear(1, fault=execution_pb2.Fault(reason="SEQUENCE_GAP", resend_from=1))
    assert [frame.sequence for frame in open_stage.outbox.due()] == [1]

    effects, _ = open_stage.hear(2, fault=execution_pb2.Fault(reason="EPOCH_UNKNOWN"))
    assert any(isinstance(effect, CloseStream) for effect in effects)


def test_goodbye_is_the_last_word(open_stage: Stage) -> None:
    (closing,) = open_stage.session.leave("SHUTDOWN")
    assert isinstance(closing, CloseStream)
    assert [frame.WhichOneof("frame") for frame in closing.farewell] == ["goodbye"]
    assert open_stage.hear(1, offer=execution_pb2.Offer()) == ([], None)


@given(failures=st.integers(0, 10**6), jitter=st.floats(0, 1, exclude_max=True))
def test_the_wait_before_trying_again_is_never_none_and_never_long(
    failures: int, jitter: float
) -> None:
    delay = reconnect_delay(failures, jitter)
    assert timedelta(milliseconds=100) <= delay <= timedelta(seconds=3)
    assert reconnect_delay(failures + 1, jitter) >= delay
