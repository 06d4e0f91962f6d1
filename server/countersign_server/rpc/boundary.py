"""What happens around every call: who calls, may they, are the rules kept, how refusals leave."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import structlog
from google.protobuf.message import Message
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    TimeoutError as NoConnection,
)

from countersign_server.errors import (
    CountersignError,
    DatabaseUnavailable,
    DeadlineExceeded,
    Forbidden,
    Invalid,
    NotImplementedYet,
    Unauthenticated,
)
from countersign_server.rpc.access import ACCESS, ANYONE, OPEN_SERVICES
from countersign_server.rpc.caller import Call, Caller, bind_call
from countersign_server.rpc.errors import internal, status_of
from countersign_server.rpc.measures import Measures, measures_of
from countersign_server.rpc.origin import Origin, origin_of
from countersign_server.rpc.validation import RulesBroken, Unreadable, check, reader

Context = grpc.aio.ServicerContext[Any, Any]
if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
else:  # generic in its stubs only
    Handler = grpc.RpcMethodHandler

log = structlog.get_logger()

# By (request_streaming, response_streaming).
_HANDLERS: dict[tuple[bool, bool], Callable[..., Handler]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


class Boundary(grpc.aio.ServerInterceptor):
    """The one interceptor.

    Inside it, servicers meet only allowed callers and valid requests, and may simply raise.
    In order: request id, exception shield, metrics, deadline, authentication, access table,
    validation.
    """

    def __init__(
        self,
        authenticate: Callable[[str], Caller],
        *,
        default_deadline_seconds: float,
        trusted_proxies: frozenset[str],
        surely_valid: Mapping[type[Message], Callable[[Any], bool]] | None = None,
    ) -> None:
        """`surely_valid` recognises requests that need not be held to the rules one by one."""
        self._authenticate = authenticate
        self._surely_valid = surely_valid or {}
        self._default_deadline = default_deadline_seconds
        self._trusted_proxies = trusted_proxies
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        method = handler_call_details.method
        known = self._wrapped.get(method)
        if known is not None:
            return known
        handler = await continuation(handler_call_details)
        # No such method: gRPC answers UNIMPLEMENTED. The transport's own services stay as they are.
        if handler is None or method.lstrip("/").startswith(OPEN_SERVICES):
            return handler
        self._wrapped[method] = self._wrap(method, handler)
        return self._wrapped[method]

    def _wrap(self, method: str, handler: Handler) -> Handler:
        behavior: Any = (
            handler.unary_unary
            or handler.unary_stream
            or handler.stream_unary
            or handler.stream_stream
        )
        incoming: Any = self._checked
        if handler.request_streaming:
            # Of these one broken message must not end the stream: the method checks each itself.
            incoming = self._readable if method in CHECKED_BY_ITSELF else self._checked_stream
        measures = measures_of(method)

        async def respond(request: Any, context: Context) -> Any:  # noqa: ANN401  # any message
            visit = self._begin(measures, context)
            try:
                bind_call(self._admit(method, visit.origin))
                # gRPC itself holds a caller to the deadline it named, if that is the sooner one.
                if _named_deadline(context) <= self._default_deadline:
                    return await behavior(incoming(request), context)
                async with asyncio.timeout(self._default_deadline):
                    return await behavior(incoming(request), context)
            except BaseException as error:  # noqa: BLE001  # the shield: everything leaves as a status
                await visit.refuse(error, context)
            finally:
                visit.end()

        async def stream(request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: ANN401
            visit = self._begin(measures, context)
            try:
                bind_call(self._admit(method, visit.origin))
                async for response in behavior(incoming(request), context):
                    yield response
            except BaseException as error:  # noqa: BLE001  # the shield: everything leaves as a status
                await visit.refuse(error, context)
            finally:
                visit.end()

        return _HANDLERS[bool(handler.request_streaming), bool(handler.response_streaming)](
            stream if handler.response_streaming else respond,
            reader(handler.request_deserializer),
            handler.response_serializer,
        )

    def _begin(self, measures: Measures, context: Context) -> "_Visit":
        measures.open.inc()
        return _Visit(measures, origin_of(context, self._trusted_proxies), time.perf_counter())

    def _admit(self, method: str, origin: Origin) -> Call:
        allowed = ACCESS.get(method)
        if allowed is None:
            raise Forbidden(f"{method} is not open to anyone")
        caller = None
        if allowed is not ANYONE:
            if not origin.bearer:
                raise Unauthenticated("an access token is needed: 'authorization: Bearer <token>'")
            caller = self._authenticate(origin.bearer)
            if caller.role not in allowed:
                raise Forbidden(
                    f"a caller with the role {caller.role} may not call {method.rsplit('/', 1)[1]}",
                    role=caller.role,
                )
        return Call(origin.request_id, origin.address, origin.agent, caller)

    def _checked(self, request: Message | Unreadable) -> Message:
        if isinstance(request, Unreadable):
            raise Invalid("the request is not a message of the type that the method takes")
        is_surely_valid = self._surely_valid.get(type(request))
        if is_surely_valid is None or not is_surely_valid(request):
            check(request)
        return request

    async def _readable(
        self, requests: AsyncIterator[Message | Unreadable]
    ) -> AsyncIterator[Message]:
        async for request in requests:
            if isinstance(request, Unreadable):
                raise Invalid("the request is not a message of the type that the method takes")
            yield request

    async def _checked_stream(
        self, requests: AsyncIterator[Message | Unreadable]
    ) -> AsyncIterator[Message]:
        async for request in requests:
            yield self._checked(request)


# Streams whose sender tells again what is not acknowledged.
CHECKED_BY_ITSELF = frozenset({"/countersign.v1.ExecutionService/Channel"})


@dataclass(slots=True)
class _Visit:
    """One call, from its arrival to its answer."""

    measures: Measures
    origin: Origin
    started: float
    code: str = "OK"

    async def refuse(self, error: BaseException, context: Context) -> None:
        """Let an error leave as a status; where the call was cancelled, as it is."""
        if not isinstance(error, Exception):
            self.code = "CANCELLED"
            raise error
        status = _status_of(error, self.measures.method, self.origin.request_id)
        self.code = status.code.name
        await context.abort(status.code, status.details, status.trailing_metadata)

    def end(self) -> None:
        self.measures.open.dec()
        self.measures.total(self.code).inc()
        self.measures.seconds.observe(time.perf_counter() - self.started)


def _named_deadline(context: Context) -> float:
    """Return the seconds that the caller gives; infinity: it named no deadline."""
    remaining: Any = context.time_remaining()  # None where there is none; its stub forgets that
    return math.inf if remaining is None else float(remaining)


def _status_of(error: Exception, method: str, request_id: str) -> grpc.Status:
    refusal = _refusal_of(error, method, request_id)
    if refusal is None:
        log.error("call failed", method=method, request_id=request_id, exc_info=error)
        return internal(request_id=request_id)
    violations = refusal.violations if isinstance(refusal, RulesBroken) else None
    return status_of(refusal, request_id=request_id, violations=violations)


def _refusal_of(error: Exception, method: str, request_id: str) -> CountersignError | None:
    """Return what the caller is told of an error; None: it is a bug, and nobody's business."""
    refusal: CountersignError | None = None
    match error:
        case CountersignError():
            refusal = error
        case OperationalError() | InterfaceError() | NoConnection() | ConnectionError():
            log.warning(
                "database unavailable", method=method, request_id=request_id, error=str(error)
            )
            refusal = DatabaseUnavailable(
                "the database does not answer; it is not known whether the call took effect: "
                "repeat the same call, with the same ids"
            )
        case DBAPIError() if error.connection_invalidated:
            log.warning("database connection lost", method=method, request_id=request_id)
            refusal = DatabaseUnavailable(
                "the database connection was lost; it is not known whether the call took effect: "
                "repeat the same call, with the same ids"
            )
        case TimeoutError():
            refusal = DeadlineExceeded("the call took longer than it may")
        case NotImplementedError():
            refusal = NotImplementedYet(f"{method} is part of the contract and not of this version")
        case _:
            pass
    return refusal
