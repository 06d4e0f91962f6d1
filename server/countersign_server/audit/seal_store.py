"""Reading what is to be sealed, writing the seals, and reading both again to verify them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.chain import GENESIS, Link, Texts

# One lock of the whole database: whoever holds it is the one sealer.
_ONE_SEALER = 0x61756469

# The texts that are hashed, made by the database, so that sealing and verifying read the same.
_TEXTS = """
    to_char(e.event_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    e.kind, e.actor, e.caller_address, e.request_id,
    coalesce(e.owner_id::text, ''), e.subject, coalesce(e.signal_id::text, ''),
    coalesce(e.account_id::text, ''), coalesce(e.command_id::text, ''),
    e.before_json, e.after_json
"""
_XMIN = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_XMAX = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_FIRST = sql(f"SELECT pg_try_advisory_xact_lock({_ONE_SEALER})")
_LAST_SEAL = sql(f"""
SELECT s.sequence, s.entry_hash, e.id, e.transaction_id, e.transaction_id >= {_XMAX}
FROM audit_seals s LEFT JOIN audit_entries e ON e.id = s.entry_id
ORDER BY s.sequence DESC LIMIT 1
""")  # noqa: S608  # built from the constants above

# Nothing that commits from now on has a transaction below the oldest that is open: rows below it
# are final, and in this order no later row comes before one that was read. A visible row of a
# transaction that has not begun was written before the database was restored elsewhere.
_FINAL = f"(e.transaction_id < {_XMIN} OR e.transaction_id >= {_XMAX})"
_AFTER_CURSOR = "(e.transaction_id, e.id) > (:transaction_id, :entry_id)"
# Where the cursor says nothing, because the database was restored or the last entry is gone.
_WITHOUT_SEAL = "NOT EXISTS (SELECT FROM audit_seals s WHERE s.entry_id = e.id)"

_NEXT = {
    True: sql(f"""
        SELECT e.id, {_TEXTS} FROM audit_entries e WHERE {_AFTER_CURSOR} AND {_FINAL}
        ORDER BY e.transaction_id, e.id LIMIT :most
        """),  # noqa: S608  # built from the constants above
    # What was written before the restoration comes first, whatever its transaction.
    False: sql(f"""
        SELECT e.id, {_TEXTS} FROM audit_entries e WHERE {_WITHOUT_SEAL} AND {_FINAL}
        ORDER BY e.transaction_id < {_XMIN}, e.transaction_id, e.id LIMIT :most
        """),  # noqa: S608  # built from the constants above
}
_WAITING = {
    known: sql(f"SELECT count(*), min(e.event_time) FROM audit_entries e WHERE {condition}")  # noqa: S608  # constants
    for known, condition in ((True, _AFTER_CURSOR), (False, _WITHOUT_SEAL))
}
_SEAL = sql("""
INSERT INTO audit_seals (sequence, entry_id, previous_hash, entry_hash)
SELECT :sequence + n, entry_id,
    coalesce(lag(entry_hash) OVER (ORDER BY n), :previous_hash), entry_hash
FROM unnest(CAST(:entry_ids AS bigint[]), CAST(:hashes AS bytea[]))
    WITH ORDINALITY AS sealed (entry_id, entry_hash, n)
""")
_LINKS = sql(f"""
SELECT s.sequence, s.previous_hash, s.entry_hash, e.id, {_TEXTS}
FROM audit_seals s LEFT JOIN audit_entries e ON e.id = s.entry_id
WHERE s.sequence >= :first ORDER BY s.sequence LIMIT :most
""")  # noqa: S608  # built from the constants above


@dataclass(frozen=True, slots=True)
class LastSeal:
    """How far the chain reaches, and the place in the log that belongs to it."""

    sequence: int
    entry_hash: bytes
    entry_id: int
    transaction_id: int
    # False: the place says nothing of which entries are sealed.
    is_cursor: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is not sealed yet. `since` None: nothing is."""

    count: int
    since: datetime | None


async def become_sealer(tx: AsyncConnection) -> bool:
    """Return True if this transaction may seal; no other one may until it has ended."""
    return bool(await tx.scalar(_FIRST))


async def last_seal(tx: AsyncConnection) -> LastSeal:
    """Return how far the chain reaches; before the first entry, sequence 0."""
    row = (await tx.execute(_LAST_SEAL)).one_or_none()
    if row is None:
        return LastSeal(0, GENESIS, entry_id=0, transaction_id=0, is_cursor=True)
    sequence, sealed, entry_id, transaction_id, restored = row
    if transaction_id is None:
        return LastSeal(sequence, sealed, entry_id=0, transaction_id=0, is_cursor=False)
    return LastSeal(sequence, sealed, entry_id, transaction_id, is_cursor=not restored)


async def entries_to_seal(
    tx: AsyncConnection, last: LastSeal, most: int
) -> Sequence[tuple[int, Texts]]:
    """Return up to `most` entries, id and texts, that may be sealed next, in their order."""
    found = await tx.execute(_NEXT[last.is_cursor], _place(last) | {"most": most})
    return [(row[0], row[1:]) for row in found]


async def add_seals(
    tx: AsyncConnection, last: LastSeal, entry_ids: Sequence[int], hashes: Sequence[bytes]
) -> None:
    """Seal the entries, in the order given, after `last`."""
    await tx.execute(
        _SEAL,
        {
            "sequence": last.sequence,
            "previous_hash": last.entry_hash,
            "entry_ids": list(entry_ids),
            "hashes": list(hashes),
        },
    )


async def waiting(tx: AsyncConnection, last: LastSeal) -> Waiting:
    """Return what is written and not sealed."""
    row = (await tx.execute(_WAITING[last.is_cursor], _place(last))).one()
    return Waiting(row[0], row[1])


async def links_from(tx: AsyncConnection, first: int, most: int) -> Sequence[Link]:
    """Return up to `most` links of the chain from sequence `first` on."""
    return [_link(row) for row in await tx.execute(_LINKS, {"first": first, "most": most})]


def _link(row: Row[Any]) -> Link:
    texts = None if row.id is None else row[4:]
    return Link(row.sequence, texts, row.previous_hash, row.entry_hash)


def _place(last: LastSeal) -> dict[str, int]:
    if not last.is_cursor:
        return {}
    return {"transaction_id": last.transaction_id, "entry_id": last.entry_id}
