"""The one permission to send one order: decided here, by one compare-and-set, and nowhere else.

Expiry, revocation, halt and single use are all in the same statement, under the same row locks.
Whoever asks second is told why not; nobody is ever told yes twice.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from countersign_server.accounts.account import Account
from countersign_server.audit.entries import Trace
from countersign_server.execution.book import Book
from countersign_server.execution.claim import Claim
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import REDUCING, CommandState
from countersign_server.execution.limits import limit_reached
from countersign_server.execution.transitions import entry_of
from countersign_server.identifiers import Random

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


async def grant(
    book: Book, claim: Claim, *, trace: Trace, random: Random = secrets.token_bytes
) -> Granted | Denied:
    """Grant the attempt if nothing stands against it. The caller commits before anyone is told.

    The same claim (same nonce) of the same attempt is answered the same, with the time left.
    """
    command = await book.commands.seen(claim.command_id, account_id=claim.account_id)
    if command is None:
        return Denied("NOT_FOUND")
    # The account's row first: it orders grants and halts, and counts the generation.
    account = await book.accounts.held(claim.account_id)
    assert account is not None  # noqa: S101  # its command refers to it
    halted = account.trading_state not in (MAY_REDUCE if command.kind in REDUCING else MAY_OPEN)
    limit = await _limit(book, command, account, claim.now)
    if limit is not None:
        return Denied(limit)
    if not halted:
        granted = await book.commands.grant(
            claim, grant_id=random(16), generation=account.generation + 1
        )
        if granted is not None:
            return await _remember(book, granted, claim, trace)
    current = await book.commands.seen(claim.command_id, account_id=claim.account_id)
    held_back = await book.commands.held_back_by(command) is not None
    halted = halted or await book.commands.is_switched_off(command)
    return _refusal(current or command, claim, halted=halted, held_back=held_back)


async def _limit(book: Book, command: Command, account: Account, now: datetime) -> str | None:
    """Return the account's limit that the command would break; None: it breaks none."""
    if command.kind in REDUCING or command.state is not CommandState.OFFERED:
        return None
    return await limit_reached(book, command, account, now)


async def _remember(book: Book, command: Command, claim: Claim, trace: Trace) -> Granted:
    granted = _granted(command, claim.valid_for)
    await book.accounts.set_generation(command.account_id, granted.generation)
    facts = {
        "state": CommandState.GRANTED,
        "attempt": command.attempt,
        "grant_id": command.grant_id,
        "generation": command.generation,
        "magic": str(command.magic),
    }
    entry = entry_of(
        command,
        "command.granted",
        before={"state": CommandState.OFFERED},
        after=facts,
        trace=trace,
        now=claim.now,
    )
    await book.record(entry)
    return granted


def _refusal(command: Command, claim: Claim, *, halted: bool, held_back: bool) -> Granted | Denied:
    """Return why a claim is refused, or the grant again if it is the very claim that got it."""
    if command.attempt != claim.attempt:
        return Denied("NOT_OFFERED")
    if command.granted_at is not None:
        left = command.granted_at + claim.valid_for - claim.now
        same_claim = command.claim_nonce == claim.nonce and command.state is CommandState.GRANTED
        still_holds = same_claim and left > timedelta(0)
        return _granted(command, left) if still_holds else Denied("ALREADY_GRANTED")
    return Denied(_why_not(command, claim.now, halted=halted, held_back=held_back))


def _why_not(command: Command, now: datetime, *, halted: bool, held_back: bool) -> str:
    if command.state is CommandState.REVOKED or command.cancel_asked:
        return "REVOKED"
    if command.state is CommandState.EXPIRED or command.expires_at <= now:
        return "EXPIRED"
    if halted:
        return "HALTED"
    if command.state is not CommandState.OFFERED:
        return "NOT_OFFERED"
    return "HELD_BY_DOUBT" if held_back else "EXPIRED"


def _granted(command: Command, valid_for: timedelta) -> Granted:
    assert command.grant_id is not None  # noqa: S101  # a granted row has them; the schema's other states do not
    assert command.claim_nonce is not None  # noqa: S101
    assert command.generation is not None  # noqa: S101
    return Granted(command, command.grant_id, command.claim_nonce, command.generation, valid_for)
