"""What counts as an owner's signature, to everyone who asks: server, bridge and client agree."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign_bridge import owner_signatures as bridge
from countersign_client import owner_keys
from countersign_client.evidence import signatures as evidence
from countersign_server.identity import owner_signatures as server
from countersign_server.identity.owner_key import KeyAlgorithm, OwnerKey, owner_key_id
from tests.fixtures.bridge_world import an_intent, intent_text
from tests.fixtures.owner_keys import (
    ORIGIN,
    PRESENT,
    VERIFIED,
    Holder,
    KeyFile,
    Passkey,
    Signed,
    holders,
)

TEXT = intent_text(an_intent(approval=UUID(int=1), signal=UUID(int=2)))
OTHER_TEXT = TEXT.replace("volume: 0.1\n", "volume: 9\n")
DIGEST = sha256(TEXT.encode()).digest()


@dataclass(frozen=True, slots=True)
class Row:
    """A key as it is pinned or stored."""

    algorithm: str
    origin: str
    public_key: bytes


def row_of(holder: Holder) -> Row:
    return Row(holder.algorithm, holder.origin, holder.public_key)


def to_the_server(row: Row, signed: Signed, text: str) -> bool:
    key = OwnerKey(
        id="own_x",
        owner_id=UUID(int=1),
        name="phone",
        algorithm=KeyAlgorithm(row.algorithm),
        public_key=row.public_key,
        origin=row.origin,
        created_at=datetime(2026, 1, 5, tzinfo=UTC),
    )
    came = server.OwnerSignature(
        signed.signature, signed.authenticator_data, signed.client_data_json
    )
    return server.flaw_in(came, key, server.approval_statement(text)) is None


def to_the_bridge(row: Row, signed: Signed, text: str) -> bool:
    key_id = bridge.owner_key_id(row.algorithm, row.origin, row.public_key)
    came = bridge.OwnerSignature(
        key_id=key_id,
        algorithm=row.algorithm,
        origin=row.origin,
        public_key=row.public_key,
        **signed.fields(),
    )
    return bridge.owner_flaw(text, came, {key_id}) is None


def to_who_checks_an_export(row: Row, signed: Signed, text: str) -> bool:
    came = evidence.Countersignature(row.algorithm, row.origin, row.public_key, **signed.fields())
    return evidence.is_signed_by_owner(text, came)


VERIFIERS: Mapping[str, Callable[[Row, Signed, str], bool]] = {
    "server": to_the_server,
    "bridge": to_the_bridge,
    "export": to_who_checks_an_export,
}
each_verifier = pytest.mark.parametrize("who", VERIFIERS)
each_kind = pytest.mark.parametrize("kind", holders())


@each_verifier
@each_kind
def test_a_signature_counts_for_its_text_and_no_other(who: str, kind: str) -> None:
    holder, verify = holders()[kind], VERIFIERS[who]
    signed = holder.approve(TEXT)

    assert verify(row_of(holder), signed, TEXT)
    assert not verify(row_of(holder), signed, OTHER_TEXT)


OTHERS: Mapping[str, Holder] = {
    "ed25519": KeyFile(Ed25519PrivateKey.from_private_bytes(b"x" * 32)),
    "passkey-es256": Passkey(derive_private_key(9, SECP256R1())),
    "passkey-ed25519": Passkey(Ed25519PrivateKey.from_private_bytes(b"x" * 32)),
}


@each_verifier
@each_kind
def test_a_signature_counts_for_its_key_and_no_other(who: str, kind: str) -> None:
    signed = holders()[kind].approve(TEXT)
    for other in OTHERS.values():
        assert not VERIFIERS[who](row_of(other), signed, TEXT)


@each_verifier
@each_kind
def test_how_a_key_signs_is_the_keys_and_not_the_messages(who: str, kind: str) -> None:
    holder = holders()[kind]
    for algorithm in {"ed25519", "passkey-es256", "passkey-ed25519"} - {kind}:
        confused = replace(row_of(holder), algorithm=algorithm)
        assert not VERIFIERS[who](confused, holder.approve(TEXT), TEXT)


SAME_BYTES = b"one key, two uses, 32 bytes long"


@each_verifier
def test_a_key_in_a_file_is_no_passkey_and_a_passkey_no_key_in_a_file(who: str) -> None:
    private = Ed25519PrivateKey.from_private_bytes(SAME_BYTES)
    in_file, passkey = KeyFile(private), Passkey(private)

    assert not VERIFIERS[who](row_of(passkey), in_file.approve(TEXT), TEXT)
    assert not VERIFIERS[who](row_of(in_file), passkey.approve(TEXT), TEXT)


@each_verifier
@pytest.mark.parametrize(
    "tag",
    [b"", b"countersign.approval/1\0", b"countersign.owner-key-proof/1\0", b"countersign.owner/1"],
)
def test_what_was_signed_for_another_purpose_approves_nothing(who: str, tag: bytes) -> None:
    holder = KeyFile()
    signed = Signed(holder.private.sign(tag + TEXT.encode()))
    assert not VERIFIERS[who](row_of(holder), signed, TEXT)


@each_verifier
@each_kind
def test_proving_a_key_never_approves_an_intent(who: str, kind: str) -> None:
    holder = holders()[kind]
    # A server that hands out the digest of a trade as a challenge gets no approval of it.
    assert not VERIFIERS[who](row_of(holder), holder.prove(DIGEST), TEXT)


def _twice(name: str, value: str) -> bytes:
    honest = json.loads(Passkey().approve(TEXT).client_data_json)
    said = json.dumps(honest)
    return f'{{"{name}": {json.dumps(value)}, {said[1:]}'.encode()


NOT_GOOD_ENOUGH: Mapping[str, Callable[[Passkey], Signed]] = {
    "made while registering": lambda key: key.assertion(
        DIGEST, client_data={"type": "webauthn.create"}
    ),
    "on another page": lambda key: key.assertion(
        DIGEST, client_data={"origin": "https://evil.example"}
    ),
    "on another port": lambda key: key.assertion(DIGEST, client_data={"origin": f"{ORIGIN}:8443"}),
    "without encryption": lambda key: key.assertion(
        DIGEST, client_data={"origin": "http://sign.example.com"}
    ),
    "in a frame": lambda key: key.assertion(DIGEST, client_data={"crossOrigin": True}),
    "in a frame of a page": lambda key: key.assertion(
        DIGEST, client_data={"topOrigin": "https://evil.example"}
    ),
    "of another host": lambda key: key.assertion(DIGEST, host="example.com"),
    "nobody there": lambda key: key.assertion(DIGEST, flags=VERIFIED),
    "nobody verified": lambda key: key.assertion(DIGEST, flags=PRESENT),
    "padded challenge": lambda key: key.assertion(
        DIGEST,
        client_data={
            "challenge": json.loads(key.approve(TEXT).client_data_json)["challenge"] + "="
        },
    ),
    "no JSON": lambda key: key.assertion(DIGEST, client_data_json=b"{"),
    "no text": lambda key: key.assertion(DIGEST, client_data_json=b"\xff\xfe"),
    "a list": lambda key: key.assertion(DIGEST, client_data_json=b"[]"),
    "too deep": lambda key: key.assertion(DIGEST, client_data_json=b"[" * 4096),
    "two origins": lambda key: key.assertion(
        DIGEST, client_data_json=_twice("origin", "https://evil.example")
    ),
    "client data changed": lambda key: replace(
        key.approve(TEXT), client_data_json=key.approve(TEXT).client_data_json + b" "
    ),
    "authenticator data changed": lambda key: replace(
        key.approve(TEXT), authenticator_data=key.approve(TEXT).authenticator_data + b"\0"
    ),
    "authenticator data cut": lambda key: replace(
        key.approve(TEXT), authenticator_data=key.approve(TEXT).authenticator_data[:36]
    ),
    "nothing": lambda _: Signed(b""),
}


@each_verifier
@pytest.mark.parametrize("how", NOT_GOOD_ENOUGH)
def test_a_passkey_signs_on_its_owners_page_with_its_owner_before_it(who: str, how: str) -> None:
    key = Passkey()
    assert not VERIFIERS[who](row_of(key), NOT_GOOD_ENOUGH[how](key), TEXT)


@each_verifier
def test_what_a_later_browser_adds_to_its_words_does_no_harm(who: str) -> None:
    key = Passkey()
    signed = key.assertion(DIGEST, client_data={"other_keys_can_be_added_here": "as they say"})
    assert VERIFIERS[who](row_of(key), signed, TEXT)


@each_verifier
def test_a_key_that_is_no_point_of_its_curve_signs_nothing(who: str) -> None:
    key = Passkey()
    off = replace(row_of(key), public_key=key.public_key[:-1] + b"\0")
    assert not VERIFIERS[who](off, key.approve(TEXT), TEXT)
    short = replace(row_of(KeyFile()), public_key=KeyFile().public_key[:31])
    assert not VERIFIERS[who](short, KeyFile().approve(TEXT), TEXT)


def test_everyone_calls_a_key_by_the_same_name() -> None:
    names: set[str] = set()
    for holder in holders().values():
        row = (holder.algorithm, holder.origin, holder.public_key)
        assert owner_key_id(*row) == bridge.owner_key_id(*row) == owner_keys.owner_key_id(*row)
        names.add(owner_key_id(*row))
    assert len(names) == 3
    # Worked out apart from both, by docs/protocol.md.
    assert "own_V6Wg1mVUG_UWTIq8AabxbfGISu8lFlZ5xohqV0XYwp0" in names
