"""What the terminals hold, as their owners see it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import reconciliation_pb2 as pb, reconciliation_pb2_grpc
from countersign_server.accounts.account import Account
from countersign_server.accounts.store import (
    account,
    account_for_update,
    list_accounts,
    snapshots_of,
)
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import AlreadyDecided, Invalid, NotFound
from countersign_server.identity.believed import Believed
from countersign_server.reconciliation.divergence import (
    CLOSABLE,
    DEFAULT_POLICY,
    ENDS,
    Action,
    Divergence,
    Kind,
    Policy,
    State,
)
from countersign_server.reconciliation.divergence_store import (
    Run,
    divergence,
    list_divergences,
    list_runs,
    open_counts,
    policy_of,
    runs_by_id,
    save_divergence,
    save_policy,
)
from countersign_server.reconciliation.following import ACCOUNTS_MAX, Following
from countersign_server.reconciliation.freshness import Stale
from countersign_server.reconciliation.news import stored_message
from countersign_server.reconciliation.reconciler import Reconciler, take_effect
from countersign_server.reconciliation.settlement import resolved
from countersign_server.reconciliation.turns import enlist_account, take_turns, turns_of
from countersign_server.reconciliation.wire import (
    action_of,
    divergence_message,
    rule_messages,
    rules_of,
    run_message,
    running_message,
    snapshot_message,
    states_of,
    status_message,
)
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import to_timestamp, trace_of, uuid_or_none
from countersign_server.rpc.open_streams import OpenStreams
from countersign_server.rpc.pages import moment_position, next_token, page_size
from countersign_server.rpc.server_sent_events import last_event_id


class ReconciliationService(reconciliation_pb2_grpc.ReconciliationServiceServicer):
    """See reconciliation.proto for the contract."""

    def __init__(  # noqa: PLR0913  # what it stands on, named at its one call
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        reconciler: Reconciler,
        following: Following,
        believed: Believed,
        watches: OpenStreams,
        stale: Stale,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._reconciler = reconciler
        self._following = following
        self._believed = believed
        self._watches = watches
        self._stale = stale
        self._now = now

    async def StartReconciliation(
        self, request: pb.StartReconciliationRequest, context: Context
    ) -> pb.StartReconciliationResponse:
        account_id, now = UUID(request.account_id), self._now()
        async with self._database.transaction(current_caller().tenant) as tx:
            owner_id = (await _account(tx, account_id)).owner_id
            await enlist_account(tx, account_id, owner_id, now)
            taken = await take_turns(tx, limit=1, now=now, only=account_id)
            standing = await turns_of(tx, [account_id])
        if not taken:
            return pb.StartReconciliationResponse(run=running_message(standing[account_id]))
        try:
            run = await self._reconciler.compare(taken[0], trace_of(current_call()), keep=True)
        except Exception as error:
            await self._reconciler.fail(taken[0], error)
            raise
        return pb.StartReconciliationResponse(run=run_message(run))

    async def GetReconciliation(
        self, request: pb.GetReconciliationRequest, context: Context
    ) -> pb.GetReconciliationResponse:
        owner_id = UUID(request.user_id)
        if current_caller().tenant not in (None, owner_id):
            raise NotFound(f"no user {owner_id}", user_id=str(owner_id))
        async with self._database.transaction(owner_id) as tx:
            mine = [one.id for one in await list_accounts(tx, before=None, limit=ACCOUNTS_MAX)]
            turns = await turns_of(tx, mine)
            newest = await runs_by_id(tx, [turn.run_id for turn in turns.values() if turn.run_id])
            runs = {run.account_id: run for run in newest.values()}
            counts = await open_counts(tx, mine)
        return pb.GetReconciliationResponse(
            accounts=[
                status_message(
                    one,
                    turns.get(one),
                    runs.get(one),
                    open_divergences=counts.get(one, 0),
                    now=self._now(),
                )
                for one in mine
            ]
        )

    async def ListDivergences(
        self, request: pb.ListDivergencesRequest, context: Context
    ) -> pb.ListDivergencesResponse:
        size, account_id = page_size(request.page_size), uuid_or_none(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            if account_id is not None:
                await _account(tx, account_id)
            rows = await list_divergences(
                tx,
                account_id=account_id,
                states=states_of(request.states),
                before=moment_position(request),
                limit=size + 1,
            )
        page = rows[:size]
        position = [page[-1].created_at, page[-1].id] if page else []
        return pb.ListDivergencesResponse(
            divergences=map(divergence_message, page),
            next_page_token=next_token(request, rows, size, position),
        )

    async def GetDivergence(
        self, request: pb.GetDivergenceRequest, context: Context
    ) -> pb.GetDivergenceResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await _divergence(tx, UUID(request.divergence_id))
        return pb.GetDivergenceResponse(divergence=divergence_message(found))

    async def ResolveDivergence(
        self, request: pb.ResolveDivergenceRequest, context: Context
    ) -> pb.ResolveDivergenceResponse:
        action, now = action_of(request.action), self._now()
        async with self._database.transaction(current_caller().tenant) as tx:
            before = await _divergence(tx, UUID(request.divergence_id), hold=True)
            if _is_done(before, action):
                return pb.ResolveDivergenceResponse(divergence=divergence_message(before))
            if before.state.is_over:
                raise AlreadyDecided(f"the divergence has ended: it was {before.state}")
            if action is Action.CLOSE:
                _refuse_closing_of(before.kind, field="action")
            after = resolved(before, action, request.reason, now)
            await save_divergence(tx, after, before, trace=trace_of(current_call()), now=now)
            await take_effect(tx, after, now)
        self._wakeups.ring("audit")
        return pb.ResolveDivergenceResponse(divergence=divergence_message(after))

    async def PutReconciliationPolicy(
        self, request: pb.PutReconciliationPolicyRequest, context: Context
    ) -> pb.PutReconciliationPolicyResponse:
        account_id, rules, now = UUID(request.account_id), rules_of(request.rules), self._now()
        for kind, action in rules.items():
            if action is Action.CLOSE:
                _refuse_closing_of(kind, field="rules")
        async with self._database.transaction(current_caller().tenant) as tx:
            # Held, so that changes of its policy come one after another.
            held = await account_for_update(tx, account_id)
            if held is None:
                raise NotFound(f"no account {account_id}", account_id=str(account_id))
            before = await policy_of(tx, account_id)
            after = {**DEFAULT_POLICY, **rules}
            if before != after:
                await save_policy(
                    tx, account_id=account_id, owner_id=held.owner_id, rules=rules, now=now
                )
                await record(tx, _policy_entry(held, before, after, now))
        self._wakeups.ring("audit")
        return pb.PutReconciliationPolicyResponse(rules=rule_messages(after))

    async def GetReconciliationPolicy(
        self, request: pb.GetReconciliationPolicyRequest, context: Context
    ) -> pb.GetReconciliationPolicyResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await _account(tx, UUID(request.account_id))
            rules = await policy_of(tx, found.id)
        return pb.GetReconciliationPolicyResponse(rules=rule_messages(rules))

    async def ListReconciliationRuns(
        self, request: pb.ListReconciliationRunsRequest, context: Context
    ) -> pb.ListReconciliationRunsResponse:
        size = page_size(request.page_size)
        rows, _ = await self._runs(request, size, read_only=False)
        page = rows[:size]
        return pb.ListReconciliationRunsResponse(
            runs=map(run_message, page),
            next_page_token=next_token(request, rows, size, _place(page)),
        )

    async def ListSnapshots(
        self, request: pb.ListSnapshotsRequest, context: Context
    ) -> pb.ListSnapshotsResponse:
        size = page_size(request.page_size)
        rows, currency = await self._runs(request, size, read_only=True)
        page = rows[:size]
        return pb.ListSnapshotsResponse(
            snapshots=[snapshot_message(run, currency) for run in page],
            next_page_token=next_token(request, rows, size, _place(page)),
        )

    async def _runs(
        self,
        request: pb.ListReconciliationRunsRequest | pb.ListSnapshotsRequest,
        size: int,
        *,
        read_only: bool,
    ) -> tuple[Sequence[Run], str]:
        account_id = UUID(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            currency = (await _account(tx, account_id)).currency
            rows = await list_runs(
                tx,
                account_id,
                before=moment_position(request),
                limit=size + 1,
                read_only=read_only,
            )
        return rows, currency

    async def ListPositions(
        self, request: pb.ListPositionsRequest, context: Context
    ) -> pb.ListPositionsResponse:
        account_id = uuid_or_none(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            if account_id is not None:
                await _account(tx, account_id)
            stored = await snapshots_of(tx, account_id=account_id, limit=ACCOUNTS_MAX)
        return pb.ListPositionsResponse(
            accounts=[
                stored_message(snapshot, currency, stale=self._stale(snapshot))
                for snapshot, currency in stored
            ],
            server_time=to_timestamp(self._now()),
        )

    async def FollowPositions(
        self, request: pb.FollowPositionsRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        caller, last_event = current_caller(), last_event_id(context)
        account_id = uuid_or_none(request.account_id)
        with self._watches.one_of(caller.id):
            async with self._database.transaction(caller.tenant) as tx:
                if account_id is not None:
                    await _account(tx, account_id)
            news = self._following.follow(caller.id, account_id, last_event)
            async with aclosing(self._believed.in_band(news, caller)) as told:
                async for body in told:
                    yield body


async def _account(tx: AsyncConnection, account_id: UUID) -> Account:
    found = await account(tx, account_id)
    if found is None:
        raise NotFound(f"no account {account_id}", account_id=str(account_id))
    return found


async def _divergence(tx: AsyncConnection, one: UUID, *, hold: bool = False) -> Divergence:
    found = await divergence(tx, one, hold=hold)
    if found is None:
        raise NotFound(f"no divergence {one}", divergence_id=str(one))
    return found


def _is_done(divergence: Divergence, action: Action) -> bool:
    """Tell whether it has ended so already, or is on its way there."""
    if action is Action.CLOSE:
        return divergence.state is State.CLOSED or divergence.closing_since is not None
    return divergence.state is ENDS[action]


def _refuse_closing_of(kind: Kind, *, field: str) -> None:
    if kind not in CLOSABLE:
        raise Invalid(
            f"a divergence of kind {kind} has no open position that could be closed: "
            "adopt it, ignore it, or have it laid before you",
            field=field,
        )


def _place(page: Sequence[Run]) -> list[object]:
    return [page[-1].started_at, page[-1].id] if page else []


def _policy_entry(held: Account, before: Policy, after: Policy, now: datetime) -> Entry:
    return Entry(
        kind="reconciliation.policy_changed",
        subject=f"account:{held.id}",
        event_time=now,
        trace=trace_of(current_call()),
        owner_id=held.owner_id,
        account_id=held.id,
        before={str(kind): action for kind, action in before.items()},
        after={str(kind): action for kind, action in after.items()},
    )
