"""What a bridge says: reports in one transaction, then claims, then one acknowledgement."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from countersign.v1 import execution_pb2 as pb
from countersign_server.crash_points import CrashPoint, reach
from countersign_server.devices.wire import health_of
from countersign_server.errors import EpochUnknown, Invalid, SessionHeld
from countersign_server.execution.book import Book, Books, Ring
from countersign_server.execution.claim import Claim
from countersign_server.execution.digests import digest_differs
from countersign_server.execution.grants import Granted, grant
from countersign_server.execution.lifecycle import UNGRANTED, CommandEvent
from countersign_server.execution.live_session import LiveSession
from countersign_server.execution.measures import denials_total, grants_total
from countersign_server.execution.portfolio import take_delta
from countersign_server.execution.reporting import read_at, refuse_event
from countersign_server.execution.reports import apply_event
from countersign_server.execution.session import Taking
from countersign_server.execution.transitions import advance
from countersign_server.execution.wire import grant_frame
from countersign_server.identifiers import Random
from countersign_server.rpc.conversion import from_timestamp
from countersign_server.rpc.validation import RulesBroken, check

# A bridge's word for an order that its journal knows it has sent.
_ALREADY_SENT = "ALREADY_SENT"
# What tells of an account's positions.
_POSITIONS = ("snapshot", "delta")


class Intake:
    """Takes in the frames of any session."""

    def __init__(
        self,
        *,
        books: Books,
        ring: Ring,
        grant_validity: timedelta,
        now: Callable[[], datetime],
        random: Random = secrets.token_bytes,
    ) -> None:
        self._books = books
        self._ring = ring
        self._random = random
        self._grant_validity = grant_validity
        self._now = now

    async def take(self, session: LiveSession, frames: list[pb.ChannelRequest]) -> bool:
        """Take in what has come; True: the bridge has said goodbye."""
        taken: list[pb.ChannelRequest] = []
        broken: list[tuple[pb.ChannelRequest, RulesBroken]] = []
        for frame in frames:
            if frame.session_epoch != session.opened.epoch:
                raise EpochUnknown("the frame belongs to another session")
            placed = session.incoming.place(frame.sequence)
            if placed is Taking.TAKE:
                error = _broken_rules(frame)
                taken += [frame] if error is None else []
                broken += [] if error is None else [(frame, error)]
            elif placed is Taking.GAP:
                resend_from = session.incoming.taken + 1
                session.say(fault=pb.Fault(reason="SEQUENCE_GAP", resend_from=resend_from))
                break
        await self._apply(session, taken)
        await self._leave_out(session, broken)
        for frame in taken:
            if frame.HasField("claim"):
                await self._claim(session, frame.claim)
        if frames:
            reach(CrashPoint.BEFORE_ACK, lambda: _tells_an_end(taken))
            session.say(ack=pb.Ack(upto=session.incoming.taken))
        return any(frame.HasField("goodbye") for frame in taken)

    async def _apply(self, session: LiveSession, frames: list[pb.ChannelRequest]) -> None:
        """Take in everything but claims in one transaction: all acknowledged, or nothing."""
        told = [frame for frame in _conflated(frames) if not frame.HasField("claim")]
        if not told:
            return
        try:
            async with self._books.transaction(session.opened.owner_id) as book:
                for frame in told:
                    await self._apply_one(book, session, frame, self._now())
                reach(CrashPoint.BEFORE_REPORT, lambda: _tells_an_end(told))
        except Invalid:
            await self._apply_each(session, told)
        reach(CrashPoint.AFTER_REPORT, lambda: _tells_an_end(told))
        are_positions = {frame.event.WhichOneof("body") in _POSITIONS for frame in told}
        topics = {"audit"}
        if True in are_positions:
            topics |= {f"positions:{session.opened.owner_id}", "guards"}
        if False in are_positions:
            topics.add(f"account:{session.opened.account_id}")
        self._ring(*topics)

    async def _leave_out(
        self, session: LiveSession, broken: Sequence[tuple[pb.ChannelRequest, RulesBroken]]
    ) -> None:
        """Say of frames that break the contract's rules that they count and are not taken in.

        They are kept as an anomaly and acknowledged: told again, they would be broken again.
        """
        if not broken:
            return
        async with self._books.transaction(session.opened.owner_id) as book:
            for frame, error in broken:
                name = frame.event.natural_key
                await refuse_event(book, session.reporter, name, error, self._now())
        for frame, error in broken:
            fault = pb.Fault(
                reason="FRAME_INVALID", message=str(error)[:500], resend_from=frame.sequence
            )
            session.say(fault=fault)
        self._ring("audit")

    async def _apply_each(self, session: LiveSession, told: list[pb.ChannelRequest]) -> None:
        """Take in frames one by one, and leave out, aloud, what can never be stored.

        A bridge sends again what is not acknowledged: one such frame would end every session.
        """
        for frame in told:
            try:
                async with self._books.transaction(session.opened.owner_id) as book:
                    await self._apply_one(book, session, frame, self._now())
            except Invalid as error:
                async with self._books.transaction(session.opened.owner_id) as book:
                    await refuse_event(
                        book, session.reporter, frame.event.natural_key, error, self._now()
                    )

    async def _apply_one(
        self, book: Book, session: LiveSession, frame: pb.ChannelRequest, now: datetime
    ) -> None:
        match frame.WhichOneof("frame"):
            case "event" if frame.event.HasField("delta"):
                await self._changed(book, session, frame.event, now)
            case "event":
                await apply_event(book, session.reporter, frame.event, now)
            case "decline":
                await self._declined(book, session, frame.decline, now)
            case "deal_digest":
                if await digest_differs(book, session.opened.account_id, frame.deal_digest):
                    day = frame.deal_digest.day
                    session.say(fetch_deals=pb.FetchDeals(day=day))
            case "heartbeat":
                if frame.heartbeat.HasField("bridge_time"):
                    told = from_timestamp(frame.heartbeat.bridge_time, field="bridge_time")
                    session.reporter.clock.hear(told, now=now)
                health = health_of(frame.heartbeat.terminal)
                await book.devices.touch(session.opened.device_id, now, terminal=health)
            case _:
                return

    async def _changed(
        self, book: Book, session: LiveSession, event: pb.Event, now: datetime
    ) -> None:
        known = await take_delta(
            book, session.reporter, event.delta, read_at=read_at(event, session.reporter), now=now
        )
        if not known:
            session.say(fetch_snapshot=pb.FetchSnapshot())

    async def _declined(
        self, book: Book, session: LiveSession, decline: pb.Decline, now: datetime
    ) -> None:
        command_id = UUID(decline.command_id)
        command = await book.commands.held(
            command_id,
            account_id=session.opened.account_id,
        )
        if command is None or command.attempt != decline.attempt:
            return
        if not decline.final:
            session.offers.declined(command_id, now)
            if command.state in UNGRANTED and command.reason != decline.reason:
                # Its owner asks why it waits: a market is closed, trading is switched off.
                await book.commands.change(command, {"reason": decline.reason})
            return
        # What was sent already is no refusal: a restored backup has forgotten its grant.
        is_sent = decline.reason == _ALREADY_SENT
        event = CommandEvent.DOUBT if is_sent else CommandEvent.DECLINE
        if command.state in UNGRANTED:
            await advance(
                book,
                command,
                event,
                trace=session.reporter.trace,
                now=now,
                reason=decline.reason,
            )

    async def _claim(self, session: LiveSession, claim: pb.Claim) -> None:
        async with self._books.transaction(session.opened.owner_id) as book:
            if not await book.devices.holds_lease(
                session.opened.account_id, session.opened.epoch, self._now()
            ):
                raise SessionHeld("the session has lost the account's lease")
            answer = await grant(
                book,
                Claim(
                    account_id=session.opened.account_id,
                    command_id=UUID(claim.command_id),
                    attempt=claim.attempt,
                    nonce=claim.claim_nonce,
                    device_id=session.opened.device_id,
                    valid_for=self._grant_validity,
                    now=self._now(),
                ),
                trace=session.reporter.trace,
                random=self._random,
            )
            reach(CrashPoint.BEFORE_GRANT)
        reach(CrashPoint.AFTER_GRANT)
        # Committed: only now may anyone be told.
        if isinstance(answer, Granted):
            grants_total.inc()
            session.say(grant=grant_frame(answer))
            reach(CrashPoint.AFTER_GRANT_SAID)
            self._ring("audit")
            return
        denials_total.labels(answer.reason).inc()
        # It may be offered again later, and makes room for others until then.
        session.offers.declined(UUID(claim.command_id), self._now())
        session.say(
            deny=pb.Deny(
                command_id=claim.command_id,
                attempt=claim.attempt,
                claim_nonce=claim.claim_nonce,
                reason=answer.reason,
            )
        )


def _broken_rules(frame: pb.ChannelRequest) -> RulesBroken | None:
    """Return which of the contract's rules a frame breaks; None: none."""
    try:
        check(frame)
    except RulesBroken as error:
        return error
    return None


def _tells_an_end(frames: list[pb.ChannelRequest]) -> bool:
    return any(frame.event.HasField("result") for frame in frames)


def _conflated(frames: list[pb.ChannelRequest]) -> list[pb.ChannelRequest]:
    """Leave out snapshots and deltas that a newer snapshot in the same group replaces."""
    bodies = [frame.event.WhichOneof("body") for frame in frames]
    newest = max((at for at, body in enumerate(bodies) if body == "snapshot"), default=-1)
    return [
        frame
        for at, (frame, body) in enumerate(zip(frames, bodies, strict=True))
        if at >= newest or body not in _POSITIONS
    ]
