"""One gRPC call: deadline, credentials, retry where a repeat is harmless, and typed errors."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeVar

import betterproto
import grpc

from countersign_client.backoff import Backoff
from countersign_client.errors import (
    CountersignError,
    Doubt,
    Exhausted,
    ServerFault,
    Unauthenticated,
    Unavailable,
)
from countersign_client.refusals import error_of, failure_of
from countersign_client.sessions import AccessTokens

Response = TypeVar("Response", bound=betterproto.Message)

# Methods that change nothing: their names begin so.
_READING = ("Get", "List", "Verify", "Watch", "Export", "Follow")

# Methods that change something and of which the contract says that a repeat answers the same.
REPEATABLE = frozenset(
    {
        "CancelCommand",
        "CancelSubscription",
        "CreateAccount",
        "CreateApproval",
        "DeleteWebhookEndpoint",
        "DisableUser",
        "EndSession",
        "PublishConsentText",
        "PutSymbol",
        "RegisterOwnerKey",
        "RemoveTelegramChat",
        "RevokeApiToken",
        "RevokeApproval",
        "RevokeDevice",
        "RevokeOwnerKey",
        "RevokeProducerKey",
    }
)
_TRIES = 3

# Reasons for which a new access token helps. The gateway's own refusal carries none.
_STALE_TOKEN = frozenset({"TOKEN_EXPIRED", "TOKEN_INVALID", "TOKEN_REVOKED", "UNAUTHENTICATED"})


class Calls:
    """Makes calls over one channel. Messages are betterproto's, the transport is grpc.aio."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        *,
        timeout: timedelta,
        backoff: Backoff,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._channel = channel
        self.timeout = timeout
        self.backoff = backoff
        self.chance = chance
        self._tokens: AccessTokens | None = None

    def speak_for(self, tokens: AccessTokens) -> None:
        """Send the access token of `tokens` with every call from now on."""
        self._tokens = tokens

    async def unary(
        self,
        route: str,
        request: betterproto.Message,
        response_type: type[Response],
        *,
        timeout: timedelta | None = None,  # noqa: ASYNC109  # gRPC enforces it, and tells the server
        repeatable: bool | None = None,
    ) -> Response:
        """Return the answer. Repeats a call that was cut off only where a repeat answers the same.

        `timeout` None: the client's own; it holds for each try. `repeatable` None: as the contract
        says of the route. Raises CountersignError; Doubt if the call may have changed something and
        nothing says whether it did.
        """
        if repeatable is None:
            repeatable = is_reading(route) or method_of(route) in REPEATABLE
        failures = 0
        while True:
            try:
                return await self.once(route, request, response_type, timeout=timeout)
            except (Unavailable, Doubt):
                failures += 1
                if not repeatable or failures == _TRIES:
                    raise
            await asyncio.sleep(self.backoff.wait(failures, self.chance()).total_seconds())

    async def once(
        self,
        route: str,
        request: betterproto.Message,
        response_type: type[Response],
        *,
        timeout: timedelta | None = None,  # noqa: ASYNC109  # gRPC enforces it, and tells the server
    ) -> Response:
        """Make one call. Raises as `unary` does."""
        call = self._channel.unary_unary(
            route, request_serializer=bytes, response_deserializer=response_type.FromString
        )
        seconds = (timeout or self.timeout).total_seconds()

        async def ask(metadata: grpc.aio.Metadata) -> Response:
            return await call(request, timeout=seconds, metadata=metadata)

        return await self._authorised(route, ask)

    async def opened(
        self,
        route: str,
        request: betterproto.Message,
        response_type: type[Response],
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> "grpc.aio.UnaryStreamCall[Any, Response]":
        """Open a stream of answers, which has no deadline.

        The caller reads, translates errors and cancels.
        """
        stream = self._channel.unary_stream(
            route, request_serializer=bytes, response_deserializer=response_type.FromString
        )
        metadata = await self._metadata()
        for name, value in headers.items():
            metadata.add(name, value)
        return stream(request, metadata=metadata)

    async def opened_both_ways(
        self, route: str, response_type: type[Response]
    ) -> "grpc.aio.StreamStreamCall[Any, Response]":
        """Open a stream in both directions, which has no deadline.

        The caller writes, reads and cancels.
        """
        stream = self._channel.stream_stream(
            route, request_serializer=bytes, response_deserializer=response_type.FromString
        )
        return stream(metadata=await self._metadata())

    async def stream(
        self, route: str, request: betterproto.Message, response_type: type[Response]
    ) -> AsyncIterator[Response]:
        """Yield the answers of one stream until it ends. Raises CountersignError."""
        call = await self.opened(route, request, response_type)
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as error:
            raise self.translated(route, error) from None
        finally:
            call.cancel()

    def translated(self, route: str, error: grpc.aio.AioRpcError) -> CountersignError:
        """Return the error to raise; `noted`."""
        return self.noted(error_of(failure_of(error), mutates=not is_reading(route)))

    def noted(self, error: CountersignError) -> CountersignError:
        """Return the error, and forget an access token that the server no longer takes."""
        if self._tokens is not None and _is_stale(error):
            self._tokens.drop_any()
        return error

    def mended_by_reconnecting(self, error: CountersignError, failures: int) -> bool:
        """Tell whether a stream that ended with `error` is to be opened again."""
        if isinstance(error, Unavailable | Doubt | Exhausted):
            return True
        # A gateway whose server has died cuts a stream in a way that reads as a fault of its own.
        if isinstance(error, ServerFault) and failures <= _TRIES:
            return True
        renewable = self._tokens is not None and self._tokens.renewable
        return failures == 1 and renewable and _is_stale(error)

    async def _authorised(
        self, route: str, ask: Callable[[grpc.aio.Metadata], Awaitable[Response]]
    ) -> Response:
        metadata = await self._metadata()
        try:
            return await ask(metadata)
        except grpc.aio.AioRpcError as error:
            refusal = self.translated(route, error)
        if self._tokens is None or not self._tokens.renewable or not _is_stale(refusal):
            raise refusal
        # Refused before it was carried out: with a fresh token it is the first call, not a second.
        try:
            return await ask(await self._metadata())
        except grpc.aio.AioRpcError as error:
            raise self.translated(route, error) from None

    async def _metadata(self) -> grpc.aio.Metadata:
        token = "" if self._tokens is None else await self._tokens.current()
        return grpc.aio.Metadata(*([("authorization", f"Bearer {token}")] if token else []))


def method_of(route: str) -> str:
    """Return "SubmitSignal" of "/countersign.v1.SignalService/SubmitSignal"."""
    return route.rpartition("/")[2]


def is_reading(route: str) -> bool:
    """Tell whether the method changes nothing."""
    return method_of(route).startswith(_READING)


def _is_stale(error: CountersignError) -> bool:
    return isinstance(error, Unauthenticated) and error.reason in _STALE_TOKEN
