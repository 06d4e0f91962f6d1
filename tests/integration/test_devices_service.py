"""Installing bridges, pairing them, and taking them away."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import grpc
import pytest

from countersign.v1 import devices_pb2, identity_pb2, values_pb2
from countersign_server.accounts.account import Account
from countersign_server.accounts.store import account_for_update
from countersign_server.devices.device import ACTIVE_MAX, TerminalHealth
from countersign_server.devices.lease_store import take_lease
from countersign_server.devices.pairing import OPEN_MAX, canonical
from countersign_server.devices.store import touch, use_pairing_code
from countersign_server.errors import TokenRevoked
from countersign_server.identity.vault import Vault
from countersign_server.rpc.caller import Role
from tests.fixtures.clock import Clock
from tests.fixtures.front_door import (
    SEALING_KEY,
    FrontDoor,
    Metadata,
    bearing,
    front_door,
    token_in,
)
from tests.fixtures.lock_waits import until_someone_waits
from tests.fixtures.refusals import Refusal, refusal_of
from tests.fixtures.trading_accounts import a_trading_account, shown_by_the_terminal

WRONG = Refusal(grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID")
REVOKED = Refusal(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED")
DEVICE_REVOKED = Refusal(grpc.StatusCode.PERMISSION_DENIED, "DEVICE_REVOKED")
MISMATCH = Refusal(grpc.StatusCode.PERMISSION_DENIED, "ACCOUNT_MISMATCH")
NOT_FOUND = Refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
TOO_MANY = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_ATTEMPTS")
EXHAUSTED = Refusal(grpc.StatusCode.FAILED_PRECONDITION, "KEYS_EXHAUSTED")


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner who is signed in, and the one account."""

    caller: Metadata
    account: Account

    @property
    def account_id(self) -> str:
        return str(self.account.id)


@pytest.fixture
async def door(database_url: str) -> AsyncGenerator[FrontDoor]:
    async with front_door(database_url, Clock()) as door:
        yield door


@pytest.fixture
def vault() -> Vault:
    return Vault(SEALING_KEY)


@pytest.fixture
async def ann(door: FrontDoor) -> Owner:
    return await an_owner(door, "ann@example.com")


async def an_owner(door: FrontDoor, email: str) -> Owner:
    user = await door.a_user(email)
    account = await a_trading_account(door.database, user.id, door.clock())
    return Owner(bearing((await door.signed_in(email)).access_token), account)


async def registered(
    door: FrontDoor, owner: Owner, *, request_id: str = "", account_id: str = ""
) -> devices_pb2.RegisterDeviceResponse:
    request = devices_pb2.RegisterDeviceRequest(
        request_id=request_id or str(uuid4()),
        account_id=account_id or owner.account_id,
        name="VPS Frankfurt",
    )
    return await door.devices.RegisterDevice(request, metadata=owner.caller)


async def a_code(door: FrontDoor, owner: Owner, account_id: str = "") -> str:
    request = devices_pb2.CreatePairingCodeRequest(
        account_id=account_id or owner.account_id, name="Laptop"
    )
    return (await door.devices.CreatePairingCode(request, metadata=owner.caller)).code


async def paired(
    door: FrontDoor,
    code: str,
    account: values_pb2.AccountFingerprint | None = None,
    address: str = "192.0.2.1",
) -> devices_pb2.PairDeviceResponse:
    request = devices_pb2.PairDeviceRequest(
        code=code, account=account or shown_by_the_terminal(), agent_version="0.1.0"
    )
    return await door.devices.PairDevice(request, metadata=(("x-forwarded-for", address),))


async def connected(door: FrontDoor, device_id: str, secret: str) -> Metadata:
    proof = identity_pb2.DeviceProof(device_id=device_id, secret=secret)
    request = identity_pb2.CreateSessionRequest(device=proof)
    return bearing((await door.identity.CreateSession(request)).access_token)


async def me(door: FrontDoor, caller: Metadata) -> identity_pb2.GetMeResponse:
    return await door.identity.GetMe(identity_pb2.GetMeRequest(), metadata=caller)


async def shown(door: FrontDoor, caller: Metadata, device_id: str) -> devices_pb2.Device:
    request = devices_pb2.GetDeviceRequest(device_id=device_id)
    return (await door.devices.GetDevice(request, metadata=caller)).device


async def rotated(
    door: FrontDoor, caller: Metadata, device_id: str
) -> devices_pb2.RotateDeviceKeyResponse:
    request = devices_pb2.RotateDeviceKeyRequest(device_id=device_id)
    return await door.devices.RotateDeviceKey(request, metadata=caller)


async def revoked(door: FrontDoor, caller: Metadata, device_id: str) -> devices_pb2.Device:
    request = devices_pb2.RevokeDeviceRequest(device_id=device_id)
    return (await door.devices.RevokeDevice(request, metadata=caller)).device


async def listed(
    door: FrontDoor, caller: Metadata, account_id: str = ""
) -> list[devices_pb2.Device]:
    request = devices_pb2.ListDevicesRequest(account_id=account_id)
    return list((await door.devices.ListDevices(request, metadata=caller)).devices)


async def test_a_registered_device_signs_in_for_its_account(door: FrontDoor, ann: Owner) -> None:
    made = await registered(door, ann)

    who = await me(door, await connected(door, made.device.device_id, made.secret))

    assert who.role == identity_pb2.ROLE_DEVICE
    assert (who.device_id, who.account_id) == (made.device.device_id, ann.account_id)
    assert made.secret.startswith("csd_")
    assert [(k.key_id, k.public_key) for k in made.approval_keys] == door.keyring.approval_keys()


@pytest.mark.parametrize("secret", ["csd_guessed", "", "x" * 128])
async def test_a_wrong_secret_is_refused(door: FrontDoor, ann: Owner, secret: str) -> None:
    made = await registered(door, ann)
    refusal = await refusal_of(connected(door, made.device.device_id, secret))
    assert refusal == WRONG or refusal.code is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_secret_opens_no_other_device(door: FrontDoor, ann: Owner) -> None:
    made, other = await registered(door, ann), await registered(door, ann)
    assert await refusal_of(connected(door, other.device.device_id, made.secret)) == WRONG
    assert await refusal_of(connected(door, str(uuid4()), made.secret)) == WRONG


async def test_guessing_a_secret_keeps_nobody_else_out(door: FrontDoor, ann: Owner) -> None:
    made = await registered(door, ann)
    for _ in range(12):
        assert await refusal_of(connected(door, made.device.device_id, "csd_guessed")) == WRONG
    assert await connected(door, made.device.device_id, made.secret)


async def test_a_repeated_registration_is_refused_since_the_secret_is_not_kept(
    door: FrontDoor, ann: Owner
) -> None:
    request_id = str(uuid4())
    await registered(door, ann, request_id=request_id)
    assert await refusal_of(registered(door, ann, request_id=request_id)) == Refusal(
        grpc.StatusCode.ALREADY_EXISTS, "REQUEST_REPEATED"
    )
    assert len(await listed(door, ann.caller)) == 1


async def test_there_is_a_limit_to_devices_of_an_account(door: FrontDoor, ann: Owner) -> None:
    made = [await registered(door, ann) for _ in range(ACTIVE_MAX)]
    assert await refusal_of(registered(door, ann)) == EXHAUSTED
    await revoked(door, ann.caller, made[0].device.device_id)
    assert (await registered(door, ann)).secret


async def test_a_code_becomes_a_device_however_it_is_typed(door: FrontDoor, ann: Owner) -> None:
    code = await a_code(door, ann)

    made = await paired(door, f" {code.lower().replace('-', ' - ')} ")

    assert (made.device.name, made.device.account_id) == ("Laptop", ann.account_id)
    assert made.device.agent_version == "0.1.0"
    assert made.approval_keys
    assert await connected(door, made.device.device_id, made.secret)


async def test_a_code_works_once(door: FrontDoor, ann: Owner) -> None:
    code = await a_code(door, ann)

    answers = await asyncio.gather(*(paired(door, code) for _ in range(4)), return_exceptions=True)

    assert sum(isinstance(a, devices_pb2.PairDeviceResponse) for a in answers) == 1
    assert await refusal_of(paired(door, code)) == WRONG
    assert len(await listed(door, ann.caller)) == 1


async def test_a_code_that_is_being_used_waits_and_is_then_used(
    door: FrontDoor, ann: Owner, vault: Vault
) -> None:
    code = await a_code(door, ann)
    async with door.database.transaction(None) as tx:
        await account_for_update(tx, ann.account.id)
        digest = vault.digest(canonical(code), bound_to="pairing_codes")
        await use_pairing_code(tx, digest, door.clock())
        second = asyncio.create_task(refusal_of(paired(door, code)))
        await until_someone_waits(door.database)
    assert await second == WRONG


async def test_a_code_ends_after_ten_minutes(door: FrontDoor, ann: Owner) -> None:
    code = await a_code(door, ann)
    door.clock.go_on(timedelta(minutes=10))
    assert await refusal_of(paired(door, code)) == WRONG


@pytest.mark.parametrize(
    "shows",
    [
        shown_by_the_terminal(login=1_000_002),
        shown_by_the_terminal(server="Sim-Live"),
        shown_by_the_terminal(currency="EUR"),
    ],
    ids=["login", "server", "currency"],
)
async def test_a_terminal_of_another_account_is_not_paired_and_the_code_stays_good(
    door: FrontDoor, ann: Owner, shows: values_pb2.AccountFingerprint
) -> None:
    code = await a_code(door, ann)
    for _ in range(11):
        assert await refusal_of(paired(door, code, shows)) == MISMATCH
    assert await listed(door, ann.caller) == []
    assert (await paired(door, code)).secret


async def test_the_eleventh_wrong_code_of_an_address_in_a_minute_is_refused_unchecked(
    door: FrontDoor, ann: Owner
) -> None:
    code = await a_code(door, ann)
    for _ in range(10):
        assert await refusal_of(paired(door, "22222-22222")) == WRONG

    assert await refusal_of(paired(door, code)) == TOO_MANY

    assert (await paired(door, code, address="192.0.2.2")).secret
    door.clock.go_on(timedelta(minutes=1))
    assert await refusal_of(paired(door, "22222-22222")) == WRONG


async def test_a_code_of_ones_own_does_not_forgive_wrong_ones(door: FrontDoor, ann: Owner) -> None:
    for _ in range(9):
        await refusal_of(paired(door, "22222-22222"))
    await paired(door, await a_code(door, ann))
    assert await refusal_of(paired(door, "22222-22222")) == WRONG
    assert await refusal_of(paired(door, "22222-22222")) == TOO_MANY


async def test_there_is_a_limit_to_open_codes(door: FrontDoor, ann: Owner) -> None:
    codes = [await a_code(door, ann) for _ in range(OPEN_MAX)]
    assert len(set(codes)) == OPEN_MAX
    assert await refusal_of(a_code(door, ann)) == EXHAUSTED
    await paired(door, codes[0])
    assert await a_code(door, ann)
    door.clock.go_on(timedelta(minutes=10))
    assert await a_code(door, ann)


async def test_a_rotated_secret_replaces_the_old_one_and_ends_its_session(
    door: FrontDoor, ann: Owner
) -> None:
    made = await registered(door, ann)
    device_id = made.device.device_id
    old_session = await connected(door, device_id, made.secret)

    fresh = await rotated(door, ann.caller, device_id)

    assert await refusal_of(me(door, old_session)) == REVOKED
    with pytest.raises(TokenRevoked):
        await door.in_another_process(token_in(old_session))
    assert await refusal_of(connected(door, device_id, made.secret)) == WRONG
    new_session = await connected(door, device_id, fresh.secret)
    assert (await me(door, new_session)).device_id == device_id

    # The device itself may, and again and again.
    newest = await rotated(door, new_session, device_id)
    assert await refusal_of(me(door, new_session)) == REVOKED
    assert (await me(door, await connected(door, device_id, newest.secret))).device_id == device_id


async def test_a_revoked_device_is_out_at_once_and_a_repeat_answers_the_same(
    door: FrontDoor, ann: Owner
) -> None:
    made, other = await registered(door, ann), await registered(door, ann)
    device_id = made.device.device_id
    session = await connected(door, device_id, made.secret)
    other_session = await connected(door, other.device.device_id, other.secret)

    first = await revoked(door, ann.caller, device_id)
    door.clock.go_on(timedelta(seconds=5))
    again = await revoked(door, ann.caller, device_id)

    assert first.state == devices_pb2.DEVICE_STATE_REVOKED
    assert first == again
    assert await refusal_of(me(door, session)) == REVOKED
    with pytest.raises(TokenRevoked):
        await door.in_another_process(token_in(session))
    assert await refusal_of(connected(door, device_id, made.secret)) == DEVICE_REVOKED
    assert await refusal_of(rotated(door, ann.caller, device_id)) == DEVICE_REVOKED
    assert (await me(door, other_session)).device_id == other.device.device_id


async def test_an_operator_revokes_any_device_and_changes_none(door: FrontDoor, ann: Owner) -> None:
    made = await registered(door, ann)
    operator = await door.a_caller("ops@example.com", Role.OPERATOR)
    device_id = made.device.device_id

    assert await refusal_of(rotated(door, operator, device_id)) == Refusal(
        grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN"
    )
    assert [device.device_id for device in await listed(door, operator)] == [device_id]
    assert (await revoked(door, operator, device_id)).HasField("revoke_time")


async def test_what_belongs_to_another_owner_is_not_there(door: FrontDoor, ann: Owner) -> None:
    made = await registered(door, ann)
    device_id = made.device.device_id
    bob = await an_owner(door, "bob@example.com")

    for refused in (
        registered(door, bob, account_id=ann.account_id),
        a_code(door, bob, account_id=ann.account_id),
        shown(door, bob.caller, device_id),
        rotated(door, bob.caller, device_id),
        revoked(door, bob.caller, device_id),
    ):
        assert await refusal_of(refused) == NOT_FOUND
    assert await listed(door, bob.caller) == []
    assert await listed(door, bob.caller, ann.account_id) == []
    assert await connected(door, device_id, made.secret)


async def test_a_device_sees_itself_and_no_other(door: FrontDoor, ann: Owner) -> None:
    made, other = await registered(door, ann), await registered(door, ann)
    device_id = made.device.device_id
    session = await connected(door, device_id, made.secret)

    assert (await shown(door, session, device_id)).device_id == device_id
    assert await refusal_of(shown(door, session, other.device.device_id)) == NOT_FOUND
    assert await refusal_of(rotated(door, session, other.device.device_id)) == NOT_FOUND
    assert await refusal_of(revoked(door, session, device_id)) == Refusal(
        grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN"
    )


async def test_devices_of_a_disabled_user_are_out(door: FrontDoor, ann: Owner) -> None:
    made, code = await registered(door, ann), await a_code(door, ann)
    session = await connected(door, made.device.device_id, made.secret)
    operator = await door.a_caller("ops@example.com", Role.OPERATOR)

    request = identity_pb2.DisableUserRequest(user_id=str(ann.account.owner_id))
    await door.identity.DisableUser(request, metadata=operator)

    assert await refusal_of(me(door, session)) == REVOKED
    assert await refusal_of(connected(door, made.device.device_id, made.secret)) == WRONG
    assert await refusal_of(paired(door, code)) == WRONG


async def test_what_a_bridge_says_of_itself_is_shown(door: FrontDoor, ann: Owner) -> None:
    made = await registered(door, ann)
    device = await shown(door, ann.caller, made.device.device_id)
    assert not device.HasField("last_seen_time")
    assert not device.HasField("terminal")
    health = TerminalHealth(
        connected=True,
        trade_allowed=True,
        account_trade_allowed=False,
        api_disabled=False,
        build=5260,
        ping_last_us=12_345,
    )
    device_id, owner = made.device.device_id, ann.account.owner_id
    async with door.database.transaction(owner) as tx:
        device_uuid = UUID(device_id)
        await touch(tx, device_uuid, door.clock(), agent_version="0.2.0", terminal=health)
        # A later sign of life that says nothing keeps what was said.
        await touch(tx, device_uuid, door.clock() + timedelta(seconds=5))
        assert await take_lease(
            tx,
            account_id=ann.account.id,
            owner_id=owner,
            device_id=device_uuid,
            epoch=b"0123456789abcdef",
            now=door.clock(),
            timeout=timedelta(seconds=15),
        )

    device = await shown(door, ann.caller, device_id)

    assert (device.agent_version, device.terminal.build) == ("0.2.0", 5260)
    assert (device.terminal.connected, device.terminal.account_trade_allowed) == (True, False)
    assert device.last_seen_time.seconds == int(door.clock().timestamp()) + 5
    assert device.holds_lease
    door.clock.go_on(timedelta(seconds=15))
    assert not (await shown(door, ann.caller, device_id)).holds_lease


async def test_devices_are_listed_newest_first_in_pages(door: FrontDoor, ann: Owner) -> None:
    made = list[str]()
    for _ in range(5):
        door.clock.go_on(timedelta(seconds=1))
        made.append((await registered(door, ann)).device.device_id)

    found, token = list[str](), ""
    while True:
        request = devices_pb2.ListDevicesRequest(
            page_size=2, page_token=token, account_id=ann.account_id
        )
        page = await door.devices.ListDevices(request, metadata=ann.caller)
        found += [device.device_id for device in page.devices]
        token = page.next_page_token
        if not token:
            break

    assert found == list(reversed(made))
