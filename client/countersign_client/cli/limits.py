"""What may be opened at most: by an account, by all of an owner's together, by a producer."""

from collections.abc import Iterable
from typing import Annotated

import betterproto.lib.google.protobuf as well_known
import typer

from countersign_client.cli.invocation import command
from countersign_client.cli.labels import column, limit_column
from countersign_client.cli.screen import Column
from countersign_client.cli.session import ask, show
from countersign_client.decimals import canonical
from countersign_client.errors import invalid_value
from countersign_client.wire.countersign import v1

app = typer.Typer(help="What may be opened at most.", no_args_is_help=True)


def _losses(limits: v1.OwnerLimits) -> str:
    return ", ".join(f"{one.amount} {one.currency}" for one in limits.max_daily_losses) or "any"


_ACCOUNT = (
    column("account", "account_id"),
    limit_column("max lots", "limits.max_volume"),
    limit_column("max positions", "limits.max_open_positions"),
    limit_column("max commands/min", "limits.max_commands_per_minute"),
    limit_column("max orders/s", "limits.max_orders_per_second"),
    limit_column("max identical orders/min", "limits.max_identical_orders_per_minute"),
)
_OWNER = (
    limit_column("max orders/s", "max_orders_per_second"),
    limit_column("max orders/min", "max_orders_per_minute"),
    limit_column("max lots", "max_lots"),
    limit_column("max positions", "max_positions"),
    Column("max daily loss", _losses),
)
_PRODUCER = (
    column("producer", "producer_id"),
    limit_column("max openings/min", "limits.max_openings_per_minute"),
)

_OWNER_FIELDS = (
    "max_orders_per_second",
    "max_orders_per_minute",
    "max_lots",
    "max_positions",
    "max_daily_losses",
)

Most = Annotated[int, typer.Option(min=0, max=10_000, help="0: as it is.")]
Clear = Annotated[
    list[str] | None, typer.Option(help="A limit to lift, such as max-volume; repeatable.")
]


@app.callback()
def group() -> None:
    """Show what may be opened at most, or change what the options name."""


@command(app)
def account(  # noqa: PLR0913  # options, each by name
    account_id: Annotated[str, typer.Argument(help="UUID.")],
    *,
    max_volume: Annotated[str, typer.Option(help="Lots of one command.")] = "",
    max_open_positions: Most = 0,
    max_commands_per_minute: Most = 0,
    max_orders_per_second: Most = 0,
    max_identical_orders_per_minute: Most = 0,
    clear: Clear = None,
) -> None:
    """Show or change the limits of an account, whatever it follows."""
    limits = v1.AccountLimits(
        max_volume=canonical(max_volume, field="max_volume") if max_volume else "",
        max_open_positions=max_open_positions,
        max_commands_per_minute=max_commands_per_minute,
        max_orders_per_second=max_orders_per_second,
        max_identical_orders_per_minute=max_identical_orders_per_minute,
    )
    if not bytes(limits) and not clear:
        asked = v1.GetAccountRequest(account_id=account_id)
        show(ask(lambda client: client.accounts.get_account(asked)).account, _ACCOUNT)
        return
    request = v1.UpdateAccountRequest(
        account=v1.Account(account_id=account_id, limits=limits),
        update_mask=_set(bytes(limits)),
        clear_mask=_cleared(clear),
    )
    show(ask(lambda client: client.accounts.update_account(request)).account, _ACCOUNT)


@command(app)
def owner(  # noqa: PLR0913  # options, each by name
    *,
    max_orders_per_second: Most = 0,
    max_orders_per_minute: Most = 0,
    max_lots: Annotated[str, typer.Option(help="Lots open in all accounts together.")] = "",
    max_positions: Most = 0,
    max_daily_loss: Annotated[
        list[str] | None,
        typer.Option(help='All accounts of a currency together: "500 USD"; repeatable.'),
    ] = None,
    clear: Clear = None,
) -> None:
    """Show or change what holds for all of your accounts together."""
    limits = ask(lambda client: client.accounts.get_owner_limits(v1.GetOwnerLimitsRequest())).limits
    given = v1.OwnerLimits(
        max_orders_per_second=max_orders_per_second,
        max_orders_per_minute=max_orders_per_minute,
        max_lots=canonical(max_lots, field="max_lots") if max_lots else "",
        max_positions=max_positions,
        max_daily_losses=[_money(one) for one in max_daily_loss or ()],
    )
    wanted = {field: getattr(given, field) or getattr(limits, field) for field in _OWNER_FIELDS}
    for name in _named(clear):
        field = "max_daily_losses" if name == "max_daily_loss" else name
        if field not in wanted:
            raise invalid_value(f"--clear takes {_options(_OWNER_FIELDS)}", field="clear")
        wanted[field] = getattr(v1.OwnerLimits(), field)
    request = v1.PutOwnerLimitsRequest(limits=v1.OwnerLimits(**wanted))
    if request.limits != limits:
        limits = ask(lambda client: client.accounts.put_owner_limits(request)).limits
    show(limits, _OWNER)


@command(app)
def producer(
    producer_id: Annotated[str, typer.Argument(help="UUID.")],
    *,
    max_openings_per_minute: Most = 0,
    clear: Clear = None,
) -> None:
    """Show or change what the engine of a producer of yours may do."""
    limits = v1.ProducerLimits(max_openings_per_minute=max_openings_per_minute)
    if not bytes(limits) and not clear:
        asked = v1.GetProducerRequest(producer_id=producer_id)
        show(ask(lambda client: client.accounts.get_producer(asked)).producer, _PRODUCER)
        return
    request = v1.UpdateProducerRequest(
        producer=v1.Producer(producer_id=producer_id, limits=limits),
        update_mask=_set(bytes(limits)),
        clear_mask=_cleared(clear),
    )
    show(ask(lambda client: client.accounts.update_producer(request)).producer, _PRODUCER)


def _money(text: str) -> v1.Money:
    amount, _, currency = text.strip().partition(" ")
    if not currency:
        raise invalid_value('max_daily_loss must be such as "500 USD"', field="max_daily_loss")
    return v1.Money(amount=canonical(amount, field="max_daily_loss"), currency=currency.strip())


def _set(given: bytes) -> well_known.FieldMask:
    return well_known.FieldMask(paths=["limits"] if given else [])


def _cleared(names: list[str] | None) -> well_known.FieldMask:
    return well_known.FieldMask(paths=[f"limits.{name}" for name in _named(names)])


def _named(options: list[str] | None) -> list[str]:
    """Return fields by the names that their options have: max-volume."""
    return [one.replace("-", "_") for one in options or ()]


def _options(fields: Iterable[str]) -> str:
    return " or ".join(one.replace("_", "-") for one in fields)
