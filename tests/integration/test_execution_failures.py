"""Rows of the failure catalogue that are decided between a bridge's word and the database."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, select, text

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.tables import audit_entries
from countersign_server.database.engine import Database
from countersign_server.errors import EpochUnknown
from countersign_server.execution.outbox import Outbox
from countersign_server.execution.tables import commands, deals
from tests.fixtures.bridge_end import a_deal, bridge_end
from tests.fixtures.world import Device, Owner, Producer, World, a_signal, world


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


async def test_more_than_was_approved_is_booked_as_it_is_and_raises_an_alarm(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await it.tell_prices(owner)
        entry = await it.entry(owner, await it.submit(producer, a_signal()))
        await it.decide(owner, entry)
        granted = (await bridge.claim((await bridge.hear("offer")).offer)).grant
        told = await bridge.tell("deal:501", deal=a_deal(granted, volume="0.11"))
        await bridge.acknowledged(told)

    async with it.database.transaction(None) as tx:
        booked = await tx.scalar(select(deals.c.volume).where(deals.c.ticket == 501))
        command = (await tx.execute(select(commands.c.state, commands.c.filled_volume))).one()
        alarms = await tx.scalars(
            select(audit_entries.c.after_json).where(audit_entries.c.kind.like("anomaly.%"))
        )
        (alarm,) = list(alarms)
    assert command.state == "executed"
    assert booked == command.filled_volume == Decimal("0.11")
    assert "0.11 of 0.1 lots" in alarm


async def test_every_session_has_an_epoch_that_nobody_could_have_counted_up_to(
    it: World, owner: Owner, device: Device
) -> None:
    epochs: set[bytes] = set()
    for _ in range(3):
        async with bridge_end(it, owner, device) as bridge:
            epochs.add(bridge.epoch)
            await bridge.say(goodbye=pb.Goodbye(reason="SHUTDOWN"))
            await bridge.ended()
    assert len(epochs) == 3
    assert all(len(epoch) == 16 for epoch in epochs)
    # A counter would have most of its bytes in common with the next.
    assert len({epoch[:8] for epoch in epochs}) == len({epoch[8:] for epoch in epochs}) == 3


def test_a_bridge_that_does_not_read_loses_its_session_before_memory_is_lost() -> None:
    outbox = Outbox()

    def say_more_than_anyone_could_owe() -> None:
        for _ in range(100_000):
            outbox.say(pb.ChannelResponse(heartbeat=pb.ServerHeartbeat()))

    with pytest.raises(EpochUnknown, match="does not read"):
        say_more_than_anyone_could_owe()


async def test_a_commit_waits_for_the_disk_whatever_the_database_does_by_default(
    database_url: str,
) -> None:
    name = make_url(database_url).database
    assert name is not None
    address = make_url(database_url).set(drivername="postgresql")
    with psycopg.connect(
        address.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off".encode())
    database = Database(database_url, connections=1)
    try:
        for tenant in (None, "0197a1c2-0000-7000-8000-0000000000a1"):
            async with database.transaction(tenant) as tx:  # pyright: ignore[reportArgumentType]  # only its text matters
                assert await tx.scalar(text("SHOW synchronous_commit")) == "on"
    finally:
        await database.close()
