"""Chats and the codes that pair them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.notifications.destination_store import (
    add_destination,
    destination_of,
    end_destination,
)
from countersign_server.notifications.tables import destinations
from countersign_server.telegram.chat import Chat
from countersign_server.telegram.tables import telegram_chats, telegram_pairings

_CHAT: Select[Any] = select(
    destinations,
    telegram_chats.c.telegram_chat_id,
    telegram_chats.c.telegram_user_id,
    telegram_chats.c.display_name,
).join_from(telegram_chats, destinations, destinations.c.id == telegram_chats.c.id)


async def add_chat(tx: AsyncConnection, chat: Chat) -> None:
    """Store a chat; nobody else may have it meanwhile."""
    await add_destination(tx, chat.destination)
    await tx.execute(
        insert(telegram_chats).values(
            id=chat.id,
            owner_id=chat.owner_id,
            telegram_chat_id=chat.telegram_chat_id,
            telegram_user_id=chat.telegram_user_id,
            display_name=chat.display_name,
        )
    )


async def end_chat(tx: AsyncConnection, chat_id: UUID, now: datetime) -> None:
    await end_destination(tx, chat_id, now)
    await tx.execute(
        update(telegram_chats).where(telegram_chats.c.id == chat_id).values(ended_at=now)
    )


async def chat(tx: AsyncConnection, chat_id: UUID, *, hold: bool = False) -> Chat | None:
    """Return one, removed or not; None: there is none to see. `hold` its row until commit."""
    asked = _CHAT.where(telegram_chats.c.id == chat_id)
    return await _one(tx, asked.with_for_update(of=destinations) if hold else asked)


async def chat_at(tx: AsyncConnection, telegram_chat_id: int) -> Chat | None:
    """Return the chat that is paired at Telegram's number; None: none is."""
    return await _one(
        tx,
        _CHAT.where(
            telegram_chats.c.telegram_chat_id == telegram_chat_id,
            telegram_chats.c.ended_at.is_(None),
        ),
    )


async def list_chats(tx: AsyncConnection, *, before: UUID | None, limit: int) -> Sequence[Chat]:
    """Return those that are not removed, newest first."""
    asked = _CHAT.where(destinations.c.ended_at.is_(None)).order_by(destinations.c.id.desc())
    if before is not None:
        asked = asked.where(destinations.c.id < before)
    return [_chat_of(row) for row in await tx.execute(asked.limit(limit))]


async def add_pairing(
    tx: AsyncConnection, owner_id: UUID, code_sha256: bytes, expires_at: datetime
) -> None:
    await tx.execute(
        insert(telegram_pairings).values(
            code_sha256=code_sha256, owner_id=owner_id, expires_at=expires_at
        )
    )


async def count_open_pairings(tx: AsyncConnection, owner_id: UUID, now: datetime) -> int:
    counted = await tx.execute(
        select(func.count())
        .select_from(telegram_pairings)
        .where(
            telegram_pairings.c.owner_id == owner_id,
            telegram_pairings.c.used_at.is_(None),
            telegram_pairings.c.expires_at > now,
        )
    )
    return counted.scalar_one()


async def use_pairing(tx: AsyncConnection, code_sha256: bytes, now: datetime) -> UUID | None:
    """Use a code up, and return whose it was; None: it is none, was used, or is too old."""
    used = await tx.execute(
        update(telegram_pairings)
        .where(
            telegram_pairings.c.code_sha256 == code_sha256,
            telegram_pairings.c.used_at.is_(None),
            telegram_pairings.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(telegram_pairings.c.owner_id)
    )
    return used.scalar_one_or_none()


async def _one(tx: AsyncConnection, asked: Select[Any]) -> Chat | None:
    row = (await tx.execute(asked)).one_or_none()
    return None if row is None else _chat_of(row)


def _chat_of(row: Row[Any]) -> Chat:
    return Chat(
        destination=destination_of(row),
        telegram_chat_id=row.telegram_chat_id,
        telegram_user_id=row.telegram_user_id,
        display_name=row.display_name,
    )
