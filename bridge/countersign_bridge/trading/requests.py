"""The requests that may be sent to the terminal, each with exactly the fields it has.

The package drops unknown keys in silence: `stop_loss=` for `sl=` is an order without a stop. So
nothing but these types ever becomes a request, and every value has the one type the package takes.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from hashlib import sha256
from types import MappingProxyType

from countersign_bridge.decimals import decimal_text
from countersign_bridge.fingerprints import MAGIC_MAX
from countersign_bridge.terminal.views import OrderType, SymbolView

RequestFields = Mapping[str, int | float | str]

COMMENT_MAX = 26  # the package takes 29, brokers and clients keep fewer


class RequestInvalid(ValueError):
    """The request is not one this program sends; names the field."""


class Action(IntEnum):
    """MetaTrader's TRADE_ACTION numbers."""

    DEAL = 1
    PENDING = 5
    STOPS = 6
    MODIFY = 7
    REMOVE = 8


class Filling(IntEnum):
    """MetaTrader's ORDER_FILLING numbers."""

    FOK = 0
    IOC = 1
    RETURN = 2


class Lifetime(IntEnum):
    """MetaTrader's ORDER_TIME numbers."""

    UNTIL_CANCELLED = 0
    UNTIL_TIME = 2


_FOK_MASK = 1
_IOC_MASK = 2


def choose_filling(*, filling_mask: int) -> Filling:
    """Return how a market order fills: whole or not at all where the symbol allows it.

    A symbol that allows neither FOK nor IOC is an exchange's, where the rest stays in the book.
    """
    if filling_mask & _FOK_MASK:
        return Filling.FOK
    if filling_mask & _IOC_MASK:
        return Filling.IOC
    return Filling.RETURN


def closable(open_now: Decimal, symbol: SymbolView) -> Decimal:
    """Return the lots of the next order that closes: all, as far as one order may go."""
    if open_now <= symbol.volume_max:
        return open_now
    most = symbol.volume_max // symbol.volume_step * symbol.volume_step
    # What is left must not be less than an order may have.
    if 0 < open_now - most < symbol.volume_min:
        most -= symbol.volume_min
    return Decimal(decimal_text(most))


@dataclass(frozen=True, slots=True)
class MarketOrder:
    """Trades now. With `position`, the ticket of a position, it closes that one."""

    symbol: str
    type: OrderType
    volume: Decimal
    price: Decimal
    deviation_points: int
    filling: Filling
    magic: int
    comment: str
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    position: int | None = None

    def fields(self) -> dict[str, int | float | str]:
        fields: dict[str, int | float | str] = {
            "action": int(Action.DEAL),
            "symbol": self.symbol,
            "type": int(self.type),
            "volume": float(self.volume),
            "price": float(self.price),
            "deviation": self.deviation_points,
            "type_filling": int(self.filling),
            "type_time": int(Lifetime.UNTIL_CANCELLED),
            "magic": self.magic,
            "comment": self.comment,
        }
        _add_stops(fields, self.stop_loss, self.take_profit)
        if self.position is not None:
            fields["position"] = self.position
        return fields


@dataclass(frozen=True, slots=True)
class PendingOrder:
    """Waits at the broker for its price. `expiration_s`: by the broker's clock; None: for good."""

    symbol: str
    type: OrderType
    volume: Decimal
    price: Decimal
    filling: Filling
    magic: int
    comment: str
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    expiration_s: int | None = None

    def fields(self) -> dict[str, int | float | str]:
        fields: dict[str, int | float | str] = {
            "action": int(Action.PENDING),
            "symbol": self.symbol,
            "type": int(self.type),
            "volume": float(self.volume),
            "price": float(self.price),
            "type_filling": int(self.filling),
            "type_time": int(Lifetime.UNTIL_CANCELLED),
            "magic": self.magic,
            "comment": self.comment,
        }
        _add_stops(fields, self.stop_loss, self.take_profit)
        if self.expiration_s is not None:
            fields["type_time"] = int(Lifetime.UNTIL_TIME)
            fields["expiration"] = self.expiration_s
        return fields


@dataclass(frozen=True, slots=True)
class PositionStops:
    """Sets stop and target of a position; None removes one."""

    symbol: str
    position: int
    magic: int
    stop_loss: Decimal | None
    take_profit: Decimal | None

    def fields(self) -> dict[str, int | float | str]:
        return {
            "action": int(Action.STOPS),
            "symbol": self.symbol,
            "position": self.position,
            "sl": float(self.stop_loss or 0),
            "tp": float(self.take_profit or 0),
            "magic": self.magic,
        }


@dataclass(frozen=True, slots=True)
class PendingStops:
    """Sets stop and target of a pending order and leaves its price and its end as they are."""

    order: int
    symbol: str
    price: Decimal
    type_time: int
    expiration_s: int
    magic: int
    stop_loss: Decimal | None
    take_profit: Decimal | None

    def fields(self) -> dict[str, int | float | str]:
        fields: dict[str, int | float | str] = {
            "action": int(Action.MODIFY),
            "order": self.order,
            "symbol": self.symbol,
            "price": float(self.price),
            "sl": float(self.stop_loss or 0),
            "tp": float(self.take_profit or 0),
            "type_time": self.type_time,
            "magic": self.magic,
        }
        if self.expiration_s:
            fields["expiration"] = self.expiration_s
        return fields


@dataclass(frozen=True, slots=True)
class PendingRemoval:
    """Takes a pending order back."""

    order: int
    symbol: str
    magic: int

    def fields(self) -> dict[str, int | float | str]:
        return {
            "action": int(Action.REMOVE),
            "order": self.order,
            "symbol": self.symbol,
            "magic": self.magic,
        }


TradeRequest = MarketOrder | PendingOrder | PositionStops | PendingStops | PendingRemoval


def request_sha256(fields: RequestFields) -> str:
    """Return the SHA-256 of a request's fields as sent: JSON, keys in order, no spaces."""
    text = json.dumps(dict(fields), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


_WHOLE = int
_REAL = float
_FIELD_TYPES: Mapping[str, type[int | float | str]] = MappingProxyType(
    {
        **dict.fromkeys(("action", "magic", "order", "deviation", "type"), _WHOLE),
        **dict.fromkeys(("type_filling", "type_time", "expiration", "position"), _WHOLE),
        **dict.fromkeys(("volume", "price", "sl", "tp"), _REAL),
        **dict.fromkeys(("symbol", "comment"), str),
    }
)


def check_fields(fields: RequestFields) -> None:
    """Raise RequestInvalid unless the package will read every field as it is meant."""
    for name, value in fields.items():
        wanted = _FIELD_TYPES.get(name)
        if wanted is None:
            raise RequestInvalid(f"{name}: no field of a request")
        # Exactly the type: the package refuses whole numbers as volumes and takes True for 1.
        if type(value) is not wanted:
            raise RequestInvalid(f"{name}: {value!r} is not of type {wanted.__name__}")
        if isinstance(value, float) and not (math.isfinite(value) and value >= 0):
            raise RequestInvalid(f"{name}: {value} is no price and no volume")
    if not 1 <= int(fields.get("magic", 0)) <= MAGIC_MAX:
        raise RequestInvalid(f"magic: must be from 1 to {MAGIC_MAX}")
    if fields.get("action") not in tuple(Action):
        raise RequestInvalid("action: not one this program takes")
    if len(str(fields.get("comment", "")).encode("utf-16-le")) // 2 > COMMENT_MAX:
        raise RequestInvalid(f"comment: longer than {COMMENT_MAX} characters")


def _add_stops(
    fields: dict[str, int | float | str], stop_loss: Decimal | None, take_profit: Decimal | None
) -> None:
    if stop_loss is not None:
        fields["sl"] = float(stop_loss)
    if take_profit is not None:
        fields["tp"] = float(take_profit)
