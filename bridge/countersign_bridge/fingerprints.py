"""What an owner confirmed of a symbol, and the tag an order carries, as hashes."""

from decimal import Decimal
from hashlib import sha256

from countersign_bridge.decimals import decimal_text

MAGIC_MAX = (1 << 62) - 1


def symbol_fingerprint(  # noqa: PLR0913  # its lines
    *,
    symbol: str,
    digits: int,
    contract_size: Decimal,
    tick_size: Decimal,
    currency_base: str,
    currency_profit: str,
) -> str:
    """Return the SHA-256 of a symbol's properties, in hexadecimal; see docs/protocol.md."""
    text = (
        "countersign.symbol/1\n"
        f"symbol: {symbol}\n"
        f"digits: {digits}\n"
        f"contract-size: {decimal_text(contract_size)}\n"
        f"tick-size: {decimal_text(tick_size)}\n"
        f"currency-base: {currency_base}\n"
        f"currency-profit: {currency_profit}\n"
    )
    return sha256(text.encode()).hexdigest()


def order_magic(*, account_id: str, command_id: str, attempt: int) -> int:
    """Return the tag of an attempt's order, 1 to 2^62; docs/protocol.md has the formula."""
    digest = sha256(f"{account_id}:{command_id}:{attempt}".encode()).digest()
    return 1 + (int.from_bytes(digest, "big") >> 194)
