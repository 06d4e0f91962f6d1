"""The life of a payout, from being asked for to being paid."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from countersign_server.affiliate_errors import BalanceTooLow, PayoutsExhausted, PayoutTooSmall
from countersign_server.affiliates.currency import is_payable
from countersign_server.affiliates.ledger import Entry, EntryKind, Line, Owing
from countersign_server.decimals import decimal_text
from countersign_server.errors import IllegalTransition, Invalid

UNDER_WAY_MAX = 10


class PayoutState(StrEnum):
    """Where a payout stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    PAID = "paid"
    FAILED = "failed"


class PayoutEvent(StrEnum):
    """What an operator does with it."""

    APPROVE = "approve"
    PAY = "pay"
    FAIL = "fail"


UNDER_WAY = (PayoutState.REQUESTED, PayoutState.APPROVED)

# A payout that was paid stays paid: money that came back is another matter, and another entry.
TRANSITIONS: Mapping[tuple[PayoutState, PayoutEvent], PayoutState] = MappingProxyType(
    {
        (PayoutState.REQUESTED, PayoutEvent.APPROVE): PayoutState.APPROVED,
        (PayoutState.REQUESTED, PayoutEvent.FAIL): PayoutState.FAILED,
        (PayoutState.APPROVED, PayoutEvent.PAY): PayoutState.PAID,
        (PayoutState.APPROVED, PayoutEvent.FAIL): PayoutState.FAILED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """Money that an affiliate asked for."""

    id: UUID
    owner_id: UUID
    request_id: UUID
    content_digest: bytes  # of what was asked for, so that a repeat is told from a reuse
    amount: Decimal
    currency: str
    state: PayoutState
    bank_details_sealed: bytes
    bank_account_hint: str
    created_at: datetime
    updated_at: datetime
    reference: str = ""
    reason: str = ""

    def is_after(self, event: PayoutEvent) -> bool:
        """Tell whether the event is what brought the payout to where it stands."""
        return any(after is self.state for (_, by), after in TRANSITIONS.items() if by is event)


def sealed_under(payout_id: UUID) -> str:
    """Return what bank details are bound to: in another row they do not open."""
    return f"payout:{payout_id}"


def check_request(
    amount: Decimal, currency: str, *, minimum: Decimal, balance: Decimal, under_way: int
) -> None:
    """Raise what stands against paying so much: Invalid, PayoutTooSmall, BalanceTooLow..."""
    if not is_payable(amount, currency):
        raise Invalid(
            f"{decimal_text(amount)} {currency} cannot be paid in whole coins",
            field="amount.amount",
        )
    if amount < minimum:
        least = decimal_text(minimum)
        raise PayoutTooSmall(f"at least {least} {currency} is paid out", minimum=least)
    if amount > balance:
        most = decimal_text(max(balance, Decimal(0)))
        raise BalanceTooLow(f"the balance is {most} {currency}", available=most)
    if under_way >= UNDER_WAY_MAX:
        raise PayoutsExhausted(f"{UNDER_WAY_MAX} payouts are under way")


def moved_on(
    payout: Payout, event: PayoutEvent, now: datetime, *, reference: str = "", reason: str = ""
) -> Payout:
    """Return the payout after an event. Raises IllegalTransition."""
    after = TRANSITIONS.get((payout.state, event))
    if after is None:
        raise IllegalTransition(
            f"a payout that is {payout.state} is past that: it cannot {event}", state=payout.state
        )
    return replace(payout, state=after, updated_at=now, reference=reference, reason=reason)


def request_entry(payout: Payout, *, entry_id: UUID) -> Entry:
    """Return the entry that sets a payout's money aside."""
    owing = Owing(payout.owner_id, payout.currency)
    return _entry(payout, EntryKind.PAYOUT_REQUESTED, owing.set_aside(payout.amount), entry_id)


def end_entry(payout: Payout, *, entry_id: UUID) -> Entry | None:
    """Return the entry of a payout that has just ended; None: it is under way."""
    owing = Owing(payout.owner_id, payout.currency)
    match payout.state:
        case PayoutState.PAID:
            return _entry(payout, EntryKind.PAYOUT_PAID, owing.paid(payout.amount), entry_id)
        case PayoutState.FAILED:
            lines = owing.given_back(payout.amount)
            return _entry(payout, EntryKind.PAYOUT_FAILED, lines, entry_id)
        case _:
            return None


def _entry(payout: Payout, kind: EntryKind, lines: tuple[Line, ...], entry_id: UUID) -> Entry:
    return Entry(
        id=entry_id,
        owner_id=payout.owner_id,
        kind=kind,
        created_at=payout.updated_at,
        lines=lines,
        payout_id=payout.id,
        reason=payout.reason,
    )
