"""Accounts, producers and devices, made."""

from functools import partial

from countersign.v1.accounts_pb2_grpc import add_AccountServiceServicer_to_server
from countersign.v1.devices_pb2_grpc import add_DeviceServiceServicer_to_server
from countersign_server.accounts.key_cache import ProducerKeys
from countersign_server.accounts.service import AccountService
from countersign_server.devices.service import DeviceService
from countersign_server.parts.part import Ground, Part
from countersign_server.parts.people import People


def accounts(ground: Ground, who: People, keys: ProducerKeys) -> Part:
    """Make accounts, subscriptions and producers."""
    service = AccountService(
        database=ground.database, wakeups=ground.wakeups, vault=who.vault, keys=keys, now=ground.now
    )
    return Part(partial(add_AccountServiceServicer_to_server, service), (keys.run,))


def devices(ground: Ground, who: People) -> Part:
    """Make the devices."""
    service = DeviceService(
        database=ground.database,
        wakeups=ground.wakeups,
        vault=who.vault,
        keyring=who.keyring,
        revocations=who.revocations,
        code_lifetime=ground.settings.pairing_code_lifetime,
        attempts_per_minute=ground.settings.attempts_per_minute,
        now=ground.now,
    )
    return Part(partial(add_DeviceServiceServicer_to_server, service))
