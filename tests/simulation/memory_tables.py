"""What execution remembers, in memory: rows that never change, replaced one by one."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from countersign_server.accounts.account import Account, OwnerLimits, Snapshot, TradingState
from countersign_server.accounts.kill_switch import KillSwitch
from countersign_server.accounts.symbol import Quote, SymbolProperties
from countersign_server.audit.entries import Entry
from countersign_server.devices.device import Device
from countersign_server.errors import Invalid
from countersign_server.execution.command import Command
from countersign_server.execution.deal import Deal
from countersign_server.execution.report import Report
from countersign_server.execution.settlement import Settlement
from countersign_server.execution.symbols import MappedSymbol
from countersign_server.guards.records import Alert, Closing, Happening, Kept, KeptPolicy


@dataclass(frozen=True, slots=True)
class Lease:
    """Which session may speak for an account, and until when."""

    owner_id: UUID
    device_id: UUID
    epoch: bytes
    expires_at: datetime
    holder: int = 0  # the presence of the process that serves the session


@dataclass(frozen=True, slots=True)
class ToldSymbol:
    """What a terminal says of one of its symbols."""

    owner_id: UUID
    properties: SymbolProperties
    fingerprint: str
    quote: Quote | None


@dataclass(frozen=True, slots=True)
class Mandated:
    """What guards ask of an approval and its subscription, which are other areas' rows."""

    account_id: UUID
    producer_id: UUID
    expires_at: datetime
    close_on_expiry: bool = False


@dataclass(slots=True)
class Tables:
    """Every row. A copy of the dictionaries is a copy of everything: the values never change."""

    accounts: dict[UUID, Account] = field(default_factory=dict[UUID, Account])
    owner_limits: dict[UUID, OwnerLimits] = field(default_factory=dict[UUID, OwnerLimits])
    devices: dict[UUID, Device] = field(default_factory=dict[UUID, Device])
    leases: dict[UUID, Lease] = field(default_factory=dict[UUID, Lease])
    # By account and instrument.
    symbols: dict[tuple[UUID, str], MappedSymbol] = field(
        default_factory=dict[tuple[UUID, str], MappedSymbol]
    )
    # By account and the broker's name.
    told_symbols: dict[tuple[UUID, str], ToldSymbol] = field(
        default_factory=dict[tuple[UUID, str], ToldSymbol]
    )
    snapshots: dict[UUID, Snapshot] = field(default_factory=dict[UUID, Snapshot])
    commands: dict[UUID, Command] = field(default_factory=dict[UUID, Command])
    # By account and magic.
    tags: dict[tuple[UUID, int], UUID] = field(default_factory=dict[tuple[UUID, int], UUID])
    # By account and natural key.
    reports: dict[tuple[UUID, str], Report] = field(default_factory=dict[tuple[UUID, str], Report])
    # The hour, and how many there were in it.
    anomalies: dict[UUID, tuple[datetime, int]] = field(
        default_factory=dict[UUID, tuple[datetime, int]]
    )
    settlements: dict[UUID, Settlement] = field(default_factory=dict[UUID, Settlement])
    # By account and ticket.
    deals: dict[tuple[UUID, int], Deal] = field(default_factory=dict[tuple[UUID, int], Deal])
    guards: dict[UUID, Kept] = field(default_factory=dict[UUID, Kept])
    # By account and version.
    guard_policies: dict[tuple[UUID, int], KeptPolicy] = field(
        default_factory=dict[tuple[UUID, int], KeptPolicy]
    )
    # By account and natural key.
    happenings: dict[tuple[UUID, str], Happening] = field(
        default_factory=dict[tuple[UUID, str], Happening]
    )
    # By account and trip.
    alerts: dict[tuple[UUID, str], Alert] = field(default_factory=dict[tuple[UUID, str], Alert])
    closings: dict[UUID, Closing] = field(default_factory=dict[UUID, Closing])
    switches: dict[UUID, KillSwitch] = field(default_factory=dict[UUID, KillSwitch])
    halted_producers: dict[UUID, TradingState] = field(default_factory=dict[UUID, TradingState])
    # By approval.
    mandates: dict[UUID, Mandated] = field(default_factory=dict[UUID, Mandated])
    # By number, from 0.
    audit: dict[int, Entry] = field(default_factory=dict[int, Entry])

    def copy(self) -> "Tables":
        return Tables(*(dict(getattr(self, one.name)) for one in fields(self)))


class ConstraintBroken(Exception):
    """What the schema forbids."""


@dataclass(slots=True)
class Open:
    """One open transaction: whose rows it sees, and how to undo what it did."""

    tables: Tables
    owner: UUID | None  # None: sees all
    clock: Callable[[], datetime]
    is_present: Callable[[int], bool]  # whether the process of that presence lives
    told: list[Entry] = field(default_factory=list[Entry])  # to the audit
    _undo: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])

    def sees(self, row: Any) -> bool:
        return self.owner is None or row.owner_id == self.owner

    def put(self, table: dict[Any, Any], key: Any, row: Any) -> None:
        """Store a row under its key, whatever was there."""
        if key in table:
            before = table[key]
            self._undo.append(lambda: table.__setitem__(key, before))
        else:
            self._undo.append(lambda: table.pop(key))
        table[key] = row

    def remove(self, table: dict[Any, Any], key: Any) -> None:
        before = table.pop(key)
        self._undo.append(lambda: table.__setitem__(key, before))

    def roll_back(self) -> None:
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()


def record(tx: Open, entry: Entry) -> None:
    """Tell the audit."""
    tx.told.append(entry)
    tx.put(tx.tables.audit, len(tx.tables.audit), entry)


def check_storable(row: Any) -> None:
    """Raise Invalid for what PostgreSQL cannot keep: the zero character in text."""
    for one in fields(row):
        value = getattr(row, one.name)
        if isinstance(value, str) and "\0" in value:
            raise Invalid("it holds a value that cannot be stored")
