"""What a failure means: to the SDK's caller an error to act on, at a terminal a code and a fix."""

from collections.abc import Iterator
from datetime import timedelta

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from countersign.v1 import (
    accounts_pb2,
    affiliates_pb2,
    approvals_pb2,
    audit_pb2,
    devices_pb2,
    execution_pb2,
    identity_pb2,
    notifications_pb2,
    reconciliation_pb2,
    signals_pb2,
    telegram_pb2,
    webhooks_pb2,
)
from countersign_client.address import Address, Tls, read_address
from countersign_client.backoff import Backoff
from countersign_client.calls import REPEATABLE, is_reading
from countersign_client.cli.failures import REASON_ADVICE, advice_for, exit_code_of
from countersign_client.errors import (
    Code,
    Conflict,
    CountersignError,
    Doubt,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    NotNow,
    ServerFault,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from countersign_client.outcomes import final_error
from countersign_client.refusals import Failure, error_of, failure_of
from countersign_server.errors import CountersignError as ServerError
from countersign_server.rpc.catalogue import kinds

SERVICES = [
    *(
        service
        for module in (
            accounts_pb2,
            affiliates_pb2,
            approvals_pb2,
            audit_pb2,
            devices_pb2,
            execution_pb2,
            identity_pb2,
            notifications_pb2,
            reconciliation_pb2,
            signals_pb2,
            telegram_pb2,
            webhooks_pb2,
        )
        for service in module.DESCRIPTOR.services_by_name.values()
    )
]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (Code.INVALID_ARGUMENT, Invalid),
        (Code.OUT_OF_RANGE, Invalid),
        (Code.UNAUTHENTICATED, Unauthenticated),
        (Code.PERMISSION_DENIED, Forbidden),
        (Code.NOT_FOUND, NotFound),
        (Code.ALREADY_EXISTS, Conflict),
        (Code.ABORTED, Conflict),
        (Code.FAILED_PRECONDITION, NotNow),
        (Code.RESOURCE_EXHAUSTED, Exhausted),
        (Code.UNIMPLEMENTED, Unsupported),
        (Code.DATA_LOSS, ServerFault),
        # These say nothing of what the call did before it was cut off.
        (Code.UNAVAILABLE, Doubt),
        (Code.DEADLINE_EXCEEDED, Doubt),
        (Code.CANCELLED, Doubt),
        (Code.UNKNOWN, Doubt),
        (Code.INTERNAL, Doubt),
    ],
)
def test_each_code_of_a_call_that_changes_something_is_one_error(
    code: Code, kind: type[CountersignError]
) -> None:
    error = error_of(Failure(code, "no"), mutates=True)
    assert type(error) is kind
    assert error.reason


def test_no_code_is_forgotten() -> None:
    for code in Code:
        if code is not Code.OK:
            assert isinstance(error_of(Failure(code, "no"), mutates=True), CountersignError)
            assert not isinstance(error_of(Failure(code, "no"), mutates=False), Doubt)


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED])
def test_a_call_that_only_reads_leaves_no_doubt(code: Code) -> None:
    assert type(error_of(Failure(code, "no"), mutates=False)) is Unavailable


def test_a_call_that_never_left_leaves_no_doubt() -> None:
    never_left = Failure(
        Code.UNAVAILABLE, "failed to connect to all addresses; last error: refused"
    )
    error = error_of(never_left, mutates=True)
    assert (type(error), error.reason) == (Unavailable, "UNREACHABLE")


def refused(details: bytes | None) -> grpc.aio.AioRpcError:
    trailers = grpc.aio.Metadata()
    if details is not None:
        trailers.add("grpc-status-details-bin", details)
    return grpc.aio.AioRpcError(
        grpc.StatusCode.INVALID_ARGUMENT, grpc.aio.Metadata(), trailers, details="no"
    )


def test_reason_facts_and_broken_fields_are_read_from_the_details() -> None:
    status = status_pb2.Status(code=3, message="no")
    info = error_details_pb2.ErrorInfo(
        reason="RULES_BROKEN", domain="countersign", metadata={"request_id": "r-1", "é": "ü"}
    )
    bad = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field="name", description="long")
        ]
    )
    for detail in (info, bad, error_details_pb2.RetryInfo()):
        status.details.add().Pack(detail)

    error = error_of(failure_of(refused(status.SerializeToString())), mutates=True)

    assert (error.reason, error.code, error.message) == (
        "RULES_BROKEN",
        Code.INVALID_ARGUMENT,
        "no",
    )
    assert error.metadata == {"request_id": "r-1", "é": "ü"}
    assert error.violations == {"name": "long"}


@pytest.mark.parametrize("details", [None, b"", b"\xff\xff\xff", b"\x1a\x02\x0a\xff"])
def test_details_that_cannot_be_read_lose_neither_code_nor_message(details: bytes | None) -> None:
    error = error_of(failure_of(refused(details)), mutates=True)
    assert (type(error), error.message, error.reason) == (Invalid, "no", "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("error", "settles"),
    [
        (Invalid("x", code=Code.INVALID_ARGUMENT, reason="PAYLOAD_UNREADABLE"), True),
        (Conflict("x", code=Code.ALREADY_EXISTS, reason="SIGNAL_ID_REUSED"), True),
        (Invalid("x", code=Code.INVALID_ARGUMENT, reason="SIGNATURE_TOO_OLD"), False),
        (NotNow("x", code=Code.FAILED_PRECONDITION, reason="SIGNAL_EXPIRED"), False),
        (NotNow("x", code=Code.FAILED_PRECONDITION, reason="PRODUCER_PAUSED"), False),
        (Unauthenticated("x", code=Code.UNAUTHENTICATED, reason="SIGNATURE_INVALID"), False),
        (Exhausted("x", code=Code.RESOURCE_EXHAUSTED, reason="INGEST_QUEUE_FULL"), False),
    ],
)
def test_after_an_unheard_send_only_a_refusal_of_the_bytes_themselves_ends_the_doubt(
    error: CountersignError, *, settles: bool
) -> None:
    assert final_error(error, unheard=False) is error
    ended = final_error(error, unheard=True)
    assert (ended is error) == settles
    assert settles or isinstance(ended, Doubt)


def test_what_is_repeated_by_itself_is_in_the_contract() -> None:
    methods = {method.name for service in SERVICES for method in service.methods}
    assert methods >= REPEATABLE
    assert not any(is_reading(name) for name in REPEATABLE)


@pytest.mark.parametrize(
    "route",
    [
        "/countersign.v1.SignalService/SubmitSignal",
        "/countersign.v1.AccountService/CreateProducerKey",
        "/countersign.v1.DeviceService/RotateDeviceKey",
    ],
)
def test_what_changes_something_is_not_taken_for_reading(route: str) -> None:
    assert not is_reading(route)


def server_reasons() -> Iterator[tuple[type[ServerError], str]]:
    return ((kind, kind.reason) for kind in kinds())


def test_every_error_has_an_exit_code_and_advice() -> None:
    codes = {
        kind: exit_code_of(kind("no", code=Code.UNKNOWN, reason="ANY"))
        for kind in CountersignError.__subclasses__()
    }
    assert codes == {
        Invalid: 4,
        Unauthenticated: 3,
        Forbidden: 4,
        NotFound: 4,
        Conflict: 4,
        NotNow: 4,
        Exhausted: 5,
        Unavailable: 5,
        Doubt: 6,
        Unsupported: 4,
        ServerFault: 1,
    }
    for kind in codes:
        assert advice_for(kind("no", code=Code.UNKNOWN, reason="ANY"))


def test_a_fault_names_the_request_to_report() -> None:
    fault = ServerFault("no", code=Code.INTERNAL, reason="INTERNAL", metadata={"request_id": "r-1"})
    assert "r-1" in advice_for(fault)


def test_the_advice_of_the_command_line_is_for_reasons_that_exist() -> None:
    own = {
        "NO_PROFILE",
        "TOKEN_ELSEWHERE",
        "CONFIG_READABLE_BY_OTHERS",
        "REPLAY_WINDOW_OVER",
        "WATCH_INTERRUPTED",
        "DIGEST_MISMATCH",
        "KEY_UNREADABLE",
        "KEY_READABLE_BY_OTHERS",
    }
    known = {reason for _, reason in server_reasons()}
    assert {*REASON_ADVICE} - own <= known


def test_waits_double_up_to_the_longest_and_spread_over_their_upper_half() -> None:
    backoff = Backoff(first=timedelta(seconds=1), longest=timedelta(seconds=5))
    assert [backoff.wait(n, 1.0).total_seconds() for n in (1, 2, 3, 4, 5000)] == [1, 2, 4, 5, 5]
    assert backoff.wait(3, 0.0) == timedelta(seconds=2)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:50051", Address("127.0.0.1:50051", None)),
        ("[::1]:50051", Address("[::1]:50051", None)),
        ("localhost:50051", Address("localhost:50051", None)),
        ("unix:/run/a.sock", Address("unix:/run/a.sock", None)),
        ("example.com:443", Address("example.com:443", Tls())),
        ("10.0.0.1:50051", Address("10.0.0.1:50051", Tls())),
        ("localhost.example.com:50051", Address("localhost.example.com:50051", Tls())),
        ("https://example.com", Address("example.com:443", Tls())),
        ("https://127.0.0.1:8443/", Address("127.0.0.1:8443", Tls())),
        ("http://gateway:8080", Address("gateway:8080", None)),
    ],
)
def test_a_token_travels_in_the_clear_only_to_this_machine_or_where_http_is_asked_for(
    text: str, address: Address
) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["", "example.com", "https://", "a b:1\n", "x" * 300 + ":1"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_address(text)
