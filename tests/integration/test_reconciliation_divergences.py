"""Our book beside the terminal: what differs, and how it ends, over a real stream and database."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from sqlalchemy import select, update

from countersign.v1 import execution_pb2 as execution, reconciliation_pb2 as pb, values_pb2
from countersign_server.audit.tables import audit_entries
from countersign_server.reconciliation.settlement import OVERDUE_AFTER
from countersign_server.reconciliation.tables import divergences, reconciliations
from tests.fixtures.bridge_end import (
    BridgeEnd,
    a_deal,
    a_result,
    a_snapshot,
    bridge_end,
)
from tests.fixtures.refusals import refusal
from tests.fixtures.waiting import until
from tests.fixtures.world import Owner, World, a_signal, world


@dataclass
class Desk:
    """An account with its bridge, and one trade of ours: position 401, a tenth of a lot."""

    it: World
    owner: Owner
    bridge: BridgeEnd
    grant: execution.Grant = field(default_factory=execution.Grant)
    revision: int = 0

    async def open(self) -> None:
        producer = await self.it.a_producer(self.owner)
        await self.it.follow(self.owner, producer)
        await self.it.tell_prices(self.owner)
        entry = await self.it.entry(self.owner, await self.it.submit(producer, a_signal()))
        await self.it.decide(self.owner, entry)
        self.grant = (await self.bridge.claim((await self.bridge.hear("offer")).offer)).grant
        await self.bridge.tell(f"result:{self.grant.command_id}:1", result=a_result(self.grant))
        await self.bridge.acknowledged(await self.bridge.tell("deal:501", deal=a_deal(self.grant)))

    def position(self, **changes: Any) -> execution.Position:
        """Our position as it should be."""
        (position,) = a_snapshot().positions
        position.magic = self.grant.magic
        position.stop_loss, position.take_profit = "1.0801", "1.0955"
        for name, value in changes.items():
            setattr(position, name, value)
        return position

    async def deal_of_others(self, ticket: int, volume: str, **changes: Any) -> None:
        deal = a_deal(execution.Grant(), ticket=ticket, volume=volume)
        deal.type, deal.entry, deal.reason = 1, execution.DEAL_ENTRY_OUT, 4
        for name, value in changes.items():
            setattr(deal, name, value)
        await self.bridge.acknowledged(await self.bridge.tell(f"deal:{ticket}", deal=deal))

    async def shows(
        self, *positions: execution.Position, connected: bool = True
    ) -> pb.ReconciliationRun:
        """The terminal is read, and compared."""
        self.revision += 1
        snapshot = a_snapshot(self.revision)
        del snapshot.positions[:]
        snapshot.positions.extend(positions)
        snapshot.connected = connected
        await self.bridge.acknowledged(
            await self.bridge.tell(f"snapshot:{self.revision}", snapshot=snapshot)
        )
        return await self.compared()

    async def compared(self) -> pb.ReconciliationRun:
        async def run() -> pb.ReconciliationRun | None:
            answer = await self.it.reconciliation.StartReconciliation(
                pb.StartReconciliationRequest(account_id=self.owner.account_id),
                metadata=self.owner.metadata,
            )
            return answer.run if answer.run.HasField("end_time") else None

        found = await until(run, "nobody else compares the account")
        assert found is not None
        return found

    async def divergences(self, *states: pb.DivergenceState) -> Sequence[pb.Divergence]:
        answer = await self.it.reconciliation.ListDivergences(
            pb.ListDivergencesRequest(account_id=self.owner.account_id, states=states),
            metadata=self.owner.metadata,
        )
        return list(answer.divergences)

    async def the_one(self) -> pb.Divergence:
        (one,) = await self.divergences()
        return one

    async def rule(self, kind: pb.DivergenceKind, action: pb.DivergenceAction) -> None:
        await self.it.reconciliation.PutReconciliationPolicy(
            pb.PutReconciliationPolicyRequest(
                account_id=self.owner.account_id,
                rules=[pb.DivergenceRule(kind=kind, action=action)],
            ),
            metadata=self.owner.metadata,
        )

    async def resolve(self, one: pb.Divergence, action: pb.DivergenceAction) -> pb.Divergence:
        answer = await self.it.reconciliation.ResolveDivergence(
            pb.ResolveDivergenceRequest(
                divergence_id=one.divergence_id, action=action, reason="seen"
            ),
            metadata=self.owner.metadata,
        )
        return answer.divergence


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with world(database_url, tmp_path) as it:
        owner = await it.an_owner()
        async with bridge_end(it, owner, await it.a_device(owner)) as bridge:
            desk = Desk(it, owner, bridge)
            await desk.open()
            yield desk


async def test_a_trade_that_the_terminal_shows_as_approved_is_matched(desk: Desk) -> None:
    run = await desk.shows(desk.position())
    assert (run.matched, run.diverged, run.failure_reason) == (1, 0, "")
    assert await desk.divergences() == []


async def test_a_position_that_its_stop_closed_is_adopted_with_the_closing_deal(
    desk: Desk,
) -> None:
    await desk.shows(desk.position())
    await desk.deal_of_others(502, "0.1")
    await desk.shows()
    await desk.shows()
    one = await desk.the_one()
    assert (one.kind, one.state) == (
        pb.DIVERGENCE_KIND_CLOSED_BY_BROKER,
        pb.DIVERGENCE_STATE_ADOPTED,
    )
    assert (one.deal_ticket, one.position_id) == (502, 401)
    assert json.loads(one.actual_json)["reason"] == "STOP_LOSS"
    run = await desk.shows()
    assert (run.matched, run.diverged) == (0, 0)
    async with desk.it.database.transaction(None) as tx:
        told = await tx.scalars(
            select(audit_entries.c.kind)
            .where(audit_entries.c.subject == f"divergence:{one.divergence_id}")
            .order_by(audit_entries.c.id)
        )
        assert list(told) == ["divergence.open", "divergence.adopted"]


async def test_what_others_closed_in_part_is_taken_into_our_book(desk: Desk) -> None:
    await desk.deal_of_others(502, "0.04")
    for _ in range(2):
        await desk.shows(desk.position(volume="0.06"))
    assert (await desk.the_one()).state == pb.DIVERGENCE_STATE_ADOPTED
    run = await desk.shows(desk.position(volume="0.06"))
    assert (run.matched, run.diverged) == (1, 0)
    await desk.deal_of_others(503, "0.03")
    await desk.shows(desk.position(volume="0.03"))
    newest, _ = await desk.divergences()
    assert (newest.kind, newest.deal_ticket) == (pb.DIVERGENCE_KIND_PARTIAL, 503)


async def test_a_position_without_a_trace_waits_for_a_person_and_may_come_back(
    desk: Desk,
) -> None:
    """A terminal that has just started may show nothing at all, and mean it."""
    await desk.shows(desk.position())
    await desk.shows()
    assert (await desk.the_one()).state == pb.DIVERGENCE_STATE_OPEN
    await desk.shows()
    one = await desk.the_one()
    assert (one.kind, one.state) == (pb.DIVERGENCE_KIND_ORPHAN, pb.DIVERGENCE_STATE_ESCALATED)
    await desk.shows(desk.position())
    again = await desk.the_one()
    assert (again.state, again.reason) == (pb.DIVERGENCE_STATE_IGNORED, "DIFFERENCE_GONE")


async def test_a_trade_given_up_that_comes_back_is_ours_again(desk: Desk) -> None:
    await desk.shows()
    await desk.shows()
    await desk.resolve(await desk.the_one(), pb.DIVERGENCE_ACTION_ADOPT)
    assert (await desk.shows()).diverged == 0
    await desk.shows(desk.position())
    run = await desk.shows(desk.position())
    assert (run.matched, run.diverged) == (1, 0)


async def test_a_read_of_a_terminal_that_is_cut_off_begins_and_ends_nothing(desk: Desk) -> None:
    run = await desk.shows(connected=False)
    assert run.failure_reason == "SNAPSHOT_STALE"
    assert await desk.divergences() == []
    await desk.shows()
    await desk.shows()
    before = await desk.the_one()
    await desk.shows(desk.position(), connected=False)
    assert await desk.the_one() == before


async def test_a_position_opened_by_hand_is_left_alone_unless_its_owner_says_otherwise(
    desk: Desk,
) -> None:
    by_hand = desk.position(ticket=9, identifier=9, magic=0)
    for _ in range(2):
        await desk.shows(desk.position(), by_hand)
    assert (await desk.the_one()).state == pb.DIVERGENCE_STATE_IGNORED
    await desk.rule(pb.DIVERGENCE_KIND_MANUAL, pb.DIVERGENCE_ACTION_ESCALATE)
    another = desk.position(ticket=10, identifier=10, magic=0)
    for _ in range(2):
        await desk.shows(desk.position(), by_hand, another)
    (waiting,) = await desk.divergences(pb.DIVERGENCE_STATE_ESCALATED)
    assert waiting.position_id == 10
    await desk.shows(desk.position(), by_hand)
    assert (await desk.divergences(pb.DIVERGENCE_STATE_CLOSED))[0].position_id == 10


async def test_a_reversed_position_is_escalated_and_the_books_turn_when_adopted(
    desk: Desk,
) -> None:
    await desk.deal_of_others(502, "0.3", entry=execution.DEAL_ENTRY_INOUT)
    reversed_now = desk.position(side=values_pb2.SIDE_SELL, volume="0.2")
    await desk.shows(reversed_now)
    await desk.shows(reversed_now)
    one = await desk.the_one()
    assert (one.kind, one.state) == (pb.DIVERGENCE_KIND_REVERSED, pb.DIVERGENCE_STATE_ESCALATED)
    await desk.resolve(one, pb.DIVERGENCE_ACTION_ADOPT)
    run = await desk.shows(reversed_now)
    assert (run.matched, run.diverged) == (1, 0)


async def test_a_deal_of_a_position_that_nobody_saw_is_told_once(desk: Desk) -> None:
    now = int(datetime.now(UTC).timestamp() * 1000)
    for ticket in (601, 602):
        await desk.deal_of_others(ticket, "0.2", position_id=600, broker_time_ms=now)
    await desk.shows(desk.position())
    await desk.shows(desk.position())
    one = await desk.the_one()
    assert (one.kind, one.deal_ticket) == (pb.DIVERGENCE_KIND_UNKNOWN_DEAL, 601)
    assert one.state == pb.DIVERGENCE_STATE_ESCALATED


async def test_deals_from_before_the_account_was_known_are_nobodys_business(desk: Desk) -> None:
    await desk.deal_of_others(601, "0.2", position_id=600)
    run = await desk.shows(desk.position())
    assert run.diverged == 0


async def test_a_balance_that_the_deals_do_not_explain_is_told_until_they_do(desk: Desk) -> None:
    await desk.shows(desk.position())
    async with desk.it.database.transaction(None) as tx:
        await tx.execute(update(reconciliations).values(statement_due_at=datetime.now(UTC)))
    await desk.shows(desk.position())
    await desk.shows(desk.position())
    one = await desk.the_one()
    assert (one.kind, one.state) == (pb.DIVERGENCE_KIND_STATEMENT, pb.DIVERGENCE_STATE_ESCALATED)
    status = await desk.it.reconciliation.GetReconciliation(
        pb.GetReconciliationRequest(user_id=desk.owner.id), metadata=desk.owner.metadata
    )
    assert status.accounts[0].statement_difference == "-10000"
    deposit = {"type": 2, "entry": 0, "symbol": "", "profit": "10000", "position_id": 0}
    await desk.deal_of_others(1, "0", **deposit)
    async with desk.it.database.transaction(None) as tx:
        await tx.execute(update(reconciliations).values(statement_due_at=datetime.now(UTC)))
    await desk.shows(desk.position())
    assert (await desk.the_one()).reason == "DIFFERENCE_GONE"


async def test_a_balance_is_told_of_to_nobody_by_a_reading_that_it_was_not_compared_with(
    desk: Desk,
) -> None:
    await desk.shows(desk.position())
    async with desk.it.database.transaction(None) as tx:
        await tx.execute(update(reconciliations).values(statement_due_at=datetime.now(UTC)))
    await desk.shows(desk.position())
    # The same reading once more: it confirms nothing, and the next sum is due in a minute.
    await desk.compared()
    deposit = {"type": 2, "entry": 0, "symbol": "", "profit": "10000", "position_id": 0}
    await desk.deal_of_others(1, "0", **deposit)
    await desk.shows(desk.position())
    assert (await desk.the_one()).state == pb.DIVERGENCE_STATE_OPEN
    async with desk.it.database.transaction(None) as tx:
        await tx.execute(update(reconciliations).values(statement_due_at=datetime.now(UTC)))
    await desk.shows(desk.position())
    assert (await desk.the_one()).reason == "DIFFERENCE_GONE"


async def test_a_persons_word_ends_it_once(desk: Desk) -> None:
    await desk.shows()
    await desk.shows()
    one = await desk.the_one()
    ended = await desk.resolve(one, pb.DIVERGENCE_ACTION_IGNORE)
    assert (ended.state, ended.reason) == (pb.DIVERGENCE_STATE_IGNORED, "seen")
    assert await desk.resolve(one, pb.DIVERGENCE_ACTION_IGNORE) == ended
    with refusal(grpc.StatusCode.ABORTED, "ALREADY_DECIDED"):
        await desk.resolve(one, pb.DIVERGENCE_ACTION_ADOPT)
    assert (await desk.shows()).diverged == 0


async def closed(desk: Desk, position_id: int, *left: execution.Position) -> pb.Divergence:
    """The bridge is offered a close of the position, carries it out, and shows what is left."""
    offer = (await desk.bridge.hear("offer")).offer
    assert "kind: close\n" in offer.intent_text
    assert offer.target.position_id == position_id
    grant = (await desk.bridge.claim(offer)).grant
    changes = {"position_id": position_id, "magic": grant.magic, "reason": 3}
    await desk.deal_of_others(599, "0.1", **changes)
    await desk.shows(*left)
    return await desk.the_one()


async def test_a_position_opened_by_hand_is_closed_where_its_owner_says_so(desk: Desk) -> None:
    await desk.rule(pb.DIVERGENCE_KIND_MANUAL, pb.DIVERGENCE_ACTION_CLOSE)
    by_hand = desk.position(identifier=10, ticket=10, magic=0)
    await desk.shows(desk.position(), by_hand)
    assert not (await desk.the_one()).HasField("closing_time")
    await desk.shows(desk.position(), by_hand)
    one = await desk.the_one()
    assert (one.state, one.reason) == (pb.DIVERGENCE_STATE_OPEN, "POLICY_CLOSE")
    assert one.HasField("closing_time")
    await desk.shows(desk.position(), by_hand)
    ended = await closed(desk, 10, desk.position())
    assert (ended.state, ended.reason) == (pb.DIVERGENCE_STATE_CLOSED, "POLICY_CLOSE")
    assert not ended.HasField("closing_time")
    assert (await desk.shows(desk.position())).diverged == 0


async def test_what_two_looks_did_not_see_closed_is_told_to_a_person_and_closed_on(
    desk: Desk,
) -> None:
    await desk.rule(pb.DIVERGENCE_KIND_MANUAL, pb.DIVERGENCE_ACTION_CLOSE)
    by_hand = desk.position(identifier=10, ticket=10, magic=0)
    for _ in range(2):
        await desk.shows(desk.position(), by_hand)
    # As if the last look had been a cycle ago.
    async with desk.it.database.transaction(None) as tx:
        earlier = divergences.c.closing_since - OVERDUE_AFTER
        await tx.execute(update(divergences).values(closing_since=earlier))
    await desk.shows(desk.position(), by_hand)
    one = await desk.the_one()
    assert (one.state, one.reason) == (pb.DIVERGENCE_STATE_ESCALATED, "CLOSE_OVERDUE")
    async with desk.it.database.transaction(None) as tx:
        kinds = set(await tx.scalars(select(audit_entries.c.kind)))
    assert "divergence.escalated" in kinds, "its owner is told"
    ended = await closed(desk, 10, desk.position())
    assert ended.state == pb.DIVERGENCE_STATE_CLOSED


async def test_a_persons_word_closes_what_differs_and_a_repeat_closes_nothing_twice(
    desk: Desk,
) -> None:
    await desk.shows(desk.position(stop_loss="1.07"))
    await desk.shows(desk.position(stop_loss="1.07"))
    one = await desk.the_one()
    assert one.state == pb.DIVERGENCE_STATE_ESCALATED
    closing = await desk.resolve(one, pb.DIVERGENCE_ACTION_CLOSE)
    assert closing.HasField("closing_time")
    assert await desk.resolve(one, pb.DIVERGENCE_ACTION_CLOSE) == closing
    await desk.shows(desk.position(stop_loss="1.07"))
    ended = await closed(desk, 401)
    assert (ended.state, ended.reason) == (pb.DIVERGENCE_STATE_CLOSED, "seen")
    assert (await desk.shows()).diverged == 0


async def test_what_has_no_open_position_cannot_be_closed(desk: Desk) -> None:
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await desk.rule(pb.DIVERGENCE_KIND_ORPHAN, pb.DIVERGENCE_ACTION_CLOSE)
    await desk.shows()
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await desk.resolve(await desk.the_one(), pb.DIVERGENCE_ACTION_CLOSE)


async def test_a_policy_names_a_kind_once_and_what_it_does_not_name_has_its_default(
    desk: Desk,
) -> None:
    twice = [
        pb.DivergenceRule(kind=pb.DIVERGENCE_KIND_STOPS, action=pb.DIVERGENCE_ACTION_IGNORE),
        pb.DivergenceRule(kind=pb.DIVERGENCE_KIND_STOPS, action=pb.DIVERGENCE_ACTION_ADOPT),
    ]
    request = pb.PutReconciliationPolicyRequest(account_id=desk.owner.account_id, rules=twice)
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await desk.it.reconciliation.PutReconciliationPolicy(request, metadata=desk.owner.metadata)
    del request.rules[1]
    answer = await desk.it.reconciliation.PutReconciliationPolicy(
        request, metadata=desk.owner.metadata
    )
    rules = {rule.kind: rule.action for rule in answer.rules}
    assert len(rules) == 10
    assert rules[pb.DIVERGENCE_KIND_STOPS] == pb.DIVERGENCE_ACTION_IGNORE
    assert rules[pb.DIVERGENCE_KIND_ORPHAN] == pb.DIVERGENCE_ACTION_ESCALATE
    kept = await desk.it.reconciliation.GetReconciliationPolicy(
        pb.GetReconciliationPolicyRequest(account_id=desk.owner.account_id),
        metadata=desk.owner.metadata,
    )
    assert kept.rules == answer.rules


async def test_runs_and_their_snapshots_can_be_looked_up(desk: Desk) -> None:
    for volume in ("0.1", "0.2", "0.1"):
        await desk.shows(desk.position(volume=volume))
    metadata = desk.owner.metadata
    request = pb.ListReconciliationRunsRequest(account_id=desk.owner.account_id, page_size=2)
    first = await desk.it.reconciliation.ListReconciliationRuns(request, metadata=metadata)
    assert [run.diverged for run in first.runs] == [0, 1]
    request.page_token = first.next_page_token
    second = await desk.it.reconciliation.ListReconciliationRuns(request, metadata=metadata)
    assert second.runs[0].diverged == 0
    snapshots = await desk.it.reconciliation.ListSnapshots(
        pb.ListSnapshotsRequest(account_id=desk.owner.account_id), metadata=metadata
    )
    shown = [one.snapshot.positions[0].volume for one in snapshots.snapshots]
    assert shown[:3] == ["0.1", "0.2", "0.1"]
    assert snapshots.snapshots[0].currency == "USD"


async def test_nobody_but_its_owner_sees_or_ends_a_divergence(desk: Desk) -> None:
    await desk.shows()
    one = await desk.the_one()
    other = await desk.it.an_owner("bob", login=1000002)
    request = pb.GetDivergenceRequest(divergence_id=one.divergence_id)
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await desk.it.reconciliation.GetDivergence(request, metadata=other.metadata)
    shown = await desk.it.reconciliation.GetDivergence(request, metadata=desk.it.operator)
    assert shown.divergence == one
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await desk.it.reconciliation.GetReconciliation(
            pb.GetReconciliationRequest(user_id=desk.owner.id), metadata=other.metadata
        )
    assert UUID(one.account_id) == UUID(desk.owner.account_id)
