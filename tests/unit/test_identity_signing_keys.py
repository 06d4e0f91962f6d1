"""Which key signs and which checks, as one follows the other."""

import base64
from datetime import UTC, datetime, timedelta

from countersign_server.identity.signing_keys import (
    CLOCK_SKEW,
    Purpose,
    SigningKey,
    checking_at,
    json_web_keys,
    key_id,
    signing_at,
)

START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
LIFETIME = timedelta(minutes=15)
SECOND = timedelta(seconds=1)
TAKEOVER = START + timedelta(days=30)


def a_key(
    name: str,
    *,
    purpose: Purpose = Purpose.ACCESS,
    sign_after: datetime = START,
    retired_at: datetime | None = None,
) -> SigningKey:
    return SigningKey(
        id=name,
        purpose=purpose,
        private_key_sealed=b"sealed",
        public_key=bytes(32),
        created_at=START,
        sign_after=sign_after,
        retired_at=retired_at,
    )


OLD = a_key("old", retired_at=TAKEOVER)
NEW = a_key("new", sign_after=TAKEOVER)
APPROVAL = a_key("approval", purpose=Purpose.APPROVAL)
KEYS = [OLD, NEW, APPROVAL]


def test_the_old_key_signs_until_the_new_one_has_been_published_for_long_enough() -> None:
    assert signing_at(KEYS, Purpose.ACCESS, TAKEOVER - SECOND) is OLD
    assert signing_at(KEYS, Purpose.ACCESS, TAKEOVER) is NEW


def test_the_new_key_is_shown_before_it_signs() -> None:
    assert list(checking_at(KEYS, TAKEOVER - SECOND, LIFETIME)) == [OLD, NEW]


def test_the_old_key_checks_until_its_last_token_has_expired_and_dies_at_the_cut_off() -> None:
    cut_off = TAKEOVER + LIFETIME + CLOCK_SKEW
    assert list(checking_at(KEYS, cut_off - SECOND, LIFETIME)) == [OLD, NEW]
    assert list(checking_at(KEYS, cut_off, LIFETIME)) == [NEW]


def test_a_key_never_serves_two_purposes() -> None:
    assert signing_at(KEYS, Purpose.APPROVAL, TAKEOVER) is APPROVAL
    assert APPROVAL not in checking_at(KEYS, START, LIFETIME)


def test_a_clock_that_is_behind_still_finds_the_first_key() -> None:
    assert signing_at([NEW, APPROVAL], Purpose.ACCESS, START) is NEW


def test_key_sets_hold_public_halves_only_in_the_form_that_gateways_read() -> None:
    assert json_web_keys([OLD]) == {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "EdDSA",
                "use": "sig",
                "kid": "old",
                "x": base64.urlsafe_b64encode(bytes(32)).rstrip(b"=").decode(),
            }
        ]
    }


def test_a_key_is_named_after_itself() -> None:
    assert key_id(Purpose.ACCESS, bytes(32)) == "token-66687aadf862bd77"
    assert key_id(Purpose.ACCESS, bytes(32)) != key_id(Purpose.ACCESS, bytes([1] * 32))
