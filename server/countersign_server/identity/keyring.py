"""The server's own signing keys: for access tokens, and for the countersignature of approvals."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.identity import signing_key_store
from countersign_server.identity.measures import signing_keys_read_seconds
from countersign_server.identity.signing_keys import (
    CLOCK_SKEW,
    PUBLISHED_AHEAD,
    Purpose,
    SigningKey,
    checking_at,
    json_web_keys,
    key_id,
    signing_at,
)
from countersign_server.identity.vault import Vault

TOPIC = "signing_keys"
PERIOD = timedelta(seconds=5)

_APPROVAL_TAG = b"countersign.approval/1\0"

log = structlog.get_logger()


class Keyring:
    """The signing keys in memory. The first process that ever starts makes them."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        wakeups: Wakeups,
        now: Callable[[], datetime],
        *,
        token_lifetime: timedelta,
    ) -> None:
        self._database = database
        self._vault = vault
        self._wakeups = wakeups
        self._now = now
        self._token_lifetime = token_lifetime
        self._keys: Sequence[SigningKey] = ()
        self._private: Mapping[str, Ed25519PrivateKey] = {}
        self._public: Mapping[str, Ed25519PublicKey] = {}

    async def load(self) -> None:
        """Read the keys, and make those that are missing. Call it before the first call is served.

        Raises SealBroken if they were sealed with another sealing key.
        """
        now = self._now()
        async with self._database.transaction(None) as tx:
            keys = await signing_key_store.signing_keys(tx)
            missing = set(Purpose) - {key.purpose for key in keys}
            for purpose in sorted(missing):
                # Of two processes that start at once one adds its key; both read that one.
                await signing_key_store.add(tx, self._new(purpose, now, sign_after=now))
            if missing:
                keys = await signing_key_store.signing_keys(tx)
        self._private = {
            key.id: self._private.get(key.id) or self._opened(key)
            for key in keys
            if key.retired_at is None or key.retired_at + CLOCK_SKEW > now
        }
        self._public = {
            key.id: Ed25519PublicKey.from_public_bytes(key.public_key)
            for key in keys
            if key.purpose is Purpose.ACCESS
        }
        self._keys = keys
        signing_keys_read_seconds.set(now.timestamp())

    def token_key(self) -> tuple[str, Ed25519PrivateKey]:
        """Return the id and the private half of the key that signs access tokens now."""
        key = signing_at(self._keys, Purpose.ACCESS, self._now())
        return key.id, self._private[key.id]

    def checking_key(self, kid: str) -> Ed25519PublicKey | None:
        """Return the public key that checks access tokens of that key id; None: there is none."""
        if not any(key.id == kid for key in self._checking()):
            return None
        return self._public[kid]

    def jwks(self) -> dict[str, Any]:
        """Return the keys that check access tokens, as a JSON Web Key Set."""
        return json_web_keys(self._checking())

    def sign_approval(self, text: bytes) -> tuple[str, bytes]:
        """Return the id of the approval key, and its signature over an intent's text."""
        key = signing_at(self._keys, Purpose.APPROVAL, self._now())
        return key.id, self._private[key.id].sign(_APPROVAL_TAG + text)

    def approval_keys(self) -> Sequence[tuple[str, bytes]]:
        """Return ids and raw public halves of the keys that sign approvals, for bridges to pin."""
        return [(key.id, key.public_key) for key in self._keys if key.purpose is Purpose.APPROVAL]

    async def rotate_token_key(self, tx: AsyncConnection, now: datetime) -> SigningKey:
        """Write down a new key for access tokens, which takes over in PUBLISHED_AHEAD.

        Call `announce` after the commit.
        """
        await signing_key_store.lock(tx)
        successor = self._new(Purpose.ACCESS, now, sign_after=now + PUBLISHED_AHEAD)
        await signing_key_store.retire(tx, Purpose.ACCESS, successor.sign_after)
        await signing_key_store.add(tx, successor)
        return successor

    async def announce(self) -> None:
        """Take a committed rotation into use: here at once, in every other process in a moment."""
        self._wakeups.ring(TOPIC)
        await self.load()

    async def run(self) -> None:
        """Keep the memory fresh, for ever."""
        with self._wakeups.subscribe(TOPIC) as wakeup:
            while True:
                await wakeup.wait(PERIOD)
                try:
                    await self.load()
                except (SQLAlchemyError, OSError) as error:
                    log.warning("signing keys not read", error=str(error))

    def _checking(self) -> Sequence[SigningKey]:
        return checking_at(self._keys, self._now(), self._token_lifetime)

    def _new(self, purpose: Purpose, now: datetime, *, sign_after: datetime) -> SigningKey:
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        name = key_id(purpose, public)
        return SigningKey(
            id=name,
            purpose=purpose,
            private_key_sealed=self._vault.seal(
                private.private_bytes_raw(), bound_to=f"signing_key:{name}"
            ),
            public_key=public,
            created_at=now,
            sign_after=sign_after,
            retired_at=None,
        )

    def _opened(self, key: SigningKey) -> Ed25519PrivateKey:
        plain = self._vault.open(key.private_key_sealed, bound_to=f"signing_key:{key.id}")
        return Ed25519PrivateKey.from_private_bytes(plain)
