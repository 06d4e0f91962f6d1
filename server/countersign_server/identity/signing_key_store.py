"""The server's own signing keys, sealed."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.identity.signing_keys import Purpose, SigningKey
from countersign_server.identity.tables import signing_keys as table

_LOCK = text("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")


async def signing_keys(tx: AsyncConnection) -> Sequence[SigningKey]:
    """Return every key there ever was, oldest first."""
    found = await tx.execute(select(table).order_by(table.c.sign_after, table.c.id))
    return [_key(row) for row in found.mappings()]


async def lock(tx: AsyncConnection) -> None:
    """Let nobody else change the keys until this transaction has ended. They can still be read."""
    await tx.execute(_LOCK)


async def add(tx: AsyncConnection, key: SigningKey) -> None:
    """Store a key, unless its purpose has one that is not retired."""
    await tx.execute(
        insert(table)
        .values(asdict(key))
        .on_conflict_do_nothing(
            index_elements=[table.c.purpose], index_where=table.c.retired_at.is_(None)
        )
    )


async def retire(tx: AsyncConnection, purpose: Purpose, retired_at: datetime) -> None:
    """Say when the key that is in use stops signing."""
    await tx.execute(
        update(table)
        .where(table.c.purpose == purpose, table.c.retired_at.is_(None))
        .values(retired_at=retired_at)
    )


def _key(row: RowMapping) -> SigningKey:
    values = dict[str, Any](row)
    values["purpose"] = Purpose(values["purpose"])
    return SigningKey(**values)
