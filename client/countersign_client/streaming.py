"""Handing signals in as they come, over one stream that is opened again when it breaks.

Signals are signed as they are taken from the source and answered in that order. After a break, what
was not answered is sent again with the same bytes. What could not be settled before the server
stops taking its signature is given up and said to be so: refused if it was never sent, in doubt if
it was.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator
from contextlib import aclosing
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias

import grpc

from countersign_client.calls import Calls
from countersign_client.errors import Code, CountersignError, Doubt
from countersign_client.outcomes import Attempted, Outcome, given_up, outcome_of
from countersign_client.signing import Signer
from countersign_client.wire.countersign.v1 import (
    Signal,
    StreamSignalsRequest,
    StreamSignalsResponse,
    SubmitResult,
)

STREAM = "/countersign.v1.SignalService/StreamSignals"

_Call: TypeAlias = "grpc.aio.StreamStreamCall[Any, StreamSignalsResponse]"


class SignalStream:
    """One source of signals on its way to the server.

    `in_flight`: signals unanswered at once at most.
    """

    def __init__(
        self, calls: Calls, signer: Signer, *, in_flight: int, now: Callable[[], datetime]
    ) -> None:
        self._calls = calls
        self._signer = signer
        self._now = now
        self._slots = asyncio.Semaphore(in_flight)
        self._pending: deque[Attempted] = deque()  # oldest first
        self._grown = asyncio.Event()
        self._source_ended = False
        # Of this session: signals written, signals answered, and since when (loop time) the server
        # owes an answer.
        self._written = self._answered = 0
        self._owing_since = 0.0

    async def run(self, source: AsyncIterable[Signal]) -> AsyncGenerator[Outcome]:
        """Yield what became of each signal, in order, until the source has ended.

        Raises what the source raises, and what no new connection mends, such as Forbidden; before
        that, the signals that were not answered are yielded as given up.
        """
        taking = asyncio.create_task(self._take(source))
        failures = 0
        try:
            while self._unfinished():
                try:
                    async with aclosing(self._session()) as session:
                        async for outcome in session:
                            failures = 0
                            yield outcome
                except CountersignError as error:
                    failures += 1
                    last = not self._calls.mended_by_reconnecting(error, failures)
                    wait = self._calls.backoff.wait(failures, self._calls.chance())
                    for lost in self._given_up(error, at=None if last else self._now() + wait):
                        yield lost
                    if last:
                        raise
                    await asyncio.sleep(wait.total_seconds())
            await taking
        finally:
            taking.cancel()
            await asyncio.wait({taking})

    def _unfinished(self) -> bool:
        return bool(self._pending) or not self._source_ended

    async def _take(self, source: AsyncIterable[Signal]) -> None:
        try:
            async for signal in source:
                await self._slots.acquire()
                self._pending.append(Attempted(signal, self._signer.sign(signal)))
                self._grown.set()
        finally:
            self._source_ended = True
            self._grown.set()

    async def _more(self) -> None:
        """Wait until a signal was taken or the source has ended."""
        await self._grown.wait()
        self._grown.clear()

    async def _session(self) -> AsyncGenerator[Outcome]:
        """Write what is pending and yield the answers, over one stream, until nothing is left."""
        self._written = self._answered = 0
        # An open stream that says nothing would only be cut off by a gateway.
        while not self._pending and not self._source_ended:
            await self._more()
        if not self._pending:
            return
        call = await self._calls.opened_both_ways(STREAM, StreamSignalsResponse)
        writing = asyncio.create_task(self._write(call))
        try:
            while self._unfinished():
                outcome = outcome_of(self._pending[0], await self._answer(call))
                if isinstance(outcome, CountersignError):
                    raise outcome
                self._pending.popleft()
                self._answered += 1
                self._owing_since = asyncio.get_running_loop().time()
                self._slots.release()
                yield outcome
        except grpc.aio.AioRpcError as error:
            raise self._calls.translated(STREAM, error) from None
        finally:
            # Nobody answers these any more in this session, and they may have arrived.
            for attempted in islice(self._pending, self._written - self._answered):
                attempted.unheard = True
            writing.cancel()
            call.cancel()
            await asyncio.wait({writing})

    async def _write(self, call: _Call) -> None:
        while True:
            while self._written - self._answered < len(self._pending):
                attempted = self._pending[self._written - self._answered]
                if self._written == self._answered:
                    self._owing_since = asyncio.get_running_loop().time()
                self._written += 1
                await call.write(
                    StreamSignalsRequest(sequence=self._written, signal=attempted.signed)
                )
            if self._source_ended:
                break
            await self._more()
        await call.done_writing()

    async def _answer(self, call: _Call) -> SubmitResult:
        reading = asyncio.ensure_future(call.read())
        limit = self._calls.timeout.total_seconds()
        try:
            while not reading.done():
                await asyncio.wait({reading}, timeout=limit / 4)
                owed = asyncio.get_running_loop().time() - self._owing_since
                if not reading.done() and self._written > self._answered and owed > limit:
                    raise _silent(f"no answer for {limit:g} s")
        finally:
            reading.cancel()
        response = await reading
        if not isinstance(response, StreamSignalsResponse):
            raise _silent("the server ended the stream")
        if response.sequence != self._answered + 1:
            raise _silent(f"the server answered {response.sequence} out of turn")
        return response.result

    def _given_up(self, error: CountersignError, *, at: datetime | None) -> Iterator[Outcome]:
        """Yield the pending signals whose repeats have ended at `at`; None: all of them."""
        while self._pending and (at is None or self._pending[0].repeat_until <= at):
            attempted = self._pending.popleft()
            attempted.last_error = error
            self._slots.release()
            yield given_up(attempted)


def _silent(message: str) -> Doubt:
    return Doubt(message, code=Code.UNAVAILABLE, reason="NO_ANSWER")
