"""Webhook endpoints and their secrets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.notifications.destination_store import (
    add_destination,
    destination_of,
    save_destination,
)
from countersign_server.notifications.tables import destinations
from countersign_server.webhooks.endpoint import Endpoint
from countersign_server.webhooks.signing import Scheme
from countersign_server.webhooks.tables import webhook_endpoints, webhook_secrets

_ENDPOINT: Select[Any] = select(
    destinations,
    webhook_endpoints.c.url,
    webhook_endpoints.c.description,
    webhook_endpoints.c.scheme,
    select(func.max(webhook_secrets.c.ends_at))
    .where(webhook_secrets.c.endpoint_id == webhook_endpoints.c.id)
    .scalar_subquery()
    .label("previous_ends_at"),
).join_from(webhook_endpoints, destinations, destinations.c.id == webhook_endpoints.c.id)


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret as it is kept."""

    number: int
    sealed: bytes


async def add_endpoint(tx: AsyncConnection, endpoint: Endpoint) -> None:
    await add_destination(tx, endpoint.destination)
    await tx.execute(
        insert(webhook_endpoints).values(
            id=endpoint.id,
            owner_id=endpoint.destination.owner_id,
            url=endpoint.url,
            description=endpoint.description,
            scheme=endpoint.scheme,
        )
    )


async def save_endpoint(tx: AsyncConnection, endpoint: Endpoint) -> None:
    """Store how an endpoint, whose destination's row the transaction holds, stands now."""
    await save_destination(tx, endpoint.destination)
    await tx.execute(
        update(webhook_endpoints)
        .where(webhook_endpoints.c.id == endpoint.id)
        .values(url=endpoint.url, description=endpoint.description)
    )


async def endpoint(
    tx: AsyncConnection,
    endpoint_id: UUID,
    now: datetime,
    *,
    producer_id: UUID | None = None,
    hold: bool = False,
) -> Endpoint | None:
    """Return one, deleted or not; None: there is none that the transaction may see.

    `producer_id`: only one of that producer. `hold`: hold its destination's row until commit.
    """
    asked = _ENDPOINT.where(webhook_endpoints.c.id == endpoint_id)
    if producer_id is not None:
        asked = asked.where(destinations.c.producer_id == producer_id)
    if hold:
        asked = asked.with_for_update(of=destinations)
    row = (await tx.execute(asked)).one_or_none()
    return None if row is None else _endpoint_of(row, now)


async def list_endpoints(
    tx: AsyncConnection,
    now: datetime,
    *,
    producer_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Endpoint]:
    """Return those that are not deleted, newest first."""
    asked = (
        _ENDPOINT.where(destinations.c.ended_at.is_(None))
        .order_by(destinations.c.id.desc())
        .limit(limit)
    )
    if producer_id is not None:
        asked = asked.where(destinations.c.producer_id == producer_id)
    if before is not None:
        asked = asked.where(destinations.c.id < before)
    return [_endpoint_of(row, now) for row in await tx.execute(asked)]


async def request_was_answered(tx: AsyncConnection, request_id: UUID) -> bool:
    """Tell whether a secret was shown for a request before."""
    found = await tx.scalar(
        select(webhook_secrets.c.number).where(webhook_secrets.c.request_id == request_id)
    )
    return found is not None


async def next_secret_number(tx: AsyncConnection, endpoint_id: UUID) -> int:
    """Return the number of an endpoint's next secret; its destination's row must be held."""
    newest = await tx.scalar(
        select(func.max(webhook_secrets.c.number)).where(
            webhook_secrets.c.endpoint_id == endpoint_id
        )
    )
    return (newest or 0) + 1


async def add_secret(  # noqa: PLR0913  # a row, each value by its name
    tx: AsyncConnection,
    *,
    endpoint: Endpoint,
    number: int,
    sealed: bytes,
    request_id: UUID,
    now: datetime,
) -> bool:
    """Store an endpoint's newest secret; False: one was shown for the same request."""
    added = await tx.execute(
        insert(webhook_secrets)
        .values(
            endpoint_id=endpoint.id,
            number=number,
            owner_id=endpoint.destination.owner_id,
            request_id=request_id,
            sealed=sealed,
            created_at=now,
        )
        .on_conflict_do_nothing(constraint="one_webhook_secret_per_request")
        .returning(webhook_secrets.c.number)
    )
    return added.one_or_none() is not None


async def end_secrets(
    tx: AsyncConnection,
    endpoint_id: UUID,
    *,
    newest: int,
    previous_ends_at: datetime,
    now: datetime,
) -> None:
    """Let the secret before the newest end at a moment, and those before it now."""
    of_endpoint = webhook_secrets.c.endpoint_id == endpoint_id
    live = or_(webhook_secrets.c.ends_at.is_(None), webhook_secrets.c.ends_at > now)
    await tx.execute(
        update(webhook_secrets)
        .where(of_endpoint, live, webhook_secrets.c.number == newest - 1)
        .values(ends_at=previous_ends_at)
    )
    await tx.execute(
        update(webhook_secrets)
        .where(of_endpoint, live, webhook_secrets.c.number < newest - 1)
        .values(ends_at=now)
    )


async def live_secrets(
    tx: AsyncConnection, endpoint_id: UUID, now: datetime
) -> Sequence[SealedSecret]:
    """Return the secrets that sign now, the newest first."""
    found = await tx.execute(
        select(webhook_secrets.c.number, webhook_secrets.c.sealed)
        .where(
            and_(
                webhook_secrets.c.endpoint_id == endpoint_id,
                or_(webhook_secrets.c.ends_at.is_(None), webhook_secrets.c.ends_at > now),
            )
        )
        .order_by(webhook_secrets.c.number.desc())
    )
    return [SealedSecret(row.number, bytes(row.sealed)) for row in found]


def _endpoint_of(row: Row[Any], now: datetime) -> Endpoint:
    ends_at: datetime | None = row.previous_ends_at
    return Endpoint(
        destination=destination_of(row),
        url=row.url,
        description=row.description,
        scheme=Scheme(row.scheme),
        previous_secret_ends_at=ends_at if ends_at and ends_at > now else None,
    )
