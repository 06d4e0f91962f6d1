"""Prices and volumes as the contract writes them."""

import re
from decimal import Decimal, InvalidOperation

from countersign_client.errors import invalid_value

# An exponent or an underscore in a price is more often a slip than meant.
_PLAIN = re.compile(r"[+-]?[0-9]*[.]?[0-9]*")
_DIGITS_BEFORE_MAX = 18
_DIGITS_AFTER_MAX = 9


def canonical(value: Decimal | str | int, *, field: str) -> str:
    """Return the one text of a positive number: "1.0850" and Decimal("1.085") both become "1.085".

    `field` names the value in the error. Raises Invalid for what is not a finite number above zero,
    has more than 18 digits before or 9 after the point, or is a float, which cannot hold most
    prices exactly.
    """
    number = _number(value, field)
    if not number.is_finite() or number <= 0:
        raise invalid_value(f"{field} must be a number above zero, not {value!s:.40}", field=field)
    if number.adjusted() >= _DIGITS_BEFORE_MAX:
        raise invalid_value(
            f"{field} has more than {_DIGITS_BEFORE_MAX} digits before the point", field=field
        )
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if len(text.partition(".")[2]) > _DIGITS_AFTER_MAX:
        raise invalid_value(
            f"{field} has more than {_DIGITS_AFTER_MAX} digits after the point", field=field
        )
    return text


def _number(value: object, field: str) -> Decimal:
    # bool is an int to Python, and never a price.
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int):
        raise invalid_value(
            f'{field} must be a Decimal or text such as "1.0845", not {type(value).__name__}',
            field=field,
        )
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        raise invalid_value(
            f"{field} must be a plain number such as 1.0845, not {value:.40}", field=field
        )
    try:
        return Decimal(value)
    except InvalidOperation:
        raise invalid_value(f"{field} is not a number: {value!s:.40}", field=field) from None
