"""What approvals ask of commands: make one, take it back, and what it opened."""

import os
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from countersign_server.approvals.commands_port import Exposure, Mandate
from countersign_server.audit.entries import Trace
from countersign_server.execution.book import Book
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import OPENING, UNGRANTED, CommandEvent, CommandState
from countersign_server.execution.tags import magic_of
from countersign_server.execution.transitions import advance, ask_to_cancel, entry_of
from countersign_server.identifiers import Random, uuid7


async def issue(
    book: Book, mandate: Mandate, trace: Trace, now: datetime, random: Random = os.urandom
) -> UUID:
    """Make the command of an approved mandate, with the tag its order will carry."""
    opening = None
    if mandate.opening_approval_id is not None:
        opening = await book.commands.of_approval(mandate.opening_approval_id, hold=True)
    command = _command(mandate, uuid7(now, random), opening.id if opening else None, now)
    await book.commands.add(command)
    facts = {
        "state": command.state,
        "intent_digest": command.intent_digest,
        "approval_id": command.approval_id,
        "expires_at": command.expires_at,
    }
    await book.record(entry_of(command, "command.approved", after=facts, trace=trace, now=now))
    return command.id


async def withdraw(
    book: Book, approval_id: UUID, reason: str, trace: Trace, now: datetime
) -> CommandState | None:
    """Take back the command of an approval.

    None: it is taken back, or there is none; otherwise where it stands: too late.
    """
    command = await book.commands.of_approval(approval_id, hold=True)
    if command is None or command.state is CommandState.REVOKED:
        return None
    if command.state in UNGRANTED:
        await advance(book, command, CommandEvent.REVOKE, trace=trace, now=now, reason=reason)
        return None
    if command.state is CommandState.GRANTED:
        # Too late to guarantee; the bridge may still drop it, and says so if it does.
        await ask_to_cancel(book, command, trace=trace, now=now, reason=reason)
    return command.state


async def exposure(book: Book, approval_id: UUID) -> Exposure | None:
    """Return what the command of an approval has at the broker; None: nothing."""
    # Read without holding it: whoever asks looks at many accounts, whose bridges must not wait.
    command = await book.commands.of_approval(approval_id, hold=False)
    if command is None or command.kind not in OPENING:
        return None
    open_volume = await open_volume_of(book, command)
    is_pending = (
        command.kind == "place" and command.state is CommandState.WORKING and not open_volume
    )
    if not command.filled_volume and not is_pending:
        return None
    return Exposure(command.id, command.kind, open_volume, is_pending)


async def open_volume_of(book: Book, command: Command) -> Decimal:
    """Return the lots that are still open of the position that a command opened."""
    if not command.position_id:
        return Decimal(0)
    found = await book.deals.open_volume(command.account_id, command.position_id)
    return max(found, Decimal(0))


def _command(
    mandate: Mandate, command_id: UUID, opening_command_id: UUID | None, now: datetime
) -> Command:
    return Command(
        id=command_id,
        owner_id=mandate.owner_id,
        account_id=mandate.account_id,
        signal_id=mandate.signal_id,
        approval_id=mandate.approval_id,
        kind=mandate.kind,
        state=CommandState.APPROVED,
        attempt=1,
        instrument=mandate.instrument,
        symbol=mandate.symbol,
        side=mandate.side,
        volume=mandate.volume,
        price_min=mandate.price_min,
        price_max=mandate.price_max,
        intent_text=mandate.intent_text,
        intent_digest=mandate.intent_digest,
        server_signature=mandate.server_signature,
        server_key_id=mandate.server_key_id,
        owner_signature=mandate.owner_signature,
        magic=magic_of(account_id=mandate.account_id, command_id=command_id, attempt=1),
        opening_command_id=opening_command_id,
        created_at=now,
        updated_at=now,
        expires_at=mandate.expires_at,
    )
