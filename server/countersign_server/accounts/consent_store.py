"""The versions of the consent text."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.consent import ConsentText
from countersign_server.accounts.tables import consent_texts

_NEWEST_FIRST = (consent_texts.c.published_at.desc(), consent_texts.c.version.desc())


async def add_consent_text(tx: AsyncConnection, text: ConsentText) -> bool:
    """Store a version and return True; False if the version exists, whatever its text."""
    added = await tx.execute(
        insert(consent_texts)
        .values(
            version=text.version,
            text=text.text,
            text_sha256=text.text_sha256,
            published_at=text.published_at,
        )
        .on_conflict_do_nothing(index_elements=[consent_texts.c.version])
        .returning(consent_texts.c.version)
    )
    return added.one_or_none() is not None


async def consent_text(tx: AsyncConnection, version: str) -> ConsentText | None:
    found = await tx.execute(select(consent_texts).where(consent_texts.c.version == version))
    row = found.one_or_none()
    return None if row is None else _text(row)


async def newest_consent(tx: AsyncConnection) -> ConsentText | None:
    """Return the version that new subscriptions must name; None: none was published yet."""
    found = await tx.execute(select(consent_texts).order_by(*_NEWEST_FIRST).limit(1))
    row = found.one_or_none()
    return None if row is None else _text(row)


async def list_consent_texts(tx: AsyncConnection, limit: int) -> Sequence[ConsentText]:
    """Return up to `limit` versions, newest first."""
    found = await tx.execute(select(consent_texts).order_by(*_NEWEST_FIRST).limit(limit))
    return [_text(row) for row in found]


def _text(row: Row[Any]) -> ConsentText:
    return ConsentText(row.version, row.text, row.text_sha256, row.published_at)
