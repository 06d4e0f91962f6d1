"""How fast openings are permitted, to one account and to all accounts of an owner."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from countersign_server.accounts.account import AccountLimits, OwnerLimits

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningPace:
    """How many openings were granted of late, and what the owner allows to all accounts together.

    Identical are those of the account with the symbol, side and volume of what is asked for.
    """

    owner_limits: OwnerLimits
    in_second: int
    identical_in_minute: int
    of_owner_in_second: int
    of_owner_in_minute: int

    def limit_reached(self, limits: AccountLimits) -> str | None:
        """Return why nothing more may be opened now: a public reason; None: it may."""
        for reason, count, limit in self._held_against(limits):
            if limit is not None and count >= limit:
                return reason
        return None

    def _held_against(self, limits: AccountLimits) -> Iterator[tuple[str, int, int | None]]:
        owner = self.owner_limits
        yield "ORDERS_PER_SECOND", self.in_second, limits.max_orders_per_second
        identical = limits.max_identical_orders_per_minute
        yield "IDENTICAL_ORDERS", self.identical_in_minute, identical
        yield "OWNER_ORDERS_PER_SECOND", self.of_owner_in_second, owner.max_orders_per_second
        yield "OWNER_ORDERS_PER_MINUTE", self.of_owner_in_minute, owner.max_orders_per_minute
