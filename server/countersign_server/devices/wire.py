"""Devices as the contract shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from countersign.v1 import devices_pb2
from countersign_server.devices.device import Device, TerminalHealth
from countersign_server.rpc.conversion import to_timestamp


def device_message(device: Device, now: datetime) -> devices_pb2.Device:
    state = (
        devices_pb2.DEVICE_STATE_ACTIVE
        if device.revoked_at is None
        else devices_pb2.DEVICE_STATE_REVOKED
    )
    return devices_pb2.Device(
        device_id=str(device.id),
        account_id=str(device.account_id),
        name=device.name,
        state=state,
        create_time=to_timestamp(device.created_at),
        revoke_time=to_timestamp(device.revoked_at),
        last_seen_time=to_timestamp(device.last_seen_at),
        holds_lease=device.holds_lease(now),
        agent_version=device.agent_version,
        terminal=None if device.terminal is None else health_message(device.terminal),
    )


def health_message(terminal: TerminalHealth) -> devices_pb2.TerminalHealth:
    return devices_pb2.TerminalHealth(**asdict(terminal))


def health_of(message: devices_pb2.TerminalHealth) -> TerminalHealth:
    return TerminalHealth(
        connected=message.connected,
        trade_allowed=message.trade_allowed,
        account_trade_allowed=message.account_trade_allowed,
        api_disabled=message.api_disabled,
        build=message.build,
        ping_last_us=message.ping_last_us,
    )


def approval_key_messages(
    keys: Iterable[tuple[str, bytes]],
) -> Sequence[devices_pb2.ApprovalKey]:
    return [
        devices_pb2.ApprovalKey(key_id=key_id, public_key=public_key) for key_id, public_key in keys
    ]
