"""An owner signs an approval with a key that only the owner holds; nobody else's key will do."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import grpc
import pytest

from countersign.v1 import approvals_pb2 as pb
from countersign_server.execution.sql_commands import command_of
from countersign_server.execution.wire import offer_frame
from countersign_server.identity.owner_key import KeyAlgorithm, OwnerKey, owner_key_id
from countersign_server.identity.owner_key_store import add_owner_key, revoke_owner_key
from tests.fixtures.desk import Desk, Followed, open_desk
from tests.fixtures.owner_keys import Holder, KeyFile, Passkey, Signed, holders
from tests.fixtures.refusals import Refusal, refusal_of

SIGNED = {"owner_signature_required": True}
NOT_NOW = grpc.StatusCode.FAILED_PRECONDITION
WRONG = Refusal(grpc.StatusCode.INVALID_ARGUMENT, "OWNER_SIGNATURE_INVALID")


@pytest.fixture
async def desk(database_url: str) -> AsyncGenerator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


async def registered(desk: Desk, owner_id: UUID, holder: Holder) -> str:
    """Store a key of an owner as it is after its registration."""
    key = OwnerKey(
        id=owner_key_id(holder.algorithm, holder.origin, holder.public_key),
        owner_id=owner_id,
        name="phone",
        algorithm=KeyAlgorithm(holder.algorithm),
        public_key=holder.public_key,
        origin=holder.origin,
        created_at=desk.clock(),
    )
    async with desk.database.transaction(None) as tx:
        await add_owner_key(tx, key)
    return key.id


async def asked(desk: Desk, holder: Holder) -> tuple[Followed, pb.Approval, str]:
    """Return an owner who must sign, what waits for the owner, and the owner's key."""
    owner = await desk.a_follower(account=SIGNED)
    key_id = await registered(desk, owner.owner_id, holder)
    return owner, await desk.laid_before(owner, await desk.delivered()), key_id


def under(key_id: str, signed: Signed) -> pb.OwnerSignature:
    return pb.OwnerSignature(owner_key_id=key_id, **signed.fields())


async def refused(
    desk: Desk, owner: Followed, shown: pb.Approval, signature: pb.OwnerSignature
) -> Refusal:
    """Return how a signature is refused; the entry must still be waiting, and nothing made."""
    refusal = await refusal_of(desk.decide(owner, shown, owner_signature=signature))
    still = await desk.laid_before(owner, UUID(shown.signal_id))
    assert still.state == pb.APPROVAL_STATE_PENDING
    assert not await desk.commands_of(shown.approval_id)
    return refusal


@pytest.mark.parametrize("kind", holders())
async def test_what_the_owner_signed_travels_to_the_bridge_as_it_was_signed(
    desk: Desk, kind: str
) -> None:
    holder = holders()[kind]
    owner, shown, key_id = await asked(desk, holder)
    given = under(key_id, holder.approve(shown.intent.text))

    approved = await desk.decide(owner, shown, owner_signature=given)

    assert approved.state == pb.APPROVAL_STATE_APPROVED
    assert approved.owner_signature == given
    assert await desk.laid_before(owner, UUID(shown.signal_id)) == approved
    (row,) = await desk.commands_of(shown.approval_id)
    offered = offer_frame(command_of(row), None)
    assert offered.intent_text == shown.intent.text
    travelled = offered.owner_signature
    assert (travelled.owner_key_id, travelled.public_key) == (key_id, holder.public_key)
    assert (travelled.signature, travelled.client_data_json, travelled.authenticator_data) == (
        given.signature,
        given.client_data_json,
        given.authenticator_data,
    )
    assert travelled.origin == holder.origin


async def test_a_repeat_with_a_signature_answers_the_same(desk: Desk) -> None:
    owner, shown, key_id = await asked(desk, Passkey())
    first = await desk.decide(
        owner, shown, owner_signature=under(key_id, Passkey().approve(shown.intent.text))
    )
    # ECDSA signs the same text otherwise each time.
    again = under(key_id, Passkey().approve(shown.intent.text))
    assert await desk.decide(owner, shown, owner_signature=again) == first


async def test_an_owner_may_sign_where_nobody_asks_for_it(desk: Desk) -> None:
    owner = await desk.a_follower()
    key_id = await registered(desk, owner.owner_id, KeyFile())
    shown = await desk.laid_before(owner, await desk.delivered())

    given = under(key_id, KeyFile().approve(shown.intent.text))
    assert (await desk.decide(owner, shown, owner_signature=given)).owner_signature == given


async def test_a_wrong_signature_is_refused_even_where_nobody_asks_for_one(desk: Desk) -> None:
    owner = await desk.a_follower()
    key_id = await registered(desk, owner.owner_id, KeyFile())
    shown = await desk.laid_before(owner, await desk.delivered())

    assert await refused(desk, owner, shown, under(key_id, Signed(bytes(64)))) == WRONG


@pytest.mark.parametrize("kind", holders())
async def test_the_signature_of_another_text_approves_nothing(desk: Desk, kind: str) -> None:
    holder = holders()[kind]
    owner, shown, key_id = await asked(desk, holder)
    other = shown.intent.text.replace("volume: 0.1\n", "volume: 0.2\n")

    assert await refused(desk, owner, shown, under(key_id, holder.approve(other))) == WRONG


async def test_the_signature_of_an_earlier_approval_approves_no_later_one(desk: Desk) -> None:
    owner, shown, key_id = await asked(desk, KeyFile())
    spent = under(key_id, KeyFile().approve(shown.intent.text))
    await desk.decide(owner, shown, owner_signature=spent)
    desk.clock.go_on(timedelta(seconds=1))
    later = await desk.laid_before(owner, await desk.delivered())

    assert await refused(desk, owner, later, spent) == WRONG


async def test_a_key_of_another_owner_approves_nothing(desk: Desk) -> None:
    owner, shown, _ = await asked(desk, KeyFile())
    stranger, *_ = await desk.an_owner()
    thief = replace(Passkey())
    key_id = await registered(desk, stranger, thief)

    signature = under(key_id, thief.approve(shown.intent.text))
    not_found = Refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert await refused(desk, owner, shown, signature) == not_found


async def test_a_stranger_with_a_key_of_their_own_finds_nothing_to_sign(desk: Desk) -> None:
    _, shown, _ = await asked(desk, KeyFile())
    stranger = await desk.a_follower(account=SIGNED)
    key_id = await registered(desk, stranger.owner_id, KeyFile())

    signature = under(key_id, KeyFile().approve(shown.intent.text))
    refusal = await refusal_of(desk.decide(stranger, shown, owner_signature=signature))
    assert refusal == Refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


async def test_a_revoked_key_approves_nothing(desk: Desk) -> None:
    owner, shown, key_id = await asked(desk, KeyFile())
    async with desk.database.transaction(None) as tx:
        await revoke_owner_key(tx, owner.owner_id, key_id, desk.clock())

    signature = under(key_id, KeyFile().approve(shown.intent.text))
    assert await refused(desk, owner, shown, signature) == Refusal(NOT_NOW, "OWNER_KEY_REVOKED")


async def test_a_key_in_a_file_does_not_sign_as_a_passkey(desk: Desk) -> None:
    owner, shown, key_id = await asked(desk, KeyFile())
    as_passkey = under(key_id, Passkey(KeyFile().private).approve(shown.intent.text))

    assert await refused(desk, owner, shown, as_passkey) == WRONG


async def test_the_audit_tells_which_key_signed(desk: Desk) -> None:
    owner, shown, key_id = await asked(desk, KeyFile())
    given = under(key_id, KeyFile().approve(shown.intent.text))
    await desk.decide(owner, shown, owner_signature=given)

    told = await desk.audit_facts(shown.approval_id)
    assert told[-1]["owner_key_id"] == key_id
