"""The comparison of our books with the terminal's, made."""

from functools import partial

from countersign.v1.reconciliation_pb2_grpc import add_ReconciliationServiceServicer_to_server
from countersign_server.audit.feed import Feed
from countersign_server.parts.part import Ground, Part
from countersign_server.parts.people import People
from countersign_server.reconciliation.following import Following
from countersign_server.reconciliation.freshness import stale_after
from countersign_server.reconciliation.loop import Scheduler
from countersign_server.reconciliation.reconciler import Reconciler
from countersign_server.reconciliation.service import ReconciliationService
from countersign_server.rpc.open_streams import OpenStreams


def reconciliation(ground: Ground, who: People, feed: Feed) -> Part:
    """Make it."""
    database, wakeups, now = ground.database, ground.wakeups, ground.now
    stale = stale_after(ground.settings.heartbeat_interval, now)
    reconciler = Reconciler(database=database, wakeups=wakeups, stale=stale, now=now)
    service = ReconciliationService(
        database=database,
        wakeups=wakeups,
        reconciler=reconciler,
        following=Following(database=database, wakeups=wakeups, feed=feed, stale=stale),
        believed=who.believed,
        watches=OpenStreams(ground.settings.watches_per_caller),
        stale=stale,
        now=now,
    )
    return Part(
        partial(add_ReconciliationServiceServicer_to_server, service),
        (Scheduler(database=database, reconciler=reconciler, now=now).run,),
    )
