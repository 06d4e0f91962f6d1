"""Where owners install bridges and take them away, and bridges pair themselves."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import devices_pb2, devices_pb2_grpc
from countersign_server.accounts.account import Account
from countersign_server.accounts.store import account_for_update
from countersign_server.accounts.wire import fingerprint_from_message
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.devices import store
from countersign_server.devices.device import ACTIVE_MAX, Device, facts_of
from countersign_server.devices.pairing import OPEN_MAX, PairingCode, canonical, new_code, shown
from countersign_server.devices.wire import approval_key_messages, device_message
from countersign_server.errors import (
    AccountMismatch,
    CredentialsInvalid,
    DeviceRevoked,
    KeysExhausted,
    NotFound,
    RequestRepeated,
)
from countersign_server.identifiers import digest_of, new_secret, uuid7
from countersign_server.identity.attempts import attempt_name, count_attempt, forgive_attempt
from countersign_server.identity.keyring import Keyring
from countersign_server.identity.names import printable
from countersign_server.identity.revocations import Revocations
from countersign_server.identity.store import user
from countersign_server.identity.vault import Vault
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import Caller, Role, current_call, current_caller
from countersign_server.rpc.conversion import to_timestamp, trace_of, uuid_or_none
from countersign_server.rpc.pages import id_position, next_token, page_size

# Names the place where codes are digested, so that a digest from elsewhere finds none.
_CODES = "pairing_codes"


class DeviceService(devices_pb2_grpc.DeviceServiceServicer):
    """See devices.proto for the contract."""

    def __init__(  # noqa: PLR0913 - what it stands on, each by name
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        vault: Vault,
        keyring: Keyring,
        revocations: Revocations,
        code_lifetime: timedelta,
        attempts_per_minute: int,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._vault = vault
        self._keyring = keyring
        self._revocations = revocations
        self._code_lifetime = code_lifetime
        self._attempts_per_minute = attempts_per_minute
        self._now = now

    async def RegisterDevice(
        self, request: devices_pb2.RegisterDeviceRequest, context: Context
    ) -> devices_pb2.RegisterDeviceResponse:
        caller, now, secret = current_caller(), self._now(), new_secret("csd")
        device = Device(
            id=uuid7(now),
            owner_id=caller.owner_id,
            account_id=UUID(request.account_id),
            name=printable(request.name, field="name"),
            secret_number=1,
            created_at=now,
        )
        async with self._database.transaction(caller.tenant) as tx:
            if await account_for_update(tx, device.account_id) is None:
                raise _no_account(device.account_id)
            await self._add(tx, device, secret, request_id=UUID(request.request_id))
            await record(tx, _entry("device.registered", device, now, before=None))
        self._wakeups.ring("audit")
        return devices_pb2.RegisterDeviceResponse(
            device=device_message(device, now), secret=secret, approval_keys=self._approval_keys()
        )

    async def CreatePairingCode(
        self, request: devices_pb2.CreatePairingCodeRequest, context: Context
    ) -> devices_pb2.CreatePairingCodeResponse:
        caller, now, code = current_caller(), self._now(), new_code()
        account_id = UUID(request.account_id)
        name = printable(request.name, field="name")
        expires_at = now + self._code_lifetime
        pairing = PairingCode(caller.owner_id, account_id, name, expires_at, used_at=None)
        async with self._database.transaction(caller.tenant) as tx:
            if await account_for_update(tx, account_id) is None:
                raise _no_account(account_id)
            if await store.count_open_codes(tx, account_id, now) >= OPEN_MAX:
                raise KeysExhausted(f"{OPEN_MAX} codes of the account are open; use one, or wait")
            await store.add_pairing_code(tx, self._digest(code), pairing)
            await record(
                tx,
                Entry(
                    kind="pairing_code.created",
                    subject=f"account:{account_id}",
                    event_time=now,
                    trace=trace_of(current_call()),
                    owner_id=caller.owner_id,
                    account_id=account_id,
                    after={"name": name, "expires_at": expires_at},
                ),
            )
        self._wakeups.ring("audit")
        return devices_pb2.CreatePairingCodeResponse(
            code=shown(code), expire_time=to_timestamp(expires_at)
        )

    async def PairDevice(
        self, request: devices_pb2.PairDeviceRequest, context: Context
    ) -> devices_pb2.PairDeviceResponse:
        now, secret = self._now(), new_secret("csd")
        attempt = attempt_name("pairing", current_call().address)
        agent_version = printable(request.agent_version, field="agent_version")
        digest = self._digest(canonical(request.code))
        async with self._database.transaction(None) as tx:
            await count_attempt(tx, attempt, now=now, limit=self._attempts_per_minute)
        async with self._database.transaction(None) as tx:
            pairing, meant = await self._open_code(tx, digest, now)
            await forgive_attempt(tx, attempt)
            matches = meant.fingerprint == fingerprint_from_message(request.account)
            device = _paired(pairing, now, agent_version)
            if matches:
                await store.use_pairing_code(tx, digest, now)
                await self._add(tx, device, secret, request_id=uuid4())
                entry = _entry("device.paired", device, now, before=None)
                trace = replace(entry.trace, actor=device.subject)
                await record(tx, replace(entry, trace=trace))
        # Out here, so that what was forgiven stays forgiven: the code was right and can be used.
        if not matches:
            raise AccountMismatch("the terminal shows another account than the code was made for")
        self._wakeups.ring("audit")
        return devices_pb2.PairDeviceResponse(
            device=device_message(device, now), secret=secret, approval_keys=self._approval_keys()
        )

    async def GetDevice(
        self, request: devices_pb2.GetDeviceRequest, context: Context
    ) -> devices_pb2.GetDeviceResponse:
        caller, device_id = current_caller(), UUID(request.device_id)
        async with self._database.transaction(caller.tenant) as tx:
            device = _seen(caller, device_id, await store.device(tx, device_id))
        return devices_pb2.GetDeviceResponse(device=device_message(device, self._now()))

    async def ListDevices(
        self, request: devices_pb2.ListDevicesRequest, context: Context
    ) -> devices_pb2.ListDevicesResponse:
        size, now = page_size(request.page_size), self._now()
        async with self._database.transaction(current_caller().tenant) as tx:
            rows = await store.list_devices(
                tx,
                account_id=uuid_or_none(request.account_id),
                before=id_position(request),
                limit=size + 1,
            )
        page = rows[:size]
        return devices_pb2.ListDevicesResponse(
            devices=[device_message(device, now) for device in page],
            next_page_token=next_token(request, rows, size, [page[-1].id]) if page else "",
        )

    async def RotateDeviceKey(
        self, request: devices_pb2.RotateDeviceKeyRequest, context: Context
    ) -> devices_pb2.RotateDeviceKeyResponse:
        caller, device_id = current_caller(), UUID(request.device_id)
        now, secret = self._now(), new_secret("csd")
        async with self._database.transaction(caller.tenant) as tx:
            before = _seen(caller, device_id, await store.device_locked(tx, device_id))
            if before.revoked_at is not None:
                raise DeviceRevoked("the device was revoked", device_id=str(device_id))
            device = replace(before, secret_number=before.secret_number + 1, lease_expires_at=None)
            await store.replace_secret(tx, device, digest_of(secret))
            await self._revocations.revoke(tx, before.session, now)
            await record(tx, _entry("device.key_rotated", device, now, before=before))
        self._revocations.announce(before.session)
        self._wakeups.ring("audit")
        return devices_pb2.RotateDeviceKeyResponse(
            device=device_message(device, now), secret=secret
        )

    async def RevokeDevice(
        self, request: devices_pb2.RevokeDeviceRequest, context: Context
    ) -> devices_pb2.RevokeDeviceResponse:
        caller, device_id, now = current_caller(), UUID(request.device_id), self._now()
        async with self._database.transaction(caller.tenant) as tx:
            before = _seen(caller, device_id, await store.device_locked(tx, device_id))
            device = before
            if before.revoked_at is None:
                device = replace(before, revoked_at=now, lease_expires_at=None)
                await store.revoke_device(tx, device_id, now)
                await self._revocations.revoke(tx, device.subject, now)
                await record(tx, _entry("device.revoked", device, now, before=before))
        self._revocations.announce(device.subject)
        self._wakeups.ring("audit")
        return devices_pb2.RevokeDeviceResponse(device=device_message(device, now))

    async def _add(
        self, tx: AsyncConnection, device: Device, secret: str, *, request_id: UUID
    ) -> None:
        # The account is locked: two that add at once count one after the other.
        if await store.count_active(tx, device.account_id) >= ACTIVE_MAX:
            raise KeysExhausted(f"the account has {ACTIVE_MAX} active devices; revoke one first")
        if not await store.add_device(
            tx, device, secret_sha256=digest_of(secret), request_id=request_id
        ):
            raise RequestRepeated(
                "a device was made with this request_id", request_id=str(request_id)
            )

    async def _open_code(
        self, tx: AsyncConnection, digest: bytes, now: datetime
    ) -> tuple[PairingCode, Account]:
        """Return a code that can be used, and its account, locked. Raises CredentialsInvalid."""
        pairing = await store.pairing_code(tx, digest)
        meant = None if pairing is None else await account_for_update(tx, pairing.account_id)
        # Again, under the lock: of two that use it at once, the second sees it used.
        pairing = await store.pairing_code(tx, digest)
        owner = None if pairing is None else await user(tx, pairing.owner_id)
        if (
            pairing is None
            or meant is None
            or owner is None
            or not owner.may_sign_in
            or not pairing.is_open(now)
        ):
            raise CredentialsInvalid("the code is wrong, was used, or has expired")
        return pairing, meant

    def _digest(self, code: str) -> bytes:
        return self._vault.digest(code, bound_to=_CODES)

    def _approval_keys(self) -> Sequence[devices_pb2.ApprovalKey]:
        return approval_key_messages(self._keyring.approval_keys())


def _seen(caller: Caller, device_id: UUID, device: Device | None) -> Device:
    """Return the device if the caller may know of it. Raises NotFound."""
    if device is None or (caller.role is Role.DEVICE and caller.id != device_id):
        raise NotFound(f"there is no device {device_id}", device_id=str(device_id))
    return device


def _no_account(account_id: UUID) -> NotFound:
    return NotFound(f"there is no account {account_id}", account_id=str(account_id))


def _paired(pairing: PairingCode, now: datetime, agent_version: str) -> Device:
    return Device(
        id=uuid7(now),
        owner_id=pairing.owner_id,
        account_id=pairing.account_id,
        name=pairing.name,
        secret_number=1,
        created_at=now,
        agent_version=agent_version,
    )


def _entry(kind: str, device: Device, now: datetime, *, before: Device | None) -> Entry:
    return Entry(
        kind=kind,
        subject=device.subject,
        event_time=now,
        trace=trace_of(current_call()),
        owner_id=device.owner_id,
        account_id=device.account_id,
        before=None if before is None else facts_of(before),
        after=facts_of(device),
    )
