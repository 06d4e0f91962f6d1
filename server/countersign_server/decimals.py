"""Decimals in the one form that is signed, compared and sent."""

from decimal import Decimal

FRACTION_DIGITS = 9


def decimal_text(value: Decimal) -> str:
    """Return the canonical text: no exponent, no plus sign, no trailing zeros, no minus zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def optional_decimal(text: str) -> Decimal | None:
    """Return the decimal, or None for empty text, which the contract uses for "not given"."""
    return Decimal(text) if text else None


def optional_text(value: Decimal | None) -> str:
    """Return canonical text, or empty text for None."""
    return "" if value is None else decimal_text(value)
