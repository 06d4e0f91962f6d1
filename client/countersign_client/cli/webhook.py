"""Addresses that events are posted to: making them, their secrets, and what was posted."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import uuid4

import betterproto.lib.google.protobuf as well_known
import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, value_of
from countersign_client.cli.moments import read_span, read_time
from countersign_client.cli.screen import print_json, remark, say
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_ENDPOINT = (
    column("webhook", "endpoint_id"),
    column("url", "url"),
    column("what for", "description"),
    column("topics", "topics"),
    column("from level", "level_min"),
    column("signed", "signature"),
    column("paused", "paused"),
    column("because", "paused_reason"),
    column("account", "account_id"),
    column("producer", "producer_id"),
)
_POSTED = (
    column("notification", "notification_id"),
    column("made", "create_time"),
    column("event", "event_kind"),
    column("state", "state"),
    column("attempts", "attempts"),
    column("failure", "failure"),
)
_ATTEMPT = (
    column("attempt", "number"),
    column("at", "attempt_time"),
    column("outcome", "outcome"),
    column("status", "status"),
    column("answer", "detail"),
)

app = typer.Typer(help="Addresses that events are posted to.", no_args_is_help=True)


class Topic(StrEnum):
    """What events are about."""

    SIGNAL = "signal"
    APPROVAL = "approval"
    COMMAND = "command"
    DEAL = "deal"
    GUARD = "guard"
    DIVERGENCE = "divergence"
    PAYOUT = "payout"
    DEVICE = "device"
    SECURITY = "security"


class Level(StrEnum):
    """How urgent."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Signed(StrEnum):
    """How messages are signed."""

    HMAC = "hmac-sha256"
    ED25519 = "ed25519"


class State(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


WebhookId = Annotated[str, typer.Argument(help="UUID.")]
Topics = Annotated[list[Topic] | None, typer.Option("--topic", help="Only these; repeat.")]


@command(app)
def create(  # noqa: PLR0913  # options, each by name
    url: Annotated[str, typer.Argument(help="Where to post: https://example.com/hooks")],
    *,
    topic: Topics = None,
    level: Annotated[Level, typer.Option(help="The least urgent.")] = Level.INFO,
    account: Annotated[str, typer.Option(help="Only events of this account.")] = "",
    producer: Annotated[str, typer.Option(help="Only events about its signals.")] = "",
    signed: Annotated[Signed, typer.Option(help="How to sign.")] = Signed.HMAC,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Register an address; the secret to verify messages with is shown this once."""
    request = v1.CreateWebhookEndpointRequest(
        request_id=str(uuid4()),
        url=url,
        description=description,
        topics=[value_of(v1.EventTopic, one) for one in topic or []],
        level_min=value_of(v1.NotificationLevel, level),
        account_id=account,
        producer_id=producer,
        signature=value_of(v1.WebhookSignature, signed),
    )
    made = ask(lambda client: client.webhooks.create_webhook_endpoint(request))
    _show_with_secret(made)


@command(app, "list")
def list_(
    *, limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50
) -> None:
    """List webhooks, newest first."""
    found = ask(
        lambda client: gather(
            client.webhooks.list_webhook_endpoints,
            v1.ListWebhookEndpointsRequest(),
            lambda page: page.endpoints,
            limit,
        )
    )
    show_all(found, _ENDPOINT, nothing="no webhooks")


@command(app)
def pause(webhook_id: WebhookId) -> None:
    """Post nothing for now; what happens meanwhile waits, three days at most."""
    _update(webhook_id, update=["paused"], paused=True)


@command(app)
def resume(webhook_id: WebhookId) -> None:
    """Go on after a pause, with what waits first."""
    _update(webhook_id, clear=["paused"])


@command(app)
def move(
    webhook_id: WebhookId,
    url: Annotated[str, typer.Argument(help="Where to post from now on.")],
) -> None:
    """Post to another address; what waits goes there too."""
    _update(webhook_id, update=["url"], url=url)


@command(app)
def rotate(
    webhook_id: WebhookId,
    *,
    overlap: Annotated[str, typer.Option(help="How long both secrets sign: 1d.")] = "1d",
) -> None:
    """Make a new secret, shown this once; until the overlap is over both sign."""
    request = v1.RotateWebhookSecretRequest(
        request_id=str(uuid4()),
        endpoint_id=webhook_id,
        overlap=read_span(overlap, field="overlap"),
    )
    _show_with_secret(ask(lambda client: client.webhooks.rotate_webhook_secret(request)))


@command(app)
def test(webhook_id: WebhookId) -> None:
    """Post an event that says nothing; `countersign webhook log` shows what became of it."""
    request = v1.TestWebhookEndpointRequest(endpoint_id=webhook_id)
    show(ask(lambda client: client.webhooks.test_webhook_endpoint(request)).endpoint, _ENDPOINT)


@command(app)
def delete(webhook_id: WebhookId) -> None:
    """End a webhook for good; what waits for it is given up."""
    request = v1.DeleteWebhookEndpointRequest(endpoint_id=webhook_id)
    show(ask(lambda client: client.webhooks.delete_webhook_endpoint(request)).endpoint, _ENDPOINT)


@command(app)
def log(
    webhook_id: WebhookId,
    *,
    state: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
) -> None:
    """List what was posted, newest first; dead letters with --state dead."""
    request = v1.ListNotificationsRequest(destination_id=webhook_id)
    if state is not None:
        request.states = [value_of(v1.NotificationState, state)]
    found = ask(
        lambda client: gather(
            client.notifications.list_notifications,
            request,
            lambda page: page.notifications,
            limit,
        )
    )
    show_all(found, _POSTED, nothing="nothing was posted")


@command(app)
def attempts(
    notification_id: Annotated[str, typer.Argument(help="UUID, as the log shows it.")],
) -> None:
    """Show every attempt to post one message, and what was answered."""
    request = v1.GetNotificationRequest(notification_id=notification_id)
    found = ask(lambda client: client.notifications.get_notification(request))
    if current().json:
        print_json(message_json(found))
        return
    show(found.notification, _POSTED)
    show_all(found.attempts, _ATTEMPT, nothing="it was not tried yet")


@command(app)
def replay(
    webhook_id: WebhookId,
    *,
    start: Annotated[str, typer.Option(help="Made at or after: 2026-11-21T10:00:00Z.")],
    end: Annotated[str, typer.Option(help="Made before; absent: up to now.")] = "",
    dead: Annotated[bool, typer.Option("--dead", help="Only what was given up.")] = False,
) -> None:
    """Post again what was made in a range of time, in its order, under its own ids."""
    request = v1.ReplayNotificationsRequest(
        destination_id=webhook_id,
        start_time=read_time(start, field="start"),
        end_time=read_time(end, field="end") if end else datetime.now(UTC),
        dead_only=dead,
    )
    answer = ask(lambda client: client.notifications.replay_notifications(request))
    if current().json:
        print_json(message_json(answer))
        return
    say(f"{answer.count} are posted again")
    if answer.more:
        remark("there are more in the range: run it again once these are delivered")


def _update(
    webhook_id: str,
    *,
    update: list[str] | None = None,
    clear: list[str] | None = None,
    url: str = "",
    paused: bool = False,
) -> None:
    request = v1.UpdateWebhookEndpointRequest(
        endpoint=v1.WebhookEndpoint(endpoint_id=webhook_id, url=url, paused=paused),
        update_mask=well_known.FieldMask(paths=update or []),
        clear_mask=well_known.FieldMask(paths=clear or []),
    )
    show(ask(lambda client: client.webhooks.update_webhook_endpoint(request)).endpoint, _ENDPOINT)


def _show_with_secret(
    made: v1.CreateWebhookEndpointResponse | v1.RotateWebhookSecretResponse,
) -> None:
    if current().json:
        print_json(message_json(made))
        return
    show(made.endpoint, _ENDPOINT)
    say(f"secret    {made.secret}")
    remark("a secret (whsec_) is shown this once; docs/webhooks.md verifies a message with it")
