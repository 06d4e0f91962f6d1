"""What one pip is: the unit in which people say how far two prices are apart."""

from decimal import Decimal

from countersign_server.accounts.symbol import SymbolProperties

# As brokers and traders count them, whatever digits a broker quotes.
_METALS = {
    "XAU": Decimal("0.1"),
    "XPT": Decimal("0.1"),
    "XPD": Decimal("0.1"),
    "XAG": Decimal("0.01"),
}
_CURRENCY_CODE = 3


def pip_of(properties: SymbolProperties | None, symbol: str, price: Decimal) -> Decimal:
    """Return one pip of a symbol, as a price.

    Currencies: what the bridge told, which is ten points where the broker quotes a fraction of a
    pip (5 or 3 digits), else one. Metals: by the metal. Everything else (indices, shares, crypto):
    the power of ten below a ten-thousandth of the price, and at least the smallest change, since
    brokers agree on no digits there: 1 at 39,000, 0.01 at 180. None: only the price is known.
    """
    name = symbol.upper()
    metal = next((pip for metal, pip in _METALS.items() if name.startswith(metal)), None)
    if metal is not None:
        return metal
    if properties is not None and _is_pair(properties):
        return properties.pip_size
    pip = Decimal(1).scaleb((price / 10_000).adjusted()) if price else Decimal("0.0001")
    return max(pip, properties.tick_size) if properties is not None else pip


def _is_pair(properties: SymbolProperties) -> bool:
    base, profit = properties.currency_base, properties.currency_profit
    name = properties.symbol.upper()
    return (
        len(base) == len(profit) == _CURRENCY_CODE
        and base != profit
        and name.startswith((base + profit).upper())
        and base not in ("BTC", "ETH", "LTC", "XRP")
    )
