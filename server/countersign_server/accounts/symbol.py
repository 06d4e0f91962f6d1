"""What a broker says of a symbol, and what an owner has confirmed of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from countersign_guards.pips import pip_of
from countersign_server.decimals import decimal_text


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolProperties:
    """What a broker says of one symbol. Volumes in lots, `tick_value` in the account's currency."""

    symbol: str  # as the broker names it
    digits: int
    contract_size: Decimal
    tick_size: Decimal
    tick_value: Decimal  # of one tick of one lot; zero: the terminal does not say
    volume_min: Decimal
    volume_max: Decimal
    volume_step: Decimal
    currency_base: str
    currency_profit: str
    pip_size: Decimal
    # Of one lot opened now, in the account's currency; zero: the terminal does not say.
    margin_per_lot: Decimal = Decimal(0)

    def pip_at(self, price: Decimal) -> Decimal:
        """Return what the rule calls one pip where the symbol stands at about `price`."""
        return pip_of(
            self.symbol,
            digits=self.digits,
            tick_size=self.tick_size,
            currency_base=self.currency_base,
            currency_profit=self.currency_profit,
            price=price,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the properties as they are stored: decimals as text."""
        return {
            name: decimal_text(value) if isinstance(value, Decimal) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return what `to_json` gave; what an older one did not give is as if it were not said."""
        read: dict[str, Any] = {
            field.name: Decimal(stored[field.name]) if field.type is Decimal else stored[field.name]
            for field in fields(cls)
            if field.name in stored
        }
        return cls(**read)


@dataclass(frozen=True, slots=True)
class Quote:
    """A price at a moment, by the bridge's clock."""

    symbol: str
    bid: Decimal
    ask: Decimal
    quoted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSymbol:
    """An instrument of an account, as its owner confirmed it."""

    account_id: UUID
    instrument: str
    properties: SymbolProperties  # as confirmed
    fingerprint: str
    confirmed_at: datetime
    current: SymbolProperties  # as the broker says now; as confirmed while no bridge has told
    changed: bool  # the broker says something else now: nothing may be traded
    quote: Quote | None

    @property
    def symbol(self) -> str:
        return self.properties.symbol
