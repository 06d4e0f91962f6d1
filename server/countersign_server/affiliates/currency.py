"""How finely money of a currency can be paid out."""

from decimal import Decimal

# ISO 4217 currencies whose smallest coin is not a hundredth, by the digits after the point.
_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def is_payable(amount: Decimal, currency: str) -> bool:
    """Tell whether an amount is whole in the currency's smallest coin."""
    scaled = amount.scaleb(_DIGITS.get(currency, 2))
    return scaled == scaled.to_integral_value()
