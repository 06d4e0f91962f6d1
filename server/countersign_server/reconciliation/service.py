"""What the terminals hold, as their owners see it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from countersign.v1 import execution_pb2, reconciliation_pb2, reconciliation_pb2_grpc
from countersign_server.accounts.account import Snapshot
from countersign_server.accounts.store import account, snapshots_of
from countersign_server.database.engine import Database
from countersign_server.errors import NotFound
from countersign_server.reconciliation.freshness import is_stale
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_caller
from countersign_server.rpc.conversion import to_timestamp, uuid_or_none

_ACCOUNTS_MAX = 500


class ReconciliationService(reconciliation_pb2_grpc.ReconciliationServiceServicer):
    """See reconciliation.proto for the contract."""

    def __init__(
        self, *, database: Database, heartbeat_interval: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._heartbeat_interval = heartbeat_interval
        self._now = now

    async def ListPositions(
        self, request: reconciliation_pb2.ListPositionsRequest, context: Context
    ) -> reconciliation_pb2.ListPositionsResponse:
        account_id = uuid_or_none(request.account_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            if account_id is not None and await account(tx, account_id) is None:
                raise NotFound(f"no account {account_id}", account_id=str(account_id))
            stored = await snapshots_of(tx, account_id=account_id, limit=_ACCOUNTS_MAX)
        now = self._now()
        return reconciliation_pb2.ListPositionsResponse(
            accounts=[self._message(snapshot, currency, now) for snapshot, currency in stored],
            server_time=to_timestamp(now),
        )

    def _message(
        self, snapshot: Snapshot, currency: str, now: datetime
    ) -> reconciliation_pb2.StoredSnapshot:
        return reconciliation_pb2.StoredSnapshot(
            account_id=str(snapshot.account_id),
            event_time=to_timestamp(snapshot.event_time),
            receive_time=to_timestamp(snapshot.received_at),
            snapshot=execution_pb2.AccountSnapshot.FromString(snapshot.body),
            stale=is_stale(snapshot, now=now, heartbeat_interval=self._heartbeat_interval),
            currency=currency,
        )
