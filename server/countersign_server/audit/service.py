"""Where people read, verify, export and follow the event log."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Literal

from google.api.httpbody_pb2 import HttpBody
from sqlalchemy.exc import SQLAlchemyError

from countersign.v1 import audit_pb2, audit_pb2_grpc
from countersign_server.audit.evidence_port import Asked, TellEvidence
from countersign_server.audit.feed import Feed
from countersign_server.audit.log import Question, list_entries, newest_sequence
from countersign_server.audit.seal_store import links_from
from countersign_server.audit.verification import verify
from countersign_server.audit.wire import (
    entry_to_message,
    export_line,
    server_sent_event,
)
from countersign_server.database.engine import Database
from countersign_server.errors import PageTokenInvalid, Unauthenticated
from countersign_server.identity.believed import Believed
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import Caller, current_caller
from countersign_server.rpc.conversion import from_timestamp, uuid_or_none
from countersign_server.rpc.open_streams import OpenStreams
from countersign_server.rpc.pages import next_token, page_size, position_of
from countersign_server.rpc.server_sent_events import (
    end_event,
    events,
    greeting,
    last_event_id,
)

_EXPORT_LINKS = 500
_EXPORT_BYTES = 64 * 1024
# Well below the deadline of a call: what was checked by then is an answer.
_VERIFY_BUDGET = timedelta(seconds=7)
_HEARTBEAT_SECONDS = 10.0
_LOOK_UP = timedelta(milliseconds=500)

_Bound = Literal["start_time", "end_time"]


class AuditService(audit_pb2_grpc.AuditServiceServicer):
    """See audit.proto for the contract."""

    def __init__(  # noqa: PLR0913  # what it stands on, named at its one call
        self,
        *,
        database: Database,
        feed: Feed,
        believed: Believed,
        evidence: TellEvidence,
        watches: OpenStreams,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._feed = feed
        self._believed = believed
        self._evidence = evidence
        self._watches = watches
        self._clock = clock

    async def ListAuditEntries(
        self, request: audit_pb2.ListAuditEntriesRequest, context: Context
    ) -> audit_pb2.ListAuditEntriesResponse:
        size = page_size(request.page_size)
        asked = Question(
            signal_id=uuid_or_none(request.signal_id),
            account_id=uuid_or_none(request.account_id),
            command_id=uuid_or_none(request.command_id),
            kind_prefix=request.kind_prefix,
            start_time=_moment(request, "start_time"),
            end_time=_moment(request, "end_time"),
            after_id=_entry_id(position_of(request)),
            limit=size + 1,
        )
        async with self._database.transaction(current_caller().tenant) as tx:
            rows = await list_entries(tx, asked)
        page = rows[:size]
        return audit_pb2.ListAuditEntriesResponse(
            entries=map(entry_to_message, page),
            next_page_token=next_token(request, rows, size, [page[-1].id] if page else []),
        )

    async def VerifyAudit(
        self, request: audit_pb2.VerifyAuditRequest, context: Context
    ) -> audit_pb2.VerifyAuditResponse:
        verdict = await verify(
            self._database, from_sequence=request.from_sequence, budget=_VERIFY_BUDGET
        )
        return audit_pb2.VerifyAuditResponse(
            intact=verdict.broken is None,
            checked=verdict.checked,
            sealed_sequence=verdict.last.sequence,
            sealed_hash=verdict.last.entry_hash.hex(),
            unsealed=verdict.waiting.count,
            broken_sequence=verdict.broken.sequence if verdict.broken else 0,
            broken_reason=verdict.broken.reason if verdict.broken else "",
        )

    async def ExportAudit(
        self, request: audit_pb2.ExportAuditRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        async with self._database.transaction(None) as tx:
            upto = request.to_sequence or await newest_sequence(tx)
        rest, sequence = b"", max(request.from_sequence, 1)
        while sequence <= upto:
            async with self._database.transaction(None) as tx:
                links = await links_from(tx, sequence, _EXPORT_LINKS)
            if not links:
                break
            lines = (export_line(link) for link in links if link.sequence <= upto)
            sequence = links[-1].sequence + 1
            *chunks, rest = _cut(rest, lines)
            for chunk in chunks:
                yield HttpBody(content_type="application/x-ndjson", data=chunk)
        yield HttpBody(content_type="application/x-ndjson", data=rest)

    async def ExportEvidence(
        self, request: audit_pb2.ExportEvidenceRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        asked = Asked(
            signal_id=uuid_or_none(request.signal_id),
            start_time=_moment(request, "start_time"),
            end_time=_moment(request, "end_time"),
        )
        rest = b""
        async with aclosing(self._evidence(current_caller().tenant, asked)) as told:
            async for lines in told:
                *chunks, rest = _cut(rest, lines)
                for chunk in chunks:
                    yield HttpBody(content_type="application/x-ndjson", data=chunk)
        yield HttpBody(content_type="application/x-ndjson", data=rest)

    async def FollowEvents(
        self, request: audit_pb2.FollowEventsRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        caller, after = current_caller(), last_event_id(context) or request.after_sequence
        with self._watches.one_of(caller.id):
            async with aclosing(self._in_band(caller, after)) as told:
                async for body in told:
                    yield body

    async def _in_band(self, caller: Caller, after: int) -> AsyncGenerator[HttpBody]:
        yield greeting()
        try:
            async with aclosing(self._told(caller, after)) as told:
                async for data in told:
                    yield events(data)
        except (SQLAlchemyError, OSError):
            # In-band: an error in the middle of a stream is lost on its way to a browser.
            yield events(end_event("UNAVAILABLE", "DATABASE_UNAVAILABLE"))
        except Unauthenticated as error:
            # The browser comes again with a token that is good.
            yield events(end_event("UNAUTHENTICATED", error.reason))

    async def _told(self, caller: Caller, after: int) -> AsyncGenerator[bytes]:
        spoken_at = self._clock()
        follow = self._feed.follow(caller.tenant, after, patience=_LOOK_UP)
        async with aclosing(self._believed.only(follow, caller)) as batches:
            async for batch in batches:
                if batch.entries:
                    yield b"".join(map(server_sent_event, batch.entries))
                    spoken_at = self._clock()
                elif self._clock() - spoken_at >= _HEARTBEAT_SECONDS:
                    yield b": alive\n\n"
                    spoken_at = self._clock()
        yield end_event("UNAVAILABLE", "DRAINING")


def _cut(rest: bytes, lines: Iterable[bytes]) -> list[bytes]:
    """Return `rest` and the lines in pieces; the last piece is not full, and may be empty."""
    data = rest + b"".join(lines)
    return [data[at : at + _EXPORT_BYTES] for at in range(0, len(data) + 1, _EXPORT_BYTES)]


def _moment(
    request: audit_pb2.ListAuditEntriesRequest | audit_pb2.ExportEvidenceRequest, field: _Bound
) -> datetime | None:
    if not request.HasField(field):
        return None
    return from_timestamp(getattr(request, field), field=field)


def _entry_id(position: list[object] | None) -> int:
    if position is None:
        return 0
    match position:
        case [int() as entry_id]:
            return entry_id
        case _:
            raise PageTokenInvalid("page_token is not from the previous answer", field="page_token")
