"""Which of the server's keys signs, which still checks, and how they are shown to others."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

# A new key is published this long before it signs. Gateways refresh their copy of the key set every
# 5 s and keep it for 10 s; the other processes of the server read the table every 5 s.
PUBLISHED_AHEAD = timedelta(seconds=15)
# What clocks may differ by before a token that should hold does not.
CLOCK_SKEW = timedelta(seconds=10)


class Purpose(StrEnum):
    """What a signing key is for. A key never serves two purposes."""

    ACCESS = "token"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One Ed25519 key pair of the server, as it is stored."""

    id: str
    purpose: Purpose
    private_key_sealed: bytes
    public_key: bytes
    created_at: datetime
    sign_after: datetime
    retired_at: datetime | None  # when its successor begins to sign


def key_id(purpose: Purpose, public_key: bytes) -> str:
    """Return the name of a key: made of the key itself, so that it never names another one."""
    return f"{purpose}-{sha256(public_key).hexdigest()[:16]}"


def signing_at(keys: Iterable[SigningKey], purpose: Purpose, now: datetime) -> SigningKey:
    """Return the key that signs at `now`: the newest of those whose time has come."""
    of_purpose = sorted(
        (key for key in keys if key.purpose is purpose), key=lambda key: key.sign_after
    )
    ready = [key for key in of_purpose if key.sign_after <= now]
    # None is ready where the clock is behind that of the process which made the first key.
    return ready[-1] if ready else of_purpose[0]


def checking_at(
    keys: Iterable[SigningKey], now: datetime, token_lifetime: timedelta
) -> Sequence[SigningKey]:
    """Return the keys whose access tokens may be in force at `now`, or soon."""
    return [
        key
        for key in keys
        if key.purpose is Purpose.ACCESS
        and (key.retired_at is None or now < key.retired_at + token_lifetime + CLOCK_SKEW)
    ]


def json_web_keys(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """Return the public halves as a JSON Web Key Set (RFC 7517; RFC 8037 for Ed25519)."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "EdDSA",
                "use": "sig",
                "kid": key.id,
                "x": base64.urlsafe_b64encode(key.public_key).rstrip(b"=").decode(),
            }
            for key in keys
        ]
    }
