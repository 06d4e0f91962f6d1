"""Charts as PNG files: prices with what happened in them, and an account's equity."""

from pathlib import Path
from typing import Annotated, Any

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import value_of
from countersign_client.cli.only_account import account_or_only
from countersign_client.cli.screen import print_json, say
from countersign_client.cli.session import ask
from countersign_client.client import Client
from countersign_client.errors import invalid_value
from countersign_client.wire.countersign import v1

_TIMEFRAMES = [one.name for one in v1.Timeframe if one.value and one.name]
_STYLES = ["candles", "heikin-ashi", "renko"]

Output = Annotated[Path, typer.Option("--output", "-o", help="The file to write.")]
Zone = Annotated[str, typer.Option(help="Zone of the time axis: Europe/Prague.")]
Theme = Annotated[str, typer.Option(help="light or dark.")]
Colour = Annotated[list[str] | None, typer.Option(help="Another colour: rising=#00aa00.")]
Width = Annotated[int, typer.Option(help="Pixels.")]
Height = Annotated[int, typer.Option(help="Pixels.")]

app = typer.Typer(help="Draw charts.", no_args_is_help=True)


def _look(
    *,
    zone: Zone = "UTC",
    theme: Theme = "light",
    colour: Colour = None,
    width: Width = 1200,
    height: Height = 700,
) -> v1.ChartLook:
    return v1.ChartLook(
        theme=theme, colours=[*(colour or ())], zone=zone, width=width, height=height
    )


def _prices(
    *,
    style: Annotated[str, typer.Option(help=", ".join(_STYLES) + ".")] = "candles",
    brick: Annotated[str, typer.Option(help="Renko: the height of a brick, 0.001.")] = "",
    average: Annotated[
        list[str] | None, typer.Option(help="A moving average: simple:20, exponential:50.")
    ] = None,
    volume_levels: Annotated[
        int, typer.Option(help="Volume by price in so many levels; 0: none.")
    ] = 0,
    volume: Annotated[bool, typer.Option(help="Draw the volume below.")] = True,
) -> v1.PriceLook:
    if style not in _STYLES:
        raise invalid_value(f"style is one of {', '.join(_STYLES)}", field="style")
    return v1.PriceLook(
        style=value_of(v1.ChartStyle, style),
        brick=brick,
        averages=[*(average or ())],
        profile_levels=volume_levels,
        hide_volume=not volume,
    )


@command(app, look=_look, prices=_prices)
def prices(  # noqa: PLR0913  # options, each by its name
    symbol: Annotated[str, typer.Argument(help="The broker's symbol, or an instrument.")],
    look: Any,  # noqa: ANN401  # what the part of that name makes
    prices: Any,  # noqa: ANN401  # the same
    *,
    output: Output,
    account: Annotated[str, typer.Option(help="Whose terminal; else of the only account.")] = "",
    timeframe: Annotated[str, typer.Option(help=", ".join(_TIMEFRAMES) + ".")] = "H1",
    bars: Annotated[int, typer.Option(min=1, max=5000, help="The newest so many.")] = 200,
    signal: Annotated[str, typer.Option(help="Mark only what became of this signal.")] = "",
    trades: Annotated[bool, typer.Option(help="Mark signals, approvals, orders, fills.")] = True,
) -> None:
    """Draw prices as the account's terminal has them."""
    if timeframe not in _TIMEFRAMES:
        raise invalid_value(f"timeframe is one of {', '.join(_TIMEFRAMES)}", field="timeframe")
    request = v1.GetPriceChartRequest(
        symbol=symbol,
        timeframe=value_of(v1.Timeframe, timeframe),
        bars=bars,
        signal_id=signal,
        hide_trades=not trades,
        prices=prices,
        look=look,
    )

    async def draw(client: Client) -> bytes:
        request.account_id = await account_or_only(client, account)
        return (await client.charts.get_price_chart(request)).data

    write_picture(output, ask(draw))


@command(app, look=_look)
def equity(
    look: Any,  # noqa: ANN401  # what the part of that name makes
    *,
    output: Output,
    account: Annotated[str, typer.Option(help="Which account; else the only one.")] = "",
    days: Annotated[int, typer.Option(min=1, max=3660, help="The newest so many.")] = 30,
) -> None:
    """Draw an account's equity, its balance, and how far it was under its peak."""

    async def draw(client: Client) -> bytes:
        request = v1.GetEquityChartRequest(
            account_id=await account_or_only(client, account), days=days, look=look
        )
        return (await client.charts.get_equity_chart(request)).data

    write_picture(output, ask(draw))


def write_picture(output: Path, picture: bytes) -> None:
    """Write a picture, and say so. Raises Invalid if it cannot be written."""
    try:
        output.write_bytes(picture)
    except OSError as error:
        raise invalid_value(
            f"{output} cannot be written: {error.strerror}", field="output"
        ) from None
    if current().json:
        print_json({"file": str(output), "sizeBytes": len(picture)})
    else:
        say(f"{output}: {len(picture)} bytes")
