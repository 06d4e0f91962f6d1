"""Every area made, and given what it needs of the others."""

from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.key_cache import ProducerKeys
from countersign_server.accounts.producer_store import producer
from countersign_server.accounts.service import AccountService
from countersign_server.approvals.decisions import Countersigner
from countersign_server.approvals.delivery import Delivery, Patience
from countersign_server.approvals.loop import Expiry, FanOut
from countersign_server.approvals.service import ApprovalService
from countersign_server.approvals.store import count_outcomes
from countersign_server.audit.feed import Feed
from countersign_server.audit.loop import Sealer
from countersign_server.audit.service import AuditService
from countersign_server.database.engine import Database
from countersign_server.database.line import Line
from countersign_server.database.wakeups import Wakeups
from countersign_server.devices.service import DeviceService
from countersign_server.devices.store import device_of
from countersign_server.evidence.export import Evidence
from countersign_server.execution.channel import Channels
from countersign_server.execution.command_clock import CommandClock
from countersign_server.execution.history import count_executed
from countersign_server.execution.live_session import Pace
from countersign_server.execution.loop import CommandLoop
from countersign_server.execution.port import command_port
from countersign_server.execution.service import ExecutionService
from countersign_server.execution.settling import Settler
from countersign_server.execution.sql_book import SqlBooks
from countersign_server.identity.believed import Believed
from countersign_server.identity.keyring import Keyring
from countersign_server.identity.loop import Forgetting
from countersign_server.identity.passwords import Passwords, argon2id
from countersign_server.identity.revocations import Revocations
from countersign_server.identity.service import IdentityService
from countersign_server.identity.sign_in import SignIn
from countersign_server.identity.tokens import Tokens
from countersign_server.identity.vault import Vault
from countersign_server.reconciliation.following import Following
from countersign_server.reconciliation.freshness import stale_after
from countersign_server.reconciliation.loop import Scheduler
from countersign_server.reconciliation.reconciler import Reconciler
from countersign_server.reconciliation.service import ReconciliationService
from countersign_server.rpc.caller import Caller
from countersign_server.sealing_key import sealing_key
from countersign_server.settings import Settings
from countersign_server.signals.admission import Windows
from countersign_server.signals.ingest import Ingest
from countersign_server.signals.refusals import Refusals
from countersign_server.signals.service import SignalService

Loop = Callable[[], Coroutine[Any, Any, None]]
Now = Callable[[], datetime]

# One: while its commit is under way the next group gathers. A second would only make them smaller.
_INGEST_WRITERS = 1


@dataclass(frozen=True, slots=True)
class Parts:
    """The doors, what runs at its own pace, and what has to be told of the end."""

    identity: IdentityService
    audit: AuditService
    accounts: AccountService
    devices: DeviceService
    signals: SignalService
    approvals: ApprovalService
    execution: ExecutionService
    reconciliation: ReconciliationService
    channels: Channels
    authenticate: Callable[[str], Caller]
    loops: tuple[Loop, ...]
    feed: Feed


@dataclass(frozen=True, slots=True)
class _Identity:
    """Who somebody is: what every other area stands on."""

    vault: Vault
    keyring: Keyring
    revocations: Revocations
    tokens: Tokens
    service: IdentityService


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every part stands on."""

    settings: Settings
    database: Database
    wakeups: Wakeups
    now: Now


async def build(
    settings: Settings, database_url: str, database: Database, wakeups: Wakeups, now: Now
) -> Parts:
    """Make every part. Raises SealingKeyInvalid, SealBroken."""
    ground = _Ground(settings, database, wakeups, now)
    feed, who = Feed(database, wakeups), await _identity(ground)
    keys = ProducerKeys(database, who.vault, wakeups, now)
    countersigner = Countersigner(sign=who.keyring.sign_approval, commands=command_port())
    ingest, refusals = _ingest(ground, database_url), _refusals(ground)
    believed = Believed(who.revocations, now)
    pace, reconciler = _pace(settings), _reconciler(ground)
    channels = Channels(
        database=database, wakeups=wakeups, revocations=who.revocations, pace=pace, now=now
    )
    return Parts(
        identity=who.service,
        audit=_audit(ground, feed, believed),
        accounts=AccountService(
            database=database, wakeups=wakeups, vault=who.vault, keys=keys, now=now
        ),
        devices=_devices(ground, who),
        signals=_signals(ground, believed, ingest, refusals, keys, feed),
        approvals=ApprovalService(
            database=database,
            wakeups=wakeups,
            countersigner=countersigner,
            quote_age_max=settings.quote_age_max,
            now=now,
        ),
        execution=_execution(ground, who, channels, pace),
        reconciliation=_reconciliation(ground, believed, feed, reconciler),
        channels=channels,
        authenticate=who.tokens.authenticate,
        loops=(
            who.keyring.run,
            who.revocations.run,
            Forgetting(database, who.revocations, now).run,
            keys.run,
            Sealer(database, wakeups, now).run,
            *[ingest.run] * _INGEST_WRITERS,
            refusals.run,
            *_approval_loops(ground, countersigner),
            _command_loop(ground).run,
            Scheduler(database=database, reconciler=reconciler, now=now).run,
        ),
        feed=feed,
    )


async def _identity(ground: _Ground) -> _Identity:
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
    service = IdentityService(
        database=database,
        wakeups=ground.wakeups,
        keyring=keyring,
        revocations=revocations,
        passwords=passwords,
        sign_in=sign_in,
        producer_owner=_producer_owner,
        invitation_lifetime=settings.invitation_lifetime,
        passkey_origin=settings.passkey_origin,
        now=ground.now,
    )
    return _Identity(vault, keyring, revocations, tokens, service)


def _audit(ground: _Ground, feed: Feed, believed: Believed) -> AuditService:
    return AuditService(
        database=ground.database,
        feed=feed,
        believed=believed,
        evidence=Evidence(ground.database, ground.now).told,
    )


def _devices(ground: _Ground, who: _Identity) -> DeviceService:
    return DeviceService(
        database=ground.database,
        wakeups=ground.wakeups,
        vault=who.vault,
        keyring=who.keyring,
        revocations=who.revocations,
        code_lifetime=ground.settings.pairing_code_lifetime,
        attempts_per_minute=ground.settings.attempts_per_minute,
        now=ground.now,
    )


def _ingest(ground: _Ground, database_url: str) -> Ingest:
    return Ingest(
        ground.database,
        lambda: Line(database_url),
        ground.wakeups.ring,
        capacity=ground.settings.ingest_queue,
        group=ground.settings.ingest_group,
        duplicate_window=ground.settings.duplicate_window,
    )


def _refusals(ground: _Ground) -> Refusals:
    return Refusals(
        database=ground.database,
        wakeups=ground.wakeups,
        kept_a_minute=ground.settings.refusals_kept_per_minute,
        now=ground.now,
    )


def _signals(  # noqa: PLR0913, PLR0917  # told apart by their types
    ground: _Ground,
    believed: Believed,
    ingest: Ingest,
    refusals: Refusals,
    keys: ProducerKeys,
    feed: Feed,
) -> SignalService:
    return SignalService(
        database=ground.database,
        wakeups=ground.wakeups,
        ingest=ingest,
        keys=keys,
        feed=feed,
        windows=_windows(ground.settings),
        believed=believed,
        refusals=refusals,
        streams_per_producer=ground.settings.streams_per_producer,
        watches_per_caller=ground.settings.watches_per_caller,
        count_outcomes=_count_outcomes,
        now=ground.now,
    )


def _execution(ground: _Ground, who: _Identity, channels: Channels, pace: Pace) -> ExecutionService:
    settler = Settler(
        sign=who.keyring.sign_approval,
        digest=partial(who.vault.digest, bound_to="settlement"),
        close_within=ground.settings.execution_window,
    )
    return ExecutionService(  # pyright: ignore[reportAbstractUsage]  # the boundary answers the rest
        database=ground.database,
        wakeups=ground.wakeups,
        channels=channels,
        settler=settler,
        pace=pace,
        poll_interval=ground.settings.poll_interval,
        now=ground.now,
    )


def _reconciler(ground: _Ground) -> Reconciler:
    return Reconciler(
        database=ground.database,
        wakeups=ground.wakeups,
        stale=stale_after(ground.settings.heartbeat_interval, ground.now),
        now=ground.now,
    )


def _reconciliation(
    ground: _Ground, believed: Believed, feed: Feed, reconciler: Reconciler
) -> ReconciliationService:
    stale = stale_after(ground.settings.heartbeat_interval, ground.now)
    return ReconciliationService(
        database=ground.database,
        wakeups=ground.wakeups,
        reconciler=reconciler,
        following=Following(
            database=ground.database,
            wakeups=ground.wakeups,
            feed=feed,
            stale=stale,
        ),
        believed=believed,
        stale=stale,
        now=ground.now,
    )


def _approval_loops(ground: _Ground, countersigner: Countersigner) -> tuple[Loop, ...]:
    database, wakeups, settings = ground.database, ground.wakeups, ground.settings
    patience = Patience(
        execution_window=settings.execution_window, quote_age_max=settings.quote_age_max
    )
    delivery = Delivery(countersigner, patience)
    return (
        FanOut(database=database, wakeups=wakeups, delivery=delivery, now=ground.now).run,
        Expiry(database=database, wakeups=wakeups, now=ground.now).run,
    )


def _command_loop(ground: _Ground) -> CommandLoop:
    clock = CommandClock(
        books=SqlBooks(ground.database),
        ring=ground.wakeups.ring,
        doubt_after=ground.settings.doubt_after,
        presume_after=ground.settings.presume_after,
        now=ground.now,
    )
    return CommandLoop(clock)


def _pace(settings: Settings) -> Pace:
    return Pace(
        heartbeat_interval=settings.heartbeat_interval,
        heartbeat_timeout=settings.heartbeat_timeout,
        grant_validity=settings.grant_validity,
        offers_at_once=settings.offers_at_once,
    )


def _windows(settings: Settings) -> Windows:
    return Windows(
        back=settings.replay_window_back,
        ahead=settings.replay_window_ahead,
        lifetime=settings.signal_lifetime,
        lifetime_max=settings.signal_lifetime_max,
    )


async def _producer_owner(tx: AsyncConnection, producer_id: UUID) -> UUID | None:
    found = await producer(tx, producer_id)
    return found.owner_id if found else None


async def _count_outcomes(
    tx: AsyncConnection, signal_ids: Sequence[UUID]
) -> Mapping[UUID, Mapping[str, int]]:
    counts: defaultdict[UUID, dict[str, int]] = defaultdict(dict)
    for signal_id, by_name in (await count_outcomes(tx, signal_ids)).items():
        counts[signal_id].update(by_name)
    for signal_id, executed in (await count_executed(tx, signal_ids)).items():
        counts[signal_id]["executed"] = executed
    return counts
