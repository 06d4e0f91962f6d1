"""The audit, and what of it can be taken away, made."""

from functools import partial

from countersign.v1.audit_pb2_grpc import add_AuditServiceServicer_to_server
from countersign_server.audit.feed import Feed
from countersign_server.audit.loop import Sealer
from countersign_server.audit.service import AuditService
from countersign_server.evidence.export import Evidence
from countersign_server.parts.part import Ground, Part
from countersign_server.parts.people import People
from countersign_server.rpc.open_streams import OpenStreams


def audit(ground: Ground, who: People, feed: Feed) -> Part:
    """Make it."""
    service = AuditService(
        database=ground.database,
        feed=feed,
        believed=who.believed,
        evidence=Evidence(ground.database, ground.now).told,
        watches=OpenStreams(ground.settings.watches_per_caller),
    )
    return Part(
        partial(add_AuditServiceServicer_to_server, service),
        (Sealer(ground.database, ground.wakeups, ground.now).run,),
    )
