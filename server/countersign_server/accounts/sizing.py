"""How much an account trades when it follows a signal."""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum

from countersign_server.accounts.account import Funds
from countersign_server.accounts.symbol import SymbolProperties

# Products of four amounts stay exact, so that what is rounded down is never rounded up before.
_EXACT_DIGITS = 120
_THOUSAND = Decimal(1000)


class SizingRule(StrEnum):
    """What the one number of a sizing means."""

    FIXED_LOTS = "fixed-lots"  # lots
    MULTIPLIER = "multiplier"  # times the broker's smallest volume
    BALANCE = "balance"  # lots for each 1,000 of balance
    EQUITY = "equity"  # lots for each 1,000 of equity
    RISK = "risk"  # part of equity that is lost at the stop at most


class SizingRefusal(StrEnum):
    """Why no volume could be found. Public: it is the reason that an account's owner reads."""

    VOLUME_TOO_SMALL = "VOLUME_TOO_SMALL"
    STOP_REQUIRED = "STOP_REQUIRED"
    FUNDS_UNKNOWN = "FUNDS_UNKNOWN"
    TICK_VALUE_UNKNOWN = "TICK_VALUE_UNKNOWN"
    VOLUME_ABOVE_LIMIT = "VOLUME_ABOVE_LIMIT"


@dataclass(frozen=True, slots=True)
class Sizing:
    """A rule and its one number."""

    rule: SizingRule
    value: Decimal


def volume_for(  # noqa: PLR0913  # everything that a size depends on
    sizing: Sizing,
    *,
    symbol: SymbolProperties,
    funds: Funds | None,
    price: Decimal | None,
    stop_loss: Decimal | None,
    volume_limit: Decimal | None,
) -> Decimal | SizingRefusal:
    """Return how many lots to trade, or why none.

    The volume is one that the broker accepts, and never more than the rule asks for: rounded down
    to the broker's step, capped at the broker's largest. Above the owner's `volume_limit` (None: no
    limit) it is refused, not capped: who set both a size and a limit must see that they disagree.

    For `SizingRule.RISK` at `price`, pass the worst price at which it may trade; a stop is needed.
    """
    with localcontext(prec=_EXACT_DIGITS):
        asked = _steps_asked(sizing, symbol, funds, price, stop_loss)
        if isinstance(asked, SizingRefusal):
            return asked
        # Rounding down, both times: a follower may risk less than asked, never more.
        steps = min(asked, symbol.volume_max // symbol.volume_step)
        volume = steps * symbol.volume_step
    if volume < symbol.volume_min:
        return SizingRefusal.VOLUME_TOO_SMALL
    if volume_limit is not None and volume > volume_limit:
        return SizingRefusal.VOLUME_ABOVE_LIMIT
    return volume


def loss_per_lot(symbol: SymbolProperties, price: Decimal, stop_loss: Decimal) -> Decimal | None:
    """Return what one lot loses between `price` and `stop_loss`, in the account's currency.

    None: the terminal does not say what a tick is worth.
    """
    if symbol.tick_value <= 0:
        return None
    return abs(price - stop_loss) / symbol.tick_size * symbol.tick_value


def _steps_asked(
    sizing: Sizing,
    symbol: SymbolProperties,
    funds: Funds | None,
    price: Decimal | None,
    stop_loss: Decimal | None,
) -> Decimal | SizingRefusal:
    """Return how many whole steps of the broker's volume the rule asks for."""
    match sizing.rule:
        case SizingRule.FIXED_LOTS:
            return sizing.value // symbol.volume_step
        case SizingRule.MULTIPLIER:
            return sizing.value * symbol.volume_min // symbol.volume_step
        case _ if funds is None:
            return SizingRefusal.FUNDS_UNKNOWN
        case SizingRule.BALANCE:
            return funds.balance * sizing.value // (_THOUSAND * symbol.volume_step)
        case SizingRule.EQUITY:
            return funds.equity * sizing.value // (_THOUSAND * symbol.volume_step)
        case SizingRule.RISK:
            return _steps_at_risk(sizing.value, symbol, funds, price, stop_loss)


def _steps_at_risk(
    fraction: Decimal,
    symbol: SymbolProperties,
    funds: Funds,
    price: Decimal | None,
    stop_loss: Decimal | None,
) -> Decimal | SizingRefusal:
    # A stop at the price itself is none: the loss it allows would be divided by zero.
    if price is None or stop_loss is None or price == stop_loss:
        return SizingRefusal.STOP_REQUIRED
    if symbol.tick_value <= 0:
        return SizingRefusal.TICK_VALUE_UNKNOWN
    distance = abs(price - stop_loss)
    # One division, the last: dividing earlier could round the loss down and so the volume up.
    return (funds.equity * fraction * symbol.tick_size) // (
        distance * symbol.tick_value * symbol.volume_step
    )
