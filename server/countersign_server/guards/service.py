"""How guards stand, what they did, and a person's word to them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import guards_pb2 as pb
from countersign_server.accounts.account import Account
from countersign_server.accounts.store import list_accounts
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.execution.exposure_close import Sign
from countersign_server.guards.attempts import Outcome
from countersign_server.guards.closing_store import alerts, happenings, outcomes
from countersign_server.guards.following import Following
from countersign_server.guards.keeping import topics_of
from countersign_server.guards.persons_word import call_off_closing, reset_guard
from countersign_server.guards.policy_calls import PolicyCalls, visible_account
from countersign_server.guards.showing import shown_guards
from countersign_server.guards.sql_book import SqlGuardBook
from countersign_server.guards.switch_calls import SwitchCalls
from countersign_server.guards.wire import alert_message, event_message
from countersign_server.identity.believed import Believed
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_caller
from countersign_server.rpc.conversion import uuid_or_none
from countersign_server.rpc.open_streams import OpenStreams
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
        watches: OpenStreams,
        fresh_for: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._sign = sign
        self._following = following
        self._believed = believed
        self._watches = watches
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
        with self._watches.one_of(caller.id):
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
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await reset_guard(
                SqlGuardBook(tx),
                await visible_account(tx, UUID(request.guard_id)),
                self._word(request.reason),
                resets=request.resets,
                accept_loss=request.accept_loss,
            )
            (shown,) = await self._shown(tx, [found])
        self._wakeups.ring(*topics_of(found), "guards")
        return pb.ResetGuardResponse(guard=shown)

    async def CallOffClosing(
        self, request: pb.CallOffClosingRequest, context: Context
    ) -> pb.CallOffClosingResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await call_off_closing(
                SqlGuardBook(tx),
                await visible_account(tx, UUID(request.guard_id)),
                self._word(request.reason),
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
