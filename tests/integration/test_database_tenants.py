"""Tenants are kept apart beneath the code: the tables themselves show and change nothing of others.

The doors check again who asks, so that a test at the doors would not notice a table that is open.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import Table, func, select, text, update

from countersign.v1 import (
    accounts_pb2,
    guards_pb2,
    notifications_pb2,
    values_pb2,
    webhooks_pb2,
)
from countersign_server.database.engine import Database
from countersign_server.notifications.destination import ChannelKind, Destination
from countersign_server.notifications.topic import Level
from countersign_server.tables import metadata
from countersign_server.telegram.button import Action, Button
from countersign_server.telegram.chat import Chat
from countersign_server.telegram.chat_store import add_chat, add_pairing
from countersign_server.telegram.message_store import add_button, bind_message
from tests.fixtures.waiting import until
from tests.fixtures.world import Owner, World, a_signal, world

OWNED = [table for table in metadata.sorted_tables if "owner_id" in table.columns]
MINE = "((owner_id)::text = current_setting('countersign.tenant'::text, true))"
# What this story leaves empty; their policies are looked at below like everybody's.
WITHOUT_ROWS = {
    *("command_reports", "deals", "delegates", "leases", "owner_key_challenges", "owner_keys"),
    *("anomaly_counts", "pairing_codes", "settlements", "snapshots"),
    *("drawdown_alerts", "guard_closings"),
    *("figures", "figure_checkpoints", "figure_days", "figure_parts", "equity_hours"),
    *("excursions", "share_links", "imported_histories", "imported_deals"),
    *("bars", "rate_requests", "pictures"),
    *("affiliates", "ledger_entries", "ledger_lines", "payouts", "referrals"),
    *("divergences", "reconciliation_policies", "reconciliation_runs", "reconciliations", "trades"),
}


@dataclass(frozen=True, slots=True)
class Scene:
    it: World
    ann: UUID
    bob: UUID


@pytest.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with world(database_url, tmp_path) as it:
        ann, bob = await it.an_owner("ann"), await it.an_owner("bob", login=1000002)
        strategy = await it.a_producer(ann)
        # A listed producer may be looked at by everybody: that is what listing means.
        await it.accounts.UpdateProducer(
            accounts_pb2.UpdateProducerRequest(
                producer=accounts_pb2.Producer(producer_id=strategy.id),
                clear_mask=FieldMask(paths=["listed"]),
            ),
            metadata=ann.metadata,
        )
        await it.follow(ann, strategy)
        await it.tell_prices(ann)
        signal_id = await it.submit(strategy, a_signal())
        await it.decide(ann, await it.entry(ann, signal_id))
        await it.a_device(ann)
        await _stopped(it, ann, strategy.id)
        await _tell(it, ann)
        limits = accounts_pb2.OwnerLimits(max_orders_per_minute=60)
        await it.accounts.PutOwnerLimits(
            accounts_pb2.PutOwnerLimitsRequest(limits=limits), metadata=ann.metadata
        )
        await _chat(it, ann)
        yield Scene(it, UUID(ann.id), UUID(bob.id))


async def _stopped(it: World, owner: Owner, producer_id: str) -> None:
    """Let the owner set a policy, and stop both account and producer."""
    await it.guards.PutGuardPolicy(
        guards_pb2.PutGuardPolicyRequest(
            account_id=owner.account_id, text='{"currency":"USD"}', version=1
        ),
        metadata=owner.metadata,
    )
    halted = values_pb2.TRADING_STATE_HALTED
    for pulled in (
        guards_pb2.PullKillSwitchRequest(account_id=owner.account_id, state=halted, reason="x"),
        guards_pb2.PullKillSwitchRequest(producer_id=producer_id, state=halted, reason="x"),
    ):
        await it.guards.PullKillSwitch(pulled, metadata=owner.metadata)


async def _tell(it: World, owner: Owner) -> None:
    """Let a notification be tried, at an address that there is not."""
    request = webhooks_pb2.CreateWebhookEndpointRequest(
        request_id=str(uuid4()), url="https://hooks.invalid/"
    )
    made = await it.webhooks.CreateWebhookEndpoint(request, metadata=owner.metadata)
    await it.webhooks.TestWebhookEndpoint(
        webhooks_pb2.TestWebhookEndpointRequest(endpoint_id=made.endpoint.endpoint_id),
        metadata=owner.metadata,
    )

    async def tried() -> bool:
        asked = notifications_pb2.ListNotificationsRequest()
        answer = await it.notifications.ListNotifications(asked, metadata=owner.metadata)
        return any(one.attempts for one in answer.notifications)

    await until(tried, "a notification is tried")


async def _chat(it: World, owner: Owner) -> None:
    """Let there be a chat, with a message and a button."""
    now = datetime.now(UTC)
    destination = Destination(
        id=uuid4(),
        owner_id=UUID(owner.id),
        channel=ChannelKind.TELEGRAM,
        topics=frozenset(),
        level_min=Level.INFO,
        created_at=now,
    )
    chat = Chat(destination=destination, telegram_chat_id=7, telegram_user_id=7, display_name="ann")
    button = Button(action=Action.APPROVE, label="Approve", expires_at=now)
    async with it.database.transaction(None) as tx:
        await add_chat(tx, chat)
        await add_pairing(tx, chat.owner_id, b"code", now)
        await add_button(tx, chat, button, b"token")
        await bind_message(tx, chat, message_id=1, tokens=[b"token"], approval_id=uuid4())


async def seen(scene: Scene, table: Table, tenant: UUID | None) -> int:
    """Return how many of ann's rows a tenant sees; None: the server itself."""
    async with scene.it.database.transaction(tenant) as tx:
        rows = select(func.count()).select_from(table).where(table.c.owner_id == scene.ann)
        return await tx.scalar(rows) or 0


async def changed(scene: Scene, table: Table, tenant: UUID) -> int:
    # To the very same, which a trigger that forbids change of history need not know of.
    same = update(table).where(table.c.owner_id == scene.ann).values(owner_id=table.c.owner_id)
    async with scene.it.database.transaction(tenant) as tx:
        return (await tx.execute(same)).rowcount


async def test_no_table_shows_or_changes_for_one_tenant_what_is_anothers(scene: Scene) -> None:
    kept = {table.name: await seen(scene, table, None) for table in OWNED}
    assert {name for name, count in kept.items() if count == 0} == WITHOUT_ROWS

    own = {table.name: await seen(scene, table, scene.ann) for table in OWNED}
    # The server goes on meanwhile: what could not be delivered is tried again.
    kept_now = {table.name: await seen(scene, table, None) for table in OWNED}
    anothers = {table.name: await seen(scene, table, scene.bob) for table in OWNED}
    changes = {
        table.name: await changed(scene, table, scene.bob)
        for table in OWNED
        if table.name != "audit_entries"
    }

    assert {name for name in own if not kept[name] <= own[name] <= kept_now[name]} == set()
    assert set(anothers.values()) == {0}, anothers
    assert set(changes.values()) == {0}, changes


async def test_every_owned_table_is_bound_to_its_tenant_even_for_the_tables_owner(
    database_url: str,
) -> None:
    asked = text(
        "SELECT c.relname FROM pg_class c JOIN pg_policies p ON p.tablename = c.relname "
        "WHERE c.relrowsecurity AND c.relforcerowsecurity "
        "AND p.cmd = 'ALL' AND position(:mine IN p.qual) > 0"
    )
    database = Database(database_url, connections=1)
    async with database.transaction(None) as tx:
        bound = set((await tx.execute(asked, {"mine": MINE})).scalars())
    await database.close()

    assert {table.name for table in OWNED} - bound == set()
