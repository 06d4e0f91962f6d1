"""What the audit is told of affiliates."""

from datetime import datetime

from countersign_server.affiliates.ledger import Entry
from countersign_server.affiliates.payout import Payout
from countersign_server.affiliates.program import Program
from countersign_server.affiliates.referral import Affiliate, Referral
from countersign_server.audit.entries import Entry as Told, Facts, Trace


def told_affiliate(made: Affiliate, trace: Trace) -> Told:
    return Told(
        kind="affiliate.registered",
        subject=f"affiliate:{made.owner_id}",
        event_time=made.created_at,
        trace=trace,
        owner_id=made.owner_id,
        after={"token": made.token},
    )


def told_referral(made: Referral, trace: Trace) -> Told:
    """Told to the one who was referred; its referrer learns the number of its referrals only."""
    return Told(
        kind="affiliate.referral_recorded",
        subject=f"referral:{made.id}",
        event_time=made.created_at,
        trace=trace,
        owner_id=made.referred_id,
        after={"affiliate_id": made.owner_id},
    )


def told_entry(entry: Entry, trace: Trace) -> Told:
    """Told of a commission or of what took one back; payouts are told of as such."""
    amount, currency = entry.change
    return Told(
        kind=f"affiliate.{entry.kind}",
        subject=f"ledger_entry:{entry.id}",
        event_time=entry.created_at,
        trace=trace,
        owner_id=entry.owner_id,
        after={
            "amount": amount,
            "currency": currency,
            "lots": entry.lots,
            "referral_id": entry.referral_id,
            "program_id": entry.program_id,
            "reverses_id": entry.reverses_id,
            "reason": entry.reason,
        },
    )


def told_payout(payout: Payout, before: Payout | None, trace: Trace) -> Told:
    """Told of every step of a payout; never of where the money goes."""
    return Told(
        kind=f"payout.{payout.state}",
        subject=f"payout:{payout.id}",
        event_time=payout.updated_at,
        trace=trace,
        owner_id=payout.owner_id,
        before=None if before is None else {"state": before.state},
        after={
            "state": payout.state,
            "amount": payout.amount,
            "currency": payout.currency,
            "bank_account_hint": payout.bank_account_hint,
            "reference": payout.reference,
            "reason": payout.reason,
        },
    )


def told_look(payout: Payout, trace: Trace, now: datetime) -> Told:
    """Told whenever somebody opens the bank details of a payout."""
    return Told(
        kind="payout.bank_details_opened",
        subject=f"payout:{payout.id}",
        event_time=now,
        trace=trace,
        owner_id=payout.owner_id,
        after={"bank_account_hint": payout.bank_account_hint},
    )


def told_program(program: Program, before: Program | None, trace: Trace) -> Told:
    return Told(
        kind="affiliate.program_set",
        subject=f"affiliate_program:{program.currency}",
        event_time=program.created_at,
        trace=trace,
        before=None if before is None else _terms(before),
        after=_terms(program),
    )


def _terms(program: Program) -> Facts:
    return {
        "basis": program.basis,
        "measure": program.measure,
        "tiers": [
            {"threshold": str(tier.threshold), "rate": str(tier.rate)} for tier in program.tiers
        ],
        "minimum_payout": program.minimum_payout,
        "earning_days": program.earning_days,
        "closed": program.closed,
    }
