"""A book in memory: the same answers as PostgreSQL's, with nothing to wait for.

`tests/integration/test_execution_books_agree.py` holds the two against each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from countersign.v1 import execution_pb2 as pb
from countersign_server.accounts.account import Account, OwnerLimits, Snapshot
from countersign_server.accounts.fingerprints import symbol_fingerprint
from countersign_server.accounts.symbol import Quote, SymbolProperties
from countersign_server.audit.entries import Entry, Trace
from countersign_server.devices.device import Device, TerminalHealth
from countersign_server.execution.book import Due
from countersign_server.execution.claim import Claim
from countersign_server.execution.command import Command
from countersign_server.execution.deal import CANCELED, CHANGED_BY_CANCELING, Deal
from countersign_server.execution.glance import Glance
from countersign_server.execution.lifecycle import (
    DOUBTFUL,
    OPEN,
    OPENING,
    REDUCING,
    UNGRANTED,
    CommandState,
)
from countersign_server.execution.opening_pace import MINUTE, SECOND, OpeningPace
from countersign_server.execution.presumption import Doubt
from countersign_server.execution.report import FOUND, Report
from countersign_server.execution.settlement import Settlement
from countersign_server.execution.symbols import MappedSymbol
from countersign_server.execution.trading import Trading
from tests.simulation.memory_tables import (
    ConstraintBroken,
    Lease,
    Open,
    ToldSymbol,
    check_storable,
    record,
)

_DAY_MS = 86_400_000
_MAY_COME = frozenset({CommandState.GRANTED, CommandState.WORKING, CommandState.IN_DOUBT})
_DONE = frozenset({CommandState.EXECUTED, CommandState.PARTIAL})


class MemoryCommands:
    """See `book.Commands`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx

    async def add(self, command: Command) -> None:
        check_storable(command)
        assert command.id not in self._tx.tables.commands, "ids never repeat"
        for other in self._tx.tables.commands.values():
            if command.approval_id is not None and command.approval_id == other.approval_id:
                raise ConstraintBroken("one_command_per_approval")
        if (command.account_id, command.magic) in self._tx.tables.tags:
            raise ConstraintBroken("one_command_per_magic")
        self._tx.put(self._tx.tables.commands, command.id, command)
        self._tx.put(self._tx.tables.tags, (command.account_id, command.magic), command.id)

    async def seen(self, command_id: UUID, *, account_id: UUID) -> Command | None:
        return self._found(command_id, account_id)

    async def held(self, command_id: UUID, *, account_id: UUID | None = None) -> Command | None:
        return self._found(command_id, account_id)

    async def of_approval(self, approval_id: UUID, *, hold: bool) -> Command | None:
        return next((one for one in self._seen() if one.approval_id == approval_id), None)

    async def tagged(self, account_id: UUID, magic: int) -> Command | None:
        command_id = self._tx.tables.tags.get((account_id, magic))
        return self._found(command_id, None) if command_id else None

    async def not_over(self, account_id: UUID) -> Sequence[Command]:
        return _by_age(
            one
            for one in self._seen()
            if one.account_id == account_id and (one.state in OPEN or _is_unsettled(one))
        )

    async def change(self, command: Command, changes: Mapping[str, Any]) -> Command | None:
        current = self._found(command.id, None)
        if current is None or current.state != command.state:
            return None
        return self._put(replace(current, **changes))

    async def offer(self, ids: Sequence[UUID], now: datetime) -> Sequence[Command]:
        clock = self._tx.clock()
        return _by_age(
            [
                self._put(
                    replace(
                        one,
                        state=CommandState.OFFERED,
                        offered_at=one.offered_at or now,
                        updated_at=now,
                    )
                )
                for one in self._seen()
                if one.id in ids
                and one.state in UNGRANTED
                and one.expires_at > clock
                and not one.cancel_asked
            ]
        )

    async def grant(self, claim: Claim, *, grant_id: bytes, generation: int) -> Command | None:
        command = self._found(claim.command_id, None)
        if (
            command is None
            or command.attempt != claim.attempt
            or command.state is not CommandState.OFFERED
            or command.expires_at <= self._tx.clock()
            or command.cancel_asked
            or self._holder(command)
        ):
            return None
        if any(one.grant_id == grant_id for one in self._tx.tables.commands.values()):
            raise ConstraintBroken("one_command_per_grant")
        granted = replace(
            command,
            state=CommandState.GRANTED,
            grant_id=grant_id,
            claim_nonce=claim.nonce,
            granted_at=claim.now,
            updated_at=claim.now,
            device_id=claim.device_id,
            generation=generation,
            reason="",
        )
        return self._put(granted)

    async def held_back_by(self, command: Command) -> UUID | None:
        return self._holder(command)

    async def is_switched_off(self, command: Command) -> bool:
        return False  # nobody pulls switches here

    async def closing(self, settlement_id: UUID) -> Command | None:
        return next((one for one in self._seen() if one.settlement_id == settlement_id), None)

    async def closes_of(self, command_id: UUID) -> Sequence[Command]:
        said = self._tx.tables.settlements
        return _by_age(
            one
            for one in self._seen()
            if one.settlement_id and said[one.settlement_id].command_id == command_id
        )

    async def overdue(
        self,
        state: Sequence[CommandState],
        *,
        due: Due,
        before: datetime,
        limit: int,
        skip_held: bool = True,
    ) -> Sequence[Command]:
        found = [
            one
            for one in self._seen()
            if one.state in state
            and (getattr(one, due) or datetime.max.replace(tzinfo=before.tzinfo)) <= before
        ]
        return sorted(found, key=lambda one: (getattr(one, due), one.id))[:limit]

    async def doubts_without_trace(
        self, *, after: UUID, before: datetime, limit: int
    ) -> Sequence[Doubt]:
        found = (
            self._doubt(one)
            for one in sorted(self._seen(), key=lambda one: one.id)
            if one.state is CommandState.IN_DOUBT and one.updated_at <= before and one.id > after
        )
        return [doubt for doubt in found if doubt is not None][:limit]

    async def count_granted(self, account_id: UUID, *, since: datetime) -> int:
        return sum(
            one.account_id == account_id and one.granted_at is not None and one.granted_at > since
            for one in self._seen()
        )

    async def count_coming(self, account_id: UUID, *, shown_at: datetime | None) -> int:
        return sum(
            one.state in _MAY_COME
            or (one.state in _DONE and (shown_at is None or one.updated_at > shown_at))
            for one in self._seen()
            if one.account_id == account_id and one.kind not in REDUCING
        )

    def _doubt(self, command: Command) -> Doubt | None:
        evidence = [
            one
            for one in self._tx.tables.reports.values()
            if one.command_id == command.id
            and one.account_id == command.account_id
            and one.kind == "evidence"
        ]
        if not evidence or any(one.outcome == FOUND for one in evidence):
            return None
        newest = max(
            evidence, key=lambda one: (min(one.event_time, one.received_at), one.natural_key)
        )
        return Doubt(
            command.id,
            command.granted_at or command.updated_at,
            pb.Evidence.FromString(newest.body),
            min(newest.event_time, newest.received_at),
        )

    def _holder(self, opening: Command) -> UUID | None:
        if opening.kind not in OPENING:
            return None
        return min(
            (
                one.id
                for one in self._tx.tables.commands.values()
                if _is_unsettled(one)
                and (one.account_id, one.symbol, one.side)
                == (opening.account_id, opening.symbol, opening.side)
            ),
            default=None,
        )

    def _seen(self) -> list[Command]:
        return [one for one in self._tx.tables.commands.values() if self._tx.sees(one)]

    def _found(self, command_id: UUID, account_id: UUID | None) -> Command | None:
        found = self._tx.tables.commands.get(command_id)
        if found is None or not self._tx.sees(found):
            return None
        return found if account_id in (None, found.account_id) else None

    def _put(self, command: Command) -> Command:
        check_storable(command)
        self._tx.put(self._tx.tables.commands, command.id, command)
        return command


class MemoryReports:
    """See `book.Reports`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx

    async def add(self, report: Report) -> bool:
        check_storable(report)
        key = (report.account_id, report.natural_key)
        if key in self._tx.tables.reports:
            return False
        self._tx.put(self._tx.tables.reports, key, report)
        return True

    async def count_anomaly(self, account_id: UUID, owner_id: UUID, *, hour: datetime) -> int:
        before = self._tx.tables.anomalies.get(account_id)
        count = before[1] + 1 if before and before[0] == hour else 1
        self._tx.put(self._tx.tables.anomalies, account_id, (hour, count))
        return count

    async def newest_evidence(self, command: Command) -> Report | None:
        return max(
            (
                one
                for one in self._tx.tables.reports.values()
                if one.command_id == command.id
                and one.account_id == command.account_id
                and one.kind == "evidence"
            ),
            key=lambda one: (min(one.event_time, one.received_at), one.natural_key),
            default=None,
        )


class MemorySettlements:
    """See `book.Settlements`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx

    async def add(self, settlement: Settlement) -> None:
        check_storable(settlement)
        self._tx.put(self._tx.tables.settlements, settlement.id, settlement)

    async def named(self, settlement_id: UUID) -> Settlement | None:
        found = self._tx.tables.settlements.get(settlement_id)
        return found if found is not None and self._tx.sees(found) else None


class MemoryDeals:
    """See `book.Deals`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx

    async def add(self, deal: Deal) -> bool:
        check_storable(deal)
        key = (deal.account_id, deal.ticket)
        if key in self._tx.tables.deals:
            return False
        self._tx.put(self._tx.tables.deals, key, deal)
        return True

    async def cancel(self, deal: Deal) -> Deal | None:
        check_storable(deal)
        key = (deal.account_id, deal.ticket)
        before = self._tx.tables.deals.get(key)
        if before is None or before.type not in CANCELED:
            return None
        shown = {name: getattr(deal, name) for name in CHANGED_BY_CANCELING}
        self._tx.put(self._tx.tables.deals, key, replace(before, **shown))
        return before

    async def fills(self, command_id: UUID) -> Sequence[tuple[Decimal, Decimal]]:
        return [(one.volume, one.price) for one in self._seen() if one.command_id == command_id]

    async def open_volume(self, account_id: UUID, position_id: int) -> Decimal:
        return sum(
            (
                one.volume if one.entry == "in" else -one.volume
                for one in self._seen()
                if one.account_id == account_id
                and one.position_id == position_id
                and one.entry in {"in", "out", "out-by"}
            ),
            Decimal(0),
        )

    async def newest_ms(self, account_id: UUID) -> int | None:
        return max(
            (one.broker_time_ms for one in self._seen() if one.account_id == account_id),
            default=None,
        )

    async def tickets(self, account_id: UUID, *, first_ms: int, end_ms: int) -> Sequence[int]:
        return [
            one.ticket
            for one in self._seen()
            if one.account_id == account_id and first_ms <= one.broker_time_ms < end_ms
        ]

    async def tickets_by_day(
        self, account_id: UUID, *, since_ms: int, limit: int
    ) -> Mapping[int, Sequence[int]]:
        found = sorted(
            (one.broker_time_ms // _DAY_MS, one.ticket)
            for one in self._seen()
            if one.account_id == account_id and one.broker_time_ms >= since_ms
        )
        by_day: dict[int, list[int]] = {}
        for day, ticket in found[:limit]:
            by_day.setdefault(day, []).append(ticket)
        return by_day

    def _seen(self) -> list[Deal]:
        return [one for one in self._tx.tables.deals.values() if self._tx.sees(one)]


class MemoryAccounts:
    """See `book.Accounts`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx

    async def held(self, account_id: UUID) -> Account | None:
        found = self._tx.tables.accounts.get(account_id)
        return found if found is not None and self._tx.sees(found) else None

    async def set_generation(self, account_id: UUID, generation: int) -> None:
        account = self._tx.tables.accounts[account_id]
        self._tx.put(self._tx.tables.accounts, account_id, replace(account, generation=generation))

    async def symbols(self, account_id: UUID) -> Sequence[MappedSymbol]:
        found = [one for key, one in self._tx.tables.symbols.items() if key[0] == account_id]
        return sorted(found, key=lambda one: one.instrument)

    async def snapshot(self, account_id: UUID) -> Snapshot | None:
        return self._tx.tables.snapshots.get(account_id)

    async def save_snapshot(self, snapshot: Snapshot) -> bool:
        kept = self._tx.tables.snapshots.get(snapshot.account_id)
        if (
            kept is not None
            and kept.session_epoch == snapshot.session_epoch
            and kept.revision >= snapshot.revision
        ):
            return False
        self._tx.put(self._tx.tables.snapshots, snapshot.account_id, snapshot)
        return True

    async def save_symbol_report(  # noqa: PLR0913  # as the book has it
        self,
        *,
        owner_id: UUID,
        account_id: UUID,
        properties: Sequence[SymbolProperties],
        quotes: Sequence[Quote],
        now: datetime,
        trace: Trace,
    ) -> Sequence[str]:
        agreed = self._agreeing(account_id)
        prices = {quote.symbol: quote for quote in quotes}
        for one in properties:
            before = self._tx.tables.told_symbols.get((account_id, one.symbol))
            quote, old = prices.get(one.symbol), before.quote if before else None
            if quote is None or (old is not None and old.quoted_at > quote.quoted_at):
                quote = old
            told = ToldSymbol(owner_id, one, symbol_fingerprint(one), quote)
            self._tx.put(self._tx.tables.told_symbols, (account_id, one.symbol), told)
        changed = sorted(agreed - self._agreeing(account_id))
        for instrument in changed:
            entry = Entry(
                kind="symbol.changed",
                subject=f"account:{account_id}",
                event_time=now,
                trace=trace,
                owner_id=owner_id,
                account_id=account_id,
                after={"instrument": instrument},
            )
            record(self._tx, entry)
        return changed

    def _agreeing(self, account_id: UUID) -> set[str]:
        told = self._tx.tables.told_symbols
        return {
            mapped.instrument
            for (account, _), mapped in self._tx.tables.symbols.items()
            if account == account_id
            and (
                (account_id, mapped.symbol) not in told
                or told[account_id, mapped.symbol].fingerprint == mapped.fingerprint
            )
        }


class MemoryDevices:
    """See `book.Devices`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx

    async def held(self, device_id: UUID) -> Device | None:
        found = self._tx.tables.devices.get(device_id)
        if found is None or not self._tx.sees(found):
            return None
        leases = self._tx.tables.leases.values()
        lease = next((one for one in leases if one.device_id == device_id), None)
        return replace(found, lease_expires_at=lease.expires_at if lease else None)

    async def touch(
        self,
        device_id: UUID,
        now: datetime,
        *,
        agent_version: str | None = None,
        terminal: TerminalHealth | None = None,
    ) -> None:
        device = self._tx.tables.devices[device_id]
        touched = replace(
            device,
            last_seen_at=now,
            agent_version=device.agent_version if agent_version is None else agent_version,
            terminal=device.terminal if terminal is None else terminal,
        )
        self._tx.put(self._tx.tables.devices, device_id, touched)

    async def take_lease(  # noqa: PLR0913  # as the book has it
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
        device = self._tx.tables.devices.get(device_id)
        if (
            device is None
            or (device.account_id, device.owner_id) != (account_id, owner_id)
            or device.revoked_at is not None
        ):
            return False
        lease = self._tx.tables.leases.get(account_id)
        its_own = lease is not None and (lease.epoch, lease.device_id) == (epoch, device_id)
        is_gone = lease is not None and lease.holder and not self._tx.is_present(lease.holder)
        if lease is not None and lease.expires_at > now and not its_own and not is_gone:
            return False
        taken = Lease(owner_id, device_id, epoch, now + lasting, holder)
        self._tx.put(self._tx.tables.leases, account_id, taken)
        return True

    async def renew_lease(
        self,
        account_id: UUID,
        epoch: bytes,
        now: datetime,
        *,
        lasting: timedelta,
        holder: int = 0,
    ) -> bool:
        lease = self._tx.tables.leases.get(account_id)
        if lease is None or lease.epoch != epoch or lease.expires_at <= now:
            return False
        renewed = replace(lease, expires_at=now + lasting, holder=holder)
        self._tx.put(self._tx.tables.leases, account_id, renewed)
        return True

    async def release_lease(self, account_id: UUID, epoch: bytes) -> None:
        lease = self._tx.tables.leases.get(account_id)
        if lease is not None and lease.epoch == epoch:
            self._tx.remove(self._tx.tables.leases, account_id)

    async def holds_lease(self, account_id: UUID, epoch: bytes, now: datetime) -> bool:
        lease = self._tx.tables.leases.get(account_id)
        return lease is not None and lease.epoch == epoch and lease.expires_at > now


class MemoryBook:
    """See `book.Book`."""

    def __init__(self, tx: Open) -> None:
        self._tx = tx
        self.commands = MemoryCommands(tx)
        self.reports = MemoryReports(tx)
        self.settlements = MemorySettlements(tx)
        self.deals = MemoryDeals(tx)
        self.accounts = MemoryAccounts(tx)
        self.devices = MemoryDevices(tx)

    async def glance(self, account_id: UUID) -> Glance:
        account = self._tx.tables.accounts[account_id]
        return Glance(
            trading=Trading(account.trading_state, account.trading_cause, account.latch),
            symbols=await self.accounts.symbols(account_id),
            not_over=await self.commands.not_over(account_id),
        )

    async def opening_pace(self, command: Command, now: datetime) -> OpeningPace:
        opened = [
            one
            for one in self._tx.tables.commands.values()
            if one.owner_id == command.owner_id
            and one.kind in OPENING
            and one.granted_at is not None
            and one.granted_at > now - MINUTE
        ]
        mine = [one for one in opened if one.account_id == command.account_id]
        alike = (command.symbol, command.side, command.volume)
        return OpeningPace(
            owner_limits=self._tx.tables.owner_limits.get(command.owner_id, OwnerLimits()),
            in_second=_granted_since(mine, now - SECOND),
            identical_in_minute=sum((one.symbol, one.side, one.volume) == alike for one in mine),
            of_owner_in_second=_granted_since(opened, now - SECOND),
            of_owner_in_minute=len(opened),
        )

    async def record(self, *entries: Entry) -> None:
        for entry in entries:
            record(self._tx, entry)


def _granted_since(commands: Sequence[Command], since: datetime) -> int:
    return sum(one.granted_at is not None and one.granted_at > since for one in commands)


def _is_unsettled(command: Command) -> bool:
    return command.state in DOUBTFUL and not command.settled_as


def _by_age(commands: Any) -> list[Command]:
    return sorted(commands, key=lambda command: (command.created_at, command.id))
