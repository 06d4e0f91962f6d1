"""The server's key of a run, and the terms of the one symbol as everybody signs them."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign_bridge.fingerprints import symbol_fingerprint
from mt5_simulator.broker.catalogue import EURUSD

KEY_ID = "apr_simulated"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
_TAG = b"countersign.approval/1\0"
FINGERPRINT = symbol_fingerprint(
    symbol=EURUSD.name,
    digits=EURUSD.digits,
    contract_size=EURUSD.contract_size,
    tick_size=EURUSD.price_step,
    currency_base=EURUSD.currency_base,
    currency_profit=EURUSD.currency_profit,
)


def sign(text: bytes) -> tuple[str, bytes]:
    """Return the key's id, and its signature under a text."""
    return KEY_ID, KEY.sign(_TAG + text)
