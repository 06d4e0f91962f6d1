"""Inviting people, and keeping them out."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID, uuid4

import grpc
import pytest

from countersign.v1 import identity_pb2
from countersign_server.errors import EmailTaken, Invalid, TokenRevoked
from countersign_server.identifiers import digest_of
from countersign_server.identity import store
from countersign_server.identity.bootstrap import create_operator
from countersign_server.rpc.caller import Role
from tests.fixtures.clock import Clock
from tests.fixtures.front_door import FrontDoor, Metadata, bearing, front_door
from tests.fixtures.lock_waits import until_someone_waits
from tests.fixtures.refusals import Refusal, refusal_of

WRONG = Refusal(grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID")
REVOKED = Refusal(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED")
FORBIDDEN = Refusal(grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN")
NOT_FOUND = Refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")

ANN, OPS = "ann@example.com", "ops@example.com"
FIRST_PASSWORD = "a horse and a battery"  # noqa: S105 - of people who exist for one test


@pytest.fixture
async def door(database_url: str) -> AsyncGenerator[FrontDoor]:
    async with front_door(database_url, Clock()) as door:
        yield door


@pytest.fixture
async def operator(door: FrontDoor) -> Metadata:
    return await door.a_caller(OPS, Role.OPERATOR)


async def invited(
    door: FrontDoor, operator: Metadata, email: str = ANN
) -> identity_pb2.CreateUserResponse:
    request = identity_pb2.CreateUserRequest(
        email=email, display_name="Ann", role=identity_pb2.ROLE_OWNER
    )
    return await door.identity.CreateUser(request, metadata=operator)


async def accepted(door: FrontDoor, invitation_token: str) -> identity_pb2.AcceptInvitationResponse:
    request = identity_pb2.AcceptInvitationRequest(
        invitation_token=invitation_token, password=FIRST_PASSWORD
    )
    return await door.identity.AcceptInvitation(request)


async def disabled(door: FrontDoor, operator: Metadata, user_id: str) -> identity_pb2.User:
    request = identity_pb2.DisableUserRequest(user_id=user_id)
    return (await door.identity.DisableUser(request, metadata=operator)).user


async def test_an_invitation_signs_its_user_in(door: FrontDoor, operator: Metadata) -> None:
    made = await invited(door, operator)
    assert (made.user.active, made.user.disabled) == (False, False)
    assert await refusal_of(door.signed_in(ANN, FIRST_PASSWORD)) == WRONG

    answer = await accepted(door, made.invitation_token)

    assert answer.user.active
    who = await door.identity.GetMe(
        identity_pb2.GetMeRequest(), metadata=bearing(answer.session.access_token)
    )
    assert who.user == answer.user
    assert (await door.signed_in(ANN, FIRST_PASSWORD)).refresh_token


async def test_an_invitation_works_once(door: FrontDoor, operator: Metadata) -> None:
    made = await invited(door, operator)

    answers = await asyncio.gather(
        *(accepted(door, made.invitation_token) for _ in range(4)), return_exceptions=True
    )

    assert sum(isinstance(a, identity_pb2.AcceptInvitationResponse) for a in answers) == 1
    assert await refusal_of(accepted(door, made.invitation_token)) == WRONG


async def test_an_invitation_that_is_being_accepted_waits_and_is_then_used(
    door: FrontDoor, operator: Metadata
) -> None:
    made = await invited(door, operator)
    async with door.database.transaction(None) as tx:
        await store.user_locked(tx, UUID(made.user.user_id))
        await store.use_invitation(tx, digest_of(made.invitation_token), door.clock())
        second = asyncio.create_task(refusal_of(accepted(door, made.invitation_token)))
        await until_someone_waits(door.database)
    assert await second == WRONG


async def test_an_invitation_ends_after_seven_days(door: FrontDoor, operator: Metadata) -> None:
    made = await invited(door, operator)
    door.clock.go_on(timedelta(days=7))
    assert await refusal_of(accepted(door, made.invitation_token)) == WRONG


async def test_two_users_cannot_share_an_email_in_any_spelling(
    door: FrontDoor, operator: Metadata
) -> None:
    await invited(door, operator, "Ann@Example.com")
    assert await refusal_of(invited(door, operator, "ann@example.COM")) == Refusal(
        grpc.StatusCode.ALREADY_EXISTS, "EMAIL_TAKEN"
    )


async def test_a_name_with_control_characters_is_refused(
    door: FrontDoor, operator: Metadata
) -> None:
    request = identity_pb2.CreateUserRequest(
        email=ANN, display_name="Ann\x1b", role=identity_pb2.ROLE_OWNER
    )
    refusal = await refusal_of(door.identity.CreateUser(request, metadata=operator))
    assert refusal == Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID")


async def test_owners_may_not_make_list_or_disable_users(door: FrontDoor) -> None:
    ann = await door.a_caller(ANN)
    listing = door.identity.ListUsers(identity_pb2.ListUsersRequest(), metadata=ann)
    assert await refusal_of(invited(door, ann, "bob@example.com")) == FORBIDDEN
    assert await refusal_of(listing) == FORBIDDEN
    assert await refusal_of(disabled(door, ann, str(uuid4()))) == FORBIDDEN


async def test_users_are_listed_newest_first_in_pages(door: FrontDoor, operator: Metadata) -> None:
    for number in range(5):
        door.clock.go_on(timedelta(seconds=1))
        await invited(door, operator, f"user{number}@example.com")

    emails, token = list[str](), ""
    while True:
        request = identity_pb2.ListUsersRequest(page_size=2, page_token=token)
        page = await door.identity.ListUsers(request, metadata=operator)
        emails += [user.email for user in page.users]
        token = page.next_page_token
        if not token:
            break

    # The operator was made with a random id, which sorts anywhere.
    assert [email for email in emails if email != OPS] == [
        f"user{number}@example.com" for number in reversed(range(5))
    ]
    assert len(emails) == 6


async def test_a_page_token_of_another_making_is_refused(
    door: FrontDoor, operator: Metadata
) -> None:
    request = identity_pb2.ListUsersRequest(page_token="bm90IG91cnM=")  # noqa: S106 - no secret
    refusal = await refusal_of(door.identity.ListUsers(request, metadata=operator))
    assert refusal == Refusal(grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


async def test_a_disabled_user_is_out_at_once_by_every_way(
    door: FrontDoor, operator: Metadata
) -> None:
    ann = await door.a_user(ANN)
    session = await door.signed_in(ANN)
    made = await door.identity.CreateApiToken(
        identity_pb2.CreateApiTokenRequest(request_id=str(uuid4()), name="script"),
        metadata=bearing(session.access_token),
    )
    scripted = await door.identity.CreateSession(
        identity_pb2.CreateSessionRequest(api_token=made.secret)
    )

    first = await disabled(door, operator, str(ann.id))
    again = await disabled(door, operator, str(ann.id))

    assert first.disabled
    assert first == again
    for access_token in (session.access_token, scripted.access_token):
        asking = door.identity.GetMe(identity_pb2.GetMeRequest(), metadata=bearing(access_token))
        assert await refusal_of(asking) == REVOKED
        with pytest.raises(TokenRevoked):
            await door.in_another_process(access_token)
    for proof in (
        identity_pb2.CreateSessionRequest(refresh_token=session.refresh_token),
        identity_pb2.CreateSessionRequest(api_token=made.secret),
    ):
        assert await refusal_of(door.identity.CreateSession(proof)) == WRONG
    assert await refusal_of(door.signed_in(ANN)) == WRONG


async def test_an_invitation_of_a_disabled_user_is_worth_nothing(
    door: FrontDoor, operator: Metadata
) -> None:
    made = await invited(door, operator)
    await disabled(door, operator, made.user.user_id)
    assert await refusal_of(accepted(door, made.invitation_token)) == WRONG


async def test_a_user_that_never_was_cannot_be_disabled(
    door: FrontDoor, operator: Metadata
) -> None:
    assert await refusal_of(disabled(door, operator, str(uuid4()))) == NOT_FOUND


async def test_the_first_operator_is_made_without_an_invitation(door: FrontDoor) -> None:
    await create_operator(
        door.database, email=OPS, password=FIRST_PASSWORD, display_name="", now=door.clock()
    )
    session = await door.signed_in(OPS, FIRST_PASSWORD)
    assert (await invited(door, bearing(session.access_token))).user.email == ANN
    with pytest.raises(EmailTaken):
        await create_operator(
            door.database,
            email=OPS.upper(),
            password=FIRST_PASSWORD,
            display_name="",
            now=door.clock(),
        )


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [("ops", FIRST_PASSWORD, "email"), (OPS, "too short", "password")],
)
async def test_a_first_operator_who_could_not_sign_in_safely_is_refused(
    door: FrontDoor, email: str, password: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await create_operator(
            door.database, email=email, password=password, display_name="", now=door.clock()
        )
    assert refused.value.field == field
