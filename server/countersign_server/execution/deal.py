"""A deal: what MetaTrader says was traded, or booked, on an account."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID


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
