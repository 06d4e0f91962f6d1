"""An owner decides once, on what was shown, while the market and the rules still allow it."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from prometheus_client import REGISTRY
from sqlalchemy import update

from countersign.v1 import approvals_pb2 as pb
from countersign_server.accounts.account import TradingState
from countersign_server.accounts.store import set_trading_state
from countersign_server.accounts.subscription import ApprovalMode
from countersign_server.accounts.symbol_store import confirm_symbol
from countersign_server.accounts.tables import accounts, subscriptions
from countersign_server.audit.entries import Trace
from countersign_server.execution.tables import commands
from tests.fixtures.approvals import EURUSD
from tests.fixtures.desk import Desk, Followed, open_desk
from tests.fixtures.messages import to_close, to_open
from tests.fixtures.refusals import Refusal, refusal_of

ABORTED, NOT_NOW = grpc.StatusCode.ABORTED, grpc.StatusCode.FAILED_PRECONDITION


@pytest.fixture
async def desk(database_url: str) -> AsyncGenerator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


async def asked(desk: Desk, **follower: object) -> tuple[Followed, pb.Approval]:
    """Return an owner and what waits for the owner's decision."""
    owner = await desk.a_follower(**follower)  # pyright: ignore[reportArgumentType]  # as a_follower takes them
    return owner, await desk.laid_before(owner, await desk.delivered())


def decisions_counted() -> float:
    names = ("approved", "rejected", "revoked")
    values = (REGISTRY.get_sample_value("approvals_total", {"decision": name}) for name in names)
    return sum(value or 0 for value in values)


async def reason_of(
    desk: Desk, owner: Followed, shown: pb.Approval, **more: Any
) -> str:  # fields of the request
    """Return why approving is refused for now; the entry must still be waiting."""
    refusal = await refusal_of(desk.decide(owner, shown, **more))
    assert refusal.code is NOT_NOW
    still = await desk.laid_before(owner, UUID(shown.signal_id))
    assert still.state == pb.APPROVAL_STATE_PENDING
    assert not await desk.commands_of(shown.approval_id)
    return refusal.reason


async def test_approving_makes_the_command_and_signs_exactly_what_was_shown(desk: Desk) -> None:
    owner, shown = await asked(desk)

    approved = await desk.decide(owner, shown, reason="looks right")

    assert (approved.state, approved.mode) == (
        pb.APPROVAL_STATE_APPROVED,
        pb.DECISION_MODE_MANUAL,
    )
    assert approved.intent == shown.intent
    assert approved.decided_by == str(owner.owner_id)
    assert approved.reason == "looks right"
    assert approved.consent_version == "2026-11"
    assert approved.caller_address == "127.0.0.1"
    assert approved.caller_agent.startswith("desk-test/1")
    (command,) = await desk.commands_of(shown.approval_id)
    assert (str(command.id), command.state) == (approved.command_id, "approved")
    assert command.intent_text == shown.intent.text
    assert command.intent_digest == shown.intent.digest
    assert command.volume == Decimal("0.1")
    keys = {key_id: public for key_id, public, *_ in desk.keyring.approval_keys()}
    public = Ed25519PublicKey.from_public_bytes(keys[approved.server_key_id])
    signed = b"countersign.approval/1\0" + shown.intent.text.encode()
    public.verify(approved.server_signature, signed)
    assert await desk.audit_of(shown.approval_id) == ["approval.pending", "approval.approved"]
    assert await desk.laid_before(owner, UUID(shown.signal_id)) == approved


async def test_rejecting_trades_nothing_and_keeps_the_reason(desk: Desk) -> None:
    owner, shown = await asked(desk)
    rejected = await desk.decide(owner, shown, pb.DECISION_REJECT, reason="news at two")
    assert (rejected.state, rejected.reason) == (pb.APPROVAL_STATE_REJECTED, "news at two")
    assert not rejected.server_signature
    assert not await desk.commands_of(shown.approval_id)
    assert await desk.audit_of(shown.approval_id) == ["approval.pending", "approval.rejected"]


@pytest.mark.parametrize("decision", [pb.DECISION_APPROVE, pb.DECISION_REJECT])
async def test_a_repeat_answers_the_same_and_changes_nothing(
    desk: Desk, decision: pb.Decision
) -> None:
    owner, shown = await asked(desk)
    before = decisions_counted()
    first = await desk.decide(owner, shown, decision)
    assert decisions_counted() == before + 1
    desk.clock.go_on(timedelta(minutes=5))

    counted = decisions_counted()
    assert await desk.decide(owner, shown, decision, reason="again") == first
    assert decisions_counted() == counted

    assert len(await desk.audit_of(shown.approval_id)) == 2
    assert len(await desk.commands_of(shown.approval_id)) == (decision == pb.DECISION_APPROVE)


async def test_a_different_decision_is_refused(desk: Desk) -> None:
    owner, shown = await asked(desk)
    await desk.decide(owner, shown)
    contradiction = desk.decide(owner, shown, pb.DECISION_REJECT)
    assert await refusal_of(contradiction) == Refusal(ABORTED, "ALREADY_DECIDED")
    other, also_shown = await asked(desk)
    await desk.decide(other, also_shown, pb.DECISION_REJECT)
    contradiction = desk.decide(other, also_shown)
    assert await refusal_of(contradiction) == Refusal(ABORTED, "ALREADY_DECIDED")


async def test_another_intent_than_the_one_shown_is_not_approved(desk: Desk) -> None:
    owner, shown = await asked(desk)
    refusal = await refusal_of(desk.decide(owner, shown, intent_digest="00" * 32))
    assert refusal == Refusal(ABORTED, "INTENT_CHANGED")
    missing = await refusal_of(desk.decide(owner, shown, intent_digest=""))
    assert missing.code is grpc.StatusCode.INVALID_ARGUMENT
    assert not await desk.commands_of(shown.approval_id)


@pytest.mark.parametrize("decision", [pb.DECISION_APPROVE, pb.DECISION_REJECT])
async def test_past_its_expiry_nothing_is_decided_whether_or_not_it_was_marked(
    desk: Desk, decision: pb.Decision
) -> None:
    owner, shown = await asked(desk)
    desk.clock.go_on(timedelta(seconds=60))
    expired = Refusal(NOT_NOW, "APPROVAL_EXPIRED")
    assert await refusal_of(desk.decide(owner, shown, decision)) == expired
    await desk.expiry.step()
    assert await refusal_of(desk.decide(owner, shown, decision)) == expired
    assert not await desk.commands_of(shown.approval_id)


async def test_what_a_rule_declined_cannot_be_approved(desk: Desk) -> None:
    owner, shown = await asked(desk, account={"trading_state": TradingState.HALTED})
    assert shown.reason == "TRADING_HALTED"
    refusal = await refusal_of(desk.decide(owner, shown, intent_digest="00" * 32))
    assert refusal == Refusal(NOT_NOW, "APPROVAL_DECLINED")


async def test_the_entry_stays_open_while_the_market_is_elsewhere(desk: Desk) -> None:
    owner, shown = await asked(desk)
    await desk.price(owner, "1.0956", "1.0957")
    assert await reason_of(desk, owner, shown) == "PRICE_DRIFTED"
    await desk.price(owner, "1.0842", "1.0848")
    assert await reason_of(desk, owner, shown) == "SPREAD_TOO_WIDE"
    desk.clock.go_on(timedelta(seconds=11))
    assert await reason_of(desk, owner, shown) == "QUOTE_STALE"

    await desk.price(owner)

    assert (await desk.decide(owner, shown)).state == pb.APPROVAL_STATE_APPROVED


async def test_a_close_is_not_held_up_by_a_bridge_that_is_silent(desk: Desk) -> None:
    owner = await desk.a_follower()
    signal = to_open(desk.clock())
    shown = await desk.laid_before(owner, await desk.delivered(signal))
    await desk.filled(await desk.decide(owner, shown))
    closing = await desk.laid_before(owner, await desk.delivered(to_close(desk.clock(), signal)))
    desk.clock.go_on(timedelta(seconds=30))
    assert (await desk.decide(owner, closing)).state == pb.APPROVAL_STATE_APPROVED


async def test_a_signal_may_be_too_old_for_the_subscription(desk: Desk) -> None:
    owner, shown = await asked(desk, limits={"max_signal_age": timedelta(seconds=20)})
    desk.clock.go_on(timedelta(seconds=21))
    await desk.price(owner)
    assert await reason_of(desk, owner, shown) == "SIGNAL_TOO_OLD"


async def test_a_halted_account_opens_nothing_and_may_still_reject(desk: Desk) -> None:
    owner, shown = await asked(desk)
    async with desk.database.transaction(None) as tx:
        await set_trading_state(
            tx,
            owner.account.id,
            state=TradingState.HALTED,
            cause="drawdown",
            now=desk.clock(),
            trace=Trace(actor="system:test"),
        )
    assert await reason_of(desk, owner, shown) == "TRADING_HALTED"
    rejected = await desk.decide(owner, shown, pb.DECISION_REJECT)
    assert rejected.state == pb.APPROVAL_STATE_REJECTED


async def test_a_symbol_confirmed_anew_is_not_what_was_shown(desk: Desk) -> None:
    owner, shown = await asked(desk)
    smaller = replace(EURUSD, contract_size=Decimal(10000))
    await desk.price(owner, properties=smaller)
    assert await reason_of(desk, owner, shown) == "SYMBOL_CHANGED"
    async with desk.database.transaction(None) as tx:
        await confirm_symbol(
            tx,
            owner_id=owner.owner_id,
            account_id=owner.account.id,
            instrument="EURUSD",
            properties=smaller,
            now=desk.clock(),
        )
    assert await reason_of(desk, owner, shown) == "SYMBOL_CHANGED"


async def test_after_the_subscription_was_cancelled_nothing_is_approved(desk: Desk) -> None:
    owner, shown = await asked(desk)
    async with desk.database.transaction(None) as tx:
        await tx.execute(update(subscriptions).values(cancelled_at=desk.clock()))
    assert await reason_of(desk, owner, shown) == "SUBSCRIPTION_CANCELLED"


async def test_the_consent_that_is_named_must_be_the_subscriptions(desk: Desk) -> None:
    owner, shown = await asked(desk)
    assert await reason_of(desk, owner, shown, consent_version="2025-01") == "CONSENT_OUTDATED"
    approved = await desk.decide(owner, shown, consent_version="2026-11")
    assert approved.consent_version == "2026-11"


async def test_where_the_owners_own_signature_is_required_a_click_is_not_enough(desk: Desk) -> None:
    owner, shown = await asked(
        desk,
        account={"owner_signature_required": True},
        approval_mode=ApprovalMode.AUTOMATIC_WITHIN_LIMITS,
        limits={"automatic_max_volume": Decimal(1)},
    )
    assert shown.state == pb.APPROVAL_STATE_PENDING
    assert await reason_of(desk, owner, shown) == "OWNER_SIGNATURE_REQUIRED"


async def test_a_signal_that_was_not_laid_before_the_account_is_not_found(desk: Desk) -> None:
    owner, shown = await asked(desk)
    stranger = await desk.a_follower()
    nowhere = pb.CreateApprovalRequest(
        signal_id=str(uuid4()), account_id=shown.account_id, decision=pb.DECISION_REJECT
    )
    call = desk.approvals.CreateApproval(nowhere, metadata=owner.metadata)
    assert await refusal_of(call) == Refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert (await refusal_of(desk.decide(stranger, shown))).reason == "NOT_FOUND"
    assert (await refusal_of(desk.revoke(stranger, shown))).reason == "NOT_FOUND"
    still = await desk.laid_before(owner, UUID(shown.signal_id))
    assert still.state == pb.APPROVAL_STATE_PENDING


async def test_an_approval_is_taken_back_until_its_command_is_granted(desk: Desk) -> None:
    owner, shown = await asked(desk)
    await desk.decide(owner, shown)

    revoked = await desk.revoke(owner, shown)

    assert (revoked.state, revoked.reason) == (pb.APPROVAL_STATE_REVOKED, "changed my mind")
    (command,) = await desk.commands_of(shown.approval_id)
    assert command.state == "revoked"
    assert await desk.revoke(owner, shown) == revoked
    assert await desk.decide(owner, shown) == revoked
    assert (await desk.audit_of(shown.approval_id))[1:] == [
        "approval.approved",
        "approval.revoked",
    ]


async def test_after_the_grant_it_is_too_late_and_the_bridge_is_asked_to_drop_it(
    desk: Desk,
) -> None:
    owner, shown = await asked(desk)
    approved = await desk.decide(owner, shown)
    async with desk.database.transaction(None) as tx:
        granted = update(commands).where(commands.c.id == UUID(approved.command_id))
        await tx.execute(granted.values(state="granted"))

    refusal = await refusal_of(desk.revoke(owner, shown))

    assert refusal == Refusal(NOT_NOW, "TOO_LATE_TO_REVOKE")
    (command,) = await desk.commands_of(shown.approval_id)
    assert (command.state, command.cancel_asked) == ("granted", True)
    assert await desk.laid_before(owner, UUID(shown.signal_id)) == approved


async def test_what_was_not_approved_cannot_be_taken_back(desk: Desk) -> None:
    owner, shown = await asked(desk)
    refusal = Refusal(NOT_NOW, "ILLEGAL_TRANSITION")
    assert await refusal_of(desk.revoke(owner, shown)) == refusal
    await desk.decide(owner, shown, pb.DECISION_REJECT)
    assert await refusal_of(desk.revoke(owner, shown)) == refusal


async def test_an_account_of_another_owner_is_as_good_as_none(desk: Desk) -> None:
    _, shown = await asked(desk)
    async with desk.database.transaction(None) as tx:
        owners = set(await tx.scalars(accounts.select().with_only_columns(accounts.c.owner_id)))
    stranger = await desk.a_follower()
    assert stranger.owner_id not in owners
    get = pb.GetApprovalRequest(approval_id=shown.approval_id)
    call = desk.approvals.GetApproval(get, metadata=stranger.metadata)
    assert (await refusal_of(call)).code is grpc.StatusCode.NOT_FOUND
