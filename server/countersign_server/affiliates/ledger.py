"""Double-entry bookkeeping: an entry moves money between accounts, and none comes or goes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from countersign_server.affiliates.commission import Commission


class Purpose(StrEnum):
    """What an account of the ledger is for."""

    AVAILABLE = "available"  # an affiliate's: may be paid out
    RESERVED = "reserved"  # an affiliate's: set aside for payouts under way
    COMMISSIONS = "commissions"  # the platform's: what it owes for, ever growing below zero
    PAID_OUT = "paid-out"  # the platform's: what has left it

    @property
    def is_affiliates(self) -> bool:
        return self in (Purpose.AVAILABLE, Purpose.RESERVED)


class EntryKind(StrEnum):
    """What happened."""

    COMMISSION = "commission"
    REVERSAL = "reversal"
    PAYOUT_REQUESTED = "payout-requested"
    PAYOUT_PAID = "payout-paid"
    PAYOUT_FAILED = "payout-failed"


@dataclass(frozen=True, slots=True)
class Line:
    """An amount that is added to one account; negative: taken from it."""

    owner_id: UUID | None  # None: the platform's
    purpose: Purpose
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that happened to an affiliate's money. Never changed, and never taken away."""

    id: UUID
    owner_id: UUID  # the affiliate
    kind: EntryKind
    created_at: datetime
    lines: tuple[Line, ...]
    referral_id: UUID | None = None
    account_id: UUID | None = None
    broker_server: str | None = None
    broker_login: int | None = None
    deal_ticket: int | None = None
    program_id: UUID | None = None
    traded_at: datetime | None = None
    lots: Decimal | None = None
    payout_id: UUID | None = None
    reverses_id: UUID | None = None
    reason: str = ""

    @property
    def change(self) -> tuple[Decimal, str]:
        """What the entry adds to the affiliate's balance, and the currency."""
        added = (line.amount for line in self.lines if line.purpose is Purpose.AVAILABLE)
        return sum(added, Decimal(0)), self.lines[0].currency


def is_balanced(lines: Sequence[Line]) -> bool:
    """Tell whether lines move something, and take in each currency what they give."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.currency] += line.amount
    return bool(lines) and not any(sums.values())


@dataclass(frozen=True, slots=True)
class Owing:
    """Between whom money moves: an affiliate and the platform, in one currency."""

    owner_id: UUID
    currency: str

    def earned(self, amount: Decimal) -> tuple[Line, ...]:
        """Let the platform owe the affiliate so much; negative: so much less."""
        return self._moved(amount, Purpose.COMMISSIONS, Purpose.AVAILABLE)

    def set_aside(self, amount: Decimal) -> tuple[Line, ...]:
        return self._moved(amount, Purpose.AVAILABLE, Purpose.RESERVED)

    def given_back(self, amount: Decimal) -> tuple[Line, ...]:
        return self._moved(amount, Purpose.RESERVED, Purpose.AVAILABLE)

    def paid(self, amount: Decimal) -> tuple[Line, ...]:
        return self._moved(amount, Purpose.RESERVED, Purpose.PAID_OUT)

    def _moved(self, amount: Decimal, source: Purpose, target: Purpose) -> tuple[Line, ...]:
        return self._line(source, -amount), self._line(target, amount)

    def _line(self, purpose: Purpose, amount: Decimal) -> Line:
        owner_id = self.owner_id if purpose.is_affiliates else None
        return Line(owner_id, purpose, self.currency, amount)


def reversal_of(entry: Entry, *, entry_id: UUID, reason: str, now: datetime) -> Entry:
    """Return the entry that takes another one back."""
    lines = tuple(
        Line(line.owner_id, line.purpose, line.currency, -line.amount) for line in entry.lines
    )
    return Entry(
        id=entry_id,
        owner_id=entry.owner_id,
        kind=EntryKind.REVERSAL,
        created_at=now,
        lines=lines,
        referral_id=entry.referral_id,
        traded_at=entry.traded_at,
        lots=entry.lots,
        reverses_id=entry.id,
        reason=reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TradedDeal:
    """A deal that closes something, on an account of somebody who was referred.

    Server, login and ticket name it: whichever users share an account, its deals are the same.
    """

    sequence: int  # of the audit entry that tells of it
    account_id: UUID
    broker_server: str
    broker_login: int
    ticket: int
    position_id: int
    closed_at: datetime  # as far as the broker's clock is known
    currency: str
    is_demo: bool
    is_affiliates: bool  # the account at the broker is the affiliate's as well
    referral_id: UUID
    referred_at: datetime
    affiliate_id: UUID
    affiliate_disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CanceledDeal:
    """A deal that the broker took back, on an account of somebody who was referred."""

    sequence: int  # of the audit entry that tells of it
    account_id: UUID  # whose terminal says so
    broker_server: str
    broker_login: int
    ticket: int


def commission_entry(
    earned: Commission, deal: TradedDeal, *, entry_id: UUID, now: datetime
) -> Entry:
    """Return the entry of a commission on one deal."""
    return Entry(
        id=entry_id,
        owner_id=deal.affiliate_id,
        kind=EntryKind.COMMISSION,
        created_at=now,
        lines=Owing(deal.affiliate_id, earned.currency).earned(earned.amount),
        referral_id=deal.referral_id,
        account_id=deal.account_id,
        broker_server=deal.broker_server,
        broker_login=deal.broker_login,
        deal_ticket=deal.ticket,
        program_id=earned.program_id,
        traded_at=deal.closed_at,
        lots=earned.lots,
    )
