"""The terms, and taking back what was earned on a trade that did not stand."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from countersign.v1 import affiliates_pb2 as pb, affiliates_pb2_grpc
from countersign_server.affiliates import ledger_store, store
from countersign_server.affiliates.ledger import EntryKind
from countersign_server.affiliates.program import check_tiers
from countersign_server.affiliates.taking_back import take_back
from countersign_server.affiliates.telling import told_program
from countersign_server.affiliates.wire import history_message, program_message, program_of
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import NotFound
from countersign_server.identifiers import uuid7
from countersign_server.identity.names import printable
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import trace_of


class ProgramCalls(affiliates_pb2_grpc.AffiliateServiceServicer):
    """See affiliates.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _now: Callable[[], datetime]

    async def PutAffiliateProgram(
        self, request: pb.PutAffiliateProgramRequest, context: Context
    ) -> pb.PutAffiliateProgramResponse:
        now = self._now()
        asked = program_of(request.program, program_id=uuid7(now), now=now)
        check_tiers(asked.basis, asked.tiers)
        async with self._database.transaction(current_caller().tenant) as tx:
            before = await store.program_at(tx, asked.currency, now)
            if before is not None and before.terms == asked.terms:
                return pb.PutAffiliateProgramResponse(program=program_message(before))
            await store.add_program(tx, asked)
            await record(tx, told_program(asked, before, trace_of(current_call())))
        self._wakeups.ring("audit")
        return pb.PutAffiliateProgramResponse(program=program_message(asked))

    async def ListAffiliatePrograms(
        self, request: pb.ListAffiliateProgramsRequest, context: Context
    ) -> pb.ListAffiliateProgramsResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await store.programs_in_force(tx)
        return pb.ListAffiliateProgramsResponse(programs=map(program_message, found))

    async def ReverseCommission(
        self, request: pb.ReverseCommissionRequest, context: Context
    ) -> pb.ReverseCommissionResponse:
        entry_id, reason = UUID(request.entry_id), printable(request.reason, field="reason")
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await ledger_store.entry(tx, entry_id)
            if found is None or found.kind is not EntryKind.COMMISSION:
                raise NotFound(f"no commission {entry_id}", entry_id=str(entry_id))
            trace, now = trace_of(current_call()), self._now()
            made = await take_back(tx, found, reason=reason, trace=trace, now=now)
        self._wakeups.ring("audit")
        return pb.ReverseCommissionResponse(entry=history_message(made))
