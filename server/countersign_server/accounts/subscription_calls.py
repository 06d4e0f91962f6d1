"""Where owners let their accounts follow strategies, and operators publish what is consented to."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import accounts_pb2, accounts_pb2_grpc
from countersign_server.accounts import consent_store, store, subscription_store
from countersign_server.accounts.consent import ConsentText
from countersign_server.accounts.producer_store import producer
from countersign_server.accounts.subscription import ApprovalMode, Subscription, facts_of
from countersign_server.accounts.terms_wire import (
    limits_from_message,
    mode_from_wire,
    quiet_hours_from_message,
    sizing_from_message,
    subscription_to_message,
)
from countersign_server.accounts.update_masks import Changeable, updated
from countersign_server.accounts.wire import consent_to_message, id_from_text
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import (
    AlreadySubscribed,
    ConsentOutdated,
    ConsentVersionExists,
    IllegalTransition,
    Invalid,
    NotFound,
)
from countersign_server.identifiers import uuid7
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import current_call, current_caller
from countersign_server.rpc.conversion import trace_of, uuid_or_none
from countersign_server.rpc.pages import id_position, next_token, page_size

_LIMITS = frozenset(
    f"limits.{name}"
    for name in (
        "max_volume",
        "max_drift_pips",
        "max_spread_pips",
        "max_signal_age",
        "automatic_max_volume",
        "instruments",
        "max_orders_per_minute",
        "max_money_at_risk",
    )
)
_CHANGEABLE = Changeable(
    settable=_LIMITS
    | {"sizing", "approval_mode", "quiet_hours", "consent_version", "close_on_expiry"},
    clearable=_LIMITS | {"quiet_hours", "close_on_expiry"},
)
_TEXTS_MAX = 100


class SubscriptionCalls(accounts_pb2_grpc.AccountServiceServicer):
    """The calls about subscriptions and consent texts. See accounts.proto for the contract."""

    _database: Database
    _wakeups: Wakeups
    _now: Callable[[], datetime]

    async def CreateSubscription(
        self, request: accounts_pb2.CreateSubscriptionRequest, context: Context
    ) -> accounts_pb2.CreateSubscriptionResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            account_id, producer_id = UUID(request.account_id), UUID(request.producer_id)
            account = await store.account_for_update(tx, account_id)
            if account is None:
                raise NotFound(f"no account {account_id}", account_id=str(account_id))
            if await producer(tx, producer_id) is None:
                raise NotFound(f"no producer {producer_id}", producer_id=str(producer_id))
            await _require_newest(tx, request.consent_version)
            made = _new_subscription(request, account.owner_id, self._now())
            if not await subscription_store.add_subscription(tx, made):
                raise AlreadySubscribed(
                    f"account {account_id} follows producer {producer_id} already",
                    account_id=str(account_id),
                    producer_id=str(producer_id),
                )
            await record(tx, self._entry("subscription.created", made, None))
        self._wakeups.ring("audit")
        return accounts_pb2.CreateSubscriptionResponse(subscription=subscription_to_message(made))

    async def GetSubscription(
        self, request: accounts_pb2.GetSubscriptionRequest, context: Context
    ) -> accounts_pb2.GetSubscriptionResponse:
        subscription_id = UUID(request.subscription_id)
        async with self._database.transaction(current_caller().tenant) as tx:
            found = await subscription_store.subscription(tx, subscription_id)
        if found is None:
            raise _no_subscription(subscription_id)
        return accounts_pb2.GetSubscriptionResponse(subscription=subscription_to_message(found))

    async def ListSubscriptions(
        self, request: accounts_pb2.ListSubscriptionsRequest, context: Context
    ) -> accounts_pb2.ListSubscriptionsResponse:
        position, size = id_position(request), page_size(request.page_size)
        async with self._database.transaction(current_caller().tenant) as tx:
            rows = await subscription_store.list_subscriptions(
                tx,
                account_id=uuid_or_none(request.account_id),
                before=position,
                limit=size + 1,
            )
        page = rows[:size]
        return accounts_pb2.ListSubscriptionsResponse(
            subscriptions=map(subscription_to_message, page),
            next_page_token=next_token(request, rows, size, [page[-1].id] if page else []),
        )

    async def UpdateSubscription(
        self, request: accounts_pb2.UpdateSubscriptionRequest, context: Context
    ) -> accounts_pb2.UpdateSubscriptionResponse:
        given = request.subscription
        subscription_id = id_from_text(given.subscription_id, field="subscription.subscription_id")
        async with self._database.transaction(current_caller().tenant) as tx:
            before = await _held(tx, subscription_id)
            if before.cancelled_at is not None:
                raise IllegalTransition(f"subscription {subscription_id} is cancelled")
            asked, fields = updated(
                subscription_to_message(before),
                given,
                update_mask=request.update_mask,
                clear_mask=request.clear_mask,
                changeable=_CHANGEABLE,
            )
            if "consent_version" in fields:
                await _require_newest(tx, asked.consent_version)
            after = _updated(before, asked, fields, self._now())
            if after != before:
                await subscription_store.save_terms(tx, after)
                await record(tx, self._entry("subscription.updated", after, before))
        self._wakeups.ring("audit")
        return accounts_pb2.UpdateSubscriptionResponse(subscription=subscription_to_message(after))

    async def CancelSubscription(
        self, request: accounts_pb2.CancelSubscriptionRequest, context: Context
    ) -> accounts_pb2.CancelSubscriptionResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            after = before = await _held(tx, UUID(request.subscription_id))
            if before.cancelled_at is None:
                after = replace(before, cancelled_at=self._now())
                await subscription_store.save_terms(tx, after)
                await record(tx, self._entry("subscription.cancelled", after, before))
        self._wakeups.ring("audit")
        return accounts_pb2.CancelSubscriptionResponse(subscription=subscription_to_message(after))

    async def PublishConsentText(
        self, request: accounts_pb2.PublishConsentTextRequest, context: Context
    ) -> accounts_pb2.PublishConsentTextResponse:
        digest = sha256(request.text.encode()).hexdigest()
        text = ConsentText(request.version, request.text, digest, self._now())
        async with self._database.transaction(current_caller().tenant) as tx:
            if await consent_store.add_consent_text(tx, text):
                await record(tx, self._published(text))
            else:
                text = await _same_text(tx, text)
        self._wakeups.ring("audit")
        return accounts_pb2.PublishConsentTextResponse(consent_text=consent_to_message(text))

    async def ListConsentTexts(
        self, request: accounts_pb2.ListConsentTextsRequest, context: Context
    ) -> accounts_pb2.ListConsentTextsResponse:
        async with self._database.transaction(current_caller().tenant) as tx:
            texts = await consent_store.list_consent_texts(tx, _TEXTS_MAX)
        return accounts_pb2.ListConsentTextsResponse(consent_texts=map(consent_to_message, texts))

    def _entry(self, kind: str, after: Subscription, before: Subscription | None) -> Entry:
        return Entry(
            kind=kind,
            subject=f"subscription:{after.id}",
            event_time=self._now(),
            trace=trace_of(current_call()),
            owner_id=after.owner_id,
            account_id=after.account_id,
            before=facts_of(before) if before else None,
            after=facts_of(after),
        )

    def _published(self, text: ConsentText) -> Entry:
        return Entry(
            kind="consent_text.published",
            subject=f"consent_text:{text.version}",
            event_time=text.published_at,
            trace=trace_of(current_call()),
            after={"version": text.version, "text_sha256": text.text_sha256},
        )


def _new_subscription(
    request: accounts_pb2.CreateSubscriptionRequest, owner_id: UUID, now: datetime
) -> Subscription:
    quiet = request.quiet_hours if request.HasField("quiet_hours") else None
    return _consistent(
        Subscription(
            id=uuid7(now),
            owner_id=owner_id,
            account_id=UUID(request.account_id),
            producer_id=UUID(request.producer_id),
            sizing=sizing_from_message(request.sizing, field="sizing"),
            approval_mode=mode_from_wire(request.approval_mode),
            quiet_hours=quiet_hours_from_message(quiet, field="quiet_hours"),
            limits=limits_from_message(request.limits, field="limits"),
            consent_version=request.consent_version,
            consented_at=now,
            close_on_expiry=request.close_on_expiry,
            created_at=now,
            cancelled_at=None,
        )
    )


def _updated(
    before: Subscription, given: accounts_pb2.Subscription, fields: frozenset[str], now: datetime
) -> Subscription:
    quiet = given.quiet_hours if given.HasField("quiet_hours") else None
    read: Mapping[str, Callable[[], Any]] = {
        "sizing": lambda: sizing_from_message(given.sizing, field="subscription.sizing"),
        "approval_mode": lambda: mode_from_wire(given.approval_mode),
        "quiet_hours": lambda: quiet_hours_from_message(quiet, field="subscription.quiet_hours"),
        "limits": lambda: limits_from_message(given.limits, field="subscription.limits"),
        "consent_version": lambda: given.consent_version,
        "close_on_expiry": lambda: given.close_on_expiry,
    }
    changes: dict[str, Any] = {name: read[name]() for name in fields}
    # Accepting once more what is accepted already is no new consent.
    if changes.get("consent_version", before.consent_version) != before.consent_version:
        changes["consented_at"] = now
    return _consistent(replace(before, **changes))


def _consistent(subscription: Subscription) -> Subscription:
    """Return the subscription. Raises Invalid if its terms do not go together."""
    mode = subscription.approval_mode
    if mode is ApprovalMode.AUTOMATIC_OUTSIDE_QUIET_HOURS and subscription.quiet_hours is None:
        raise Invalid(
            "approval_mode AUTOMATIC_OUTSIDE_QUIET_HOURS needs quiet_hours; "
            "for a rule that decides at any hour choose AUTOMATIC_WITHIN_LIMITS",
            field="quiet_hours",
        )
    return subscription


async def _held(tx: AsyncConnection, subscription_id: UUID) -> Subscription:
    found = await subscription_store.subscription_for_update(tx, subscription_id)
    if found is None:
        raise _no_subscription(subscription_id)
    return found


def _no_subscription(subscription_id: UUID) -> NotFound:
    return NotFound(f"no subscription {subscription_id}", subscription_id=str(subscription_id))


async def _require_newest(tx: AsyncConnection, version: str) -> None:
    newest = await consent_store.newest_consent(tx)
    if newest is None:
        raise ConsentOutdated("no consent text is published yet; an operator must publish one")
    if newest.version != version:
        raise ConsentOutdated(
            f"the consent text in force is {newest.version}",
            newest_version=newest.version,
        )


async def _same_text(tx: AsyncConnection, wanted: ConsentText) -> ConsentText:
    existing = await consent_store.consent_text(tx, wanted.version)
    if existing is None or existing.text_sha256 != wanted.text_sha256:
        raise ConsentVersionExists(
            f"version {wanted.version} is published with another text", version=wanted.version
        )
    return existing
