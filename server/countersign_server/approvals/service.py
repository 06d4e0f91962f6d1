"""Where account owners sign off, or turn down, what strategies want traded."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import approvals_pb2
from countersign_server.approvals import store
from countersign_server.approvals.approval import Approval, DecisionMode, is_repeat
from countersign_server.approvals.decisions import Countersigner, Decider
from countersign_server.approvals.delegate_calls import DelegateCalls, may_decide
from countersign_server.approvals.lifecycle import ApprovalEvent, ApprovalState
from countersign_server.approvals.measures import approvals_total
from countersign_server.approvals.moment_store import moment_of
from countersign_server.approvals.objections import Moment, market_price, objection_to
from countersign_server.approvals.owner_countersignature import countersignature
from countersign_server.approvals.picture_store import Pictures, decide_in_turn
from countersign_server.approvals.risk import foresee, opening_of
from countersign_server.approvals.wire import STATE_OF, approval_message
from countersign_server.crash_points import CrashPoint, reach
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import ConsentOutdated, Invalid, NotFound, TooLateToRevoke
from countersign_server.owner_key_errors import OwnerSignatureRequired
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import optional_id, to_timestamp, trace_of, uuid_or_none
from countersign_server.rpc.pages import id_position, moment_position, next_token, page_size

_WANTED: Mapping[int, ApprovalEvent] = {
    approvals_pb2.DECISION_APPROVE: ApprovalEvent.APPROVE,
    approvals_pb2.DECISION_REJECT: ApprovalEvent.REJECT,
}


class ApprovalService(DelegateCalls):
    """See approvals.proto for the contract."""

    def __init__(  # noqa: PLR0913  # what it stands on, named at its one call
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        countersigner: Countersigner,
        pictures: Pictures,
        quote_age_max: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._countersigner = countersigner
        self._pictures = pictures
        self._quote_age_max = quote_age_max
        self._now = now

    async def CreateApproval(
        self, request: approvals_pb2.CreateApprovalRequest, context: Context
    ) -> approvals_pb2.CreateApprovalResponse:
        decided = await self._decided(request, current_caller().tenant)
        if decided is None:
            owner_id = await self._owner_who_lets_decide(UUID(request.account_id))
            decided = owner_id and await self._decided(request, owner_id, delegated=True)
        if decided is None:
            raise NotFound(
                f"signal {request.signal_id} was not laid before account {request.account_id}",
                signal_id=request.signal_id,
                account_id=request.account_id,
            )
        return approvals_pb2.CreateApprovalResponse(approval=approval_message(decided))

    async def _decided(
        self,
        request: approvals_pb2.CreateApprovalRequest,
        tenant: UUID | None,
        *,
        delegated: bool = False,
    ) -> Approval | None:
        """Return the entry as it stands decided; None: `tenant` has none that may be decided."""
        account_id, wanted = UUID(request.account_id), _WANTED[request.decision]
        async with self._database.transaction(tenant) as tx:
            if delegated and not await may_decide(tx, account_id):
                return None
            found = await store.approval_of_signal_for_update(
                tx, signal_id=UUID(request.signal_id), account_id=account_id
            )
            if found is None:
                return None
            if found.kind.opens and wanted is ApprovalEvent.APPROVE:
                await decide_in_turn(tx, [found.owner_id])
            # The clock is read when the row is held: a decision that had to wait may be too late.
            now = self._now()
            if is_repeat(found, wanted, intent_digest=request.intent_digest, now=now):
                return found
            decided = await self._decide(tx, found, request, now)
            reach(CrashPoint.BEFORE_APPROVAL)
        reach(CrashPoint.AFTER_APPROVAL)
        self._tell(decided)
        return decided

    async def GetApproval(
        self, request: approvals_pb2.GetApprovalRequest, context: Context
    ) -> approvals_pb2.GetApprovalResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await store.approval(tx, UUID(request.approval_id))
        found = found or await self._delegated_approval(UUID(request.approval_id))
        if found is None:
            raise _no_approval(request.approval_id)
        return approvals_pb2.GetApprovalResponse(approval=approval_message(found))

    async def ListApprovals(
        self, request: approvals_pb2.ListApprovalsRequest, context: Context
    ) -> approvals_pb2.ListApprovalsResponse:
        size = page_size(request.page_size)
        asked = store.Listing(
            states=[_state_of(state) for state in request.states],
            account_id=uuid_or_none(request.account_id),
            signal_id=uuid_or_none(request.signal_id),
            before=id_position(request),
            limit=size + 1,
        )
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await store.list_approvals(tx, asked)
        shown = found[:size]
        return approvals_pb2.ListApprovalsResponse(
            approvals=map(approval_message, shown),
            next_page_token=next_token(request, found, size, [shown[-1].id] if shown else []),
        )

    async def ListInbox(
        self, request: approvals_pb2.ListInboxRequest, context: Context
    ) -> approvals_pb2.ListInboxResponse:
        size, after = page_size(request.page_size), moment_position(request)
        now = self._now()
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await store.list_waiting(
                tx,
                account_id=uuid_or_none(request.account_id),
                after=after,
                now=now,
                limit=size + 1,
            )
        shown = found[:size]
        last = [shown[-1].expires_at.isoformat(), shown[-1].id] if shown else []
        return approvals_pb2.ListInboxResponse(
            approvals=map(approval_message, shown),
            next_page_token=next_token(request, found, size, last),
            server_time=to_timestamp(now),
        )

    async def RevokeApproval(
        self, request: approvals_pb2.RevokeApprovalRequest, context: Context
    ) -> approvals_pb2.RevokeApprovalResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await store.approval_for_update(tx, UUID(request.approval_id))
            if found is None:
                raise _no_approval(request.approval_id)
            if found.state is ApprovalState.REVOKED:
                return approvals_pb2.RevokeApprovalResponse(approval=approval_message(found))
            revoked = await self._countersigner.revoke(
                tx,
                found,
                reason=request.reason,
                trace=trace_of(current_call()),
                now=self._now(),
            )
        if isinstance(revoked, str):
            self._wakeups.ring(f"account:{found.account_id}")
            raise TooLateToRevoke(
                f"the command is {revoked}",
                state=revoked,
                approval_id=str(found.id),
                command_id=optional_id(found.command_id),
            )
        self._tell(revoked)
        return approvals_pb2.RevokeApprovalResponse(approval=approval_message(revoked))

    async def _decide(
        self,
        tx: AsyncConnection,
        approval: Approval,
        request: approvals_pb2.CreateApprovalRequest,
        now: datetime,
    ) -> Approval:
        moment = await moment_of(tx, approval, quote_age_max=self._quote_age_max, now=now)
        call = current_call()
        consent = moment.subscription.consent_version
        if request.consent_version not in ("", consent):
            raise ConsentOutdated(
                f"the subscription's consent is to version {consent}", consent_version=consent
            )
        decider = Decider(
            mode=DecisionMode.MANUAL,
            trace=trace_of(call),
            consent_version=consent,
            user_id=current_caller().id,
            agent=call.agent,
            reason=request.reason,
        )
        if _WANTED[request.decision] is ApprovalEvent.REJECT:
            return await self._countersigner.reject(tx, approval, decider, now=now)
        if request.HasField("owner_signature"):
            signed = await countersignature(tx, approval, request.owner_signature)
            approval = replace(approval, owner_signature=signed)
        elif moment.account.owner_signature_required:
            raise OwnerSignatureRequired("the account asks for its owner's own signature")
        refusal = objection_to(approval, await self._foreseen(tx, approval, moment))
        if refusal is not None:
            raise refusal
        priced = replace(approval, decided_price=market_price(approval, moment))
        (approved,) = await self._countersigner.approve(tx, [priced], decider, now=now)
        return approved

    async def _foreseen(self, tx: AsyncConnection, approval: Approval, moment: Moment) -> Moment:
        """Return the moment with where the approval would take the account, if it opens."""
        if not approval.kind.opens:
            return moment
        opening = opening_of(approval)
        account_id = approval.account_id
        drawn = await self._pictures.of(
            tx, [moment.account], {account_id: [opening.symbol]}, moment.now
        )
        return replace(moment, foresight=foresee(drawn[account_id], moment.subscription, opening))

    def _tell(self, approval: Approval) -> None:
        approvals_total.labels(approval.state).inc()
        self._wakeups.ring("approvals", "audit", f"account:{approval.account_id}")


def _no_approval(approval_id: str) -> NotFound:
    return NotFound(f"no approval {approval_id}", approval_id=approval_id)


def _state_of(number: approvals_pb2.ApprovalState) -> ApprovalState:
    state = STATE_OF.get(number)
    if state is None:
        raise Invalid(f"states: {number} is not a state of an approval", field="states")
    return state
