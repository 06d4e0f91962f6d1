"""What execution asks of memory: all that one transaction may read and change.

Two kinds of books exist: PostgreSQL's, in `sql_book.py`, and the simulation's, in memory. Decisions
know this file only, so that what is simulated is what runs.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol
from uuid import UUID

from countersign_server.accounts.account import Account, Snapshot
from countersign_server.accounts.symbol import Quote, SymbolProperties
from countersign_server.audit.entries import Entry, Trace
from countersign_server.devices.device import Device, TerminalHealth
from countersign_server.execution.claim import Claim
from countersign_server.execution.command import Command
from countersign_server.execution.deal import Deal
from countersign_server.execution.glance import Glance
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.opening_pace import OpeningPace
from countersign_server.execution.presumption import Doubt
from countersign_server.execution.report import Report
from countersign_server.execution.settlement import Settlement
from countersign_server.execution.symbols import MappedSymbol

# Wakes whoever waits for one of the topics. It never raises and never waits.
Ring = Callable[..., None]

# A moment of a command by which something is overdue.
Due = Literal["created_at", "expires_at", "granted_at"]


class Commands(Protocol):
    """The commands that the transaction may see. "Held": nobody else changes it until the end."""

    async def add(self, command: Command) -> None:
        """Store a new command, and its tag for ever."""
        ...

    async def seen(self, command_id: UUID, *, account_id: UUID) -> Command | None:
        """Return a command of the account without holding it; None: there is none."""
        ...

    async def held(self, command_id: UUID, *, account_id: UUID | None = None) -> Command | None:
        """Return a command, held; None: there is none, or it is not the account's."""
        ...

    async def of_approval(self, approval_id: UUID, *, hold: bool) -> Command | None:
        """Return the command that an approval led to; None: it led to none."""
        ...

    async def tagged(self, account_id: UUID, magic: int) -> Command | None:
        """Return the command whose order carries the tag, held; None: it is not ours."""
        ...

    async def not_over(self, account_id: UUID) -> Sequence[Command]:
        """Return the account's commands that are not over, oldest first.

        One that is presumed not executed is not over until a person has settled it.
        """
        ...

    async def change(self, command: Command, changes: Mapping[str, Any]) -> Command | None:
        """Change fields of a command and return it as it now stands.

        None: its state is no longer the one of `command`, and nothing is changed.
        """
        ...

    async def offer(self, ids: Sequence[UUID], now: datetime) -> Sequence[Command]:
        """Mark commands as offered, and return those that may still be, oldest first.

        Those are approved or offered, by the book's own clock not past their time, and nobody wants
        them dropped.
        """
        ...

    async def grant(self, claim: Claim, *, grant_id: bytes, generation: int) -> Command | None:
        """Grant the attempt in one compare-and-set; None: something stands against it.

        The attempt, the offer, the expiry by the book's own clock, a wish to cancel, a doubt that
        holds openings back, a switch on the producer and single use are decided here together, and
        nowhere else.
        """
        ...

    async def held_back_by(self, command: Command) -> UUID | None:
        """Return a command in doubt that holds an opening back; None: none does."""
        ...

    async def is_switched_off(self, command: Command) -> bool:
        """Tell whether a kill switch on its producer keeps a command from being granted."""
        ...

    async def closing(self, settlement_id: UUID) -> Command | None:
        """Return the close that a person's word led to; None: it led to none."""
        ...

    async def closes_of(self, command_id: UUID) -> Sequence[Command]:
        """Return the closes that people asked for of what a command in doubt may have opened."""
        ...

    async def overdue(
        self,
        state: Sequence[CommandState],
        *,
        due: Due,
        before: datetime,
        limit: int,
        skip_held: bool = True,
    ) -> Sequence[Command]:
        """Return commands in a state whose moment is not after `before`, held.

        Those that others hold are left to them, or waited for if not `skip_held`.
        """
        ...

    async def doubts_without_trace(
        self, *, after: UUID, before: datetime, limit: int
    ) -> Sequence[Doubt]:
        """Return commands in doubt since `before` of which no evidence shows a trace, by id."""
        ...

    async def count_granted(self, account_id: UUID, *, since: datetime) -> int:
        """Return how many of the account's commands were granted after `since`."""
        ...

    async def count_coming(self, account_id: UUID, *, shown_at: datetime | None) -> int:
        """Return how many positions or orders may have come since a snapshot; None: none was."""
        ...


class Reports(Protocol):
    """What devices have reported."""

    async def add(self, report: Report) -> bool:
        """Keep a report; False: one of the account with its natural key was kept before."""
        ...

    async def count_anomaly(self, account_id: UUID, owner_id: UUID, *, hour: datetime) -> int:
        """Count one more anomaly of the account, and return how many there are in its hour."""
        ...

    async def newest_evidence(self, command: Command) -> Report | None:
        """Return what the command's terminal showed of it last; None: nothing."""
        ...


class Settlements(Protocol):
    """What people have said of commands in doubt."""

    async def add(self, settlement: Settlement) -> None: ...

    async def named(self, settlement_id: UUID) -> Settlement | None:
        """Return a settlement; None: there is none of that name."""
        ...


class Deals(Protocol):
    """Every deal, once."""

    async def add(self, deal: Deal) -> bool:
        """Keep a deal; False: the account's deal of this ticket was kept before."""
        ...

    async def cancel(self, deal: Deal) -> Deal | None:
        """Let a kept deal be cancelled, as `deal` shows it, and return it as it was.

        None: it was cancelled before. Its command, volume and price stay.
        """
        ...

    async def fills(self, command_id: UUID) -> Sequence[tuple[Decimal, Decimal]]:
        """Return the volume and price of each deal of a command."""
        ...

    async def open_volume(self, account_id: UUID, position_id: int) -> Decimal:
        """Return the lots that came in less those that went out of a position."""
        ...

    async def newest_ms(self, account_id: UUID) -> int | None:
        """Return when the newest deal was, in the broker's milliseconds; None: there is none."""
        ...

    async def tickets(self, account_id: UUID, *, first_ms: int, end_ms: int) -> Sequence[int]:
        """Return the tickets of the deals from `first_ms` to before `end_ms`."""
        ...

    async def tickets_by_day(
        self, account_id: UUID, *, since_ms: int, limit: int
    ) -> Mapping[int, Sequence[int]]:
        """Return the tickets of each day that has any, by days since 1970, both ascending."""
        ...


class Accounts(Protocol):
    """Accounts as execution needs them."""

    async def held(self, account_id: UUID) -> Account | None:
        """Return an account, held: grants and halts come one after another."""
        ...

    async def set_generation(self, account_id: UUID, generation: int) -> None: ...

    async def symbols(self, account_id: UUID) -> Sequence[MappedSymbol]:
        """Return the symbols that the account trades as its owner confirmed them, in name order."""
        ...

    async def snapshot(self, account_id: UUID) -> Snapshot | None:
        """Return what the terminal showed last; None: nothing yet."""
        ...

    async def save_snapshot(self, snapshot: Snapshot) -> bool:
        """Keep the account's newest snapshot; False: a newer one of its session is kept."""
        ...

    async def save_symbol_report(  # noqa: PLR0913  # a report, whose it is, and who sent it when
        self,
        *,
        owner_id: UUID,
        account_id: UUID,
        properties: Sequence[SymbolProperties],
        quotes: Sequence[Quote],
        now: datetime,
        trace: Trace,
    ) -> Sequence[str]:
        """Keep what the terminal says of symbols; return the instruments that it made disagree."""
        ...


class Devices(Protocol):
    """Bridges, and which of them holds an account."""

    async def held(self, device_id: UUID) -> Device | None: ...

    async def touch(
        self,
        device_id: UUID,
        now: datetime,
        *,
        agent_version: str | None = None,
        terminal: TerminalHealth | None = None,
    ) -> None:
        """Write down that a device was heard of, and what it said of itself; None: nothing."""
        ...

    async def take_lease(  # noqa: PLR0913  # a lease has this many parts
        self,
        *,
        account_id: UUID,
        owner_id: UUID,
        device_id: UUID,
        epoch: bytes,
        now: datetime,
        lasting: timedelta,
        holder: int = 0,
    ) -> bool:
        """Take or renew the account's lease; False: another session's holds.

        It holds until it lapses, or until the process whose presence is its `holder` is gone.
        """
        ...

    async def renew_lease(
        self,
        account_id: UUID,
        epoch: bytes,
        now: datetime,
        *,
        lasting: timedelta,
        holder: int = 0,
    ) -> bool:
        """Hold the lease on; False: it has lapsed or was ended, and the session is over."""
        ...

    async def release_lease(self, account_id: UUID, epoch: bytes) -> None:
        """End the session's own lease."""
        ...

    async def holds_lease(self, account_id: UUID, epoch: bytes, now: datetime) -> bool:
        """Tell whether the session holds the lease; if it does, it holds it until commit."""
        ...


class Book(Protocol):
    """One transaction: everything in it is kept at its end, or nothing of it."""

    @property
    def commands(self) -> Commands: ...

    @property
    def reports(self) -> Reports: ...

    @property
    def settlements(self) -> Settlements: ...

    @property
    def deals(self) -> Deals: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def devices(self) -> Devices: ...

    async def glance(self, account_id: UUID) -> Glance:
        """Return what there is to tell an account's bridge, without holding any of it."""
        ...

    async def opening_pace(self, command: Command, now: datetime) -> OpeningPace:
        """Return how fast the account of an opening, and its owner, have come to open.

        Grants to accounts of one owner that has limits come one after another from here on.
        """
        ...

    async def record(self, *entries: Entry) -> None:
        """Write audit entries, in the order given."""
        ...


class Books(Protocol):
    """Where transactions are opened."""

    def transaction(self, owner: UUID | None) -> AbstractAsyncContextManager[Book]:
        """Open a transaction that sees the rows of one owner; None: those of all.

        It commits on leaving the block, or changes nothing on any exception. Raises Invalid for a
        value that can never be stored.
        """
        ...
