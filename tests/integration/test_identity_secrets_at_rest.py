"""Whoever steals a copy of the database finds nothing in it to sign in, trade or sign with."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from countersign.v1 import devices_pb2, identity_pb2
from countersign_server.devices.pairing import canonical
from countersign_server.identity.loop import Forgetting
from countersign_server.rpc.caller import Role
from countersign_server.tables import metadata
from tests.fixtures.clock import Clock
from tests.fixtures.front_door import (
    PASSWORD,
    SEALING_KEY,
    FrontDoor,
    Metadata,
    bearing,
    front_door,
)
from tests.fixtures.refusals import refusal_of
from tests.fixtures.trading_accounts import a_trading_account, shown_by_the_terminal

FIRST_PASSWORD, NEXT_PASSWORD, TYPO = (
    "a horse and a battery",
    "another horse battery",
    "typed into the name",
)


@pytest.fixture
async def door(database_url: str) -> AsyncGenerator[FrontDoor]:
    async with front_door(database_url, Clock()) as door:
        yield door


async def live(door: FrontDoor) -> Mapping[str, str]:
    """Do everything that makes a secret, and return the secrets by what they are."""
    secrets = {"password": PASSWORD, "first password": FIRST_PASSWORD, "typo": TYPO}
    operator = await door.a_caller("ops@example.com", Role.OPERATOR)
    made = await door.identity.CreateUser(
        identity_pb2.CreateUserRequest(email="ann@example.com", role=identity_pb2.ROLE_OWNER),
        metadata=operator,
    )
    secrets["invitation"] = made.invitation_token
    accepted = await door.identity.AcceptInvitation(
        identity_pb2.AcceptInvitationRequest(
            invitation_token=made.invitation_token, password=FIRST_PASSWORD
        )
    )
    await refusal_of(door.signed_in(TYPO, FIRST_PASSWORD))
    ann = bearing(accepted.session.access_token)
    secrets["access token"] = accepted.session.access_token
    secrets["refresh token"] = accepted.session.refresh_token
    refreshed = await door.identity.CreateSession(
        identity_pb2.CreateSessionRequest(refresh_token=accepted.session.refresh_token)
    )
    secrets["second refresh token"] = refreshed.refresh_token
    token = await door.identity.CreateApiToken(
        identity_pb2.CreateApiTokenRequest(request_id=str(uuid4()), name="script"), metadata=ann
    )
    secrets["API token"] = token.secret
    await door.identity.RevokeApiToken(
        identity_pb2.RevokeApiTokenRequest(token_id=token.token.token_id), metadata=ann
    )
    await door.identity.ChangePassword(
        identity_pb2.ChangePasswordRequest(old_password=FIRST_PASSWORD, new_password=NEXT_PASSWORD),
        metadata=ann,
    )
    secrets["next password"] = NEXT_PASSWORD
    secrets |= await devices_live(door, accepted.user.user_id, ann)
    await door.identity.RotateSigningKey(identity_pb2.RotateSigningKeyRequest(), metadata=operator)
    await door.identity.EndSession(
        identity_pb2.EndSessionRequest(refresh_token=refreshed.refresh_token)
    )
    return secrets


async def devices_live(door: FrontDoor, user_id: str, ann: Metadata) -> Mapping[str, str]:
    account = await a_trading_account(door.database, UUID(user_id), door.clock())
    device = await door.devices.RegisterDevice(
        devices_pb2.RegisterDeviceRequest(
            request_id=str(uuid4()), account_id=str(account.id), name="VPS"
        ),
        metadata=ann,
    )
    device_id = device.device.device_id
    rotated = await door.devices.RotateDeviceKey(
        devices_pb2.RotateDeviceKeyRequest(device_id=device_id), metadata=ann
    )
    asking = devices_pb2.CreatePairingCodeRequest(account_id=str(account.id), name="Laptop")
    used = await door.devices.CreatePairingCode(asking, metadata=ann)
    unused = await door.devices.CreatePairingCode(asking, metadata=ann)
    paired = await door.devices.PairDevice(
        devices_pb2.PairDeviceRequest(code=used.code, account=shown_by_the_terminal())
    )
    await door.devices.RevokeDevice(
        devices_pb2.RevokeDeviceRequest(device_id=device_id), metadata=ann
    )
    return {
        "device secret": device.secret,
        "rotated device secret": rotated.secret,
        "paired device secret": paired.secret,
        "used code": canonical(used.code),
        "unused code": canonical(unused.code),
        "unused code as shown": unused.code,
    }


async def dumped(door: FrontDoor) -> str:
    """Return every row of every table as text, bytes in hexadecimal, in lower case."""
    rows = list[str]()
    async with door.database.transaction(None) as tx:
        for table in metadata.sorted_tables:
            found = await tx.scalars(text(f"SELECT t::text FROM {table.name} t"))  # noqa: S608 - our own names
            rows += [f"{table.name} {row}" for row in found]
    return "\n".join(rows).lower()


def spellings(secret: bytes) -> set[str]:
    """Return the ways in which bytes may stand in a dump."""
    return {
        secret.decode(errors="replace").lower(),
        secret.hex(),
        b64encode(secret).decode().rstrip("=").lower(),
        urlsafe_b64encode(secret).decode().rstrip("=").lower(),
    }


async def test_no_secret_stands_in_any_table(door: FrontDoor) -> None:
    secrets = {what: secret.encode() for what, secret in (await live(door)).items()}
    secrets["sealing key"] = SEALING_KEY
    secrets["token key"] = door.keyring.token_key()[1].private_bytes_raw()
    # Guessed in hours from a plain hash.
    secrets["hash of a code"] = sha256(secrets["unused code"]).digest()
    secrets["hash of a password"] = sha256(PASSWORD.encode()).digest()

    dump = await dumped(door)

    found = [
        what
        for what, secret in secrets.items()
        if any(spelling in dump for spelling in spellings(secret))
    ]
    assert found == []
    # The dump does show what is there.
    for shown in ("ann@example.com", "vps", "api_token.revoked", "$argon2id$", "pairing_codes "):
        assert shown in dump


async def test_every_change_is_in_the_audit_in_the_order_it_happened(door: FrontDoor) -> None:
    await live(door)
    async with door.database.transaction(None) as tx:
        found = await tx.execute(text("SELECT kind, actor FROM audit_entries ORDER BY id"))
        entries = [(row.kind, row.actor.partition(":")[0]) for row in found]
    assert entries == [
        ("session.created", "user"),
        ("user.created", "user"),
        ("session.created", "user"),
        ("invitation.accepted", "user"),
        ("api_token.created", "user"),
        ("api_token.revoked", "user"),
        ("password.changed", "user"),
        ("device.registered", "user"),
        ("device.key_rotated", "user"),
        ("pairing_code.created", "user"),
        ("pairing_code.created", "user"),
        ("device.paired", "device"),
        ("device.revoked", "user"),
        ("signing_key.rotated", "user"),
        ("session.ended", "user"),
    ]


async def test_what_has_expired_is_forgotten_and_nothing_else(door: FrontDoor) -> None:
    await live(door)
    forgetting = Forgetting(door.database, door.revocations, door.clock)
    assert await forgetting.forget() == 0
    kept = await dumped(door)
    for table in ("refresh_tokens", "invitations", "revocations", "failed_attempts"):
        assert f"\n{table} " in kept

    door.clock.go_on(timedelta(days=31))
    assert await forgetting.forget() > 0

    left = await dumped(door)
    for table in ("refresh_tokens", "invitations", "revocations", "failed_attempts"):
        assert f"\n{table} " not in left
    for table in ("users", "api_tokens", "devices", "signing_keys", "audit_entries"):
        assert f"\n{table} " in f"\n{left}"
