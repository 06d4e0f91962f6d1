"""Strategy engines and the keys that they sign with."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    DateTime,
    Row,
    Text,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.producer import KeyAlgorithm, Producer, ProducerKey
from countersign_server.accounts.tables import halted_producers, producer_keys, producers


async def add_producer(tx: AsyncConnection, producer: Producer) -> bool:
    """Store a producer and return True; False if its owner has one of that name."""
    added = await tx.execute(
        insert(producers)
        .values(
            id=producer.id,
            owner_id=producer.owner_id,
            created_at=producer.created_at,
            **_changeable(producer),
        )
        .on_conflict_do_nothing(constraint="one_producer_per_owner_and_name")
        .returning(producers.c.id)
    )
    return added.one_or_none() is not None


async def producer(tx: AsyncConnection, producer_id: UUID) -> Producer | None:
    """Return a producer that the transaction may see, which may be another owner's, or None."""
    found = await tx.execute(select(producers).where(producers.c.id == producer_id))
    row = found.one_or_none()
    return None if row is None else _producer(row)


async def producer_for_update(
    tx: AsyncConnection, producer_id: UUID, owner_id: UUID
) -> Producer | None:
    """Return an owner's own producer and hold it until the commit; None: it has none of that id."""
    found = await tx.execute(
        select(producers)
        .where(producers.c.id == producer_id, producers.c.owner_id == owner_id)
        .with_for_update(key_share=True)
    )
    row = found.one_or_none()
    return None if row is None else _producer(row)


async def list_producers(
    tx: AsyncConnection, *, before: UUID | None, limit: int
) -> Sequence[Producer]:
    """Return up to `limit` producers made before the one named, newest first."""
    question = select(producers).order_by(producers.c.id.desc()).limit(limit)
    if before is not None:
        question = question.where(producers.c.id < before)
    return [_producer(row) for row in await tx.execute(question)]


async def save_producer(tx: AsyncConnection, producer: Producer) -> bool:
    """Store what may change of a producer; False if its owner has another of that name."""
    try:
        async with tx.begin_nested():
            await tx.execute(
                update(producers)
                .where(producers.c.id == producer.id)
                .values(**_changeable(producer))
            )
    except IntegrityError:
        # The name is the only thing here that a constraint is about.
        return False
    return True


async def add_key(
    tx: AsyncConnection, key: ProducerKey, *, secret_sealed: bytes | None, request_id: UUID
) -> bool:
    """Store a key and return True; False if the producer has one of that request."""
    added = await tx.execute(
        insert(producer_keys)
        .values(
            id=key.id,
            owner_id=key.owner_id,
            producer_id=key.producer_id,
            algorithm=key.algorithm,
            public_key=key.public_key,
            secret_sealed=secret_sealed,
            request_id=request_id,
            created_at=key.created_at,
        )
        .on_conflict_do_nothing(constraint="one_producer_key_per_request")
        .returning(producer_keys.c.id)
    )
    return added.one_or_none() is not None


async def key_for_update(
    tx: AsyncConnection, key_id: str, *, producer_id: UUID, owner_id: UUID
) -> ProducerKey | None:
    """Return a key of an owner's producer and hold it until the commit, or None."""
    found = await tx.execute(
        select(producer_keys)
        .where(
            producer_keys.c.id == key_id,
            producer_keys.c.producer_id == producer_id,
            producer_keys.c.owner_id == owner_id,
        )
        .with_for_update()
    )
    row = found.one_or_none()
    return None if row is None else _key(row)


async def list_keys(tx: AsyncConnection, producer_id: UUID, limit: int) -> Sequence[ProducerKey]:
    """Return up to `limit` keys of a producer, newest first."""
    found = await tx.execute(
        select(producer_keys)
        .where(producer_keys.c.producer_id == producer_id)
        .order_by(producer_keys.c.created_at.desc(), producer_keys.c.id.desc())
        .limit(limit)
    )
    return [_key(row) for row in found]


async def count_active_keys(tx: AsyncConnection, producer_id: UUID, now: datetime) -> int:
    """Return how many keys of a producer have not ended."""
    counted = await tx.scalar(
        select(func.count())
        .select_from(producer_keys)
        .where(
            producer_keys.c.producer_id == producer_id,
            or_(producer_keys.c.revoked_at.is_(None), producer_keys.c.revoked_at > now),
        )
    )
    return counted or 0


async def end_key(tx: AsyncConnection, key_id: str, revoked_at: datetime) -> None:
    await tx.execute(
        update(producer_keys).where(producer_keys.c.id == key_id).values(revoked_at=revoked_at)
    )


async def keys_with_producers(tx: AsyncConnection, key_ids: Collection[str]) -> Sequence[Row[Any]]:
    """Return the named keys, each with its producer's instruments and what stops it."""
    found = await tx.execute(
        select(
            producer_keys,
            producers.c.instruments,
            producers.c.paused,
            func.coalesce(halted_producers.c.state, "active").label("trading_state"),
        )
        .join(producers, producers.c.id == producer_keys.c.producer_id)
        .join(
            halted_producers,
            halted_producers.c.producer_id == producer_keys.c.producer_id,
            isouter=True,
        )
        .where(producer_keys.c.id.in_(key_ids))
    )
    return found.all()


async def touch_keys(tx: AsyncConnection, used_at: Mapping[str, datetime]) -> None:
    """Store when keys were last used, in one statement; an earlier moment changes nothing."""
    used = (
        func.unnest(
            bindparam("ids", sorted(used_at), ARRAY(Text)),
            bindparam(
                "moments", [used_at[key] for key in sorted(used_at)], ARRAY(DateTime(timezone=True))
            ),
        )
        .table_valued(column("id", Text), column("used_at", DateTime(timezone=True)))
        .render_derived("used")
    )
    await tx.execute(
        update(producer_keys)
        .where(
            and_(
                producer_keys.c.id == used.c.id,
                or_(
                    producer_keys.c.last_used_at.is_(None),
                    producer_keys.c.last_used_at < used.c.used_at,
                ),
            )
        )
        .values(last_used_at=used.c.used_at)
    )


def _changeable(producer: Producer) -> dict[str, Any]:
    return {
        "name": producer.name,
        "instruments": sorted(producer.instruments),
        "listed": producer.listed,
        "paused": producer.paused,
        "max_openings_per_minute": producer.max_openings_per_minute,
    }


def _producer(row: Row[Any]) -> Producer:
    return Producer(
        id=row.id,
        owner_id=row.owner_id,
        name=row.name,
        instruments=frozenset(row.instruments),
        listed=row.listed,
        paused=row.paused,
        created_at=row.created_at,
        max_openings_per_minute=row.max_openings_per_minute,
    )


def _key(row: Row[Any]) -> ProducerKey:
    return ProducerKey(
        id=row.id,
        owner_id=row.owner_id,
        producer_id=row.producer_id,
        algorithm=KeyAlgorithm(row.algorithm),
        public_key=row.public_key,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
