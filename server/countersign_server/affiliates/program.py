"""The terms on which affiliates earn, as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from countersign_server.errors import Invalid

# Far above what anybody pays for a lot; it keeps every product within what is stored.
_RATE_PER_LOT_MAX = Decimal(10_000)


class Basis(StrEnum):
    """What a commission is a part of."""

    BROKER_COMMISSION = "broker-commission"  # what the trader paid the broker
    LOTS = "lots"  # that were closed
    PROFIT = "profit"  # what the trader gained


class Measure(StrEnum):
    """What decides an affiliate's tier."""

    MONTHLY_LOTS = "monthly-lots"
    REFERRED = "referred"


@dataclass(frozen=True, slots=True)
class Tier:
    """From how much on which rate holds: a fraction, or money for each lot."""

    threshold: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Terms for the accounts of one currency, from `created_at` until the next of that currency.

    `earning_days` 0: trades earn for ever.
    """

    id: UUID
    currency: str
    basis: Basis
    measure: Measure
    tiers: tuple[Tier, ...]
    minimum_payout: Decimal
    earning_days: int
    closed: bool
    created_at: datetime

    @property
    def terms(self) -> tuple[object, ...]:
        """What makes two programs the same although they were set at different times."""
        return (
            *(self.currency, self.basis, self.measure, self.tiers),
            *(self.minimum_payout, self.earning_days, self.closed),
        )


def check_tiers(basis: Basis, tiers: Sequence[Tier]) -> None:
    """Raise Invalid unless the tiers say for every amount which one rate holds."""
    if tiers[0].threshold != 0:
        raise Invalid("the first tier's threshold must be 0", field="program.tiers[0].threshold")
    for number, (lower, higher) in enumerate(pairwise(tiers), start=1):
        if higher.threshold <= lower.threshold:
            raise Invalid(
                "each threshold must be above the one before it",
                field=f"program.tiers[{number}].threshold",
            )
    highest = _RATE_PER_LOT_MAX if basis is Basis.LOTS else Decimal(1)
    for number, tier in enumerate(tiers):
        if tier.rate > highest:
            raise Invalid(
                f"a rate on {basis} may be {highest} at most", field=f"program.tiers[{number}].rate"
            )


def rate_at(tiers: Sequence[Tier], measured: Decimal) -> Decimal:
    """Return the rate of the highest tier that is reached; `measured` is what was before."""
    return max(
        (tier for tier in tiers if tier.threshold <= measured), key=lambda tier: tier.threshold
    ).rate


def next_tier(tiers: Sequence[Tier], measured: Decimal) -> Decimal | None:
    """Return from how much on the next tier holds; None: the highest is reached."""
    return min((tier.threshold for tier in tiers if tier.threshold > measured), default=None)
