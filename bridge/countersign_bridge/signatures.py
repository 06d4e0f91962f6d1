"""Whether an intent was countersigned by a server that this bridge was paired with."""

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_TAG = b"countersign.approval/1\0"


def is_countersigned(
    intent_text: str, *, signature: bytes, key_id: str, pinned_keys: Mapping[str, bytes]
) -> bool:
    """Whether a pinned key signed exactly this text. Anything that fails to verify is a no."""
    key = pinned_keys.get(key_id)
    if key is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _TAG + intent_text.encode())
    except (InvalidSignature, ValueError):  # ValueError: the pinned bytes are no key
        return False
    return True
