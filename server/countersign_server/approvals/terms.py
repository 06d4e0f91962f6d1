"""What a signal asks for, and which account is to follow it: all that planning looks at."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from countersign_server.accounts.account import Account, Funds, TradingState
from countersign_server.accounts.subscription import Subscription
from countersign_server.accounts.symbol import AccountSymbol
from countersign_server.approvals.commands_port import Exposure
from countersign_server.approvals.intents import Entry, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What one signal asks for. Prices in the quote currency; None: the action has none."""

    signal_id: UUID
    producer_id: UUID
    payload_sha256: str  # of the signed bytes, hexadecimal
    kind: Kind
    instrument: str
    side: str  # "buy" or "sell"; of the position meant for modify, close and cancel
    price: Decimal | None  # what the strategy saw
    entry: Entry
    stop_loss: Decimal | None
    take_profit: Decimal | None
    good_until: datetime | None
    fraction: Decimal | None  # of what is open, for a partial close
    opening_external_id: str  # empty for open and place
    note: str
    received_at: datetime
    expires_at: datetime
    is_too_fast: bool = False  # one more than the producer's owner lets the engine open a minute


@dataclass(frozen=True, slots=True)
class Opening:
    """The approval that opened what a signal is about, and what of it is at the broker now."""

    approval_id: UUID
    instrument: str
    symbol: str
    side: str
    volume: Decimal  # lots approved
    exposure: Exposure


@dataclass(frozen=True, slots=True)
class Follower:
    """One account that follows the producer, as it stands now. None: not known."""

    subscription: Subscription
    account: Account
    symbol: AccountSymbol | None
    funds: Funds | None
    opening: Opening | None
    producer_state: TradingState = TradingState.ACTIVE  # what kill switches leave of the producer
