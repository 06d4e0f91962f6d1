"""Letting a bridge in: is it who it says, on the right account, and is nobody else there."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from countersign.v1 import execution_pb2 as pb, values_pb2
from countersign_server.accounts.account import Account
from countersign_server.audit.entries import Entry, Trace
from countersign_server.devices.wire import health_of
from countersign_server.errors import AccountMismatch, DeviceRevoked, Invalid, NotFound, SessionHeld
from countersign_server.execution.book import Book, Books
from countersign_server.execution.digests import recent_digests
from countersign_server.execution.lifecycle import OPEN, CommandEvent, is_possible
from countersign_server.execution.report import Reporter
from countersign_server.execution.reporting import remember
from countersign_server.execution.restored import agree_on_generation
from countersign_server.execution.transitions import advance
from countersign_server.execution.wire import symbol_message
from countersign_server.identifiers import Random
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
    book: Book,
    caller: Caller,
    hello: pb.Hello,
    *,
    lease_for: timedelta,
    holder: int = 0,
    trace: Trace,
    now: datetime,
    random: Random = secrets.token_bytes,
) -> Opened:
    """Take the account's lease for the device, and settle where its journal and our book differ.

    `holder` is the presence of this process: with it the lease ends when the process does.
    Raises DeviceRevoked, AccountMismatch, SessionHeld.
    """
    account_id = account_of(caller)
    account = await book.accounts.held(account_id)
    if account is None:
        raise NotFound("the device's account is gone", account_id=str(account_id))
    check_fingerprint(account, hello.account)
    await _check_in(book, caller, hello, now)
    epoch = random(16)
    if not await book.devices.take_lease(
        account_id=account_id,
        owner_id=caller.owner_id,
        device_id=caller.id,
        epoch=epoch,
        now=now,
        lasting=lease_for,
        holder=holder,
    ):
        raise SessionHeld("another bridge holds the account", account_id=str(account_id))
    generation = await agree_on_generation(
        book, account, hello.generation_seen, trace=trace, now=now
    )
    await _doubt_unresolved(book, account_id, hello, trace, now)
    await _note_connected(book, caller, account_id, hello, trace, now)
    return Opened(
        epoch=epoch,
        account_id=account_id,
        owner_id=caller.owner_id,
        device_id=caller.id,
        generation=generation,
        trading_state=account.trading_state,
        trading_cause=account.trading_cause,
        latch=account.latch,
        digests=await recent_digests(book, account_id),
        symbols=await mapped_symbols(book, account_id),
    )


async def _check_in(book: Book, caller: Caller, hello: pb.Hello, now: datetime) -> None:
    """Hold the device, and write down what it says of itself. Raises DeviceRevoked."""
    device = await book.devices.held(caller.id)
    if device is None or device.revoked_at is not None:
        raise DeviceRevoked("the device is revoked", device_id=str(caller.id))
    health = health_of(hello.terminal) if hello.HasField("terminal") else None
    await book.devices.touch(caller.id, now, agent_version=hello.agent_version, terminal=health)


async def _note_connected(  # noqa: PLR0913, PLR0917  # told apart by type
    book: Book, caller: Caller, account_id: UUID, hello: pb.Hello, trace: Trace, now: datetime
) -> None:
    """Write down that a bridge came, and what its guard holds: the guards of this side agree."""
    await book.record(_connected(caller, account_id, hello, trace, now))
    if not hello.HasField("guard"):
        return
    await remember(
        book,
        Reporter(account_id, caller.owner_id, caller.id, b"", trace),
        f"guard-held:{hello.instance_id}:{now.timestamp()}",
        kind="guard-held",
        command_id=None,
        body=hello.guard.SerializeToString(),
        event_time=now,
        now=now,
    )


async def close_session(books: Books, opened: Opened) -> None:
    """Give the lease back, so that the next bridge need not wait until it lapses."""
    async with books.transaction(opened.owner_id) as book:
        await book.devices.release_lease(opened.account_id, opened.epoch)


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


async def _doubt_unresolved(
    book: Book, account_id: UUID, hello: pb.Hello, trace: Trace, now: datetime
) -> None:
    """Whatever the bridge began and cannot say the end of is in doubt here as well."""
    for attempt in hello.unresolved:
        command = await book.commands.held(UUID(attempt.command_id), account_id=account_id)
        if command and command.state in OPEN and is_possible(command.state, CommandEvent.DOUBT):
            await advance(
                book, command, CommandEvent.DOUBT, trace=trace, now=now, reason="BRIDGE_RESTARTED"
            )


async def mapped_symbols(book: Book, account_id: UUID) -> list[pb.SymbolMapping]:
    """Return the symbols that the account trades, as its owner confirmed them, in name order."""
    return [symbol_message(mapped) for mapped in await book.accounts.symbols(account_id)]
