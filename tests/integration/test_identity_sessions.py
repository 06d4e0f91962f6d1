"""Signing in, staying signed in, and being thrown out."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import grpc
import pytest
from argon2 import PasswordHasher, extract_parameters

from countersign.v1 import identity_pb2
from countersign_server.errors import CredentialsInvalid, TokenRevoked
from countersign_server.identity import store
from countersign_server.rpc.caller import Role
from tests.fixtures.clock import Clock
from tests.fixtures.counting_hasher import CountingHasher
from tests.fixtures.front_door import PASSWORD, FrontDoor, bearing, front_door
from tests.fixtures.refusals import Refusal, refusal_of

WRONG = Refusal(grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID")
REVOKED = Refusal(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED")
TOO_MANY = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_ATTEMPTS")

ANN = "ann@example.com"


@pytest.fixture
async def door(database_url: str) -> AsyncGenerator[FrontDoor]:
    async with front_door(database_url, Clock()) as door:
        yield door


async def refreshed(door: FrontDoor, refresh_token: str) -> identity_pb2.CreateSessionResponse:
    return await door.identity.CreateSession(
        identity_pb2.CreateSessionRequest(refresh_token=refresh_token)
    )


async def me(door: FrontDoor, access_token: str) -> identity_pb2.GetMeResponse:
    return await door.identity.GetMe(identity_pb2.GetMeRequest(), metadata=bearing(access_token))


async def test_a_name_and_a_password_open_a_session(door: FrontDoor) -> None:
    ann = await door.a_user(ANN)

    session = await door.signed_in("Ann@Example.com")

    who = await me(door, session.access_token)
    assert (who.role, who.user.user_id) == (identity_pb2.ROLE_OWNER, str(ann.id))
    assert session.expire_time.ToDatetime() == (door.clock() + timedelta(minutes=15)).replace(
        tzinfo=None
    )


@pytest.mark.parametrize("email", [ANN, "nobody@example.com", "no\x1bbody@example.com"])
async def test_a_wrong_password_and_an_unknown_name_are_refused_alike(
    door: FrontDoor, email: str
) -> None:
    await door.a_user(ANN)
    assert await refusal_of(door.signed_in(email, "not the password")) == WRONG


async def test_an_unknown_name_costs_a_hash_like_a_wrong_password(database_url: str) -> None:
    hasher = CountingHasher()
    async with front_door(database_url, Clock(), hasher) as door:
        ann = await door.a_user(ANN)
        await door.a_user("disabled@example.com")
        async with door.database.transaction(None) as tx:
            await store.disable(tx, ann.id, door.clock())

        for email in ("nobody@example.com", "disabled@example.com", ANN):
            assert await refusal_of(door.signed_in(email, "not the password")) == WRONG

    assert len(hasher.checked) == 3


async def test_the_eleventh_attempt_in_a_minute_is_refused_unchecked(door: FrontDoor) -> None:
    await door.a_user(ANN)
    wrong = [await refusal_of(door.signed_in(ANN, "not the password")) for _ in range(10)]

    assert wrong == [WRONG] * 10
    assert await refusal_of(door.signed_in(ANN)) == TOO_MANY

    door.clock.go_on(timedelta(minutes=1))
    assert (await door.signed_in(ANN)).access_token


async def test_attempts_made_at_once_are_counted_each(door: FrontDoor) -> None:
    await door.a_user(ANN)

    refusals = await asyncio.gather(
        *(refusal_of(door.signed_in(ANN, "not the password")) for _ in range(30))
    )

    assert (refusals.count(WRONG), refusals.count(TOO_MANY)) == (10, 20)


async def test_right_passwords_do_not_use_up_the_attempts(door: FrontDoor) -> None:
    await door.a_user(ANN)
    for _ in range(12):
        assert (await door.signed_in(ANN)).access_token


async def test_a_hundred_people_sign_in_at_once(door: FrontDoor) -> None:
    people = [f"user{number}@example.com" for number in range(100)]
    for email in people:
        await door.a_user(email)

    sessions = await asyncio.gather(*(door.signed_in(email) for email in people))

    assert len({session.access_token for session in sessions}) == 100


async def test_a_hash_with_weaker_parameters_is_replaced_at_the_next_sign_in(
    door: FrontDoor,
) -> None:
    ann = await door.a_user(ANN)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    async with door.database.transaction(None) as tx:
        await store.set_password_hash(tx, ann.id, weak)

    await door.signed_in(ANN)

    async with door.database.transaction(None) as tx:
        found = await store.user(tx, ann.id)
    assert found is not None
    assert found.password_hash is not None
    parameters = extract_parameters(found.password_hash)
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19_456, 2, 1)
    assert (await door.signed_in(ANN)).access_token


async def test_a_refresh_token_gives_a_new_pair(door: FrontDoor) -> None:
    await door.a_user(ANN)
    first = await door.signed_in(ANN)

    second = await refreshed(door, first.refresh_token)
    third = await refreshed(door, second.refresh_token)

    assert (await me(door, third.access_token)).user.email == ANN


async def test_a_refresh_token_used_twice_ends_everything_that_came_of_it(door: FrontDoor) -> None:
    await door.a_user(ANN)
    first = await door.signed_in(ANN)
    second = await refreshed(door, first.refresh_token)
    other = await door.signed_in(ANN)

    assert await refusal_of(refreshed(door, first.refresh_token)) == WRONG

    assert await refusal_of(refreshed(door, second.refresh_token)) == WRONG
    assert await refusal_of(me(door, first.access_token)) == REVOKED
    assert await refusal_of(me(door, second.access_token)) == REVOKED
    with pytest.raises(TokenRevoked):
        await door.in_another_process(second.access_token)
    assert (await me(door, other.access_token)).user.email == ANN


async def test_of_two_who_refresh_at_once_at_most_one_succeeds(door: FrontDoor) -> None:
    await door.a_user(ANN)
    first = await door.signed_in(ANN)

    answers = await asyncio.gather(
        *(refreshed(door, first.refresh_token) for _ in range(5)), return_exceptions=True
    )

    fresh = [a for a in answers if isinstance(a, identity_pb2.CreateSessionResponse)]
    assert len(fresh) == 1
    assert await refusal_of(me(door, fresh[0].access_token)) == REVOKED


async def test_a_refresh_token_ends_with_its_time(door: FrontDoor) -> None:
    await door.a_user(ANN)
    session = await door.signed_in(ANN)

    door.clock.go_on(timedelta(days=30))

    assert await refusal_of(refreshed(door, session.refresh_token)) == WRONG


async def test_ending_a_session_ends_its_tokens_and_a_repeat_answers_the_same(
    door: FrontDoor,
) -> None:
    await door.a_user(ANN)
    session = await door.signed_in(ANN)
    request = identity_pb2.EndSessionRequest(refresh_token=session.refresh_token)

    first = await door.identity.EndSession(request)
    again = await door.identity.EndSession(request)

    assert first == again
    assert await refusal_of(me(door, session.access_token)) == REVOKED
    with pytest.raises(TokenRevoked):
        await door.in_another_process(session.access_token)
    assert await refusal_of(refreshed(door, session.refresh_token)) == WRONG


async def test_a_session_that_never_was_cannot_be_ended(door: FrontDoor) -> None:
    request = identity_pb2.EndSessionRequest(refresh_token="csr_nothing")  # noqa: S106 - of no one
    assert await refusal_of(door.identity.EndSession(request)) == WRONG


async def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(
    door: FrontDoor,
) -> None:
    await door.a_user(ANN)
    here, elsewhere = await door.signed_in(ANN), await door.signed_in(ANN)
    request = identity_pb2.ChangePasswordRequest(
        old_password=PASSWORD,
        new_password="another horse battery",  # noqa: S106 - for one test
    )

    await door.identity.ChangePassword(request, metadata=bearing(here.access_token))

    assert (await me(door, here.access_token)).user.email == ANN
    assert (await refreshed(door, here.refresh_token)).access_token
    assert await refusal_of(me(door, elsewhere.access_token)) == REVOKED
    with pytest.raises(TokenRevoked):
        await door.in_another_process(elsewhere.access_token)
    assert await refusal_of(refreshed(door, elsewhere.refresh_token)) == WRONG
    assert await refusal_of(door.signed_in(ANN)) == WRONG
    assert (await door.signed_in(ANN, "another horse battery")).access_token


async def test_a_password_that_changes_while_it_is_checked_proves_nothing(
    door: FrontDoor,
) -> None:
    ann = await door.a_user(ANN)
    proof = await door.sign_in.prove(ANN, PASSWORD)
    async with door.database.transaction(None) as tx:
        assert await door.sign_in.proven_user(tx, proof) == ann
        await store.set_password_hash(tx, ann.id, "changed meanwhile")
        with pytest.raises(CredentialsInvalid):
            await door.sign_in.proven_user(tx, proof)


async def test_a_user_who_is_disabled_while_the_password_is_checked_stays_out(
    door: FrontDoor,
) -> None:
    ann = await door.a_user(ANN)
    proof = await door.sign_in.prove(ANN, PASSWORD)
    async with door.database.transaction(None) as tx:
        await store.disable(tx, ann.id, door.clock())
        with pytest.raises(CredentialsInvalid):
            await door.sign_in.proven_user(tx, proof)


async def test_the_old_password_must_be_right_to_change_it(door: FrontDoor) -> None:
    caller = await door.a_caller(ANN)
    request = identity_pb2.ChangePasswordRequest(
        old_password="guessed",  # noqa: S106 - for one test
        new_password="another horse battery",  # noqa: S106 - for one test
    )
    assert await refusal_of(door.identity.ChangePassword(request, metadata=caller)) == WRONG
    assert (await door.signed_in(ANN)).access_token


async def test_nothing_proves_nothing(door: FrontDoor) -> None:
    refusal = await refusal_of(door.identity.CreateSession(identity_pb2.CreateSessionRequest()))
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("role", [Role.OWNER, Role.OPERATOR])
async def test_people_see_who_they_are(door: FrontDoor, role: Role) -> None:
    caller = await door.a_caller(ANN, role)
    who = await door.identity.GetMe(identity_pb2.GetMeRequest(), metadata=caller)
    assert identity_pb2.Role.Name(who.role) == f"ROLE_{role.upper()}"
