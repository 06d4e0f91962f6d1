"""What an owner wants to be protected from, and what is to be done then."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from countersign_guards.trading_day import TradingDay


class Reference(StrEnum):
    """What a loss is measured from. Deposits and withdrawals move it along."""

    INITIAL_BALANCE = "initial-balance"
    PEAK_EQUITY = "peak-equity"
    PEAK_DAY_END_BALANCE = "peak-day-end-balance"  # or the initial balance, if that is higher
    DAY_START_BALANCE = "day-start-balance"
    DAY_START_EQUITY = "day-start-equity"
    DAY_START_HIGHER = "day-start-higher"  # of balance and equity

    @property
    def needs_a_day(self) -> bool:
        return self not in (Reference.INITIAL_BALANCE, Reference.PEAK_EQUITY)


class Action(StrEnum):
    """What a rule does when it is broken."""

    CLOSE_ONLY = "close-only"  # nothing is opened
    HALT = "halt"  # nothing is sent at all
    FLATTEN = "flatten"  # everything is closed, after an alert


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may be lost: an amount, or a fraction of the reference or of the initial balance."""

    amount: Decimal | None = None
    fraction: Decimal | None = None
    of_initial_balance: bool = False


@dataclass(frozen=True, slots=True)
class LossRule:
    """Broken when equity is at or below the reference less the limit."""

    id: str
    reference: Reference
    limit: Limit
    action: Action = Action.FLATTEN
    # None unless the reference needs one.
    day: TradingDay | None = None
    # The floor follows the reference no further than to the initial balance.
    stops_at_initial_balance: bool = False


@dataclass(frozen=True, slots=True)
class MarginRule:
    """Broken when the margin level is at or below `level`, in percent, while margin is in use."""

    id: str
    level: Decimal
    action: Action = Action.CLOSE_ONLY


@dataclass(frozen=True, slots=True)
class Exposure:
    """How much may be open, in lots and in positions. None: no limit."""

    lots: Decimal | None = None
    positions: int | None = None
    lots_per_symbol: Decimal | None = None
    positions_per_symbol: int | None = None
    lots_per_direction: Decimal | None = None  # buys and sells of a symbol, each for itself
    leverage: Decimal | None = None  # margin used, as notional over equity
    margin_level: Decimal | None = None  # least margin level after an order, in percent
    stop_required: bool = False


@dataclass(frozen=True, slots=True)
class Market:
    """When a symbol's prices are not to be traded on. None: whatever they are."""

    spread: Decimal | None = None  # most, as a fraction of the price
    gap: Decimal | None = None  # most between two quotes in a row, as a fraction of the first
    gap_rest: timedelta = timedelta(seconds=60)  # how long a gap counts
    quote_age: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How sure a guard must be, and how long it waits."""

    # A breach counts when it has shown in so many views over so long: a bad tick closes nothing.
    persistence: timedelta = timedelta(seconds=2)
    views: int = 3
    # For views in which a price of an open position is not to be trusted.
    suspect_persistence: timedelta = timedelta(seconds=10)
    # Before everything is closed, in which the owner may say no.
    alert: timedelta = timedelta(seconds=10)
    # A view without complete history waits so long for it.
    unsettled: timedelta = timedelta(seconds=30)
    # The oldest view that may decide on closing.
    view_age: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that guards one account. `initial_balance` None: the first balance seen."""

    currency: str
    losses: tuple[LossRule, ...] = ()
    margins: tuple[MarginRule, ...] = ()
    exposure: Exposure = field(default_factory=Exposure)
    market: Market = field(default_factory=Market)
    patience: Patience = field(default_factory=Patience)
    initial_balance: Decimal | None = None
    # The share of a limit that is used up when its owner is warned.
    warn_at: Decimal = Decimal("0.8")


def default_policy(currency: str) -> Policy:
    """Return what protects an account whose owner has said nothing.

    Everything is closed 20 % below the highest equity.
    """
    drawdown = LossRule("drawdown", Reference.PEAK_EQUITY, Limit(fraction=Decimal("0.2")))
    return Policy(currency, losses=(drawdown,))
