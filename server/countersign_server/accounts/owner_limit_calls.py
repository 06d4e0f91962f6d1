"""Where owners say what holds for all of their accounts together."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from countersign.v1 import accounts_pb2, accounts_pb2_grpc
from countersign_server.accounts.owner_limit_store import owner_limits_of, save_owner_limits
from countersign_server.accounts.wire import owner_limits_from_message, owner_limits_to_message
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import trace_of


class OwnerLimitCalls(accounts_pb2_grpc.AccountServiceServicer):
    """The calls about limits of owners. See accounts.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _now: Callable[[], datetime]

    async def GetOwnerLimits(
        self, request: accounts_pb2.GetOwnerLimitsRequest, context: Context
    ) -> accounts_pb2.GetOwnerLimitsResponse:
        caller = current_caller()
        async with self._database.transaction(caller.tenant) as tx:
            limits = await owner_limits_of(tx, caller.owner_id)
        return accounts_pb2.GetOwnerLimitsResponse(limits=owner_limits_to_message(limits))

    async def PutOwnerLimits(
        self, request: accounts_pb2.PutOwnerLimitsRequest, context: Context
    ) -> accounts_pb2.PutOwnerLimitsResponse:
        caller, now = current_caller(), self._now()
        wanted = owner_limits_from_message(request.limits)
        async with self._database.transaction(caller.tenant) as tx:
            before = await owner_limits_of(tx, caller.owner_id, hold=True)
            if wanted != before:
                await save_owner_limits(tx, caller.owner_id, wanted, now)
                entry = Entry(
                    kind="owner_limits.updated",
                    subject=f"user:{caller.owner_id}",
                    event_time=now,
                    trace=trace_of(current_call()),
                    owner_id=caller.owner_id,
                    before=asdict(before),
                    after=asdict(wanted),
                )
                await record(tx, entry)
        self._wakeups.ring("audit")
        return accounts_pb2.PutOwnerLimitsResponse(limits=owner_limits_to_message(wanted))
