"""The one permission to send one order: decided here, by one compare-and-set, and nowhere else.

Expiry, revocation, halt and single use are all in the same statement, under the same row locks.
Whoever asks second is told why not; nobody is ever told yes twice.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.tables import accounts
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import REDUCING, CommandState
from countersign_server.execution.limits import limit_reached
from countersign_server.execution.store import command_of
from countersign_server.execution.tables import commands

# What may be granted in each trading state of the account.
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


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a bridge asks for, when."""

    command_id: UUID
    attempt: int
    nonce: bytes
    device_id: UUID
    valid_for: timedelta
    now: datetime


async def grant(  # noqa: PLR0913  # keyword-only values of one claim
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

    The same claim (same nonce) of the same attempt is answered the same, with the time left.
    """
    claim = _Claim(command_id, attempt, claim_nonce, device_id, valid_for, now)
    command = await _command(tx, account_id, command_id)
    if command is None:
        return Denied("NOT_FOUND")
    # The account's row first: it orders grants and halts, and counts the generation.
    account = (
        await tx.execute(
            select(
                accounts.c.trading_state,
                accounts.c.generation,
                accounts.c.max_commands_per_minute,
                accounts.c.max_open_positions,
            )
            .where(accounts.c.id == account_id)
            # Not against foreign keys, which fan-out checks for many accounts at once.
            .with_for_update(key_share=True)
        )
    ).one()
    halted = account.trading_state not in (MAY_REDUCE if command.kind in REDUCING else MAY_OPEN)
    limit = await _limit(tx, command, account, now)
    if limit is not None:
        return Denied(limit)
    if not halted:
        granted = await _compare_and_set(
            tx, claim, grant_id=random(16), generation=account.generation + 1
        )
        if granted is not None:
            return await _remember(tx, granted, valid_for, trace, now)
    current = await _command(tx, account_id, command_id)
    return _refusal(current or command, claim, halted=halted)


async def _limit(
    tx: AsyncConnection, command: Command, account: Row[Any, Any, Any, Any], now: datetime
) -> str | None:
    """Return the account's limit that the command would break; None: it breaks none."""
    if command.kind in REDUCING or command.state is not CommandState.OFFERED:
        return None
    return await limit_reached(
        tx,
        command.account_id,
        commands_per_minute=account.max_commands_per_minute,
        open_positions=account.max_open_positions,
        now=now,
    )


async def _compare_and_set(
    tx: AsyncConnection, claim: _Claim, *, grant_id: bytes, generation: int
) -> Command | None:
    """Return the command as granted, or None if something stands against it."""
    granted = await tx.execute(
        update(commands)
        .where(
            commands.c.id == claim.command_id,
            commands.c.attempt == claim.attempt,
            commands.c.state == CommandState.OFFERED,
            # The database's clock, read when the row is held: one clock for every server.
            commands.c.expires_at > func.clock_timestamp(),
            ~commands.c.cancel_asked,
        )
        .values(
            state=CommandState.GRANTED,
            grant_id=grant_id,
            claim_nonce=claim.nonce,
            granted_at=claim.now,
            updated_at=claim.now,
            device_id=claim.device_id,
            generation=generation,
            reason="",
        )
        .returning(commands)
    )
    row = granted.one_or_none()
    return command_of(row) if row else None


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


def _refusal(command: Command, claim: _Claim, *, halted: bool) -> Granted | Denied:
    """Return why a claim is refused, or the grant again if it is the very claim that got it."""
    if command.attempt != claim.attempt:
        return Denied("NOT_OFFERED")
    if command.granted_at is not None:
        left = command.granted_at + claim.valid_for - claim.now
        same_claim = command.claim_nonce == claim.nonce and command.state is CommandState.GRANTED
        still_holds = same_claim and left > timedelta(0)
        return _granted(command, left) if still_holds else Denied("ALREADY_GRANTED")
    return Denied(_why_not(command, claim.now, halted=halted))


def _why_not(command: Command, now: datetime, *, halted: bool) -> str:
    if command.state is CommandState.REVOKED or command.cancel_asked:
        return "REVOKED"
    if command.state is CommandState.EXPIRED or command.expires_at <= now:
        return "EXPIRED"
    if halted:
        return "HALTED"
    return "NOT_OFFERED" if command.state is not CommandState.OFFERED else "EXPIRED"


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
