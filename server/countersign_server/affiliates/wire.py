"""Affiliates and their money as the contract shows them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from countersign.v1 import affiliates_pb2 as pb, values_pb2
from countersign_server.affiliates.bank_details import BankDetails
from countersign_server.affiliates.ledger import Entry, EntryKind
from countersign_server.affiliates.ledger_store import Balance
from countersign_server.affiliates.payout import Payout, PayoutState
from countersign_server.affiliates.program import (
    Basis,
    Measure,
    Program,
    Tier,
    next_tier,
    rate_at,
)
from countersign_server.decimals import decimal_text, optional_text
from countersign_server.identity.names import printable
from countersign_server.rpc.conversion import optional_id, to_timestamp

_BASES: Mapping[Basis, pb.CommissionBasis] = {
    Basis.BROKER_COMMISSION: pb.COMMISSION_BASIS_BROKER_COMMISSION,
    Basis.LOTS: pb.COMMISSION_BASIS_LOTS,
    Basis.PROFIT: pb.COMMISSION_BASIS_PROFIT,
}
_MEASURES: Mapping[Measure, pb.TierMeasure] = {
    Measure.MONTHLY_LOTS: pb.TIER_MEASURE_MONTHLY_LOTS,
    Measure.REFERRED: pb.TIER_MEASURE_REFERRED,
}
_STATES: Mapping[PayoutState, pb.PayoutState] = {
    PayoutState.REQUESTED: pb.PAYOUT_STATE_REQUESTED,
    PayoutState.APPROVED: pb.PAYOUT_STATE_APPROVED,
    PayoutState.PAID: pb.PAYOUT_STATE_PAID,
    PayoutState.FAILED: pb.PAYOUT_STATE_FAILED,
}
_KINDS: Mapping[EntryKind, pb.AffiliateHistoryKind] = {
    EntryKind.COMMISSION: pb.AFFILIATE_HISTORY_KIND_COMMISSION,
    EntryKind.REVERSAL: pb.AFFILIATE_HISTORY_KIND_REVERSAL,
    EntryKind.PAYOUT_REQUESTED: pb.AFFILIATE_HISTORY_KIND_PAYOUT_REQUESTED,
    EntryKind.PAYOUT_PAID: pb.AFFILIATE_HISTORY_KIND_PAYOUT_PAID,
    EntryKind.PAYOUT_FAILED: pb.AFFILIATE_HISTORY_KIND_PAYOUT_FAILED,
}
_BASIS_OF = {number: basis for basis, number in _BASES.items()}
_MEASURE_OF = {number: measure for measure, number in _MEASURES.items()}
_STATE_OF = {number: state for state, number in _STATES.items()}


def program_of(message: pb.AffiliateProgram, *, program_id: UUID, now: datetime) -> Program:
    """Return terms that hold from `now` on."""
    return Program(
        id=program_id,
        currency=message.currency,
        basis=_BASIS_OF[message.basis],
        measure=_MEASURE_OF[message.measure],
        tiers=tuple(Tier(Decimal(tier.threshold), Decimal(tier.rate)) for tier in message.tiers),
        minimum_payout=Decimal(message.minimum_payout),
        earning_days=message.earning_days,
        closed=message.closed,
        created_at=now,
    )


def program_message(program: Program) -> pb.AffiliateProgram:
    return pb.AffiliateProgram(
        currency=program.currency,
        basis=_BASES[program.basis],
        measure=_MEASURES[program.measure],
        tiers=[
            pb.CommissionTier(threshold=decimal_text(tier.threshold), rate=decimal_text(tier.rate))
            for tier in program.tiers
        ],
        minimum_payout=decimal_text(program.minimum_payout),
        earning_days=program.earning_days,
        closed=program.closed,
        create_time=to_timestamp(program.created_at),
    )


def bank_details_of(message: pb.BankDetails) -> BankDetails:
    """Return bank details. Raises Invalid for a name that cannot be printed."""
    return BankDetails(
        holder=printable(message.holder, field="bank_details.holder"),
        iban=message.iban,
        number=message.local.number,
        bank_code=message.local.bank_code,
        country=message.local.country,
        bic=message.bic,
    )


def payout_message(payout: Payout) -> pb.Payout:
    return pb.Payout(
        payout_id=str(payout.id),
        affiliate_id=str(payout.owner_id),
        amount=_money(payout.amount, payout.currency),
        state=_STATES[payout.state],
        bank_account_hint=payout.bank_account_hint,
        create_time=to_timestamp(payout.created_at),
        update_time=to_timestamp(payout.updated_at),
        reference=payout.reference,
        reason=payout.reason,
    )


def payout_state_of(number: pb.PayoutState) -> PayoutState | None:
    """Return a state; None: not one that a payout can be in."""
    return _STATE_OF.get(number)


def history_message(entry: Entry) -> pb.AffiliateHistoryEntry:
    return pb.AffiliateHistoryEntry(
        entry_id=str(entry.id),
        kind=_KINDS[entry.kind],
        amount=_money(*entry.change),
        create_time=to_timestamp(entry.created_at),
        referral_id=optional_id(entry.referral_id),
        trade_time=to_timestamp(entry.traded_at),
        lots=optional_text(entry.lots),
        payout_id=optional_id(entry.payout_id),
        reversed_entry_id=optional_id(entry.reverses_id),
        reason=entry.reason,
    )


def balance_message(currency: str, balance: Balance) -> pb.AffiliateBalance:
    return pb.AffiliateBalance(
        currency=currency,
        available=decimal_text(balance.available),
        reserved=decimal_text(balance.reserved),
        earned=decimal_text(balance.earned),
        paid=decimal_text(balance.paid),
    )


def standing_message(program: Program, measured: Decimal) -> pb.AffiliateStanding:
    rate = None if program.closed else rate_at(program.tiers, measured)
    return pb.AffiliateStanding(
        currency=program.currency,
        measured=decimal_text(measured),
        rate=optional_text(rate),
        next_threshold=optional_text(next_tier(program.tiers, measured)),
    )


def _money(amount: Decimal, currency: str) -> values_pb2.Money:
    return values_pb2.Money(amount=decimal_text(amount), currency=currency)
