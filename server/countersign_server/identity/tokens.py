"""Access tokens: short-lived JSON Web Tokens, signed with Ed25519, checked without a database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.types import Options

from countersign_server.errors import TokenExpired, TokenInvalid, TokenRevoked
from countersign_server.identity.keyring import Keyring
from countersign_server.identity.revocations import Revocations
from countersign_server.identity.signing_keys import CLOCK_SKEW
from countersign_server.rpc.caller import Caller, Role

ISSUER = "countersign"
AUDIENCE = "countersign-api"
LENGTH_MAX = 2048

# Nothing that points at other keys, nor anything critical that this code would have to understand.
_HEADERS = frozenset({"alg", "typ", "kid"})
_OPTIONS: Options = {
    "require": ["iss", "aud", "sub", "role", "own", "sid", "iat", "exp", "jti"],
    "strict_aud": True,
    # Times are compared here, with the clock that everything else goes by.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
_CACHE_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token says whose signature held. It may have expired."""

    caller: Caller
    expire_time: datetime


def verified_token(
    token: str,
    key_of: Callable[[str], Ed25519PublicKey | None],
    *,
    now: datetime,
    lifetime: timedelta,
) -> Verified:
    """Return what an access token says. Raises TokenInvalid.

    `key_of` gives the public key of a key id; `lifetime` is the longest that a token may live.
    """
    if len(token) > LENGTH_MAX:
        raise TokenInvalid(f"an access token has at most {LENGTH_MAX} characters")
    try:
        headers = jwt.get_unverified_header(token)
        key = key_of(headers["kid"]) if headers.keys() == _HEADERS else None
        if key is None:
            raise TokenInvalid("the access token was not signed by this server")
        # Pinned: what the token says of its algorithm decides nothing.
        claims = jwt.decode(
            token, key, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER, options=_OPTIONS
        )
        verified = Verified(_caller_of(claims), _moment(claims["exp"]))
        issue_time = _moment(claims["iat"])
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError, OverflowError, OSError):
        raise TokenInvalid("this is not an access token of this server") from None
    longest = issue_time + lifetime + CLOCK_SKEW
    if issue_time > now + CLOCK_SKEW or verified.expire_time > longest:
        raise TokenInvalid("the access token's times are not those that this server gives")
    return verified


class Tokens:
    """Issues access tokens, and tells whose they are."""

    def __init__(
        self,
        keyring: Keyring,
        revocations: Revocations,
        now: Callable[[], datetime],
        lifetime: timedelta,
    ) -> None:
        self._keyring = keyring
        self._revocations = revocations
        self._now = now
        self._lifetime = lifetime
        # A signature is checked once; only tokens that held get in, so nobody else can fill it.
        self._verified: dict[str, Verified] = {}

    def issue(self, caller: Caller) -> tuple[str, datetime]:
        """Return an access token for the caller, and when it ends."""
        now = self._now()
        # Whole seconds: not everyone who reads a token knows fractions.
        expire_time = (now + self._lifetime).replace(microsecond=0)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(caller.id),
            "role": caller.role.value,
            "own": str(caller.owner_id),
            "sid": caller.session,
            "iat": int(now.timestamp()),
            "exp": int(expire_time.timestamp()),
            "jti": str(uuid4()),
        }
        if caller.account_id is not None:
            claims["acc"] = str(caller.account_id)
        kid, key = self._keyring.token_key()
        return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": kid}), expire_time

    def authenticate(self, token: str) -> Caller:
        """Return whose token it is. Raises TokenInvalid, TokenExpired, TokenRevoked."""
        now = self._now()
        verified = self._verified.get(token)
        if verified is None:
            verified = verified_token(
                token, self._keyring.checking_key, now=now, lifetime=self._lifetime
            )
        if now >= verified.expire_time:
            self._verified.pop(token, None)
            raise TokenExpired("the access token has expired")
        if self._revocations.is_revoked(verified.caller):
            raise TokenRevoked("the access token was revoked")
        if token not in self._verified:
            self._remember(token, verified)
        return verified.caller

    def _remember(self, token: str, verified: Verified) -> None:
        if len(self._verified) >= _CACHE_LIMIT:
            # The oldest; whoever still uses it has its signature checked once more.
            del self._verified[next(iter(self._verified))]
        self._verified[token] = verified


def _caller_of(claims: dict[str, Any]) -> Caller:
    account_id = claims.get("acc")
    return Caller(
        id=UUID(claims["sub"]),
        role=Role(claims["role"]),
        owner_id=UUID(claims["own"]),
        session=str(claims["sid"]),
        account_id=None if account_id is None else UUID(account_id),
        token_expires_at=_moment(claims["exp"]),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
