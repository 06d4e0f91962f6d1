"""A database that was restored from a backup: it has forgotten grants, and must give none twice.

Whatever was open when the backup was made may have been granted, sent and dealt since. All of it is
in doubt, and nothing of it is offered again.
"""

from datetime import UTC, datetime

from countersign_server.accounts.account import Account
from countersign_server.audit.entries import Entry, Trace
from countersign_server.execution.book import Book, Books
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import OPEN, CommandEvent, CommandState, is_possible
from countersign_server.execution.transitions import advance

_BATCH = 200
# Whatever the clocks said.
_EVER = datetime.max.replace(tzinfo=UTC)
_REASON = "SERVER_RESTORED"
_OPERATOR = Trace(actor="system:restored-start")
_UNDOUBTED = sorted(OPEN - {CommandState.IN_DOUBT})


async def quarantine(books: Books, *, now: datetime) -> int:
    """Put every command that is not over in doubt, and return how many there were.

    It ends by itself; a second time finds only what has been approved since.
    """
    moved = 0
    while batch := await _quarantine_some(books, now):
        moved += len(batch)
    return moved


async def _quarantine_some(books: Books, now: datetime) -> list[Command]:
    async with books.transaction(None) as book:
        # What another process holds is waited for: nothing may be left out.
        found = await book.commands.overdue(
            _UNDOUBTED, due="created_at", before=_EVER, limit=_BATCH, skip_held=False
        )
        return [await _doubt(book, command, _OPERATOR, now) for command in found]


async def agree_on_generation(
    book: Book, account: Account, seen: int, *, trace: Trace, now: datetime
) -> int:
    """Return the account's generation, once both sides agree on it.

    A bridge that has seen more grants than we remember proves that our database is older than its
    journal: whatever of the account is open is put in doubt.
    """
    ours = account.generation
    if seen <= ours:
        return ours
    for shown in await book.commands.not_over(account.id):
        # Held before it is judged: it may have been revoked or executed meanwhile.
        command = await book.commands.held(shown.id)
        if command and is_possible(command.state, CommandEvent.DOUBT):
            await _doubt(book, command, trace, now)
    await book.accounts.set_generation(account.id, seen)
    entry = Entry(
        kind="anomaly.GENERATION_BEHIND",
        subject=f"account:{account.id}",
        event_time=now,
        trace=trace,
        owner_id=account.owner_id,
        account_id=account.id,
        before={"generation": ours},
        after={"generation": seen},
    )
    await book.record(entry)
    return seen


async def _doubt(book: Book, command: Command, trace: Trace, now: datetime) -> Command:
    return await advance(book, command, CommandEvent.DOUBT, trace=trace, now=now, reason=_REASON)
