"""Histories that come in and go out, made."""

from functools import partial

from countersign.v1.histories_pb2_grpc import add_HistoryServiceServicer_to_server
from countersign_server.histories.service import HistoryService
from countersign_server.parts.part import Ground, Part


def histories(ground: Ground) -> Part:
    """Make it."""
    service = HistoryService(database=ground.database, wakeups=ground.wakeups, now=ground.now)
    return Part(partial(add_HistoryServiceServicer_to_server, service))
