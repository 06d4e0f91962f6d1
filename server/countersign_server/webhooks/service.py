"""Where owners and producers say which addresses events are posted to."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import webhooks_pb2 as pb, webhooks_pb2_grpc
from countersign_server.accounts.producer_store import producer
from countersign_server.accounts.store import account
from countersign_server.accounts.update_masks import Changeable, updated
from countersign_server.accounts.wire import id_from_text
from countersign_server.audit.entries import Entry
from countersign_server.audit.store import record
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.errors import NotFound, RequestRepeated
from countersign_server.identifiers import uuid7
from countersign_server.identity.names import printable
from countersign_server.identity.vault import Vault
from countersign_server.notification_errors import WebhooksExhausted
from countersign_server.notifications.destination import ChannelKind, Destination
from countersign_server.notifications.destination_store import (
    count_destinations,
    end_destination,
    hurry,
)
from countersign_server.notifications.loop import QUEUED
from countersign_server.notifications.service import only_producer
from countersign_server.notifications.wire import level_from, topics_from
from countersign_server.outgoing.addresses import Reach
from countersign_server.rpc.boundary import Context
from countersign_server.rpc.caller import Caller, current_call, current_caller
from countersign_server.rpc.conversion import trace_of, uuid_or_none
from countersign_server.rpc.pages import id_position, next_token, page_size
from countersign_server.webhooks import store
from countersign_server.webhooks.endpoint import LIVE_MAX, Endpoint, checked_url, facts_of
from countersign_server.webhooks.posting import place_of
from countersign_server.webhooks.signing import SECRET_BYTES, shown_secret
from countersign_server.webhooks.wire import endpoint_message, scheme_from

_OVERLAP = timedelta(days=1)
_CHANGEABLE = Changeable(
    settable=frozenset({"url", "description", "topics", "level_min", "paused"}),
    clearable=frozenset({"description", "topics", "level_min", "paused"}),
)


class WebhookService(webhooks_pb2_grpc.WebhookServiceServicer):
    """See webhooks.proto for the contract."""

    def __init__(
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        vault: Vault,
        reach: Reach,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._vault = vault
        self._reach = reach
        self._now = now

    async def CreateWebhookEndpoint(
        self, request: pb.CreateWebhookEndpointRequest, context: Context
    ) -> pb.CreateWebhookEndpointResponse:
        caller, now = current_caller(), self._now()
        made = _new_endpoint(request, caller, self._reach, now)
        async with self._database.transaction(caller.tenant) as tx:
            await _refuse_repeat(tx, request.request_id)
            await _require_own(tx, made.destination)
            if await count_destinations(tx, ChannelKind.WEBHOOK) >= LIVE_MAX:
                raise WebhooksExhausted(f"there are {LIVE_MAX} endpoints already")
            await store.add_endpoint(tx, made)
            secret = await self._add_secret(tx, made, 1, request.request_id, now)
            await record(tx, _entry("created", made, now, after=facts_of(made)))
        self._wakeups.ring("audit")
        return pb.CreateWebhookEndpointResponse(endpoint=endpoint_message(made), secret=secret)

    async def GetWebhookEndpoint(
        self, request: pb.GetWebhookEndpointRequest, context: Context
    ) -> pb.GetWebhookEndpointResponse:
        caller = current_caller()
        async with self._database.transaction(caller.tenant) as tx:
            found = await self._found(tx, caller, request.endpoint_id)
        return pb.GetWebhookEndpointResponse(endpoint=endpoint_message(found))

    async def ListWebhookEndpoints(
        self, request: pb.ListWebhookEndpointsRequest, context: Context
    ) -> pb.ListWebhookEndpointsResponse:
        caller, size = current_caller(), page_size(request.page_size)
        async with self._database.transaction(caller.tenant) as tx:
            found = await store.list_endpoints(
                tx,
                self._now(),
                producer_id=only_producer(caller),
                before=id_position(request),
                limit=size + 1,
            )
        page = found[:size]
        return pb.ListWebhookEndpointsResponse(
            endpoints=map(endpoint_message, page),
            next_page_token=next_token(request, found, size, [page[-1].id] if page else []),
        )

    async def UpdateWebhookEndpoint(
        self, request: pb.UpdateWebhookEndpointRequest, context: Context
    ) -> pb.UpdateWebhookEndpointResponse:
        caller, now = current_caller(), self._now()
        endpoint_id = id_from_text(request.endpoint.endpoint_id, field="endpoint.endpoint_id")
        async with self._database.transaction(caller.tenant) as tx:
            before = await self._held(tx, caller, str(endpoint_id))
            asked, _ = updated(
                endpoint_message(before),
                request.endpoint,
                update_mask=request.update_mask,
                clear_mask=request.clear_mask,
                changeable=_CHANGEABLE,
            )
            after = _updated(before, asked, self._reach)
            if after != before:
                await store.save_endpoint(tx, after)
                # What failed at the old address, or waited out a pause, is tried at once.
                await hurry(tx, after.id, now)
                facts = {"before": facts_of(before), "after": facts_of(after)}
                await record(tx, _entry("updated", after, now, **facts))
        self._wakeups.ring("audit", QUEUED)
        return pb.UpdateWebhookEndpointResponse(endpoint=endpoint_message(after))

    async def DeleteWebhookEndpoint(
        self, request: pb.DeleteWebhookEndpointRequest, context: Context
    ) -> pb.DeleteWebhookEndpointResponse:
        caller, now = current_caller(), self._now()
        async with self._database.transaction(caller.tenant) as tx:
            found = await self._found(tx, caller, request.endpoint_id, hold=True)
            if found.destination.ended_at is None:
                await end_destination(tx, found.id, now)
                found = replace(found, destination=replace(found.destination, ended_at=now))
                await record(tx, _entry("deleted", found, now, before=facts_of(found), after={}))
        self._wakeups.ring("audit")
        return pb.DeleteWebhookEndpointResponse(endpoint=endpoint_message(found))

    async def RotateWebhookSecret(
        self, request: pb.RotateWebhookSecretRequest, context: Context
    ) -> pb.RotateWebhookSecretResponse:
        caller, now = current_caller(), self._now()
        overlap = request.overlap.ToTimedelta() if request.HasField("overlap") else _OVERLAP
        async with self._database.transaction(caller.tenant) as tx:
            await _refuse_repeat(tx, request.request_id)
            found = await self._held(tx, caller, request.endpoint_id)
            number = await store.next_secret_number(tx, found.id)
            secret = await self._add_secret(tx, found, number, request.request_id, now)
            await store.end_secrets(
                tx, found.id, newest=number, previous_ends_at=now + overlap, now=now
            )
            facts = {"number": number, "previous_ends_at": now + overlap}
            await record(tx, _entry("secret_rotated", found, now, after=facts))
            found = await self._held(tx, caller, request.endpoint_id)
        self._wakeups.ring("audit")
        return pb.RotateWebhookSecretResponse(endpoint=endpoint_message(found), secret=secret)

    async def TestWebhookEndpoint(
        self, request: pb.TestWebhookEndpointRequest, context: Context
    ) -> pb.TestWebhookEndpointResponse:
        caller, now = current_caller(), self._now()
        async with self._database.transaction(caller.tenant) as tx:
            found = await self._held(tx, caller, request.endpoint_id)
            await record(tx, _entry("tested", found, now, after={"url": found.url}))
        self._wakeups.ring("audit")
        return pb.TestWebhookEndpointResponse(endpoint=endpoint_message(found))

    async def _add_secret(
        self, tx: AsyncConnection, endpoint: Endpoint, number: int, request_id: str, now: datetime
    ) -> str:
        """Make and keep an endpoint's newest secret; return what is shown of it."""
        secret = secrets.token_bytes(SECRET_BYTES)
        sealed = self._vault.seal(secret, bound_to=place_of(endpoint, number))
        added = await store.add_secret(
            tx,
            endpoint=endpoint,
            number=number,
            sealed=sealed,
            request_id=UUID(request_id),
            now=now,
        )
        if not added:
            raise _repeated()
        return shown_secret(endpoint.scheme, secret)

    async def _found(
        self, tx: AsyncConnection, caller: Caller, endpoint_id: str, *, hold: bool = False
    ) -> Endpoint:
        found = await store.endpoint(
            tx, UUID(endpoint_id), self._now(), producer_id=only_producer(caller), hold=hold
        )
        if found is None:
            raise _no_endpoint(endpoint_id)
        return found

    async def _held(self, tx: AsyncConnection, caller: Caller, endpoint_id: str) -> Endpoint:
        """Return one that is not deleted, and hold it until commit. Raises NotFound."""
        found = await self._found(tx, caller, endpoint_id, hold=True)
        if found.destination.ended_at is not None:
            raise _no_endpoint(endpoint_id)
        return found


def _new_endpoint(
    request: pb.CreateWebhookEndpointRequest, caller: Caller, reach: Reach, now: datetime
) -> Endpoint:
    return Endpoint(
        destination=Destination(
            id=uuid7(now),
            owner_id=caller.owner_id,
            channel=ChannelKind.WEBHOOK,
            topics=topics_from(request.topics),
            level_min=level_from(request.level_min),
            created_at=now,
            account_id=uuid_or_none(request.account_id),
            producer_id=only_producer(caller) or uuid_or_none(request.producer_id),
        ),
        url=checked_url(request.url, reach, field="url"),
        description=_description(request.description),
        scheme=scheme_from(request.signature),
    )


def _updated(before: Endpoint, asked: pb.WebhookEndpoint, reach: Reach) -> Endpoint:
    destination = replace(
        before.destination,
        topics=topics_from(asked.topics),
        level_min=level_from(asked.level_min),
    )
    after = replace(
        before,
        destination=destination,
        url=checked_url(asked.url, reach, field="endpoint.url"),
        description=_description(asked.description),
    )
    return after.paused(pause=asked.paused)


def _description(text: str) -> str:
    return printable(text, field="description") if text else ""


async def _require_own(tx: AsyncConnection, wanted: Destination) -> None:
    """Raise NotFound unless the account and the producer that are named are the owner's own."""
    if wanted.account_id is not None and await account(tx, wanted.account_id) is None:
        raise NotFound(f"no account {wanted.account_id}", account_id=str(wanted.account_id))
    if wanted.producer_id is None:
        return
    found = await producer(tx, wanted.producer_id)
    # Also those of others are seen that are listed.
    if found is None or found.owner_id != wanted.owner_id:
        raise NotFound(f"no producer {wanted.producer_id}", producer_id=str(wanted.producer_id))


async def _refuse_repeat(tx: AsyncConnection, request_id: str) -> None:
    if await store.request_was_answered(tx, UUID(request_id)):
        raise _repeated()


def _repeated() -> RequestRepeated:
    return RequestRepeated("a secret was shown for this request_id")


def _no_endpoint(endpoint_id: str) -> NotFound:
    return NotFound(f"no webhook endpoint {endpoint_id}", endpoint_id=endpoint_id)


def _entry(
    what: str,
    endpoint: Endpoint,
    now: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any],
) -> Entry:
    return Entry(
        kind=f"webhook_endpoint.{what}",
        subject=f"webhook_endpoint:{endpoint.id}",
        event_time=now,
        trace=trace_of(current_call()),
        owner_id=endpoint.destination.owner_id,
        account_id=endpoint.destination.account_id,
        before=before,
        after=after,
    )
