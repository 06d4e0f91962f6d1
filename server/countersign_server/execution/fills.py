"""What a command's deals amount to."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from countersign_server.execution.lifecycle import CommandEvent


@dataclass(frozen=True, slots=True)
class Filled:
    """Lots done, and the volume-weighted price; None: nothing is done."""

    volume: Decimal
    average_price: Decimal | None


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
