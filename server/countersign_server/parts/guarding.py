"""What stops trading before too much is lost, made."""

from functools import partial

from countersign.v1.guards_pb2_grpc import add_GuardServiceServicer_to_server
from countersign_server.audit.feed import Feed
from countersign_server.guards.attending import Attendant
from countersign_server.guards.closer import Closer
from countersign_server.guards.following import Following
from countersign_server.guards.loop import Watch
from countersign_server.guards.service import GuardService
from countersign_server.guards.sql_book import SqlGuardBooks
from countersign_server.parts.part import Ground, Part
from countersign_server.parts.people import People
from countersign_server.reconciliation.freshness import HEARTBEATS
from countersign_server.rpc.open_streams import OpenStreams


def guards(ground: Ground, who: People, feed: Feed) -> Part:
    """Make it."""
    database, wakeups, now = ground.database, ground.wakeups, ground.now
    sign = who.keyring.sign_approval
    fresh_for = HEARTBEATS * ground.settings.heartbeat_interval
    books = SqlGuardBooks(database)
    attendant = Attendant(
        books=books,
        ring=wakeups.ring,
        closer=Closer(sign=sign, close_within=ground.settings.guard_close_within),
        fresh_for=fresh_for,
        now=now,
    )
    service = GuardService(
        database=database,
        wakeups=wakeups,
        sign=sign,
        following=Following(
            database=database, wakeups=wakeups, feed=feed, fresh_for=fresh_for, now=now
        ),
        believed=who.believed,
        watches=OpenStreams(ground.settings.watches_per_caller),
        fresh_for=fresh_for,
        now=now,
    )
    watch = Watch(database=database, books=books, wakeups=wakeups, attendant=attendant, now=now)
    return Part(
        partial(add_GuardServiceServicer_to_server, service),
        (watch.run,),
    )
