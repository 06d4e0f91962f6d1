"""Whether all deals together are what the terminal says the account is worth."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from countersign_server.reconciliation.divergence import Difference, Kind

_DAILY = timedelta(days=1)
# A bridge that has just been installed tells years of deals first.
_AT_FIRST = timedelta(minutes=1)
_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Sums:
    """Money in the account's currency."""

    balance: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """How the statement stands. `difference`: deals less terminal; None: never compared."""

    difference: Decimal | None
    due_at: datetime | None  # None: no look was had at the account before

    def is_due(self, now: datetime) -> bool:
        return self.due_at is not None and now >= self.due_at

    def begun(self, now: datetime) -> "Statement":
        """Return the statement after a look at the account that compared nothing."""
        return self if self.due_at else Statement(self.difference, now + _AT_FIRST)

    def compared(self, *, deals: Sums, shown: Sums, now: datetime) -> "Statement":
        """Return the statement after a comparison.

        The sum of profit, commission, swap and fee over all deals but credit is the balance, and
        over those of credit the credit. A difference that is new is looked at again at once.
        """
        difference = (deals.balance - shown.balance) + (deals.credit - shown.credit)
        if not difference:
            return Statement(difference, now + _DAILY)
        is_new = difference != self.difference
        return Statement(difference, now if is_new else now + _AGAIN)

    def differences(self) -> list[Difference]:
        if not self.difference:
            return []
        return [
            Difference(
                kind=Kind.STATEMENT,
                subject=f"difference:{self.difference.normalize():f}",
                expected={"difference": 0},
                actual={"difference": self.difference},
            )
        ]
