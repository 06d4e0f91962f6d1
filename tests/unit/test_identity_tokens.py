"""Forged, foreign, bent and stale access tokens."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, strategies as st

from countersign_server.errors import TokenInvalid
from countersign_server.identity.tokens import LENGTH_MAX, Verified, verified_token
from countersign_server.rpc.caller import Role

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
LIFETIME = timedelta(minutes=15)
KID = "token-0011223344556677"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(reversed(range(32))))
KEYS = {KID: KEY.public_key()}

ANN = "0197a1c2-0000-7000-8000-000000000001"
CLAIMS: dict[str, Any] = {
    "iss": "countersign",
    "aud": "countersign-api",
    "sub": ANN,
    "role": "owner",
    "own": ANN,
    "sid": "session:0197a1c2-0000-7000-8000-000000000002",
    "iat": int(NOW.timestamp()),
    "exp": int((NOW + LIFETIME).timestamp()),
    "jti": "1",
}


def a_token(
    headers: dict[str, Any] | None = None, key: Ed25519PrivateKey = KEY, **changed: object
) -> str:
    return jwt.encode(
        {**CLAIMS, **changed}, key, algorithm="EdDSA", headers={"kid": KID, **(headers or {})}
    )


def read(token: str) -> Verified:
    return verified_token(token, KEYS.get, now=NOW, lifetime=LIFETIME)


def spelled(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def signed_by_hand(header: dict[str, Any], claims: dict[str, Any] = CLAIMS) -> str:
    """Return a token with headers that a library would not write."""
    text = f"{spelled(header)}.{spelled(claims)}"
    signature = base64.urlsafe_b64encode(KEY.sign(text.encode())).rstrip(b"=").decode()
    return f"{text}.{signature}"


def without_signature() -> str:
    return f"{spelled({'alg': 'none', 'typ': 'JWT', 'kid': KID})}.{spelled(CLAIMS)}."


def with_the_public_key_as_a_shared_secret(encoding: Encoding, form: PublicFormat) -> str:
    secret = KEY.public_key().public_bytes(encoding, form)
    algorithm = jwt.get_algorithm_by_name("HS256")
    text = f"{spelled({'alg': 'HS256', 'typ': 'JWT', 'kid': KID})}.{spelled(CLAIMS)}"
    # The library refuses to use a PEM as a secret; whoever forges does not ask it.
    signature = algorithm.sign(text.encode(), secret)
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_a_token_of_ours_says_whose_it_is() -> None:
    caller = read(a_token()).caller
    assert (caller.id, caller.role, caller.owner_id) == (UUID(ANN), Role.OWNER, UUID(ANN))
    assert caller.session == CLAIMS["sid"]
    assert caller.account_id is None


def test_a_token_written_by_hand_with_our_key_is_read() -> None:
    """So that the tests below fail for what they bend, not for how they are made."""
    assert read(signed_by_hand({"alg": "EdDSA", "typ": "JWT", "kid": KID})) == read(a_token())


FORGED: dict[str, Callable[[], str]] = {
    "not signed at all": without_signature,
    "not signed at all, spelled otherwise": lambda: without_signature().replace(
        spelled({"alg": "none", "typ": "JWT", "kid": KID}),
        spelled({"alg": "NONE", "typ": "JWT", "kid": KID}),
    ),
    "HS256 with the raw public key": lambda: with_the_public_key_as_a_shared_secret(
        Encoding.Raw, PublicFormat.Raw
    ),
    "HS256 with the public key as PEM": lambda: with_the_public_key_as_a_shared_secret(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    ),
    "another key under our key id": lambda: a_token(key=OTHER_KEY),
    "another key under its own id": lambda: a_token({"kid": "token-other"}, OTHER_KEY),
    "a key id that is a path": lambda: a_token({"kid": "../../dev/null"}),
    "a key id that is SQL": lambda: a_token({"kid": f"{KID}' OR '1'='1"}),
    "no key id": lambda: signed_by_hand({"alg": "EdDSA", "typ": "JWT"}),
    "a key id that is a list": lambda: signed_by_hand({"alg": "EdDSA", "typ": "JWT", "kid": [KID]}),
    "a critical header": lambda: signed_by_hand(
        {"alg": "EdDSA", "typ": "JWT", "kid": KID, "crit": ["exp"]}
    ),
    "a critical header that the library knows": lambda: signed_by_hand(
        {"alg": "EdDSA", "typ": "JWT", "kid": KID, "crit": ["b64"], "b64": True}
    ),
    "a key of its own": lambda: signed_by_hand(
        {"alg": "EdDSA", "typ": "JWT", "kid": KID, "jwk": {"kty": "OKP"}}
    ),
    "an address of keys": lambda: a_token({"jku": "https://example.com/keys"}),
    "another issuer": lambda: a_token(iss="somebody"),
    "another audience": lambda: a_token(aud="another-api"),
    "our audience among others": lambda: a_token(aud=["countersign-api", "another-api"]),
    "a role that does not exist": lambda: a_token(role="root"),
    "a subject that is no id": lambda: a_token(sub="ann"),
    "a life longer than we give": lambda: a_token(exp=CLAIMS["exp"] + 3600),
    "an issue in the future": lambda: a_token(iat=CLAIMS["iat"] + 60, exp=CLAIMS["exp"] + 60),
    "an expiry that is text": lambda: a_token(exp="never"),
    "an expiry beyond all time": lambda: a_token(exp=10**30),
    "an expiry that is no number": lambda: a_token(exp=float("nan")),
    "an expiry that is nothing": lambda: a_token(exp=None),
    "one part": lambda: "token",
    "empty": lambda: "",
    "too long": lambda: a_token(sid="x" * LENGTH_MAX),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_what_this_server_did_not_write_is_not_believed(forge: Callable[[], str]) -> None:
    with pytest.raises(TokenInvalid):
        read(forge())


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_every_claim_is_needed(claim: str) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != claim}
    with pytest.raises(TokenInvalid):
        read(signed_by_hand({"alg": "EdDSA", "typ": "JWT", "kid": KID}, claims))


@given(position=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_a_changed_byte_is_noticed(position: int, bit: int) -> None:
    token = bytearray(a_token().encode())
    token[position % len(token)] ^= 1 << bit
    with pytest.raises(TokenInvalid):
        read(token.decode(errors="replace"))


@given(st.text(max_size=200))
def test_any_text_is_refused_in_the_same_way(text: str) -> None:
    with pytest.raises(TokenInvalid):
        read(text)
