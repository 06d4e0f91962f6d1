"""The one permission to send one order: decided here, by one compare-and-set, and nowhere else.

Expiry, revocation, halt and single use are all in the same statement, under the same row locks. Whoever asks second is
told why not; nobody is ever told yes twice.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.tables import accounts
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.store import Command, command_of
from countersign_server.execution.tables import commands

# What may be granted in each trading state of the account.
REDUCING = frozenset({"close", "partial-close", "cancel", "modify"})
MAY_OPEN = frozenset({"active", "warned"})
MAY_REDUCE = MAY_OPEN | {"close-only", "flattening"}


@dataclass(frozen=True, slots=True)
class Granted:
    """The permission, and how long it still holds counted from the moment the claim was sent."""

    command: Command
    grant_id: bytes
    claim_nonce: bytes
    generation: int
    valid_for: timedelta


@dataclass(frozen=True, slots=True)
class Denied:
    """Why not: a public, upper-case reason."""

    reason: str


async def grant(
    tx: AsyncConnection,
    *,
    account_id: UUID,
    command_id: UUID,
    attempt: int,
    claim_nonce: bytes,
    device_id: UUID,
    valid_for: timedelta,
    trace: Trace,
    now: datetime,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> Granted | Denied:
    """Grant the attempt if nothing stands against it. The caller commits before anyone is told.

    The same claim (same nonce) of the same attempt is answered the same, with the time that is left.
    """
    command = await _command(tx, account_id, command_id)
    if command is None:
        return Denied("NOT_FOUND")
    # The account's row first: it orders grants and halts, and counts the generation.
    account = (
        await tx.execute(
            select(accounts.c.trading_state, accounts.c.generation)
            .where(accounts.c.id == account_id)
            .with_for_update()
        )
    ).one()
    allowed = MAY_REDUCE if command.kind in REDUCING else MAY_OPEN
    if account.trading_state in allowed:
        granted = await tx.execute(
            update(commands)
            .where(
                commands.c.id == command_id,
                commands.c.attempt == attempt,
                commands.c.state == CommandState.OFFERED,
                # The database's clock, read when the row is held: one clock decides for every server.
                commands.c.expires_at > func.clock_timestamp(),
                ~commands.c.cancel_asked,
            )
            .values(
                state=CommandState.GRANTED,
                grant_id=random(16),
                claim_nonce=claim_nonce,
                granted_at=now,
                updated_at=now,
                device_id=device_id,
                generation=account.generation + 1,
                reason="",
            )
            .returning(commands)
        )
        row = granted.one_or_none()
        if row is not None:
            return await _remember(tx, command_of(row), valid_for, trace, now)
    current = await _command(tx, account_id, command_id)
    return _refusal(
        current or command, attempt, claim_nonce, allowed, account.trading_state, valid_for, now
    )


async def _remember(
    tx: AsyncConnection, command: Command, valid_for: timedelta, trace: Trace, now: datetime
) -> Granted:
    await tx.execute(
        update(accounts)
        .where(accounts.c.id == command.account_id)
        .values(generation=command.generation)
    )
    entry = Entry(
        kind="command.granted",
        subject=f"command:{command.id}",
        event_time=now,
        trace=trace,
        owner_id=command.owner_id,
        signal_id=command.signal_id,
        account_id=command.account_id,
        command_id=command.id,
        before={"state": CommandState.OFFERED},
        after={
            "state": CommandState.GRANTED,
            "attempt": command.attempt,
            "grant_id": command.grant_id,
            "generation": command.generation,
            "magic": str(command.magic),
        },
    )
    await record(tx, entry)
    return _granted(command, valid_for)


def _refusal(
    command: Command,
    attempt: int,
    claim_nonce: bytes,
    allowed: frozenset[str],
    trading_state: str,
    valid_for: timedelta,
    now: datetime,
) -> Granted | Denied:
    """Return why a claim is refused, or the grant again if it is the very claim that got it."""
    if command.attempt != attempt:
        return Denied("NOT_OFFERED")
    if command.granted_at is not None:
        left = command.granted_at + valid_for - now
        same_claim = command.claim_nonce == claim_nonce and command.state is CommandState.GRANTED
        return (
            _granted(command, left)
            if same_claim and left > timedelta(0)
            else Denied("ALREADY_GRANTED")
        )
    if command.state is CommandState.REVOKED or command.cancel_asked:
        return Denied("REVOKED")
    if command.state is CommandState.EXPIRED or command.expires_at <= now:
        return Denied("EXPIRED")
    if trading_state not in allowed:
        return Denied("HALTED")
    return Denied("NOT_OFFERED" if command.state is not CommandState.OFFERED else "EXPIRED")


def _granted(command: Command, valid_for: timedelta) -> Granted:
    assert command.grant_id is not None  # noqa: S101  # a granted row has them; the schema's other states do not
    assert command.claim_nonce is not None  # noqa: S101
    assert command.generation is not None  # noqa: S101
    return Granted(command, command.grant_id, command.claim_nonce, command.generation, valid_for)


async def _command(tx: AsyncConnection, account_id: UUID, command_id: UUID) -> Command | None:
    found = await tx.execute(
        select(commands).where(commands.c.id == command_id, commands.c.account_id == account_id)
    )
    row = found.one_or_none()
    return command_of(row) if row else None
