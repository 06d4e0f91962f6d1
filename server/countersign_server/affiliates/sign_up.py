"""Recording who brought a user: as they sign up, or soon after."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.affiliate_errors import AlreadyReferred, ReferralCodeUnknown
from countersign_server.affiliates import store
from countersign_server.affiliates.measures import referrals_total
from countersign_server.affiliates.referral import Person, Referral, check_referral
from countersign_server.affiliates.telling import told_referral
from countersign_server.audit.entries import Trace
from countersign_server.audit.store import record
from countersign_server.identifiers import uuid7
from countersign_server.identity.store import user_locked
from countersign_server.identity.user import User


@dataclass(frozen=True, slots=True)
class Referrals:
    """Where referrals are recorded. `window`: how long after the invitation it may be said."""

    window: timedelta
    now: Callable[[], datetime]

    async def record(self, tx: AsyncConnection, user_id: UUID, code: str, trace: Trace) -> Referral:
        """Record who brought a user, in a transaction that sees everybody.

        A repeat returns what was recorded. Raises ReferralCodeUnknown, SelfReferral,
        ReferralTooLate, AlreadyReferred.
        """
        named = await store.affiliate_by_token(tx, code.strip().lower())
        # Of two who refer each other at once, the second sees what the first has done.
        ids = sorted({user_id, named.owner_id}) if named else []
        people = {one: await user_locked(tx, one) for one in ids}
        affiliate = people.get(named.owner_id) if named else None
        if named is None or affiliate is None or affiliate.disabled_at is not None:
            raise ReferralCodeUnknown("there is no such code", field="referral_code")
        known = await store.referral_of(tx, user_id)
        if known is not None:
            if known.owner_id == named.owner_id:
                return known
            raise AlreadyReferred("somebody else was named before")
        referred, now = people[user_id], self.now()
        assert referred is not None  # noqa: S101  # whoever calls has just shown that it is there
        brought = await store.referral_of(tx, named.owner_id)
        check_referral(
            _person(affiliate),
            _person(referred),
            brought_affiliate=brought is not None and brought.owner_id == user_id,
            window=self.window,
            now=now,
        )
        made = Referral(id=uuid7(now), owner_id=named.owner_id, referred_id=user_id, created_at=now)
        if not await store.add_referral(tx, made):
            raise AlreadyReferred("somebody was named at the same time")
        await record(tx, told_referral(made, trace))
        referrals_total.inc()
        return made


def _person(user: User) -> Person:
    return Person(user.id, user.email, user.created_at)
