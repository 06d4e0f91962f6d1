"""Asking for money, and an operator's word on it."""

import hmac
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import affiliates_pb2 as pb, affiliates_pb2_grpc
from countersign_server.affiliate_errors import NoProgram, NotAnAffiliate, RequestIdReused
from countersign_server.affiliates import ledger_store, payout_store, store
from countersign_server.affiliates.bank_details import check_bank_details, plain_text
from countersign_server.affiliates.measures import payouts_total
from countersign_server.affiliates.payout import (
    Payout,
    PayoutEvent,
    PayoutState,
    check_request,
    end_entry,
    moved_on,
    request_entry,
    sealed_under,
)
from countersign_server.affiliates.telling import told_payout
from countersign_server.affiliates.wire import bank_details_of, payout_message, payout_state_of
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import AlreadyDecided, Invalid, NotFound
from countersign_server.identifiers import uuid7
from countersign_server.identity.names import printable
from countersign_server.identity.vault import Vault
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import trace_of
from countersign_server.rpc.pages import id_position, next_token, page_size


class PayoutCalls(affiliates_pb2_grpc.AffiliateServiceServicer):
    """See affiliates.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _vault: Vault
    _now: Callable[[], datetime]

    async def RequestPayout(
        self, request: pb.RequestPayoutRequest, context: Context
    ) -> pb.RequestPayoutResponse:
        caller, asked = current_caller(), self._asked_for(request, current_caller().owner_id)
        async with self._database.transaction(caller.tenant) as tx:
            # Of two that ask at once the second waits here, and then sees what the first took.
            if await store.affiliate_held(tx, caller.owner_id) is None:
                raise NotAnAffiliate("the user is not an affiliate")
            known = await payout_store.payout_of_request(tx, caller.owner_id, asked.request_id)
            if known is None:
                await self._set_aside(tx, asked)
            elif not hmac.compare_digest(known.content_digest, asked.content_digest):
                raise RequestIdReused("the request_id was used for another payout")
        self._wakeups.ring("audit")
        return pb.RequestPayoutResponse(payout=payout_message(known or asked))

    async def ListPayouts(
        self, request: pb.ListPayoutsRequest, context: Context
    ) -> pb.ListPayoutsResponse:
        size, states = page_size(request.page_size), _states_of(request)
        async with self._database.transaction(current_caller().tenant) as tx:
            rows = await payout_store.list_payouts(
                tx, states=states, before=id_position(request), limit=size + 1
            )
        page = rows[:size]
        return pb.ListPayoutsResponse(
            payouts=map(payout_message, page),
            next_page_token=next_token(request, rows, size, [page[-1].id] if page else []),
        )

    async def ApprovePayout(
        self, request: pb.ApprovePayoutRequest, context: Context
    ) -> pb.ApprovePayoutResponse:
        payout = await self._decide(UUID(request.payout_id), PayoutEvent.APPROVE)
        return pb.ApprovePayoutResponse(payout=payout_message(payout))

    async def PayPayout(
        self, request: pb.PayPayoutRequest, context: Context
    ) -> pb.PayPayoutResponse:
        reference = printable(request.reference, field="reference")
        payout = await self._decide(UUID(request.payout_id), PayoutEvent.PAY, reference=reference)
        return pb.PayPayoutResponse(payout=payout_message(payout))

    async def FailPayout(
        self, request: pb.FailPayoutRequest, context: Context
    ) -> pb.FailPayoutResponse:
        reason = printable(request.reason, field="reason")
        payout = await self._decide(UUID(request.payout_id), PayoutEvent.FAIL, reason=reason)
        return pb.FailPayoutResponse(payout=payout_message(payout))

    def _asked_for(self, request: pb.RequestPayoutRequest, owner_id: UUID) -> Payout:
        """Return what is asked for, with the bank details sealed. Raises Invalid."""
        details = bank_details_of(request.bank_details)
        check_bank_details(details)
        text, amount = plain_text(details), Decimal(request.amount.amount)
        if amount <= 0:
            raise Invalid("the amount must be greater than zero", field="amount.amount")
        now = self._now()
        payout_id, content = uuid7(now), f"{request.amount.amount} {request.amount.currency} "
        return Payout(
            id=payout_id,
            owner_id=owner_id,
            request_id=UUID(request.request_id),
            content_digest=self._vault.digest(content + text.decode(), bound_to="payout"),
            amount=amount,
            currency=request.amount.currency,
            state=PayoutState.REQUESTED,
            bank_details_sealed=self._vault.seal(text, bound_to=sealed_under(payout_id)),
            bank_account_hint=details.hint,
            created_at=now,
            updated_at=now,
        )

    async def _set_aside(self, tx: AsyncConnection, payout: Payout) -> None:
        """Keep a payout and set its money aside, for an affiliate that is held."""
        program = await store.program_at(tx, payout.currency, payout.created_at)
        if program is None:
            raise NoProgram(f"nothing is earned in {payout.currency}")
        check_request(
            payout.amount,
            payout.currency,
            minimum=program.minimum_payout,
            balance=await ledger_store.available(tx, payout.owner_id, payout.currency),
            under_way=await payout_store.payouts_under_way(tx, payout.owner_id),
        )
        await payout_store.add_payout(tx, payout)
        entry = request_entry(payout, entry_id=uuid7(payout.created_at))
        await ledger_store.add_entry(tx, entry)
        await record(tx, told_payout(payout, None, trace_of(current_call())))
        payouts_total.labels(payout.state).inc()

    async def _decide(
        self, payout_id: UUID, event: PayoutEvent, *, reference: str = "", reason: str = ""
    ) -> Payout:
        """Move a payout on, and its money with it; a repeat returns what was decided."""
        async with self._database.transaction(current_caller().tenant) as tx:
            before = await payout_store.payout_held(tx, payout_id)
            if before is None:
                raise NotFound(f"no payout {payout_id}", payout_id=str(payout_id))
            if before.is_after(event):
                if before.reference != reference:
                    raise AlreadyDecided(f"it was paid with the reference {before.reference}")
                return before
            now = self._now()
            after = moved_on(before, event, now, reference=reference, reason=reason)
            await payout_store.save_payout(tx, after)
            ended = end_entry(after, entry_id=uuid7(now))
            if ended is not None:
                await ledger_store.add_entry(tx, ended)
            await record(tx, told_payout(after, before, trace_of(current_call())))
        payouts_total.labels(after.state).inc()
        self._wakeups.ring("audit")
        return after


def _states_of(request: pb.ListPayoutsRequest) -> list[PayoutState]:
    found = [payout_state_of(number) for number in request.states]
    if None in found:
        raise Invalid("a payout is in none of these states", field="states")
    return [state for state in found if state is not None]
