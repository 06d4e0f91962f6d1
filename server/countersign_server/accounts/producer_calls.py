"""Where owners make strategies' identities, and give and take the keys they sign with."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import accounts_pb2, accounts_pb2_grpc
from countersign_server.accounts import producer_store
from countersign_server.accounts.key_cache import TOPIC, ProducerKeys
from countersign_server.accounts.producer import (
    KeyAlgorithm,
    Producer,
    ProducerKey,
    facts_of,
    key_facts_of,
)
from countersign_server.accounts.update_masks import Changeable, updated
from countersign_server.accounts.wire import (
    algorithm_from_wire,
    id_from_text,
    key_to_message,
    producer_to_message,
)
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import (
    Invalid,
    KeysExhausted,
    NotFound,
    ProducerExists,
    RequestRepeated,
)
from countersign_server.identifiers import new_secret, uuid7
from countersign_server.identity.vault import Vault
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import Caller, Role, current_call, current_caller
from countersign_server.rpc.conversion import from_timestamp, trace_of
from countersign_server.rpc.pages import id_position, next_token, page_size

_LIMITS = ("limits.max_openings_per_minute",)
_CHANGEABLE = Changeable(
    settable=frozenset({"name", "instruments", "listed", "paused", *_LIMITS}),
    clearable=frozenset({"instruments", "listed", "paused", *_LIMITS}),
)
_ACTIVE_KEYS_MAX = 4
_KEYS_MAX = 100
_REVOKED_AHEAD_MAX = timedelta(days=30)
_PUBLIC_KEY_BYTES = 32


class ProducerCalls(accounts_pb2_grpc.AccountServiceServicer):
    """The calls about producers and their keys. See accounts.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _vault: Vault
    _keys: ProducerKeys
    _now: Callable[[], datetime]

    async def CreateProducer(
        self, request: accounts_pb2.CreateProducerRequest, context: Context
    ) -> accounts_pb2.CreateProducerResponse:
        caller = current_caller()
        made = Producer(
            id=uuid7(self._now()),
            owner_id=caller.owner_id,
            name=request.name,
            instruments=frozenset(request.instruments),
            listed=request.listed,
            paused=False,
            created_at=self._now(),
        )
        async with self._database.transaction(caller.tenant) as tx:
            if not await producer_store.add_producer(tx, made):
                raise _name_taken(request.name)
            await record(tx, self._about(made, "producer.created", None, facts_of(made)))
        self._wakeups.ring("audit")
        return accounts_pb2.CreateProducerResponse(producer=producer_to_message(made))

    async def GetProducer(
        self, request: accounts_pb2.GetProducerRequest, context: Context
    ) -> accounts_pb2.GetProducerResponse:
        caller, producer_id = current_caller(), UUID(request.producer_id)
        async with self._database.transaction(caller.tenant) as tx:
            found = await producer_store.producer(tx, producer_id)
        if found is None or not _may_see(caller, found):
            raise _no_producer(producer_id)
        return accounts_pb2.GetProducerResponse(producer=producer_to_message(found))

    async def ListProducers(
        self, request: accounts_pb2.ListProducersRequest, context: Context
    ) -> accounts_pb2.ListProducersResponse:
        position, size = id_position(request), page_size(request.page_size)
        async with self._database.transaction(current_caller().tenant) as tx:
            rows = await producer_store.list_producers(tx, before=position, limit=size + 1)
        page = rows[:size]
        return accounts_pb2.ListProducersResponse(
            producers=map(producer_to_message, page),
            next_page_token=next_token(request, rows, size, [page[-1].id] if page else []),
        )

    async def UpdateProducer(
        self, request: accounts_pb2.UpdateProducerRequest, context: Context
    ) -> accounts_pb2.UpdateProducerResponse:
        caller = current_caller()
        producer_id = id_from_text(request.producer.producer_id, field="producer.producer_id")
        async with self._database.transaction(caller.tenant) as tx:
            before = await _held(tx, producer_id, caller)
            asked, fields = updated(
                producer_to_message(before),
                request.producer,
                update_mask=request.update_mask,
                clear_mask=request.clear_mask,
                changeable=_CHANGEABLE,
            )
            after = _updated(before, asked, fields)
            if after != before:
                if not await producer_store.save_producer(tx, after):
                    raise _name_taken(after.name)
                told = self._about(after, "producer.updated", facts_of(before), facts_of(after))
                await record(tx, told)
        self._keys.forget()
        self._wakeups.ring(TOPIC, "audit")
        return accounts_pb2.UpdateProducerResponse(producer=producer_to_message(after))

    async def CreateProducerKey(
        self, request: accounts_pb2.CreateProducerKeyRequest, context: Context
    ) -> accounts_pb2.CreateProducerKeyResponse:
        caller, producer_id = current_caller(), UUID(request.producer_id)
        key, secret = _new_key(request, caller.owner_id, self._now())
        sealed = self._vault.seal(secret_bytes(secret), bound_to=key.id) if secret else None
        async with self._database.transaction(caller.tenant) as tx:
            owner = await _held(tx, producer_id, caller)
            added = await producer_store.add_key(
                tx, key, secret_sealed=sealed, request_id=UUID(request.request_id)
            )
            if not added:
                raise RequestRepeated("the request has made a key; its secret was shown then")
            active = await producer_store.count_active_keys(tx, producer_id, self._now())
            if active > _ACTIVE_KEYS_MAX:
                raise KeysExhausted(f"a producer may have {_ACTIVE_KEYS_MAX} active keys")
            await record(tx, self._about(owner, "producer_key.created", None, key_facts_of(key)))
        self._keys.forget()
        self._wakeups.ring(TOPIC, "audit")
        return accounts_pb2.CreateProducerKeyResponse(key=key_to_message(key), secret=secret)

    async def ListProducerKeys(
        self, request: accounts_pb2.ListProducerKeysRequest, context: Context
    ) -> accounts_pb2.ListProducerKeysResponse:
        caller, producer_id = current_caller(), UUID(request.producer_id)
        async with self._database.transaction(caller.tenant) as tx:
            found = await producer_store.producer(tx, producer_id)
            if found is None or not _may_see_keys(caller, found):
                raise _no_producer(producer_id)
            keys = await producer_store.list_keys(tx, producer_id, _KEYS_MAX)
        return accounts_pb2.ListProducerKeysResponse(keys=map(key_to_message, keys))

    async def RevokeProducerKey(
        self, request: accounts_pb2.RevokeProducerKeyRequest, context: Context
    ) -> accounts_pb2.RevokeProducerKeyResponse:
        caller, producer_id = current_caller(), UUID(request.producer_id)
        moment = _end_asked(request, self._now())
        async with self._database.transaction(caller.tenant) as tx:
            owner = await _held(tx, producer_id, caller)
            before = await producer_store.key_for_update(
                tx, request.key_id, producer_id=producer_id, owner_id=caller.owner_id
            )
            if before is None:
                raise NotFound(f"no key {request.key_id}", key_id=request.key_id)
            after = before
            # An end may come sooner than was said, never later: a repeat changes nothing.
            if before.revoked_at is None or moment < before.revoked_at:
                after = replace(before, revoked_at=moment)
                await producer_store.end_key(tx, after.id, moment)
                facts = key_facts_of(before), key_facts_of(after)
                await record(tx, self._about(owner, "producer_key.revoked", *facts))
        self._keys.forget()
        self._wakeups.ring(TOPIC, "audit")
        return accounts_pb2.RevokeProducerKeyResponse(key=key_to_message(after))

    def _about(
        self,
        producer: Producer,
        kind: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any],
    ) -> Entry:
        return Entry(
            kind=kind,
            subject=f"producer:{producer.id}",
            event_time=self._now(),
            trace=trace_of(current_call()),
            owner_id=producer.owner_id,
            before=before,
            after=after,
        )


def secret_bytes(secret: str) -> bytes:
    """Return the 32 bytes that a secret such as "csk_..." stands for."""
    text = secret.partition("_")[2]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _new_key(
    request: accounts_pb2.CreateProducerKeyRequest, owner_id: UUID, now: datetime
) -> tuple[ProducerKey, str]:
    """Return the key, and the secret to show once; empty where the caller keeps it."""
    algorithm = algorithm_from_wire(request.algorithm)
    ed25519 = algorithm is KeyAlgorithm.ED25519
    if ed25519 and len(request.public_key) != _PUBLIC_KEY_BYTES:
        raise Invalid(
            f"public_key must be the {_PUBLIC_KEY_BYTES} bytes of an Ed25519 public key",
            field="public_key",
        )
    if not ed25519 and request.public_key:
        raise Invalid("public_key is for Ed25519 only; leave it out for HMAC", field="public_key")
    key = ProducerKey(
        id=f"key_{uuid7(now).hex}",
        owner_id=owner_id,
        producer_id=UUID(request.producer_id),
        algorithm=algorithm,
        public_key=request.public_key if ed25519 else None,
        created_at=now,
        revoked_at=None,
        last_used_at=None,
    )
    return key, "" if ed25519 else new_secret("csk")


def _end_asked(request: accounts_pb2.RevokeProducerKeyRequest, now: datetime) -> datetime:
    if not request.HasField("revoke_time"):
        return now
    moment = from_timestamp(request.revoke_time, field="revoke_time")
    if moment > now + _REVOKED_AHEAD_MAX:
        raise Invalid(
            f"revoke_time may be {_REVOKED_AHEAD_MAX.days} days ahead at most", field="revoke_time"
        )
    # What was signed before now was accepted already: an end in the past is one from now on.
    return max(moment, now)


def _updated(before: Producer, given: accounts_pb2.Producer, fields: frozenset[str]) -> Producer:
    changes: Mapping[str, Any] = {
        "name": given.name,
        "instruments": frozenset(given.instruments),
        "listed": given.listed,
        "paused": given.paused,
        "limits": given.limits.max_openings_per_minute or None,
    }
    columns = {"limits": "max_openings_per_minute"}
    return replace(before, **{columns.get(name, name): changes[name] for name in fields})


def _may_see(caller: Caller, producer: Producer) -> bool:
    # Whoever the database shows it to; but of its owner's, a strategy engine sees itself only.
    return caller.role is not Role.PRODUCER or producer.id == caller.id or producer.listed


def _may_see_keys(caller: Caller, producer: Producer) -> bool:
    match caller.role:
        case Role.OPERATOR:
            return True
        case Role.PRODUCER:
            return producer.id == caller.id
        case _:
            return producer.owner_id == caller.owner_id


async def _held(tx: AsyncConnection, producer_id: UUID, caller: Caller) -> Producer:
    found = await producer_store.producer_for_update(tx, producer_id, caller.owner_id)
    if found is None:
        raise _no_producer(producer_id)
    return found


def _no_producer(producer_id: UUID) -> NotFound:
    return NotFound(f"no producer {producer_id}", producer_id=str(producer_id))


def _name_taken(name: str) -> ProducerExists:
    return ProducerExists(f"you have a producer named {name!r} already", name=name)
