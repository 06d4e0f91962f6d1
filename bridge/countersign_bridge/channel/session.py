"""The life of the channel: opened, kept alive, resumed where it broke, and ended on purpose."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import StrEnum
from uuid import NAMESPACE_OID, uuid5

from countersign.v1 import execution_pb2
from countersign_bridge.channel.backoff import reconnect_delay
from countersign_bridge.channel.frames import goodbye_frame, heartbeat_frame
from countersign_bridge.channel.outbox import Outbox
from countersign_bridge.clock import Moment
from countersign_bridge.effects import Acknowledge, CloseStream, Effects, End, Log, OpenStream
from countersign_bridge.reporting.events import anomaly_event

OPENING_PATIENCE = timedelta(seconds=15)
_EPOCH_SIZE = 16

# Ends of a stream that no later attempt can change.
FATAL = {
    "DEVICE_REVOKED": "this device was revoked: pair it again with 'countersign-bridge pair'",
    "CREDENTIALS_INVALID": (
        "the server does not take this device's id and secret: pair it again with "
        "'countersign-bridge pair'"
    ),
    "ACCOUNT_MISMATCH": "the device was made for another account than the terminal shows",
}


class SessionState(StrEnum):
    """Where the channel stands."""

    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"
    DRAINING = "draining"  # the server will end it soon; nothing new is taken up
    LEAVING = "leaving"  # we said Goodbye


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """How a stream ended: the status, the machine's reason if it gave one, and its words."""

    code: str
    reason: str
    detail: str


class Session:
    """One channel after another, one at a time. Hands on the frames that are in their turn."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        hello: Callable[[], execution_pb2.ChannelRequest | None],
        jitter: Callable[[], float],
        now: Moment,
    ) -> None:
        self.state = SessionState.CLOSED
        self._outbox = outbox
        self._hello = hello
        self._jitter = jitter
        self._stream = 0
        self._failures = 0
        self._retry_at = now
        self._since = now
        self._epoch = b""
        self._seen = 0
        self._heard_at = now
        self._beat_at = now
        self._interval = timedelta(seconds=5)
        self._timeout = timedelta(seconds=15)
        # Until when a lease of its own may have been alive: one of a process before this one too.
        self._own_until = now.later(self._timeout)
        # Whether the server's last word is that another bridge serves the account.
        self.held_elsewhere = False

    @property
    def is_open(self) -> bool:
        return self.state in (SessionState.OPEN, SessionState.DRAINING)

    def tick(self, now: Moment) -> Effects:
        """Open, or give up what has fallen silent. Heartbeats are `beat`'s."""
        if self.state is SessionState.CLOSED:
            return self._open(now) if now.monotonic >= self._retry_at.monotonic else []
        if self.state is SessionState.OPENING and now.since(self._since) > OPENING_PATIENCE:
            return self._break("no Welcome in time", now)
        if self.is_open and now.since(self._heard_at) > self._timeout:
            return self._break("the server has fallen silent", now)
        if self.is_open and self._outbox.is_overrun:
            return self._break("the server acknowledges nothing", now)
        return []

    def beat(self, now: Moment) -> execution_pb2.ChannelRequest | None:
        """Return the heartbeat that is due, to be filled in and said; None: none is."""
        if not self.is_open or now.since(self._beat_at) < self._interval:
            return None
        self._beat_at = now
        return heartbeat_frame(now.utc, server_sequence_seen=self._seen)

    def hear(
        self, stream: int, frame: execution_pb2.ChannelResponse, now: Moment
    ) -> tuple[Effects, execution_pb2.ChannelResponse | None]:
        """Take a frame of the server. Returns the frame to act on; None: it was not for acting."""
        if stream != self._stream or self.state in (SessionState.CLOSED, SessionState.LEAVING):
            return [], None
        if self.state is SessionState.OPENING:
            return self._welcomed(frame, now)
        if frame.session_epoch != self._epoch:
            return self._break("a frame of another session", now), None
        if frame.sequence <= self._seen:
            return [], None
        if frame.sequence != self._seen + 1:
            return self._break(f"frame {frame.sequence} after {self._seen}", now), None
        self._seen = frame.sequence
        self._heard_at = now
        return self._act(frame, now)

    def end(self, stream: int, how: StreamEnd, now: Moment) -> Effects:
        """Take the end of a stream, by whomever, and come again unless that is no use."""
        if stream != self._stream or self.state is SessionState.CLOSED:
            return []
        if self.state is SessionState.LEAVING:
            self._closed()
            return []
        if how.reason == "SESSION_HELD":
            # Before that it may be its own, which has not lapsed.
            self.held_elsewhere = now.monotonic > self._own_until.monotonic
        fatal = FATAL.get(how.reason)
        facts = {"code": how.code, "reason": how.reason, "detail": how.detail}
        if fatal is not None:
            self._closed()
            return [Log("error", "channel refused", facts), End(1, fatal)]
        return [Log("warning", "channel ended", facts), *self._retry(now)]

    def leave(self, reason: str) -> Effects:
        """Say Goodbye and end, if a session is open."""
        if not self.is_open:
            opening = self.state is SessionState.OPENING
            self._closed()
            return [CloseStream(self._stream)] if opening else []
        self._outbox.say(goodbye_frame(reason))
        farewell = self._outbox.due()
        self._closed()
        self.state = SessionState.LEAVING
        return [CloseStream(self._stream, farewell)]

    def depart(self, now: Moment) -> Effects:
        """Leave a session that the server drains, and come again."""
        farewell = self.leave("DRAINED")
        return [*farewell, *self._retry(now)]

    def _open(self, now: Moment) -> Effects:
        hello = self._hello()
        if hello is None:  # the terminal has not shown yet whose account this is
            return []
        self._stream += 1
        self._since = now
        self.state = SessionState.OPENING
        return [OpenStream(self._stream, hello)]

    def _welcomed(
        self, frame: execution_pb2.ChannelResponse, now: Moment
    ) -> tuple[Effects, execution_pb2.ChannelResponse | None]:
        welcome = frame.welcome
        if not frame.HasField("welcome") or len(welcome.session_epoch) != _EPOCH_SIZE:
            return self._break("the first frame is no Welcome", now), None
        self._epoch = welcome.session_epoch
        self._seen = frame.sequence
        self._heard_at = self._beat_at = now
        self._interval = welcome.heartbeat_interval.ToTimedelta() or self._interval
        self._timeout = welcome.heartbeat_timeout.ToTimedelta() or self._timeout
        self._failures = 0
        self.held_elsewhere = False
        self.state = SessionState.OPEN
        self._outbox.open(self._epoch)
        facts = {"server_time": welcome.server_time.ToDatetime(UTC).isoformat()}
        return [Log("info", "session opened", facts)], frame

    def _act(
        self, frame: execution_pb2.ChannelResponse, now: Moment
    ) -> tuple[Effects, execution_pb2.ChannelResponse | None]:
        if frame.HasField("ack"):
            numbers = self._outbox.acknowledge(frame.ack.upto)
            return ([Acknowledge(numbers)] if numbers else []), None
        if frame.HasField("fault"):
            return self._go_back(frame.fault, now), None
        if frame.HasField("drain"):
            self.state = SessionState.DRAINING
            return [Log("info", "server drains", {})], frame
        if frame.HasField("goodbye"):
            fatal = FATAL.get(frame.goodbye.reason)
            ending: Effects = [End(1, fatal)] if fatal else []
            return [*self._break(f"the server said {frame.goodbye.reason}", now), *ending], None
        return [], frame

    def _go_back(self, fault: execution_pb2.Fault, now: Moment) -> Effects:
        facts: dict[str, object] = {"reason": fault.reason, "resend_from": fault.resend_from}
        if fault.reason == "FRAME_INVALID":
            # Sent again as it is it would be refused again, for ever.
            anomaly_id = str(uuid5(NAMESPACE_OID, f"{self._epoch.hex()}:{fault.resend_from}"))
            anomaly = anomaly_event("EVENT_REFUSED", fault.message, now.utc, anomaly_id=anomaly_id)
            facts["left_out"] = self._outbox.substitute(fault.resend_from, anomaly)
        if fault.resend_from <= 0 or not self._outbox.go_back(fault.resend_from):
            return self._break(f"the server faults the session: {fault.reason}", now)
        return [Log("warning", "frames sent again", facts)]

    def _break(self, why: str, now: Moment) -> Effects:
        stream = self._stream
        return [
            Log("warning", "session broken", {"why": why}),
            CloseStream(stream),
            *self._retry(now),
        ]

    def _retry(self, now: Moment) -> Effects:
        if self.is_open:
            self._own_until = now.later(self._timeout)
        delay = reconnect_delay(self._failures, self._jitter())
        self._failures += 1
        self._retry_at = now.later(delay)
        self._closed()
        return []

    def _closed(self) -> None:
        self.state = SessionState.CLOSED
        self._epoch = b""
        self._outbox.close()
