"""Signals, each stored once and never changed."""

from collections.abc import Callable, Collection, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.database.arrays import (
    Array,
    byte_strings,
    moments,
    small_integers,
    texts,
    uuids,
)
from countersign_server.database.line import Line
from countersign_server.signals.admission import Admitted
from countersign_server.signals.tables import signal_windows, signals

# Every column of a new signal, in the order of Admitted's fields: its type, and what builds it.
_COLUMNS: Mapping[str, tuple[str, Callable[[Sequence[Any]], Array]]] = {
    "id": ("uuid", uuids),
    "owner_id": ("uuid", uuids),
    "producer_id": ("uuid", uuids),
    "external_id": ("text", texts),
    "instrument": ("text", texts),
    "side": ("text", texts),
    "action": ("text", texts),
    "version": ("text", texts),
    "payload": ("bytea", byte_strings),
    "payload_sha256": ("bytea", byte_strings),
    "format": ("int2", small_integers),
    "key_id": ("text", texts),
    "nonce": ("bytea", byte_strings),
    "signature": ("bytea", byte_strings),
    "sent_at": ("timestamptz", moments),
    "received_at": ("timestamptz", moments),
    "expires_at": ("timestamptz", moments),
}
_TRACED = ("actor", "address", "request_id")
_NAMES = ", ".join(_COLUMNS)
_WINDOW = "producer_id, instrument, side, action, version"
_INCOMING = ", ".join(
    [f"%({name})b::{kind}[]" for name, (kind, _) in _COLUMNS.items()]
    + [f"%({name})b::text[]" for name in _TRACED]
)
# Canonical JSON, written out: every value is a token of the contract or a hexadecimal number, which
# need no escaping, and this is done for each signal.
_AFTER = """
    '{"action":"' || split_part(action, ':', 1) || '","external_id":"' || external_id
    || '","instrument":"' || instrument || '","key_id":"' || key_id
    || '","payload_sha256":"' || encode(payload_sha256, 'hex') || '","side":"' || side
    || '","state":"' || state || '"}'
"""
_NOT_STORED_YET = """
    WHERE NOT EXISTS (
        SELECT FROM signals s
        WHERE s.producer_id = i.producer_id AND s.external_id = i.external_id)
    AND NOT EXISTS (SELECT FROM signals s WHERE s.key_id = i.key_id AND s.nonce = i.nonce)
"""


def _statement(*, may_repeat: bool) -> bytes:
    """Return one statement that stores any number of signals, and their audit rows.

    It is one transaction and one round trip. Rows are locked in key order, so that two writers
    never wait for each other crosswise. Unless signals `may_repeat` what is stored, that is not
    looked up: it would cost a third more, and the unique constraints refuse the statement as a
    whole if one does. A signal that nobody follows is delivered when it is stored.
    """
    return f"""
WITH incoming ({_NAMES}, {", ".join(_TRACED)}) AS MATERIALIZED (
    SELECT * FROM unnest({_INCOMING})
), fresh AS (
    SELECT * FROM incoming i {_NOT_STORED_YET if may_repeat else ""}
), opened AS (
    INSERT INTO signal_windows AS w ({_WINDOW}, external_id, received_at)
    SELECT {_WINDOW}, external_id, received_at FROM fresh ORDER BY {_WINDOW}
    ON CONFLICT ({_WINDOW}) DO UPDATE
        SET external_id = excluded.external_id, received_at = excluded.received_at
        WHERE w.received_at <= excluded.received_at - %(window)b::interval
            OR w.external_id = excluded.external_id
    RETURNING producer_id, external_id
), followed AS (
    SELECT producer_id FROM (SELECT DISTINCT producer_id FROM fresh) p WHERE EXISTS (
        SELECT FROM subscriptions s
        WHERE s.producer_id = p.producer_id AND s.cancelled_at IS NULL)
), stored AS (
    INSERT INTO signals ({_NAMES}, state)
    SELECT {", ".join(f"f.{name}" for name in _COLUMNS)},
        CASE WHEN f.producer_id IN (SELECT producer_id FROM followed)
            THEN 'accepted' ELSE 'delivered' END
    FROM fresh f JOIN opened o USING (producer_id, external_id)
    ORDER BY f.producer_id, f.external_id
    {"ON CONFLICT DO NOTHING" if may_repeat else ""}
    RETURNING id, state
), logged AS (
    INSERT INTO audit_entries
        (event_time, kind, actor, caller_address, request_id, owner_id, subject, signal_id,
         after_json)
    SELECT received_at, 'signal.accepted', actor, address, request_id, owner_id,
        'signal:' || id, id, {_AFTER}
    FROM incoming JOIN stored USING (id)
)
SELECT
    (SELECT coalesce(array_agg(i.id), '{{}}')
        FROM incoming i LEFT JOIN stored s USING (id) WHERE s.id IS NULL),
    EXISTS (SELECT FROM stored WHERE state = 'accepted')
""".encode()  # noqa: S608  # built from the constants above


_STORE = _statement(may_repeat=False)
_STORE_BESIDE_REPEATS = _statement(may_repeat=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a group of signals."""

    missing: AbstractSet[UUID]  # ids of those that were not stored
    is_awaited: bool  # some are to be laid before followers


async def store_new(
    line: Line, rows: Sequence[Admitted], *, duplicate_window: timedelta, may_repeat: bool
) -> Kept:
    """Store what is new in one statement, with its audit rows.

    No two rows may share an external id, a nonce or a duplicate window. Committed when it returns.
    Raises psycopg.errors.UniqueViolation, with nothing stored, if one repeats what is stored and it
    was not said that one `may_repeat`.
    """
    *columns, traces = zip(*rows, strict=True)
    values: dict[str, Any] = {
        name: build(column)
        for (name, (_, build)), column in zip(_COLUMNS.items(), columns, strict=True)
    }
    for name in _TRACED:
        values[name] = texts([getattr(trace, name) for trace in traces])
    values["window"] = duplicate_window
    statement = _STORE_BESIDE_REPEATS if may_repeat else _STORE
    ((missing, is_awaited),) = await line.execute(statement, values)
    return Kept(frozenset(missing), is_awaited)


@dataclass(frozen=True, slots=True)
class Existing:
    """A stored signal as a repeat needs it."""

    id: UUID
    payload_sha256: bytes
    received_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Collisions:
    """What stands in the way of signals that were not stored."""

    by_external_id: Mapping[tuple[UUID, str], Existing]
    by_nonce: frozenset[tuple[str, bytes]]
    by_window: Mapping[tuple[Any, ...], str]  # the external id that came before


async def collisions_of(tx: AsyncConnection, rows: Sequence[Admitted]) -> Collisions:
    """Return what is already stored under the external ids, nonces and windows of `rows`."""
    same_id = await tx.execute(
        select(
            signals.c.producer_id,
            signals.c.external_id,
            signals.c.id,
            signals.c.payload_sha256,
            signals.c.received_at,
            signals.c.expires_at,
        ).where(
            tuple_(signals.c.producer_id, signals.c.external_id).in_(
                [(row.producer_id, row.external_id) for row in rows]
            )
        )
    )
    same_nonce = await tx.execute(
        select(signals.c.key_id, signals.c.nonce).where(
            tuple_(signals.c.key_id, signals.c.nonce).in_([(r.key_id, r.nonce) for r in rows])
        )
    )
    keys = [
        signal_windows.c[name]
        for name in ("producer_id", "instrument", "side", "action", "version")
    ]
    same_window = await tx.execute(
        select(*keys, signal_windows.c.external_id).where(
            tuple_(*keys).in_([row.window for row in rows])
        )
    )
    return Collisions(
        by_external_id={(row[0], row[1]): Existing(*row[2:]) for row in same_id},
        by_nonce=frozenset((row[0], row[1]) for row in same_nonce),
        by_window={tuple(row)[:5]: row.external_id for row in same_window},
    )


async def stored_signal(
    tx: AsyncConnection, producer_id: UUID, external_id: str
) -> Existing | None:
    """Return what is stored under a producer's external id; None: nothing."""
    found = await tx.execute(
        select(
            signals.c.id, signals.c.payload_sha256, signals.c.received_at, signals.c.expires_at
        ).where(signals.c.producer_id == producer_id, signals.c.external_id == external_id)
    )
    row = found.one_or_none()
    return Existing(*row) if row else None


async def signal_row(tx: AsyncConnection, signal_id: UUID) -> Row[Any] | None:
    """Return one signal that the transaction may see, or None."""
    found = await tx.execute(select(signals).where(signals.c.id == signal_id))
    return found.one_or_none()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which signals are asked for; None and empty: all."""

    producer_id: UUID | None
    states: Sequence[str]
    instrument: str
    external_id: str
    start_time: datetime | None
    end_time: datetime | None
    before: UUID | None  # ids sort by time
    limit: int


async def list_signals(tx: AsyncConnection, asked: Listing) -> Sequence[Row[Any]]:
    """Return the newest signals first."""
    conditions = [
        signals.c.producer_id == asked.producer_id if asked.producer_id else None,
        signals.c.state.in_(asked.states) if asked.states else None,
        signals.c.instrument == asked.instrument if asked.instrument else None,
        signals.c.external_id == asked.external_id if asked.external_id else None,
        signals.c.received_at >= asked.start_time if asked.start_time else None,
        signals.c.received_at < asked.end_time if asked.end_time else None,
        signals.c.id < asked.before if asked.before else None,
    ]
    found = await tx.execute(
        select(signals)
        .where(and_(*[c for c in conditions if c is not None], true()))
        .order_by(signals.c.id.desc())
        .limit(asked.limit)
    )
    return found.all()


async def offer_again(tx: AsyncConnection, signal_id: UUID, now: datetime) -> bool:
    """Mark a delivered signal as waiting for delivery again; False: it has expired."""
    found = await tx.execute(
        update(signals)
        .where(signals.c.id == signal_id, signals.c.expires_at > now)
        .values(state="accepted")
        .returning(func.now())
    )
    return found.one_or_none() is not None


async def own_signals(
    tx: AsyncConnection, producer_id: UUID, signal_ids: Collection[UUID | None]
) -> AbstractSet[UUID]:
    """Return which of the signals are the producer's."""
    found = await tx.scalars(
        select(signals.c.id).where(
            signals.c.id.in_(signal_ids), signals.c.producer_id == producer_id
        )
    )
    return set(found)


async def producers_of(tx: AsyncConnection, signal_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """Return whose each signal is, by its id."""
    found = await tx.execute(
        select(signals.c.id, signals.c.producer_id).where(signals.c.id.in_(list(signal_ids)))
    )
    return {row.id: row.producer_id for row in found}
