"""What guards ask of memory, in memory: the same answers as PostgreSQL's.

`tests/integration/test_guard_books_agree.py` holds the two against each other.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import TracebackType
from uuid import UUID

from countersign_guards.state import GuardState
from countersign_server.accounts.account import Account, TradingState
from countersign_server.accounts.kill_switch import KillSwitch, severity
from countersign_server.accounts.symbol import Quote
from countersign_server.audit.entries import Entry, Trace
from countersign_server.errors import NotFound
from countersign_server.execution.book import Book
from countersign_server.execution.lifecycle import OPENING, CommandState
from countersign_server.execution.report import Report
from countersign_server.guards.attempts import Origin, Outcome
from countersign_server.guards.records import Alert, Closing, Happening, Kept, KeptPolicy
from tests.simulation.memory_books import MemoryBooks
from tests.simulation.memory_tables import Open, record

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_OVERLAP = timedelta(seconds=30)
_TOLD = frozenset({"guard-held", "guard-acted", "guard-close"})
_BALANCE, _CREDIT = 2, 3  # MetaTrader's DEAL_TYPE
_UNSURE = ("", "in-doubt")


class MemoryGuards:
    """See `book.Guards`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx

    async def enlist(self) -> None:
        for snapshot in self._tx.tables.snapshots.values():
            self._make(snapshot.account_id, snapshot.owner_id)

    async def due(self, now: datetime, *, limit: int) -> Sequence[tuple[UUID, UUID]]:
        found = [
            (self._seen_at(one), one.account_id, one.owner_id)
            for one in self._tx.tables.guards.values()
            if self._tx.sees(one) and self._is_due(one, now)
        ]
        return [(account_id, owner_id) for _, account_id, owner_id in sorted(found)[:limit]]

    async def held(self, account_id: UUID, owner_id: UUID, *, wait: bool) -> Kept | None:
        _ = wait  # one transaction at a time
        self._make(account_id, owner_id)
        return await self.seen(account_id)

    async def seen(self, account_id: UUID) -> Kept | None:
        found = self._tx.tables.guards.get(account_id)
        return found if found is not None and self._tx.sees(found) else None

    async def changes(self, account_id: UUID) -> int:
        found = await self.seen(account_id)
        return found.changes if found else 0

    async def save(self, kept: Kept, now: datetime) -> None:
        self._tx.put(self._tx.tables.guards, kept.account_id, replace(kept, kept_at=now))

    async def policy(self, account_id: UUID, version: int) -> KeptPolicy | None:
        return self._tx.tables.guard_policies.get((account_id, version))

    async def told(self, account_id: UUID, since: datetime | None) -> Sequence[Report]:
        after = since - _OVERLAP if since else _EVER
        found = [
            one
            for one in self._tx.tables.reports.values()
            if one.kind in _TOLD and one.account_id == account_id and one.received_at > after
        ]
        return sorted(found, key=lambda one: (one.received_at, one.event_time))

    async def paid_in(self, account_id: UUID, balance: Decimal) -> Decimal | None:
        whole = paid = Decimal(0)
        for deal in self._tx.tables.deals.values():
            if deal.account_id != account_id or deal.type == _CREDIT:
                continue
            money = deal.profit + deal.commission + deal.swap + deal.fee
            whole += money
            paid += money if deal.type == _BALANCE else 0
        return paid if whole == balance else None

    def _make(self, account_id: UUID, owner_id: UUID) -> None:
        if account_id not in self._tx.tables.guards:
            made = Kept(account_id=account_id, owner_id=owner_id, state=GuardState())
            self._tx.put(self._tx.tables.guards, account_id, made)

    def _is_due(self, kept: Kept, now: datetime) -> bool:
        snapshot = self._tx.tables.snapshots.get(kept.account_id)
        is_new = snapshot is not None and snapshot.received_at > (kept.viewed_at or _EVER)
        return is_new or (kept.due_at is not None and kept.due_at <= now)

    def _seen_at(self, kept: Kept) -> datetime:
        snapshot = self._tx.tables.snapshots.get(kept.account_id)
        return snapshot.received_at if snapshot else datetime.max.replace(tzinfo=UTC)


class MemoryStory:
    """See `book.Story`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx

    async def add(self, happening: Happening) -> bool:
        key = (happening.account_id, happening.natural_key)
        if key in self._tx.tables.happenings:
            return False
        self._tx.put(self._tx.tables.happenings, key, happening)
        return True

    async def begin(self, alert: Alert) -> bool:
        key = (alert.account_id, alert.trip)
        if key in self._tx.tables.alerts:
            return False
        self._tx.put(self._tx.tables.alerts, key, alert)
        return True

    async def going_on(self, account_id: UUID) -> Alert | None:
        return max(self._going_on(account_id), key=lambda one: one.created_at, default=None)

    async def of_trip(self, account_id: UUID, trip: str) -> UUID | None:
        found = self._tx.tables.alerts.get((account_id, trip))
        return found.id if found else None

    async def end(self, account_id: UUID, now: datetime, *, trip: str | None = None) -> None:
        for one in self._going_on(account_id):
            if trip in (None, one.trip):
                ended = replace(one, ended_at=now)
                self._tx.put(self._tx.tables.alerts, (account_id, one.trip), ended)

    def _going_on(self, account_id: UUID) -> list[Alert]:
        return [
            one
            for one in self._tx.tables.alerts.values()
            if one.account_id == account_id and one.ended_at is None
        ]


class MemoryClosings:
    """See `book.Closings`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx

    async def add(self, closing: Closing) -> None:
        assert closing.id not in self._tx.tables.closings, "ids never repeat"
        self._tx.put(self._tx.tables.closings, closing.id, closing)

    async def save(self, closing: Closing) -> bool:
        before = self._tx.tables.closings.get(closing.id)
        if before is None:
            await self.add(closing)
            return True
        if closing.outcome in _UNSURE or before.outcome not in _UNSURE:
            return False
        after = replace(
            before,
            outcome=closing.outcome,
            reason=closing.reason,
            updated_at=closing.updated_at,
        )
        self._tx.put(self._tx.tables.closings, closing.id, after)
        return True

    async def outcomes(self, account_id: UUID, *, since: datetime) -> Sequence[Outcome]:
        found = [
            one
            for one in self._tx.tables.closings.values()
            if one.account_id == account_id and one.created_at >= since
        ]
        return [
            self._outcome(one) for one in sorted(found, key=lambda one: (one.created_at, one.id))
        ]

    async def is_wanted(self, account_id: UUID) -> bool:
        tables = self._tx.tables
        stopped = TradingState.FLATTENING in tables.halted_producers.values()
        return stopped or any(
            mandate.close_on_expiry
            for mandate in tables.mandates.values()
            if mandate.account_id == account_id
        )

    async def diverged(self, account_id: UUID) -> frozenset[int]:
        _ = account_id
        return frozenset()

    async def origins(self, account_id: UUID, *, magics: Collection[int]) -> Sequence[Origin]:
        tables = self._tx.tables
        tagged = {tables.tags.get((account_id, magic)) for magic in magics}
        return [
            Origin(
                command=one,
                producer_id=mandate.producer_id,
                producer_state=tables.halted_producers.get(mandate.producer_id),
                expires_at=mandate.expires_at,
                close_on_expiry=mandate.close_on_expiry,
            )
            for one in tables.commands.values()
            if one.account_id == account_id
            and one.kind in OPENING
            and (one.id in tagged or one.state is CommandState.WORKING)
            and one.approval_id is not None
            and (mandate := tables.mandates.get(one.approval_id)) is not None
        ]

    async def fingerprints(self, account_id: UUID, symbols: Collection[str]) -> Mapping[str, str]:
        told = self._tx.tables.told_symbols
        return {
            symbol: told[account_id, symbol].fingerprint
            for symbol in symbols
            if (account_id, symbol) in told
        }

    async def instrument(self, account_id: UUID, symbol: str) -> str | None:
        return next(
            (
                one.instrument
                for (account, _), one in self._tx.tables.symbols.items()
                if account == account_id and one.symbol == symbol
            ),
            None,
        )

    def _outcome(self, closing: Closing) -> Outcome:
        tables = self._tx.tables
        command = tables.commands.get(closing.command_id) if closing.command_id else None
        made = [
            one
            for one in tables.deals.values()
            if closing.magic and (one.account_id, one.magic) == (closing.account_id, closing.magic)
        ]
        money = [one.profit + one.commission + one.swap + one.fee for one in made]
        heard_at = command.updated_at if command else closing.updated_at
        return Outcome(
            closing=closing,
            state=command.state if command else None,
            settled=bool(command and command.settled_as),
            reason=(command.reason if command else "") or closing.reason,
            filled_volume=sum((one.volume for one in made), Decimal(0)),
            profit=sum(money, Decimal(0)) if made else None,
            heard_at=max(closing.updated_at, heard_at),
        )


class MemoryStandings:
    """See `book.Standings`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx

    async def seen(self, account_id: UUID) -> Account | None:
        found = self._tx.tables.accounts.get(account_id)
        return found if found is not None and self._tx.sees(found) else None

    async def set_trading_state(
        self, account_id: UUID, *, state: TradingState, cause: str, now: datetime, trace: Trace
    ) -> Account:
        before = await self.seen(account_id)
        if before is None:
            raise NotFound(f"no account {account_id}", account_id=str(account_id))
        if (before.trading_state, before.trading_cause) == (state, cause):
            return before
        after = self._set(before, state, cause, now)
        entry = Entry(
            kind="account.trading_state_changed",
            subject=f"account:{account_id}",
            event_time=now,
            trace=trace,
            owner_id=after.owner_id,
            account_id=account_id,
            before={"state": before.trading_state, "cause": before.trading_cause},
            after={"state": state, "cause": cause, "latch": after.latch},
        )
        record(self._tx, entry)
        return after

    async def hold_freer(
        self, state: TradingState, *, cause: str, now: datetime
    ) -> Sequence[Account]:
        return [
            self._set(one, state, cause, now)
            for one in list(self._tx.tables.accounts.values())
            if self._tx.sees(one) and severity(one.trading_state) < severity(state)
        ]

    async def quote(self, account_id: UUID, symbol: str) -> Quote | None:
        told = self._tx.tables.told_symbols.get((account_id, symbol))
        return told.quote if told else None

    def _set(self, before: Account, state: TradingState, cause: str, now: datetime) -> Account:
        after = replace(
            before,
            trading_state=state,
            trading_cause=cause,
            trading_since=now,
            latch=before.latch + 1,
        )
        self._tx.put(self._tx.tables.accounts, before.id, after)
        return after


class MemorySwitches:
    """See `book.Switches`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx

    async def holding(self) -> Sequence[KillSwitch]:
        found = [one for one in self._tx.tables.switches.values() if one.released_at is None]
        return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)

    async def seen(self, switch_id: UUID) -> KillSwitch | None:
        return self._tx.tables.switches.get(switch_id)

    async def held(self, switch_id: UUID) -> KillSwitch | None:
        return await self.seen(switch_id)

    async def add(self, switch: KillSwitch) -> None:
        self._tx.put(self._tx.tables.switches, switch.id, switch)

    async def release(self, switch_id: UUID, now: datetime) -> None:
        switches = self._tx.tables.switches
        self._tx.put(switches, switch_id, replace(switches[switch_id], released_at=now))

    async def set_producer_state(self, producer_id: UUID, state: TradingState) -> None:
        stopped = self._tx.tables.halted_producers
        if state is not TradingState.ACTIVE:
            self._tx.put(stopped, producer_id, state)
        elif producer_id in stopped:
            self._tx.remove(stopped, producer_id)

    async def have_all_looked_at(self, now: datetime) -> None:
        tables = self._tx.tables
        for account in tables.accounts.values():
            fresh = Kept(account_id=account.id, owner_id=account.owner_id, state=GuardState())
            kept = tables.guards.get(account.id, fresh)
            self._tx.put(tables.guards, account.id, replace(kept, due_at=now))


class MemoryGuardBook:
    """See `book.GuardBook`."""

    def __init__(self, execution: Book, tx: Open) -> None:
        self.execution = execution
        self.guards = MemoryGuards(tx)
        self.story = MemoryStory(tx)
        self.closings = MemoryClosings(tx)
        self.standings = MemoryStandings(tx)
        self.switches = MemorySwitches(tx)


class MemoryGuardBooks:
    """See `book.GuardBooks`. `begin` opens the transaction of execution's book."""

    def __init__(
        self, books: MemoryBooks, begin: Callable[[UUID | None], AbstractAsyncContextManager[Book]]
    ) -> None:
        self._books = books
        self._begin = begin

    def transaction(self, owner: UUID | None) -> "AbstractAsyncContextManager[MemoryGuardBook]":
        return _Transaction(self._books, self._begin(owner))


class _Transaction(AbstractAsyncContextManager[MemoryGuardBook]):
    def __init__(self, books: MemoryBooks, inner: AbstractAsyncContextManager[Book]) -> None:
        self._books = books
        self._inner = inner

    async def __aenter__(self) -> MemoryGuardBook:
        execution = await self._inner.__aenter__()
        assert self._books.open is not None
        return MemoryGuardBook(execution, self._books.open)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._inner.__aexit__(kind, error, trace)
