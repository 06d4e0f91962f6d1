"""The execution channel: one bridge's session, from Hello to Goodbye.

Three tasks share one session. The reader drains what has come and takes it in with one transaction
and one cumulative acknowledgement. The feeder looks at the account's commands whenever its bell
rings. The handler itself is the only writer.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.entries import Trace
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.devices.lease_store import release_lease
from countersign_server.errors import Draining, Invalid
from countersign_server.execution.feeding import Feeder
from countersign_server.execution.intake import Intake
from countersign_server.execution.live_session import Ended, LiveSession, Pace
from countersign_server.execution.measures import (
    sessions_open,
)
from countersign_server.execution.opening import Opened, open_session
from countersign_server.execution.report_store import Reporter
from countersign_server.execution.session import Offers
from countersign_server.execution.wire import halt_frame
from countersign_server.identity.revocations import Revocations
from countersign_server.rpc.caller import Caller
from countersign_server.rpc.conversion import to_duration, to_timestamp

log = structlog.get_logger()

_HELLO_WITHIN_SECONDS = 5
_DRAIN_MOST = 500
_OFFER_AGAIN_AFTER = timedelta(seconds=2)


class Channels:
    """The open sessions of this process."""

    def __init__(
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        revocations: Revocations,
        pace: Pace,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._pace = pace
        self._now = now
        self._intake = Intake(
            database=database, wakeups=wakeups, grant_validity=pace.grant_validity, now=now
        )
        self._feeder = Feeder(
            database=database, wakeups=wakeups, revocations=revocations, pace=pace, now=now
        )
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
        async with self._database.transaction(caller.tenant) as tx:
            opened = await open_session(
                tx,
                caller,
                hello,
                lease_for=self._pace.heartbeat_timeout,
                trace=trace,
                now=started_at,
            )
        self._wakeups.ring("audit")
        session = LiveSession(
            opened=opened,
            reporter=Reporter(
                opened.account_id, opened.owner_id, opened.device_id, opened.epoch, trace
            ),
            offers=Offers(self._pace.offers_at_once, _OFFER_AGAIN_AFTER),
            caller=caller,
            symbols=opened.symbols,
            heard_at=asyncio.get_running_loop().time(),
        )
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
            asyncio.create_task(self._guarded(session, self._feeder.feed(session, handler))),
        ]
        self._sessions.add(session)
        sessions_open.inc()
        session.say(welcome=self._welcome(session.opened))
        session.say(halt=_halt(session.opened))
        try:
            async for frame in self._written(session):
                yield frame
        finally:
            self._sessions.discard(session)
            sessions_open.dec()
            await asyncio.shield(self._close(session, tasks))

    async def _written(self, session: LiveSession) -> AsyncIterator[pb.ChannelResponse]:
        loop, sequence = asyncio.get_running_loop(), 0
        while True:
            frame = await session.outgoing.get()
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
            session.end(getattr(error, "reason", "INTERNAL"), error)
        else:
            session.end(reason)

    async def _read(self, session: LiveSession, requests: AsyncIterator[pb.ChannelRequest]) -> str:
        queue: asyncio.Queue[pb.ChannelRequest | None] = asyncio.Queue(_DRAIN_MOST)
        filling = asyncio.create_task(_fill(queue, requests))
        try:
            while True:
                first = await queue.get()
                frames = [first, *(queue.get_nowait() for _ in range(queue.qsize()))]
                session.heard_at = asyncio.get_running_loop().time()
                goodbye = await self._intake.take(session, [frame for frame in frames if frame])
                if goodbye:
                    return "GOODBYE"
                if None in frames:
                    await filling  # raises what broke the stream
                    return "DISCONNECTED"
        finally:
            filling.cancel()

    def _welcome(self, opened: Opened) -> pb.Welcome:
        return pb.Welcome(
            session_epoch=opened.epoch,
            server_time=to_timestamp(self._now()),
            heartbeat_interval=to_duration(self._pace.heartbeat_interval),
            heartbeat_timeout=to_duration(self._pace.heartbeat_timeout),
            credit=self._pace.offers_at_once,
            generation=opened.generation,
            account_id=str(opened.account_id),
            digests=opened.digests,
            symbols=opened.symbols,
        )

    async def _close(self, session: LiveSession, tasks: list[asyncio.Task[None]]) -> None:
        """Give the lease back, so that the next bridge need not wait until it lapses."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            async with self._database.transaction(session.opened.owner_id) as tx:
                await release_lease(tx, session.opened.account_id, session.opened.epoch)
        except Exception as error:  # noqa: BLE001  # it lapses by itself
            log.warning(
                "lease not released",
                account_id=str(session.opened.account_id),
                error=str(error),
            )


def _halt(opened: Opened) -> pb.Halt:
    return halt_frame(opened.trading_state, opened.trading_cause, opened.latch)


async def _hello(requests: AsyncIterator[pb.ChannelRequest]) -> pb.Hello:
    try:
        async with asyncio.timeout(_HELLO_WITHIN_SECONDS):
            first = await anext(aiter(requests), None)
    except TimeoutError:
        first = None
    if first is None or not first.HasField("hello"):
        raise Invalid("the first frame must be Hello, within 5 s", field="frame")
    return first.hello


async def _fill(
    queue: asyncio.Queue[pb.ChannelRequest | None], requests: AsyncIterator[pb.ChannelRequest]
) -> None:
    try:
        async for frame in requests:
            await queue.put(frame)
    finally:
        await queue.put(None)
