"""Whoever follows may do so a few times at once, and no more: each stream costs the server."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from countersign.v1 import audit_pb2, guards_pb2, reconciliation_pb2, signals_pb2
from tests.fixtures.contract_areas import AREAS
from tests.fixtures.refusals import refusal
from tests.fixtures.waiting import until
from tests.fixtures.world import Owner, World, world

Follow = Callable[[World, Owner], Any]

FOLLOWED: dict[str, Follow] = {
    "WatchSignals": lambda it, who: it.signals.WatchSignals(
        signals_pb2.WatchSignalsRequest(), metadata=who.metadata
    ),
    "FollowEvents": lambda it, who: it.audit.FollowEvents(
        audit_pb2.FollowEventsRequest(), metadata=who.metadata
    ),
    "FollowPositions": lambda it, who: it.reconciliation.FollowPositions(
        reconciliation_pb2.FollowPositionsRequest(), metadata=who.metadata
    ),
    "FollowGuards": lambda it, who: it.guards.FollowGuards(
        guards_pb2.FollowGuardsRequest(), metadata=who.metadata
    ),
}
# A bridge's, of which an account has one; a producer's own limit; and what ends by itself.
LIMITED_OTHERWISE = {"Channel", "StreamSignals", "ExportAudit", "ExportEvidence"}


def streams() -> Iterator[str]:
    for area in AREAS:
        for service in area.DESCRIPTOR.services_by_name.values():
            yield from (one.name for one in service.methods if one.server_streaming)


def test_every_stream_that_lasts_is_limited() -> None:
    assert set(streams()) == FOLLOWED.keys() | LIMITED_OTHERWISE


@pytest.mark.parametrize("name", FOLLOWED)
async def test_a_caller_has_only_so_many_streams_of_a_kind_until_one_of_them_ends(
    database_url: str, tmp_path: Path, name: str
) -> None:
    follow = FOLLOWED[name]
    async with world(database_url, tmp_path, watches_per_caller=1) as it:
        ann, bob = await it.an_owner(), await it.an_owner("bob", 1000002)
        first = follow(it, ann)
        assert await first.read()
        with refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS"):
            await follow(it, ann).read()
        others = follow(it, bob)
        assert await others.read()

        first.cancel()

        async def is_let_in() -> bool:
            again = follow(it, ann)
            try:
                return bool(await again.read())
            except grpc.aio.AioRpcError:
                return False

        await until(is_let_in, "the place of the stream that ended is free", 30)
        others.cancel()
