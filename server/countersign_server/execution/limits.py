"""Limits of an account, whatever it follows: looked at under its lock when a command is granted."""

from datetime import datetime, timedelta

from countersign.v1 import execution_pb2 as pb
from countersign_server.accounts.account import Account
from countersign_server.execution.book import Book
from countersign_server.execution.command import Command

_MINUTE = timedelta(minutes=1)


async def limit_reached(
    book: Book, command: Command, account: Account, now: datetime
) -> str | None:
    """Return why the account may open nothing more now; None: it may."""
    pace = await book.opening_pace(command, now)
    if (reason := pace.limit_reached(account.limits)) is not None:
        return reason
    limits = account.limits
    if limits.max_commands_per_minute is not None:
        granted = await book.commands.count_granted(account.id, since=now - _MINUTE)
        if granted >= limits.max_commands_per_minute:
            return "COMMANDS_PER_MINUTE"
    if (
        limits.max_open_positions is not None
        and await _open_positions(book, account) >= limits.max_open_positions
    ):
        return "OPEN_POSITIONS"
    return None


async def _open_positions(book: Book, account: Account) -> int:
    """Return how many positions there are or may be: those shown last, and what came after."""
    shown = await book.accounts.snapshot(account.id)
    coming = await book.commands.count_coming(
        account.id, shown_at=shown.received_at if shown else None
    )
    positions = len(pb.AccountSnapshot.FromString(bytes(shown.body)).positions) if shown else 0
    return positions + coming
