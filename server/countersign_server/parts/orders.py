"""The way of the money, made: signals, approvals, execution."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1.approvals_pb2_grpc import add_ApprovalServiceServicer_to_server
from countersign.v1.execution_pb2_grpc import add_ExecutionServiceServicer_to_server
from countersign.v1.signals_pb2_grpc import add_SignalServiceServicer_to_server
from countersign_server.accounts.key_cache import ProducerKeys
from countersign_server.approvals.decisions import Countersigner
from countersign_server.approvals.delivery import Delivery, Patience
from countersign_server.approvals.loop import Expiry, FanOut
from countersign_server.approvals.picture_store import Pictures
from countersign_server.approvals.service import ApprovalService
from countersign_server.approvals.store import count_outcomes
from countersign_server.audit.feed import Feed
from countersign_server.database.line import Line
from countersign_server.execution.channel import Channels
from countersign_server.execution.command_clock import CommandClock
from countersign_server.execution.history import count_executed
from countersign_server.execution.live_session import Pace
from countersign_server.execution.loop import CommandLoop
from countersign_server.execution.port import command_port
from countersign_server.execution.realised import realised_since
from countersign_server.execution.service import ExecutionService
from countersign_server.execution.settling import Settler
from countersign_server.execution.sql_book import SqlBooks
from countersign_server.guards.news import News
from countersign_server.guards.outlook import guarded_accounts
from countersign_server.guards.sql_book import SqlGuardBooks
from countersign_server.parts.part import Ground, Loop, Part
from countersign_server.parts.people import People
from countersign_server.reconciliation.freshness import stale_after
from countersign_server.rpc.open_streams import OpenStreams
from countersign_server.settings import Settings
from countersign_server.signals.admission import Windows
from countersign_server.signals.ingest import Ingest
from countersign_server.signals.refusals import Refusals
from countersign_server.signals.service import SignalService

# While one group is committed the next is built and stored.
_INGEST_WRITERS = 2


def signals(
    ground: Ground, who: People, *, database_url: str, keys: ProducerKeys, feed: Feed
) -> Part:
    """Make the signals."""
    ingest = Ingest(
        ground.database,
        lambda: Line(database_url),
        ground.wakeups.ring,
        capacity=ground.settings.ingest_queue,
        group=ground.settings.ingest_group,
        duplicate_window=ground.settings.duplicate_window,
    )
    refusals = Refusals(
        database=ground.database,
        wakeups=ground.wakeups,
        kept_a_minute=ground.settings.refusals_kept_per_minute,
        now=ground.now,
    )
    service = SignalService(
        database=ground.database,
        wakeups=ground.wakeups,
        ingest=ingest,
        keys=keys,
        feed=feed,
        windows=_windows(ground.settings),
        believed=who.believed,
        refusals=refusals,
        streams=OpenStreams(ground.settings.streams_per_producer),
        watches=OpenStreams(ground.settings.watches_per_caller),
        count_outcomes=_count_outcomes,
        now=ground.now,
    )
    loops = (*[ingest.run] * _INGEST_WRITERS, refusals.run)
    return Part(partial(add_SignalServiceServicer_to_server, service), loops)


def approvals(ground: Ground, who: People) -> Part:
    """Make the approvals."""
    commands = command_port()
    countersigner = Countersigner(sign=who.keyring.sign_approval, commands=commands)
    stale = stale_after(ground.settings.heartbeat_interval, ground.now)
    pictures = Pictures(
        issued=commands.issued, stale=stale, guarded=guarded_accounts, realised=realised_since
    )
    service = ApprovalService(
        database=ground.database,
        wakeups=ground.wakeups,
        countersigner=countersigner,
        pictures=pictures,
        quote_age_max=ground.settings.quote_age_max,
        now=ground.now,
    )
    return Part(
        partial(add_ApprovalServiceServicer_to_server, service),
        _approval_loops(ground, countersigner, pictures),
    )


def channels(ground: Ground, who: People) -> Channels:
    """Make the bridges' connections."""
    return Channels(
        database=ground.database,
        wakeups=ground.wakeups,
        revocations=who.revocations,
        pace=_pace(ground.settings),
        now=ground.now,
        ask_guard=News(SqlGuardBooks(ground.database)).ask,
    )


def execution(ground: Ground, who: People, connections: Channels) -> Part:
    """Make the execution of what was approved."""
    settler = Settler(
        sign=who.keyring.sign_approval,
        digest=partial(who.vault.digest, bound_to="settlement"),
        close_within=ground.settings.execution_window,
    )
    service = ExecutionService(  # pyright: ignore[reportAbstractUsage]  # the boundary answers the rest
        database=ground.database,
        wakeups=ground.wakeups,
        channels=connections,
        settler=settler,
        pace=_pace(ground.settings),
        poll_interval=ground.settings.poll_interval,
        now=ground.now,
    )
    clock = CommandClock(
        books=SqlBooks(ground.database),
        ring=ground.wakeups.ring,
        doubt_after=ground.settings.doubt_after,
        presume_after=ground.settings.presume_after,
        now=ground.now,
    )
    return Part(partial(add_ExecutionServiceServicer_to_server, service), (CommandLoop(clock).run,))


def _approval_loops(
    ground: Ground, countersigner: Countersigner, pictures: Pictures
) -> tuple[Loop, ...]:
    database, wakeups, settings = ground.database, ground.wakeups, ground.settings
    patience = Patience(
        execution_window=settings.execution_window, quote_age_max=settings.quote_age_max
    )
    delivery = Delivery(countersigner, patience, pictures)
    return (
        FanOut(database=database, wakeups=wakeups, delivery=delivery, now=ground.now).run,
        Expiry(database=database, wakeups=wakeups, now=ground.now).run,
    )


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


async def _count_outcomes(
    tx: AsyncConnection, signal_ids: Sequence[UUID]
) -> Mapping[UUID, Mapping[str, int]]:
    counts: defaultdict[UUID, dict[str, int]] = defaultdict(dict)
    for signal_id, by_name in (await count_outcomes(tx, signal_ids)).items():
        counts[signal_id].update(by_name)
    for signal_id, executed in (await count_executed(tx, signal_ids)).items():
        counts[signal_id]["executed"] = executed
    return counts
