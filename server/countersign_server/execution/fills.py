"""What a command's deals amount to."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from countersign_server.execution.lifecycle import CommandEvent

_OPENING = frozenset({"open", "place"})
_TRADING = _OPENING | {"close", "partial-close"}
_DEAL_BUY, _DEAL_SELL = 0, 1


@dataclass(frozen=True, slots=True)
class Filled:
    """Lots done, and the volume-weighted price; None: nothing is done."""

    volume: Decimal
    average_price: Decimal | None


def is_its_own(kind: str, side: str, deal_type: int) -> bool:
    """Tell whether a deal with a command's tag is the command's own doing.

    The order by which a stop or a stop-out closes a position carries the tag of what opened it, and
    trades the other way. `side` is the position's, `deal_type` MetaTrader's.
    """
    if kind not in _TRADING:
        return True
    buys = (side == "buy") == (kind in _OPENING)
    return deal_type == (_DEAL_BUY if buys else _DEAL_SELL)


def filled_by(deals: Iterable[tuple[Decimal, Decimal]]) -> Filled:
    """Return what `deals`, pairs of volume and price, amount to."""
    pairs = list(deals)
    volume = sum((volume for volume, _ in pairs), Decimal(0))
    if not volume:
        return Filled(Decimal(0), None)
    worth = sum((volume * price for volume, price in pairs), Decimal(0))
    return Filled(volume, (worth / volume).quantize(Decimal("1e-9")))


def shown_by(filled: Filled, asked: Decimal | None) -> CommandEvent:
    """Return what the deals show of a command that asked for so many lots; None: for no volume."""
    whole = asked is not None and filled.volume >= asked
    return CommandEvent.SHOW_ALL if whole or asked is None else CommandEvent.SHOW_PART
