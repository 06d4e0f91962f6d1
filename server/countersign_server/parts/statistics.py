"""What trading came to, made."""

from functools import partial

from countersign.v1.analytics_pb2_grpc import add_AnalyticsServiceServicer_to_server
from countersign_server.analytics.loop import Counting, EquityReading
from countersign_server.analytics.service import AnalyticsService
from countersign_server.parts.part import Ground, Part


def analytics(ground: Ground) -> Part:
    """Make it."""
    database, now = ground.database, ground.now
    service = AnalyticsService(database=database, wakeups=ground.wakeups, now=now)
    return Part(
        partial(add_AnalyticsServiceServicer_to_server, service),
        (Counting(database=database, now=now).run, EquityReading(database=database, now=now).run),
    )
