"""Installed bridges and pairing codes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.devices.device import Device, TerminalHealth, terminal_row
from countersign_server.devices.pairing import PairingCode
from countersign_server.devices.tables import devices, leases, pairing_codes
from countersign_server.identity.session import DeviceIdentity

_STORED = (
    "id",
    "owner_id",
    "account_id",
    "name",
    "secret_number",
    "created_at",
    "revoked_at",
    "last_seen_at",
    "agent_version",
    "terminal",
)
_DEVICE = select(
    *(devices.c[name] for name in _STORED), leases.c.expires_at.label("lease_expires_at")
).select_from(devices.outerjoin(leases, leases.c.device_id == devices.c.id))


async def add_device(
    tx: AsyncConnection, device: Device, *, secret_sha256: bytes, request_id: UUID
) -> bool:
    """Store a device; False: one was made for the account with the same request id."""
    added = await tx.execute(
        insert(devices)
        .values(secret_sha256=secret_sha256, request_id=request_id, **_row_of(device))
        .on_conflict_do_nothing(constraint="one_device_per_request")
        .returning(devices.c.id)
    )
    return added.one_or_none() is not None


async def device(tx: AsyncConnection, device_id: UUID) -> Device | None:
    return await _one(tx, _DEVICE.where(devices.c.id == device_id))


async def device_locked(tx: AsyncConnection, device_id: UUID) -> Device | None:
    """Return a device that nobody else changes until this transaction has ended."""
    asked = _DEVICE.where(devices.c.id == device_id)
    return await _one(tx, asked.with_for_update(key_share=True, of=devices))


async def device_of(
    tx: AsyncConnection, device_id: UUID, secret_sha256: bytes
) -> DeviceIdentity | None:
    """Return whose secret this is; None: nobody's."""
    found = await _one(
        tx,
        _DEVICE.where(devices.c.id == device_id, devices.c.secret_sha256 == secret_sha256),
    )
    if found is None:
        return None
    return DeviceIdentity(
        device_id=found.id,
        owner_id=found.owner_id,
        account_id=found.account_id,
        session=found.session,
        revoked=found.revoked_at is not None,
    )


async def list_devices(
    tx: AsyncConnection, *, account_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[Device]:
    """Return up to `limit` devices, newest first; `before`: only older ones."""
    asked = _DEVICE.order_by(devices.c.id.desc()).limit(limit)
    if account_id is not None:
        asked = asked.where(devices.c.account_id == account_id)
    if before is not None:
        asked = asked.where(devices.c.id < before)
    return [_device(row) for row in (await tx.execute(asked)).mappings()]


async def count_active(tx: AsyncConnection, account_id: UUID) -> int:
    """Return how many devices of the account are not revoked."""
    counted = await tx.execute(
        select(func.count())
        .select_from(devices)
        .where(devices.c.account_id == account_id, devices.c.revoked_at.is_(None))
    )
    return counted.scalar_one()


async def replace_secret(tx: AsyncConnection, device: Device, secret_sha256: bytes) -> None:
    """Give the device its next secret, whose number `device` carries, and end its lease."""
    await tx.execute(
        update(devices)
        .where(devices.c.id == device.id)
        .values(secret_sha256=secret_sha256, secret_number=device.secret_number)
    )
    await _end_lease(tx, device.id)


async def revoke_device(tx: AsyncConnection, device_id: UUID, now: datetime) -> None:
    """End the device and its lease."""
    await tx.execute(update(devices).where(devices.c.id == device_id).values(revoked_at=now))
    await _end_lease(tx, device_id)


async def touch(
    tx: AsyncConnection,
    device_id: UUID,
    now: datetime,
    *,
    agent_version: str | None = None,
    terminal: TerminalHealth | None = None,
) -> None:
    """Write down that a device was heard of, and what it said of itself; None: it said nothing."""
    said: dict[str, Any] = {"last_seen_at": now}
    if agent_version is not None:
        said["agent_version"] = agent_version
    if terminal is not None:
        said["terminal"] = terminal_row(terminal)
    await tx.execute(update(devices).where(devices.c.id == device_id).values(said))


async def add_pairing_code(tx: AsyncConnection, digest: bytes, code: PairingCode) -> None:
    await tx.execute(
        insert(pairing_codes).values(
            code_digest=digest,
            owner_id=code.owner_id,
            account_id=code.account_id,
            name=code.name,
            expires_at=code.expires_at,
        )
    )


async def pairing_code(tx: AsyncConnection, digest: bytes) -> PairingCode | None:
    found = await tx.execute(
        select(
            pairing_codes.c.owner_id,
            pairing_codes.c.account_id,
            pairing_codes.c.name,
            pairing_codes.c.expires_at,
            pairing_codes.c.used_at,
        ).where(pairing_codes.c.code_digest == digest)
    )
    row = found.mappings().one_or_none()
    return None if row is None else PairingCode(**row)


async def use_pairing_code(tx: AsyncConnection, digest: bytes, now: datetime) -> None:
    await tx.execute(
        update(pairing_codes).where(pairing_codes.c.code_digest == digest).values(used_at=now)
    )


async def count_open_codes(tx: AsyncConnection, account_id: UUID, now: datetime) -> int:
    """Return how many codes of the account can be used. Deletes those whose time is over."""
    of_account = pairing_codes.c.account_id == account_id
    await tx.execute(delete(pairing_codes).where(of_account, pairing_codes.c.expires_at <= now))
    counted = await tx.execute(
        select(func.count())
        .select_from(pairing_codes)
        .where(of_account, pairing_codes.c.used_at.is_(None))
    )
    return counted.scalar_one()


async def _end_lease(tx: AsyncConnection, device_id: UUID) -> None:
    await tx.execute(delete(leases).where(leases.c.device_id == device_id))


async def _one(tx: AsyncConnection, asked: Select[Any]) -> Device | None:
    row = (await tx.execute(asked)).mappings().one_or_none()
    return None if row is None else _device(row)


def _device(row: RowMapping) -> Device:
    values = dict[str, Any](row)
    if values["terminal"] is not None:
        values["terminal"] = TerminalHealth(**values["terminal"])
    return Device(**values)


def _row_of(device: Device) -> Mapping[str, Any]:
    values = {name: getattr(device, name) for name in _STORED}
    return {**values, "terminal": terminal_row(device.terminal)}
