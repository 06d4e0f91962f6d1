"""Who has the database and the server's keys still opens no trade at a bridge that pins its owner.

The forgeries are made in the real database with the server's real approval key, offered by the real
server over the real channel, and judged by the bridge's own verification.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from countersign.v1 import approvals_pb2, execution_pb2
from countersign_bridge.channel.frames import offer_of
from countersign_bridge.intents import Intent, MarginMode
from countersign_bridge.trading.verification import Identity, Refusal, verify_offer
from countersign_server.database.wakeups import Wakeups
from countersign_server.execution.tables import commands
from countersign_server.execution.tags import magic_of
from countersign_server.identifiers import uuid7
from countersign_server.identity.keyring import Keyring
from countersign_server.identity.owner_key import owner_key_id
from countersign_server.identity.vault import Vault
from countersign_server.sealing_key import sealing_key
from countersign_server.settings import Settings
from tests.fixtures.bridge_end import bridge_end
from tests.fixtures.owner_keys import KeyFile, Passkey
from tests.fixtures.world import Device, Owner, World, a_signal, world

ANNS = KeyFile()
KEY_ID = owner_key_id(ANNS.algorithm, ANNS.origin, ANNS.public_key)


@dataclass(frozen=True, slots=True)
class Scene:
    """An owner who signed one approval, and a thief who holds all that the server holds."""

    it: World
    owner: Owner
    device: Device
    keyring: Keyring
    command_id: UUID

    async def change(self, **columns: Any) -> None:
        async with self.it.database.transaction(None) as tx:
            await tx.execute(
                update(commands).where(commands.c.id == self.command_id).values(columns)
            )

    async def command(self) -> Mapping[str, Any]:
        async with self.it.database.transaction(None) as tx:
            found = await tx.execute(select(commands).where(commands.c.id == self.command_id))
            return dict(found.mappings().one())

    def countersigned(self, text: str) -> dict[str, Any]:
        """Return a text as the server itself would store it."""
        key_id, signature = self.keyring.sign_approval(text.encode())
        return {
            "intent_text": text,
            "intent_digest": sha256(text.encode()).hexdigest(),
            "server_signature": signature,
            "server_key_id": key_id,
        }

    async def judged(self, command_id: UUID | None = None) -> Intent | Refusal:
        """Return what the owner's bridge makes of what the server offers it."""
        async with bridge_end(self.it, self.owner, self.device) as end:
            wanted, offer = str(command_id or self.command_id), execution_pb2.Offer()
            while offer.command_id != wanted:
                offer = (await end.hear("offer")).offer
        identity = Identity(
            account_id=self.owner.account_id,
            login=self.owner.fingerprint.login,
            server=self.owner.fingerprint.server,
            currency=self.owner.fingerprint.currency,
            margin_mode=MarginMode.HEDGING,
            pinned_keys=dict(self.keyring.approval_keys()),
            owner_keys=frozenset({KEY_ID}),
        )
        now = datetime.now(UTC)
        return verify_offer(
            offer_of(offer), identity, server_now=now, bridge_now=now, opening_magics={}
        )


@pytest.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with world(database_url, tmp_path) as it:
        owner = await it.an_owner()
        producer, device = await it.a_producer(owner), await it.a_device(owner)
        await it.follow(owner, producer)
        await it.tell_prices(owner)
        assert await it.an_owner_key(owner, ANNS) == KEY_ID
        entry = await it.entry(owner, await it.submit(producer, a_signal()))
        approved = await _sign(it, owner, entry)
        keyring = await _the_servers_keys(it, database_url, tmp_path)
        yield Scene(it, owner, device, keyring, UUID(approved.command_id))


async def test_what_the_owner_signed_is_taken(scene: Scene) -> None:
    told = await scene.judged()
    assert isinstance(told, Intent)
    assert str(told.volume) == "0.1"


async def test_a_text_that_was_changed_under_the_owners_signature_is_declined(
    scene: Scene,
) -> None:
    text = (await scene.command())["intent_text"]
    await scene.change(**scene.countersigned(text.replace("volume: 0.1\n", "volume: 9\n")))
    assert reason(await scene.judged()) == "OWNER_SIGNATURE_INVALID"


async def test_a_command_that_was_made_in_the_database_is_declined(scene: Scene) -> None:
    """A whole new trade: a text of the thief's own, countersigned by the server's key."""
    row, now = dict(await scene.command()), datetime.now(UTC)
    command_id, approval_id = uuid7(now), uuid7(now)
    text = row["intent_text"].replace(str(row["approval_id"]), str(approval_id))
    account_id = UUID(scene.owner.account_id)
    forged = {
        **row,
        **scene.countersigned(text),
        "id": command_id,
        "approval_id": None,
        "owner_signature": None,
        "magic": magic_of(account_id=account_id, command_id=command_id, attempt=1),
        "expires_at": now + timedelta(minutes=5),
    }
    async with scene.it.database.transaction(None) as tx:
        await tx.execute(insert(commands).values(forged))
    assert reason(await scene.judged(command_id)) == "OWNER_SIGNATURE_REQUIRED"


async def test_a_key_that_was_registered_in_the_database_is_not_pinned(scene: Scene) -> None:
    thief = Passkey()
    text = (await scene.command())["intent_text"].replace("volume: 0.1\n", "volume: 9\n")
    signed = {name: value.hex() for name, value in thief.approve(text).fields().items()}
    own_id = owner_key_id(thief.algorithm, thief.origin, thief.public_key)
    for claimed in (own_id, KEY_ID):
        signature = {
            **signed,
            "owner_key_id": claimed,
            "algorithm": thief.algorithm,
            "origin": thief.origin,
            "public_key": thief.public_key.hex(),
        }
        await scene.change(**scene.countersigned(text), owner_signature=signature)
        assert reason(await scene.judged()) == "OWNER_KEY_NOT_PINNED"


async def test_a_command_whose_signature_was_removed_is_declined(scene: Scene) -> None:
    await scene.change(owner_signature=None)
    assert reason(await scene.judged()) == "OWNER_SIGNATURE_REQUIRED"


def reason(told: Intent | Refusal) -> str:
    assert isinstance(told, Refusal), "the forgery was taken"
    assert told.final
    return told.reason


async def _sign(it: World, owner: Owner, entry: approvals_pb2.Approval) -> approvals_pb2.Approval:
    request = approvals_pb2.CreateApprovalRequest(
        signal_id=entry.signal_id,
        account_id=entry.account_id,
        decision=approvals_pb2.DECISION_APPROVE,
        intent_digest=entry.intent.digest,
        owner_signature=approvals_pb2.OwnerSignature(
            owner_key_id=KEY_ID, **ANNS.approve(entry.intent.text).fields()
        ),
    )
    return (await it.approvals.CreateApproval(request, metadata=owner.metadata)).approval


async def _the_servers_keys(it: World, database_url: str, folder: Path) -> Keyring:
    vault = Vault(sealing_key(Settings(data_dir=folder)))
    keyring = Keyring(
        it.database,
        vault,
        Wakeups(database_url),
        lambda: datetime.now(UTC),
        token_lifetime=timedelta(minutes=15),
    )
    await keyring.load()
    return keyring
