"""Who brought whom, and when that may still be said."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from countersign_server.affiliate_errors import ReferralTooLate, SelfReferral
from countersign_server.identifiers import Random

_TOKEN_BYTES = 10


@dataclass(frozen=True, slots=True)
class Affiliate:
    """A user who brings others."""

    owner_id: UUID
    token: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """An affiliate brought a user, for good."""

    id: UUID
    owner_id: UUID  # the affiliate
    referred_id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """As much of a user as tells two of them apart."""

    id: UUID
    email: str
    created_at: datetime


def new_token(random: Random) -> str:
    """Return a token that can be read out and typed: 16 small letters and digits, 80 bits."""
    return base64.b32encode(random(_TOKEN_BYTES)).decode().lower()


def link_of(page: str, token: str) -> str:
    """Return the link that names an affiliate; empty if there is no page to link to."""
    return f"{page}?ref={token}" if page else ""


def check_referral(
    affiliate: Person,
    referred: Person,
    *,
    brought_affiliate: bool,
    window: timedelta,
    now: datetime,
) -> None:
    """Raise SelfReferral or ReferralTooLate if the affiliate did not bring the other one.

    `brought_affiliate`: the one to be referred had brought the affiliate.
    """
    if affiliate.id == referred.id or _mailbox(affiliate.email) == _mailbox(referred.email):
        raise SelfReferral("nobody refers themselves")
    if brought_affiliate:
        raise SelfReferral("the affiliate was brought by you")
    if now > referred.created_at + window:
        raise ReferralTooLate(f"it could be said until {window.days} days after the invitation")


def _mailbox(email: str) -> str:
    """Return the mailbox that an address leads to: what follows a plus is its owner's own."""
    name, _, domain = email.lower().rpartition("@")
    return f"{name.partition('+')[0]}@{domain}"
