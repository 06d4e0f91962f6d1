"""What an affiliate earns on one closed trade, and why it earns nothing on others."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal, localcontext
from uuid import UUID

from countersign_server.affiliates.closed_trade import ClosedTrade
from countersign_server.affiliates.program import Basis, Program, rate_at
from countersign_server.decimals import FRACTION_DIGITS

_SMALLEST = Decimal(1).scaleb(-FRACTION_DIGITS)
# More digits than are stored would be no money.
_LARGEST = Decimal(10) ** 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Around a closed trade: whose it is, who brought them, and what holds then."""

    closed_at: datetime
    referred_at: datetime
    is_demo: bool
    is_affiliates: bool  # the account is the affiliate's as well
    affiliate_disabled: bool
    program: Program | None  # in force in the account's currency; None: there is none
    measured: Decimal  # lots of the month or people referred, before this trade


@dataclass(frozen=True, slots=True)
class Commission:
    """What is earned, in the program's currency."""

    amount: Decimal
    currency: str
    lots: Decimal
    program_id: UUID


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing is earned."""

    reason: str


def commission_on(trade: ClosedTrade | None, around: Circumstances) -> Commission | Nothing:
    """Return what is earned on a trade; None: the deal closed nothing."""
    if trade is None:
        return Nothing("NOTHING_CLOSED")
    program = around.program
    if program is None or program.closed:
        return Nothing("NO_PROGRAM")
    refusal = _refusal(around, program)
    if refusal:
        return Nothing(refusal)
    with localcontext(prec=60):
        earned = _basis_of(program.basis, trade) * rate_at(program.tiers, around.measured)
        # Down: the platform never owes a fraction more than the terms say.
        amount = earned.quantize(_SMALLEST, ROUND_DOWN)
    if amount <= 0:
        return Nothing("NOTHING_EARNED")
    if amount > _LARGEST:
        return Nothing("AMOUNT_IMPOSSIBLE")
    return Commission(amount, program.currency, trade.lots, program.id)


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """Return when the month of `moment` began and when the next one does, in UTC.

    The last month that there is ends with the last moment.
    """
    start = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    last = datetime.max.replace(tzinfo=UTC)
    if last - start < timedelta(days=32):
        return start, last
    following = start + timedelta(days=32)
    return start, datetime(following.year, following.month, 1, tzinfo=UTC)


def _refusal(around: Circumstances, program: Program) -> str:
    """Return why nothing is earned whatever was traded; empty: nothing stands against it."""
    refusals = (
        ("DEMO_ACCOUNT", around.is_demo),
        ("OWN_ACCOUNT", around.is_affiliates),
        ("AFFILIATE_DISABLED", around.affiliate_disabled),
        # A terminal tells all of an account's past when it is connected first.
        ("BEFORE_THE_REFERRAL", around.closed_at < around.referred_at),
        ("EARNING_TIME_OVER", _is_over(around, program.earning_days)),
    )
    return next((reason for reason, holds in refusals if holds), "")


def _is_over(around: Circumstances, earning_days: int) -> bool:
    ends = around.referred_at + timedelta(days=earning_days)
    return bool(earning_days) and around.closed_at > ends


def _basis_of(basis: Basis, trade: ClosedTrade) -> Decimal:
    match basis:
        case Basis.BROKER_COMMISSION:
            return max(trade.cost, Decimal(0))
        case Basis.LOTS:
            return trade.lots
        case Basis.PROFIT:
            return max(trade.profit, Decimal(0))
