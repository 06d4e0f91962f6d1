"""The execution channel: one bridge's session, from Hello to Goodbye.

Four tasks share one session. The reader drains what has come and takes it in with one transaction
and one cumulative acknowledgement. The attendant looks at the account's commands whenever its bell
rings, another at what charts need. The handler itself is the only writer.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.entries import Trace
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import Draining, Invalid
from countersign_server.execution.attending import Attendant
from countersign_server.execution.feeding import Feeder
from countersign_server.execution.guard_news import AskGuard, no_news
from countersign_server.execution.inflow import Inflow
from countersign_server.execution.intake import Intake
from countersign_server.execution.live_session import LiveSession, Pace, begin
from countersign_server.execution.measures import sessions_open
from countersign_server.execution.opening import close_session, open_session
from countersign_server.execution.outbox import Ended
from countersign_server.execution.rates import RateFeed
from countersign_server.execution.sql_book import SqlBooks
from countersign_server.identity.revocations import Revocations
from countersign_server.rpc.caller import Caller
from countersign_server.rpc.conversion import to_duration
from countersign_server.rpc.validation import check

log = structlog.get_logger()

_HELLO_WITHIN_SECONDS = 5


class Channels:
    """The open sessions of this process."""

    def __init__(  # noqa: PLR0913  # what it stands on, named at its one call
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        revocations: Revocations,
        pace: Pace,
        now: Callable[[], datetime],
        ask_guard: AskGuard = no_news,
    ) -> None:
        self._books = SqlBooks(database)
        self._wakeups = wakeups
        self._pace = pace
        self._now = now
        self._intake = Intake(
            books=self._books, ring=wakeups.ring, grant_validity=pace.grant_validity, now=now
        )
        self._feeder = Feeder(
            books=self._books,
            ring=wakeups.ring,
            pace=pace,
            now=now,
            presence=lambda: wakeups.presence,
            ask_guard=ask_guard,
        )
        self._attendant = Attendant(
            feeder=self._feeder, wakeups=wakeups, revocations=revocations, pace=pace
        )
        self._rates = RateFeed(database=database, wakeups=wakeups, now=now)
        self._sessions: set[LiveSession] = set()
        self._draining = False

    async def serve(
        self, requests: AsyncIterator[pb.ChannelRequest], caller: Caller, trace: Trace
    ) -> AsyncIterator[pb.ChannelResponse]:
        """Hold one session; yields the frames for the bridge."""
        if self._draining:
            raise Draining("this server is stopping; connect again")
        hello = await _hello(requests)
        started_at = self._now()
        async with self._books.transaction(caller.tenant) as book:
            opened = await open_session(
                book,
                caller,
                hello,
                lease_for=self._pace.heartbeat_timeout,
                holder=self._wakeups.presence,
                trace=trace,
                now=started_at,
            )
        self._wakeups.ring("audit")
        heard_at = asyncio.get_running_loop().time()
        session = begin(opened, caller, self._pace, trace=trace, heard_at=heard_at, now=self._now())
        async for frame in self._run(session, requests):
            yield frame

    async def drain(self, grace: timedelta) -> None:
        """Ask every bridge to come again elsewhere."""
        self._draining = True
        self._feeder.drain()
        for session in self._sessions:
            session.say(drain=pb.Drain(grace=to_duration(grace)))

    async def _run(
        self, session: LiveSession, requests: AsyncIterator[pb.ChannelRequest]
    ) -> AsyncIterator[pb.ChannelResponse]:
        handler = asyncio.current_task()
        assert handler is not None  # noqa: S101  # grpc.aio runs each handler in a task
        tasks = [
            asyncio.create_task(self._guarded(session, self._read(session, requests))),
            asyncio.create_task(self._guarded(session, self._attendant.attend(session, handler))),
            asyncio.create_task(self._guarded(session, self._rates.attend(session))),
        ]
        self._sessions.add(session)
        sessions_open.inc()
        try:
            async for frame in self._written(session):
                yield frame
        finally:
            self._sessions.discard(session)
            sessions_open.dec()
            await asyncio.shield(self._close(session, tasks))

    async def _written(self, session: LiveSession) -> AsyncIterator[pb.ChannelResponse]:
        loop, sequence, waiting = asyncio.get_running_loop(), 0, asyncio.Event()
        session.outbox.put = waiting.set
        while True:
            frame = session.outbox.take()
            if frame is None:
                waiting.clear()
                await waiting.wait()
                continue
            ended = frame if isinstance(frame, Ended) else None
            if isinstance(frame, Ended):
                frame = pb.ChannelResponse(goodbye=pb.Goodbye(reason=frame.reason))
            sequence += 1
            frame.session_epoch = session.opened.epoch
            frame.sequence = sequence
            session.writing_since = loop.time()
            yield frame
            session.writing_since = None
            if ended is not None:
                if ended.error is not None:
                    raise ended.error
                return

    async def _guarded(self, session: LiveSession, work: Awaitable[str]) -> None:
        """Run one of the session's tasks; whatever ends it ends the session."""
        try:
            reason = await work
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  # raised again by the handler, where the boundary sees it
            session.outbox.end(getattr(error, "reason", "INTERNAL"), error)
        else:
            session.outbox.end(reason)

    async def _read(self, session: LiveSession, requests: AsyncIterator[pb.ChannelRequest]) -> str:
        inflow = Inflow()
        filling = asyncio.create_task(inflow.fill(requests))
        try:
            while True:
                frames, is_over = await inflow.taken()
                session.heard_at = asyncio.get_running_loop().time()
                if await self._intake.take(session, frames):
                    return "GOODBYE"
                await self._rates.keep(session, frames)
                if is_over:
                    await filling  # raises what broke the stream
                    return "DISCONNECTED"
        finally:
            filling.cancel()

    async def _close(self, session: LiveSession, tasks: list[asyncio.Task[None]]) -> None:
        """Give the lease back, so that the next bridge need not wait until it lapses."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await close_session(self._books, session.opened)
        except Exception as error:  # noqa: BLE001  # it lapses by itself
            log.warning(
                "lease not released",
                account_id=str(session.opened.account_id),
                error=str(error),
            )


async def _hello(requests: AsyncIterator[pb.ChannelRequest]) -> pb.Hello:
    try:
        async with asyncio.timeout(_HELLO_WITHIN_SECONDS):
            first = await anext(aiter(requests), None)
    except TimeoutError:
        first = None
    if first is None or not first.HasField("hello"):
        raise Invalid("the first frame must be Hello, within 5 s", field="frame")
    check(first)
    return first.hello
