"""Where bridges learn what to do and tell what was done, and where people look it up."""

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from uuid import UUID

from countersign.v1 import execution_pb2 as pb, execution_pb2_grpc
from countersign_server.accounts.account import Account
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import ClaimDenied, NotFound, SessionHeld, TooLateToCancel
from countersign_server.execution.book import Book
from countersign_server.execution.channel import Channels
from countersign_server.execution.claim import Claim
from countersign_server.execution.deals import apply_deal
from countersign_server.execution.doubt_calls import DoubtCalls, no_command
from countersign_server.execution.grants import Granted, grant
from countersign_server.execution.history import (
    Sight,
    commands_of_signal,
    shown_commands,
)
from countersign_server.execution.lifecycle import UNGRANTED, CommandEvent, CommandState
from countersign_server.execution.live_session import Pace
from countersign_server.execution.measures import denials_total, grants_total
from countersign_server.execution.opening import account_of, check_fingerprint
from countersign_server.execution.report import Reporter
from countersign_server.execution.reports import apply_event, apply_result
from countersign_server.execution.restored import agree_on_generation
from countersign_server.execution.session import cancels_of, doubts_of
from countersign_server.execution.settlement import held_by
from countersign_server.execution.settling import Settler
from countersign_server.execution.sql_book import SqlBook, SqlBooks
from countersign_server.execution.transitions import (
    advance,
    ask_to_cancel,
    mark_offered,
    target_of,
)
from countersign_server.execution.wire import (
    STATES,
    grant_frame,
    halt_frame,
    offer_frame,
    poll_message,
)
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import Caller, Role, current_call, current_caller
from countersign_server.rpc.conversion import from_timestamp, trace_of

_POLL_LIMIT, _POLL_DEFAULT = 50, 10


class ExecutionService(DoubtCalls, execution_pb2_grpc.ExecutionServiceServicer):
    """See execution.proto for the contract."""

    def __init__(  # noqa: PLR0913  # what the app gives, by name
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        channels: Channels,
        settler: Settler,
        pace: Pace,
        poll_interval: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._books = SqlBooks(database)
        self._wakeups = wakeups
        self._channels = channels
        self._settler = settler
        self._pace = pace
        self._poll_interval = poll_interval
        self._now = now

    async def Channel(
        self, request_iterator: AsyncIterator[pb.ChannelRequest], context: Context
    ) -> AsyncIterator[pb.ChannelResponse]:
        trace = trace_of(current_call())
        async for frame in self._channels.serve(request_iterator, current_caller(), trace):
            yield frame

    async def PollCommands(
        self, request: pb.PollCommandsRequest, context: Context
    ) -> pb.PollCommandsResponse:
        caller, now = current_caller(), self._now()
        limit = min(request.limit or _POLL_DEFAULT, _POLL_LIMIT)
        async with self._books.transaction(caller.tenant) as book:
            await self._hold_lease(book, caller, now)
            account = await self._agreed(book, caller, request.generation_seen, now)
            waiting = await book.commands.not_over(account_of(caller))
            ready = [
                command
                for command in waiting
                if command.state in UNGRANTED and held_by(command, waiting) is None
            ][:limit]
            offered = await mark_offered(
                book,
                [command.id for command in ready],
                trace=trace_of(current_call()),
                now=now,
            )
            offers = [offer_frame(command, await target_of(book, command)) for command in offered]
        self._wakeups.ring("audit")
        return poll_message(
            offers=offers,
            cancels=cancels_of(waiting),
            doubts=doubts_of(waiting),
            halt=halt_frame(account.trading_state, account.trading_cause, account.latch),
            now=now,
            poll_interval=self._poll_interval,
        )

    async def ClaimCommand(
        self, request: pb.ClaimCommandRequest, context: Context
    ) -> pb.ClaimCommandResponse:
        caller, claim, now = current_caller(), request.claim, self._now()
        async with self._books.transaction(caller.tenant) as book:
            await self._hold_lease(book, caller, now)
            account = await self._agreed(book, caller, request.generation_seen, now)
            check_fingerprint(account, request.account)
            answer = await grant(
                book,
                Claim(
                    account_id=account.id,
                    command_id=UUID(claim.command_id),
                    attempt=claim.attempt,
                    nonce=claim.claim_nonce,
                    device_id=caller.id,
                    valid_for=self._pace.grant_validity,
                    now=now,
                ),
                trace=trace_of(current_call()),
            )
        if not isinstance(answer, Granted):
            denials_total.labels(answer.reason).inc()
            raise ClaimDenied(
                f"the claim is denied: {answer.reason}",
                denial=answer.reason,
                command_id=claim.command_id,
            )
        grants_total.inc()
        self._wakeups.ring("audit")
        return pb.ClaimCommandResponse(grant=grant_frame(answer))

    async def ReportAck(
        self, request: pb.ReportAckRequest, context: Context
    ) -> pb.ReportAckResponse:
        step = request.WhichOneof("step") or ""
        body = getattr(request, step)
        event = pb.Event(
            natural_key=f"{step}:{body.command_id}:{body.attempt}", event_time=request.event_time
        )
        getattr(event, step).CopyFrom(body)
        caller = current_caller()
        async with self._books.transaction(caller.tenant) as book:
            await apply_event(book, self._reporter(caller), event, self._now())
            command = await book.commands.held(UUID(body.command_id), account_id=account_of(caller))
        if command is None:
            raise no_command(body.command_id)
        self._wakeups.ring("audit")
        return pb.ReportAckResponse(state=STATES[command.state])

    async def ReportFill(
        self, request: pb.ReportFillRequest, context: Context
    ) -> pb.ReportFillResponse:
        caller = current_caller()
        event_time = from_timestamp(request.event_time, field="event_time")
        async with self._books.transaction(caller.tenant) as book:
            command = await apply_deal(
                book, self._reporter(caller), request.deal, event_time, self._now()
            )
        self._wakeups.ring("audit", f"account:{account_of(caller)}")
        if command is None:
            return pb.ReportFillResponse()
        return pb.ReportFillResponse(state=STATES[command.state], command_id=str(command.id))

    async def ReportError(
        self, request: pb.ReportErrorRequest, context: Context
    ) -> pb.ReportErrorResponse:
        caller = current_caller()
        event_time = from_timestamp(request.event_time, field="event_time")
        async with self._books.transaction(caller.tenant) as book:
            command = await apply_result(
                book, self._reporter(caller), request.result, event_time, self._now()
            )
        if command is None:
            raise no_command(request.result.command_id)
        self._wakeups.ring("audit", f"account:{account_of(caller)}")
        return pb.ReportErrorResponse(state=STATES[command.state])

    async def GetExecutionStatus(
        self, request: pb.GetExecutionStatusRequest, context: Context
    ) -> pb.GetExecutionStatusResponse:
        caller, signal_id = current_caller(), UUID(request.signal_id)
        sight = Sight(caller.id if caller.role is Role.PRODUCER else None)
        # A producer sees how its signal fared with every follower, and nothing of who they are.
        tenant = None if sight.producer_id else caller.tenant
        async with self._database.transaction(tenant) as tx:
            if not await sight.may_see(tx, signal_id):
                raise NotFound(f"no signal {signal_id}", signal_id=str(signal_id))
            found = await commands_of_signal(tx, signal_id)
            messages = await shown_commands(tx, found, full=sight.producer_id is None)
        return pb.GetExecutionStatusResponse(commands=messages)

    async def CancelCommand(
        self, request: pb.CancelCommandRequest, context: Context
    ) -> pb.CancelCommandResponse:
        caller, now = current_caller(), self._now()
        async with self._database.transaction(caller.tenant) as tx:
            book = SqlBook(tx)
            command = await book.commands.held(UUID(request.command_id))
            if command is None:
                raise no_command(request.command_id)
            trace = trace_of(current_call())
            if command.state in UNGRANTED:
                command = await advance(
                    book, command, CommandEvent.REVOKE, trace=trace, now=now, reason=request.reason
                )
            elif command.state is CommandState.GRANTED:
                await ask_to_cancel(book, command, trace=trace, now=now, reason=request.reason)
            (message,) = await shown_commands(tx, [command], full=True)
        self._wakeups.ring("audit", f"account:{command.account_id}")
        if command.state is not CommandState.REVOKED:
            raise TooLateToCancel(
                f"the command is {command.state}",
                command_id=request.command_id,
                state=command.state,
            )
        return pb.CancelCommandResponse(command=message)

    async def _hold_lease(self, book: Book, caller: Caller, now: datetime) -> None:
        """Hold the account as a session does; a polling EA's epoch is made of its id."""
        held = await book.devices.take_lease(
            account_id=account_of(caller),
            owner_id=caller.owner_id,
            device_id=caller.id,
            epoch=_polling_epoch(caller.id),
            now=now,
            lasting=self._pace.heartbeat_timeout,
        )
        if not held:
            raise SessionHeld("another bridge holds the account")

    async def _agreed(self, book: Book, caller: Caller, seen: int, now: datetime) -> Account:
        """Return the caller's account, held, once both sides agree on what was granted."""
        account = await book.accounts.held(account_of(caller))
        if account is None:
            raise NotFound("the device's account is gone")
        trace = trace_of(current_call())
        await agree_on_generation(book, account, seen, trace=trace, now=now)
        return account

    def _reporter(self, caller: Caller) -> Reporter:
        return Reporter(
            account_of(caller),
            caller.owner_id,
            caller.id,
            _polling_epoch(caller.id),
            trace_of(current_call()),
        )


def _polling_epoch(device_id: UUID) -> bytes:
    return hashlib.sha256(b"polling:" + device_id.bytes).digest()[:16]
