"""Affiliates, whom they brought, and the terms, in the database."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.affiliates.program import Basis, Measure, Program, Tier
from countersign_server.affiliates.referral import Affiliate, Referral
from countersign_server.affiliates.tables import affiliate_programs, affiliates, referrals
from countersign_server.decimals import decimal_text

_NEWEST_FIRST = affiliate_programs.c.created_at.desc(), affiliate_programs.c.id.desc()


async def add_affiliate(tx: AsyncConnection, added: Affiliate) -> bool:
    """Keep an affiliate; False: the user is one already."""
    statement = insert(affiliates).values(asdict(added))
    once = statement.on_conflict_do_nothing(constraint="affiliates_key")
    return await tx.scalar(once.returning(affiliates.c.owner_id)) is not None


async def affiliate(tx: AsyncConnection, owner_id: UUID) -> Affiliate | None:
    found = await tx.execute(select(affiliates).where(affiliates.c.owner_id == owner_id))
    return _affiliate(found.one_or_none())


async def affiliate_held(tx: AsyncConnection, owner_id: UUID) -> Affiliate | None:
    """Return an affiliate, whose money nobody else takes until the transaction has ended."""
    asked = select(affiliates).where(affiliates.c.owner_id == owner_id)
    return _affiliate((await tx.execute(asked.with_for_update(key_share=True))).one_or_none())


async def affiliate_by_token(tx: AsyncConnection, token: str) -> Affiliate | None:
    found = await tx.execute(select(affiliates).where(affiliates.c.token == token))
    return _affiliate(found.one_or_none())


async def add_referral(tx: AsyncConnection, added: Referral) -> bool:
    """Keep a referral; False: the user was referred before, and that stays."""
    statement = insert(referrals).values(asdict(added))
    once = statement.on_conflict_do_nothing(constraint="one_referrer_per_user")
    return await tx.scalar(once.returning(referrals.c.id)) is not None


async def referral_of(tx: AsyncConnection, referred_id: UUID) -> Referral | None:
    """Return who brought a user; None: nobody, or nobody that the transaction may see."""
    found = await tx.execute(select(referrals).where(referrals.c.referred_id == referred_id))
    row = found.mappings().one_or_none()
    return None if row is None else Referral(**row)


async def referred_count(tx: AsyncConnection, owner_id: UUID) -> int:
    counted = select(func.count()).where(referrals.c.owner_id == owner_id)
    return await tx.scalar(counted) or 0


async def add_program(tx: AsyncConnection, added: Program) -> None:
    """Keep new terms; they are in force from now on."""
    facts = asdict(added)
    facts["tiers"] = [
        {"threshold": decimal_text(tier.threshold), "rate": decimal_text(tier.rate)}
        for tier in added.tiers
    ]
    await tx.execute(insert(affiliate_programs).values(facts))


async def program_at(tx: AsyncConnection, currency: str, moment: datetime) -> Program | None:
    """Return the terms that held for a currency at a moment; None: there were none yet."""
    asked = select(affiliate_programs).where(
        affiliate_programs.c.currency == currency, affiliate_programs.c.created_at <= moment
    )
    row = (await tx.execute(asked.order_by(*_NEWEST_FIRST).limit(1))).one_or_none()
    return None if row is None else _program(row)


async def programs_in_force(tx: AsyncConnection) -> Sequence[Program]:
    """Return the newest terms of each currency, by currency."""
    asked = select(affiliate_programs).ext(distinct_on(affiliate_programs.c.currency))
    found = await tx.execute(asked.order_by(affiliate_programs.c.currency, *_NEWEST_FIRST))
    return [_program(row) for row in found]


def _affiliate(row: Row[Any] | None) -> Affiliate | None:
    return None if row is None else Affiliate(row.owner_id, row.token, row.created_at)


def _program(row: Row[Any]) -> Program:
    return Program(
        id=row.id,
        currency=row.currency,
        basis=Basis(row.basis),
        measure=Measure(row.measure),
        tiers=tuple(Tier(Decimal(one["threshold"]), Decimal(one["rate"])) for one in row.tiers),
        minimum_payout=row.minimum_payout,
        earning_days=row.earning_days,
        closed=row.closed,
        created_at=row.created_at,
    )
