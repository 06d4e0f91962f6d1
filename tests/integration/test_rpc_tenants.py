"""Nobody sees or changes what is another's: every method that takes an id, with somebody else's."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from countersign.v1 import (
    accounts_pb2,
    affiliates_pb2,
    analytics_pb2,
    approvals_pb2,
    audit_pb2,
    charts_pb2,
    devices_pb2,
    execution_pb2,
    guards_pb2,
    histories_pb2,
    identity_pb2,
    notifications_pb2,
    reconciliation_pb2,
    signals_pb2,
    telegram_pb2,
    values_pb2,
    webhooks_pb2,
)
from countersign_server.audit.entries import Trace
from countersign_server.notifications.destination import ChannelKind, Destination
from countersign_server.notifications.topic import Level
from countersign_server.reconciliation.divergence import DEFAULT_POLICY, Difference, Kind
from countersign_server.reconciliation.divergence_store import save_divergence
from countersign_server.reconciliation.settlement import Look, settle
from countersign_server.rpc.access import ACCESS
from countersign_server.rpc.caller import Role
from countersign_server.telegram.chat import Chat
from countersign_server.telegram.chat_store import add_chat
from tests.fixtures.bridge_end import stamp
from tests.fixtures.contract_areas import AREAS
from tests.fixtures.owner_keys import KeyFile
from tests.fixtures.refusals import Refusal, refusal_of
from tests.fixtures.waiting import until
from tests.fixtures.world import CONSENT, EURUSD, Metadata, Owner, World, a_signal, world

# What a caller names of itself, or draws for one request.
OWN_IDS = {"request_id", "instance_id", "journal_id"}
MISSING = Refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


@dataclass(frozen=True, slots=True)
class Belongings:
    """The ids of everything that ann has."""

    user_id: str
    account_id: str
    delegate_id: str
    producer_id: str
    key_id: str
    subscription_id: str
    device_id: str
    token_id: str
    owner_key_id: str
    signal_id: str
    approval_id: str
    command_id: str
    intent_digest: str
    magic: int
    divergence_id: str
    kill_switch_id: str
    share_link_id: str
    endpoint_id: str
    notification_id: str
    chat_id: str

    @property
    def guard_id(self) -> str:
        return self.account_id


@dataclass(frozen=True, slots=True)
class Stranger:
    """bob, in each role that a person can give."""

    owner: Metadata
    producer: Metadata
    device: Metadata
    account_id: str


@dataclass(frozen=True, slots=True)
class Scene:
    it: World
    ann: Belongings
    ann_metadata: Metadata
    bob: Stranger


@pytest.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with world(database_url, tmp_path) as it:
        ann, bob = await it.an_owner("ann"), await it.an_owner("bob", login=1000002)
        strategy = await it.a_producer(ann)
        await _unlist(it, strategy.id, ann.metadata)
        subscription_id = await it.follow(ann, strategy)
        await it.tell_prices(ann)
        signal_id = await it.submit(strategy, a_signal())
        approval = await it.decide(ann, await it.entry(ann, signal_id))
        device = await it.a_device(ann)
        tokens = await it.identity.ListApiTokens(
            identity_pb2.ListApiTokensRequest(), metadata=ann.metadata
        )
        status = await it.execution.GetExecutionStatus(
            execution_pb2.GetExecutionStatusRequest(signal_id=signal_id), metadata=ann.metadata
        )
        # With the producer's own token, so that it is also another's for a producer.
        endpoint_id = await _an_endpoint(it, strategy.metadata)
        carol = await it.an_owner("carol", login=1000003)
        granted = await it.approvals.GrantDelegate(
            approvals_pb2.GrantDelegateRequest(account_id=ann.account_id, user_id=carol.id),
            metadata=ann.metadata,
        )
        belongings = Belongings(
            user_id=ann.id,
            account_id=ann.account_id,
            delegate_id=granted.delegate.delegate_id,
            producer_id=strategy.id,
            key_id=strategy.key_id,
            subscription_id=subscription_id,
            device_id=device.id,
            token_id=tokens.tokens[0].token_id,
            owner_key_id=await it.an_owner_key(ann, KeyFile()),
            signal_id=signal_id,
            approval_id=approval.approval_id,
            command_id=approval.command_id,
            intent_digest=approval.intent.digest,
            magic=status.commands[0].magic,
            divergence_id=await _a_divergence(it, ann),
            kill_switch_id=await _a_kill_switch(it, ann, strategy.id),
            share_link_id=await _a_share_link(it, ann),
            endpoint_id=endpoint_id,
            notification_id=await _a_notification(it, ann, endpoint_id),
            chat_id=await _a_chat(it, ann),
        )
        other = await it.a_producer(bob, "other")
        stranger = Stranger(
            bob.metadata, other.metadata, (await it.a_device(bob)).metadata, bob.account_id
        )
        yield Scene(it, belongings, ann.metadata, stranger)


async def _a_divergence(it: World, owner: Owner) -> str:
    now = datetime.now(UTC)
    orphan = Difference(kind=Kind.ORPHAN, subject="command:x", expected={}, actual={})
    look = Look(UUID(owner.account_id), UUID(owner.id), stored_at=now, now=now)
    (divergence,) = settle(look, [orphan], {}, DEFAULT_POLICY)
    async with it.database.transaction(None) as tx:
        await save_divergence(tx, divergence, None, trace=Trace("system:test"), now=now)
    return str(divergence.id)


async def _a_kill_switch(it: World, owner: Owner, producer_id: str) -> str:
    pulled = await it.guards.PullKillSwitch(
        guards_pb2.PullKillSwitchRequest(
            producer_id=producer_id, state=values_pb2.TRADING_STATE_CLOSE_ONLY, reason="mine"
        ),
        metadata=owner.metadata,
    )
    return str(pulled.kill_switch.kill_switch_id)


async def _a_share_link(it: World, owner: Owner) -> str:
    made = await it.analytics.CreateShareLink(
        analytics_pb2.CreateShareLinkRequest(
            request_id=str(uuid4()),
            account_id=owner.account_id,
            title="mine",
            lifetime=Duration(seconds=3600),
        ),
        metadata=owner.metadata,
    )
    return str(made.link.share_link_id)


async def _an_endpoint(it: World, metadata: Metadata) -> str:
    made = await it.webhooks.CreateWebhookEndpoint(
        webhooks_pb2.CreateWebhookEndpointRequest(
            request_id=str(uuid4()), url="https://hooks.invalid/"
        ),
        metadata=metadata,
    )
    await it.webhooks.TestWebhookEndpoint(
        webhooks_pb2.TestWebhookEndpointRequest(endpoint_id=made.endpoint.endpoint_id),
        metadata=metadata,
    )
    return str(made.endpoint.endpoint_id)


async def _a_chat(it: World, owner: Owner) -> str:
    now = datetime.now(UTC)
    chat = Chat(
        destination=Destination(
            id=uuid4(),
            owner_id=UUID(owner.id),
            channel=ChannelKind.TELEGRAM,
            topics=frozenset(),
            level_min=Level.INFO,
            created_at=now,
        ),
        telegram_chat_id=7,
        telegram_user_id=7,
        display_name="ann",
    )
    async with it.database.transaction(None) as tx:
        await add_chat(tx, chat)
    return str(chat.id)


async def _a_notification(it: World, owner: Owner, endpoint_id: str) -> str:
    async def made() -> list[notifications_pb2.Notification]:
        answer = await it.notifications.ListNotifications(
            notifications_pb2.ListNotificationsRequest(destination_id=endpoint_id),
            metadata=owner.metadata,
        )
        return list(answer.notifications)

    return (await until(made, "the endpoint's test is announced"))[0].notification_id


async def _unlist(it: World, producer_id: str, metadata: Metadata) -> None:
    # A listed producer may be looked at by everybody: that is what listing means.
    await it.accounts.UpdateProducer(
        accounts_pb2.UpdateProducerRequest(
            producer=accounts_pb2.Producer(producer_id=producer_id),
            clear_mask=FieldMask(paths=["listed"]),
        ),
        metadata=metadata,
    )


Request = Callable[[Belongings], Message]
A, AF, AN, AP, AU, C, D, E, G, H, ID, N, R, S, T, W = (
    accounts_pb2,
    affiliates_pb2,
    analytics_pb2,
    approvals_pb2,
    audit_pb2,
    charts_pb2,
    devices_pb2,
    execution_pb2,
    guards_pb2,
    histories_pb2,
    identity_pb2,
    notifications_pb2,
    reconciliation_pb2,
    signals_pb2,
    telegram_pb2,
    webhooks_pb2,
)

# As an owner. Each names ann's, and nothing else is wrong with it.
AS_OWNER: Mapping[str, Request] = {
    "AccountService/GetAccount": lambda ann: A.GetAccountRequest(account_id=ann.account_id),
    "AccountService/UpdateAccount": lambda ann: A.UpdateAccountRequest(
        account=A.Account(account_id=ann.account_id, name="mine"),
        update_mask=FieldMask(paths=["name"]),
    ),
    "AccountService/PutSymbol": lambda ann: A.PutSymbolRequest(
        account_id=ann.account_id, instrument="EURUSD", symbol="EURUSD", properties=EURUSD
    ),
    "AccountService/ListSymbols": lambda ann: A.ListSymbolsRequest(account_id=ann.account_id),
    "AccountService/CreateSubscription": lambda ann: A.CreateSubscriptionRequest(
        account_id=ann.account_id,
        producer_id=ann.producer_id,
        sizing=A.Sizing(fixed_lots="0.1"),
        consent_version=CONSENT,
    ),
    "AccountService/GetSubscription": lambda ann: A.GetSubscriptionRequest(
        subscription_id=ann.subscription_id
    ),
    "AccountService/ListSubscriptions": lambda ann: A.ListSubscriptionsRequest(
        account_id=ann.account_id
    ),
    "AccountService/UpdateSubscription": lambda ann: A.UpdateSubscriptionRequest(
        subscription=A.Subscription(
            subscription_id=ann.subscription_id, sizing=A.Sizing(fixed_lots="9")
        ),
        update_mask=FieldMask(paths=["sizing"]),
    ),
    "AccountService/CancelSubscription": lambda ann: A.CancelSubscriptionRequest(
        subscription_id=ann.subscription_id
    ),
    "AccountService/GetProducer": lambda ann: A.GetProducerRequest(producer_id=ann.producer_id),
    "AccountService/UpdateProducer": lambda ann: A.UpdateProducerRequest(
        producer=A.Producer(producer_id=ann.producer_id, listed=True),
        update_mask=FieldMask(paths=["listed"]),
    ),
    "AccountService/CreateProducerKey": lambda ann: A.CreateProducerKeyRequest(
        request_id=str(uuid4()),
        producer_id=ann.producer_id,
        algorithm=S.SIGNATURE_ALGORITHM_HMAC_SHA256,
    ),
    "AccountService/ListProducerKeys": lambda ann: A.ListProducerKeysRequest(
        producer_id=ann.producer_id
    ),
    "AccountService/RevokeProducerKey": lambda ann: A.RevokeProducerKeyRequest(
        producer_id=ann.producer_id, key_id=ann.key_id
    ),
    "AnalyticsService/GetStatistics": lambda ann: AN.GetStatisticsRequest(
        account_id=ann.account_id
    ),
    "AnalyticsService/GetBreakdown": lambda ann: AN.GetBreakdownRequest(
        account_id=ann.account_id, by=AN.BREAKDOWN_BY_SYMBOL
    ),
    "AnalyticsService/GetMonths": lambda ann: AN.GetMonthsRequest(account_id=ann.account_id),
    "AnalyticsService/ListTrades": lambda ann: AN.ListTradesRequest(account_id=ann.account_id),
    "AnalyticsService/GetFunnel": lambda ann: AN.GetFunnelRequest(account_id=ann.account_id),
    "AnalyticsService/CreateShareLink": lambda ann: AN.CreateShareLinkRequest(
        request_id=str(uuid4()),
        account_id=ann.account_id,
        title="mine",
        lifetime=Duration(seconds=3600),
    ),
    "AnalyticsService/ListShareLinks": lambda ann: AN.ListShareLinksRequest(
        account_id=ann.account_id
    ),
    "AnalyticsService/RevokeShareLink": lambda ann: AN.RevokeShareLinkRequest(
        share_link_id=ann.share_link_id
    ),
    "AffiliateService/ListAffiliateHistory": lambda ann: AF.ListAffiliateHistoryRequest(
        affiliate_id=ann.user_id
    ),
    "ApprovalService/CreateApproval": lambda ann: AP.CreateApprovalRequest(
        signal_id=ann.signal_id,
        account_id=ann.account_id,
        decision=AP.DECISION_APPROVE,
        intent_digest=ann.intent_digest,
    ),
    "ApprovalService/GetApproval": lambda ann: AP.GetApprovalRequest(approval_id=ann.approval_id),
    "ApprovalService/ListApprovals": lambda ann: AP.ListApprovalsRequest(
        account_id=ann.account_id, signal_id=ann.signal_id
    ),
    "ApprovalService/ListInbox": lambda ann: AP.ListInboxRequest(account_id=ann.account_id),
    "ApprovalService/RevokeApproval": lambda ann: AP.RevokeApprovalRequest(
        approval_id=ann.approval_id
    ),
    "ApprovalService/GrantDelegate": lambda ann: AP.GrantDelegateRequest(
        account_id=ann.account_id, user_id=ann.user_id
    ),
    "ApprovalService/ListDelegates": lambda ann: AP.ListDelegatesRequest(account_id=ann.account_id),
    "ApprovalService/RevokeDelegate": lambda ann: AP.RevokeDelegateRequest(
        delegate_id=ann.delegate_id
    ),
    "AuditService/ListAuditEntries": lambda ann: AU.ListAuditEntriesRequest(
        signal_id=ann.signal_id
    ),
    "ChartService/GetPriceChart": lambda ann: C.GetPriceChartRequest(
        account_id=ann.account_id, symbol="EURUSD"
    ),
    "ChartService/GetEquityChart": lambda ann: C.GetEquityChartRequest(account_id=ann.account_id),
    "ChartService/GetReport": lambda ann: C.GetReportRequest(account_id=ann.account_id),
    "ChartService/PublishChart": lambda ann: C.PublishChartRequest(
        equity=C.GetEquityChartRequest(account_id=ann.account_id)
    ),
    "ChartService/ListBars": lambda ann: C.ListBarsRequest(
        account_id=ann.account_id, symbol="EURUSD"
    ),
    "DeviceService/RegisterDevice": lambda ann: D.RegisterDeviceRequest(
        request_id=str(uuid4()), account_id=ann.account_id, name="mine"
    ),
    "DeviceService/CreatePairingCode": lambda ann: D.CreatePairingCodeRequest(
        account_id=ann.account_id, name="mine"
    ),
    "DeviceService/GetDevice": lambda ann: D.GetDeviceRequest(device_id=ann.device_id),
    "DeviceService/ListDevices": lambda ann: D.ListDevicesRequest(account_id=ann.account_id),
    "DeviceService/RotateDeviceKey": lambda ann: D.RotateDeviceKeyRequest(device_id=ann.device_id),
    "DeviceService/RevokeDevice": lambda ann: D.RevokeDeviceRequest(device_id=ann.device_id),
    "ExecutionService/GetExecutionStatus": lambda ann: E.GetExecutionStatusRequest(
        signal_id=ann.signal_id
    ),
    "ExecutionService/CancelCommand": lambda ann: E.CancelCommandRequest(
        command_id=ann.command_id, reason="mine"
    ),
    "ExecutionService/GetEvidence": lambda ann: E.GetEvidenceRequest(command_id=ann.command_id),
    "ExecutionService/SettleInDoubt": lambda ann: E.SettleInDoubtRequest(
        command_id=ann.command_id, settlement=E.SETTLEMENT_NOT_EXECUTED, reason="mine"
    ),
    "GuardService/GetGuards": lambda ann: G.GetGuardsRequest(account_id=ann.account_id),
    "GuardService/GetGuardPolicy": lambda ann: G.GetGuardPolicyRequest(account_id=ann.account_id),
    "GuardService/PutGuardPolicy": lambda ann: G.PutGuardPolicyRequest(
        account_id=ann.account_id, text='{"currency":"USD"}', version=1
    ),
    "GuardService/ResetGuard": lambda ann: G.ResetGuardRequest(
        guard_id=ann.guard_id, reason="mine"
    ),
    "GuardService/CallOffClosing": lambda ann: G.CallOffClosingRequest(
        guard_id=ann.guard_id, reason="mine"
    ),
    "GuardService/PullKillSwitch": lambda ann: G.PullKillSwitchRequest(
        producer_id=ann.producer_id, state=values_pb2.TRADING_STATE_HALTED, reason="mine"
    ),
    "GuardService/ReleaseKillSwitch": lambda ann: G.ReleaseKillSwitchRequest(
        kill_switch_id=ann.kill_switch_id, reason="mine"
    ),
    "GuardService/ListGuardEvents": lambda ann: G.ListGuardEventsRequest(account_id=ann.account_id),
    "GuardService/ListDrawdownAlerts": lambda ann: G.ListDrawdownAlertsRequest(
        account_id=ann.account_id
    ),
    "HistoryService/ExportHistory": lambda ann: H.ExportHistoryRequest(
        account_id=ann.account_id, format=H.EXPORT_FORMAT_CSV
    ),
    "IdentityService/CreateApiToken": lambda ann: ID.CreateApiTokenRequest(
        request_id=str(uuid4()), name="mine", producer_id=ann.producer_id
    ),
    "IdentityService/RevokeApiToken": lambda ann: ID.RevokeApiTokenRequest(token_id=ann.token_id),
    "IdentityService/RevokeOwnerKey": lambda ann: ID.RevokeOwnerKeyRequest(
        owner_key_id=ann.owner_key_id
    ),
    "NotificationService/ListNotifications": lambda ann: N.ListNotificationsRequest(
        destination_id=ann.endpoint_id
    ),
    "NotificationService/GetNotification": lambda ann: N.GetNotificationRequest(
        notification_id=ann.notification_id
    ),
    "NotificationService/ReplayNotifications": lambda ann: N.ReplayNotificationsRequest(
        destination_id=ann.endpoint_id, start_time=Timestamp(seconds=1)
    ),
    "ReconciliationService/StartReconciliation": lambda ann: R.StartReconciliationRequest(
        account_id=ann.account_id
    ),
    "ReconciliationService/GetReconciliation": lambda ann: R.GetReconciliationRequest(
        user_id=ann.user_id
    ),
    "ReconciliationService/ListDivergences": lambda ann: R.ListDivergencesRequest(
        account_id=ann.account_id
    ),
    "ReconciliationService/GetDivergence": lambda ann: R.GetDivergenceRequest(
        divergence_id=ann.divergence_id
    ),
    "ReconciliationService/ResolveDivergence": lambda ann: R.ResolveDivergenceRequest(
        divergence_id=ann.divergence_id, action=R.DIVERGENCE_ACTION_IGNORE, reason="mine"
    ),
    "ReconciliationService/PutReconciliationPolicy": lambda ann: R.PutReconciliationPolicyRequest(
        account_id=ann.account_id
    ),
    "ReconciliationService/ListReconciliationRuns": lambda ann: R.ListReconciliationRunsRequest(
        account_id=ann.account_id
    ),
    "ReconciliationService/GetReconciliationPolicy": lambda ann: R.GetReconciliationPolicyRequest(
        account_id=ann.account_id
    ),
    "ReconciliationService/ListSnapshots": lambda ann: R.ListSnapshotsRequest(
        account_id=ann.account_id
    ),
    "ReconciliationService/ListPositions": lambda ann: R.ListPositionsRequest(
        account_id=ann.account_id
    ),
    "SignalService/GetSignal": lambda ann: S.GetSignalRequest(signal_id=ann.signal_id),
    "SignalService/ListSignals": lambda ann: S.ListSignalsRequest(producer_id=ann.producer_id),
    "TelegramService/UpdateTelegramChat": lambda ann: T.UpdateTelegramChatRequest(
        chat=T.TelegramChat(chat_id=ann.chat_id, topics=[N.EVENT_TOPIC_DEAL]),
        update_mask=FieldMask(paths=["topics"]),
    ),
    "TelegramService/RemoveTelegramChat": lambda ann: T.RemoveTelegramChatRequest(
        chat_id=ann.chat_id
    ),
    "WebhookService/CreateWebhookEndpoint": lambda ann: W.CreateWebhookEndpointRequest(
        request_id=str(uuid4()), url="https://hooks.invalid/", account_id=ann.account_id
    ),
    "WebhookService/GetWebhookEndpoint": lambda ann: W.GetWebhookEndpointRequest(
        endpoint_id=ann.endpoint_id
    ),
    "WebhookService/UpdateWebhookEndpoint": lambda ann: W.UpdateWebhookEndpointRequest(
        endpoint=W.WebhookEndpoint(endpoint_id=ann.endpoint_id, description="mine"),
        update_mask=FieldMask(paths=["description"]),
    ),
    "WebhookService/DeleteWebhookEndpoint": lambda ann: W.DeleteWebhookEndpointRequest(
        endpoint_id=ann.endpoint_id
    ),
    "WebhookService/RotateWebhookSecret": lambda ann: W.RotateWebhookSecretRequest(
        request_id=str(uuid4()), endpoint_id=ann.endpoint_id
    ),
    "WebhookService/TestWebhookEndpoint": lambda ann: W.TestWebhookEndpointRequest(
        endpoint_id=ann.endpoint_id
    ),
}
TOLD_TO_PRODUCERS = {
    name: request
    for name, request in AS_OWNER.items()
    if name.startswith(("NotificationService/", "WebhookService/"))
}
AS_PRODUCER: Mapping[str, Request] = {
    **TOLD_TO_PRODUCERS,
    "AccountService/GetProducer": AS_OWNER["AccountService/GetProducer"],
    "AccountService/ListProducerKeys": AS_OWNER["AccountService/ListProducerKeys"],
    "ExecutionService/GetExecutionStatus": AS_OWNER["ExecutionService/GetExecutionStatus"],
    "SignalService/GetSignal": AS_OWNER["SignalService/GetSignal"],
    "SignalService/ListSignals": AS_OWNER["SignalService/ListSignals"],
    "SignalService/RedeliverSignal": lambda ann: S.RedeliverSignalRequest(signal_id=ann.signal_id),
}
AS_DEVICE: Mapping[str, Request] = {
    "AccountService/GetAccount": AS_OWNER["AccountService/GetAccount"],
    "AccountService/ListSymbols": AS_OWNER["AccountService/ListSymbols"],
    "DeviceService/GetDevice": AS_OWNER["DeviceService/GetDevice"],
    "DeviceService/RotateDeviceKey": AS_OWNER["DeviceService/RotateDeviceKey"],
    "ExecutionService/ReportAck": lambda ann: E.ReportAckRequest(
        event_time=stamp(), received=E.CommandReceived(command_id=ann.command_id, attempt=1)
    ),
    "ExecutionService/ReportError": lambda ann: E.ReportErrorRequest(
        event_time=stamp(),
        result=E.AttemptResult(
            command_id=ann.command_id,
            attempt=1,
            grant_id=b"g" * 16,
            outcome=E.ATTEMPT_OUTCOME_NOT_SENT,
        ),
    ),
}
# Told in tests of their own, below or beside what they follow; what is streamed, in test_evidence.
OTHERWISE = {
    "AuditService/ExportEvidence",
    "ExecutionService/ClaimCommand",
    "ExecutionService/ReportFill",
    "GuardService/FollowGuards",
    "ReconciliationService/FollowPositions",
}


def unimplemented() -> set[str]:
    """The methods that are the generated ones, which only refuse."""
    doors = generated_doors()
    services = [service for door in doors for service in door.__subclasses__()]
    return {
        f"{service.__name__}/{name}"
        for service in services
        for generated in service.__mro__
        if generated in doors
        for name, method in vars(generated).items()
        if getattr(service, name) is method
    }


def taking_ids(role: Role) -> set[str]:
    return {
        f"{method.containing_service.name}/{method.name}"
        for method in _methods()
        if role in ACCESS[f"/{method.containing_service.full_name}/{method.name}"]
        and not method.client_streaming
        and _ids(method.input_type)
    }


def generated_doors() -> set[type]:
    return {
        kind
        for area in AREAS
        for kind in vars(import_module(f"{area.__name__}_grpc")).values()
        if isinstance(kind, type) and kind.__name__.endswith("ServiceServicer")
    }


def _methods() -> list[MethodDescriptor]:
    return [
        method
        for area in AREAS
        for service in area.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]


def _ids(message: Descriptor, depth: int = 2) -> set[str]:
    """The ids that a message names, also inside the messages that it holds."""
    found = {field.name for field in message.fields if field.name.endswith("_id")} - OWN_IDS
    for field in message.fields:
        held = field.message_type
        if depth and held is not None and held.file.package == "countersign.v1":
            found |= _ids(held, depth - 1)
    return found


@pytest.mark.parametrize(
    ("role", "tried"),
    [(Role.OWNER, AS_OWNER), (Role.PRODUCER, AS_PRODUCER), (Role.DEVICE, AS_DEVICE)],
    ids=["owner", "producer", "device"],
)
def test_every_method_that_takes_an_id_is_tried_with_anothers(
    role: Role, tried: Mapping[str, Request]
) -> None:
    # Submitting names only a key, and the signature proves whose it is.
    signed = {"SignalService/SubmitSignal", "SignalService/SubmitSignals"}

    assert taking_ids(role) - unimplemented() - signed - OTHERWISE == set(tried)


async def test_an_owner_meets_nothing_of_anothers(scene: Scene) -> None:
    await _try_all(scene, AS_OWNER, scene.bob.owner)

    status = await scene.it.execution.GetExecutionStatus(
        execution_pb2.GetExecutionStatusRequest(signal_id=scene.ann.signal_id),
        metadata=scene.ann_metadata,
    )
    assert status.commands[0].state == execution_pb2.COMMAND_STATE_APPROVED


async def test_a_producer_meets_nothing_of_anothers(scene: Scene) -> None:
    await _try_all(scene, AS_PRODUCER, scene.bob.producer)


async def test_a_device_meets_nothing_of_anothers(scene: Scene) -> None:
    await _try_all(scene, AS_DEVICE, scene.bob.device)


async def test_a_device_cannot_claim_anothers_command(scene: Scene) -> None:
    bob = await scene.it.accounts.GetAccount(
        accounts_pb2.GetAccountRequest(account_id=scene.bob.account_id), metadata=scene.bob.owner
    )
    claim = execution_pb2.Claim(command_id=scene.ann.command_id, attempt=1, claim_nonce=b"n" * 16)
    refused = await refusal_of(
        scene.it.execution.ClaimCommand(
            execution_pb2.ClaimCommandRequest(claim=claim, account=bob.account.fingerprint),
            metadata=scene.bob.device,
        )
    )

    assert refused == Refusal(grpc.StatusCode.FAILED_PRECONDITION, "CLAIM_DENIED")


async def test_a_deal_with_anothers_tag_is_a_deal_of_ones_own(scene: Scene) -> None:
    deal = execution_pb2.Deal(
        ticket=7, magic=scene.ann.magic, symbol="EURUSD", volume="0.1", price="1.0845",
        profit="0", commission="0", swap="0", fee="0", entry=execution_pb2.DEAL_ENTRY_IN,
    )  # fmt: skip
    answer = await scene.it.execution.ReportFill(
        execution_pb2.ReportFillRequest(event_time=stamp(), deal=deal), metadata=scene.bob.device
    )

    assert answer.command_id == ""


async def _try_all(scene: Scene, tried: Mapping[str, Request], metadata: Metadata) -> None:
    met: dict[str, object] = {}
    for name, request in tried.items():
        area, method = name.split("/")
        stub = getattr(scene.it, _ATTRIBUTES[area])
        met[name] = await _outcome(getattr(stub, method), request(scene.ann), metadata)
    assert {name: outcome for name, outcome in met.items() if outcome != MISSING} == {}


async def _outcome(call: Any, request: Message, metadata: Metadata) -> object:
    """NOT_FOUND, also for a list without rows; anything else as it is."""
    try:
        answer = await call(request, metadata=metadata)
    except grpc.aio.AioRpcError:
        return await refusal_of(call(request, metadata=metadata))
    rows = [field for field, _ in answer.ListFields() if field.name != "server_time"]
    return answer if rows else MISSING


_ATTRIBUTES = {
    "AccountService": "accounts",
    "AnalyticsService": "analytics",
    "AffiliateService": "affiliates",
    "ApprovalService": "approvals",
    "AuditService": "audit",
    "ChartService": "charts",
    "DeviceService": "devices",
    "ExecutionService": "execution",
    "GuardService": "guards",
    "HistoryService": "histories",
    "IdentityService": "identity",
    "NotificationService": "notifications",
    "ReconciliationService": "reconciliation",
    "SignalService": "signals",
    "TelegramService": "telegram",
    "WebhookService": "webhooks",
}
