"""How far equity fell, read by read, with what was paid in and out taken out."""

from dataclasses import dataclass, replace
from decimal import Decimal

from countersign_server.analytics.drawdown import Drawdown


@dataclass(frozen=True, slots=True)
class Reading:
    """An account as its terminal showed it, in its currency, credit counted as balance."""

    balance: Decimal
    equity: Decimal


@dataclass(frozen=True, slots=True)
class EquityPath:
    """How equity went so far.

    `unexplained` is what the balance that was read last had more than the deals counted by then.
    """

    unexplained: Decimal
    paid: Decimal = Decimal(0)  # in and out, as of the newest reading that counts
    drawdown: Drawdown | None = None  # None: no reading counts yet

    @classmethod
    def beginning(cls, reading: Reading, *, counted: Decimal) -> "EquityPath":
        return cls(reading.balance - counted)

    def after(self, reading: Reading, *, counted: Decimal, paid: Decimal) -> "EquityPath":
        """Return the path with one more reading; `counted` and `paid` are the deals' sums by now.

        While deals are on their way, the profit of a position that was closed is in the balance
        that was read and not yet among them: a reading whose difference is new says nothing. What
        no deal explains for longer counts as paid in.
        """
        unexplained = reading.balance - counted
        if unexplained != self.unexplained:
            return replace(self, unexplained=unexplained)
        in_all = paid + unexplained
        if self.drawdown is None:
            drawdown = Drawdown.beginning(reading.equity)
        else:
            drawdown = self.drawdown.after_payment(in_all - self.paid).after(reading.equity)
        return EquityPath(unexplained, in_all, drawdown)
