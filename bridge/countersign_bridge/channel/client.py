"""The gRPC side of the channel: one stream at a time, one writer, one reader."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import cast

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from countersign.v1 import execution_pb2, execution_pb2_grpc, identity_pb2, identity_pb2_grpc
from countersign_bridge.channel.session import StreamEnd
from countersign_bridge.clock import Moment

# Pings that agree with the server's: it takes one each ten seconds, also without a call.
OPTIONS = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # A ping that is under way for another purpose takes keepalive's place; it waits a minute by
    # default, and so would a connection that died without a word.
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Channels to the same server share a connection by default, also one that is dead.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
    # The bridge has its own way of trying again, and counts its failures.
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 3_000),
)
SIGN_IN_PATIENCE_S = 10.0
# How long a stream that was closed may take to end before it is cut.
_FAREWELL_PATIENCE_S = 2.0
# A token that ends sooner than this is not worth presenting.
_TOKEN_MARGIN_S = 60.0

Frame = execution_pb2.ChannelResponse


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves that this is the device."""

    device_id: str
    secret: str

    def __repr__(self) -> str:
        return f"Credentials({self.device_id}, ***)"


@dataclass(slots=True)
class _Stream:
    number: int
    outgoing: SimpleQueue[execution_pb2.ChannelRequest | None]
    call: "grpc.Call | None" = None
    closed: bool = False


class ServerChannel:
    """Opens streams and delivers what comes on them, on a thread of each stream's own.

    Each stream has a connection of its own: when one is given up because nothing is heard any more,
    its connection may have died without a word, and the next stream would wait on it in vain.

    `hear` gets each frame, `ended` exactly one end a stream.
    """

    def __init__(
        self,
        dial: Callable[[], grpc.Channel],
        credentials: Credentials,
        *,
        hear: Callable[[int, Frame], None],
        ended: Callable[[int, StreamEnd], None],
        now: Callable[[], Moment],
    ) -> None:
        self._dial = dial
        self._credentials = credentials
        self._hear = hear
        self._ended = ended
        self._now = now
        self._token = ""
        self._token_ends_s = 0.0
        self._stream: _Stream | None = None
        self._threads: list[threading.Thread] = []

    def open(self, number: int, hello: execution_pb2.ChannelRequest) -> None:
        """Open a stream in place of the one before and send Hello on it."""
        if self._stream is not None:
            self._shut(self._stream)
        stream = _Stream(number, SimpleQueue())
        stream.outgoing.put(hello)
        self._stream = stream
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._run, args=(stream,), name=f"stream-{number}")
        thread.daemon = True
        self._threads.append(thread)
        thread.start()

    def put(self, frame: execution_pb2.ChannelRequest) -> None:
        """Put a frame on the open stream. Without one it is dropped: the next session has it."""
        if self._stream is not None:
            self._stream.outgoing.put(frame)

    def close(self, number: int) -> None:
        """End a stream: what has been put goes out, then nothing more."""
        if self._stream is not None and self._stream.number == number:
            self._shut(self._stream)
            self._stream = None

    def join(self, patience_s: float) -> None:
        """Wait for streams to have ended, and cut those that do not."""
        for thread in self._threads:
            thread.join(patience_s)

    def _shut(self, stream: _Stream) -> None:
        stream.closed = True
        # The pill ends the generator that gRPC reads, which is the half-close.
        stream.outgoing.put(None)
        if stream.call is not None:
            _cut_later(stream.call)

    def _run(self, stream: _Stream) -> None:
        channel = self._dial()
        try:
            self._converse(stream, channel)
            end = StreamEnd("OK", "", "the server ended the stream")
        except grpc.RpcError as error:
            end = stream_end(error)
            if end.code == "UNAUTHENTICATED":
                self._token = ""  # signs in afresh the next time
        finally:
            stream.outgoing.put(None)
            channel.close()
        self._ended(stream.number, end)

    def _converse(self, stream: _Stream, channel: grpc.Channel) -> None:
        metadata = (("authorization", f"Bearer {self._signed_in(channel)}"),)
        frames: Iterator[execution_pb2.ChannelRequest] = iter(stream.outgoing.get, None)
        call = execution_pb2_grpc.ExecutionServiceStub(channel).Channel(frames, metadata=metadata)
        stream.call = call
        if stream.closed:
            # Closed while the call was being made: what was put goes out all the same.
            _cut_later(call)
        for frame in call:
            self._hear(stream.number, frame)

    def _signed_in(self, channel: grpc.Channel) -> str:
        """Return an access token. Raises grpc.RpcError."""
        now_s = self._now().utc.timestamp()
        if not self._token or now_s > self._token_ends_s - _TOKEN_MARGIN_S:
            proof = identity_pb2.DeviceProof(
                device_id=self._credentials.device_id, secret=self._credentials.secret
            )
            session = identity_pb2_grpc.IdentityServiceStub(channel).CreateSession(
                identity_pb2.CreateSessionRequest(device=proof), timeout=SIGN_IN_PATIENCE_S
            )
            self._token = session.access_token
            self._token_ends_s = session.expire_time.ToNanoseconds() / 1e9
        return self._token


def _cut_later(call: grpc.Call) -> None:
    """Cut a call that has not ended by itself after a farewell."""
    timer = threading.Timer(_FAREWELL_PATIENCE_S, call.cancel)
    timer.daemon = True
    timer.start()


def stream_end(error: grpc.RpcError) -> StreamEnd:
    """Return how a call ended: its code, the ErrorInfo's reason, and its words."""
    if not isinstance(error, grpc.Call):
        return StreamEnd("UNKNOWN", "", str(error))
    return StreamEnd(error.code().name, reason_of(error), error.details() or "")


def reason_of(error: grpc.Call) -> str:
    """Return the reason a server gave for machines to read; empty: none."""
    status = cast("status_pb2.Status | None", rpc_status.from_call(error))  # pyright: ignore[reportUnknownMemberType]  # grpc-status has no types
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.reason
    return ""


def dial(
    address: str,
    *,
    tls: bool,
    root_certificates: bytes | None = None,
    private_key: bytes | None = None,
    certificate: bytes | None = None,
) -> grpc.Channel:
    """Return a channel to the server. Nothing is connected before the first call."""
    # On Windows the name costs two seconds a connection: IPv6 is tried first.
    host, _, port = address.rpartition(":")
    target = f"127.0.0.1:{port}" if host == "localhost" else address
    if not tls:
        return grpc.insecure_channel(target, options=OPTIONS)
    credentials = grpc.ssl_channel_credentials(root_certificates, private_key, certificate)
    return grpc.secure_channel(target, credentials, options=OPTIONS)
