"""Messages that are about an approval, and the buttons under messages."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.telegram.button import Action, Button, StoredButton
from countersign_server.telegram.chat import Chat
from countersign_server.telegram.tables import telegram_buttons, telegram_messages


async def add_button(tx: AsyncConnection, chat: Chat, button: Button, token_sha256: bytes) -> None:
    await tx.execute(
        insert(telegram_buttons).values(
            token_sha256=token_sha256,
            owner_id=chat.owner_id,
            chat_id=chat.id,
            action=button.action,
            subject=button.subject,
            digest=button.digest,
            expires_at=button.expires_at,
        )
    )


async def bind_message(
    tx: AsyncConnection,
    chat: Chat,
    *,
    message_id: int,
    tokens: Sequence[bytes],
    approval_id: UUID | None,
) -> None:
    """Write down which message buttons came with, and what it is about."""
    if tokens:
        await tx.execute(
            update(telegram_buttons)
            .where(telegram_buttons.c.token_sha256.in_(tokens))
            .values(message_id=message_id)
        )
    if approval_id is not None:
        await tx.execute(
            insert(telegram_messages).values(
                chat_id=chat.id,
                message_id=message_id,
                owner_id=chat.owner_id,
                approval_id=approval_id,
            )
        )


async def button_held(tx: AsyncConnection, token_sha256: bytes) -> StoredButton | None:
    """Return a button and hold its row until commit; None: there is none."""
    found = await tx.execute(
        select(telegram_buttons)
        .where(telegram_buttons.c.token_sha256 == token_sha256)
        .with_for_update()
    )
    row = found.one_or_none()
    if row is None:
        return None
    button = Button(
        action=Action(row.action),
        label="",
        expires_at=row.expires_at,
        subject=row.subject,
        digest=row.digest,
    )
    return StoredButton(
        button=button,
        destination_id=row.chat_id,
        message_id=row.message_id,
        used_by_update=row.used_by_update,
    )


async def use_message(tx: AsyncConnection, chat: Chat, *, message_id: int, update_id: int) -> None:
    """Use up all buttons of a message: one decision, whichever button it was."""
    await tx.execute(
        update(telegram_buttons)
        .where(
            telegram_buttons.c.chat_id == chat.id,
            telegram_buttons.c.message_id == message_id,
        )
        .values(used_by_update=update_id)
    )


async def messages_about(tx: AsyncConnection, chat: Chat, approval_id: UUID) -> Sequence[int]:
    """Return the ids of a chat's messages about an approval."""
    found = await tx.scalars(
        select(telegram_messages.c.message_id)
        .where(
            telegram_messages.c.chat_id == chat.id,
            telegram_messages.c.approval_id == approval_id,
        )
        .order_by(telegram_messages.c.message_id)
    )
    return found.all()


async def forget_message(tx: AsyncConnection, chat: Chat, message_id: int) -> None:
    """Forget a message that says how it ended: it is not edited again."""
    await tx.execute(
        delete(telegram_messages).where(
            telegram_messages.c.chat_id == chat.id, telegram_messages.c.message_id == message_id
        )
    )


async def forget_buttons(tx: AsyncConnection, before: datetime) -> int:
    """Delete the buttons that expired before a moment; return how many."""
    gone = await tx.execute(delete(telegram_buttons).where(telegram_buttons.c.expires_at < before))
    return gone.rowcount
