"""One bad frame, or very many, cost a bridge neither its session nor the others their view."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.tables import audit_entries
from countersign_server.execution.reporting import TOLD_IN_FULL
from countersign_server.execution.tables import anomaly_counts
from tests.fixtures.bridge_end import a_deal, a_snapshot, bridge_end, stamp
from tests.fixtures.world import Device, Owner, World, world


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


async def refused(it: World) -> int:
    """How many refused events the audit tells of."""
    async with it.database.transaction(None) as tx:
        told = await tx.scalar(
            select(func.count()).where(audit_entries.c.kind == "anomaly.EVENT_REFUSED")
        )
        return told or 0


def a_broken_deal(**changes: Any) -> pb.Event:
    deal = a_deal(pb.Grant(magic=7), ticket=77)
    for name, value in changes.items():
        setattr(deal, name, value)
    return pb.Event(natural_key="deal:77", event_time=stamp(), deal=deal)


@pytest.mark.parametrize(
    "changes",
    [{"volume": "a lot"}, {"ticket": -1}, {"comment": "a\0b"}],
    ids=["no number", "no ticket", "a zero character"],
)
async def test_a_frame_that_breaks_the_rules_is_left_out_aloud_and_the_session_goes_on(
    it: World, owner: Owner, device: Device, changes: dict[str, Any]
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        broken = await bridge.say(event=a_broken_deal(**changes))
        last = await bridge.tell("snapshot:1", snapshot=a_snapshot(1))
        fault = (await bridge.hear("fault")).fault
        assert (fault.reason, fault.resend_from) == ("FRAME_INVALID", broken)
        await bridge.acknowledged(last)
        # Told again, as a bridge does that had not heard of it: it counts no more.
        await bridge.say_as(broken, event=a_broken_deal(**changes))
        await bridge.acknowledged(await bridge.tell("snapshot:2", snapshot=a_snapshot(2)))
    assert await refused(it) == 1


async def test_of_a_flood_of_anomalies_the_audit_keeps_some_and_the_count_of_all(
    it: World, owner: Owner, device: Device
) -> None:
    many = 2 * TOLD_IN_FULL + 3
    async with bridge_end(it, owner, device) as bridge:
        told = [await bridge.say(event=a_broken_deal(volume="")) for _ in range(many)]
        await bridge.acknowledged(told[-1])
        trip = pb.GuardTrip(guard="DRAWDOWN_LIMIT", evidence_json="{}")
        await bridge.acknowledged(await bridge.tell("guard:1", guard_trip=trip))
    async with it.database.transaction(None) as tx:
        counted = await tx.scalar(select(anomaly_counts.c.count))
        tripped = await tx.scalar(
            select(func.count()).where(audit_entries.c.kind == "guard.tripped_at_bridge")
        )
    assert await refused(it) == TOLD_IN_FULL + 1
    assert counted == many
    assert tripped == 1
