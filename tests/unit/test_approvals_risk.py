"""What an opening would do to its account: every figure, and what refuses it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from countersign_guards.guardian import see_account
from countersign_guards.policy import Exposure, Limit, LossRule, Policy, Reference
from countersign_guards.state import GuardState
from countersign_guards.view import AccountView
from countersign_server.accounts.account import AccountLimits
from countersign_server.accounts.subscription import Subscription
from countersign_server.approvals.foresight import Figure, Foresight, from_json, to_json
from countersign_server.approvals.risk import (
    Guarded,
    Holding,
    Issued,
    Picture,
    Reading,
    foresee,
    opening_of,
)
from tests.fixtures.approvals import EURUSD, NOW, a_quote, a_subscription, an_account, an_approval

# Bought at 1.0845, its stop 44 pips below: 44.00 of account currency are lost there.
OPENING = opening_of(an_approval())
PRICED = replace(EURUSD, margin_per_lot=Decimal(3600))


def a_holding(**changes: Any) -> Holding:
    holding = Holding(
        symbol="EURUSD.r",
        side="buy",
        volume=Decimal("0.5"),
        price=Decimal("1.085"),
        stop_loss=Decimal("1.083"),
    )
    return replace(holding, **changes)


def an_issued(**changes: Any) -> Issued:
    issued = Issued(
        subscription_id=a_subscription().id,
        holding=OPENING,
        magic=7,
        issued_at=NOW - timedelta(seconds=5),
        may_come=False,
    )
    return replace(issued, **changes)


def a_reading(**changes: Any) -> Reading:
    reading = Reading(
        read_at=NOW - timedelta(seconds=1),
        is_stale=False,
        balance=Decimal(10000),
        equity=Decimal(10000),
        margin=Decimal(0),
        positions={},
        magics=frozenset(),
    )
    return replace(reading, **changes)


def a_picture(limits: Mapping[str, Any] | None = None, **changes: Any) -> Picture:
    picture = Picture(
        account=an_account(limits=AccountLimits(**(limits or {}))),
        reading=a_reading(),
        issued=[],
        symbols={"EURUSD.r": PRICED},
        quotes={"EURUSD.r": a_quote()},
        guarded=None,
        now=NOW,
    )
    return replace(picture, **changes)


def guarded(equity: str, *rules: LossRule, exposure: Exposure | None = None) -> Guarded:
    """A guard that saw the account begin with 10,000, and come to `equity`."""
    policy = Policy("USD", losses=rules, exposure=exposure or Exposure())
    state = GuardState()
    for seconds, amount in ((-60, "10000"), (-2, equity)):
        view = AccountView(
            at=NOW + timedelta(seconds=seconds),
            balance=Decimal(10000),
            equity=Decimal(amount),
            margin=Decimal(0),
            net_deposits=Decimal(0),
        )
        state, _ = see_account(state, policy, view)
    return Guarded(policy, state)


def seen(
    picture: Picture, opening: Holding = OPENING, subscription: Subscription | None = None
) -> Foresight:
    return foresee(picture, subscription or a_subscription(), opening)


def figure(foresight: Foresight, rule: str) -> Figure:
    (found,) = [one for one in foresight.figures if one.rule == rule]
    return found


DAILY = LossRule("daily-loss", Reference.INITIAL_BALANCE, Limit(amount=Decimal(500)))


def test_an_opening_that_would_breach_the_daily_loss_is_refused_with_the_figures() -> None:
    picture = a_picture(reading=a_reading(equity=Decimal(9520)), guarded=guarded("9520", DAILY))
    refusal = seen(picture).refusal
    assert refusal is not None
    assert (refusal.reason, refusal.rule) == ("WOULD_BREAK_LOSS_LIMIT", "daily-loss")
    assert (refusal.now, refusal.after, refusal.limit) == (480, 524, 500)
    assert refusal.text == (
        "would break daily loss: 480.00 of 500.00 USD used, this risks 44.00; "
        "524.00 with every stop hit"
    )


def test_an_opening_that_leaves_room_is_told_with_the_same_figures_and_not_refused() -> None:
    picture = a_picture(reading=a_reading(equity=Decimal(9550)), guarded=guarded("9550", DAILY))
    foresight = seen(picture)
    assert foresight.refusal is None
    assert figure(foresight, "daily-loss").after == 494


def test_without_a_policy_of_its_own_an_account_is_kept_from_losing_a_fifth() -> None:
    deep = replace(OPENING, stop_loss=Decimal("0.8845"))  # 2,000 pips: 2,000.00
    assert seen(a_picture(), deep).refusal == replace(
        figure(seen(a_picture(), deep), "drawdown"), breaks=True
    )
    assert seen(a_picture(), replace(deep, stop_loss=Decimal("0.8846"))).refusal is None


def test_what_is_open_and_what_is_on_its_way_lose_at_their_stops_too() -> None:
    held = a_reading(positions={1: a_holding()})  # 100.00
    assert figure(seen(a_picture(reading=held)), "drawdown").after == 144
    coming = a_picture(reading=held, issued=[an_issued(may_come=True)])
    assert figure(seen(coming), "drawdown").after == 188
    # What is over, and what the terminal shows already, is not counted again.
    over = a_picture(reading=held, issued=[an_issued(may_come=False)])
    assert figure(seen(over), "drawdown").after == 144
    shown = a_picture(
        reading=replace(held, magics=frozenset({7})), issued=[an_issued(may_come=True)]
    )
    assert figure(seen(shown), "drawdown").after == 144


def test_margin_after_the_trade_counts_what_is_used_what_comes_and_the_order() -> None:
    picture = a_picture(reading=a_reading(margin=Decimal(9200)), issued=[an_issued(may_come=True)])
    level = figure(seen(picture), "margin_level")
    # 9,200 used, 360 on its way, 360 for this one.
    assert (level.after, level.limit, level.breaks) == (Decimal("100.80"), 100, False)
    tight = figure(seen(replace(picture, reading=a_reading(margin=Decimal(9300)))), "margin_level")
    assert (tight.after, tight.breaks) == (Decimal("99.80"), True)
    assert tight.text == "would break margin level: 99.80 % after it, at least 100 %"


def test_margin_that_the_terminal_does_not_tell_is_not_made_up() -> None:
    silent = a_picture(symbols={"EURUSD.r": EURUSD})
    assert [one.rule for one in seen(silent).figures] == ["drawdown"]


def test_leverage_counts_the_worth_of_all_that_is_open() -> None:
    exposure = Exposure(leverage=Decimal(6))
    held = a_reading(positions={1: a_holding()})
    picture = a_picture(reading=held, guarded=guarded("10000", exposure=exposure))
    leverage = figure(seen(picture), "leverage")
    # 0.5 lots at 1.085 are 54,250; 0.1 at 1.0845 are 10,845.
    assert (leverage.now, leverage.after, leverage.breaks) == (
        Decimal("5.43"),
        Decimal("6.51"),
        True,
    )


def test_the_stricter_of_the_guards_and_the_accounts_limit_of_positions_counts() -> None:
    held = a_reading(positions={1: a_holding(), 2: a_holding(side="sell")})
    for policy, own, limit in ((3, 2, 2), (2, 3, 2), (None, 2, 2), (2, None, 2)):
        picture = a_picture(
            {"max_open_positions": own},
            reading=held,
            guarded=guarded("10000", exposure=Exposure(positions=policy)),
        )
        positions = figure(seen(picture), "positions")
        assert (positions.now, positions.after, positions.limit) == (2, 3, limit)
        assert positions.breaks


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"side": "sell"}, False),
        ({"volume": Decimal("0.2")}, False),
        ({"symbol": "XAUUSD"}, False),
        # Where it stops makes no other order of it.
        ({"stop_loss": None}, True),
    ],
)
def test_identical_are_openings_of_one_symbol_side_and_volume(
    changes: Mapping[str, Any], *, counts: bool
) -> None:
    before = an_issued(holding=replace(OPENING, **changes), subscription_id=None)
    picture = a_picture({"max_identical_orders_per_minute": 1}, issued=[before])
    identical = figure(seen(picture), "max_identical_orders_per_minute")
    assert (identical.reason, identical.breaks) == ("IDENTICAL_ORDERS", counts)
    minute_ago = replace(before, issued_at=NOW - timedelta(minutes=1))
    later = replace(picture, issued=[minute_ago])
    assert not figure(seen(later), "max_identical_orders_per_minute").breaks


def test_a_producers_openings_are_counted_on_the_account_that_follows_it() -> None:
    subscription = a_subscription(limits={"max_orders_per_minute": 2})
    mine = [an_issued(), an_issued(magic=8, holding=a_holding())]
    crowded = figure(seen(a_picture(issued=mine), OPENING, subscription), "max_orders_per_minute")
    assert (crowded.now, crowded.after, crowded.limit, crowded.breaks) == (2, 3, 2, True)
    theirs = [mine[0], replace(mine[1], subscription_id=None)]
    other = figure(seen(a_picture(issued=theirs), OPENING, subscription), "max_orders_per_minute")
    assert not other.breaks


@pytest.mark.parametrize(
    ("limit", "stop_loss", "symbols", "breaks"),
    [
        ("44", "1.0801", PRICED, False),
        ("43.99", "1.0801", PRICED, True),
        ("1000", None, PRICED, True),
        ("1000", "1.0801", replace(PRICED, tick_value=Decimal(0)), True),
    ],
)
def test_what_may_be_lost_at_the_stop_is_limited_and_what_nobody_knows_is_above_it(
    limit: str, stop_loss: str | None, symbols: Any, *, breaks: bool
) -> None:
    subscription = a_subscription(limits={"max_money_at_risk": Decimal(limit)})
    opening = replace(OPENING, stop_loss=stop_loss and Decimal(stop_loss))
    picture = a_picture(symbols={"EURUSD.r": symbols})
    assert figure(seen(picture, opening, subscription), "max_money_at_risk").breaks is breaks


def test_a_market_order_without_a_price_of_its_own_is_held_against_the_market() -> None:
    opening = replace(OPENING, price=None)
    # From the ask, 1.08455, to the stop.
    assert figure(seen(a_picture(), opening), "drawdown").after == Decimal("44.50")


def test_figures_of_a_terminal_that_was_not_read_lately_say_so() -> None:
    assert not seen(a_picture()).is_stale
    old = seen(a_picture(reading=a_reading(is_stale=True)))
    assert old.is_stale
    assert old.read_at == NOW - timedelta(seconds=1)
    never = seen(a_picture(reading=None))
    assert (never.is_stale, never.read_at, never.figures) == (True, None, ())


def test_what_was_foreseen_is_stored_as_it_was() -> None:
    subscription = a_subscription(limits={"max_money_at_risk": Decimal(10)})
    opening = replace(OPENING, stop_loss=None)
    for foresight in (
        seen(a_picture({"max_identical_orders_per_minute": 1}), opening, subscription),
        seen(a_picture(reading=None)),
    ):
        assert from_json(to_json(foresight)) == foresight
