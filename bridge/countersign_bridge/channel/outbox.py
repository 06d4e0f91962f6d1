"""What is to be told, numbered for one session, kept until it is acknowledged."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from countersign.v1 import execution_pb2
from countersign_bridge.journal.records import Kept, RecordKind

# Events on their way at once. What waits beyond them waits here, where it can still be ordered.
WINDOW = 256
# Frames kept for going back. A server that acknowledges nothing for so long has stopped taking.
IN_FLIGHT_MAX = 5000


@dataclass(frozen=True, slots=True)
class _Sent:
    frame: execution_pb2.ChannelRequest
    record: int | None  # the journal's number of what it tells


class Outbox:
    """Everything that waits to be told to the server, in one order, under one session's numbers.

    Results of attempts go before deals: a long history must not delay what somebody waits for.
    """

    def __init__(self, unacknowledged: Iterable[Kept]) -> None:
        self._unacknowledged: dict[int, Kept] = {kept.number: kept for kept in unacknowledged}
        self._urgent: deque[Kept] = deque()
        self._patient: deque[Kept] = deque()
        self._spoken: deque[execution_pb2.ChannelRequest] = deque()
        self._latest: dict[str, execution_pb2.Event] = {}
        self._again: deque[execution_pb2.ChannelRequest] = deque()
        self._in_flight: deque[_Sent] = deque()
        self._events_in_flight = 0
        self._epoch = b""
        self._next_sequence = 1

    def open(self, epoch: bytes) -> None:
        """Begin a session: everything not acknowledged goes again, under new numbers."""
        self._epoch = epoch
        self._next_sequence = 1
        self._again.clear()
        self._in_flight.clear()
        self._events_in_flight = 0
        self._spoken.clear()
        self._latest.clear()
        self._urgent.clear()
        self._patient.clear()
        for number in sorted(self._unacknowledged):
            self._queue(self._unacknowledged[number])

    def close(self) -> None:
        """End the session. What is in the journal is told in the next one."""
        self._epoch = b""

    def keep(self, kept: Iterable[Kept]) -> None:
        """Tell of records that are on the disk, in this session and every later one until taken."""
        for item in kept:
            if item.record.event:
                self._unacknowledged[item.number] = item
                if self._epoch:
                    self._queue(item)

    def say(self, frame: execution_pb2.ChannelRequest) -> None:
        """Send a frame in this session only."""
        if self._epoch:
            self._spoken.append(frame)

    def tell(self, slot: str, event: execution_pb2.Event) -> None:
        """Tell of something in this session only, in place of what waits under the same slot."""
        if self._epoch:
            self._latest[slot] = event

    def due(self) -> list[execution_pb2.ChannelRequest]:
        """Return the frames to put on the stream now, numbered, in order."""
        if not self._epoch:
            return []
        frames = [*self._again, *(self._numbered(frame, None) for frame in self._spoken)]
        self._again.clear()
        self._spoken.clear()
        while self._events_in_flight < WINDOW and (self._urgent or self._patient or self._latest):
            frames.append(self._next_event())
        return frames

    def acknowledge(self, upto: int) -> list[int]:
        """Return the journal's numbers of what is durable at the server now."""
        taken: list[int] = []
        while self._in_flight and self._in_flight[0].frame.sequence <= upto:
            sent = self._in_flight.popleft()
            if sent.frame.HasField("event"):
                self._events_in_flight -= 1
            if sent.record is not None:
                self._unacknowledged.pop(sent.record, None)
                taken.append(sent.record)
        return taken

    def go_back(self, sequence: int) -> bool:
        """Send the frames from `sequence` on again, as they were, before anything else.

        False: that frame is not kept, so the session cannot go on.
        """
        kept = self._in_flight and self._in_flight[0].frame.sequence <= sequence
        if sequence != self._next_sequence and not kept:
            return False
        frames = (sent.frame for sent in self._in_flight if sent.frame.sequence >= sequence)
        self._again = deque(frames)
        return True

    def substitute(self, sequence: int, event: execution_pb2.Event) -> str | None:
        """Put `event` in the place of an event the server cannot take, which is told no more.

        Returns the name of the one left out; None: there is no event under that number.
        """
        for place, sent in enumerate(self._in_flight):
            if sent.frame.sequence == sequence and sent.frame.HasField("event"):
                frame = execution_pb2.ChannelRequest(
                    session_epoch=self._epoch, sequence=sequence, event=event
                )
                self._in_flight[place] = _Sent(frame, None)
                if sent.record is not None:
                    self._unacknowledged.pop(sent.record, None)
                return sent.frame.event.natural_key
        return None

    @property
    def is_overrun(self) -> bool:
        return len(self._in_flight) > IN_FLIGHT_MAX

    @property
    def is_empty(self) -> bool:
        """Whether the server has all that the journal holds for it."""
        return not self._unacknowledged and not self._spoken

    def _queue(self, kept: Kept) -> None:
        lane = self._patient if kept.record.kind is RecordKind.DEAL else self._urgent
        lane.append(kept)

    def _next_event(self) -> execution_pb2.ChannelRequest:
        if self._urgent or self._patient:
            kept = (self._urgent or self._patient).popleft()
            event = execution_pb2.Event.FromString(kept.record.event)
            number = kept.number
        else:
            event = self._latest.pop(next(iter(self._latest)))
            number = None
        self._events_in_flight += 1
        return self._numbered(execution_pb2.ChannelRequest(event=event), number)

    def _numbered(
        self, frame: execution_pb2.ChannelRequest, record: int | None
    ) -> execution_pb2.ChannelRequest:
        frame.session_epoch = self._epoch
        frame.sequence = self._next_sequence
        self._next_sequence += 1
        self._in_flight.append(_Sent(frame, record))
        return frame
