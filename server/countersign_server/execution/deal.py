"""A deal: what MetaTrader says was traded, or booked, on an account."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

_BUY, _SELL = 0, 1
# A deal that the broker takes back keeps its ticket and becomes one of these, with what it made
# zeroed; a balance operation of its own moves the money.
CANCELED = {_BUY: 13, _SELL: 14}
CHANGED_BY_CANCELING = ("type", "entry", "profit", "commission", "swap", "fee")
_MADE_AS = {canceled: made for made, canceled in CANCELED.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One deal, as it is remembered. Volumes in lots, money in the account's currency."""

    account_id: UUID
    ticket: int
    owner_id: UUID
    command_id: UUID | None  # None: it carries no tag of ours
    order_ticket: int
    position_id: int
    magic: int
    type: int  # MetaTrader's DEAL_TYPE
    entry: str  # "in", "out", "inout", "out-by"; empty: a balance operation
    reason: int  # MetaTrader's DEAL_REASON
    symbol: str
    volume: Decimal
    price: Decimal
    profit: Decimal
    commission: Decimal
    swap: Decimal
    fee: Decimal
    broker_time_ms: int
    broker_utc_offset_seconds: int | None
    comment: str
    event_time: datetime  # by the bridge's clock
    received_at: datetime

    @property
    def is_canceled(self) -> bool:
        """Whether the broker has taken it back: then it changed no position."""
        return self.type in _MADE_AS


def made_as(deal_type: int) -> int:
    """Return which DEAL_TYPE a deal was made as, whether or not it was cancelled since."""
    return _MADE_AS.get(deal_type, deal_type)
