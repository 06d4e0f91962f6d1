"""Which account follows which producer, how much it trades, and who decides."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import betterproto
import betterproto.lib.google.protobuf as well_known
import typer

from countersign_client.cli.invocation import command
from countersign_client.cli.labels import column, value_of
from countersign_client.cli.moments import read_span
from countersign_client.cli.screen import Column
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.client import Client
from countersign_client.decimals import canonical
from countersign_client.errors import invalid_value
from countersign_client.wire.countersign import v1

app = typer.Typer(help="Which account follows which producer, and how.", no_args_is_help=True)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PRODUCERS_MAX = 10_000
# Where an option has another name than the field.
_OPTIONS = {"fixed_lots": "lots"}

SubscriptionId = Annotated[str, typer.Argument(help="UUID.")]


class Mode(StrEnum):
    """Who decides."""

    MANUAL = "manual"
    AUTOMATIC_WITHIN_LIMITS = "automatic-within-limits"
    AUTOMATIC_OUTSIDE_QUIET_HOURS = "automatic-outside-quiet-hours"


@dataclass(frozen=True, slots=True)
class Terms:
    """What was said of a subscription, and which of its fields that concerns."""

    subscription: v1.Subscription
    named: tuple[str, ...]


def terms(  # noqa: PLR0913  # options, each by name
    *,
    lots: Annotated[str, typer.Option(help="Always so many lots.")] = "",
    multiplier: Annotated[str, typer.Option(help="Times the broker's smallest volume.")] = "",
    lots_per_thousand_balance: Annotated[str, typer.Option(help="Lots per 1,000.")] = "",
    lots_per_thousand_equity: Annotated[str, typer.Option(help="Lots per 1,000.")] = "",
    risk_fraction: Annotated[str, typer.Option(help="Of equity at the stop: 0.01.")] = "",
    mode: Annotated[Mode | None, typer.Option(help="Who decides; absent: you.")] = None,
    automatic_max_volume: Annotated[str, typer.Option(help="Lots a rule may approve.")] = "",
    quiet_hours: Annotated[str, typer.Option(help="22:00-07:00@Europe/Berlin")] = "",
    max_volume: Annotated[str, typer.Option(help="Lots of one command at most.")] = "",
    max_drift_pips: Annotated[str, typer.Option(help="Drift since the signal; 10.")] = "",
    max_spread_pips: Annotated[str, typer.Option(help="Spread; 5.")] = "",
    max_signal_age: Annotated[str, typer.Option(help="Age at approval, such as 30s.")] = "",
    max_orders_per_minute: Annotated[
        int, typer.Option(min=0, max=10_000, help="Openings a minute.")
    ] = 0,
    max_money_at_risk: Annotated[str, typer.Option(help="Lost at one stop at most.")] = "",
    instrument: Annotated[list[str] | None, typer.Option(help="Only this; repeatable.")] = None,
    consent: Annotated[str, typer.Option(help="Version of the consent text accepted.")] = "",
    close_on_expiry: Annotated[
        bool | None, typer.Option(help="An approval's expiry closes what it opened.")
    ] = None,
) -> Terms:
    """Return the terms that options name. Raises Invalid."""
    limits = v1.SubscriptionLimits(
        max_volume=_optional(max_volume, "max_volume"),
        max_drift_pips=_optional(max_drift_pips, "max_drift_pips"),
        max_spread_pips=_optional(max_spread_pips, "max_spread_pips"),
        automatic_max_volume=_optional(automatic_max_volume, "automatic_max_volume"),
        instruments=instrument or [],
        max_orders_per_minute=max_orders_per_minute,
        max_money_at_risk=_optional(max_money_at_risk, "max_money_at_risk"),
    )
    if max_signal_age:
        limits.max_signal_age = read_span(max_signal_age, field="max_signal_age")
    sizing = _sizing(
        {
            "fixed_lots": lots,
            "multiplier": multiplier,
            "lots_per_thousand_balance": lots_per_thousand_balance,
            "lots_per_thousand_equity": lots_per_thousand_equity,
            "risk_fraction": risk_fraction,
        }
    )
    subscription = v1.Subscription(consent_version=consent, close_on_expiry=bool(close_on_expiry))
    named = ["consent_version"] if consent else []
    if sizing is not None:
        subscription.sizing = sizing
        named.append("sizing")
    if mode is not None:
        subscription.approval_mode = value_of(v1.ApprovalMode, mode)
        named.append("approval_mode")
    if quiet_hours:
        subscription.quiet_hours = _quiet_hours(quiet_hours)
        named.append("quiet_hours")
    if bytes(limits):
        subscription.limits = limits
        named.append("limits")
    if close_on_expiry is not None:
        named.append("close_on_expiry")
    return Terms(subscription, tuple(named))


@command(app, given=terms)
def create(
    *,
    account: Annotated[str, typer.Option(help="The account that follows.")],
    producer: Annotated[str, typer.Option(help="What it follows: UUID, or the name of yours.")],
    given: Terms,
) -> None:
    """Make an account follow a producer, and accept the consent text that --consent names."""
    said = given.subscription
    for field, option in (("sizing", "--lots or another size"), ("consent_version", "--consent")):
        if field not in given.named:
            raise invalid_value(f"{option} is needed", field=field)
    request = v1.CreateSubscriptionRequest(
        account_id=account,
        producer_id=ask(lambda client: _producer_id(client, producer)),
        sizing=said.sizing,
        approval_mode=said.approval_mode,
        consent_version=said.consent_version,
        close_on_expiry=said.close_on_expiry,
    )
    if "quiet_hours" in given.named:
        request.quiet_hours = said.quiet_hours
    if "limits" in given.named:
        request.limits = said.limits
    show(ask(lambda client: client.accounts.create_subscription(request)).subscription, _COLUMNS)


@command(app, "list")
def list_(
    *,
    account: Annotated[str, typer.Option(help="Only this account.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
) -> None:
    """List subscriptions, newest first."""
    request = v1.ListSubscriptionsRequest(account_id=account)
    subscriptions = ask(
        lambda client: gather(
            client.accounts.list_subscriptions, request, lambda page: page.subscriptions, limit
        )
    )
    show_all(subscriptions, _COLUMNS, nothing="no subscriptions")


@command(app, given=terms)
def update(
    subscription_id: SubscriptionId,
    *,
    clear: Annotated[
        list[str] | None, typer.Option(help="Back to its default: limits.max_volume; repeatable.")
    ] = None,
    given: Terms,
) -> None:
    """Change what the options name, and nothing else; it holds for signals that come after."""
    cleared = list(clear or ())
    named = list(given.named)
    if "close_on_expiry" in named and not given.subscription.close_on_expiry:
        named.remove("close_on_expiry")
        cleared.append("close_on_expiry")
    if not named and not cleared:
        raise invalid_value("name at least one thing to change", field="update_mask")
    given.subscription.subscription_id = subscription_id
    request = v1.UpdateSubscriptionRequest(
        subscription=given.subscription,
        update_mask=well_known.FieldMask(paths=named),
        clear_mask=well_known.FieldMask(paths=cleared),
    )
    show(ask(lambda client: client.accounts.update_subscription(request)).subscription, _COLUMNS)


@command(app)
def cancel(subscription_id: SubscriptionId) -> None:
    """End a subscription."""
    request = v1.CancelSubscriptionRequest(subscription_id=subscription_id)
    show(ask(lambda client: client.accounts.cancel_subscription(request)).subscription, _COLUMNS)


async def _producer_id(client: Client, producer: str) -> str:
    if _UUID.fullmatch(producer):
        return producer
    own = (await client.identity.get_me(v1.GetMeRequest())).user.user_id
    producers = await gather(
        client.accounts.list_producers,
        v1.ListProducersRequest(),
        lambda page: page.producers,
        _PRODUCERS_MAX,
    )
    for one in producers:
        if one.name == producer and one.owner_id == own:
            return one.producer_id
    raise invalid_value(f"producer {producer} is neither a UUID nor one of yours", field="producer")


def _sizing(rules: dict[str, str]) -> v1.Sizing | None:
    given = {
        name: canonical(text, field=_OPTIONS.get(name, name))
        for name, text in rules.items()
        if text
    }
    if len(given) > 1:
        raise invalid_value(f"give one size, not {' and '.join(sorted(given))}", field="sizing")
    return v1.Sizing(**given) if given else None


def _optional(text: str, field: str) -> str:
    return canonical(text, field=field) if text else ""


def _quiet_hours(text: str) -> v1.QuietHours:
    match = re.fullmatch(r"(\d\d:\d\d)-(\d\d:\d\d)@(\S{1,64})", text)
    if match is None:
        raise invalid_value(
            "quiet hours are written 22:00-07:00@Europe/Berlin", field="quiet_hours"
        )
    return v1.QuietHours(start=match[1], end=match[2], time_zone=match[3])


def _size_text(subscription: v1.Subscription) -> str:
    name, value = betterproto.which_one_of(subscription.sizing, "rule")
    return f"{name.replace('_', ' ')} {value}" if name else ""


_COLUMNS = (
    column("subscription", "subscription_id"),
    column("account", "account_id"),
    column("producer", "producer_id"),
    Column("size", _size_text),
    column("decides", "approval_mode"),
    column("max lots", "limits.max_volume"),
    column("consent", "consent_version"),
    column("cancelled", "cancel_time"),
)
