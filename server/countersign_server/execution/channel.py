"""The execution channel: one bridge's session, from Hello to Goodbye.

Three tasks share one session. The reader drains what has come and takes it in with one transaction and one cumulative
acknowledgement. The feeder looks at the account's commands whenever its bell rings. The handler itself is the only writer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.entries import Trace
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeup, Wakeups
from countersign_server.devices.lease_store import release_lease, renew_lease
from countersign_server.devices.store import touch
from countersign_server.devices.wire import health_of
from countersign_server.errors import DeviceRevoked, Draining, EpochUnknown, Invalid
from countersign_server.execution.digests import digest_differs
from countersign_server.execution.grants import Granted, grant
from countersign_server.execution.lifecycle import CommandEvent, is_possible
from countersign_server.execution.measures import (
    denials_total,
    grants_total,
    offer_seconds,
    sessions_open,
)
from countersign_server.execution.opening import Opened, mapped_symbols, open_session
from countersign_server.execution.reports import Reporter, apply_event
from countersign_server.execution.session import Incoming, Offers, Taking, cancels_of, doubts_of
from countersign_server.execution.store import (
    Command,
    advance,
    command_for_update,
    mark_offered,
    open_commands,
)
from countersign_server.execution.trading import Trading, trading_of
from countersign_server.execution.wire import grant_frame, halt_frame, offer_frame, resolve_frame
from countersign_server.identity.revocations import Revocations
from countersign_server.rpc.caller import Caller
from countersign_server.rpc.conversion import to_duration, to_timestamp

log = structlog.get_logger()

_HELLO_WITHIN_SECONDS = 5
_DRAIN_MOST = 500
_OUTGOING_MOST = 1000
_OFFER_AGAIN_AFTER = timedelta(seconds=2)
_RESOLVE_EVERY = timedelta(seconds=5)
_LOOK_EVERY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often both sides speak, how long silence may last, and how much may be under way."""

    heartbeat_interval: timedelta
    heartbeat_timeout: timedelta
    grant_validity: timedelta
    offers_at_once: int


@dataclass(slots=True)
class _Ended:
    """The last thing in the queue: why the session ends; `error` None: on purpose."""

    reason: str
    error: BaseException | None = None


@dataclass(slots=True, eq=False)
class _Session:
    opened: Opened
    reporter: Reporter
    offers: Offers
    caller: Caller
    incoming: Incoming = field(default_factory=Incoming)
    outgoing: asyncio.Queue[pb.ChannelResponse | _Ended] = field(
        default_factory=lambda: asyncio.Queue(_OUTGOING_MOST)
    )
    heard_at: float = 0.0
    writing_since: float | None = None
    resolve_asked_at: dict[UUID, datetime] = field(default_factory=dict[UUID, datetime])
    symbols: list[pb.SymbolMapping] = field(default_factory=list[pb.SymbolMapping])
    cancels_sent: set[UUID] = field(default_factory=set[UUID])

    def say(self, **frame: object) -> None:
        """Queue a frame; a bridge that does not read loses its session before memory is lost."""
        try:
            self.outgoing.put_nowait(pb.ChannelResponse(**frame))  # type: ignore[arg-type]
        except asyncio.QueueFull:
            raise EpochUnknown("the bridge does not read what it is sent") from None

    def end(self, reason: str, error: BaseException | None = None) -> None:
        while self.outgoing.full():
            self.outgoing.get_nowait()
        self.outgoing.put_nowait(_Ended(reason, error))


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
        self._revocations = revocations
        self._pace = pace
        self._now = now
        self._sessions: set[_Session] = set()
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
        session = _Session(
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
        for session in self._sessions:
            session.say(drain=pb.Drain(grace=to_duration(grace)))

    async def _run(
        self, session: _Session, requests: AsyncIterator[pb.ChannelRequest]
    ) -> AsyncIterator[pb.ChannelResponse]:
        handler = asyncio.current_task()
        assert handler is not None  # noqa: S101  # grpc.aio runs each handler in a task
        tasks = [
            asyncio.create_task(self._guarded(session, self._read(session, requests))),
            asyncio.create_task(self._guarded(session, self._feed(session, handler))),
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

    async def _written(self, session: _Session) -> AsyncIterator[pb.ChannelResponse]:
        loop, sequence = asyncio.get_running_loop(), 0
        while True:
            frame = await session.outgoing.get()
            ended = frame if isinstance(frame, _Ended) else None
            if isinstance(frame, _Ended):
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

    async def _guarded(self, session: _Session, work: object) -> None:
        """Run one of the session's tasks; whatever ends it ends the session."""
        try:
            reason = await work  # type: ignore[misc]  # a coroutine of ours
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  # raised again by the handler, where the boundary sees it
            session.end(getattr(error, "reason", "INTERNAL"), error)
        else:
            session.end(reason)

    async def _read(self, session: _Session, requests: AsyncIterator[pb.ChannelRequest]) -> str:
        queue: asyncio.Queue[pb.ChannelRequest | None] = asyncio.Queue(_DRAIN_MOST)
        filling = asyncio.create_task(_fill(queue, requests))
        try:
            while True:
                first = await queue.get()
                frames = [first, *(queue.get_nowait() for _ in range(queue.qsize()))]
                session.heard_at = asyncio.get_running_loop().time()
                goodbye = await self._take(session, [frame for frame in frames if frame])
                if goodbye:
                    return "GOODBYE"
                if None in frames:
                    await filling  # raises what broke the stream
                    return "DISCONNECTED"
        finally:
            filling.cancel()

    async def _take(self, session: _Session, frames: list[pb.ChannelRequest]) -> bool:
        """Take in what has come; True: the bridge has said goodbye."""
        taken: list[pb.ChannelRequest] = []
        for frame in frames:
            if frame.session_epoch != session.opened.epoch:
                raise EpochUnknown("the frame belongs to another session")
            placed = session.incoming.place(frame.sequence)
            if placed is Taking.TAKE:
                taken.append(frame)
            elif placed is Taking.GAP:
                resend_from = session.incoming.taken + 1
                session.say(fault=pb.Fault(reason="SEQUENCE_GAP", resend_from=resend_from))
                break
        await self._apply(session, taken)
        for frame in taken:
            if frame.HasField("claim"):
                await self._claim(session, frame.claim)
        if frames:
            session.say(ack=pb.Ack(upto=session.incoming.taken))
        return any(frame.HasField("goodbye") for frame in taken)

    async def _apply(self, session: _Session, frames: list[pb.ChannelRequest]) -> None:
        """Take in everything but claims in one transaction: acknowledged together, or not at all."""
        told = [frame for frame in _conflated(frames) if not frame.HasField("claim")]
        if not told:
            return
        now = self._now()
        async with self._database.transaction(session.opened.owner_id) as tx:
            for frame in told:
                match frame.WhichOneof("frame"):
                    case "event":
                        await apply_event(tx, session.reporter, frame.event, now)
                    case "decline":
                        await self._declined(tx, session, frame.decline, now)
                    case "deal_digest":
                        if await digest_differs(tx, session.opened.account_id, frame.deal_digest):
                            day = frame.deal_digest.day
                            session.say(fetch_deals=pb.FetchDeals(day=day))
                    case "heartbeat":
                        health = health_of(frame.heartbeat.terminal)
                        await touch(tx, session.opened.device_id, now, terminal=health)
                    case _:
                        continue
        self._wakeups.ring("audit", f"account:{session.opened.account_id}")

    async def _declined(
        self, tx: AsyncConnection, session: _Session, decline: pb.Decline, now: datetime
    ) -> None:
        command_id = UUID(decline.command_id)
        command = await command_for_update(
            tx,
            command_id,
            account_id=session.opened.account_id,
        )
        if command is None or command.attempt != decline.attempt:
            return
        if not decline.final:
            session.offers.declined(command_id, now)
            return
        if is_possible(command.state, CommandEvent.DECLINE):
            await advance(
                tx,
                command,
                CommandEvent.DECLINE,
                trace=session.reporter.trace,
                now=now,
                reason=decline.reason,
            )

    async def _claim(self, session: _Session, claim: pb.Claim) -> None:
        async with self._database.transaction(session.opened.owner_id) as tx:
            answer = await grant(
                tx,
                account_id=session.opened.account_id,
                command_id=UUID(claim.command_id),
                attempt=claim.attempt,
                claim_nonce=claim.claim_nonce,
                device_id=session.opened.device_id,
                valid_for=self._pace.grant_validity,
                trace=session.reporter.trace,
                now=self._now(),
            )
        # Committed: only now may anyone be told.
        if isinstance(answer, Granted):
            grants_total.inc()
            session.say(grant=grant_frame(answer))
            self._wakeups.ring("audit")
            return
        denials_total.labels(answer.reason).inc()
        session.say(
            deny=pb.Deny(
                command_id=claim.command_id,
                attempt=claim.attempt,
                claim_nonce=claim.claim_nonce,
                reason=answer.reason,
            )
        )

    async def _feed(self, session: _Session, handler: asyncio.Task[object]) -> str:
        """Offer what may be claimed, whenever the account's bell rings; keep the lease; notice silence."""
        loop = asyncio.get_running_loop()
        account_topic = f"account:{session.opened.account_id}"
        latch = session.opened.latch
        next_beat = loop.time()
        # Subscribed before the first look, so that nothing slips by unseen.
        with (
            self._wakeups.subscribe(account_topic) as account_bell,
            self._wakeups.subscribe("revocations") as revocation_bell,
        ):
            while True:
                if self._revocations.is_revoked(session.caller):
                    raise DeviceRevoked("the device is revoked; pair the bridge again")
                if self._is_silent(session, handler):
                    return "SESSION_LAPSED"
                if loop.time() >= next_beat:
                    next_beat = loop.time() + self._pace.heartbeat_interval.total_seconds()
                    if not await self._beat(session):
                        return "LEASE_LOST"
                trading, symbols = await self._look(session)
                if symbols != session.symbols:
                    session.symbols = symbols
                    session.say(symbols=pb.SymbolList(symbols=symbols))
                if trading.latch != latch:
                    latch = trading.latch
                    session.say(halt=halt_frame(trading.state, trading.cause, latch))
                await _first_ring(account_bell, revocation_bell)

    async def _look(self, session: _Session) -> tuple[Trading, list[pb.SymbolMapping]]:
        """Offer, cancel and ask about what the table shows."""
        now = self._now()
        async with self._database.transaction(session.opened.owner_id) as tx:
            trading = await trading_of(tx, session.opened.account_id)
            symbols = await mapped_symbols(tx, session.opened.account_id)
            open_now = list(await open_commands(tx, session.opened.account_id))
            wanted = [] if self._draining else session.offers.to_show(open_now, now)
            offered = (
                await mark_offered(
                    tx, [command.id for command in wanted], trace=session.reporter.trace, now=now
                )
                if wanted
                else []
            )
            targets = {command.id: await target_of(tx, command) for command in offered}
        for command in offered:
            session.offers.showed(command.id)
            session.say(offer=offer_frame(command, targets[command.id]))
            if command.offered_at == now:
                offer_seconds.observe((now - command.created_at).total_seconds())
        for command in cancels_of(open_now):
            if command.id not in session.cancels_sent:
                session.cancels_sent.add(command.id)
                session.say(cancel=pb.Cancel(command_id=str(command.id)))
        self._ask_about_doubts(session, open_now, now)
        if offered:
            self._wakeups.ring("audit")
        return trading, symbols

    def _ask_about_doubts(self, session: _Session, open_now: list[Command], now: datetime) -> None:
        doubts = doubts_of(open_now)
        asked = session.resolve_asked_at
        for command_id in asked.keys() - {command.id for command in doubts}:
            del asked[command_id]
        for command in doubts:
            if command.id not in asked or asked[command.id] + _RESOLVE_EVERY <= now:
                asked[command.id] = now
                session.say(resolve=resolve_frame(command))

    async def _beat(self, session: _Session) -> bool:
        now = self._now()
        session.say(heartbeat=pb.ServerHeartbeat(server_time=to_timestamp(now)))
        async with self._database.transaction(session.opened.owner_id) as tx:
            return await renew_lease(
                tx,
                session.opened.account_id,
                session.opened.epoch,
                now,
                self._pace.heartbeat_timeout,
            )

    def _is_silent(self, session: _Session, handler: asyncio.Task[object]) -> bool:
        now, limit = (
            asyncio.get_running_loop().time(),
            self._pace.heartbeat_timeout.total_seconds(),
        )
        if session.writing_since is not None and now - session.writing_since > limit:
            # A bridge that does not read blocks the writer for ever; only cancelling frees it.
            handler.cancel()
            return True
        return now - session.heard_at > limit

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

    async def _close(self, session: _Session, tasks: list[asyncio.Task[None]]) -> None:
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


def _conflated(frames: list[pb.ChannelRequest]) -> list[pb.ChannelRequest]:
    """Leave out snapshots that a newer one in the same group replaces."""
    newest = max(
        (i for i, f in enumerate(frames) if f.event.WhichOneof("body") == "snapshot"), default=-1
    )
    return [
        frame
        for i, frame in enumerate(frames)
        if i == newest or frame.event.WhichOneof("body") != "snapshot"
    ]


async def target_of(tx: AsyncConnection, command: Command) -> Command | None:
    """Return the command that opened what `command` is about; None: it opens something itself."""
    if command.opening_command_id is None:
        return None
    return await command_for_update(tx, command.opening_command_id)


async def _first_ring(*bells: Wakeup) -> None:
    """Return when one of the bells rings, or after the patience of a second."""
    waits = [asyncio.create_task(bell.wait(_LOOK_EVERY)) for bell in bells]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
