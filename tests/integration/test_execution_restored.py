"""A database from a backup: what was open is in doubt before anything is offered."""

import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest

from countersign.v1 import approvals_pb2, execution_pb2 as pb
from countersign_server.execution.restored import quarantine
from countersign_server.execution.sql_book import SqlBooks
from tests.fixtures.bridge_end import bridge_end
from tests.fixtures.channel_stories import approved, audit_kinds, command_of, granted, state_of
from tests.fixtures.programs import Program
from tests.fixtures.refusals import refusal
from tests.fixtures.world import Device, Owner, Producer, World, world


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


async def test_a_restored_start_puts_in_doubt_what_is_not_over_and_nothing_else(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        _, grant = await granted(it, owner, producer, bridge)
    waiting = await approved(it, owner, producer)
    revoked = await approved(it, owner, producer)
    await it.approvals.RevokeApproval(
        approvals_pb2.RevokeApprovalRequest(approval_id=revoked.approval_id),
        metadata=owner.metadata,
    )
    books = SqlBooks(it.database)
    assert await quarantine(books, now=datetime.now(UTC)) == 2
    assert await quarantine(books, now=datetime.now(UTC)) == 0
    assert await state_of(it, grant.command_id) == "in-doubt"
    assert await state_of(it, revoked.command_id) == "revoked"
    command = await command_of(it, owner, waiting.signal_id)
    assert (command.state, command.reason) == (pb.COMMAND_STATE_IN_DOUBT, "SERVER_RESTORED")
    assert (await audit_kinds(it, waiting.command_id))[-1] == "command.in-doubt"


_ORDERS = {
    "working": pb.OrderReport(state=1, volume_initial="0.1", volume_current="0.1"),
    "rejected": pb.OrderReport(state=2, volume_initial="0.1", volume_current="0.1", final=True),
    "executed": pb.OrderReport(state=4, volume_initial="0.1", volume_current="0", final=True),
}


@pytest.mark.parametrize("state", _ORDERS)
async def test_an_order_that_the_broker_has_ends_the_doubt_of_a_restored_start_though_told_before(
    it: World, owner: Owner, producer: Producer, device: Device, state: str
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        _, grant = await granted(it, owner, producer, bridge)
        order = pb.OrderReport(ticket=402, magic=grant.magic, symbol="EURUSD")
        order.MergeFrom(_ORDERS[state])
        await bridge.acknowledged(await bridge.tell("order:402", order=order))
        await quarantine(SqlBooks(it.database), now=datetime.now(UTC))
        assert await state_of(it, grant.command_id) == "in-doubt"
        await bridge.acknowledged(await bridge.tell("order:402", order=order))
        assert await state_of(it, grant.command_id) == state


async def test_a_server_started_as_restored_offers_nothing_of_before(
    database_url: str, tmp_path: Path
) -> None:
    async with world(database_url, tmp_path) as it:
        owner = await it.an_owner()
        producer = await it.a_producer(owner)
        await it.follow(owner, producer)
        waiting = await approved(it, owner, producer)
    async with world(database_url, tmp_path, begun=True, restored=True) as it:
        assert await state_of(it, waiting.command_id) == "in-doubt"


async def test_serve_restored_puts_in_doubt_before_it_is_ready(
    database_url: str, tmp_path: Path
) -> None:
    async with world(database_url, tmp_path) as it:
        owner = await it.an_owner()
        producer = await it.a_producer(owner)
        await it.follow(owner, producer)
        waiting = await approved(it, owner, producer)
    ready = tmp_path / "ready"
    server = Program(
        "server",
        [sys.executable, "-m", "countersign_server", "serve", "--restored"],
        log=tmp_path / "server.log",
        environment={
            "COUNTERSIGN_DATABASE_URL": database_url,
            "COUNTERSIGN_DATA_DIR": str(tmp_path),
            "COUNTERSIGN_LISTEN": "127.0.0.1:0",
            "COUNTERSIGN_LISTEN_INTERNAL": "",
            "COUNTERSIGN_METRICS_LISTEN": "",
            "COUNTERSIGN_READY_FILE": str(ready),
        },
        is_ready=ready.exists,
    )
    server.launch()
    try:
        await server.ready()
    finally:
        server.stop()
    async with world(database_url, tmp_path, begun=True) as it:
        assert await state_of(it, waiting.command_id) == "in-doubt"


async def test_an_ea_that_polls_and_remembers_more_grants_than_we_do_is_offered_nothing(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    waiting = await approved(it, owner, producer)
    polled = await it.execution.PollCommands(
        pb.PollCommandsRequest(generation_seen=5), metadata=device.metadata
    )
    assert not polled.offers
    assert [asked.command_id for asked in polled.resolves] == [waiting.command_id]
    assert await state_of(it, waiting.command_id) == "in-doubt"


async def test_an_ea_that_claims_and_remembers_more_grants_than_we_do_is_granted_nothing(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    waiting = await approved(it, owner, producer)
    polled = await it.execution.PollCommands(pb.PollCommandsRequest(), metadata=device.metadata)
    (offer,) = polled.offers
    claim = pb.Claim(command_id=offer.command_id, attempt=1, claim_nonce=b"1" * 16)
    request = pb.ClaimCommandRequest(claim=claim, account=owner.fingerprint, generation_seen=5)
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "CLAIM_DENIED"):
        await it.execution.ClaimCommand(request, metadata=device.metadata)
    assert await state_of(it, waiting.command_id) == "in-doubt"
