"""Tokens for scripts: made once, shown once, ended at once."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID, uuid4

import grpc
import pytest
from sqlalchemy import update

from countersign.v1 import identity_pb2
from countersign_server.accounts.producer import Producer
from countersign_server.accounts.producer_store import add_producer
from countersign_server.errors import TokenRevoked
from countersign_server.identity.api_token import IN_FORCE_MAX
from countersign_server.identity.tables import users
from countersign_server.rpc.caller import Role
from tests.fixtures.clock import Clock
from tests.fixtures.front_door import FrontDoor, Metadata, bearing, front_door, token_in
from tests.fixtures.refusals import Refusal, refusal_of

WRONG = Refusal(grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID")
REVOKED = Refusal(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED")
NOT_FOUND = Refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
async def door(database_url: str) -> AsyncGenerator[FrontDoor]:
    async with front_door(database_url, Clock()) as door:
        yield door


async def made(
    door: FrontDoor,
    caller: Metadata,
    *,
    request_id: str = "",
    producer_id: str = "",
    lifetime_days: int = 0,
) -> identity_pb2.CreateApiTokenResponse:
    request = identity_pb2.CreateApiTokenRequest(
        request_id=request_id or str(uuid4()),
        name="nightly",
        producer_id=producer_id,
        lifetime_days=lifetime_days,
    )
    return await door.identity.CreateApiToken(request, metadata=caller)


async def exchanged(door: FrontDoor, secret: str) -> Metadata:
    request = identity_pb2.CreateSessionRequest(api_token=secret)
    return bearing((await door.identity.CreateSession(request)).access_token)


async def me(door: FrontDoor, caller: Metadata) -> identity_pb2.GetMeResponse:
    return await door.identity.GetMe(identity_pb2.GetMeRequest(), metadata=caller)


async def revoked(door: FrontDoor, caller: Metadata, token_id: str) -> identity_pb2.ApiToken:
    request = identity_pb2.RevokeApiTokenRequest(token_id=token_id)
    return (await door.identity.RevokeApiToken(request, metadata=caller)).token


async def listed(door: FrontDoor, caller: Metadata) -> list[identity_pb2.ApiToken]:
    request = identity_pb2.ListApiTokensRequest()
    return list((await door.identity.ListApiTokens(request, metadata=caller)).tokens)


async def a_producer(door: FrontDoor, owner_id: UUID) -> str:
    producer = Producer(
        id=uuid4(),
        owner_id=owner_id,
        name="alpha",
        instruments=frozenset({"EURUSD"}),
        # Listed: others may see it, and still may not speak for it.
        listed=True,
        paused=False,
        created_at=door.clock(),
    )
    async with door.database.transaction(None) as tx:
        assert await add_producer(tx, producer)
    return str(producer.id)


async def test_a_token_speaks_for_its_owner(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    secret = (await made(door, caller)).secret

    who = await me(door, await exchanged(door, secret))

    assert (who.role, who.user.email) == (identity_pb2.ROLE_OWNER, ANN)


async def test_a_token_for_a_producer_speaks_for_the_producer_only(door: FrontDoor) -> None:
    ann = await door.a_user(ANN)
    caller = bearing((await door.signed_in(ANN)).access_token)
    producer_id = await a_producer(door, ann.id)

    engine = await exchanged(door, (await made(door, caller, producer_id=producer_id)).secret)

    who = await me(door, engine)
    assert (who.role, who.producer_id) == (identity_pb2.ROLE_PRODUCER, producer_id)
    assert await refusal_of(made(door, engine)) == Refusal(
        grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN"
    )


@pytest.mark.parametrize("role", [Role.OWNER, Role.OPERATOR])
async def test_nobody_makes_a_token_for_a_producer_of_somebody_else(
    door: FrontDoor, role: Role
) -> None:
    ann = await door.a_user(ANN)
    producer_id = await a_producer(door, ann.id)
    caller = await door.a_caller(BOB, role)
    assert await refusal_of(made(door, caller, producer_id=producer_id)) == NOT_FOUND


async def test_a_repeated_request_is_refused_since_the_secret_is_not_kept(
    door: FrontDoor,
) -> None:
    ann, bob = await door.a_caller(ANN), await door.a_caller(BOB)
    request_id = str(uuid4())
    await made(door, ann, request_id=request_id)

    assert await refusal_of(made(door, ann, request_id=request_id)) == Refusal(
        grpc.StatusCode.ALREADY_EXISTS, "REQUEST_REPEATED"
    )
    # Somebody else's ids are their own.
    assert (await made(door, bob, request_id=request_id)).secret


async def test_a_revoked_token_ends_with_every_access_token_that_came_of_it(
    door: FrontDoor,
) -> None:
    caller = await door.a_caller(ANN)
    first, other = await made(door, caller), await made(door, caller)
    script, other_script = (
        await exchanged(door, first.secret),
        await exchanged(door, other.secret),
    )

    ended = await revoked(door, caller, first.token.token_id)
    again = await revoked(door, caller, first.token.token_id)

    assert ended == again
    assert ended.HasField("revoke_time")
    assert await refusal_of(me(door, script)) == REVOKED
    with pytest.raises(TokenRevoked):
        await door.in_another_process(token_in(script))
    assert await refusal_of(exchanged(door, first.secret)) == WRONG
    assert (await me(door, other_script)).user.email == ANN
    assert (await me(door, caller)).user.email == ANN


@pytest.mark.parametrize("role", [Role.OWNER, Role.OPERATOR])
async def test_tokens_of_others_are_not_there(door: FrontDoor, role: Role) -> None:
    ann = await door.a_caller(ANN)
    token_id = (await made(door, ann)).token.token_id
    bob = await door.a_caller(BOB, role)

    assert await refusal_of(revoked(door, bob, token_id)) == NOT_FOUND
    assert await listed(door, bob) == []
    assert [token.token_id for token in await listed(door, ann)] == [token_id]


async def test_tokens_are_listed_newest_first_with_when_they_were_used(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    old = await made(door, caller)
    door.clock.go_on(timedelta(seconds=5))
    new = await made(door, caller, lifetime_days=1)
    await exchanged(door, old.secret)

    tokens = await listed(door, caller)

    assert [token.token_id for token in tokens] == [new.token.token_id, old.token.token_id]
    assert [token.HasField("last_used_time") for token in tokens] == [False, True]
    assert (tokens[0].expire_time.seconds - tokens[0].create_time.seconds) == 86_400
    assert (tokens[1].expire_time.seconds - tokens[1].create_time.seconds) == 90 * 86_400


async def test_a_token_that_slipped_in_while_its_owner_was_disabled_is_worth_nothing(
    door: FrontDoor,
) -> None:
    ann = await door.a_user(ANN)
    caller = bearing((await door.signed_in(ANN)).access_token)
    secret = (await made(door, caller)).secret
    async with door.database.transaction(None) as tx:
        await tx.execute(update(users).where(users.c.id == ann.id).values(disabled_at=door.clock()))
    assert await refusal_of(exchanged(door, secret)) == WRONG


async def test_a_token_ends_with_its_time(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    secret = (await made(door, caller, lifetime_days=1)).secret
    door.clock.go_on(timedelta(days=1))
    assert await refusal_of(exchanged(door, secret)) == WRONG


async def test_there_is_a_limit_to_tokens_in_force(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    tokens = [await made(door, caller) for _ in range(IN_FORCE_MAX)]

    assert await refusal_of(made(door, caller)) == Refusal(
        grpc.StatusCode.FAILED_PRECONDITION, "KEYS_EXHAUSTED"
    )

    await revoked(door, caller, tokens[0].token.token_id)
    assert (await made(door, caller)).secret
