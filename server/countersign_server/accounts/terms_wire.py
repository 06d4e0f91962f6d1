"""The terms of a subscription as the contract shows them."""

from collections.abc import Mapping
from datetime import time, timedelta
from decimal import Decimal

from google.protobuf.duration_pb2 import Duration

from countersign.v1 import accounts_pb2
from countersign_server.accounts.quiet_hours import QuietHours, zone_or_none
from countersign_server.accounts.sizing import Sizing, SizingRule
from countersign_server.accounts.subscription import (
    DRIFT_PIPS_MAX,
    SPREAD_PIPS_MAX,
    ApprovalMode,
    Subscription,
    SubscriptionLimits,
)
from countersign_server.decimals import decimal_text, optional_decimal, optional_text
from countersign_server.errors import Invalid
from countersign_server.rpc.conversion import to_duration, to_timestamp

_MODES: Mapping[ApprovalMode, accounts_pb2.ApprovalMode] = {
    ApprovalMode.MANUAL: accounts_pb2.APPROVAL_MODE_MANUAL,
    ApprovalMode.AUTOMATIC_WITHIN_LIMITS: accounts_pb2.APPROVAL_MODE_AUTOMATIC_WITHIN_LIMITS,
    ApprovalMode.AUTOMATIC_OUTSIDE_QUIET_HOURS: (
        accounts_pb2.APPROVAL_MODE_AUTOMATIC_OUTSIDE_QUIET_HOURS
    ),
}
_MODE_OF = {number: mode for mode, number in _MODES.items()}

# Which field of the Sizing message holds the number of which rule.
_FIELDS: Mapping[SizingRule, str] = {
    SizingRule.FIXED_LOTS: "fixed_lots",
    SizingRule.MULTIPLIER: "multiplier",
    SizingRule.BALANCE: "lots_per_thousand_balance",
    SizingRule.EQUITY: "lots_per_thousand_equity",
    SizingRule.RISK: "risk_fraction",
}
_RULE_OF = {field: rule for rule, field in _FIELDS.items()}


def sizing_from_message(message: accounts_pb2.Sizing, *, field: str) -> Sizing:
    """Return the rule that is given. Raises Invalid if none is."""
    rule = message.WhichOneof("rule")
    if rule is None:
        raise Invalid(f"{field} is missing: give one of its rules", field=field)
    return Sizing(_RULE_OF[rule], Decimal(getattr(message, rule)))


def mode_from_wire(number: accounts_pb2.ApprovalMode) -> ApprovalMode:
    """Return who decides; what is not given means the owner, each time."""
    return _MODE_OF.get(number, ApprovalMode.MANUAL)


def quiet_hours_from_message(
    message: accounts_pb2.QuietHours | None, *, field: str
) -> QuietHours | None:
    """Return the quiet hours; None stays none. Raises Invalid for an unknown zone or no hours."""
    if message is None:
        return None
    zone = zone_or_none(message.time_zone)
    if zone is None:
        raise Invalid(
            f"{field}.time_zone must be an IANA name such as Europe/Berlin; "
            f"{message.time_zone!r} is none",
            field=f"{field}.time_zone",
        )
    if message.start == message.end:
        raise Invalid(
            f"{field} begin and end at {message.start}, which could mean never or always; "
            "leave them out, or give other hours",
            field=f"{field}.end",
        )
    return QuietHours(time.fromisoformat(message.start), time.fromisoformat(message.end), zone)


def limits_from_message(
    message: accounts_pb2.SubscriptionLimits, *, field: str
) -> SubscriptionLimits:
    """Return the limits, with the contract's defaults for what is not given. Raises Invalid."""
    age = message.max_signal_age if message.HasField("max_signal_age") else None
    return SubscriptionLimits(
        max_volume=optional_decimal(message.max_volume),
        max_drift_pips=optional_decimal(message.max_drift_pips) or DRIFT_PIPS_MAX,
        max_spread_pips=optional_decimal(message.max_spread_pips) or SPREAD_PIPS_MAX,
        max_signal_age=None if age is None else _whole_seconds(age, f"{field}.max_signal_age"),
        automatic_max_volume=optional_decimal(message.automatic_max_volume),
        instruments=frozenset(message.instruments),
        max_orders_per_minute=message.max_orders_per_minute or None,
        max_money_at_risk=optional_decimal(message.max_money_at_risk),
    )


def subscription_to_message(subscription: Subscription) -> accounts_pb2.Subscription:
    limits, quiet, sizing = subscription.limits, subscription.quiet_hours, subscription.sizing
    age = limits.max_signal_age
    return accounts_pb2.Subscription(
        subscription_id=str(subscription.id),
        account_id=str(subscription.account_id),
        producer_id=str(subscription.producer_id),
        sizing=accounts_pb2.Sizing(**{_FIELDS[sizing.rule]: decimal_text(sizing.value)}),
        approval_mode=_MODES[subscription.approval_mode],
        quiet_hours=None if quiet is None else _quiet_message(quiet),
        limits=accounts_pb2.SubscriptionLimits(
            max_volume=optional_text(limits.max_volume),
            max_drift_pips=decimal_text(limits.max_drift_pips),
            max_spread_pips=decimal_text(limits.max_spread_pips),
            max_signal_age=None if age is None else to_duration(age),
            automatic_max_volume=optional_text(limits.automatic_max_volume),
            instruments=sorted(limits.instruments),
            max_orders_per_minute=limits.max_orders_per_minute or 0,
            max_money_at_risk=optional_text(limits.max_money_at_risk),
        ),
        consent_version=subscription.consent_version,
        consent_time=to_timestamp(subscription.consented_at),
        create_time=to_timestamp(subscription.created_at),
        cancel_time=to_timestamp(subscription.cancelled_at),
        close_on_expiry=subscription.close_on_expiry,
    )


def _quiet_message(quiet: QuietHours) -> accounts_pb2.QuietHours:
    return accounts_pb2.QuietHours(
        start=f"{quiet.start:%H:%M}", end=f"{quiet.end:%H:%M}", time_zone=quiet.zone.key
    )


def _whole_seconds(age: Duration, field: str) -> timedelta:
    if age.nanos:
        raise Invalid(f"{field} must be whole seconds", field=field)
    return timedelta(seconds=age.seconds)
