"""What one pip is: the unit in which people say how far two prices are apart."""

from decimal import Decimal

# As brokers and traders count them, whatever digits a broker quotes.
_METALS = {
    "XAU": Decimal("0.1"),
    "XPT": Decimal("0.1"),
    "XPD": Decimal("0.1"),
    "XAG": Decimal("0.01"),
}
_CRYPTO = ("BTC", "ETH", "LTC", "XRP")
_CURRENCY_CODE = 3
# Digits of a broker that quotes a tenth of a pip.
_FRACTIONAL = (3, 5)
_UNPRICED = Decimal("0.0001")


def pip_of(  # noqa: PLR0913  # what a symbol is known by, by name
    symbol: str,
    *,
    digits: int,
    tick_size: Decimal,
    currency_base: str,
    currency_profit: str,
    price: Decimal,
) -> Decimal:
    """Return one pip of a symbol, as a price.

    Currencies: ten points where the broker quotes a fraction of a pip (5 or 3 digits), else one.
    Metals: by the metal. Everything else (indices, shares, crypto): see `pip_of_price`, and at
    least the smallest change, since brokers agree on no digits there: 1 at 39,000, 0.01 at 180.
    `price`: about where the symbol stands; zero: nobody knows, and the smallest change counts.
    """
    metal = _metal(symbol)
    if metal is not None:
        return metal
    if _is_pair(symbol, currency_base, currency_profit):
        point = Decimal(1).scaleb(-digits)
        return point * 10 if digits in _FRACTIONAL else point
    return max(pip_of_price(symbol, price), tick_size) if price else tick_size


def pip_of_price(symbol: str, price: Decimal) -> Decimal:
    """Return one pip of a symbol of which only the price is known.

    The power of ten below a ten-thousandth of the price, unless it is a metal.
    """
    metal = _metal(symbol)
    if metal is not None:
        return metal
    return Decimal(1).scaleb((price / 10_000).adjusted()) if price else _UNPRICED


def _is_pair(symbol: str, base: str, profit: str) -> bool:
    return (
        len(base) == len(profit) == _CURRENCY_CODE
        and base != profit
        and symbol.upper().startswith((base + profit).upper())
        and base not in _CRYPTO
    )


def _metal(symbol: str) -> Decimal | None:
    name = symbol.upper()
    return next((pip for metal, pip in _METALS.items() if name.startswith(metal)), None)
