"""Strategies' identities and their keys: shown once, kept sealed, four at most."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import text

from countersign.v1 import accounts_pb2, audit_pb2, signals_pb2
from countersign_server.accounts import key_cache
from countersign_server.accounts.key_cache import ProducerKeys
from countersign_server.accounts.producer import KeyAlgorithm
from countersign_server.accounts.producer_store import touch_keys
from countersign_server.database.wakeups import Wakeups
from countersign_server.identity.vault import SealBroken, Vault
from countersign_server.rpc.caller import Caller, Role
from tests.fixtures.back_office import BackOffice, Metadata, back_office
from tests.fixtures.clock import Clock
from tests.fixtures.refusals import refusal
from tests.fixtures.waiting import until

HMAC = signals_pb2.SIGNATURE_ALGORITHM_HMAC_SHA256
ED25519 = signals_pb2.SIGNATURE_ALGORITHM_ED25519


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[BackOffice]:
    async with back_office(database_url, Clock()) as running:
        yield running


def key_request(
    producer_id: str,
    algorithm: signals_pb2.SignatureAlgorithm = HMAC,
    public_key: bytes = b"",
    request_id: str = "",
) -> accounts_pb2.CreateProducerKeyRequest:
    return accounts_pb2.CreateProducerKeyRequest(
        request_id=request_id or str(uuid4()),
        producer_id=producer_id,
        algorithm=algorithm,
        public_key=public_key,
    )


async def a_key(
    office: BackOffice, owner: Metadata, producer_id: str
) -> accounts_pb2.CreateProducerKeyResponse:
    return await office.accounts.CreateProducerKey(key_request(producer_id), metadata=owner)


async def revoke(
    office: BackOffice,
    owner: Metadata,
    key: accounts_pb2.ProducerKey,
    ahead: timedelta | None = None,
) -> accounts_pb2.ProducerKey:
    request = accounts_pb2.RevokeProducerKeyRequest(producer_id=key.producer_id, key_id=key.key_id)
    if ahead is not None:
        request.revoke_time.FromDatetime(office.clock() + ahead)
    return (await office.accounts.RevokeProducerKey(request, metadata=owner)).key


def as_producer(office: BackOffice, producer: accounts_pb2.Producer) -> Metadata:
    owner_id = UUID(producer.owner_id)
    return office.bearing(Caller(UUID(producer.producer_id), Role.PRODUCER, owner_id, "engine"))


async def test_a_name_is_one_producer_of_an_owner(office: BackOffice) -> None:
    owner = await office.a_person()
    made = await office.a_producer(owner)
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "PRODUCER_EXISTS"):
        await office.a_producer(owner)
    theirs = await office.a_producer(await office.a_person())
    assert theirs.producer_id != made.producer_id


async def test_a_producer_is_seen_by_whom_the_contract_names(office: BackOffice) -> None:
    owner, stranger = await office.a_person(), await office.a_person()
    hidden = await office.a_producer(owner, "hidden")
    listed = await office.a_producer(owner, "listed", listed=True)
    sibling = await office.a_producer(owner, "sibling")
    operator = await office.a_person(Role.OPERATOR)

    async def seen(who: Metadata, producer: accounts_pb2.Producer) -> bool:
        request = accounts_pb2.GetProducerRequest(producer_id=producer.producer_id)
        call = office.accounts.GetProducer(request, metadata=who)
        if await call.code() is grpc.StatusCode.NOT_FOUND:
            return False
        return (await call).producer == producer

    for who in (owner, operator, as_producer(office, hidden)):
        assert await seen(who, hidden)
    for who in (stranger, as_producer(office, sibling)):
        assert not await seen(who, hidden)
        assert await seen(who, listed)
    request = accounts_pb2.ListProducersRequest()
    shown = await office.accounts.ListProducers(request, metadata=stranger)
    assert [one.name for one in shown.producers] == ["listed"]


async def test_a_producer_is_changed_by_its_owner_only_even_when_it_is_listed(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    made = await office.a_producer(owner, listed=True)
    await office.a_producer(owner, "taken")

    def change(name: str) -> accounts_pb2.UpdateProducerRequest:
        return accounts_pb2.UpdateProducerRequest(
            producer=accounts_pb2.Producer(
                producer_id=made.producer_id, name=name, paused=True, instruments=["EURUSD"]
            ),
            update_mask=FieldMask(paths=["name", "paused"]),
        )

    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await office.accounts.UpdateProducer(change("x"), metadata=await office.a_person())
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "PRODUCER_EXISTS"):
        await office.accounts.UpdateProducer(change("taken"), metadata=owner)
    changed = (await office.accounts.UpdateProducer(change("new"), metadata=owner)).producer
    assert (changed.name, changed.paused, changed.listed) == ("new", True, True)
    limits = accounts_pb2.ProducerLimits(max_openings_per_minute=30)
    limited = accounts_pb2.UpdateProducerRequest(
        producer=accounts_pb2.Producer(producer_id=made.producer_id, limits=limits),
        update_mask=FieldMask(paths=["limits"]),
    )
    kept = (await office.accounts.UpdateProducer(limited, metadata=owner)).producer
    assert (kept.limits, kept.name) == (limits, "new")
    free = accounts_pb2.UpdateProducerRequest(
        producer=accounts_pb2.Producer(producer_id=made.producer_id),
        clear_mask=FieldMask(paths=["limits"]),
    )
    changed = (await office.accounts.UpdateProducer(free, metadata=owner)).producer
    assert changed.limits == accounts_pb2.ProducerLimits()
    assert not changed.instruments


async def test_an_hmac_secret_is_shown_once_and_kept_sealed(office: BackOffice) -> None:
    owner = await office.a_person()
    producer_id = (await office.a_producer(owner)).producer_id
    made = await a_key(office, owner, producer_id)
    assert made.secret.startswith("csk_")
    raw = base64.urlsafe_b64decode(made.secret.removeprefix("csk_") + "=")
    assert len(raw) == 32

    known = await office.keys.get(made.key.key_id)
    assert known is not None
    assert (known.key, known.algorithm) == (raw, KeyAlgorithm.HMAC_SHA256)
    async with office.database.transaction(None) as tx:
        for table in ("producer_keys", "audit_entries"):
            rows = await tx.execute(text(f"SELECT t::text FROM {table} t"))  # noqa: S608  # the two names above
            stored = "".join(row[0] for row in rows)
            assert made.key.key_id in stored
            for secret in (made.secret, made.secret.removeprefix("csk_"), raw.hex()):
                assert secret not in stored
    request = accounts_pb2.ListProducerKeysRequest(producer_id=producer_id)
    listed = await office.accounts.ListProducerKeys(request, metadata=owner)
    assert list(listed.keys) == [made.key]


async def test_a_sealed_secret_moved_to_another_key_does_not_open(office: BackOffice) -> None:
    owner = await office.a_person()
    producer_id = (await office.a_producer(owner)).producer_id
    first, second = [await a_key(office, owner, producer_id) for _ in range(2)]
    async with office.database.transaction(None) as tx:
        await tx.execute(
            text(
                "UPDATE producer_keys SET secret_sealed ="
                " (SELECT secret_sealed FROM producer_keys WHERE id = :first) WHERE id = :second"
            ),
            {"first": first.key.key_id, "second": second.key.key_id},
        )
    with pytest.raises(SealBroken):
        await office.keys.get(second.key.key_id)


async def test_an_ed25519_key_brings_its_public_half(office: BackOffice) -> None:
    owner = await office.a_person()
    producer_id = (await office.a_producer(owner)).producer_id
    request = key_request(producer_id, ED25519, bytes(range(32)))
    made = await office.accounts.CreateProducerKey(request, metadata=owner)
    assert (made.secret, made.key.public_key) == ("", bytes(range(32)))
    known = await office.keys.get(made.key.key_id)
    assert known is not None
    assert (known.algorithm, known.key) == (KeyAlgorithm.ED25519, bytes(range(32)))


@pytest.mark.parametrize(
    ("algorithm", "public_key"), [(ED25519, b""), (ED25519, b"short"), (HMAC, bytes(32))]
)
async def test_a_public_key_belongs_to_ed25519_and_has_32_bytes(
    office: BackOffice, algorithm: signals_pb2.SignatureAlgorithm, public_key: bytes
) -> None:
    owner = await office.a_person()
    producer_id = (await office.a_producer(owner)).producer_id
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        request = key_request(producer_id, algorithm, public_key)
        await office.accounts.CreateProducerKey(request, metadata=owner)


async def test_a_repeated_request_makes_no_second_key_and_shows_no_secret(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    producer_id = (await office.a_producer(owner)).producer_id
    request = key_request(producer_id)
    await office.accounts.CreateProducerKey(request, metadata=owner)
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_REPEATED"):
        await office.accounts.CreateProducerKey(request, metadata=owner)


async def test_a_producer_has_four_active_keys_at_most_however_many_ask_at_once(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    producer_id = (await office.a_producer(owner)).producer_id
    asked = [a_key(office, owner, producer_id) for _ in range(7)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    made = [one for one in answers if isinstance(one, accounts_pb2.CreateProducerKeyResponse)]
    assert len(made) == 4
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "KEYS_EXHAUSTED"):
        await a_key(office, owner, producer_id)

    await revoke(office, owner, made[0].key, timedelta(hours=1))
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "KEYS_EXHAUSTED"):
        await a_key(office, owner, producer_id)  # it is active until then
    office.clock.go_on(timedelta(hours=1))
    await a_key(office, owner, producer_id)


async def test_a_key_ends_now_or_at_a_moment_and_its_end_is_never_put_off(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    producer_id = (await office.a_producer(owner)).producer_id
    key = (await a_key(office, owner, producer_id)).key
    now = office.clock()

    planned = await revoke(office, owner, key, timedelta(days=7))
    assert planned.revoke_time.ToDatetime(now.tzinfo) == now + timedelta(days=7)
    assert await revoke(office, owner, key, timedelta(days=8)) == planned
    ended = await revoke(office, owner, key)
    assert ended.revoke_time.ToDatetime(now.tzinfo) == now
    office.clock.go_on(timedelta(minutes=5))
    assert await revoke(office, owner, key) == ended

    request = audit_pb2.ListAuditEntriesRequest(kind_prefix="producer_key.")
    entries = (await office.audit.ListAuditEntries(request, metadata=owner)).entries
    kinds = [entry.kind for entry in entries]
    assert kinds == ["producer_key.created", "producer_key.revoked", "producer_key.revoked"]


async def test_an_end_in_the_past_is_now_and_one_too_far_ahead_is_refused(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    key = (await a_key(office, owner, (await office.a_producer(owner)).producer_id)).key
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await revoke(office, owner, key, timedelta(days=30, seconds=1))
    ended = await revoke(office, owner, key, timedelta(days=-1))
    assert ended.revoke_time.ToDatetime(office.clock().tzinfo) == office.clock()


async def test_anothers_keys_are_neither_made_nor_listed_nor_revoked(office: BackOffice) -> None:
    owner, other = await office.a_person(), await office.a_person()
    producer = await office.a_producer(owner, listed=True)
    key = (await a_key(office, owner, producer.producer_id)).key
    sibling = as_producer(office, await office.a_producer(owner, "sibling"))
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await a_key(office, other, producer.producer_id)
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await revoke(office, other, key)
    request = accounts_pb2.ListProducerKeysRequest(producer_id=producer.producer_id)
    for who in (other, sibling):
        with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
            await office.accounts.ListProducerKeys(request, metadata=who)
    itself = as_producer(office, producer)
    assert len((await office.accounts.ListProducerKeys(request, metadata=itself)).keys) == 1


async def test_what_is_changed_is_known_at_once_to_the_process_that_changed_it(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    producer = await office.a_producer(owner)
    key = (await a_key(office, owner, producer.producer_id)).key
    assert (await office.keys.get(key.key_id)) is not None
    await revoke(office, owner, key)
    known = await office.keys.get(key.key_id)
    assert known is not None
    assert known.revoked_at == office.clock()
    request = accounts_pb2.UpdateProducerRequest(
        producer=accounts_pb2.Producer(producer_id=producer.producer_id, paused=True),
        update_mask=FieldMask(paths=["paused"]),
    )
    await office.accounts.UpdateProducer(request, metadata=owner)
    paused = await office.keys.get(key.key_id)
    assert paused is not None
    assert paused.paused


async def test_another_process_hears_of_it_by_the_doorbell(
    office: BackOffice, database_url: str
) -> None:
    owner = await office.a_person()
    key = (await a_key(office, owner, (await office.a_producer(owner)).producer_id)).key
    wakeups = Wakeups(database_url)
    await wakeups.start()
    # A clock that stands: nothing here grows old, so only the doorbell can tell.
    keys = ProducerKeys(
        office.database, Vault(bytes(range(32))), wakeups, office.clock, clock=lambda: 0.0
    )
    running = asyncio.create_task(keys.run())
    try:
        known = await keys.get(key.key_id)
        assert known is not None
        assert known.revoked_at is None
        await revoke(office, owner, key)

        async def heard() -> bool:
            known = await keys.get(key.key_id)
            return known is not None and known.revoked_at is not None

        await until(heard, "the revocation")
    finally:
        running.cancel()
        await wakeups.stop()


async def test_what_is_remembered_is_read_again_after_five_seconds_and_not_before(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    key_id = (await a_key(office, owner, (await office.a_producer(owner)).producer_id)).key.key_id
    seconds = 0.0
    keys = ProducerKeys(
        office.database, Vault(bytes(range(32))), office.wakeups, office.clock, lambda: seconds
    )
    assert await keys.get("key_none") is None
    first = await keys.get(key_id)
    async with office.database.transaction(None) as tx:
        await tx.execute(text("UPDATE producers SET paused = true"))
    seconds = 4.9
    assert await keys.get(key_id) is first
    seconds = 5.0
    second = await keys.get(key_id)
    assert second is not None
    assert second.paused


async def test_keys_that_do_not_exist_do_not_fill_the_memory(
    office: BackOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_cache, "_REMEMBERED_MAX", 3)
    for number in range(10):
        assert await office.keys.get(f"key_{number}") is None
    assert len(office.keys._remembered) == 3  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # memory is what is asked


async def test_when_a_key_was_last_used_is_written_down_together(office: BackOffice) -> None:
    owner = await office.a_person()
    producer_id = (await office.a_producer(owner)).producer_id
    used, unused = [(await a_key(office, owner, producer_id)).key for _ in range(2)]
    office.keys.note_use(used.key_id)
    office.clock.go_on(timedelta(seconds=30))
    office.keys.note_use(used.key_id)
    await office.keys.write_uses()
    # What another process writes later, of a use that was before, changes nothing.
    async with office.database.transaction(None) as tx:
        await touch_keys(tx, {used.key_id: office.clock() - timedelta(seconds=30)})

    request = accounts_pb2.ListProducerKeysRequest(producer_id=producer_id)
    listed = (await office.accounts.ListProducerKeys(request, metadata=owner)).keys
    last_used = {key.key_id: key.HasField("last_used_time") for key in listed}
    assert last_used == {used.key_id: True, unused.key_id: False}
    (shown,) = [key for key in listed if key.key_id == used.key_id]
    assert shown.last_used_time.ToDatetime(office.clock().tzinfo) == office.clock()
