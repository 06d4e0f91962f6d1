"""Following what becomes of signals, across broken connections, with no event lost unnoticed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

import grpc

from countersign_client.calls import Calls
from countersign_client.errors import Code, CountersignError, Unavailable
from countersign_client.wire.countersign.v1 import WatchSignalsRequest, WatchSignalsResponse

WATCH = "/countersign.v1.SignalService/WatchSignals"


async def watch(
    calls: Calls, after_sequence: int, silence_limit: timedelta
) -> AsyncGenerator[WatchSignalsResponse]:
    """Yield each event after `after_sequence` once, for ever; 0: from now on.

    A connection that broke, or said nothing, not even a heartbeat, for `silence_limit`, is made
    again, from the last sequence seen. Raises what no new connection mends; Unavailable,
    WATCH_INTERRUPTED, if it broke before the server had said where "now" is, since events between
    then and a new start could not be told.
    """
    cursor = after_sequence
    failures = 0
    while True:
        try:
            async with aclosing(_session(calls, cursor, silence_limit)) as events:
                async for event in events:
                    failures = 0
                    cursor = max(cursor, event.sequence)
                    if event.kind:
                        yield event
            error: CountersignError = _broken("the server ended the stream")
        except CountersignError as broken:
            error = broken
        failures += 1
        if not calls.mended_by_reconnecting(error, failures):
            raise error
        if cursor == 0:
            raise _interrupted(error)
        wait = calls.backoff.wait(failures, calls.chance())
        await asyncio.sleep(wait.total_seconds())


async def _session(
    calls: Calls, cursor: int, silence_limit: timedelta
) -> AsyncGenerator[WatchSignalsResponse]:
    call = await calls.opened(
        WATCH, WatchSignalsRequest(after_sequence=cursor), WatchSignalsResponse
    )
    try:
        while True:
            try:
                event = await asyncio.wait_for(call.read(), silence_limit.total_seconds())
            except TimeoutError:
                raise _broken(
                    f"the server said nothing for {silence_limit.total_seconds():g} s"
                ) from None
            if not isinstance(event, WatchSignalsResponse):
                return
            yield event
    except grpc.aio.AioRpcError as error:
        raise calls.translated(WATCH, error) from None
    finally:
        call.cancel()


def _broken(message: str) -> Unavailable:
    return Unavailable(message, code=Code.UNAVAILABLE, reason="NO_ANSWER")


def _interrupted(error: CountersignError) -> Unavailable:
    return Unavailable(
        f"the stream broke before the server named a position to resume from ({error.message}): "
        "start again, and list signals for what happened meanwhile",
        code=Code.UNAVAILABLE,
        reason="WATCH_INTERRUPTED",
        metadata=error.metadata,
    )
