"""Letting others decide: who may, for which account, and what waits for them."""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import approvals_pb2, approvals_pb2_grpc
from countersign_server.accounts import store as account_store
from countersign_server.approvals import delegate_store, store
from countersign_server.approvals.approval import Approval
from countersign_server.approvals.delegate import Delegate
from countersign_server.approvals.wire import approval_message
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import DelegatesExhausted, Invalid, NotFound
from countersign_server.identifiers import uuid7
from countersign_server.identity.store import user
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import Role, current_call, current_caller
from countersign_server.rpc.conversion import to_timestamp, trace_of, uuid_or_none
from countersign_server.rpc.pages import id_position, next_token, page_size

_OF_ACCOUNT_MAX = 20
_ACCOUNTS_MAX = 100
_SHOWN_MAX = 500


class DelegateCalls(approvals_pb2_grpc.ApprovalServiceServicer):
    """See approvals.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _now: Callable[[], datetime]

    async def GrantDelegate(
        self, request: approvals_pb2.GrantDelegateRequest, context: Context
    ) -> approvals_pb2.GrantDelegateResponse:
        caller, account_id = current_caller(), UUID(request.account_id)
        user_id = UUID(request.user_id)
        if user_id == caller.id:
            raise Invalid("user_id is the account's owner, who decides already", field="user_id")
        await self._require_owner(user_id)
        async with self._database.transaction(caller.tenant) as tx:
            if await account_store.account_for_update(tx, account_id) is None:
                raise NotFound(f"no account {account_id}", account_id=str(account_id))
            now = self._now()
            made = Delegate(uuid7(now), caller.owner_id, account_id, user_id, now)
            if await delegate_store.add_delegate(tx, made):
                if await delegate_store.delegates_of_account(tx, account_id) > _OF_ACCOUNT_MAX:
                    raise DelegatesExhausted(f"an account may have {_OF_ACCOUNT_MAX} delegates")
                await record(tx, self._told("delegate.granted", made))
            held = await delegate_store.holding_delegate(tx, account_id=account_id, user_id=user_id)
        self._wakeups.ring("audit")
        return approvals_pb2.GrantDelegateResponse(delegate=held and _message(held))

    async def ListDelegates(
        self, request: approvals_pb2.ListDelegatesRequest, context: Context
    ) -> approvals_pb2.ListDelegatesResponse:
        position, size = id_position(request), page_size(request.page_size)
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await delegate_store.list_delegates(
                tx, account_id=uuid_or_none(request.account_id), before=position, limit=size + 1
            )
        shown = found[:size]
        return approvals_pb2.ListDelegatesResponse(
            delegates=map(_message, shown),
            next_page_token=next_token(request, found, size, [shown[-1].id] if shown else []),
        )

    async def RevokeDelegate(
        self, request: approvals_pb2.RevokeDelegateRequest, context: Context
    ) -> approvals_pb2.RevokeDelegateResponse:
        caller, delegate_id = current_caller(), UUID(request.delegate_id)
        async with self._database.transaction(caller.tenant) as tx:
            found = await delegate_store.delegate(tx, delegate_id)
            # A delegate sees its row, and yet it is not its own to end.
            if found is None or found.owner_id != caller.owner_id:
                raise NotFound(f"no delegate {delegate_id}", delegate_id=str(delegate_id))
            if await delegate_store.revoke_delegate(tx, delegate_id, self._now()):
                await record(tx, self._told("delegate.revoked", found))
            ended = await delegate_store.delegate(tx, delegate_id)
        self._wakeups.ring("audit")
        return approvals_pb2.RevokeDelegateResponse(delegate=ended and _message(ended))

    async def ListDelegatedInbox(
        self, request: approvals_pb2.ListDelegatedInboxRequest, context: Context
    ) -> approvals_pb2.ListDelegatedInboxResponse:
        now, waiting = self._now(), list[Approval]()
        for held in await self._held(current_caller().id):
            async with self._database.transaction(held.owner_id) as tx:
                waiting += await store.list_waiting(
                    tx, account_id=held.account_id, after=None, now=now, limit=_SHOWN_MAX
                )
        waiting.sort(key=attrgetter("expires_at", "id"))
        return approvals_pb2.ListDelegatedInboxResponse(
            approvals=map(approval_message, waiting[:_SHOWN_MAX]), server_time=to_timestamp(now)
        )

    async def _owner_who_lets_decide(self, account_id: UUID) -> UUID | None:
        """Return the owner of an account for which the caller may decide; None: it may not."""
        caller = current_caller()
        if caller.role is not Role.OWNER:
            return None
        held = await self._held(caller.id)
        return next((one.owner_id for one in held if one.account_id == account_id), None)

    async def _delegated_approval(self, approval_id: UUID) -> Approval | None:
        """Return an entry of an account for which the caller may decide; None: there is none."""
        caller = current_caller()
        held = await self._held(caller.id) if caller.role is Role.OWNER else ()
        for one in held:
            async with self._database.transaction(one.owner_id) as tx:
                found = await store.approval(tx, approval_id)
            if found is not None and found.account_id == one.account_id:
                return found
        return None

    async def _held(self, user_id: UUID) -> tuple[Delegate, ...]:
        async with self._database.transaction(user_id) as tx:
            return tuple(await delegate_store.held_by(tx, user_id, _ACCOUNTS_MAX))

    async def _require_owner(self, user_id: UUID) -> None:
        # Users see only themselves; that there is such a user is all that is told.
        async with self._database.transaction(None) as tx:
            found = await user(tx, user_id)
        if found is None or found.disabled_at is not None or found.role is not Role.OWNER:
            raise NotFound(f"no user {user_id} who could decide", user_id=str(user_id))

    def _told(self, kind: str, delegate: Delegate) -> Entry:
        return Entry(
            kind=kind,
            subject=f"delegate:{delegate.id}",
            event_time=self._now(),
            trace=trace_of(current_call()),
            owner_id=delegate.owner_id,
            account_id=delegate.account_id,
            after={"user_id": delegate.user_id},
        )


async def may_decide(tx: AsyncConnection, account_id: UUID) -> bool:
    """Return whether the caller decides for the account, which is another's, until `tx` ends."""
    user_id = current_caller().id
    held = await delegate_store.holding_delegate(tx, account_id=account_id, user_id=user_id)
    return held is not None


def _message(delegate: Delegate) -> approvals_pb2.Delegate:
    return approvals_pb2.Delegate(
        delegate_id=str(delegate.id),
        account_id=str(delegate.account_id),
        owner_id=str(delegate.owner_id),
        user_id=str(delegate.user_id),
        create_time=to_timestamp(delegate.created_at),
        revoke_time=to_timestamp(delegate.revoked_at),
    )
