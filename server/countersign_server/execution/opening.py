"""Letting a bridge in: is it who it says, on the right account, and is nobody else there."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2 as pb, values_pb2
from countersign_server.accounts.account import Account
from countersign_server.accounts.store import account_for_update
from countersign_server.accounts.tables import account_symbols, accounts
from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.devices.lease_store import take_lease
from countersign_server.devices.store import device_locked, touch
from countersign_server.devices.wire import health_of
from countersign_server.errors import AccountMismatch, DeviceRevoked, Invalid, NotFound, SessionHeld
from countersign_server.execution.digests import recent_digests
from countersign_server.execution.lifecycle import OPEN, CommandEvent, is_possible
from countersign_server.execution.store import advance, command_for_update, open_commands
from countersign_server.rpc.caller import Caller

MARGIN_MODES = {
    values_pb2.MARGIN_MODE_NETTING: "netting",
    values_pb2.MARGIN_MODE_EXCHANGE: "exchange",
    values_pb2.MARGIN_MODE_HEDGING: "hedging",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that may begin."""

    epoch: bytes
    account_id: UUID
    owner_id: UUID
    device_id: UUID
    generation: int
    trading_state: str
    trading_cause: str
    latch: int
    digests: list[pb.DealDigest]
    symbols: list[pb.SymbolMapping]


async def open_session(  # noqa: PLR0913  # three that are told apart by type, the rest by name
    tx: AsyncConnection,
    caller: Caller,
    hello: pb.Hello,
    *,
    lease_for: timedelta,
    trace: Trace,
    now: datetime,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> Opened:
    """Take the account's lease for the device, and settle where its journal and our book differ.

    Raises DeviceRevoked, AccountMismatch, SessionHeld.
    """
    account_id = account_of(caller)
    account = await account_for_update(tx, account_id)
    if account is None:
        raise NotFound("the device's account is gone", account_id=str(account_id))
    check_fingerprint(account, hello.account)
    device = await device_locked(tx, caller.id)
    if device is None or device.revoked_at is not None:
        raise DeviceRevoked("the device is revoked", device_id=str(caller.id))
    health = health_of(hello.terminal) if hello.HasField("terminal") else None
    await touch(tx, caller.id, now, agent_version=hello.agent_version, terminal=health)
    epoch = random(16)
    if not await take_lease(
        tx,
        account_id=account_id,
        owner_id=caller.owner_id,
        device_id=caller.id,
        epoch=epoch,
        now=now,
        timeout=lease_for,
    ):
        raise SessionHeld("another bridge holds the account", account_id=str(account_id))
    generation = await _agree_on_generation(tx, account, hello, trace, now)
    await _doubt_unresolved(tx, account_id, hello, trace, now)
    await record(tx, _connected(caller, account_id, hello, trace, now))
    return Opened(
        epoch=epoch,
        account_id=account_id,
        owner_id=caller.owner_id,
        device_id=caller.id,
        generation=generation,
        trading_state=account.trading_state,
        trading_cause=account.trading_cause,
        latch=account.latch,
        digests=await recent_digests(tx, account_id),
        symbols=await mapped_symbols(tx, account_id),
    )


def _connected(
    caller: Caller, account_id: UUID, hello: pb.Hello, trace: Trace, now: datetime
) -> Entry:
    return Entry(
        kind="device.connected",
        subject=f"device:{caller.id}",
        event_time=now,
        trace=trace,
        owner_id=caller.owner_id,
        account_id=account_id,
        after={"agent_version": hello.agent_version, "instance_id": hello.instance_id},
    )


def account_of(caller: Caller) -> UUID:
    """Return the account that a device serves."""
    if caller.account_id is None:
        raise Invalid("the token names no account")
    return caller.account_id


def check_fingerprint(account: Account, shown: values_pb2.AccountFingerprint) -> None:
    """Raise AccountMismatch unless the terminal shows the account itself.

    By login, server, currency and margin mode.
    """
    ours = (account.server, account.login, account.currency, account.margin_mode)
    theirs = (shown.server, shown.login, shown.currency, MARGIN_MODES.get(shown.margin_mode, ""))
    if ours != theirs:
        raise AccountMismatch(
            f"the terminal shows {theirs[1]}@{theirs[0]} {theirs[2]} {theirs[3]}; "
            f"the device is paired for {ours[1]}@{ours[0]} {ours[2]} {ours[3]}"
        )


async def _agree_on_generation(
    tx: AsyncConnection, account: Account, hello: pb.Hello, trace: Trace, now: datetime
) -> int:
    """Return the account's generation.

    A bridge that has seen more grants than we remember proves that our database is older than its
    journal: whatever is open may have been granted, so that it is in doubt and nothing of it is
    offered again.
    """
    ours = account.generation
    if hello.generation_seen <= ours:
        return ours
    for shown in await open_commands(tx, account.id):
        # Held before it is judged: it may have been revoked or executed meanwhile.
        command = await command_for_update(tx, shown.id)
        if command and is_possible(command.state, CommandEvent.DOUBT):
            await advance(
                tx, command, CommandEvent.DOUBT, trace=trace, now=now, reason="SERVER_RESTORED"
            )
    await tx.execute(
        update(accounts).where(accounts.c.id == account.id).values(generation=hello.generation_seen)
    )
    entry = Entry(
        kind="anomaly.GENERATION_BEHIND",
        subject=f"account:{account.id}",
        event_time=now,
        trace=trace,
        owner_id=account.owner_id,
        account_id=account.id,
        before={"generation": ours},
        after={"generation": hello.generation_seen},
    )
    await record(tx, entry)
    return hello.generation_seen


async def _doubt_unresolved(
    tx: AsyncConnection, account_id: UUID, hello: pb.Hello, trace: Trace, now: datetime
) -> None:
    """Whatever the bridge began and cannot say the end of is in doubt here as well."""
    for attempt in hello.unresolved:
        command = await command_for_update(tx, UUID(attempt.command_id), account_id=account_id)
        if command and command.state in OPEN and is_possible(command.state, CommandEvent.DOUBT):
            await advance(
                tx, command, CommandEvent.DOUBT, trace=trace, now=now, reason="BRIDGE_RESTARTED"
            )


async def mapped_symbols(tx: AsyncConnection, account_id: UUID) -> list[pb.SymbolMapping]:
    """Return the symbols that the account trades, as its owner confirmed them, in name order."""
    found = await tx.execute(
        select(
            account_symbols.c.instrument, account_symbols.c.symbol, account_symbols.c.fingerprint
        )
        .where(account_symbols.c.account_id == account_id)
        .order_by(account_symbols.c.instrument)
    )
    return [pb.SymbolMapping(instrument=row[0], symbol=row[1], fingerprint=row[2]) for row in found]
