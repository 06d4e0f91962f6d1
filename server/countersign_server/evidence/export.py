"""Evidence in pieces, as fast as whoever asks takes them."""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.chain import Link
from countersign_server.audit.evidence_port import Asked
from countersign_server.audit.seal_store import last_seal, links_about, links_from
from countersign_server.audit.wire import link_facts
from countersign_server.database.engine import Database
from countersign_server.evidence.queries import (
    OF_SIGNALS,
    PRODUCER_KEYS,
    SERVER_KEYS,
    SIGNAL_IDS,
)

VERSION = "countersign.evidence/1"
_SIGNALS_AT_ONCE = 100
_LINKS_AT_ONCE = 500

Lines = Sequence[bytes]


class Evidence:
    """Tells what proves the signals that a tenant may see."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def told(self, tenant: UUID | None, asked: Asked) -> AsyncGenerator[Lines]:
        """Yield the lines of an export, a heading first. `tenant` None: everybody's."""
        is_whole = tenant is None and asked.is_everything
        async with self._database.transaction(None) as tx:
            last, server_keys = await last_seal(tx), await _rows(tx, SERVER_KEYS)
        heading = {
            "type": VERSION,
            "exported_time": self._now().isoformat(),
            "chain": "whole" if is_whole else "excerpt",
            "sealed_sequence": last.sequence,
            "sealed_hash": last.entry_hash.hex(),
        }
        yield [_line(heading), *server_keys]
        after = UUID(int=0)
        while ids := await self._signals(tenant, asked, after):
            yield await self._of_signals(tenant, ids, with_links=not is_whole)
            after = ids[-1]
        if is_whole:
            async for lines in self._chain(last.sequence):
                yield lines

    async def _signals(self, tenant: UUID | None, asked: Asked, after: UUID) -> Sequence[UUID]:
        bounds = {
            "after": after,
            "signal_id": asked.signal_id,
            "start_time": asked.start_time,
            "end_time": asked.end_time,
            "most": _SIGNALS_AT_ONCE,
        }
        async with self._database.transaction(tenant) as tx:
            return (await tx.scalars(SIGNAL_IDS, bounds)).all()

    async def _of_signals(
        self, tenant: UUID | None, ids: Sequence[UUID], *, with_links: bool
    ) -> Lines:
        async with self._database.transaction(None) as tx:
            lines = await _rows(tx, PRODUCER_KEYS, ids=list(ids))
        async with self._database.transaction(tenant) as tx:
            for query in OF_SIGNALS:
                lines += await _rows(tx, query, ids=list(ids))
            if with_links:
                lines += map(_link_line, await links_about(tx, ids))
        return lines

    async def _chain(self, upto: int) -> AsyncGenerator[Lines]:
        sequence = 1
        while sequence <= upto:
            async with self._database.transaction(None) as tx:
                links = await links_from(tx, sequence, _LINKS_AT_ONCE)
            if not links:
                return
            yield [_link_line(link) for link in links if link.sequence <= upto]
            sequence = links[-1].sequence + 1


async def _rows(tx: AsyncConnection, query: TextClause, **bounds: Any) -> list[bytes]:  # noqa: ANN401  # what the query takes
    return [_line(row) for row in await tx.scalars(query, bounds)]


def _link_line(link: Link) -> bytes:
    return _line({"type": "audit", **link_facts(link)})


def _line(facts: object) -> bytes:
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
