"""Signals reach everyone who follows, once, and rules decide what they may."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from prometheus_client import REGISTRY
from sqlalchemy import select, update

from countersign.v1 import approvals_pb2 as pb, signals_pb2, values_pb2
from countersign_server.accounts.sizing import SizingRule
from countersign_server.accounts.subscription import ApprovalMode
from countersign_server.accounts.tables import account_symbols, subscriptions
from countersign_server.approvals.store import count_outcomes
from countersign_server.approvals.tables import approvals
from countersign_server.audit.tables import audit_entries
from countersign_server.database.engine import Database
from countersign_server.signals.store import offer_again
from tests.fixtures.approvals import EURUSD
from tests.fixtures.desk import Desk, Followed, a_fan_out, open_desk
from tests.fixtures.messages import to_close, to_open
from tests.fixtures.waiting import until

AUTOMATIC: dict[str, Any] = {
    "approval_mode": ApprovalMode.AUTOMATIC_WITHIN_LIMITS,
    "limits": {"automatic_max_volume": Decimal("0.1")},
}


@pytest.fixture
async def desk(database_url: str) -> AsyncGenerator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


async def laid(desk: Desk) -> Counter[tuple[UUID, UUID]]:
    """Return how often each signal was laid before each account."""
    async with desk.database.transaction(None) as tx:
        found = await tx.execute(select(approvals.c.signal_id, approvals.c.account_id))
        return Counter((row.signal_id, row.account_id) for row in found)


async def test_a_signal_is_laid_before_everyone_who_follows(desk: Desk) -> None:
    first, second = await desk.a_follower(), await desk.a_follower()

    signal_id = await desk.delivered()

    for follower in (first, second):
        shown = await desk.laid_before(follower, signal_id)
        assert shown.state == pb.APPROVAL_STATE_PENDING
        assert shown.intent.volume == "0.1"
        assert (shown.intent.price_min, shown.intent.price_max) == ("1.0835", "1.0855")
        assert shown.money_at_risk == values_pb2.Money(amount="44", currency="USD")
        assert shown.note == "breakout"
        assert await desk.audit_of(shown.approval_id) == ["approval.pending"]
    assert await desk.signal_state(signal_id) == "delivered"


async def test_a_declined_account_has_its_row_and_its_reason(desk: Desk) -> None:
    before = times("approvals_total", decision="declined")
    follower = await desk.a_follower(sizing=(SizingRule.FIXED_LOTS, "0.001"))

    signal_id = await desk.delivered()

    shown = await desk.laid_before(follower, signal_id)
    assert (shown.state, shown.reason) == (pb.APPROVAL_STATE_DECLINED, "VOLUME_TOO_SMALL")
    assert not shown.HasField("intent")
    assert await desk.audit_of(shown.approval_id) == ["approval.declined"]
    assert times("approvals_total", decision="declined") == before + 1


async def test_a_signal_that_nobody_follows_is_delivered_to_nobody(desk: Desk) -> None:
    signal_id = await desk.delivered()
    assert await desk.signal_state(signal_id) == "delivered"
    assert not await laid(desk)


async def test_a_rule_approves_and_its_command_is_made_in_the_same_transaction(desk: Desk) -> None:
    follower = await desk.a_follower(**AUTOMATIC)

    shown = await desk.laid_before(follower, await desk.delivered())

    assert (shown.state, shown.mode) == (pb.APPROVAL_STATE_APPROVED, pb.DECISION_MODE_AUTOMATIC)
    (command,) = await desk.commands_of(shown.approval_id)
    assert str(command.id) == shown.command_id
    assert command.intent_text == shown.intent.text
    assert command.server_signature == shown.server_signature
    assert await desk.audit_of(shown.approval_id) == ["approval.approved"]
    keys = {key_id: public for key_id, public, *_ in desk.keyring.approval_keys()}
    public = Ed25519PublicKey.from_public_bytes(keys[shown.server_key_id])
    public.verify(shown.server_signature, b"countersign.approval/1\0" + shown.intent.text.encode())


async def test_whoever_waits_is_rung_when_there_is_something_new(desk: Desk) -> None:
    follower, asked = await desk.a_follower(**AUTOMATIC), await desk.a_follower()
    with (
        desk.wakeups.subscribe(f"account:{follower.account.id}") as bridge,
        desk.wakeups.subscribe(f"account:{asked.account.id}") as other_bridge,
        desk.wakeups.subscribe("approvals") as inbox,
        desk.wakeups.subscribe("audit") as audit,
    ):
        signal_id = await desk.delivered()
        for bell in (bridge, inbox, audit):
            assert await bell.wait(timedelta(0))
        # Nothing to do for a bridge whose owner has not decided.
        assert not await other_bridge.wait(timedelta(0))

        await desk.decide(asked, await desk.laid_before(asked, signal_id))
        for bell in (other_bridge, inbox, audit):
            assert await bell.wait(timedelta(0))


async def test_above_the_rules_volume_the_owner_is_asked(desk: Desk) -> None:
    follower = await desk.a_follower(sizing=(SizingRule.FIXED_LOTS, "0.11"), **AUTOMATIC)
    shown = await desk.laid_before(follower, await desk.delivered())
    assert shown.state == pb.APPROVAL_STATE_PENDING


async def test_when_the_price_has_drifted_the_rule_asks_the_owner_and_says_why(desk: Desk) -> None:
    follower = await desk.a_follower(**AUTOMATIC)
    await desk.price(follower, "1.0956", "1.0957")

    shown = await desk.laid_before(follower, await desk.delivered())

    assert shown.state == pb.APPROVAL_STATE_PENDING
    async with desk.database.transaction(None) as tx:
        told = await tx.scalar(
            select(audit_entries.c.after_json).where(
                audit_entries.c.subject == f"approval:{shown.approval_id}"
            )
        )
    assert '"note":"PRICE_DRIFTED"' in (told or "")


async def test_many_followers_are_served_over_several_transactions(desk: Desk) -> None:
    followers = [await desk.a_follower() for _ in range(5)]
    fan_out = a_fan_out(
        desk.database,
        desk.wakeups,
        desk.clock,
        desk.countersigner,
        desk.pictures,
        recipients_at_once=2,
    )
    signal_id = await desk.a_signal()

    for reached in (2, 4):
        assert await fan_out.step()
        assert len(await laid(desk)) == reached
        assert await desk.signal_state(signal_id) == "accepted"
    assert not await fan_out.step()

    assert await desk.signal_state(signal_id) == "delivered"
    assert await laid(desk) == {(signal_id, one.account.id): 1 for one in followers}


async def test_processes_that_share_the_work_lay_nothing_twice_and_miss_nothing(
    desk: Desk, database_url: str
) -> None:
    followers = [await desk.a_follower(**AUTOMATIC) for _ in range(4)]
    signal_ids = [await desk.a_signal() for _ in range(30)]
    databases = [Database(database_url, connections=2) for _ in range(3)]

    async def work(database: Database) -> None:
        fan_out = a_fan_out(
            database,
            desk.wakeups,
            desk.clock,
            desk.countersigner,
            desk.pictures,
            recipients_at_once=7,
        )
        while set(map(str, [await desk.signal_state(one) for one in signal_ids])) != {"delivered"}:
            await fan_out.step()

    try:
        async with asyncio.timeout(60):
            await asyncio.gather(*map(work, databases))
    finally:
        for database in databases:
            await database.close()

    expected = {(one, follower.account.id): 1 for one in signal_ids for follower in followers}
    assert await laid(desk) == expected


async def test_redelivery_reaches_only_those_it_never_reached(desk: Desk) -> None:
    first = await desk.a_follower()
    signal_id = await desk.delivered()
    shown = await desk.laid_before(first, signal_id)
    await desk.decide(first, shown, pb.DECISION_REJECT)
    second = await desk.a_follower()

    async with desk.database.transaction(None) as tx:
        assert await offer_again(tx, signal_id, desk.clock())
    while await desk.fan_out.step():
        pass

    assert (await desk.laid_before(first, signal_id)).state == pb.APPROVAL_STATE_REJECTED
    assert (await desk.laid_before(second, signal_id)).state == pb.APPROVAL_STATE_PENDING
    assert await laid(desk) == {(signal_id, one.account.id): 1 for one in (first, second)}


async def test_who_has_cancelled_is_not_asked(desk: Desk) -> None:
    follower = await desk.a_follower()
    async with desk.database.transaction(None) as tx:
        await tx.execute(update(subscriptions).values(cancelled_at=desk.clock()))
    await desk.delivered()
    assert not await laid(desk)
    assert follower.account.id


async def test_a_signal_that_cannot_be_read_holds_up_no_other(desk: Desk) -> None:
    follower = await desk.a_follower()
    broken = [await desk.a_signal(payload=b"\xff\xff") for _ in range(6)]
    good = await desk.a_signal()

    await desk.fan_out.step()

    assert [await desk.signal_state(one) for one in broken] == ["delivered"] * 6
    async with desk.database.transaction(None) as tx:
        told = await tx.scalars(
            select(audit_entries.c.signal_id).where(audit_entries.c.kind == "signal.undeliverable")
        )
        assert set(told) == set(broken)
    assert (await desk.laid_before(follower, good)).state == pb.APPROVAL_STATE_PENDING


async def test_one_accounts_odd_data_keeps_the_signal_from_no_other(desk: Desk) -> None:
    odd, sound = await desk.a_follower(), await desk.a_follower()
    # No door stores such a number of digits; it stands for whatever nobody has thought of.
    async with desk.database.transaction(None) as tx:
        await tx.execute(
            update(account_symbols)
            .where(account_symbols.c.account_id == odd.account.id)
            .values(properties=EURUSD.to_json() | {"digits": "none"})
        )

    signal_id = await desk.delivered()

    assert (await desk.laid_before(odd, signal_id)).state == pb.APPROVAL_STATE_DECLINED
    assert (await desk.laid_before(sound, signal_id)).state == pb.APPROVAL_STATE_PENDING


async def opened(desk: Desk, holder: Followed) -> tuple[pb.Approval, signals_pb2.Signal]:
    """Let the holder approve a signal and its terminal trade it; return both."""
    signal = to_open(desk.clock())
    shown = await desk.laid_before(holder, await desk.delivered(signal))
    approved = await desk.decide(holder, shown)
    await desk.filled(approved)
    return approved, signal


def times(metric: str, **labels: str) -> float:
    """Return what a metric has counted."""
    return REGISTRY.get_sample_value(metric, labels) or 0


async def test_a_close_closes_what_this_account_opened_and_says_so(desk: Desk) -> None:
    holder, bystander = await desk.a_follower(), await desk.a_follower()
    approved, signal = await opened(desk, holder)

    closing_id = await desk.delivered(to_close(desk.clock(), signal))

    shown = await desk.laid_before(holder, closing_id)
    assert (shown.intent.kind, shown.intent.volume) == (values_pb2.COMMAND_KIND_CLOSE, "0.1")
    assert f"opening-approval: {approved.approval_id}\n" in shown.intent.text
    declined = await desk.laid_before(bystander, closing_id)
    assert declined.reason == "OPENING_NOT_FOUND"
    closing = await desk.decide(holder, shown)
    (command,) = await desk.commands_of(closing.approval_id)
    assert str(command.opening_command_id) == approved.command_id


async def test_a_part_is_closed_in_the_brokers_steps(desk: Desk) -> None:
    holder = await desk.a_follower()
    _, signal = await opened(desk, holder)
    closing_id = await desk.delivered(to_close(desk.clock(), signal, fraction="0.33"))
    shown = await desk.laid_before(holder, closing_id)
    assert shown.intent.kind == values_pb2.COMMAND_KIND_PARTIAL_CLOSE
    assert shown.intent.volume == "0.03"


async def test_what_traded_although_it_was_taken_back_can_be_closed(desk: Desk) -> None:
    holder = await desk.a_follower()
    signal = to_open(desk.clock())
    shown = await desk.laid_before(holder, await desk.delivered(signal))
    approved = await desk.decide(holder, shown)
    await desk.revoke(holder, shown)
    await desk.filled(approved)
    closing_id = await desk.delivered(to_close(desk.clock(), signal))
    assert (await desk.laid_before(holder, closing_id)).intent.volume == "0.1"


async def test_an_approval_that_opened_nothing_yet_has_nothing_to_close(desk: Desk) -> None:
    holder = await desk.a_follower()
    signal = to_open(desk.clock())
    await desk.decide(holder, await desk.laid_before(holder, await desk.delivered(signal)))
    closing_id = await desk.delivered(to_close(desk.clock(), signal))
    assert (await desk.laid_before(holder, closing_id)).reason == "OPENING_NOT_FOUND"


async def test_what_nobody_decides_expires_and_what_reached_nobody_too(desk: Desk) -> None:
    follower = await desk.a_follower()
    waiting = await desk.laid_before(follower, await desk.delivered())
    missed = await desk.a_signal()

    assert not await desk.expiry.step()
    assert await desk.signal_state(missed) == "accepted"
    desk.clock.go_on(timedelta(seconds=60))
    # Too late to lay it before anyone, even before it is marked.
    assert not await desk.fan_out.step()
    assert await desk.signal_state(missed) == "accepted"
    await desk.expiry.step()

    shown = await desk.laid_before(follower, UUID(waiting.signal_id))
    assert shown.state == pb.APPROVAL_STATE_EXPIRED
    assert await desk.audit_of(shown.approval_id) == ["approval.pending", "approval.expired"]
    assert await desk.signal_state(missed) == "expired"
    assert len(await laid(desk)) == 1


async def test_a_signal_that_had_reached_some_is_delivered_and_not_expired(desk: Desk) -> None:
    for _ in range(3):
        await desk.a_follower()
    fan_out = a_fan_out(
        desk.database,
        desk.wakeups,
        desk.clock,
        desk.countersigner,
        desk.pictures,
        recipients_at_once=2,
    )
    signal_id = await desk.a_signal()
    await fan_out.step()
    desk.clock.go_on(timedelta(seconds=60))
    await desk.expiry.step()
    assert await desk.signal_state(signal_id) == "delivered"


async def test_the_funnel_counts_how_everyone_fared(desk: Desk) -> None:
    small = (SizingRule.FIXED_LOTS, "0.001")
    await desk.a_follower(**AUTOMATIC)
    await desk.a_follower(sizing=small)
    await desk.a_follower(sizing=small)
    rejecting, _waiting = await desk.a_follower(), await desk.a_follower()
    signal_id = await desk.delivered()
    shown = await desk.laid_before(rejecting, signal_id)
    await desk.decide(rejecting, shown, pb.DECISION_REJECT, reason="not today")

    async with desk.database.transaction(None) as tx:
        counts = await count_outcomes(tx, [signal_id])
    assert counts[signal_id] == {
        "offered": 3,
        "approved": 1,
        "rejected": 1,
        "declined:VOLUME_TOO_SMALL": 2,
    }
    async with desk.database.transaction(rejecting.owner_id) as tx:
        own = await count_outcomes(tx, [signal_id])
    assert own[signal_id] == {"offered": 1, "rejected": 1}


async def test_the_loop_goes_on_after_failures_and_delivers_when_rung(desk: Desk) -> None:
    follower = await desk.a_follower()
    before = failures()
    running = asyncio.create_task(desk.fan_out.run())

    async def has_failed() -> bool:
        return failures() > before

    async def is_delivered() -> bool:
        return await desk.signal_state(signal_id) == "delivered"

    try:
        await rename_table(desk, "signals", "hidden")
        await until(has_failed, "a round that fails", seconds=60)
        await rename_table(desk, "hidden", "signals")
        signal_id = await desk.a_signal()
        desk.wakeups.ring("signals")
        await until(is_delivered, "the signal is delivered", seconds=60)
    finally:
        running.cancel()
    assert (await desk.laid_before(follower, signal_id)).state == pb.APPROVAL_STATE_PENDING


def failures() -> float:
    return times("approvals_loop_failures_total", loop="fan-out")


async def rename_table(desk: Desk, name: str, new: str) -> None:
    async with desk.database.transaction(None) as tx:
        await tx.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {new}")


async def test_however_many_signals_fail_in_a_row_the_others_are_delivered(desk: Desk) -> None:
    follower = await desk.a_follower()
    # Stands for whatever nobody has thought of that keeps a signal from being laid before anyone.
    async with desk.database.transaction(None) as tx:
        await tx.exec_driver_sql(
            "ALTER TABLE approvals ADD CONSTRAINT nothing_odd CHECK (note <> 'odd')"
        )
    odd: list[UUID] = []
    for _ in range(6):
        signal = to_open(desk.clock())
        signal.note = "odd"
        odd.append(await desk.a_signal(signal))
    good = await desk.a_signal()

    await desk.fan_out.step()

    assert [await desk.signal_state(one) for one in odd] == ["accepted"] * 6
    assert (await desk.laid_before(follower, good)).state == pb.APPROVAL_STATE_PENDING
