"""What an owner confirms of a symbol, as one hash. `docs/protocol.md` has the text."""

from hashlib import sha256

from countersign_server.accounts.symbol import SymbolProperties
from countersign_server.decimals import decimal_text


def symbol_fingerprint(properties: SymbolProperties) -> str:
    """Return the SHA-256, in hexadecimal, of what must not change behind an owner's back."""
    text = (
        "countersign.symbol/1\n"
        f"symbol: {properties.symbol}\n"
        f"digits: {properties.digits}\n"
        f"contract-size: {decimal_text(properties.contract_size)}\n"
        f"tick-size: {decimal_text(properties.tick_size)}\n"
        f"currency-base: {properties.currency_base}\n"
        f"currency-profit: {properties.currency_profit}\n"
    )
    return sha256(text.encode()).hexdigest()
