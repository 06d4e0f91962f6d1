"""The server's own keys, from first start to cut-off, and what is believed in every process."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from countersign.v1 import identity_pb2
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import TokenExpired, TokenInvalid, TokenRevoked
from countersign_server.identity.keyring import Keyring
from countersign_server.identity.revocations import MARGIN
from countersign_server.identity.signing_keys import CLOCK_SKEW, PUBLISHED_AHEAD
from countersign_server.identity.vault import SealBroken, Vault
from countersign_server.rpc.caller import Caller, Role
from tests.fixtures.clock import Clock
from tests.fixtures.front_door import (
    SEALING_KEY,
    TOKEN_LIFETIME,
    FrontDoor,
    Metadata,
    front_door,
)
from tests.fixtures.refusals import Refusal, refusal_of

SECOND = timedelta(seconds=1)


@pytest.fixture
async def door(database_url: str) -> AsyncGenerator[FrontDoor]:
    async with front_door(database_url, Clock()) as door:
        yield door


@pytest.fixture
async def operator(door: FrontDoor) -> Metadata:
    return await door.a_caller("ops@example.com", Role.OPERATOR)


def an_owner() -> Caller:
    user_id = uuid4()
    return Caller(user_id, Role.OWNER, user_id, f"session:{uuid4()}")


def kid_of(token: str) -> str:
    return jwt.get_unverified_header(token)["kid"]


async def published(door: FrontDoor) -> dict[str, Any]:
    """Return the key set as anybody gets it, by key id."""
    answer = await door.identity.GetJwks(identity_pb2.GetJwksRequest())
    assert answer.content_type == "application/json"
    return {key["kid"]: key for key in json.loads(answer.data)["keys"]}


async def rotated(door: FrontDoor, operator: Metadata) -> str:
    request = identity_pb2.RotateSigningKeyRequest()
    return (await door.identity.RotateSigningKey(request, metadata=operator)).key_id


@asynccontextmanager
async def a_keyring(
    database_url: str, clock: Clock, key: bytes = SEALING_KEY
) -> AsyncGenerator[Keyring]:
    """Provide the keyring of another process."""
    database, wakeups = Database(database_url, connections=2), Wakeups(database_url)
    try:
        yield Keyring(database, Vault(key), wakeups, clock, token_lifetime=TOKEN_LIFETIME)
    finally:
        await database.close()


async def test_anybody_can_check_a_token_with_the_published_keys(door: FrontDoor) -> None:
    token, _ = door.tokens.issue(an_owner())
    keys = await published(door)
    claims = jwt.decode(
        token,
        jwt.PyJWK(keys[kid_of(token)]),
        audience="countersign-api",
        options={"verify_exp": False},
    )
    assert claims["iss"] == "countersign"


async def test_processes_that_start_together_make_one_key_each_purpose(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        rings = [
            await stack.enter_async_context(a_keyring(database_url, Clock())) for _ in range(6)
        ]
        await asyncio.gather(*(ring.load() for ring in rings))

        assert len({ring.token_key()[0] for ring in rings}) == 1
        assert len({ring.sign_approval(b"text") for ring in rings}) == 1
        assert all(len(ring.approval_keys()) == 1 for ring in rings)


async def test_a_server_with_another_sealing_key_does_not_start(
    door: FrontDoor, database_url: str
) -> None:
    async with a_keyring(database_url, door.clock, key=bytes(32)) as ring:
        with pytest.raises(SealBroken, match="is this the key"):
            await ring.load()


async def test_an_approval_is_signed_with_the_key_that_bridges_pin(door: FrontDoor) -> None:
    text = b"countersign.intent/1\napproval: 1\n"
    key_id, signature = door.keyring.sign_approval(text)
    public = Ed25519PublicKey.from_public_bytes(dict(door.keyring.approval_keys())[key_id])
    public.verify(signature, b"countersign.approval/1\0" + text)
    assert key_id not in await published(door)


async def test_a_new_key_is_published_at_once_and_signs_later(
    door: FrontDoor, operator: Metadata
) -> None:
    old_key = kid_of(door.tokens.issue(an_owner())[0])

    new_key = await rotated(door, operator)

    assert set(await published(door)) == {old_key, new_key}
    door.clock.go_on(PUBLISHED_AHEAD - SECOND)
    assert kid_of(door.tokens.issue(an_owner())[0]) == old_key
    door.clock.go_on(SECOND)
    assert kid_of(door.tokens.issue(an_owner())[0]) == new_key


async def test_a_retired_key_checks_its_last_token_and_dies_at_the_cut_off(
    door: FrontDoor, operator: Metadata
) -> None:
    new_key = await rotated(door, operator)
    door.clock.go_on(PUBLISHED_AHEAD - SECOND)
    caller = an_owner()
    last, _ = door.tokens.issue(caller)

    door.clock.go_on(TOKEN_LIFETIME - SECOND)
    assert door.tokens.authenticate(last) == caller
    assert set(await published(door)) == {kid_of(last), new_key}

    door.clock.go_on(SECOND)
    with pytest.raises(TokenExpired):
        door.tokens.authenticate(last)
    door.clock.go_on(SECOND + CLOCK_SKEW)
    assert set(await published(door)) == {new_key}
    # Whoever stole the old key makes nothing with it that is believed.
    with pytest.raises(TokenInvalid):
        door.tokens.authenticate(last)


async def test_rotations_at_once_follow_one_another(door: FrontDoor, operator: Metadata) -> None:
    keys = await asyncio.gather(*(rotated(door, operator) for _ in range(4)))

    await door.keyring.load()

    assert set(keys) < set(await published(door))
    door.clock.go_on(PUBLISHED_AHEAD)
    assert kid_of(door.tokens.issue(an_owner())[0]) in keys


async def test_only_operators_rotate(door: FrontDoor) -> None:
    ann = await door.a_caller("ann@example.com")
    assert await refusal_of(rotated(door, ann)) == Refusal(
        grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN"
    )


async def test_another_process_takes_a_rotation_over_by_itself(
    door: FrontDoor, operator: Metadata, database_url: str
) -> None:
    async with front_door(database_url, door.clock) as other:
        loop = asyncio.create_task(other.keyring.run())
        new_key = await rotated(door, operator)
        async with asyncio.timeout(3):
            while new_key not in await published(other):  # noqa: ASYNC110 - they share no event
                await asyncio.sleep(0.01)
        loop.cancel()


@pytest.mark.parametrize("subject", ["session", "itself", "owner"])
async def test_a_revocation_is_believed_in_every_process_within_a_second(
    door: FrontDoor, database_url: str, subject: str
) -> None:
    caller = Caller(uuid4(), Role.DEVICE, uuid4(), "device:1:1", uuid4())
    revoked = {
        "session": caller.session,
        "itself": f"device:{caller.id}",
        "owner": f"user:{caller.owner_id}",
    }[subject]
    token, _ = door.tokens.issue(caller)
    async with front_door(database_url, door.clock) as other:
        assert other.tokens.authenticate(token) == caller
        loop = asyncio.create_task(other.revocations.run())
        waiting = asyncio.create_task(other.revocations.until_revoked(caller))

        async with door.database.transaction(None) as tx:
            await door.revocations.revoke(tx, revoked, door.clock())
        door.revocations.announce(revoked)

        # Here at once; there in a moment.
        with pytest.raises(TokenRevoked):
            door.tokens.authenticate(token)
        async with asyncio.timeout(1):
            await waiting
        with pytest.raises(TokenRevoked):
            other.tokens.authenticate(token)
        loop.cancel()


async def test_a_revocation_is_noticed_even_if_the_doorbell_stays_silent(door: FrontDoor) -> None:
    caller = an_owner()
    loop = asyncio.create_task(door.revocations.run())
    async with door.database.transaction(None) as tx:
        await door.revocations.revoke(tx, caller.session, door.clock())
    async with asyncio.timeout(1):
        await door.revocations.until_revoked(caller)
    loop.cancel()


async def test_whoever_waits_for_revocations_is_rung(door: FrontDoor) -> None:
    with door.wakeups.subscribe("revocations") as bell:
        door.revocations.announce("session:1")
        assert await bell.wait(SECOND)


async def test_a_revocation_outlives_every_token_it_ends_and_is_then_forgotten(
    door: FrontDoor,
) -> None:
    caller = an_owner()
    async with door.database.transaction(None) as tx:
        await door.revocations.revoke(tx, caller.session, door.clock())

    door.clock.go_on(TOKEN_LIFETIME + SECOND)
    await door.revocations.load()
    assert await door.revocations.forget_expired() == 0
    assert door.revocations.is_revoked(caller)

    door.clock.go_on(MARGIN)
    assert await door.revocations.forget_expired() == 1
    await door.revocations.load()
    assert not door.revocations.is_revoked(caller)


async def test_a_restarted_server_still_knows_what_was_revoked(
    door: FrontDoor, database_url: str
) -> None:
    caller = an_owner()
    token, _ = door.tokens.issue(caller)
    async with door.database.transaction(None) as tx:
        await door.revocations.revoke(tx, caller.session, door.clock())
    async with front_door(database_url, door.clock) as restarted:
        with pytest.raises(TokenRevoked):
            restarted.tokens.authenticate(token)
