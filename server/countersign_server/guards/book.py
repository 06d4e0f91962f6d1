"""What guards ask of memory: all that one transaction may read and change, beside execution's book.

As there, two kinds exist: PostgreSQL's, in `sql_book.py`, and the simulation's, in memory.
Decisions know this file only.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from countersign_server.accounts.account import Account, TradingState
from countersign_server.accounts.kill_switch import KillSwitch
from countersign_server.accounts.symbol import Quote
from countersign_server.audit.entries import Trace
from countersign_server.execution.book import Book
from countersign_server.execution.report import Report
from countersign_server.guards.attempts import Origin, Outcome
from countersign_server.guards.records import Alert, Closing, Happening, Kept, KeptPolicy


class Guards(Protocol):
    """Guards, what they go by, and what their bridges told. "Held": until the end."""

    async def enlist(self) -> None:
        """Give a guard to every account that was ever seen and has none."""
        ...

    async def due(self, now: datetime, *, limit: int) -> Sequence[tuple[UUID, UUID]]:
        """Return the accounts, with their owners, of which a guard has something to look at."""
        ...

    async def held(self, account_id: UUID, owner_id: UUID, *, wait: bool) -> Kept | None:
        """Return an account's guard, held, made if there was none.

        None: another process has it, which cannot be if this one waits.
        """
        ...

    async def seen(self, account_id: UUID) -> Kept | None:
        """Return a guard without holding it; None: the account was never seen."""
        ...

    async def changes(self, account_id: UUID) -> int:
        """Return how often latch or policy of an account's guard have changed."""
        ...

    async def save(self, kept: Kept, now: datetime) -> None: ...

    async def policy(self, account_id: UUID, version: int) -> KeptPolicy | None:
        """Return a policy that was set; None: there is none of that version."""
        ...

    async def told(self, account_id: UUID, since: datetime | None) -> Sequence[Report]:
        """Return what the bridge's guard told after `since`, and some that it told before."""
        ...

    async def paid_in(self, account_id: UUID, balance: Decimal) -> Decimal | None:
        """Return what was paid in less what was taken out; None: the deals are not the balance."""
        ...


class Story(Protocol):
    """What guards did, and their closings of everything."""

    async def add(self, happening: Happening) -> bool:
        """Keep what a guard did; False: it was kept before."""
        ...

    async def begin(self, alert: Alert) -> bool:
        """Keep that everything is to be closed; False: the trip is known, from either side."""
        ...

    async def going_on(self, account_id: UUID) -> Alert | None:
        """Return the newest closing of everything that goes on; None: none does."""
        ...

    async def of_trip(self, account_id: UUID, trip: str) -> UUID | None:
        """Return the alert of a trip; None: none was told of."""
        ...

    async def end(self, account_id: UUID, now: datetime, *, trip: str | None = None) -> None:
        """Say that the closing of a trip is over; None: that of each."""
        ...


class Closings(Protocol):
    """Attempts to close, and what they are made of."""

    async def add(self, closing: Closing) -> None: ...

    async def save(self, closing: Closing) -> bool:
        """Keep a closing of the bridge's own, whatever of it was kept; False: nothing is new.

        A result takes the place of an intent, and of a doubt; never the other way round.
        """
        ...

    async def outcomes(self, account_id: UUID, *, since: datetime) -> Sequence[Outcome]:
        """Return an account's closings since a moment, the oldest first."""
        ...

    async def is_wanted(self, account_id: UUID) -> bool:
        """Tell whether something but its own guard may want positions of an account closed."""
        ...

    async def diverged(self, account_id: UUID) -> frozenset[int]:
        """Return the identifiers of positions that a divergence wants closed."""
        ...

    async def origins(self, account_id: UUID, *, magics: Collection[int]) -> Sequence[Origin]:
        """Return our commands that opened what carries these tags, or that wait at the broker."""
        ...

    async def fingerprints(self, account_id: UUID, symbols: Collection[str]) -> Mapping[str, str]:
        """Return the fingerprints of symbols as the terminal told of them last."""
        ...

    async def instrument(self, account_id: UUID, symbol: str) -> str | None:
        """Return which instrument a broker's symbol is confirmed as; None: none."""
        ...


class Standings(Protocol):
    """What accounts may do, and the prices that they stand at."""

    async def seen(self, account_id: UUID) -> Account | None:
        """Return an account without holding it."""
        ...

    async def set_trading_state(
        self, account_id: UUID, *, state: TradingState, cause: str, now: datetime, trace: Trace
    ) -> Account:
        """Set what an account may do and why, tell the audit, and return the account.

        A repeat changes nothing. Raises NotFound.
        """
        ...

    async def hold_freer(
        self, state: TradingState, *, cause: str, now: datetime
    ) -> Sequence[Account]:
        """Set every account that is freer than `state` to it, and return those."""
        ...

    async def quote(self, account_id: UUID, symbol: str) -> Quote | None:
        """Return the newest price that the account's terminal has told of a symbol."""
        ...


class Switches(Protocol):
    """Kill switches."""

    async def holding(self) -> Sequence[KillSwitch]:
        """Return the switches that hold and that the transaction may see, newest first."""
        ...

    async def seen(self, switch_id: UUID) -> KillSwitch | None:
        """Return a switch without holding it; None: none is seen."""
        ...

    async def held(self, switch_id: UUID) -> KillSwitch | None:
        """Return a switch, released or not, and keep it until the end; None: none is seen."""
        ...

    async def add(self, switch: KillSwitch) -> None: ...

    async def release(self, switch_id: UUID, now: datetime) -> None: ...

    async def set_producer_state(self, producer_id: UUID, state: TradingState) -> None:
        """Say what its switches leave of a producer."""
        ...

    async def have_all_looked_at(self, now: datetime) -> None:
        """Have every account looked at, those that were never seen as well.

        Holds every guard, in the order in which all hold several, and before any account: whoever
        judges one has its guard first, and then its account.
        """
        ...


class GuardBook(Protocol):
    """One transaction: everything in it is kept at its end, or nothing of it."""

    @property
    def execution(self) -> Book:
        """Return what execution asks of the same transaction."""
        ...

    @property
    def guards(self) -> Guards: ...

    @property
    def story(self) -> Story: ...

    @property
    def closings(self) -> Closings: ...

    @property
    def standings(self) -> Standings: ...

    @property
    def switches(self) -> Switches: ...


class GuardBooks(Protocol):
    """Where transactions are opened."""

    def transaction(self, owner: UUID | None) -> AbstractAsyncContextManager[GuardBook]:
        """Open a transaction that sees the rows of one owner; None: those of all.

        It commits on leaving the block, or changes nothing on any exception.
        """
        ...
