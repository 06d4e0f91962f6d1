"""The owner's own key: made and kept here, and what it signs.

`docs/protocol.md` has the formats.
"""

import base64
import os
import stat
from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from countersign_client.errors import Code, Invalid, invalid_value
from countersign_client.wire.countersign.v1 import OwnerKeyProof, OwnerSignature

ED25519 = "ed25519"

_APPROVAL_TAG = b"countersign.owner/1\0"
_PROOF_TAG = b"countersign.owner-key-proof/1\0"
_ID_TAG = b"countersign.owner-key/1\0"
_FILE_BYTES_MAX = 10_000


def owner_key_id(algorithm: str, origin: str, public_key: bytes) -> str:
    """Return the name of a key: "own_" and the SHA-256 of all that makes it, in base64url."""
    parts = (algorithm.encode(), origin.encode(), public_key)
    text = _ID_TAG + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"own_{base64.urlsafe_b64encode(sha256(text).digest()).rstrip(b'=').decode()}"


class OwnerSigner:
    """Signs with an Ed25519 key of the owner; the private half is in no repr and in no error."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key = private.public_key().public_bytes_raw()
        self.key_id = owner_key_id(ED25519, "", self.public_key)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Return the signer of a key file. Raises Invalid, also if others may read the file."""
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise _refused(path, "can be read by others", "KEY_READABLE_BY_OTHERS")
                content = file.read(_FILE_BYTES_MAX)
        except OSError as error:
            raise invalid_value(f"{path} cannot be read: {error.strerror}", field="key") from None
        try:
            private = load_pem_private_key(content, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise _refused(path, "is not an unencrypted PEM private key") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise _refused(path, "is not an Ed25519 key")
        return cls(private)

    @classmethod
    def made_in(cls, path: Path) -> Self:
        """Make a new key in a new file that only its owner may read. Raises Invalid."""
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
        except OSError as error:
            raise invalid_value(
                f"{path} cannot be written: {error.strerror}", field="key"
            ) from None
        return cls(private)

    def prove(self, challenge: bytes) -> OwnerKeyProof:
        """Return what shows the server that this key is held here."""
        return OwnerKeyProof(signature=self._private.sign(_PROOF_TAG + challenge))

    def approve(self, intent_text: str) -> OwnerSignature:
        """Return the owner's signature over exactly this text."""
        signature = self._private.sign(_APPROVAL_TAG + intent_text.encode())
        return OwnerSignature(owner_key_id=self.key_id, signature=signature)

    def __repr__(self) -> str:
        return f"OwnerSigner({self.key_id!r})"


def _refused(path: Path, why: str, reason: str = "KEY_UNREADABLE") -> Invalid:
    return Invalid(f"{path} {why}", code=Code.INVALID_ARGUMENT, reason=reason)
