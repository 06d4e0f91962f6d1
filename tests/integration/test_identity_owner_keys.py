"""Owners register the keys they sign with: by password and signature, for themselves alone."""

from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from countersign.v1 import identity_pb2, values_pb2
from countersign_server.audit.tables import audit_entries
from countersign_server.identity.loop import Forgetting
from countersign_server.identity.owner_key import IN_FORCE_MAX
from countersign_server.identity.tables import owner_key_challenges, owner_keys
from countersign_server.rpc.caller import Role
from tests.fixtures.clock import Clock
from tests.fixtures.front_door import (
    PASSKEY_ORIGIN,
    PASSWORD,
    FrontDoor,
    Metadata,
    bearing,
    front_door,
)
from tests.fixtures.owner_keys import Holder, KeyFile, Passkey, Signed, holders
from tests.fixtures.refusals import Refusal, refusal_of

ANN, BOB = "ann@example.com", "bob@example.com"
NOT_NOW, INVALID = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT
CHALLENGE_INVALID = Refusal(NOT_NOW, "CHALLENGE_INVALID")
WRONG_SIGNATURE = Refusal(INVALID, "OWNER_SIGNATURE_INVALID")
NOT_FOUND = Refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


@pytest.fixture
async def door(database_url: str) -> AsyncGenerator[FrontDoor]:
    async with front_door(database_url, Clock()) as door:
        yield door


async def challenge(door: FrontDoor, caller: Metadata, password: str = PASSWORD) -> bytes:
    request = identity_pb2.CreateOwnerKeyChallengeRequest(password=password)
    answer = await door.identity.CreateOwnerKeyChallenge(request, metadata=caller)
    assert answer.passkey_origin == PASSKEY_ORIGIN
    return answer.challenge


async def registered(  # what a test may have otherwise, each by name
    door: FrontDoor,
    caller: Metadata,
    key: Holder,
    *,
    given: bytes = b"",
    proof: Signed | None = None,
    **changes: Any,
) -> identity_pb2.OwnerKey:
    """Register a key as its holder does, with whatever a test says otherwise."""
    given = given or await challenge(door, caller)
    proven = identity_pb2.OwnerKeyProof(**(proof or key.prove(given)).fields())
    fields: Mapping[str, Any] = {
        "name": "phone",
        "public_key": key.public_key,
        "passkey": key.passkey,
        "challenge": given,
        "proof": proven,
    }
    request = identity_pb2.RegisterOwnerKeyRequest(**{**fields, **changes})
    return (await door.identity.RegisterOwnerKey(request, metadata=caller)).key


async def listed(door: FrontDoor, caller: Metadata) -> list[identity_pb2.OwnerKey]:
    request = identity_pb2.ListOwnerKeysRequest()
    return list((await door.identity.ListOwnerKeys(request, metadata=caller)).keys)


async def revoked(door: FrontDoor, caller: Metadata, key_id: str) -> identity_pb2.OwnerKey:
    request = identity_pb2.RevokeOwnerKeyRequest(owner_key_id=key_id)
    return (await door.identity.RevokeOwnerKey(request, metadata=caller)).key


async def audited(door: FrontDoor, key_id: str) -> list[str]:
    async with door.database.transaction(None) as tx:
        subject = audit_entries.c.subject == f"owner_key:{key_id}"
        found = await tx.scalars(
            select(audit_entries.c.kind).where(subject).order_by(audit_entries.c.id)
        )
        return list(found)


@pytest.mark.parametrize("kind", holders())
async def test_a_key_that_signs_the_challenge_is_registered_and_audited(
    door: FrontDoor, kind: str
) -> None:
    caller, holder = await door.a_caller(ANN), holders()[kind]

    key = await registered(door, caller, holder)

    assert key.owner_key_id.startswith("own_")
    assert key.public_key == holder.public_key
    assert (key.name, key.passkey, key.origin) == ("phone", holder.passkey, holder.origin)
    name = values_pb2.OwnerKeyAlgorithm.Name(key.algorithm)
    assert name == f"OWNER_KEY_ALGORITHM_{kind.upper().replace('-', '_')}"
    assert await listed(door, caller) == [key]
    assert await audited(door, key.owner_key_id) == ["owner_key.registered"]


async def test_a_repeat_answers_the_same_though_its_challenge_is_used(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    given = await challenge(door, caller)
    first = await registered(door, caller, KeyFile(), given=given)

    assert await registered(door, caller, KeyFile(), given=given) == first
    assert await audited(door, first.owner_key_id) == ["owner_key.registered"]


async def test_a_challenge_is_for_one_key(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    given = await challenge(door, caller)
    await registered(door, caller, KeyFile(), given=given)

    assert await refusal_of(registered(door, caller, Passkey(), given=given)) == CHALLENGE_INVALID


async def test_a_challenge_is_good_for_five_minutes(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    given = await challenge(door, caller)
    door.clock.go_on(timedelta(minutes=5))

    assert await refusal_of(registered(door, caller, KeyFile(), given=given)) == CHALLENGE_INVALID


async def test_a_challenge_is_for_the_sign_in_that_gave_the_password(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    other = bearing((await door.signed_in(ANN)).access_token)
    given = await challenge(door, caller)

    assert await refusal_of(registered(door, other, KeyFile(), given=given)) == CHALLENGE_INVALID


async def test_a_challenge_of_another_owner_is_good_for_nothing(door: FrontDoor) -> None:
    ann, bob = await door.a_caller(ANN), await door.a_caller(BOB)
    given = await challenge(door, ann)

    assert await refusal_of(registered(door, bob, KeyFile(), given=given)) == CHALLENGE_INVALID


async def test_a_challenge_costs_the_password(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    wrong = Refusal(grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID")

    assert await refusal_of(challenge(door, caller, "not the password")) == wrong
    assert await _challenges(door) == 0


OTHER = KeyFile(Ed25519PrivateKey.from_private_bytes(b"b" * 32))


@pytest.mark.parametrize("kind", holders())
async def test_who_does_not_hold_the_key_cannot_register_it(door: FrontDoor, kind: str) -> None:
    caller, holder = await door.a_caller(ANN), holders()[kind]
    given = await challenge(door, caller)
    not_its_own = [
        OTHER.prove(given),
        holder.prove(bytes(32)),
        Passkey(Ed25519PrivateKey.from_private_bytes(b"b" * 32)).prove(given),
        # What the key signs to approve proves nothing here.
        holder.approve(given.decode("latin-1")),
    ]

    for proof in not_its_own:
        refused = registered(door, caller, holder, given=given, proof=proof)
        assert await refusal_of(refused) == WRONG_SIGNATURE
    assert await listed(door, caller) == []
    # Nothing was half done: the challenge is still good.
    await registered(door, caller, holder, given=given)


async def test_a_key_of_one_kind_is_no_key_of_the_other(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    unsuitable = Refusal(INVALID, "OWNER_KEY_UNSUITABLE")

    for key in (KeyFile(), Passkey()):
        confused = registered(door, caller, key, passkey=not key.passkey)
        assert await refusal_of(confused) == unsuitable


@pytest.mark.parametrize(
    "public_key",
    [
        Passkey().public_key[:-1],
        Passkey().public_key + b"\0",
        # Another curve, another algorithm, the same key spelt in another order.
        Passkey().public_key.replace(bytes.fromhex("2001"), bytes.fromhex("2002")),
        Passkey().public_key.replace(bytes.fromhex("0326"), bytes.fromhex("0338")),
        bytes.fromhex("a503260102") + Passkey().public_key[5:],
    ],
)
async def test_a_passkey_is_of_an_accepted_form(door: FrontDoor, public_key: bytes) -> None:
    caller = await door.a_caller(ANN)
    refused = registered(door, caller, Passkey(), public_key=public_key)
    assert await refusal_of(refused) == Refusal(INVALID, "OWNER_KEY_UNSUITABLE")


async def test_a_passkey_of_another_page_is_refused(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    refused = registered(door, caller, Passkey(origin="https://sign.example.com.evil.example"))
    assert await refusal_of(refused) == WRONG_SIGNATURE


async def test_a_revoked_key_is_ended_for_good(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    key = await registered(door, caller, KeyFile())

    ended = await revoked(door, caller, key.owner_key_id)

    assert ended.HasField("revoke_time")
    assert await revoked(door, caller, key.owner_key_id) == ended
    assert await listed(door, caller) == [ended]
    again = registered(door, caller, KeyFile())
    assert await refusal_of(again) == Refusal(NOT_NOW, "OWNER_KEY_REVOKED")
    kinds = ["owner_key.registered", "owner_key.revoked"]
    assert await audited(door, key.owner_key_id) == kinds


async def test_nobody_sees_or_ends_anothers_key(door: FrontDoor) -> None:
    ann, bob = await door.a_caller(ANN), await door.a_caller(BOB)
    key = await registered(door, ann, KeyFile())

    assert await refusal_of(revoked(door, bob, key.owner_key_id)) == NOT_FOUND
    assert await listed(door, bob) == []
    assert not (await listed(door, ann))[0].HasField("revoke_time")


async def test_two_owners_may_hold_one_key_and_each_ends_its_own(door: FrontDoor) -> None:
    ann, bob = await door.a_caller(ANN), await door.a_caller(BOB)
    key = await registered(door, ann, KeyFile())
    assert (await registered(door, bob, KeyFile())).owner_key_id == key.owner_key_id

    await revoked(door, ann, key.owner_key_id)

    assert not (await listed(door, bob))[0].HasField("revoke_time")


async def test_an_owner_has_a_limited_number_of_keys_in_force(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    keys = [
        KeyFile(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in range(IN_FORCE_MAX)
    ]
    made = [await registered(door, caller, key) for key in keys]

    refused = registered(door, caller, KeyFile())
    assert await refusal_of(refused) == Refusal(NOT_NOW, "KEYS_EXHAUSTED")

    await revoked(door, caller, made[0].owner_key_id)
    assert await registered(door, caller, KeyFile())


async def test_operators_have_no_keys_of_this_kind(door: FrontDoor) -> None:
    operator = await door.a_caller(ANN, Role.OPERATOR)
    forbidden = Refusal(grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN")
    assert await refusal_of(listed(door, operator)) == forbidden


async def test_challenges_that_nobody_used_are_forgotten(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    await challenge(door, caller)
    forgetting = Forgetting(door.database, door.revocations, door.clock)

    await forgetting.forget()
    assert await _challenges(door) == 1
    door.clock.go_on(timedelta(minutes=5))
    await forgetting.forget()

    assert await _challenges(door) == 0


async def test_the_database_keeps_one_owners_keys_from_another(door: FrontDoor) -> None:
    ann = await door.a_caller(ANN)
    await registered(door, ann, KeyFile())
    await challenge(door, ann)

    async with door.database.transaction(UUID(int=1)) as tx:
        for table in (owner_keys, owner_key_challenges):
            assert (await tx.execute(select(table))).all() == []


async def _challenges(door: FrontDoor) -> int:
    async with door.database.transaction(None) as tx:
        return await tx.scalar(select(func.count()).select_from(owner_key_challenges)) or 0
