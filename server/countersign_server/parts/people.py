"""Who somebody is, made: what every other area stands on."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1.identity_pb2_grpc import add_IdentityServiceServicer_to_server
from countersign_server.accounts.producer_store import producer
from countersign_server.affiliates.sign_up import Referrals
from countersign_server.devices.store import device_of
from countersign_server.identity.believed import Believed
from countersign_server.identity.keyring import Keyring
from countersign_server.identity.loop import Forgetting
from countersign_server.identity.passwords import Passwords, argon2id
from countersign_server.identity.revocations import Revocations
from countersign_server.identity.service import IdentityService
from countersign_server.identity.sign_in import SignIn
from countersign_server.identity.tokens import Tokens
from countersign_server.identity.vault import Vault
from countersign_server.parts.part import Ground, Part
from countersign_server.sealing_key import sealing_key


@dataclass(frozen=True, slots=True)
class People:
    """What other areas ask about who somebody is."""

    vault: Vault
    keyring: Keyring
    revocations: Revocations
    tokens: Tokens
    believed: Believed
    referrals: Referrals
    part: Part


async def people(ground: Ground) -> People:
    """Make it. Raises SealingKeyInvalid, SealBroken."""
    settings, database = ground.settings, ground.database
    vault, lifetime = Vault(sealing_key(settings)), settings.access_token_lifetime
    revocations = Revocations(database, ground.wakeups, ground.now, token_lifetime=lifetime)
    keyring = Keyring(database, vault, ground.wakeups, ground.now, token_lifetime=lifetime)
    await revocations.load()
    await keyring.load()
    tokens = Tokens(keyring, revocations, ground.now, lifetime)
    passwords = Passwords(at_once=settings.password_hashes_at_once, hasher=argon2id())
    sign_in = SignIn(
        database=database,
        tokens=tokens,
        revocations=revocations,
        passwords=passwords,
        device_of=device_of,
        now=ground.now,
        refresh_lifetime=settings.refresh_token_lifetime,
        attempts_per_minute=settings.attempts_per_minute,
    )
    referrals = Referrals(settings.referral_window, ground.now)
    service = IdentityService(
        database=database,
        wakeups=ground.wakeups,
        keyring=keyring,
        revocations=revocations,
        passwords=passwords,
        sign_in=sign_in,
        producer_owner=_producer_owner,
        refer=referrals.record,
        invitation_lifetime=settings.invitation_lifetime,
        passkey_origin=settings.passkey_origin,
        now=ground.now,
    )
    return People(
        vault=vault,
        keyring=keyring,
        revocations=revocations,
        tokens=tokens,
        believed=Believed(revocations, ground.now),
        referrals=referrals,
        part=Part(
            partial(add_IdentityServiceServicer_to_server, service),
            (keyring.run, revocations.run, Forgetting(database, revocations, ground.now).run),
        ),
    )


async def _producer_owner(tx: AsyncConnection, producer_id: UUID) -> UUID | None:
    found = await producer(tx, producer_id)
    return found.owner_id if found else None
