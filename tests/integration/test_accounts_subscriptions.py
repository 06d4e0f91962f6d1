"""Following a strategy: consent, terms, and how it ends."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from countersign.v1 import accounts_pb2, audit_pb2
from countersign_server.accounts.subscription_store import subscriptions_following
from countersign_server.rpc.caller import Role
from tests.fixtures.back_office import (
    CONSENT,
    BackOffice,
    Metadata,
    back_office,
    subscription_request,
)
from tests.fixtures.clock import Clock
from tests.fixtures.refusals import refusal

NIGHT = accounts_pb2.QuietHours(start="22:00", end="07:00", time_zone="Europe/Berlin")


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[BackOffice]:
    async with back_office(database_url, Clock()) as running:
        await running.a_consent_text()
        yield running


async def subscribed(
    office: BackOffice, owner: Metadata, login: int = 1
) -> accounts_pb2.Subscription:
    account = await office.an_account(owner, login)
    producer = await office.a_producer(owner, f"strategy {login}")
    request = subscription_request(account.account_id, producer.producer_id)
    return (await office.accounts.CreateSubscription(request, metadata=owner)).subscription


async def update(
    office: BackOffice, owner: Metadata, given: accounts_pb2.Subscription, *paths: str
) -> accounts_pb2.Subscription:
    request = accounts_pb2.UpdateSubscriptionRequest(
        subscription=given, update_mask=FieldMask(paths=paths)
    )
    return (await office.accounts.UpdateSubscription(request, metadata=owner)).subscription


async def test_a_subscription_is_answered_with_every_term_it_is_made_with(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    account = await office.an_account(owner)
    producer = await office.a_producer(owner)
    request = accounts_pb2.CreateSubscriptionRequest(
        account_id=account.account_id,
        producer_id=producer.producer_id,
        sizing=accounts_pb2.Sizing(risk_fraction="0.01"),
        approval_mode=accounts_pb2.APPROVAL_MODE_AUTOMATIC_OUTSIDE_QUIET_HOURS,
        quiet_hours=NIGHT,
        limits=accounts_pb2.SubscriptionLimits(
            max_volume="2",
            max_drift_pips="3",
            automatic_max_volume="1",
            instruments=["EURUSD"],
            max_orders_per_minute=4,
            max_money_at_risk="50",
        ),
        consent_version=CONSENT,
        close_on_expiry=True,
    )
    request.limits.max_signal_age.seconds = 45
    made = (await office.accounts.CreateSubscription(request, metadata=owner)).subscription
    for name in ("account_id", "producer_id", "sizing", "approval_mode", "quiet_hours"):
        assert getattr(made, name) == getattr(request, name), name
    assert (made.limits.max_drift_pips, made.limits.max_spread_pips) == ("3", "5")
    assert (made.limits.max_orders_per_minute, made.limits.max_money_at_risk) == (4, "50")
    assert (made.limits.max_signal_age.seconds, made.close_on_expiry) == (45, True)

    asked = accounts_pb2.GetSubscriptionRequest(subscription_id=made.subscription_id)
    kept = (await office.accounts.GetSubscription(asked, metadata=owner)).subscription
    assert kept == made


async def test_the_owner_decides_unless_it_says_otherwise(office: BackOffice) -> None:
    made = await subscribed(office, await office.a_person())
    assert made.approval_mode == accounts_pb2.APPROVAL_MODE_MANUAL
    assert made.limits.automatic_max_volume == ""


async def test_a_rule_that_rests_in_quiet_hours_needs_quiet_hours(office: BackOffice) -> None:
    owner = await office.a_person()
    made = await subscribed(office, owner)
    made.approval_mode = accounts_pb2.APPROVAL_MODE_AUTOMATIC_OUTSIDE_QUIET_HOURS
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await update(office, owner, made, "approval_mode")
    made.quiet_hours.CopyFrom(NIGHT)
    changed = await update(office, owner, made, "approval_mode", "quiet_hours")
    assert changed.quiet_hours == NIGHT
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID"):
        await office.accounts.UpdateSubscription(
            accounts_pb2.UpdateSubscriptionRequest(
                subscription=made, clear_mask=FieldMask(paths=["quiet_hours"])
            ),
            metadata=owner,
        )


async def test_only_the_newest_consent_can_be_given(office: BackOffice) -> None:
    owner = await office.a_person()
    first = await subscribed(office, owner)
    office.clock.go_on(timedelta(days=1))
    await office.a_consent_text("2026-12")
    account = await office.an_account(owner, 2)
    request = subscription_request(account.account_id, first.producer_id, CONSENT)
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "CONSENT_OUTDATED"):
        await office.accounts.CreateSubscription(request, metadata=owner)
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "CONSENT_OUTDATED"):
        await update(office, owner, first, "consent_version")

    first.consent_version = "2026-12"
    changed = await update(office, owner, first, "consent_version")
    assert changed.consent_version == "2026-12"
    assert changed.consent_time.ToDatetime() - first.consent_time.ToDatetime() == timedelta(days=1)


async def test_nobody_can_consent_before_there_is_a_text(database_url: str) -> None:
    async with back_office(database_url, Clock()) as office:
        with refusal(grpc.StatusCode.FAILED_PRECONDITION, "CONSENT_OUTDATED"):
            await subscribed(office, await office.a_person())


async def test_an_account_follows_a_producer_once_until_it_is_cancelled(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    first = await subscribed(office, owner)
    request = subscription_request(first.account_id, first.producer_id)
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "ALREADY_SUBSCRIBED"):
        await office.accounts.CreateSubscription(request, metadata=owner)

    end = accounts_pb2.CancelSubscriptionRequest(subscription_id=first.subscription_id)
    ended = (await office.accounts.CancelSubscription(end, metadata=owner)).subscription
    office.clock.go_on(timedelta(minutes=1))
    again = (await office.accounts.CancelSubscription(end, metadata=owner)).subscription
    assert ended == again
    assert ended.HasField("cancel_time")
    second = (await office.accounts.CreateSubscription(request, metadata=owner)).subscription
    assert second.subscription_id != first.subscription_id
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "ILLEGAL_TRANSITION"):
        await update(office, owner, first, "limits")


async def test_a_listed_producer_can_be_followed_by_others_and_an_unlisted_one_not(
    office: BackOffice,
) -> None:
    theirs, mine = await office.a_person(), await office.a_person()
    hidden = await office.a_producer(theirs, "hidden")
    listed = await office.a_producer(theirs, "listed", listed=True)
    account_id = (await office.an_account(mine)).account_id
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        request = subscription_request(account_id, hidden.producer_id)
        await office.accounts.CreateSubscription(request, metadata=mine)
    request = subscription_request(account_id, listed.producer_id)
    await office.accounts.CreateSubscription(request, metadata=mine)

    async with office.database.transaction(None) as tx:
        ids = [UUID(hidden.producer_id), UUID(listed.producer_id)]
        ((subscription, account),) = await subscriptions_following(tx, ids)
    assert (str(subscription.producer_id), str(account.id)) == (listed.producer_id, account_id)


async def test_nothing_of_anothers_can_be_subscribed_read_changed_or_cancelled(
    office: BackOffice,
) -> None:
    made, other = await subscribed(office, await office.a_person()), await office.a_person()
    calls = office.accounts
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        request = subscription_request(made.account_id, made.producer_id)
        await calls.CreateSubscription(request, metadata=other)
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await update(office, other, made, "limits")
    chosen = {"subscription_id": made.subscription_id}
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        await calls.GetSubscription(accounts_pb2.GetSubscriptionRequest(**chosen), metadata=other)
    with refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        request = accounts_pb2.CancelSubscriptionRequest(**chosen)
        await calls.CancelSubscription(request, metadata=other)
    listed = await calls.ListSubscriptions(
        accounts_pb2.ListSubscriptionsRequest(account_id=made.account_id), metadata=other
    )
    assert not listed.subscriptions


async def test_an_operator_sees_all_subscriptions_and_a_cancelled_one_is_followed_by_nobody(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    first, second = await subscribed(office, owner, 1), await subscribed(office, owner, 2)
    end = accounts_pb2.CancelSubscriptionRequest(subscription_id=first.subscription_id)
    await office.accounts.CancelSubscription(end, metadata=owner)

    everything = accounts_pb2.ListSubscriptionsRequest()
    operator = await office.a_person(Role.OPERATOR)
    listed = await office.accounts.ListSubscriptions(everything, metadata=operator)
    assert {one.subscription_id for one in listed.subscriptions} == {
        first.subscription_id,
        second.subscription_id,
    }
    async with office.database.transaction(None) as tx:
        ids = [UUID(first.producer_id), UUID(second.producer_id), uuid4()]
        followers = await subscriptions_following(tx, ids)
    assert [str(one.id) for one, _ in followers] == [second.subscription_id]


async def test_every_change_of_terms_is_in_the_audit_with_before_and_after(
    office: BackOffice,
) -> None:
    owner = await office.a_person()
    made = await subscribed(office, owner)
    made.sizing.fixed_lots = "0.2"
    await update(office, owner, made, "sizing")
    await update(office, owner, made, "sizing")  # the same again is no change

    request = audit_pb2.ListAuditEntriesRequest(kind_prefix="subscription.")
    entries = (await office.audit.ListAuditEntries(request, metadata=owner)).entries
    assert [entry.kind for entry in entries] == ["subscription.created", "subscription.updated"]
    assert '"sizing_value":"0.1"' in entries[1].before_json
    assert '"sizing_value":"0.2"' in entries[1].after_json


async def test_a_consent_text_is_published_once_and_never_changed(office: BackOffice) -> None:
    operator = await office.a_person(Role.OPERATOR)
    text = accounts_pb2.PublishConsentTextRequest(version="v2", text="First.")
    first = await office.accounts.PublishConsentText(text, metadata=operator)
    office.clock.go_on(timedelta(days=1))
    assert await office.accounts.PublishConsentText(text, metadata=operator) == first
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "CONSENT_VERSION_EXISTS"):
        text.text = "Second."
        await office.accounts.PublishConsentText(text, metadata=operator)
    with refusal(grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN"):
        await office.accounts.PublishConsentText(text, metadata=await office.a_person())
    request = accounts_pb2.ListConsentTextsRequest()
    owner = await office.a_person()
    texts = (await office.accounts.ListConsentTexts(request, metadata=owner)).consent_texts
    assert {one.version for one in texts} == {"v2", CONSENT}
