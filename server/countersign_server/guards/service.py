"""How guards stand, what they did, and a person's word to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import guards_pb2 as pb
from countersign_guards.guardian import StillBroken, call_off, reset
from countersign_guards.latch import TradingState as Held
from countersign_server.accounts.account import Account, Snapshot
from countersign_server.accounts.store import list_accounts, snapshots_of
from countersign_server.accounts.switch_store import switches_on_everything
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.execution.exposure_close import Sign
from countersign_server.guard_errors import GuardChanged, LimitStillBroken, NoClosing
from countersign_server.guards.closing_store import Outcome, alerts, happenings, outcomes
from countersign_server.guards.keeping import keep, topics_of
from countersign_server.guards.policy_calls import PolicyCalls, held_guard, visible_account
from countersign_server.guards.records import Kept
from countersign_server.guards.store import guards_of, kept_policy, policy_in_force
from countersign_server.guards.switch_calls import SwitchCalls
from countersign_server.guards.view import is_fresh
from countersign_server.guards.wire import (
    alert_message,
    closing_state,
    event_message,
    guard_message,
)
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import trace_of, uuid_or_none
from countersign_server.rpc.pages import id_position, moment_position, next_token, page_size

# Closings that did not succeed are shown for so long.
_CLOSINGS_SHOWN = timedelta(days=1)


class GuardService(PolicyCalls, SwitchCalls):
    """See guards.proto for the contract."""

    def __init__(
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        sign: Sign,
        fresh_for: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._sign = sign
        self._fresh_for = fresh_for
        self._now = now

    async def GetGuards(
        self, request: pb.GetGuardsRequest, context: Context
    ) -> pb.GetGuardsResponse:
        size, position = page_size(request.page_size), id_position(request)
        account_id = uuid_or_none(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            if account_id is not None:
                rows: Sequence[Account] = [await visible_account(tx, account_id)]
            else:
                rows = await list_accounts(tx, before=position, limit=size + 1)
            page = rows[:size]
            shown = await self._shown(tx, page)
        return pb.GetGuardsResponse(
            guards=shown,
            next_page_token=next_token(request, rows, size, [page[-1].id] if page else []),
        )

    async def ResetGuard(
        self, request: pb.ResetGuardRequest, context: Context
    ) -> pb.ResetGuardResponse:
        now, by = self._now(), current_caller().actor
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await visible_account(tx, UUID(request.guard_id))
            kept = await held_guard(tx, found)
            latch = kept.state.latch
            is_repeat = latch.state is Held.ACTIVE and (latch.by, latch.reason) == (
                by,
                request.reason,
            )
            if request.resets != latch.resets and not (
                is_repeat and latch.resets == request.resets + 1
            ):
                raise GuardChanged(
                    f"the guard has been reset or called off {latch.resets} times by now",
                    resets=str(latch.resets),
                )
            if request.resets == latch.resets:
                policy = await policy_in_force(tx, kept, found.currency)
                after = reset(
                    kept.state,
                    policy,
                    by=by,
                    reason=request.reason,
                    accept_loss=request.accept_loss,
                    now=now,
                )
                if isinstance(after, StillBroken):
                    raise _still_broken(after)
                state, effects = after
                kept, found = await keep(
                    tx,
                    found,
                    kept,
                    replace(kept, state=state, due_at=now),
                    effects,
                    policy=policy,
                    trace=trace_of(current_call()),
                    now=now,
                )
            (shown,) = await self._shown(tx, [found])
        self._wakeups.ring(*topics_of(found), "guards")
        return pb.ResetGuardResponse(guard=shown)

    async def CallOffClosing(
        self, request: pb.CallOffClosingRequest, context: Context
    ) -> pb.CallOffClosingResponse:
        now, by = self._now(), current_caller().actor
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await visible_account(tx, UUID(request.guard_id))
            kept = await held_guard(tx, found)
            policy = await policy_in_force(tx, kept, found.currency)
            state, effects = call_off(kept.state, by=by, reason=request.reason, now=now)
            latch = kept.state.latch
            is_repeat = bool(latch.called_off) and (latch.by, latch.reason) == (by, request.reason)
            if not effects and not is_repeat:
                raise NoClosing("nothing is announced and nothing is being closed")
            if effects:
                _, found = await keep(
                    tx,
                    found,
                    kept,
                    replace(kept, state=state, due_at=None),
                    effects,
                    policy=policy,
                    trace=trace_of(current_call()),
                    now=now,
                )
            (shown,) = await self._shown(tx, [found])
        self._wakeups.ring(*topics_of(found))
        return pb.CallOffClosingResponse(guard=shown)

    async def ListGuardEvents(
        self, request: pb.ListGuardEventsRequest, context: Context
    ) -> pb.ListGuardEventsResponse:
        size, account_id = page_size(request.page_size), uuid_or_none(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            if account_id is not None:
                await visible_account(tx, account_id)
            rows = await happenings(
                tx, account_id=account_id, before=moment_position(request), limit=size + 1
            )
        page = rows[:size]
        place = [page[-1].received_at, page[-1].id] if page else []
        return pb.ListGuardEventsResponse(
            events=map(event_message, page),
            next_page_token=next_token(request, rows, size, place),
        )

    async def ListDrawdownAlerts(
        self, request: pb.ListDrawdownAlertsRequest, context: Context
    ) -> pb.ListDrawdownAlertsResponse:
        size, account_id = page_size(request.page_size), uuid_or_none(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            if account_id is not None:
                await visible_account(tx, account_id)
            rows = await alerts(
                tx, account_id=account_id, before=moment_position(request), limit=size + 1
            )
            page = rows[:size]
            found: Sequence[Outcome] = []
            if page:
                found = await outcomes(tx, alert_ids=[one.id for one in page])
            currencies = {
                one.account_id: (await visible_account(tx, one.account_id)).currency for one in page
            }
        place = [page[-1].created_at, page[-1].id] if page else []
        return pb.ListDrawdownAlertsResponse(
            alerts=[
                alert_message(
                    one, [each for each in found if each.closing.alert_id == one.id], currencies
                )
                for one in page
            ],
            next_page_token=next_token(request, rows, size, place),
        )

    async def _shown(self, tx: AsyncConnection, page: Sequence[Account]) -> Sequence[pb.Guard]:
        """Return accounts' guards as they stand now."""
        ids, now = [one.id for one in page], self._now()
        if not ids:
            return []
        kept: Mapping[UUID, Kept] = await guards_of(tx, ids)
        stored = await snapshots_of(tx, account_ids=ids, limit=len(ids))
        snapshots: Mapping[UUID, Snapshot] = {one.account_id: one for one, _ in stored}
        switches = await switches_on_everything(tx)
        closings = await outcomes(tx, account_ids=ids, since=now - _CLOSINGS_SHOWN)
        shown: list[pb.Guard] = []
        for one in page:
            guard, snapshot = kept.get(one.id), snapshots.get(one.id)
            policy = await kept_policy(tx, one.id, guard.policy_version) if guard else None
            shown.append(
                guard_message(
                    one,
                    guard,
                    snapshot=snapshot,
                    policy=policy,
                    fresh=snapshot is not None
                    and is_fresh(snapshot, now=now, for_=self._fresh_for),
                    switches=switches,
                    closings=_not_done([o for o in closings if o.closing.account_id == one.id]),
                    now=now,
                )
            )
        return shown


def _not_done(found: Sequence[Outcome]) -> Sequence[Outcome]:
    """Return the newest attempt for each position and order that is not closed yet."""
    newest = {(one.closing.position_id, one.closing.order_ticket): one for one in found}
    return [one for one in newest.values() if closing_state(one) != "done"]


def _still_broken(broken: StillBroken) -> LimitStillBroken:
    rules = ", ".join(
        f"{one.rule_id} at {one.value:f}, the limit is {one.floor:f}" for one in broken.standings
    )
    return LimitStillBroken(
        f"still broken: {rules}", rules=",".join(one.rule_id for one in broken.standings)
    )
