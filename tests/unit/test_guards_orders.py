"""What an order would break is told before the order exists, with the figures."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from countersign_guards.conditions import blocks
from countersign_guards.foresight import Measure, Order, Prospect, breaches, foresee
from countersign_guards.policy import Exposure, Market, Policy, default_policy
from countersign_guards.state import GuardState
from countersign_guards.view import Direction
from tests.fixtures.guarded_account import GuardedAccount

ORDER = Order("EURUSD", Direction.BUY, Decimal(1), Decimal(100), Decimal(1000), Decimal(108_000))


def account(**changes: Any) -> GuardedAccount:
    guarded = GuardedAccount(replace(default_policy("USD"), **changes))
    guarded.hold("10000", seconds=3)
    return guarded


def told(
    guarded: GuardedAccount, order: Order = ORDER, *, notional: int = 54_000
) -> list[Prospect]:
    view = guarded.view("10000")
    return breaches(guarded.state, guarded.policy, view, order, notional=Decimal(notional))


def test_an_order_that_breaks_nothing_is_let_through() -> None:
    assert told(account()) == []


def test_an_order_whose_stop_would_reach_the_loss_limit_is_refused_with_the_figures() -> None:
    # What is open already loses 50 at its stop.
    assert told(account(), replace(ORDER, risk=Decimal("1949.99"))) == []
    (breach,) = told(account(), replace(ORDER, risk=Decimal(1950)))
    assert (breach.reason, breach.rule, breach.measure) == (
        "WOULD_BREAK_LOSS_LIMIT",
        "drawdown",
        Measure.LOSS,
    )
    assert (breach.now, breach.after, breach.limit) == (0, 2000, 2000)


def test_where_an_order_leads_is_told_also_where_it_breaks_nothing() -> None:
    guarded = account(exposure=Exposure(leverage=Decimal(20), margin_level=Decimal(200)))
    view = guarded.view("9700")
    found = {
        one.rule: (one.now, one.after, one.limit, one.is_breach)
        for one in foresee(guarded.state, guarded.policy, view, ORDER, notional=Decimal(54_000))
    }
    assert found["drawdown"] == (300, 450, 2000, False)
    now, after, limit, breaks = found["leverage"]
    assert now is not None
    assert after is not None
    assert (round(now, 2), round(after, 2), limit, breaks) == (
        Decimal("5.57"),
        Decimal("16.70"),
        20,
        False,
    )


@pytest.mark.parametrize(
    ("exposure", "reason", "after"),
    [
        (Exposure(stop_required=True), None, None),
        (Exposure(lots=Decimal("1.49")), "TOO_MANY_LOTS", "1.5"),
        (Exposure(lots=Decimal("1.5")), None, None),
        (Exposure(positions=1), "TOO_MANY_POSITIONS", "2"),
        (Exposure(positions=2), None, None),
        (Exposure(lots_per_symbol=Decimal(1)), "TOO_MANY_LOTS", "1.5"),
        (Exposure(positions_per_symbol=1), "TOO_MANY_POSITIONS", "2"),
        (Exposure(lots_per_direction=Decimal(1)), "TOO_MANY_LOTS", "1.5"),
        (Exposure(leverage=Decimal("16.2")), None, None),
        (Exposure(leverage=Decimal(16)), "TOO_MUCH_LEVERAGE", "16.20"),
        (Exposure(margin_level=Decimal(700)), "MARGIN_TOO_LOW", "666.67"),
        (Exposure(margin_level=Decimal(666)), None, None),
    ],
)
def test_each_limit_of_exposure_counts_what_is_open_and_the_order(
    exposure: Exposure, reason: str | None, after: str | None
) -> None:
    found = told(account(exposure=exposure))
    figures = [(one.reason, one.after and round(one.after, 2)) for one in found]
    assert figures == ([(reason, Decimal(after))] if reason and after else [])


@pytest.mark.parametrize(
    ("measure", "after", "limit", "share"),
    [
        (Measure.LOSS, 400, 500, "0.8"),
        (Measure.LOSS, -10, 500, None),
        (Measure.MARGIN_LEVEL, 250, 100, "0.4"),
        (Measure.LEVERAGE, None, 30, None),
    ],
)
def test_how_much_of_a_limit_is_used_up_counts_the_way_that_its_figures_go(
    measure: Measure, after: int | None, limit: int, share: str | None
) -> None:
    prospect = Prospect(
        "R",
        "r",
        measure,
        None,
        None if after is None else Decimal(after),
        Decimal(limit),
        is_breach=False,
    )
    assert prospect.share == (share and Decimal(share))


def test_the_other_direction_and_another_symbol_have_limits_of_their_own() -> None:
    exposure = Exposure(
        lots_per_direction=Decimal(1), lots_per_symbol=Decimal("1.5"), positions_per_symbol=2
    )
    guarded = account(exposure=exposure)
    assert told(guarded, replace(ORDER, direction=Direction.SELL)) == []
    assert told(guarded, replace(ORDER, symbol="XAUUSD")) == []


def test_an_order_without_a_stop_is_refused_where_one_is_required() -> None:
    (breach,) = told(account(exposure=Exposure(stop_required=True)), replace(ORDER, risk=None))
    assert breach.reason == "STOP_REQUIRED"


def test_without_equity_every_leverage_is_too_much() -> None:
    guarded = account(exposure=Exposure(leverage=Decimal(1000)))
    view = guarded.view("0")
    reasons = [
        one.reason
        for one in breaches(guarded.state, guarded.policy, view, ORDER, notional=Decimal(0))
    ]
    assert "TOO_MUCH_LEVERAGE" in reasons


def test_an_account_that_was_never_seen_takes_no_order() -> None:
    guarded = GuardedAccount(Policy("USD"))
    (breach,) = breaches(
        GuardState(), guarded.policy, guarded.view("1"), ORDER, notional=Decimal(0)
    )
    assert breach.reason == "NOT_SEEN_YET"


MARKET = Market(spread=Decimal("0.001"), gap=Decimal("0.01"), quote_age=timedelta(seconds=5))


def reasons(guarded: GuardedAccount, *, seconds: float = 0) -> list[str]:
    now = guarded.now + timedelta(seconds=seconds)
    return [one.reason for one in blocks(guarded.state, guarded.policy, "EURUSD", now)]


def test_a_symbol_with_a_fit_market_is_not_blocked() -> None:
    guarded = account(market=MARKET)
    guarded.quote("1.0800", "1.0801")
    assert reasons(guarded) == []


@pytest.mark.parametrize(
    ("bid", "ask", "session", "reason"),
    [
        ("1.0800", "1.0799", "open", "QUOTE_CROSSED"),
        ("0", "1.0799", "open", "QUOTE_CROSSED"),
        ("1.0800", "1.0820", "open", "SPREAD_TOO_WIDE"),
        ("1.0800", "1.0801", "closed", "SESSION_CLOSED"),
    ],
)
def test_a_symbol_whose_market_is_not_fit_is_blocked(
    bid: str,
    ask: str,
    session: str,
    reason: str,
) -> None:
    guarded = account(market=MARKET)
    guarded.quote(bid, ask, is_open=session == "open")
    assert reasons(guarded) == [reason]


def test_a_quote_that_has_become_old_blocks_and_one_that_never_came_does() -> None:
    guarded = account(market=MARKET)
    assert reasons(guarded) == ["QUOTE_MISSING"]
    guarded.quote("1.0800", "1.0801")
    assert reasons(guarded, seconds=5) == []
    assert reasons(guarded, seconds=5.1) == ["QUOTE_STALE"]


def test_a_gap_blocks_for_a_minute() -> None:
    guarded = account(market=replace(MARKET, quote_age=None))
    guarded.quote("1.0800", "1.0801")
    guarded.now += timedelta(seconds=1)
    guarded.quote("1.0950", "1.0951")
    assert reasons(guarded, seconds=59) == ["PRICE_GAP"]
    assert reasons(guarded, seconds=60) == []


def test_an_older_quote_than_the_last_changes_nothing() -> None:
    guarded = account(market=MARKET)
    guarded.quote("1.0800", "1.0801")
    guarded.now -= timedelta(seconds=3)
    guarded.quote("1.0800", "1.0900")
    assert reasons(guarded) == []
