"""Where owners register the keys with which they sign approvals, and take them back."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import identity_pb2, identity_pb2_grpc
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import KeysExhausted, NotFound
from countersign_server.identity import owner_key_store as store
from countersign_server.identity.names import printable
from countersign_server.identity.owner_key import (
    IN_FORCE_MAX,
    OwnerKey,
    algorithm_of,
    owner_key_id,
)
from countersign_server.identity.owner_key_wire import owner_key_message
from countersign_server.identity.owner_signatures import OwnerSignature, flaw_in, proof_statement
from countersign_server.identity.sign_in import SignIn
from countersign_server.identity.store import user as user_by_id, user_locked
from countersign_server.owner_key_errors import (
    ChallengeInvalid,
    OwnerKeyRevoked,
    OwnerKeyUnsuitable,
    OwnerSignatureInvalid,
    PasskeysNotAccepted,
)
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import Caller, current_call, current_caller
from countersign_server.rpc.conversion import to_timestamp, trace_of

CHALLENGE_LIFETIME = timedelta(minutes=5)
_CHALLENGE_BYTES = 32
_LISTED_MAX = 100


class OwnerKeyCalls(identity_pb2_grpc.IdentityServiceServicer):
    """The calls about owners' keys. See identity.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _sign_in: SignIn
    _passkey_origin: str
    _now: Callable[[], datetime]

    async def CreateOwnerKeyChallenge(
        self, request: identity_pb2.CreateOwnerKeyChallengeRequest, context: Context
    ) -> identity_pb2.CreateOwnerKeyChallengeResponse:
        caller, challenge = current_caller(), secrets.token_bytes(_CHALLENGE_BYTES)
        async with self._database.transaction(caller.tenant) as tx:
            user = await user_by_id(tx, caller.owner_id)
        if user is None:
            raise NotFound("the user is gone", user_id=str(caller.owner_id))
        proof = await self._sign_in.prove(user.email, request.password)
        async with self._database.transaction(None) as tx:
            await self._sign_in.proven_user(tx, proof)
            expires_at = self._now() + CHALLENGE_LIFETIME
            await store.add_challenge(
                tx,
                sha256(challenge).digest(),
                owner_id=caller.owner_id,
                session=caller.session,
                expires_at=expires_at,
            )
        return identity_pb2.CreateOwnerKeyChallengeResponse(
            challenge=challenge,
            expire_time=to_timestamp(expires_at),
            passkey_origin=self._passkey_origin,
        )

    async def RegisterOwnerKey(
        self, request: identity_pb2.RegisterOwnerKeyRequest, context: Context
    ) -> identity_pb2.RegisterOwnerKeyResponse:
        caller = current_caller()
        key = self._key_in(request, caller)
        async with self._database.transaction(caller.tenant) as tx:
            # The lock makes two that ask at once count one after the other.
            await user_locked(tx, caller.owner_id)
            known = await store.owner_key(tx, caller.owner_id, key.id)
            if known is not None:
                if known.revoked_at is not None:
                    raise OwnerKeyRevoked("the key was revoked", owner_key_id=known.id)
                return identity_pb2.RegisterOwnerKeyResponse(key=owner_key_message(known))
            await self._check_proof(tx, request, key, caller)
            if await store.count_owner_keys(tx, caller.owner_id) >= IN_FORCE_MAX:
                raise KeysExhausted(f"{IN_FORCE_MAX} owner keys are in force; revoke one first")
            await store.add_owner_key(tx, key)
            await record(tx, _entry("owner_key.registered", key, key.created_at))
        self._wakeups.ring("audit")
        return identity_pb2.RegisterOwnerKeyResponse(key=owner_key_message(key))

    async def ListOwnerKeys(
        self, request: identity_pb2.ListOwnerKeysRequest, context: Context
    ) -> identity_pb2.ListOwnerKeysResponse:
        caller = current_caller()
        async with self._database.transaction(caller.tenant) as tx:
            found = await store.list_owner_keys(tx, caller.owner_id, limit=_LISTED_MAX)
        return identity_pb2.ListOwnerKeysResponse(keys=map(owner_key_message, found))

    async def RevokeOwnerKey(
        self, request: identity_pb2.RevokeOwnerKeyRequest, context: Context
    ) -> identity_pb2.RevokeOwnerKeyResponse:
        caller, key_id = current_caller(), request.owner_key_id
        async with self._database.transaction(caller.tenant) as tx:
            key = await store.owner_key_locked(tx, caller.owner_id, key_id)
            if key is None:
                raise NotFound(f"there is no owner key {key_id}", owner_key_id=key_id)
            if key.revoked_at is None:
                now = self._now()
                await store.revoke_owner_key(tx, caller.owner_id, key_id, now)
                key = replace(key, revoked_at=now)
                await record(tx, _entry("owner_key.revoked", key, now))
        self._wakeups.ring("audit")
        return identity_pb2.RevokeOwnerKeyResponse(key=owner_key_message(key))

    def _key_in(self, request: identity_pb2.RegisterOwnerKeyRequest, caller: Caller) -> OwnerKey:
        if request.passkey and not self._passkey_origin:
            raise PasskeysNotAccepted("this server accepts no passkeys")
        algorithm = algorithm_of(request.public_key, passkey=request.passkey)
        if algorithm is None:
            raise OwnerKeyUnsuitable("public_key is of no form that signs here", field="public_key")
        origin = self._passkey_origin if request.passkey else ""
        return OwnerKey(
            id=owner_key_id(algorithm, origin, request.public_key),
            owner_id=caller.owner_id,
            name=printable(request.name, field="name"),
            algorithm=algorithm,
            public_key=request.public_key,
            origin=origin,
            created_at=self._now(),
        )

    async def _check_proof(
        self,
        tx: AsyncConnection,
        request: identity_pb2.RegisterOwnerKeyRequest,
        key: OwnerKey,
        caller: Caller,
    ) -> None:
        digest = sha256(request.challenge).digest()
        if not await store.use_challenge(
            tx, digest, owner_id=caller.owner_id, session=caller.session, now=key.created_at
        ):
            raise ChallengeInvalid("the challenge was used, is too old, or is another sign-in's")
        proof = OwnerSignature(
            request.proof.signature,
            request.proof.authenticator_data,
            request.proof.client_data_json,
        )
        flaw = flaw_in(proof, key, proof_statement(request.challenge))
        if flaw is not None:
            raise OwnerSignatureInvalid(f"proof: {flaw}", field="proof")


def _entry(kind: str, key: OwnerKey, now: datetime) -> Entry:
    return Entry(
        kind=kind,
        subject=key.subject,
        event_time=now,
        trace=trace_of(current_call()),
        owner_id=key.owner_id,
        after={
            "name": key.name,
            "algorithm": key.algorithm,
            "origin": key.origin,
            "public_key": key.public_key,
            "revoked_at": key.revoked_at,
        },
    )
