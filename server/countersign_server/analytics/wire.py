"""Figures as the contract has them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from google.protobuf.duration_pb2 import Duration

from countersign.v1 import analytics_pb2 as pb, values_pb2
from countersign_server.analytics.breakdown import By, Part
from countersign_server.analytics.days import (
    Day,
    calmar_of,
    growth_of,
    sharpe_of,
    sortino_of,
    underwater_of,
    yearly_growth_of,
)
from countersign_server.analytics.deal_time import earliest, latest
from countersign_server.analytics.drawdown import Drawdown
from countersign_server.analytics.funnel import STEPS, Funnel
from countersign_server.analytics.printed import printed
from countersign_server.analytics.reading import View
from countersign_server.analytics.share_link import ShareLink
from countersign_server.analytics.summary import Month, Summary
from countersign_server.analytics.trade_figures import TradeFigures
from countersign_server.analytics.trade_store import TradeRow
from countersign_server.decimals import decimal_text, optional_text
from countersign_server.rpc.conversion import to_duration, to_timestamp

SIDES = {"buy": values_pb2.SIDE_BUY, "sell": values_pb2.SIDE_SELL}
KINDS: Mapping[pb.BreakdownBy, By] = {
    pb.BREAKDOWN_BY_SYMBOL: By.SYMBOL,
    pb.BREAKDOWN_BY_SIDE: By.SIDE,
    pb.BREAKDOWN_BY_HOUR: By.HOUR,
    pb.BREAKDOWN_BY_WEEKDAY: By.WEEKDAY,
    pb.BREAKDOWN_BY_MONTH: By.MONTH,
}
_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# As precise as the contract's decimals are.
_STEP = Decimal("0.000000001")


def statistics_message(
    seen: Sequence[View], currency: str, days: Sequence[Day], *, producer_id: str
) -> pb.Statistics:
    """Return the statistics of one history, or of several in one currency together."""
    summary = sum((Summary.of(view.figures) for view in seen), Summary())
    first = earliest(view.ends[0] for view in seen if view.ends)
    last = latest(view.ends[-1] for view in seen if view.ends)
    message = pb.Statistics(
        producer_id=producer_id,
        currency=currency,
        accounts=sum(view.history.account_id is not None for view in seen),
        trades=summary.trades,
        deals=summary.deals,
        won=summary.won,
        balance=decimal_text(summary.balance),
        paid=decimal_text(summary.balance - summary.net_profit),
        net_profit=decimal_text(summary.net_profit),
        gross_profit=decimal_text(summary.gross_profit),
        gross_loss=decimal_text(summary.gross_loss),
        profit_factor=quotient(summary.profit_factor),
        expected_payoff=quotient(summary.expected_payoff),
        payoff_ratio=quotient(summary.payoff_ratio),
        win_rate_percent=percent(summary.win_rate),
        daily=_daily(days),
        first_deal_time=to_timestamp(first.utc if first else None),
        last_deal_time=to_timestamp(last.utc if last else None),
        complete=all(view.complete for view in seen),
        first_deal_broker_time=first.broker_text if first else "",
        last_deal_broker_time=last.broker_text if last else "",
    )
    if len(seen) == 1:
        _add_order_dependent(message, seen[0])
    return message


def _add_order_dependent(message: pb.Statistics, view: View) -> None:
    """Add what only one history has: what depends on the order of its deals."""
    history, figures = view.history, view.figures
    if history.account_id is not None:
        message.account_id = str(history.account_id)
    else:
        message.history_id = str(history.id)
    message.recovery_factor = quotient(figures.recovery_factor)
    message.system_quality = quotient(figures.sqn)
    if figures.drawdown is not None:
        message.balance_drawdown.CopyFrom(_drawdown(figures.drawdown))
    is_whole = figures is history.counted.whole
    if is_whole and history.equity is not None and history.equity.drawdown is not None:
        message.equity_drawdown.CopyFrom(_drawdown(history.equity.drawdown))
    message.printed.extend(_printed(figures))


def _printed(figures: TradeFigures) -> list[pb.PrintedFigure]:
    return [pb.PrintedFigure(label=label, text=text) for label, text in printed(figures).items()]


def _drawdown(drawdown: Drawdown) -> pb.DrawdownFigures:
    return pb.DrawdownFigures(
        absolute=decimal_text(drawdown.absolute),
        maximal=decimal_text(drawdown.maximal.amount),
        maximal_percent=percent(drawdown.maximal.fraction),
        relative_percent=percent(drawdown.relative.fraction),
        relative=decimal_text(drawdown.relative.amount),
    )


def _daily(days: Sequence[Day]) -> pb.DailyFigures:
    fall = underwater_of(days)
    return pb.DailyFigures(
        days=len(days),
        growth_percent=percent(growth_of(days)),
        yearly_growth_percent=percent(yearly_growth_of(days)),
        sharpe=quotient(sharpe_of(days)),
        sortino=quotient(sortino_of(days)),
        calmar=quotient(calmar_of(days)),
        deepest_fall_percent=percent(fall.deepest),
        longest_below_peak_days=fall.longest_days,
        below_peak_percent=percent(fall.share),
    )


def part_messages(parts: Mapping[str, Part], by: By) -> list[pb.BreakdownPart]:
    keys = [day for day in _WEEK if day in parts] if by is By.WEEKDAY else list(parts)
    return [
        pb.BreakdownPart(
            key=key,
            trades=parts[key].trades,
            won=parts[key].won,
            gross_profit=decimal_text(parts[key].gross_profit),
            gross_loss=decimal_text(parts[key].gross_loss),
            net_profit=decimal_text(parts[key].net_profit),
            profit_factor=quotient(parts[key].profit_factor),
            volume=decimal_text(parts[key].volume),
        )
        for key in keys
    ]


def month_messages(months: Iterable[Month], *, with_paid: bool = True) -> list[pb.MonthFigures]:
    return [
        pb.MonthFigures(
            year=one.year,
            month=one.month,
            result=decimal_text(one.result),
            paid=decimal_text(one.paid) if with_paid else "",
            growth_percent=percent(one.growth),
        )
        for one in months
    ]


def trade_message(row: TradeRow) -> pb.Trade:
    course, prices, outcome = row.course, row.prices, row.outcome
    return pb.Trade(
        command_id=str(row.command_id),
        account_id=str(row.account_id),
        signal_id=str(row.signal_id),
        producer_id=str(row.producer_id),
        position_id=row.position_id,
        symbol=row.symbol,
        side=SIDES.get(row.side, values_pb2.SIDE_UNSPECIFIED),
        volume=decimal_text(row.volume),
        signal_price=optional_text(prices.signal),
        open_price=quotient(prices.filled),
        close_price=quotient(outcome.close_price if outcome else None),
        closed_volume=decimal_text(outcome.closed_volume) if outcome else "0",
        result=decimal_text(outcome.result) if outcome else "0",
        worst_floating=optional_text(row.worst),
        best_floating=optional_text(row.best),
        signal_time=to_timestamp(course.signed_at),
        receive_time=to_timestamp(course.received_at),
        inbox_time=to_timestamp(course.asked_at),
        decision_time=to_timestamp(course.decided_at),
        grant_time=to_timestamp(course.granted_at),
        send_time=to_timestamp(course.sent_at),
        fill_time=to_timestamp(course.answered_at),
        delay_of_producer=to_duration(course.delay_of_producer),
        delay_of_person=_duration(course.delay_of_person),
        delay_of_platform=_duration(course.delay_of_platform),
        delay_of_broker=_duration(course.delay_of_broker),
        slippage=quotient(prices.slippage),
        slippage_of_person=quotient(prices.of_person),
        slippage_of_platform=quotient(prices.of_platform),
        slippage_of_broker=quotient(prices.of_broker),
    )


def funnel_message(funnel: Funnel) -> pb.GetFunnelResponse:
    return pb.GetFunnelResponse(
        steps=[pb.FunnelStep(step=step, count=funnel.reached[step]) for step in STEPS],
        misses=[
            pb.FunnelMiss(
                step=miss.step,
                reason=miss.reason,
                count=miss.count,
                newest_signal_id=str(miss.newest_signal_id),
            )
            for miss in funnel.misses
        ],
    )


def share_link_message(link: ShareLink) -> pb.ShareLink:
    return pb.ShareLink(
        share_link_id=str(link.id),
        account_id=str(link.account_id),
        title=link.title,
        create_time=to_timestamp(link.created_at),
        expire_time=to_timestamp(link.expires_at),
        revoke_time=to_timestamp(link.revoked_at),
        with_report=link.with_report,
    )


def quotient(value: Decimal | None) -> str:
    """Return what was divided, rounded as the contract's decimals are; None: empty."""
    if value is None:
        return ""
    if value.adjusted() > 17:  # noqa: PLR2004  # the contract's decimals end there
        return ""
    return decimal_text(value.quantize(_STEP, ROUND_HALF_EVEN))


def percent(fraction: Decimal | None) -> str:
    return quotient(None if fraction is None else fraction * 100)


def _duration(span: timedelta | None) -> Duration | None:
    return None if span is None else to_duration(span)
