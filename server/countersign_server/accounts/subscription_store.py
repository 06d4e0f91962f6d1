"""Which account follows which strategy, and on what terms."""

from collections.abc import Collection, Sequence
from datetime import time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import Account
from countersign_server.accounts.quiet_hours import QuietHours
from countersign_server.accounts.sizing import Sizing, SizingRule
from countersign_server.accounts.store import account_of
from countersign_server.accounts.subscription import (
    DRIFT_PIPS_MAX,
    SPREAD_PIPS_MAX,
    ApprovalMode,
    Subscription,
    SubscriptionLimits,
)
from countersign_server.accounts.tables import accounts, subscriptions


async def add_subscription(tx: AsyncConnection, subscription: Subscription) -> bool:
    """Store a subscription; False while the account follows the producer already."""
    added = await tx.execute(
        insert(subscriptions)
        .values(
            id=subscription.id,
            owner_id=subscription.owner_id,
            account_id=subscription.account_id,
            producer_id=subscription.producer_id,
            created_at=subscription.created_at,
            **_terms_of(subscription),
        )
        .on_conflict_do_nothing(
            index_elements=[subscriptions.c.account_id, subscriptions.c.producer_id],
            index_where=subscriptions.c.cancelled_at.is_(None),
        )
        .returning(subscriptions.c.id)
    )
    return added.one_or_none() is not None


async def subscription(tx: AsyncConnection, subscription_id: UUID) -> Subscription | None:
    """Return a subscription that the transaction may see, or None."""
    found = await tx.execute(select(subscriptions).where(subscriptions.c.id == subscription_id))
    row = found.one_or_none()
    return None if row is None else subscription_of(row)


async def subscription_for_update(
    tx: AsyncConnection, subscription_id: UUID
) -> Subscription | None:
    """Return a subscription and hold it until the commit."""
    found = await tx.execute(
        select(subscriptions)
        .where(subscriptions.c.id == subscription_id)
        .with_for_update(key_share=True)
    )
    row = found.one_or_none()
    return None if row is None else subscription_of(row)


async def list_subscriptions(
    tx: AsyncConnection, *, account_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[Subscription]:
    """Return up to `limit` subscriptions made before the one named, newest first."""
    question = select(subscriptions).order_by(subscriptions.c.id.desc()).limit(limit)
    if account_id is not None:
        question = question.where(subscriptions.c.account_id == account_id)
    if before is not None:
        question = question.where(subscriptions.c.id < before)
    return [subscription_of(row) for row in await tx.execute(question)]


async def subscriptions_following(
    tx: AsyncConnection, producer_ids: Collection[UUID]
) -> list[tuple[Subscription, Account]]:
    """Return every live subscription to the producers with its account, oldest first."""
    theirs = select(subscriptions).where(
        subscriptions.c.producer_id.in_(producer_ids), subscriptions.c.cancelled_at.is_(None)
    )
    followed = [subscription_of(row) for row in await tx.execute(theirs.order_by("id"))]
    found = await tx.execute(
        select(accounts).where(
            accounts.c.id.in_(theirs.with_only_columns(subscriptions.c.account_id))
        )
    )
    by_id = {row.id: account_of(row) for row in found}
    # Between the two reads somebody may have begun to follow: their first signal is the next one.
    return [(one, by_id[one.account_id]) for one in followed if one.account_id in by_id]


async def save_terms(tx: AsyncConnection, subscription: Subscription) -> None:
    """Store what may change of a subscription: its terms, and whether it is cancelled."""
    await tx.execute(
        update(subscriptions)
        .where(subscriptions.c.id == subscription.id)
        .values(cancelled_at=subscription.cancelled_at, **_terms_of(subscription))
    )


def subscription_of(row: Row[Any]) -> Subscription:
    """Return the subscription in a row of the subscriptions table."""
    quiet = None
    if row.quiet_zone is not None:
        quiet = QuietHours(
            time.fromisoformat(row.quiet_start),
            time.fromisoformat(row.quiet_end),
            ZoneInfo(row.quiet_zone),
        )
    age = row.max_signal_age_seconds
    return Subscription(
        id=row.id,
        owner_id=row.owner_id,
        account_id=row.account_id,
        producer_id=row.producer_id,
        sizing=Sizing(SizingRule(row.sizing_rule), row.sizing_value),
        approval_mode=ApprovalMode(row.approval_mode),
        quiet_hours=quiet,
        limits=SubscriptionLimits(
            max_volume=row.max_volume,
            max_drift_pips=row.max_drift_pips or DRIFT_PIPS_MAX,
            max_spread_pips=row.max_spread_pips or SPREAD_PIPS_MAX,
            max_signal_age=None if age is None else timedelta(seconds=age),
            automatic_max_volume=row.automatic_max_volume,
            instruments=frozenset(row.instruments),
            max_orders_per_minute=row.max_orders_per_minute,
            max_money_at_risk=row.max_money_at_risk,
        ),
        consent_version=row.consent_version,
        consented_at=row.consented_at,
        close_on_expiry=row.close_on_expiry,
        created_at=row.created_at,
        cancelled_at=row.cancelled_at,
    )


def _terms_of(subscription: Subscription) -> dict[str, Any]:
    limits, quiet = subscription.limits, subscription.quiet_hours
    age = limits.max_signal_age
    return {
        "sizing_rule": subscription.sizing.rule,
        "sizing_value": subscription.sizing.value,
        "approval_mode": subscription.approval_mode,
        "quiet_start": f"{quiet.start:%H:%M}" if quiet else None,
        "quiet_end": f"{quiet.end:%H:%M}" if quiet else None,
        "quiet_zone": quiet.zone.key if quiet else None,
        "max_volume": limits.max_volume,
        "max_drift_pips": limits.max_drift_pips,
        "max_spread_pips": limits.max_spread_pips,
        "max_signal_age_seconds": None if age is None else int(age.total_seconds()),
        "automatic_max_volume": limits.automatic_max_volume,
        "instruments": sorted(limits.instruments),
        "max_orders_per_minute": limits.max_orders_per_minute,
        "max_money_at_risk": limits.max_money_at_risk,
        "consent_version": subscription.consent_version,
        "consented_at": subscription.consented_at,
        "close_on_expiry": subscription.close_on_expiry,
    }
