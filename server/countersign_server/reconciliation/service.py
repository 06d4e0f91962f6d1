"""What the terminals hold, as their owners see it."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime

from google.api.httpbody_pb2 import HttpBody
from sqlalchemy.exc import SQLAlchemyError

from countersign.v1 import reconciliation_pb2, reconciliation_pb2_grpc
from countersign_server.accounts.store import account, snapshots_of
from countersign_server.database.engine import Database
from countersign_server.errors import NotFound, TokenExpired, TokenRevoked
from countersign_server.identity.believed import Believed
from countersign_server.reconciliation.following import ACCOUNTS_MAX, Following
from countersign_server.reconciliation.freshness import Stale
from countersign_server.reconciliation.news import stored_message
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_caller
from countersign_server.rpc.conversion import to_timestamp, uuid_or_none
from countersign_server.rpc.server_sent_events import (
    end_event,
    events,
    greeting,
    last_event_id,
)


class ReconciliationService(reconciliation_pb2_grpc.ReconciliationServiceServicer):
    """See reconciliation.proto for the contract."""

    def __init__(
        self,
        *,
        database: Database,
        following: Following,
        believed: Believed,
        stale: Stale,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._following = following
        self._believed = believed
        self._stale = stale
        self._now = now

    async def ListPositions(
        self, request: reconciliation_pb2.ListPositionsRequest, context: Context
    ) -> reconciliation_pb2.ListPositionsResponse:
        account_id = uuid_or_none(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            if account_id is not None and await account(tx, account_id) is None:
                raise NotFound(f"no account {account_id}", account_id=str(account_id))
            stored = await snapshots_of(tx, account_id=account_id, limit=ACCOUNTS_MAX)
        return reconciliation_pb2.ListPositionsResponse(
            accounts=[
                stored_message(snapshot, currency, stale=self._stale(snapshot))
                for snapshot, currency in stored
            ],
            server_time=to_timestamp(self._now()),
        )

    async def FollowPositions(
        self, request: reconciliation_pb2.FollowPositionsRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        caller, last_event = current_caller(), last_event_id(context)
        account_id = uuid_or_none(request.account_id)
        async with self._database.transaction(caller.tenant) as tx:
            if account_id is not None and await account(tx, account_id) is None:
                raise NotFound(f"no account {account_id}", account_id=str(account_id))
        yield greeting()
        news = self._following.follow(caller.id, account_id, last_event)
        # In-band: an error in the middle of a stream is lost on its way to a browser.
        try:
            async with aclosing(self._believed.only(news, caller)) as told:
                async for data in told:
                    yield events(data)
        except (TokenRevoked, TokenExpired) as ended:
            yield events(end_event("UNAUTHENTICATED", ended.reason))
        except (SQLAlchemyError, OSError):
            yield events(end_event("UNAVAILABLE", "DATABASE_UNAVAILABLE"))
