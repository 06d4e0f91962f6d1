"""How guards stand, what they did, and a person's word to them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import guards_pb2 as pb
from countersign_guards.guardian import StillBroken, call_off, reset
from countersign_guards.latch import TradingState as Held
from countersign_server.accounts.account import Account
from countersign_server.accounts.store import list_accounts
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.execution.exposure_close import Sign
from countersign_server.guard_errors import GuardChanged, LimitStillBroken, NoClosing
from countersign_server.guards.closing_store import Outcome, alerts, happenings, outcomes
from countersign_server.guards.following import Following
from countersign_server.guards.keeping import keep, topics_of
from countersign_server.guards.policy_calls import PolicyCalls, held_guard, visible_account
from countersign_server.guards.showing import shown_guards
from countersign_server.guards.store import policy_in_force
from countersign_server.guards.switch_calls import SwitchCalls
from countersign_server.guards.wire import alert_message, event_message
from countersign_server.identity.believed import Believed
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import trace_of, uuid_or_none
from countersign_server.rpc.pages import id_position, moment_position, next_token, page_size
from countersign_server.rpc.server_sent_events import last_event_id


class GuardService(PolicyCalls, SwitchCalls):
    """See guards.proto for the contract."""

    def __init__(  # noqa: PLR0913  # what it stands on, named at its one call
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        sign: Sign,
        following: Following,
        believed: Believed,
        fresh_for: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._sign = sign
        self._following = following
        self._believed = believed
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

    async def FollowGuards(
        self, request: pb.FollowGuardsRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        caller, last_event = current_caller(), last_event_id(context)
        account_id = uuid_or_none(request.account_id)
        async with self._database.transaction(caller.tenant) as tx:
            if account_id is not None:
                await visible_account(tx, account_id)
        news = self._following.follow(caller.owner_id, account_id, last_event)
        async with aclosing(self._believed.in_band(news, caller)) as told:
            async for body in told:
                yield body

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
        found = await shown_guards(tx, page, fresh_for=self._fresh_for, now=self._now())
        return [one.message for one in found]


def _still_broken(broken: StillBroken) -> LimitStillBroken:
    rules = ", ".join(
        f"{one.rule_id} at {one.value:f}, the limit is {one.floor:f}" for one in broken.standings
    )
    return LimitStillBroken(
        f"still broken: {rules}", rules=",".join(one.rule_id for one in broken.standings)
    )
