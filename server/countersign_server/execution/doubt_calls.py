"""Where people look at commands in doubt, and settle them."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from countersign.v1 import execution_pb2 as pb
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import NotFound
from countersign_server.execution.evidence import evidence_of
from countersign_server.execution.history import commands_in_doubt, shown_commands
from countersign_server.execution.settlement import Wish
from countersign_server.execution.settling import Settler
from countersign_server.execution.sql_book import SqlBook
from countersign_server.execution.wire import MARKS
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import trace_of
from countersign_server.rpc.pages import moment_position, next_token, page_size


class DoubtCalls:
    """See execution.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _settler: Settler
    _now: Callable[[], datetime]

    async def ListInDoubt(
        self, request: pb.ListInDoubtRequest, context: Context
    ) -> pb.ListInDoubtResponse:
        after, size = moment_position(request), page_size(request.page_size)
        async with self._database.transaction(current_caller().tenant) as tx:
            rows = await commands_in_doubt(tx, after=after, limit=size + 1)
            page = rows[:size]
            messages = await shown_commands(tx, page, full=True)
        last = [page[-1].updated_at.isoformat(), page[-1].id] if page else []
        return pb.ListInDoubtResponse(
            commands=messages, next_page_token=next_token(request, rows, size, last)
        )

    async def GetEvidence(
        self, request: pb.GetEvidenceRequest, context: Context
    ) -> pb.GetEvidenceResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            command = await SqlBook(tx).commands.held(UUID(request.command_id))
            if command is None:
                raise no_command(request.command_id)
            return await evidence_of(tx, command)

    async def SettleInDoubt(
        self, request: pb.SettleInDoubtRequest, context: Context
    ) -> pb.SettleInDoubtResponse:
        caller, call = current_caller(), current_call()
        wish = Wish(
            command_id=UUID(request.command_id),
            mark=MARKS[request.settlement],
            ticket=request.ticket,
            reason=request.reason,
            actor=caller.actor,
        )
        async with self._database.transaction(caller.tenant) as tx:
            settled = await self._settler.settle(
                SqlBook(tx), wish, request.confirmation_token, trace=trace_of(call), now=self._now()
            )
            (message,) = await shown_commands(tx, [settled.command], full=True)
        self._wakeups.ring("audit", f"account:{settled.command.account_id}")
        return pb.SettleInDoubtResponse(
            command=message,
            confirmation_token=settled.token,
            plan=settled.plan,
            close_command_id=str(settled.close.id) if settled.close else "",
        )


def no_command(command_id: str) -> NotFound:
    return NotFound(f"no command {command_id}", command_id=command_id)
