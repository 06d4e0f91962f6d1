"""An account follows a strategy: how much it trades, who decides, and within which limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from countersign_server.accounts.quiet_hours import QuietHours
from countersign_server.accounts.sizing import Sizing

DRIFT_PIPS_MAX = Decimal(10)
SPREAD_PIPS_MAX = Decimal(5)


class ApprovalMode(StrEnum):
    """Who decides."""

    MANUAL = "manual"
    AUTOMATIC_WITHIN_LIMITS = "automatic-within-limits"
    AUTOMATIC_OUTSIDE_QUIET_HOURS = "automatic-outside-quiet-hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionLimits:
    """What must hold for a signal to be traded under a subscription."""

    max_volume: Decimal | None = None  # lots of one command; None: no limit but the account's
    max_drift_pips: Decimal = DRIFT_PIPS_MAX  # either way, since the signal
    max_spread_pips: Decimal = SPREAD_PIPS_MAX
    max_signal_age: timedelta | None = None  # at approval; None: until the signal expires
    automatic_max_volume: Decimal | None = None  # lots; None: a rule may approve nothing
    instruments: frozenset[str] = frozenset()  # empty: all that the account has symbols for
    max_orders_per_minute: int | None = None  # openings approved; None: no limit but the account's
    max_money_at_risk: Decimal | None = None  # of one opening, account currency; None: no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An account follows a producer. `cancelled_at` None: it is live."""

    id: UUID
    owner_id: UUID
    account_id: UUID
    producer_id: UUID
    sizing: Sizing
    approval_mode: ApprovalMode
    quiet_hours: QuietHours | None  # None: never
    limits: SubscriptionLimits
    consent_version: str
    consented_at: datetime
    close_on_expiry: bool
    created_at: datetime
    cancelled_at: datetime | None


def facts_of(subscription: Subscription) -> Mapping[str, Any]:
    """Return what the audit tells of a subscription."""
    limits, quiet = subscription.limits, subscription.quiet_hours
    return {
        "producer_id": subscription.producer_id,
        "sizing_rule": subscription.sizing.rule,
        "sizing_value": subscription.sizing.value,
        "approval_mode": subscription.approval_mode,
        "quiet_hours": f"{quiet.start:%H:%M}-{quiet.end:%H:%M} {quiet.zone.key}" if quiet else None,
        "max_volume": limits.max_volume,
        "max_drift_pips": limits.max_drift_pips,
        "max_spread_pips": limits.max_spread_pips,
        "max_signal_age_seconds": limits.max_signal_age and limits.max_signal_age.total_seconds(),
        "automatic_max_volume": limits.automatic_max_volume,
        "instruments": sorted(limits.instruments),
        "max_orders_per_minute": limits.max_orders_per_minute,
        "max_money_at_risk": limits.max_money_at_risk,
        "consent_version": subscription.consent_version,
        "close_on_expiry": subscription.close_on_expiry,
        "cancelled_at": subscription.cancelled_at,
    }
