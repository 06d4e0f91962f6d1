"""The closed trades of those who were referred, read along the audit's chain."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, cast, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.tables import accounts
from countersign_server.affiliates.closed_trade import ENDS, PositionDeal
from countersign_server.affiliates.ledger import CanceledDeal, TradedDeal
from countersign_server.affiliates.tables import affiliate_progress, referrals
from countersign_server.analytics.deal_time import likely_utc
from countersign_server.audit.tables import audit_entries, audit_seals
from countersign_server.execution.tables import deals
from countersign_server.identity.tables import users

_NAME = "commissions"
_RECORDED, _CANCELED = "deal.recorded", "deal.canceled"
_sequence = audit_seals.c.sequence
_ticket = cast(func.split_part(audit_entries.c.subject, ":", 2), BigInteger)
_POSITION_DEALS_MAX = 5_000


async def progress_held(tx: AsyncConnection) -> int | None:
    """Return up to which sequence trades were looked at; None: another process is at it."""
    asked = select(affiliate_progress.c.sequence).where(affiliate_progress.c.name == _NAME)
    return await tx.scalar(asked.with_for_update(skip_locked=True))


async def save_progress(tx: AsyncConnection, sequence: int) -> None:
    """Remember up to where trades were looked at."""
    changed = update(affiliate_progress).where(affiliate_progress.c.name == _NAME)
    await tx.execute(changed.values(sequence=sequence))


async def referred_deals(
    tx: AsyncConnection, *, after: int, upto: int, limit: int
) -> Sequence[TradedDeal]:
    """Return the closing deals of people who were referred, in the chain's order.

    What was cancelled in the meantime closes nothing, and is not among them.
    """
    own = accounts.alias()
    is_affiliates = exists().where(
        own.c.owner_id == referrals.c.owner_id,
        own.c.server == accounts.c.server,
        own.c.login == accounts.c.login,
    )
    found = await tx.execute(
        select(
            _sequence,
            *(deals.c.account_id, deals.c.ticket, deals.c.position_id, deals.c.broker_time_ms),
            *(deals.c.broker_utc_offset_seconds, deals.c.event_time),
            *(accounts.c.currency, accounts.c.demo),
            *(accounts.c.server, accounts.c.login, is_affiliates.label("is_affiliates")),
            *(referrals.c.id.label("referral_id"), referrals.c.owner_id, users.c.disabled_at),
            referrals.c.created_at,
        )
        .join_from(audit_seals, audit_entries, audit_seals.c.entry_id == audit_entries.c.id)
        .join(referrals, referrals.c.referred_id == audit_entries.c.owner_id)
        .join(users, users.c.id == referrals.c.owner_id)
        .join(accounts, accounts.c.id == audit_entries.c.account_id)
        .join(
            deals,
            (deals.c.account_id == audit_entries.c.account_id) & (deals.c.ticket == _ticket),
        )
        .where(
            _sequence > after,
            _sequence <= upto,
            audit_entries.c.kind == _RECORDED,
            deals.c.entry.in_(ENDS),
        )
        .order_by(_sequence)
        .limit(limit)
    )
    return [_traded_deal(row) for row in found]


async def canceled_deals(
    tx: AsyncConnection, *, after: int, upto: int, limit: int
) -> Sequence[CanceledDeal]:
    """Return deals of people who were referred that brokers took back, in the chain's order."""
    found = await tx.execute(
        select(
            _sequence,
            audit_entries.c.account_id,
            accounts.c.server.label("broker_server"),
            accounts.c.login.label("broker_login"),
            _ticket.label("ticket"),
        )
        .join_from(audit_seals, audit_entries, audit_seals.c.entry_id == audit_entries.c.id)
        .join(referrals, referrals.c.referred_id == audit_entries.c.owner_id)
        .join(accounts, accounts.c.id == audit_entries.c.account_id)
        .where(_sequence > after, _sequence <= upto, audit_entries.c.kind == _CANCELED)
        .order_by(_sequence)
        .limit(limit)
    )
    return [CanceledDeal(**row) for row in found.mappings()]


async def deals_of_position(
    tx: AsyncConnection, account_id: UUID, position_id: int
) -> Sequence[PositionDeal]:
    """Return all deals of one position."""
    names = ("ticket", "type", "entry", "volume", "profit", "commission", "swap", "fee")
    found = await tx.execute(
        select(*(deals.c[name] for name in names))
        .where(deals.c.account_id == account_id, deals.c.position_id == position_id)
        .order_by(deals.c.ticket)
        .limit(_POSITION_DEALS_MAX)
    )
    return [PositionDeal(**row) for row in found.mappings()]


def _traded_deal(row: Any) -> TradedDeal:  # noqa: ANN401  # a row of those columns
    return TradedDeal(
        sequence=row.sequence,
        account_id=row.account_id,
        broker_server=row.server,
        broker_login=row.login,
        ticket=row.ticket,
        position_id=row.position_id,
        closed_at=likely_utc(
            row.broker_time_ms, row.broker_utc_offset_seconds, told_at=row.event_time
        ),
        currency=row.currency,
        is_demo=row.demo,
        is_affiliates=row.is_affiliates,
        referral_id=row.referral_id,
        referred_at=row.created_at,
        affiliate_id=row.owner_id,
        affiliate_disabled=row.disabled_at is not None,
    )
