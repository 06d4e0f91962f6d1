"""What trading came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column, rounded_column, value_of
from countersign_client.cli.moments import is_given, time_text
from countersign_client.cli.screen import Column, print_facts, print_json, print_table, say
from countersign_client.cli.session import ask
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_SUMS: tuple[Column[v1.Statistics], ...] = (
    column("balance", "balance"),
    column("paid in and out", "paid"),
    column("net profit", "net_profit"),
    column("trades", "trades"),
    rounded_column("won %", "win_rate_percent"),
    rounded_column("profit factor", "profit_factor"),
    rounded_column("payoff ratio", "payoff_ratio"),
    rounded_column("system quality", "system_quality"),
    Column(
        "first deal", lambda one: deal_time_text(one.first_deal_time, one.first_deal_broker_time)
    ),
    Column("last deal", lambda one: deal_time_text(one.last_deal_time, one.last_deal_broker_time)),
)
_DAILY = (
    column("days", "days"),
    rounded_column("growth %", "growth_percent"),
    rounded_column("growth a year %", "yearly_growth_percent"),
    rounded_column("Sharpe, daily", "sharpe"),
    rounded_column("Sortino, daily", "sortino"),
    rounded_column("Calmar", "calmar"),
    rounded_column("deepest fall %", "deepest_fall_percent"),
    column("days below a peak", "longest_below_peak_days"),
)
_FALL = (
    column("absolute", "absolute"),
    column("maximal", "maximal"),
    rounded_column("% of its peak", "maximal_percent"),
    rounded_column("relative %", "relative_percent"),
)
_PRINTED = (column("as MetaTrader prints it", "label"), column("", "text"))
_PARTS = (
    column("part", "key"),
    column("trades", "trades"),
    column("won", "won"),
    column("net profit", "net_profit"),
    rounded_column("profit factor", "profit_factor"),
    column("lots", "volume"),
)
_MONTHS: tuple[Column[v1.MonthFigures], ...] = (
    Column("month", lambda one: f"{one.year}-{one.month:02}"),
    column("result", "result"),
    column("paid", "paid"),
    rounded_column("growth %", "growth_percent"),
)


@dataclass(frozen=True, slots=True)
class Whose:
    """Which trades are asked about; everything empty: all in sight."""

    account: str
    producer: str
    history: str
    owner: str


class By(StrEnum):
    """What trades are told apart by."""

    SYMBOL = "symbol"
    SIDE = "side"
    HOUR = "hour"
    WEEKDAY = "weekday"
    MONTH = "month"


app = typer.Typer()


@command(app)
def stats(  # noqa: PLR0913  # options, each by name
    *,
    account: Annotated[str, typer.Option(help="Only this account; else all together.")] = "",
    producer: Annotated[str, typer.Option(help="Only trades of this producer.")] = "",
    history: Annotated[str, typer.Option(help="An imported history instead.")] = "",
    owner: Annotated[str, typer.Option(help="Only this owner's accounts, for an operator.")] = "",
    by: Annotated[By | None, typer.Option(help="Tell the trades apart.")] = None,
    months: Annotated[bool, typer.Option("--months", help="Month by month.")] = False,
) -> None:
    """Show statistics: MetaTrader's own, to the digit, and those that it does not have."""
    if by is not None:
        _show_parts(Whose(account, producer, history, owner), by)
    elif months:
        _show_months(Whose(account, producer, history, owner))
    else:
        _show_statistics(Whose(account, producer, history, owner))


def _show_statistics(whose: Whose) -> None:
    request = v1.GetStatisticsRequest(
        account_id=whose.account,
        producer_id=whose.producer,
        history_id=whose.history,
        owner_id=whose.owner,
    )
    answer = ask(lambda client: client.analytics.get_statistics(request))
    if current().json:
        print_json([message_json(one) for one in answer.statistics])
        return
    if not answer.statistics:
        say("no deal was ever told of")
    for one in answer.statistics:
        _print_statistics(one)


def _print_statistics(one: v1.Statistics) -> None:
    what = one.account_id or one.history_id or f"{one.accounts} accounts"
    say(f"{what}, in {one.currency}" + ("" if one.complete else " (still being counted)"))
    print_facts(one, _SUMS)
    say("")
    print_facts(one.daily, _DAILY)
    say("")
    falls: Sequence[tuple[str, v1.DrawdownFigures]] = (
        ("balance", one.balance_drawdown),
        ("equity", one.equity_drawdown),
    )
    for name, fall in falls:
        if fall.maximal:
            say(f"drawdown of {name}")
            print_facts(fall, _FALL)
            say("")
    if one.printed:
        print_table(one.printed, _PRINTED, nothing="")
        say("")


def deal_time_text(time: datetime, broker_time: str) -> str:
    """Return UTC, or if nobody knows that, the broker's clock with a word that it is."""
    if is_given(time):
        return time_text(time)
    return f"{broker_time} by the broker's clock" if broker_time else ""


def _show_parts(whose: Whose, by: By) -> None:
    request = v1.GetBreakdownRequest(
        account_id=whose.account,
        producer_id=whose.producer,
        history_id=whose.history,
        owner_id=whose.owner,
        by=value_of(v1.BreakdownBy, by),
    )
    answer = ask(lambda client: client.analytics.get_breakdown(request))
    if current().json:
        print_json(message_json(answer))
    else:
        print_table(answer.parts, _PARTS, nothing="no trades")


def _show_months(whose: Whose) -> None:
    request = v1.GetMonthsRequest(
        account_id=whose.account,
        producer_id=whose.producer,
        history_id=whose.history,
        owner_id=whose.owner,
    )
    answer = ask(lambda client: client.analytics.get_months(request))
    if current().json:
        print_json(message_json(answer))
    else:
        print_table(answer.months, _MONTHS, nothing="no deals")
