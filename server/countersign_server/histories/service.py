"""Where histories come in from elsewhere, and go out as files."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import histories_pb2 as pb, histories_pb2_grpc
from countersign_server.analytics.imported import Source, store_history
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import Invalid, NotFound
from countersign_server.histories import store
from countersign_server.histories.export import as_csv, as_json
from countersign_server.histories.report import DEALS_MAX, Report, read_report
from countersign_server.histories.report_rows import unpacked
from countersign_server.histories.store import Exported, Imported
from countersign_server.history_errors import ExportTooLong, HistoriesExhausted
from countersign_server.identity.names import printable
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import to_timestamp, trace_of, uuid_or_none
from countersign_server.rpc.pages import id_position, next_token, page_size

_HISTORIES_MAX = 100


class HistoryService(histories_pb2_grpc.HistoryServiceServicer):
    """See histories.proto for the contract."""

    def __init__(
        self, *, database: Database, wakeups: Wakeups, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._now = now

    async def ImportHistory(
        self, request: pb.ImportHistoryRequest, context: Context
    ) -> pb.ImportHistoryResponse:
        caller, now = current_caller(), self._now()
        name = printable(request.name, field="name")
        # Reading takes a while: nobody else waits for it.
        digest, report = await asyncio.to_thread(_read, request.content, request.currency, now)
        source = Source(
            owner_id=caller.owner_id, name=name, currency=report.currency, sha256=digest
        )
        async with self._database.transaction(caller.tenant) as tx:
            history_id = await store_history(tx, source, report.deals, now)
            found = await _imported(tx, history_id)
            if found.created_at == now:
                if await store.imported_count(tx, caller.owner_id) > _HISTORIES_MAX:
                    raise HistoriesExhausted(f"{_HISTORIES_MAX} histories are kept at most")
                await record(tx, _told(found, now))
        self._wakeups.ring("audit")
        return pb.ImportHistoryResponse(history=_message(found))

    async def ListHistories(
        self, request: pb.ListHistoriesRequest, context: Context
    ) -> pb.ListHistoriesResponse:
        size = page_size(request.page_size)
        async with self._database.transaction(current_caller().tenant) as tx:
            rows = await store.list_imported(tx, before=id_position(request), limit=size + 1)
        page = rows[:size]
        return pb.ListHistoriesResponse(
            histories=map(_message, page),
            next_page_token=next_token(request, rows, size, [page[-1].id] if page else []),
        )

    async def ExportHistory(self, request: pb.ExportHistoryRequest, context: Context) -> HttpBody:
        account_id, history_id = uuid_or_none(request.account_id), uuid_or_none(request.history_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await _exported(tx, account_id, history_id)
        if len(found.deals) > DEALS_MAX + 1:
            raise ExportTooLong(f"there are more than {DEALS_MAX} deals")
        if request.format == pb.EXPORT_FORMAT_CSV:
            body = await asyncio.to_thread(as_csv, found.deals)
            return HttpBody(content_type="text/csv; charset=utf-8", data=body)
        body = await asyncio.to_thread(as_json, found.name, found.currency, found.deals)
        return HttpBody(content_type="application/json", data=body)


def _read(content: bytes, currency: str, now: datetime) -> tuple[bytes, Report]:
    plain = unpacked(content)
    return sha256(plain).digest(), read_report(plain, currency=currency, now=now)


async def _imported(tx: AsyncConnection, history_id: UUID) -> Imported:
    found = await store.imported(tx, history_id)
    assert found is not None  # noqa: S101  # it has just been stored
    return found


async def _exported(
    tx: AsyncConnection, account_id: UUID | None, history_id: UUID | None
) -> Exported:
    """Return what is asked for; one deal beyond the limit tells that there are too many."""
    if (account_id is None) == (history_id is None):
        raise Invalid("name an account or an imported history", field="account_id")
    if account_id is not None:
        found = await store.account_deals(tx, account_id, limit=DEALS_MAX + 2)
        if found is None:
            raise NotFound(f"no account {account_id}", account_id=str(account_id))
        return found
    assert history_id is not None  # noqa: S101  # one of the two is named
    found = await store.imported_deals(tx, history_id)
    if found is None:
        raise NotFound(f"no history {history_id}", history_id=str(history_id))
    return found


def _message(history: Imported) -> pb.ImportedHistory:
    return pb.ImportedHistory(
        history_id=str(history.id),
        name=history.name,
        currency=history.currency,
        deals=history.deals,
        source_sha256=history.source_sha256.hex(),
        create_time=to_timestamp(history.created_at),
    )


def _told(history: Imported, now: datetime) -> Entry:
    return Entry(
        kind="history.imported",
        subject=f"history:{history.id}",
        event_time=now,
        trace=trace_of(current_call()),
        owner_id=history.owner_id,
        after={
            "name": history.name,
            "currency": history.currency,
            "deals": history.deals,
            "source_sha256": history.source_sha256,
        },
    )
