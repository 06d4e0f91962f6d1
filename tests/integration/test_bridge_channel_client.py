"""The gRPC side of the channel, against a channel of gRPC's own testing kit: no sockets."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from typing import Any

import grpc
import grpc_testing
import pytest
from google.rpc import error_details_pb2, status_pb2

from countersign.v1 import execution_pb2, identity_pb2
from countersign_bridge.channel.client import Credentials, ServerChannel, dial
from countersign_bridge.channel.session import StreamEnd
from countersign_bridge.clock import Moment

START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
SIGN_IN = identity_pb2.DESCRIPTOR.services_by_name["IdentityService"]
EXECUTION = execution_pb2.DESCRIPTOR.services_by_name["ExecutionService"]
CHANNEL = EXECUTION.methods_by_name["Channel"]
HELLO = execution_pb2.ChannelRequest(hello=execution_pb2.Hello(agent_version="0.1.0"))


class Client:
    """A client, the far side of its channel, and what it delivered."""

    def __init__(self) -> None:
        self.now = START
        self.heard: SimpleQueue[tuple[int, execution_pb2.ChannelResponse]] = SimpleQueue()
        self.ends: SimpleQueue[tuple[int, StreamEnd]] = SimpleQueue()
        kit: Any = grpc_testing  # which has no types
        self.far = kit.channel([SIGN_IN, EXECUTION], kit.strict_fake_time(0))
        self.near = ServerChannel(
            lambda: self.far,
            Credentials("device", "csd_secret"),
            hear=lambda stream, frame: self.heard.put((stream, frame)),
            ended=lambda stream, end: self.ends.put((stream, end)),
            now=lambda: Moment(self.now, 0.0),
        )

    def sign_in(self, *, lasts: timedelta = timedelta(minutes=15)) -> identity_pb2.DeviceProof:
        """Answer the sign-in that comes next and return what proved it."""
        method = SIGN_IN.methods_by_name["CreateSession"]
        _, request, call = self.far.take_unary_unary(method)
        response = identity_pb2.CreateSessionResponse(access_token="t0ken")  # noqa: S106  # of nobody
        response.expire_time.FromDatetime(self.now + lasts)
        call.terminate(response, (), grpc.StatusCode.OK, "")
        return request.device

    def stream(self) -> tuple[dict[str, str], Any]:
        """Take the stream that comes next: its metadata and its far end."""
        metadata, call = self.far.take_stream_stream(CHANNEL)
        return dict(metadata), call


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.near.join(5)


def test_a_stream_is_opened_with_a_fresh_token_and_hello(client: Client) -> None:
    client.near.open(1, HELLO)
    proof = client.sign_in()
    metadata, call = client.stream()

    assert (proof.device_id, proof.secret) == ("device", "csd_secret")
    assert metadata["authorization"] == "Bearer t0ken"
    assert call.take_request() == HELLO
    call.terminate((), grpc.StatusCode.OK, "")


def test_frames_go_out_in_order_and_come_in_under_their_stream(client: Client) -> None:
    client.near.open(7, HELLO)
    client.sign_in()
    _, call = client.stream()
    for sequence in (1, 2, 3):
        client.near.put(execution_pb2.ChannelRequest(sequence=sequence))
    call.send_response(execution_pb2.ChannelResponse(sequence=1))

    assert [call.take_request().sequence for _ in range(4)] == [0, 1, 2, 3]
    stream, frame = client.heard.get(timeout=5)
    assert (stream, frame.sequence) == (7, 1)
    call.terminate((), grpc.StatusCode.OK, "")
    assert client.ends.get(timeout=5)[1].code == "OK"


def test_closing_sends_what_was_put_and_then_no_more(client: Client) -> None:
    client.near.open(1, HELLO)
    client.sign_in()
    _, call = client.stream()
    client.near.put(execution_pb2.ChannelRequest(sequence=1))
    client.near.close(1)
    client.near.put(execution_pb2.ChannelRequest(sequence=2))

    assert [call.take_request().sequence for _ in range(2)] == [0, 1]
    call.requests_closed()
    call.terminate((), grpc.StatusCode.OK, "")
    assert client.ends.get(timeout=5)[0] == 1


def test_the_reason_of_an_end_is_told(client: Client) -> None:
    client.near.open(1, HELLO)
    client.sign_in()
    _, call = client.stream()
    status = status_pb2.Status(code=7, message="no")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="DEVICE_REVOKED"))
    trailing = (("grpc-status-details-bin", status.SerializeToString()),)
    call.terminate(trailing, grpc.StatusCode.PERMISSION_DENIED, "no")

    assert client.ends.get(timeout=5) == (1, StreamEnd("PERMISSION_DENIED", "DEVICE_REVOKED", "no"))


def test_a_refused_sign_in_is_an_end_of_the_stream(client: Client) -> None:
    client.near.open(1, HELLO)
    _, _, call = client.far.take_unary_unary(SIGN_IN.methods_by_name["CreateSession"])
    call.terminate(None, (), grpc.StatusCode.UNAVAILABLE, "down")
    assert client.ends.get(timeout=5)[1].code == "UNAVAILABLE"


def test_a_token_is_used_until_it_is_about_to_end(client: Client) -> None:
    for stream, minutes in ((1, 0), (2, 13)):
        client.now = START + timedelta(minutes=minutes)
        client.near.open(stream, HELLO)
        if stream == 1:
            client.sign_in()
        _, call = client.stream()
        call.terminate((), grpc.StatusCode.UNAVAILABLE, "")
        client.ends.get(timeout=5)

    client.now = START + timedelta(minutes=14, seconds=30)
    client.near.open(3, HELLO)
    client.sign_in()
    _, call = client.stream()
    call.terminate((), grpc.StatusCode.OK, "")


def test_a_token_that_is_refused_is_not_presented_again(client: Client) -> None:
    client.near.open(1, HELLO)
    client.sign_in()
    _, call = client.stream()
    call.terminate((), grpc.StatusCode.UNAUTHENTICATED, "")
    client.ends.get(timeout=5)

    client.near.open(2, HELLO)
    client.sign_in()
    _, call = client.stream()
    call.terminate((), grpc.StatusCode.OK, "")


def test_a_secret_is_not_in_what_is_printed() -> None:
    assert "csd_secret" not in repr(Credentials("device", "csd_secret"))


def test_dialling_waits_for_nobody() -> None:
    began = time.monotonic()
    dial("localhost:1", tls=False).close()
    assert time.monotonic() - began < 5
