"""Numbers as texts that two programs agree on to the byte."""

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal

# Eighteen digits before the point and nine after it, and room to add thousands of them up.
_WIDE = Context(prec=40, rounding=ROUND_HALF_EVEN)
_CANONICAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{0,8}[1-9])?")

PLACES_MAX = 9
_UNITS = tuple(Decimal(1).scaleb(-places) for places in range(PLACES_MAX + 1))
# MetaTrader keeps volumes in steps of 0.00000001 lot.
VOLUME_PLACES = 8


class NotCanonical(ValueError):
    """The text or number is not a canonical decimal of the contract."""


def parse_decimal(text: str) -> Decimal:
    """Return the number a canonical text stands for. Raises NotCanonical."""
    if not _CANONICAL.fullmatch(text) or text == "-0":
        raise NotCanonical(f"{text[:40]!r} is not a canonical decimal such as 1.0845")
    return Decimal(text)


def decimal_text(value: Decimal) -> str:
    """Return the canonical text of `value`. Raises NotCanonical if it has none."""
    if not value.is_finite():
        raise NotCanonical(f"{value} is not a number")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = "0" if text == "-0" else text
    if not _CANONICAL.fullmatch(text):
        raise NotCanonical(f"{text[:40]} has more than 18 digits before or 9 after the point")
    return text


def from_float(value: float, places: int) -> Decimal:
    """Return the decimal that a terminal's float stands for, to at most `places` decimals.

    The terminal adds floats, so 0.30000000000000004 stands for 0.3. Raises NotCanonical for
    infinities and NaN.
    """
    if not math.isfinite(value):
        raise NotCanonical(f"the terminal shows {value} where a number belongs")
    exact = Decimal(repr(float(value)))
    rounded = exact.quantize(_UNITS[min(places, PLACES_MAX)], context=_WIDE)
    return Decimal(decimal_text(rounded))


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether `value` is a whole number of steps."""
    return step > 0 and _WIDE.remainder(value, step) == 0
