"""What every call meets on the way in and on the way out, whatever the service is."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.rpc import error_details_pb2, status_pb2
from prometheus_client import REGISTRY
from sqlalchemy.exc import OperationalError

from countersign.v1 import audit_pb2, audit_pb2_grpc, identity_pb2, identity_pb2_grpc
from countersign_server.errors import EmailTaken
from countersign_server.rpc.boundary import Boundary
from countersign_server.rpc.caller import Call, Caller, Role, current_call
from tests.fixtures.refusals import Refusal, refusal_of

SECRET = "postgresql://countersign:hunter2@db"  # noqa: S105  # what must not be told
OWNER = Caller(UUID(int=1), Role.OWNER, UUID(int=1), "session")
JWKS = "/countersign.v1.IdentityService/GetJwks"


class Identity(identity_pb2_grpc.IdentityServiceServicer):
    """Answers GetJwks as it is told, and remembers what it knew of the call."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.stays = False
        self.calls: list[Call] = []

    async def GetJwks(self, request: Any, context: Any) -> HttpBody:
        self.calls.append(current_call())
        if self.stays:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return HttpBody()

    async def GetMe(self, request: Any, context: Any) -> identity_pb2.GetMeResponse:
        return identity_pb2.GetMeResponse()


class Audit(audit_pb2_grpc.AuditServiceServicer):
    """A stream that breaks after its first answer."""

    async def FollowEvents(self, request: Any, context: Any) -> AsyncIterator[Any]:
        yield HttpBody()
        raise RuntimeError(SECRET)


def authenticate(token: str) -> Caller:
    assert token == "a token"  # noqa: S105  # nobody's
    return OWNER


def _nothing(_request: object, _context: object) -> bytes:
    return b""


@asynccontextmanager
async def served(
    identity: Identity, *, trusted: frozenset[str] = frozenset(), deadline: float = 5
) -> AsyncGenerator[grpc.aio.Channel]:
    boundary = Boundary(authenticate, default_deadline_seconds=deadline, trusted_proxies=trusted)
    server = grpc.aio.server(interceptors=[boundary])
    identity_pb2_grpc.add_IdentityServiceServicer_to_server(identity, server)  # pyright: ignore[reportArgumentType]
    audit_pb2_grpc.add_AuditServiceServicer_to_server(Audit(), server)  # pyright: ignore[reportAbstractUsage]
    unlisted: Any = grpc.unary_unary_rpc_method_handler(_nothing)  # pyright: ignore[reportUnknownVariableType]
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("countersign.v1.Unlisted", {"Do": unlisted}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(None)


@pytest.fixture
def identity() -> Identity:
    return Identity()  # pyright: ignore[reportAbstractUsage]


def get_jwks(channel: grpc.aio.Channel, *metadata: tuple[str, str]) -> Any:
    stub: Any = identity_pb2_grpc.IdentityServiceStub(channel)
    return stub.GetJwks(identity_pb2.GetJwksRequest(), metadata=metadata)


def raw_call(channel: grpc.aio.Channel, method: str) -> Any:
    return channel.unary_unary(method)  # pyright: ignore[reportUnknownVariableType]  # bytes, both ways


async def error_of(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def info_of(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    info = error_details_pb2.ErrorInfo()
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            status_pb2.Status.FromString(value).details[0].Unpack(info)
    return info


async def test_a_bug_leaves_as_internal_with_an_id_and_nothing_of_the_inside(
    identity: Identity,
) -> None:
    identity.error = RuntimeError(SECRET)
    async with served(identity) as channel:
        error = await error_of(get_jwks(channel, ("x-request-id", "r-1")))

    assert error.code() is grpc.StatusCode.INTERNAL
    assert info_of(error).reason == "INTERNAL"
    assert "r-1" in str(error.details())
    told = f"{error.details()} {error.trailing_metadata()}"
    assert "hunter2" not in told
    assert "RuntimeError" not in told


async def test_a_bug_in_a_stream_leaves_as_internal_as_well(identity: Identity) -> None:
    async with served(identity) as channel:
        stub: Any = audit_pb2_grpc.AuditServiceStub(channel)
        call = stub.FollowEvents(
            audit_pb2.FollowEventsRequest(), metadata=(("authorization", "Bearer a token"),)
        )
        await call.read()
        error = await error_of(call.read())

    assert error.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in f"{error.details()} {error.trailing_metadata()}"


async def test_a_refusal_carries_its_code_reason_domain_and_facts(identity: Identity) -> None:
    identity.error = EmailTaken("ann@example.com is a user", email="ann@example.com")
    async with served(identity) as channel:
        error = await error_of(get_jwks(channel, ("x-request-id", "r-2")))

    info = info_of(error)
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    assert (info.reason, info.domain) == ("EMAIL_TAKEN", "countersign")
    assert dict(info.metadata) == {"email": "ann@example.com", "request_id": "r-2"}


async def test_a_lost_database_is_unavailable_and_says_nothing_of_where_it_is(
    identity: Identity,
) -> None:
    identity.error = OperationalError("SELECT secret", {}, ConnectionError(SECRET))
    async with served(identity) as channel:
        error = await error_of(get_jwks(channel))

    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert info_of(error).reason == "DATABASE_UNAVAILABLE"
    assert "secret" not in str(error.details())
    assert "hunter2" not in str(error.details())
    # A commit may have been made although its answer was lost.
    assert "it is not known whether the call took effect" in str(error.details())


async def test_bytes_that_are_no_message_are_an_invalid_argument(identity: Identity) -> None:
    async with served(identity) as channel:
        raw = raw_call(channel, JWKS)
        refused = await refusal_of(raw(b"\xff\xff\xff\xff"))

    assert refused == Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID")
    assert not identity.calls


async def test_a_call_ends_at_the_servers_own_deadline(identity: Identity) -> None:
    identity.stays = True
    async with served(identity, deadline=0.05) as channel:
        refused = await refusal_of(get_jwks(channel))

    assert refused == Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


async def test_a_method_that_does_not_exist_is_unimplemented(identity: Identity) -> None:
    async with served(identity) as channel:
        raw = raw_call(channel, "/countersign.v1.IdentityService/Nothing")
        error = await error_of(raw(b""))

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_method_that_the_access_table_does_not_list_is_closed(identity: Identity) -> None:
    async with served(identity) as channel:
        raw = raw_call(channel, "/countersign.v1.Unlisted/Do")
        refused = await refusal_of(raw(b""))

    assert refused == Refusal(grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN")


async def test_a_method_for_known_callers_asks_for_a_token_and_a_role(identity: Identity) -> None:
    async with served(identity) as channel:
        stub: Any = identity_pb2_grpc.IdentityServiceStub(channel)
        bearer = (("authorization", "Bearer a token"),)
        nobody = await refusal_of(stub.GetMe(identity_pb2.GetMeRequest()))
        wrong = await refusal_of(stub.ListUsers(identity_pb2.ListUsersRequest(), metadata=bearer))
        await stub.GetMe(identity_pb2.GetMeRequest(), metadata=bearer)

    assert nobody == Refusal(grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
    assert wrong == Refusal(grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN")


@pytest.mark.parametrize("ill", ["", "a b", "x" * 65, "line;feed"])
async def test_a_request_id_that_could_forge_a_log_is_replaced(
    identity: Identity, ill: str
) -> None:
    identity.error = EmailTaken("no")
    async with served(identity) as channel:
        error = await error_of(get_jwks(channel, ("x-request-id", ill)))

    assert UUID(info_of(error).metadata["request_id"])


@pytest.mark.parametrize(
    ("trusted", "address"),
    [(frozenset({"127.0.0.1"}), "203.0.113.9"), (frozenset[str](), "127.0.0.1")],
    ids=["a trusted proxy", "anybody else"],
)
async def test_a_forwarded_address_is_believed_from_a_trusted_proxy_only(
    identity: Identity, trusted: frozenset[str], address: str
) -> None:
    async with served(identity, trusted=trusted) as channel:
        await get_jwks(channel, ("x-forwarded-for", "198.51.100.1, 203.0.113.9"))

    assert identity.calls[0].address == address


async def test_every_call_is_counted_by_method_and_code(identity: Identity) -> None:
    def counted(code: str) -> float:
        labels = {"method": JWKS, "code": code}
        return REGISTRY.get_sample_value("grpc_server_handled_total", labels) or 0

    before = counted("OK"), counted("INTERNAL")
    async with served(identity) as channel:
        await get_jwks(channel)
        identity.error = RuntimeError("no")
        await error_of(get_jwks(channel))

    assert (counted("OK"), counted("INTERNAL")) == (before[0] + 1, before[1] + 1)
    assert REGISTRY.get_sample_value("grpc_server_open_calls", {"method": JWKS}) == 0
