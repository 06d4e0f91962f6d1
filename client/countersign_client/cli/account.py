"""Trading accounts, and which of the broker's symbols an instrument is."""

from enum import StrEnum
from typing import Annotated

import betterproto.lib.google.protobuf as well_known
import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, limit_column, value_of
from countersign_client.cli.screen import print_json, print_table, say
from countersign_client.cli.session import ask, gather, show, show_all
from countersign_client.decimals import canonical
from countersign_client.errors import invalid_value
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_BRIEF = (
    column("account", "account_id"),
    column("name", "name"),
    column("login", "fingerprint.login"),
    column("server", "fingerprint.server"),
    column("currency", "fingerprint.currency"),
    column("state", "trading_state"),
    column("demo", "demo"),
)
_FULL = (
    *_BRIEF,
    column("margin mode", "fingerprint.margin_mode"),
    column("broker", "broker"),
    column("why", "trading_state_cause"),
    column("since", "trading_state_time"),
    limit_column("max lots", "limits.max_volume"),
    limit_column("max positions", "limits.max_open_positions"),
    limit_column("max commands/min", "limits.max_commands_per_minute"),
    limit_column("max orders/s", "limits.max_orders_per_second"),
    limit_column("max identical orders/min", "limits.max_identical_orders_per_minute"),
    column("own signature needed", "owner_signature_required"),
    column("made", "create_time"),
)
_SYMBOL = (
    column("instrument", "instrument"),
    column("symbol", "properties.symbol"),
    column("changed", "changed"),
    column("confirmed", "confirm_time"),
    column("min lots", "properties.volume_min"),
    column("step", "properties.volume_step"),
    column("contract", "properties.contract_size"),
)

app = typer.Typer(help="Trading accounts and their symbols.", no_args_is_help=True)

AccountId = Annotated[str, typer.Argument(help="UUID.")]


class MarginMode(StrEnum):
    """How an account keeps its positions."""

    HEDGING = "hedging"
    NETTING = "netting"
    EXCHANGE = "exchange"


@command(app)
def create(  # noqa: PLR0913  # options, each by name
    name: Annotated[str, typer.Argument(help="What to call it.")],
    *,
    server: Annotated[str, typer.Option(help="The broker's server, as the terminal names it.")],
    login: Annotated[int, typer.Option(min=1, help="The account number there.")],
    currency: Annotated[str, typer.Option(help="Deposit currency.")],
    margin_mode: Annotated[MarginMode, typer.Option(help="As the terminal says.")],
    broker: Annotated[str, typer.Option(help="The broker.")] = "",
    demo: Annotated[bool, typer.Option("--demo", help="Demo money.")] = False,
    max_volume: Annotated[str, typer.Option(help="Lots of one command at most.")] = "",
    max_open_positions: Annotated[int, typer.Option(min=0, max=10_000, help="0: any.")] = 0,
    max_commands_per_minute: Annotated[int, typer.Option(min=0, max=10_000, help="0: any.")] = 0,
    max_orders_per_second: Annotated[int, typer.Option(min=0, max=10_000, help="0: 10.")] = 0,
    max_identical_orders_per_minute: Annotated[
        int, typer.Option(min=0, max=10_000, help="0: 20.")
    ] = 0,
) -> None:
    """Make an account: one login at one broker's server."""
    request = v1.CreateAccountRequest(
        name=name,
        broker=broker,
        demo=demo,
        fingerprint=v1.AccountFingerprint(
            server=server,
            login=login,
            currency=currency,
            margin_mode=value_of(v1.MarginMode, margin_mode),
        ),
        limits=v1.AccountLimits(
            max_volume=canonical(max_volume, field="max_volume") if max_volume else "",
            max_open_positions=max_open_positions,
            max_commands_per_minute=max_commands_per_minute,
            max_orders_per_second=max_orders_per_second,
            max_identical_orders_per_minute=max_identical_orders_per_minute,
        ),
    )
    show(ask(lambda client: client.accounts.create_account(request)).account, _FULL)


@command(app)
def require_signature(
    account_id: AccountId,
    *,
    off: Annotated[bool, typer.Option("--off", help="A click is enough again.")] = False,
) -> None:
    """Let nothing be approved without your own key's signature; rules approve nothing either.

    What holds even against the server is what is pinned at the bridge.
    """
    account = v1.Account(account_id=account_id, owner_signature_required=True)
    mask = well_known.FieldMask(paths=["owner_signature_required"])
    request = v1.UpdateAccountRequest(account=account, update_mask=mask)
    if off:
        account = v1.Account(account_id=account_id)
        request = v1.UpdateAccountRequest(account=account, clear_mask=mask)
    show(ask(lambda client: client.accounts.update_account(request)).account, _FULL)


@command(app, "list")
def list_(
    *, limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50
) -> None:
    """List accounts, newest first."""
    accounts = ask(
        lambda client: gather(
            client.accounts.list_accounts,
            v1.ListAccountsRequest(),
            lambda page: page.accounts,
            limit,
        )
    )
    show_all(accounts, _BRIEF, nothing="no accounts")


@command(app, "show")
def show_one(account_id: AccountId) -> None:
    """Show an account and whether it may trade."""
    request = v1.GetAccountRequest(account_id=account_id)
    show(ask(lambda client: client.accounts.get_account(request)).account, _FULL)


@command(app)
def symbols(account_id: AccountId) -> None:
    """List an account's instruments, and the broker's symbols that none is mapped to."""
    request = v1.ListSymbolsRequest(account_id=account_id)
    listed = ask(lambda client: client.accounts.list_symbols(request))
    if current().json:
        print_json(message_json(listed))
        return
    print_table(listed.symbols, _SYMBOL, nothing="no instruments")
    if listed.unmapped:
        say("not mapped: " + ", ".join(one.symbol for one in listed.unmapped))


@command(app, "put-symbol")
def put_symbol(  # noqa: PLR0913  # options, each by name
    account_id: AccountId,
    instrument: Annotated[str, typer.Argument(help="Broker-neutral: EURUSD.")],
    symbol: Annotated[str, typer.Argument(help="The broker's name: EURUSD.r.")],
    *,
    digits: Annotated[int | None, typer.Option(min=0, max=12, help="Decimals of a price.")] = None,
    contract_size: Annotated[str, typer.Option(help="Units of the base in one lot.")] = "",
    tick_size: Annotated[str, typer.Option(help="Smallest price change.")] = "",
    tick_value: Annotated[str, typer.Option(help="Worth of a tick of one lot; 0: unknown.")] = "0",
    volume_min: Annotated[str, typer.Option(help="Smallest volume, in lots.")] = "",
    volume_max: Annotated[str, typer.Option(help="Largest volume, in lots.")] = "",
    volume_step: Annotated[str, typer.Option(help="Volumes are multiples of it.")] = "",
    currency_base: Annotated[str, typer.Option(help="EUR of EURUSD.")] = "",
    currency_profit: Annotated[str, typer.Option(help="USD of EURUSD.")] = "",
    pip_size: Annotated[str, typer.Option(help="Smallest change people count in.")] = "",
) -> None:
    """Say which symbol an instrument is, and confirm what the broker says of it.

    The properties are needed only where no bridge has told them yet; then all of them.
    """
    request = v1.PutSymbolRequest(account_id=account_id, instrument=instrument, symbol=symbol)
    sizes = {
        "contract_size": contract_size,
        "tick_size": tick_size,
        "volume_min": volume_min,
        "volume_max": volume_max,
        "volume_step": volume_step,
        "pip_size": pip_size,
    }
    if digits is not None:
        request.properties = v1.SymbolProperties(
            symbol=symbol,
            digits=digits,
            tick_value="0" if tick_value == "0" else canonical(tick_value, field="tick_value"),
            currency_base=currency_base,
            currency_profit=currency_profit,
            **{name: canonical(text, field=name) for name, text in sizes.items()},
        )
    elif any(sizes.values()):
        raise invalid_value("properties need all of them, --digits among them", field="digits")
    show(ask(lambda client: client.accounts.put_symbol(request)).symbol, _SYMBOL)
