"""Offer, claim, grant, and everything a bridge may say, over a real stream and a real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import grpc
import pytest
from sqlalchemy import func, select, update

from countersign.v1 import (
    accounts_pb2,
    approvals_pb2,
    devices_pb2,
    execution_pb2 as pb,
    reconciliation_pb2,
    values_pb2,
)
from countersign_server.accounts.account import TradingState
from countersign_server.accounts.store import set_trading_state
from countersign_server.accounts.tables import accounts
from countersign_server.audit.entries import Trace
from countersign_server.audit.tables import audit_entries
from countersign_server.execution.tables import commands
from tests.fixtures.bridge_end import (
    a_deal,
    a_result,
    a_snapshot,
    bridge_end,
    stamp,
)
from tests.fixtures.channel_stories import approved, audit_kinds, command_of, granted
from tests.fixtures.refusals import refusal
from tests.fixtures.waiting import until
from tests.fixtures.world import Device, Owner, Producer, World, a_signal, world


@pytest.fixture
async def it(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_url, tmp_path) as running:
        yield running


async def test_an_approved_signal_becomes_one_granted_executed_and_audited_command(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        approval = await approved(it, owner, producer)
        offer = (await bridge.hear("offer")).offer
        assert (offer.intent_text, offer.intent_digest) == (
            approval.intent.text,
            approval.intent.digest,
        )
        await bridge.tell(
            f"received:{offer.command_id}:1",
            received=pb.CommandReceived(command_id=offer.command_id, attempt=1),
        )
        grant = (await bridge.claim(offer)).grant
        assert (grant.magic, grant.generation, len(grant.grant_id)) == (offer.magic, 1, 16)
        await bridge.tell(
            f"intent:{offer.command_id}:1",
            intent=pb.IntentRecorded(
                command_id=offer.command_id,
                attempt=1,
                grant_id=grant.grant_id,
                request_sha256="0" * 64,
            ),
        )
        await bridge.tell(f"result:{offer.command_id}:1", result=a_result(grant))
        last = await bridge.tell("deal:501", deal=a_deal(grant))
        await bridge.acknowledged(last)

    command = await command_of(it, owner, approval.signal_id)
    assert command.state == pb.COMMAND_STATE_EXECUTED
    assert (command.filled_volume, command.average_price) == ("0.1", "1.0845")
    assert [report.kind for report in command.reports] == ["received", "intent", "result"]
    assert [deal.ticket for deal in command.deals] == [501]
    assert await audit_kinds(it, command.command_id) == [
        "command.approved",
        "approval.approved",
        "command.offered",
        "command.received",
        "command.granted",
        "command.intent",
        "command.executed",
        "deal.recorded",
    ]


async def test_a_command_is_never_granted_twice(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await approved(it, owner, producer)
        offer = (await bridge.hear("offer")).offer
        first = await bridge.claim(offer, nonce=b"1" * 16)
        same = await bridge.claim(offer, nonce=b"1" * 16)
        other = await bridge.claim(offer, nonce=b"2" * 16)
    assert same.grant.grant_id == first.grant.grant_id
    assert same.grant.valid_for_ms <= first.grant.valid_for_ms
    assert other.deny.reason == "ALREADY_GRANTED"


async def test_a_restarted_bridge_is_not_offered_what_was_granted(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        approval, grant = await granted(it, owner, producer, bridge)
        await bridge.say(goodbye=pb.Goodbye(reason="SHUTDOWN"))
        await bridge.ended()
    unresolved = pb.UnresolvedAttempt(command_id=grant.command_id, attempt=1, magic=grant.magic)
    async with bridge_end(it, owner, device, unresolved=[unresolved]) as bridge:
        asked = (await bridge.hear("resolve")).resolve
        assert (asked.command_id, asked.magic) == (grant.command_id, grant.magic)
        # The other way: the doubt holds back what would open the same once more.
        sold = a_signal(side=values_pb2.SIDE_SELL)
        sold.open.stop.stop_loss, sold.open.target.take_profit = "1.0955", "1.0801"
        again = await approved(it, owner, producer, sold)
        offer = (await bridge.hear("offer")).offer
        assert offer.approval_id == again.approval_id
    command = await command_of(it, owner, approval.signal_id)
    assert (command.state, command.reason) == (pb.COMMAND_STATE_IN_DOUBT, "BRIDGE_RESTARTED")


async def test_a_granted_command_without_a_result_is_in_doubt_and_a_late_deal_ends_it(
    database_url: str, tmp_path: Path
) -> None:
    async with world(database_url, tmp_path, doubt_after=timedelta(milliseconds=300)) as it:
        owner = await it.an_owner()
        producer = await it.a_producer(owner)
        await it.follow(owner, producer)
        device = await it.a_device(owner)
        async with bridge_end(it, owner, device) as bridge:
            approval, grant = await granted(it, owner, producer, bridge)
            await bridge.hear("resolve")
            command = await command_of(it, owner, approval.signal_id)
            assert (command.state, command.reason) == (pb.COMMAND_STATE_IN_DOUBT, "NO_RESULT")
            await bridge.acknowledged(await bridge.tell("deal:501", deal=a_deal(grant)))
        command = await command_of(it, owner, approval.signal_id)
        assert command.state == pb.COMMAND_STATE_EXECUTED


async def test_revoking_wins_before_the_grant_and_loses_after_it(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        first = await approved(it, owner, producer)
        offer = (await bridge.hear("offer")).offer
        await it.approvals.RevokeApproval(
            approvals_pb2.RevokeApprovalRequest(approval_id=first.approval_id),
            metadata=owner.metadata,
        )
        assert (await bridge.claim(offer)).deny.reason == "REVOKED"
        second, grant = await granted(it, owner, producer, bridge)
        with refusal(grpc.StatusCode.FAILED_PRECONDITION, "TOO_LATE_TO_REVOKE"):
            await it.approvals.RevokeApproval(
                approvals_pb2.RevokeApprovalRequest(approval_id=second.approval_id),
                metadata=owner.metadata,
            )
        assert (await bridge.hear("cancel")).cancel.command_id == grant.command_id


async def test_revoke_and_claim_at_once_have_exactly_one_winner(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        for _ in range(8):
            approval = await approved(it, owner, producer)
            offer = (await bridge.hear("offer")).offer
            request = approvals_pb2.RevokeApprovalRequest(approval_id=approval.approval_id)
            revoked, answer = await asyncio.gather(  # pyright: ignore[reportUnknownVariableType]
                it.approvals.RevokeApproval(request, metadata=owner.metadata),
                bridge.claim(offer),
                return_exceptions=True,
            )
            assert isinstance(answer, pb.ChannelResponse)
            won_by_bridge = answer.HasField("grant")
            assert won_by_bridge == isinstance(revoked, grpc.aio.AioRpcError)


async def test_an_expired_command_is_not_granted(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        approval = await approved(it, owner, producer)
        offer = (await bridge.hear("offer")).offer
        async with it.database.transaction(None) as tx:
            await tx.execute(
                update(commands)
                .where(commands.c.id == UUID(offer.command_id))
                .values(expires_at=datetime.now(UTC))
            )
        assert (await bridge.claim(offer)).deny.reason == "EXPIRED"

        async def over() -> bool:
            command = await command_of(it, owner, approval.signal_id)
            return bool(command.state == pb.COMMAND_STATE_EXPIRED)

        await until(over, "the command expires")


async def test_a_halted_account_opens_nothing_and_the_bridge_is_told(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await approved(it, owner, producer)
        offer = (await bridge.hear("offer")).offer
        async with it.database.transaction(None) as tx:
            await set_trading_state(
                tx,
                UUID(owner.account_id),
                state=TradingState.CLOSE_ONLY,
                cause="DRAWDOWN_LIMIT",
                now=datetime.now(UTC),
                trace=Trace("system:test"),
            )
        assert (await bridge.claim(offer)).deny.reason == "HALTED"
        halt = (await bridge.hear("halt")).halt
        assert halt.cause == "DRAWDOWN_LIMIT"


async def test_one_session_an_account_and_the_next_when_it_has_ended(
    it: World, owner: Owner, device: Device
) -> None:
    second = await it.a_device(owner)
    async with bridge_end(it, owner, device) as bridge:
        with refusal(grpc.StatusCode.ABORTED, "SESSION_HELD"):
            async with bridge_end(it, owner, second):
                pass
        await bridge.say(goodbye=pb.Goodbye(reason="SHUTDOWN"))
        assert await bridge.ended() is grpc.StatusCode.OK
    async with bridge_end(it, owner, second):
        pass


async def test_a_silent_session_lapses(database_url: str, tmp_path: Path) -> None:
    async with world(
        database_url,
        tmp_path,
        heartbeat_interval=timedelta(milliseconds=200),
        # Opening the session must not take as long.
        heartbeat_timeout=timedelta(seconds=3),
    ) as it:
        owner = await it.an_owner()
        device = await it.a_device(owner)
        async with bridge_end(it, owner, device) as bridge:
            assert (await bridge.hear("goodbye")).goodbye.reason == "SESSION_LAPSED"


async def test_a_revoked_device_loses_its_stream_within_a_second(
    it: World, owner: Owner, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await it.devices.RevokeDevice(
            devices_pb2.RevokeDeviceRequest(device_id=device.id), metadata=owner.metadata
        )
        async with asyncio.timeout(1):
            assert (await bridge.hear("goodbye")).goodbye.reason == "DEVICE_REVOKED"
            assert await bridge.ended() is grpc.StatusCode.PERMISSION_DENIED
    with refusal(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED"):
        async with bridge_end(it, owner, device):
            pass


@pytest.mark.parametrize(
    ("name", "value"), [("login", 7), ("server", "Other"), ("currency", "EUR"), ("margin_mode", 1)]
)
async def test_a_terminal_of_another_account_is_not_let_in(
    it: World, owner: Owner, device: Device, name: str, value: object
) -> None:
    shown = type(owner.fingerprint)()
    shown.CopyFrom(owner.fingerprint)
    setattr(shown, name, value)
    with refusal(grpc.StatusCode.PERMISSION_DENIED, "ACCOUNT_MISMATCH"):
        async with bridge_end(it, owner, device, account=shown):
            pass


async def test_frames_are_taken_once_and_in_order(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        approval, grant = await granted(it, owner, producer, bridge)
        event = pb.Event(natural_key="deal:501", event_time=stamp(), deal=a_deal(grant))
        await bridge.say_as(bridge.sequence + 2, event=event)
        fault = (await bridge.hear("fault")).fault
        assert (fault.reason, fault.resend_from) == ("SEQUENCE_GAP", bridge.sequence + 1)
        sequence = await bridge.say(event=event)
        await bridge.say_as(sequence, event=event)
        await bridge.acknowledged(sequence)
    command = await command_of(it, owner, approval.signal_id)
    assert command.filled_volume == "0.1"


async def test_a_deal_told_in_two_sessions_counts_once(
    it: World, owner: Owner, device: Device
) -> None:
    for _ in range(2):
        async with bridge_end(it, owner, device) as bridge:
            deal = pb.Deal(
                ticket=9, type=2, volume="0", price="0", profit="100",
                commission="0", swap="0", fee="0",
            )  # fmt: skip
            await bridge.acknowledged(await bridge.tell("deal:9", deal=deal))
            await bridge.say(goodbye=pb.Goodbye(reason="SHUTDOWN"))
            await bridge.ended()
    async with it.database.transaction(None) as tx:
        told = await tx.scalar(select(func.count()).where(audit_entries.c.kind == "deal.recorded"))
    assert told == 1


async def test_a_frame_of_another_session_ends_the_stream(
    it: World, owner: Owner, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        bridge.epoch = b"x" * 16
        await bridge.say(heartbeat=pb.BridgeHeartbeat())
        assert await bridge.ended() is grpc.StatusCode.ABORTED


async def test_the_first_frame_must_be_hello(it: World, device: Device) -> None:
    call = it.execution.Channel(metadata=device.metadata)
    await call.write(pb.ChannelRequest(heartbeat=pb.BridgeHeartbeat()))
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await call.read()
        await call


async def test_a_bridge_that_has_seen_more_grants_than_we_remember_puts_all_in_doubt(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    approval = await approved(it, owner, producer)
    async with bridge_end(it, owner, device, generation_seen=5) as bridge:
        assert bridge.welcome.generation == 5
        assert (await bridge.hear("resolve")).resolve.command_id == approval.command_id
    command = await command_of(it, owner, approval.signal_id)
    assert (command.state, command.reason) == (pb.COMMAND_STATE_IN_DOUBT, "SERVER_RESTORED")
    async with it.database.transaction(None) as tx:
        generation = await tx.scalar(select(accounts.c.generation))
    assert generation == 5


async def test_an_offer_declined_for_good_is_over_and_one_declined_for_now_comes_again(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        approval = await approved(it, owner, producer)
        offer = (await bridge.hear("offer")).offer
        for final in (False, True):
            decline = pb.Decline(
                command_id=offer.command_id, attempt=1, reason="MARKET_CLOSED", final=final
            )
            await bridge.say(decline=decline)
            if not final:
                offer = (await bridge.hear("offer")).offer
        assert (await bridge.claim(offer)).deny.reason == "NOT_OFFERED"
    command = await command_of(it, owner, approval.signal_id)
    assert (command.state, command.reason) == (pb.COMMAND_STATE_REJECTED, "MARKET_CLOSED")


async def test_a_deal_of_a_revoked_command_is_believed_and_is_an_anomaly(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        approval = await approved(it, owner, producer)
        offer = (await bridge.hear("offer")).offer
        await it.approvals.RevokeApproval(
            approvals_pb2.RevokeApprovalRequest(approval_id=approval.approval_id),
            metadata=owner.metadata,
        )
        stray = a_deal(pb.Grant(magic=offer.magic))
        await bridge.acknowledged(await bridge.tell("deal:501", deal=stray))
    command = await command_of(it, owner, approval.signal_id)
    assert command.state == pb.COMMAND_STATE_EXECUTED
    assert "anomaly.EVIDENCE_CONTRADICTS_STATE" in await audit_kinds(it, command.command_id)


async def test_positions_are_what_the_bridge_read_last(
    it: World, owner: Owner, device: Device
) -> None:
    async def positions() -> list[reconciliation_pb2.StoredSnapshot]:
        answer = await it.reconciliation.ListPositions(
            reconciliation_pb2.ListPositionsRequest(), metadata=owner.metadata
        )
        return list(answer.accounts)

    assert await positions() == []
    async with bridge_end(it, owner, device) as bridge:
        await bridge.tell("snapshot:1", snapshot=a_snapshot(1))
        await bridge.acknowledged(await bridge.tell("snapshot:2", snapshot=a_snapshot(2)))
    (account,) = await positions()
    assert account.snapshot.revision == 2
    assert [position.ticket for position in account.snapshot.positions] == [401]


async def test_a_day_of_deals_that_differs_is_asked_for(
    it: World, owner: Owner, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        digest = pb.DealDigest(day="2026-03-02", count=1, tickets_sha256="0" * 64)
        await bridge.say(deal_digest=digest)
        assert (await bridge.hear("fetch_deals")).fetch_deals.day == "2026-03-02"


async def test_a_polling_ea_does_the_same_by_single_calls(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    approval = await approved(it, owner, producer)
    polled = await it.execution.PollCommands(pb.PollCommandsRequest(), metadata=device.metadata)
    (offer,) = polled.offers
    claim = pb.ClaimCommandRequest(
        claim=pb.Claim(command_id=offer.command_id, attempt=1, claim_nonce=b"1" * 16),
        account=owner.fingerprint,
    )
    first = await it.execution.ClaimCommand(claim, metadata=device.metadata)
    again = await it.execution.ClaimCommand(claim, metadata=device.metadata)
    assert again.grant.grant_id == first.grant.grant_id
    claim.claim.claim_nonce = b"2" * 16
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "CLAIM_DENIED"):
        await it.execution.ClaimCommand(claim, metadata=device.metadata)
    intent = pb.IntentRecorded(
        command_id=offer.command_id,
        attempt=1,
        grant_id=first.grant.grant_id,
        request_sha256="0" * 64,
    )
    acked = await it.execution.ReportAck(
        pb.ReportAckRequest(event_time=stamp(), intent=intent), metadata=device.metadata
    )
    assert acked.state == pb.COMMAND_STATE_GRANTED
    for _ in range(2):
        filled = await it.execution.ReportFill(
            pb.ReportFillRequest(event_time=stamp(), deal=a_deal(first.grant)),
            metadata=device.metadata,
        )
        assert (filled.state, filled.command_id) == (
            pb.COMMAND_STATE_EXECUTED,
            offer.command_id,
        )
    command = await command_of(it, owner, approval.signal_id)
    assert command.filled_volume == "0.1"


async def test_a_polling_ea_reports_a_refusal_and_nothing_can_be_granted_any_more(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    await approved(it, owner, producer)
    polled = await it.execution.PollCommands(pb.PollCommandsRequest(), metadata=device.metadata)
    claim = pb.Claim(command_id=polled.offers[0].command_id, attempt=1, claim_nonce=b"1" * 16)
    answer = await it.execution.ClaimCommand(
        pb.ClaimCommandRequest(claim=claim, account=owner.fingerprint), metadata=device.metadata
    )
    result = a_result(
        answer.grant, pb.ATTEMPT_OUTCOME_REJECTED, retcode=10018, reason="MARKET_CLOSED"
    )
    for _ in range(2):
        told = await it.execution.ReportError(
            pb.ReportErrorRequest(event_time=stamp(), result=result), metadata=device.metadata
        )
        assert told.state == pb.COMMAND_STATE_REJECTED
    polled = await it.execution.PollCommands(pb.PollCommandsRequest(), metadata=device.metadata)
    assert not polled.offers


async def test_a_device_cannot_touch_the_commands_of_another_account(
    it: World, owner: Owner, producer: Producer
) -> None:
    approval = await approved(it, owner, producer)
    bob = await it.an_owner("bob", login=1000002)
    strange = await it.a_device(bob)
    async with bridge_end(it, bob, strange) as bridge:
        offer = pb.Offer(command_id=approval.command_id, attempt=1)
        assert (await bridge.claim(offer)).deny.reason == "NOT_FOUND"
        result = a_result(pb.Grant(command_id=approval.command_id, attempt=1, grant_id=b"1" * 16))
        await bridge.acknowledged(
            await bridge.tell(f"result:{approval.command_id}:1", result=result)
        )
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await it.execution.GetExecutionStatus(
            pb.GetExecutionStatusRequest(signal_id=approval.signal_id), metadata=bob.metadata
        )
    command = await command_of(it, owner, approval.signal_id)
    assert command.state == pb.COMMAND_STATE_APPROVED


async def test_a_producer_sees_how_its_signal_fared_and_nothing_of_the_follower(
    it: World, producer: Producer
) -> None:
    bob = await it.an_owner("bob", login=1000002)
    await it.follow(bob, producer)
    await it.tell_prices(bob)
    signal_id = await it.submit(producer, a_signal())
    await it.decide(bob, await it.entry(bob, signal_id))
    answer = await it.execution.GetExecutionStatus(
        pb.GetExecutionStatusRequest(signal_id=signal_id), metadata=producer.metadata
    )
    (command,) = answer.commands
    assert command.state == pb.COMMAND_STATE_APPROVED
    assert (command.account_id, command.intent_text, command.magic) == ("", "", 0)


async def test_cancelling_is_certain_before_the_grant_and_a_request_after_it(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    first = await approved(it, owner, producer)
    request = pb.CancelCommandRequest(command_id=first.command_id, reason="changed my mind")
    for _ in range(2):
        answer = await it.execution.CancelCommand(request, metadata=owner.metadata)
        assert answer.command.state == pb.COMMAND_STATE_REVOKED
    async with bridge_end(it, owner, device) as bridge:
        _, grant = await granted(it, owner, producer, bridge)
        with refusal(grpc.StatusCode.FAILED_PRECONDITION, "TOO_LATE_TO_CANCEL"):
            await it.execution.CancelCommand(
                pb.CancelCommandRequest(command_id=grant.command_id), metadata=owner.metadata
            )
        assert (await bridge.hear("cancel")).cancel.command_id == grant.command_id


async def test_cancelling_what_has_expired_says_so(
    it: World, owner: Owner, producer: Producer
) -> None:
    waiting = await approved(it, owner, producer)
    async with it.database.transaction(None) as tx:
        mine = commands.c.id == UUID(waiting.command_id)
        await tx.execute(update(commands).where(mine).values(expires_at=datetime.now(UTC)))

    async def over() -> bool:
        command = await command_of(it, owner, waiting.signal_id)
        return bool(command.state == pb.COMMAND_STATE_EXPIRED)

    await until(over, "the command expires")
    request = pb.CancelCommandRequest(command_id=waiting.command_id)
    with pytest.raises(grpc.aio.AioRpcError, match="the command is expired"):
        await it.execution.CancelCommand(request, metadata=owner.metadata)
    taking_back = approvals_pb2.RevokeApprovalRequest(approval_id=waiting.approval_id)
    with pytest.raises(grpc.aio.AioRpcError, match="the command is expired"):
        await it.approvals.RevokeApproval(taking_back, metadata=owner.metadata)


async def test_a_polling_ea_and_a_stream_do_not_hold_an_account_together(
    it: World, owner: Owner, device: Device
) -> None:
    async with bridge_end(it, owner, device):
        second = await it.a_device(owner)
        with refusal(grpc.StatusCode.ABORTED, "SESSION_HELD"):
            await it.execution.PollCommands(pb.PollCommandsRequest(), metadata=second.metadata)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"max_commands_per_minute": 1}, "COMMANDS_PER_MINUTE"),
        ({"max_open_positions": 1}, "OPEN_POSITIONS"),
        ({"max_identical_orders_per_minute": 1}, "IDENTICAL_ORDERS"),
    ],
)
async def test_an_account_at_its_limit_opens_nothing_more(  # noqa: PLR0913, PLR0917  # four fixtures, and a row of the table
    it: World, owner: Owner, producer: Producer, device: Device, limit: dict[str, int], reason: str
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await granted(it, owner, producer, bridge)
        await bridge.acknowledged(await bridge.tell("snapshot:1", snapshot=a_snapshot(1)))
        await approved(it, owner, producer)
        second = (await bridge.hear("offer")).offer
        # Approved while there was room.
        async with it.database.transaction(None) as tx:
            await tx.execute(update(accounts).values(**limit))
        assert (await bridge.claim(second)).deny.reason == reason


async def test_an_owners_limit_holds_over_all_accounts_together(
    it: World, owner: Owner, producer: Producer, device: Device
) -> None:
    async with bridge_end(it, owner, device) as bridge:
        await granted(it, owner, producer, bridge)
        await approved(it, owner, producer)
        second = (await bridge.hear("offer")).offer
        await it.accounts.PutOwnerLimits(
            accounts_pb2.PutOwnerLimitsRequest(
                limits=accounts_pb2.OwnerLimits(max_orders_per_minute=1)
            ),
            metadata=owner.metadata,
        )
        assert (await bridge.claim(second)).deny.reason == "OWNER_ORDERS_PER_MINUTE"
