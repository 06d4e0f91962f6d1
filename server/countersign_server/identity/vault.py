"""How secrets are kept at rest, so that a copy of the database alone is worth nothing."""

import hmac
import secrets
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from countersign_server.identifiers import Random

KEY_BYTES = 32

# First byte of everything sealed: which cipher and which layout follow.
_VERSION = b"\x01"
_NONCE_BYTES = 12


class SealBroken(Exception):
    """What was sealed cannot be opened: another sealing key, another place, or other bytes."""


class Vault:
    """Seals secrets with AES-256-GCM under one key that is never stored in the database."""

    def __init__(self, key: bytes, random: Random = secrets.token_bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the sealing key must have {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)
        # A key of its own: the same bytes never serve two algorithms.
        self._digest_key = HKDFExpand(SHA256(), KEY_BYTES, b"countersign.digest/1").derive(key)
        self._random = random

    def seal(self, plain: bytes, *, bound_to: str) -> bytes:
        """Return `plain` sealed so that only `open` with the same `bound_to` gives it back.

        `bound_to` names the row that keeps it: a sealed secret moved to another row does not open.
        """
        nonce = self._random(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _VERSION + bound_to.encode())

    def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """Return what was sealed. Raises SealBroken."""
        version, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if version != _VERSION or len(nonce) != _NONCE_BYTES:
            raise SealBroken(f"what is sealed for {bound_to} is of a form that is not known")
        try:
            return self._cipher.decrypt(nonce, body, _VERSION + bound_to.encode())
        except InvalidTag:
            raise SealBroken(
                f"what is sealed for {bound_to} does not open; is this the key it was sealed with?"
            ) from None

    def digest(self, plain: str, *, bound_to: str) -> bytes:
        """Return 32 bytes by which a short secret is found again, and from which it is not guessed.

        A plain hash of ten characters is searched through within hours; this one needs the key.
        """
        text = sha256(bound_to.encode()).digest() + plain.encode()
        return hmac.digest(self._digest_key, text, "sha256")
