"""Following what stands, as server-sent events carried by gRPC, across broken connections."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

import betterproto
import grpc

from countersign_client.calls import Calls
from countersign_client.errors import Code, CountersignError, Unauthenticated, Unavailable
from countersign_client.wire.google.api import HttpBody

# The server says something each ten seconds, if only that it lives.
_SILENCE_LIMIT = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `identifier` is what a follower resumes from, `data` JSON."""

    kind: str
    identifier: str
    data: str


async def follow(
    calls: Calls,
    route: str,
    request: betterproto.Message,
    silence_limit: timedelta = _SILENCE_LIMIT,
) -> AsyncGenerator[Event]:
    """Yield events, for ever.

    A connection that broke, or said nothing for `silence_limit`, is made again, from the last event
    seen. Raises what no new connection mends.
    """
    last, failures = "", 0
    while True:
        try:
            async with aclosing(_session(calls, route, request, last, silence_limit)) as events:
                async for event in events:
                    last, failures = event.identifier or last, 0
                    yield event
            error: CountersignError = _broken("the server ended the stream")
        except CountersignError as broken:
            error = broken
        failures += 1
        if not calls.mended_by_reconnecting(error, failures):
            raise error
        wait = calls.backoff.wait(failures, calls.chance())
        await asyncio.sleep(wait.total_seconds())


async def _session(
    calls: Calls, route: str, request: betterproto.Message, last: str, silence_limit: timedelta
) -> AsyncGenerator[Event]:
    headers = {"last-event-id": last} if last else {}
    call = await calls.opened(route, request, HttpBody, headers)
    rest = b""
    try:
        while True:
            try:
                body = await asyncio.wait_for(call.read(), silence_limit.total_seconds())
            except TimeoutError:
                seconds = silence_limit.total_seconds()
                raise _broken(f"the server said nothing for {seconds:g} s") from None
            if not isinstance(body, HttpBody):
                return
            *blocks, rest = (rest + body.data).split(b"\n\n")
            for event in _events(blocks):
                if event.kind == "end":
                    raise calls.noted(_ended(event))
                yield event
    except grpc.aio.AioRpcError as error:
        raise calls.translated(route, error) from None
    finally:
        call.cancel()


def _events(blocks: Iterable[bytes]) -> Iterable[Event]:
    """Yield the events among the blocks; comments are none."""
    for block in blocks:
        lines = (line.partition(": ") for line in block.decode().split("\n"))
        fields = {name: value for name, _, value in lines}
        if "event" in fields:
            yield Event(fields["event"], fields.get("id", ""), fields.get("data", ""))


def _ended(event: Event) -> CountersignError:
    """Return why the server ended the stream, as it says in it."""
    reason = json.loads(event.data)["reason"]
    message = f"the server ended the stream: {reason}"
    if json.loads(event.data)["code"] == "UNAUTHENTICATED":
        return Unauthenticated(message, code=Code.UNAUTHENTICATED, reason=reason)
    return Unavailable(message, code=Code.UNAVAILABLE, reason=reason)


def _broken(message: str) -> Unavailable:
    return Unavailable(message, code=Code.UNAVAILABLE, reason="NO_ANSWER")
