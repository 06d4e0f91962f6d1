"""Reading what is to be sealed, writing the seals, and reading both again to verify them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

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
_UNSEALED = "NOT EXISTS (SELECT FROM audit_seals s WHERE s.entry_id = e.id)"

# Until the commit, what comes next is read by the index that has it in order. Left to itself, the
# planner thinks that row-level security hides almost everything, and sorts the whole table instead.
_BECOME_SEALER = sql(f"""
SELECT pg_try_advisory_xact_lock({_ONE_SEALER}), set_config('enable_sort', 'off', true),
    set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)
""")
_READ_EVERYTHING = sql("""
SELECT set_config('statement_timeout', '0', true), set_config('enable_sort', 'on', true),
    set_config('enable_seqscan', 'on', true)
""")
_HORIZON = sql(f"SELECT {_XMIN}, {_XMAX}")
_LAST_SEAL = sql("""
SELECT s.sequence, s.entry_hash, e.transaction_id, e.id
FROM audit_seals s LEFT JOIN audit_entries e ON e.id = s.entry_id
ORDER BY s.sequence DESC LIMIT 1
""")
_NEXT = sql(f"""
SELECT e.transaction_id, e.id, {_TEXTS} FROM audit_entries e
WHERE (e.transaction_id, e.id) > (:transaction_id, :entry_id)
    AND e.transaction_id < :oldest_open AND {_UNSEALED}
ORDER BY e.transaction_id, e.id LIMIT :most
""")  # noqa: S608  # built from the constants above
# A visible row of a transaction that has not begun yet was written before the database was restored
# elsewhere, where transactions are counted anew: it comes first, whatever its number.
_ANYWHERE = sql(f"""
SELECT e.transaction_id, e.id, {_TEXTS} FROM audit_entries e
WHERE (e.transaction_id < {_XMIN} OR e.transaction_id >= {_XMAX}) AND {_UNSEALED}
ORDER BY e.transaction_id < {_XMIN}, e.transaction_id, e.id LIMIT :most
""")  # noqa: S608  # built from the constants above
_WAITING = sql(f"""
SELECT count(*), min(e.event_time) FROM audit_entries e
WHERE (e.transaction_id, e.id) > (:transaction_id, :entry_id) AND {_UNSEALED}
""")  # noqa: S608  # built from the constants above
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
_LINKS_ABOUT = sql(f"""
SELECT s.sequence, s.previous_hash, s.entry_hash, e.id, {_TEXTS}
FROM audit_entries e JOIN audit_seals s ON s.entry_id = e.id
WHERE e.signal_id = ANY(:signal_ids) ORDER BY s.sequence
""")  # noqa: S608  # built from the constants above


@dataclass(frozen=True, slots=True)
class Horizon:
    """Which transactions are over: all below `oldest_open`. None from `next_new` on has begun."""

    oldest_open: int
    next_new: int


class Place(NamedTuple):
    """A place in the order in which entries are sealed."""

    transaction_id: int = 0
    entry_id: int = 0


@dataclass(frozen=True, slots=True)
class LastSeal:
    """How far the chain reaches, and the place of the entry there; the first if there is none."""

    sequence: int
    entry_hash: bytes
    place: Place


class Unsealed(NamedTuple):
    """An entry that may be sealed. A tuple: a burst brings tens of thousands."""

    place: Place
    texts: Texts


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is not sealed yet. `since` None: nothing is."""

    count: int
    since: datetime | None


async def become_sealer(tx: AsyncConnection) -> bool:
    """Return True if this transaction may seal; no other one may until it has ended."""
    return bool(await tx.scalar(_BECOME_SEALER))


async def horizon(tx: AsyncConnection) -> Horizon:
    """Return which transactions are over. What they wrote is seen by every later statement."""
    oldest_open, next_new = (await tx.execute(_HORIZON)).one()
    return Horizon(oldest_open, next_new)


async def last_seal(tx: AsyncConnection) -> LastSeal:
    """Return how far the chain reaches; before the first entry, sequence 0."""
    row = (await tx.execute(_LAST_SEAL)).one_or_none()
    if row is None:
        return LastSeal(0, GENESIS, Place())
    return LastSeal(row.sequence, row.entry_hash, Place(row.transaction_id or 0, row.id or 0))


async def next_entries(
    tx: AsyncConnection, *, after: Place, oldest_open: int, most: int
) -> Sequence[Unsealed]:
    """Return up to `most` unsealed entries after a place, of transactions below `oldest_open`."""
    bounds = after._asdict() | {"oldest_open": oldest_open, "most": most}
    found = await tx.execute(_NEXT, bounds)
    return [Unsealed(Place(row[0], row[1]), row[2:]) for row in found]


async def entries_anywhere(tx: AsyncConnection, most: int) -> Sequence[Unsealed]:
    """Return up to `most` unsealed entries, wherever they are. Reads everything there is."""
    await tx.execute(_READ_EVERYTHING)
    found = await tx.execute(_ANYWHERE, {"most": most})
    return [Unsealed(Place(row[0], row[1]), row[2:]) for row in found]


async def add_seals(
    tx: AsyncConnection, last: LastSeal, entries: Sequence[Unsealed], hashes: Sequence[bytes]
) -> None:
    """Seal the entries, in the order given, after `last`."""
    await tx.execute(
        _SEAL,
        {
            "sequence": last.sequence,
            "previous_hash": last.entry_hash,
            "entry_ids": [entry.place.entry_id for entry in entries],
            "hashes": list(hashes),
        },
    )


async def waiting(tx: AsyncConnection, after: Place) -> Waiting:
    """Return what is written after a place and not sealed."""
    count, since = (await tx.execute(_WAITING, after._asdict())).one()
    return Waiting(count, since)


async def links_from(tx: AsyncConnection, first: int, most: int) -> Sequence[Link]:
    """Return up to `most` links of the chain from sequence `first` on."""
    return [_link(row) for row in await tx.execute(_LINKS, {"first": first, "most": most})]


async def links_about(tx: AsyncConnection, signal_ids: Sequence[UUID]) -> Sequence[Link]:
    """Return the sealed entries about signals that the transaction may see, in their order."""
    found = await tx.execute(_LINKS_ABOUT, {"signal_ids": list(signal_ids)})
    return [_link(row) for row in found]


def _link(row: Row[Any]) -> Link:
    texts = None if row.id is None else row[4:]
    return Link(row.sequence, texts, row.previous_hash, row.entry_hash)
