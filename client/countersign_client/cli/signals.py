"""Signals: listing, showing, and watching what becomes of them."""

from contextlib import aclosing
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, cast

import betterproto
import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, countdown_column, value_of
from countersign_client.cli.moments import read_span, time_text
from countersign_client.cli.screen import Column, print_json_line, remark, say
from countersign_client.cli.session import ask, show, show_all
from countersign_client.client import Client
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

app = typer.Typer(help="List, show and watch signals.", no_args_is_help=True)


class State(StrEnum):
    """Where a signal stands."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    EXPIRED = "expired"


@command(app, "list")
def list_(
    *,
    state: Annotated[list[State] | None, typer.Option(help="Only this; repeatable.")] = None,
    instrument: Annotated[str, typer.Option(help="Only this instrument.")] = "",
    producer: Annotated[str, typer.Option(help="Only this producer.")] = "",
    since: Annotated[str, typer.Option(help="Received in the last 90s, 5m, 2h, 1d.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
) -> None:
    """List signals, newest first."""
    start = datetime.now(UTC) - read_span(since, field="since") if since else None

    async def first(client: Client) -> list[v1.StoredSignal]:
        found: list[v1.StoredSignal] = []
        listing = client.list(
            states=[value_of(v1.SignalState, one) for one in state or []],
            instrument=instrument,
            producer_id=producer,
            start_time=start,
        )
        async with aclosing(listing) as signals:
            async for signal in signals:
                found.append(signal)
                if len(found) == limit:
                    break
        return found

    show_all(ask(first), _BRIEF, nothing="no signals")


@command(app, "show")
def show_one(signal_id: Annotated[str, typer.Argument(help="UUID.")]) -> None:
    """Show a signal and what became of it."""
    show(ask(lambda client: client.get(signal_id)), _FULL)


@command(app)
def watch(
    *,
    after: Annotated[int, typer.Option(min=0, help="Sequence to go on after; 0: from now on.")] = 0,
) -> None:
    """Print each change as it happens, one a line, until interrupted. Resumes by itself."""

    async def follow(client: Client) -> None:
        async with aclosing(client.watch(after)) as events:
            async for event in events:
                if current().json:
                    print_json_line(message_json(event))
                else:
                    say(_event_line(event))

    remark("watching; end with Ctrl-C")
    ask(follow)


def _event_line(event: v1.WatchSignalsResponse) -> str:
    parts = [
        str(event.sequence),
        time_text(event.event_time),
        event.kind,
        event.signal_id,
        event.account_id,
        event.reason,
    ]
    return "  ".join(part for part in parts if part)


def _action(stored: v1.StoredSignal) -> str:
    return betterproto.which_one_of(stored.signal, "action")[0]


def _details(stored: v1.StoredSignal) -> str:
    name, action = betterproto.which_one_of(stored.signal, "action")
    if not isinstance(action, betterproto.Message):
        return name
    content = message_json(action)
    flat: list[str] = []
    for key, value in content.items():
        # A choice such as {"stop": {"noStopLoss": true}} says its own name.
        inner = cast("dict[str, Any]", value) if isinstance(value, dict) else {key: value}
        flat += [f"{name} {text}" for name, text in inner.items()]
    return ", ".join(flat)


def _reasons(stored: v1.StoredSignal) -> str:
    reasons = stored.funnel.declined_reasons
    return ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))


_BRIEF = (
    column("signal", "signal_id"),
    column("external id", "signal.external_id"),
    column("instrument", "signal.instrument"),
    column("side", "signal.side"),
    Column("action", _action),
    column("state", "state"),
    countdown_column("received", "receive_time"),
    countdown_column("expires", "expire_time"),
    column("offered", "funnel.offered"),
    column("approved", "funnel.approved"),
    column("executed", "funnel.executed"),
)
_FULL = (
    *_BRIEF,
    Column("details", _details),
    column("version", "signal.version"),
    column("note", "signal.note"),
    column("declined", "funnel.declined"),
    Column("declined because", _reasons),
    column("rejected", "funnel.rejected"),
    column("not decided in time", "funnel.expired"),
    column("producer", "producer_id"),
    column("key", "key_id"),
    column("payload sha-256", "payload_sha256"),
    column("signed at", "sent_time"),
    column("stored at", "receive_time"),
)
