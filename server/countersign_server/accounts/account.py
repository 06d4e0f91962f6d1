"""A trading account: one login at one broker's server, and whether it may trade."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID


class MarginMode(StrEnum):
    """How an account keeps its positions."""

    NETTING = "netting"
    EXCHANGE = "exchange"
    HEDGING = "hedging"


class TradingState(StrEnum):
    """Whether an account may trade."""

    ACTIVE = "active"
    WARNED = "warned"  # a limit is near
    CLOSE_ONLY = "close-only"
    HALTED = "halted"
    FLATTENING = "flattening"  # being closed by a guard

    @property
    def may_open(self) -> bool:
        """Whether positions and orders may be added."""
        return self in (TradingState.ACTIVE, TradingState.WARNED)

    @property
    def may_reduce(self) -> bool:
        """Whether positions may be closed and orders taken away."""
        return self is not TradingState.HALTED


# What a new account is given where its owner says nothing: a person does not trade so fast, and an
# engine that does has run away.
ORDERS_PER_SECOND_MAX = 10
IDENTICAL_ORDERS_PER_MINUTE_MAX = 20


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What must hold whatever the account follows; None: no limit."""

    max_volume: Decimal | None = None  # lots of one command
    max_open_positions: int | None = None
    max_commands_per_minute: int | None = None
    max_orders_per_second: int | None = None  # openings, as they are granted
    max_identical_orders_per_minute: int | None = None  # openings of one symbol, side and volume

    def of_a_new_account(self) -> "AccountLimits":
        """Return the limits with the defaults for what is not given."""
        return replace(
            self,
            max_orders_per_second=self.max_orders_per_second or ORDERS_PER_SECOND_MAX,
            max_identical_orders_per_minute=(
                self.max_identical_orders_per_minute or IDENTICAL_ORDERS_PER_MINUTE_MAX
            ),
        )


@dataclass(frozen=True, slots=True)
class OwnerLimits:
    """What must hold for all accounts of an owner together; None: no limit."""

    max_orders_per_second: int | None = None  # openings, as they are granted
    max_orders_per_minute: int | None = None
    max_lots: Decimal | None = None
    max_positions: int | None = None
    # What the accounts of a currency may lose in a day, by currency. None is converted.
    max_daily_losses: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])

    @property
    def is_of_exposure(self) -> bool:
        """Whether anything is limited that takes a look at all of the owner's accounts."""
        losses = bool(self.max_daily_losses)
        return self.max_lots is not None or self.max_positions is not None or losses


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The login that a terminal must show."""

    server: str
    login: int
    currency: str
    margin_mode: MarginMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One login at one broker's server."""

    id: UUID
    owner_id: UUID
    name: str
    broker: str
    server: str
    login: int
    currency: str
    margin_mode: MarginMode
    demo: bool
    limits: AccountLimits
    owner_signature_required: bool
    trading_state: TradingState
    trading_cause: str  # empty when active
    trading_since: datetime
    latch: int  # counts the changes of the trading state
    generation: int  # counts the grants ever issued
    created_at: datetime

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint(self.server, self.login, self.currency, self.margin_mode)


@dataclass(frozen=True, slots=True)
class Funds:
    """What an account is worth, in its own currency, when its terminal was last read."""

    balance: Decimal
    equity: Decimal
    event_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An account and its open positions at a moment. `body` is the AccountSnapshot as it came."""

    account_id: UUID
    owner_id: UUID
    session_epoch: bytes
    revision: int  # counts within the session
    balance: Decimal
    equity: Decimal
    body: bytes
    connected: bool
    event_time: datetime  # by the bridge's clock
    received_at: datetime


def facts_of(account: Account) -> Mapping[str, Any]:
    """Return what the audit tells of an account."""
    limits = account.limits
    return {
        "name": account.name,
        "broker": account.broker,
        "server": account.server,
        "login": account.login,
        "currency": account.currency,
        "margin_mode": account.margin_mode,
        "demo": account.demo,
        **asdict(limits),
        "owner_signature_required": account.owner_signature_required,
        "trading_state": account.trading_state,
        "trading_cause": account.trading_cause,
    }
