"""What guards judge by: set and signed by owners, one version after the other, told to bridges."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.field_mask_pb2 import FieldMask

from countersign.v1 import accounts_pb2, approvals_pb2, devices_pb2, guards_pb2
from countersign_guards.policy import default_policy
from countersign_guards.policy_text import parse_policy
from tests.fixtures.bridge_end import bridge_end
from tests.fixtures.guarded_world import QUICK, begin, leave, put_policy
from tests.fixtures.owner_keys import KeyFile
from tests.fixtures.refusals import Refusal, refusal_of
from tests.fixtures.world import Owner, World, world

LOOSE = QUICK.replace('"0.2"', '"0.9"')


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


async def policy(it: World, owner: Owner) -> guards_pb2.GuardPolicy:
    answer = await it.guards.GetGuardPolicy(
        guards_pb2.GetGuardPolicyRequest(account_id=owner.account_id), metadata=owner.metadata
    )
    return answer.policy


async def test_an_account_whose_owner_said_nothing_is_guarded_by_the_default(it: World) -> None:
    found = await policy(it, await it.an_owner())
    assert (found.version, parse_policy(found.text)) == (0, default_policy("USD"))


async def test_a_policy_follows_the_one_before_it_and_a_repeat_answers_the_same(
    it: World,
) -> None:
    owner = await it.an_owner()
    first = await put_policy(it, owner)
    assert await put_policy(it, owner) == first
    changed = Refusal(grpc.StatusCode.ABORTED, "POLICY_CHANGED")
    assert await refusal_of(put_policy(it, owner, LOOSE, version=1)) == changed
    assert await refusal_of(put_policy(it, owner, LOOSE, version=3)) == changed
    assert (await put_policy(it, owner, LOOSE, version=2)).policy.version == 2
    assert (await policy(it, owner)).text == LOOSE


@pytest.mark.parametrize(
    "text",
    ["{", '{"currency":"EUR"}', QUICK.replace("limit", "limmit"), '{"currency":"USD","x":1}'],
)
async def test_a_text_that_is_no_policy_of_the_account_is_refused_and_nothing_changes(
    text: str, it: World
) -> None:
    owner = await it.an_owner()
    invalid = Refusal(grpc.StatusCode.INVALID_ARGUMENT, "POLICY_INVALID")
    assert await refusal_of(put_policy(it, owner, text)) == invalid
    assert (await policy(it, owner)).version == 0


async def test_where_the_owner_signs_a_policy_without_a_signature_that_holds_is_refused(
    it: World,
) -> None:
    owner, holder = await it.an_owner(), KeyFile()
    key_id = await it.an_owner_key(owner, holder)
    await it.accounts.UpdateAccount(
        accounts_pb2.UpdateAccountRequest(
            account=accounts_pb2.Account(
                account_id=owner.account_id, owner_signature_required=True
            ),
            update_mask=FieldMask(paths=["owner_signature_required"]),
        ),
        metadata=owner.metadata,
    )
    needed = Refusal(grpc.StatusCode.FAILED_PRECONDITION, "OWNER_SIGNATURE_REQUIRED")
    assert await refusal_of(put_policy(it, owner)) == needed

    async def signed(text: str, stated: str) -> guards_pb2.GuardPolicy:
        signature = approvals_pb2.OwnerSignature(
            owner_key_id=key_id, **holder.approve(stated).fields()
        )
        request = guards_pb2.PutGuardPolicyRequest(
            account_id=owner.account_id, text=text, version=1, owner_signature=signature
        )
        return (await it.guards.PutGuardPolicy(request, metadata=owner.metadata)).policy

    head = (await policy(it, owner)).next_statement_head
    stated = f"{head}policy: {sha256(QUICK.encode()).hexdigest()}\n"
    invalid = Refusal(grpc.StatusCode.INVALID_ARGUMENT, "OWNER_SIGNATURE_INVALID")
    assert await refusal_of(signed(LOOSE, stated)) == invalid
    assert (await signed(QUICK, stated)).owner_signature.owner_key_id == key_id


async def test_a_bridge_is_told_the_policy_with_the_servers_signature_and_what_is_held(
    it: World,
) -> None:
    owner = await it.an_owner()
    device = await it.a_device(owner)
    known = await it.devices.GetDevice(
        devices_pb2.GetDeviceRequest(device_id=device.id), metadata=owner.metadata
    )
    async with bridge_end(it, owner, device) as bridge:
        before = (await bridge.hear("guard_policy")).guard_policy
        assert (before.version, parse_policy(before.text)) == (0, default_policy("USD"))
        assert (await bridge.hear("guard")).guard.memory == ""
        await put_policy(it, owner)
        told = (await bridge.hear("guard_policy")).guard_policy
        assert (told.version, told.text) == (1, QUICK)
        assert told.statement == (
            "countersign.guard-policy/1\naccount: 1000001@Sim-Demo\ncurrency: USD\nversion: 1\n"
            f"policy: {sha256(QUICK.encode()).hexdigest()}\n"
        )
        keys = await it.devices.RegisterDevice(
            devices_pb2.RegisterDeviceRequest(
                request_id=device.id, account_id=owner.account_id, name="other"
            ),
            metadata=owner.metadata,
        )
        (key,) = [one for one in keys.approval_keys if one.key_id == told.server_key_id]
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(
            told.server_signature, b"countersign.approval/1\0" + told.statement.encode()
        )
        await begin(it, owner, bridge)
        await leave(bridge)
    async with bridge_end(it, owner, device) as bridge:
        assert '"reference":"10000' in (await bridge.hear("guard")).guard.memory
    assert known.device.account_id == owner.account_id
