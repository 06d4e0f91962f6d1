"""What an owner is asked to sign off, and why not: prices, volumes, stops, order of reasons."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from countersign_server.accounts.account import AccountLimits, Funds, MarginMode, TradingState
from countersign_server.accounts.sizing import SizingRule
from countersign_server.approvals.intents import Entry, EntryKind, Kind
from countersign_server.approvals.planning import RULES, Declined, Planned, plan
from countersign_server.approvals.terms import Follower, Terms
from tests.fixtures.approvals import (
    APPROVAL,
    EURUSD,
    EXECUTION_WINDOW,
    NOW,
    OPENED,
    a_follower,
    a_signal,
    a_subscription,
    a_symbol,
    an_account,
    an_opening,
    follower_for,
    planned,
)

REDUCING = [kind for kind in Kind if not kind.opens]


def outcome_of(terms: Terms, follower: Follower) -> Planned | Declined:
    return plan(terms, follower, approval_id=APPROVAL, execution_window=EXECUTION_WINDOW, now=NOW)


def reason_of(terms: Terms, follower: Follower) -> str:
    outcome = outcome_of(terms, follower)
    assert isinstance(outcome, Declined), outcome
    return outcome.reason


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_can_be_planned(kind: Kind) -> None:
    intent = planned(a_signal(kind), follower_for(kind)).intent
    assert intent.kind is kind
    assert (intent.opening_approval_id == OPENED) is not kind.opens
    assert (intent.volume is None) is (kind in (Kind.MODIFY, Kind.CANCEL))
    assert (intent.price_min is None) is not kind.at_market


def test_an_expired_signal_is_declined() -> None:
    assert reason_of(a_signal(expires_at=NOW), a_follower()) == "SIGNAL_EXPIRED"
    planned(a_signal(expires_at=NOW + timedelta(microseconds=1)), a_follower())


def test_a_cancelled_subscription_is_declined() -> None:
    follower = a_follower(subscription=a_subscription(cancelled_at=NOW))
    assert reason_of(a_signal(), follower) == "SUBSCRIPTION_CANCELLED"


def test_an_instrument_off_the_list_is_not_opened_and_still_closed() -> None:
    subscription = a_subscription(limits={"instruments": frozenset({"XAUUSD"})})
    follower = a_follower(subscription=subscription)
    assert reason_of(a_signal(), follower) == "INSTRUMENT_NOT_FOLLOWED"
    planned(a_signal(Kind.CLOSE), follower_for(Kind.CLOSE, subscription=subscription))


@pytest.mark.parametrize("kind", Kind)
def test_a_symbol_that_is_not_mapped_or_has_changed_is_not_traded(kind: Kind) -> None:
    assert reason_of(a_signal(kind), follower_for(kind, symbol=None)) == "SYMBOL_NOT_MAPPED"
    changed = follower_for(kind, symbol=a_symbol(changed=True))
    assert reason_of(a_signal(kind), changed) == "SYMBOL_CHANGED"


def test_a_server_name_that_could_forge_a_line_is_declined() -> None:
    account = an_account(server="Sim\nside: sell")
    assert reason_of(a_signal(), a_follower(account=account)) == "SERVER_NAME_UNSUITABLE"


@pytest.mark.parametrize("kind", [Kind.OPEN, Kind.PLACE])
@pytest.mark.parametrize("state", TradingState)
def test_nothing_is_opened_unless_the_account_may_open(kind: Kind, state: TradingState) -> None:
    follower = a_follower(account=an_account(trading_state=state))
    if state in (TradingState.ACTIVE, TradingState.WARNED):
        planned(a_signal(kind), follower)
    else:
        assert reason_of(a_signal(kind), follower) == "TRADING_HALTED"


@pytest.mark.parametrize("kind", REDUCING)
@pytest.mark.parametrize("state", TradingState)
def test_what_reduces_is_laid_before_the_owner_in_any_state(
    kind: Kind, state: TradingState
) -> None:
    planned(a_signal(kind), follower_for(kind, account=an_account(trading_state=state)))


@pytest.mark.parametrize("kind", REDUCING)
def test_what_was_never_opened_cannot_be_changed_or_closed(kind: Kind) -> None:
    assert reason_of(a_signal(kind), a_follower()) == "OPENING_NOT_FOUND"
    closed = a_follower(opening=an_opening("0"))
    assert reason_of(a_signal(kind), closed) == "OPENING_NOT_FOUND"


def test_a_pending_order_is_cancelled_or_modified_and_not_closed() -> None:
    follower = a_follower(opening=an_opening("0", is_pending=True))
    planned(a_signal(Kind.CANCEL), follower)
    planned(a_signal(Kind.MODIFY), follower)
    assert reason_of(a_signal(Kind.CLOSE), follower) == "OPENING_NOT_FOUND"
    filled = a_follower(opening=an_opening("0.1"))
    assert reason_of(a_signal(Kind.CANCEL), filled) == "OPENING_NOT_FOUND"


@pytest.mark.parametrize("kind", [Kind.MODIFY, Kind.CLOSE])
@pytest.mark.parametrize(
    "other", [{"instrument": "GBPUSD"}, {"side": "sell"}, {"symbol": "EURUSD"}]
)
def test_what_is_said_of_a_position_must_be_true_of_it(kind: Kind, other: dict[str, Any]) -> None:
    follower = a_follower(opening=an_opening(**other))
    assert reason_of(a_signal(kind), follower) == "OPENING_DIFFERS"


@pytest.mark.parametrize("field", ["price", "stop_loss", "take_profit"])
def test_a_price_finer_than_the_symbol_is_declined_and_not_rounded(field: str) -> None:
    fine = {"price": "1.084501", "stop_loss": "1.080101", "take_profit": "1.095501"}
    terms = replace(a_signal(), **{field: Decimal(fine[field])})
    assert reason_of(terms, a_follower()) == "PRICE_TOO_FINE"


def test_the_price_of_a_pending_order_fits_the_symbol_too() -> None:
    terms = a_signal(Kind.PLACE, entry=Entry(EntryKind.LIMIT, Decimal("1.084001")))
    assert reason_of(terms, a_follower()) == "PRICE_TOO_FINE"


@pytest.mark.parametrize("kind", [Kind.OPEN, Kind.PLACE])
@pytest.mark.parametrize(
    ("side", "stop_loss", "take_profit"),
    [
        ("buy", "1.09", None),
        ("buy", None, "1.08"),
        ("sell", "1.08", None),
        ("sell", None, "1.09"),
        ("buy", "1.0845", "1.0845"),
    ],
)
def test_a_stop_or_target_on_the_wrong_side_of_the_price_is_declined(
    kind: Kind, side: str, stop_loss: str | None, take_profit: str | None
) -> None:
    terms = a_signal(
        kind,
        side=side,
        stop_loss=stop_loss and Decimal(stop_loss),
        take_profit=take_profit and Decimal(take_profit),
    )
    assert reason_of(terms, a_follower()) == "STOP_ON_WRONG_SIDE"


def test_a_change_must_not_put_the_stop_beyond_the_target() -> None:
    crossed = a_signal(Kind.MODIFY, stop_loss=Decimal("1.1"), take_profit=Decimal("1.09"))
    assert reason_of(crossed, follower_for(Kind.MODIFY)) == "STOP_ON_WRONG_SIDE"
    neither = a_signal(Kind.MODIFY, stop_loss=None, take_profit=None)
    assert planned(neither, follower_for(Kind.MODIFY)).intent.stop_loss is None


def test_a_sell_has_its_stop_above_and_its_target_below() -> None:
    terms = a_signal(side="sell", stop_loss=Decimal("1.09"), take_profit=Decimal("1.08"))
    assert planned(terms, a_follower()).intent.side == "sell"


def test_sizing_by_risk_needs_a_stop_and_keeps_it() -> None:
    by_risk = a_subscription((SizingRule.RISK, "0.01"))
    bare = a_signal(stop_loss=None)
    assert reason_of(bare, a_follower(subscription=by_risk)) == "STOP_REQUIRED"
    taken_away = a_signal(Kind.MODIFY, stop_loss=None)
    follower = follower_for(Kind.MODIFY, subscription=by_risk)
    assert reason_of(taken_away, follower) == "STOP_REQUIRED"
    planned(taken_away, follower_for(Kind.MODIFY))


def test_sizing_by_risk_counts_with_the_newest_worth_of_a_tick() -> None:
    # 54 pips to the worst price of the band: 540 USD a lot as confirmed, 1080 now; 90 are allowed.
    symbol = a_symbol(current=replace(EURUSD, tick_value=Decimal(2)))
    follower = a_follower(subscription=a_subscription((SizingRule.RISK, "0.01")), symbol=symbol)
    assert planned(a_signal(), follower).intent.volume == Decimal("0.08")


def test_sizing_by_balance_needs_the_funds() -> None:
    subscription = a_subscription((SizingRule.BALANCE, "0.05"))
    follower = a_follower(subscription=subscription, funds=None)
    assert reason_of(a_signal(), follower) == "FUNDS_UNKNOWN"


def test_a_volume_below_the_brokers_smallest_is_declined() -> None:
    follower = a_follower(subscription=a_subscription((SizingRule.FIXED_LOTS, "0.009")))
    assert reason_of(a_signal(), follower) == "VOLUME_TOO_SMALL"


@pytest.mark.parametrize("limited", ["account", "subscription"])
def test_a_volume_above_either_limit_is_declined(limited: str) -> None:
    small = Decimal("0.05")
    follower = (
        a_follower(account=an_account(limits=AccountLimits(max_volume=small)))
        if limited == "account"
        else a_follower(subscription=a_subscription(limits={"max_volume": small}))
    )
    assert reason_of(a_signal(), follower) == "VOLUME_ABOVE_LIMIT"


def test_a_pending_order_that_would_lapse_before_it_is_placed_is_declined() -> None:
    expires = NOW + timedelta(seconds=58) + EXECUTION_WINDOW
    soon, later = (a_signal(Kind.PLACE, good_until=expires + s) for s in _seconds(0, 1))
    assert reason_of(soon, a_follower()) == "GOOD_UNTIL_TOO_SOON"
    assert planned(later, a_follower()).intent.good_until is not None


def test_the_price_may_drift_both_ways_by_the_pips_that_the_owner_allows() -> None:
    follower = a_follower(subscription=a_subscription(limits={"max_drift_pips": Decimal("2.5")}))
    intent = planned(a_signal(), follower).intent
    assert (intent.price_min, intent.price_max) == (Decimal("1.08425"), Decimal("1.08475"))


def test_money_at_risk_is_the_distance_in_ticks_times_their_worth_times_the_volume() -> None:
    # 44 pips are 440 ticks of 1 USD a lot; 0.1 lots.
    assert planned(a_signal(), a_follower()).money_at_risk == Decimal(44)
    place = planned(a_signal(Kind.PLACE), a_follower())
    assert place.money_at_risk == Decimal(39)


def test_money_at_risk_is_rounded_up_to_the_cent() -> None:
    symbol = a_symbol(current=replace(EURUSD, tick_value=Decimal("0.877301")))
    # 440 ticks x 0.877301 x 0.1 lots are 38.601244.
    assert planned(a_signal(), a_follower(symbol=symbol)).money_at_risk == Decimal("38.61")


def test_money_at_risk_is_not_known_without_a_stop_or_the_worth_of_a_tick() -> None:
    assert planned(a_signal(stop_loss=None), a_follower()).money_at_risk is None
    mute = replace(EURUSD, tick_value=Decimal(0))
    assert planned(a_signal(), a_follower(symbol=a_symbol(mute))).money_at_risk is None
    assert planned(a_signal(Kind.CLOSE), follower_for(Kind.CLOSE)).money_at_risk is None


def test_the_worth_of_a_tick_is_the_newest_known_and_not_the_confirmed_one() -> None:
    symbol = a_symbol(current=replace(EURUSD, tick_value=Decimal(2)))
    assert planned(a_signal(), a_follower(symbol=symbol)).money_at_risk == Decimal(88)


def test_all_of_a_position_is_closed_whatever_is_open() -> None:
    follower = a_follower(opening=an_opening("0.07"))
    assert planned(a_signal(Kind.CLOSE), follower).intent.volume == Decimal("0.07")


@pytest.mark.parametrize("mode", [MarginMode.NETTING, MarginMode.EXCHANGE])
def test_where_positions_are_netted_a_close_takes_no_more_than_its_own_opening(
    mode: MarginMode,
) -> None:
    follower = a_follower(opening=an_opening("0.5"), account=an_account(margin_mode=mode))
    assert planned(a_signal(Kind.CLOSE), follower).intent.volume == Decimal("0.1")


def test_a_part_is_rounded_down_to_the_brokers_step() -> None:
    follower = a_follower(opening=an_opening("0.07"))
    assert planned(a_signal(Kind.PARTIAL_CLOSE), follower).intent.volume == Decimal("0.03")


@pytest.mark.parametrize(("open_volume", "fraction"), [("0.01", "0.5"), ("0.1", "0.09")])
def test_a_part_smaller_than_the_broker_trades_is_declined(open_volume: str, fraction: str) -> None:
    terms = a_signal(Kind.PARTIAL_CLOSE, fraction=Decimal(fraction))
    assert reason_of(terms, a_follower(opening=an_opening(open_volume))) == "VOLUME_TOO_SMALL"


def test_a_part_that_would_leave_what_cannot_be_closed_is_declined() -> None:
    coarse = a_symbol(replace(EURUSD, volume_min=Decimal("0.1")))
    terms = a_signal(Kind.PARTIAL_CLOSE, fraction=Decimal("0.9"))
    follower = a_follower(opening=an_opening("0.5", volume=Decimal("0.5")), symbol=coarse)
    assert reason_of(terms, follower) == "VOLUME_TOO_SMALL"


def test_the_intent_expires_the_execution_window_after_the_signal() -> None:
    intent = planned(a_signal(), a_follower()).intent
    assert intent.expires_at == (NOW + timedelta(seconds=88)).replace(microsecond=123000)


def test_the_first_reason_in_the_documented_order_is_given() -> None:
    assert [reason for reason, _ in RULES] == [
        "SIGNAL_EXPIRED",
        "SUBSCRIPTION_CANCELLED",
        "PRODUCER_TOO_FAST",
        "INSTRUMENT_NOT_FOLLOWED",
        "SYMBOL_NOT_MAPPED",
        "SYMBOL_CHANGED",
        "SERVER_NAME_UNSUITABLE",
        "TRADING_HALTED",
        "OPENING_NOT_FOUND",
        "OPENING_DIFFERS",
        "STOP_REQUIRED",
        "PRICE_TOO_FINE",
        "STOP_ON_WRONG_SIDE",
    ]
    everything = a_follower(
        subscription=a_subscription(cancelled_at=NOW),
        account=an_account(trading_state=TradingState.HALTED),
        symbol=None,
    )
    assert reason_of(a_signal(expires_at=NOW), everything) == "SIGNAL_EXPIRED"


# Prices with five decimals, stops on the right side.
pips = st.integers(1, 5000).map(lambda n: Decimal(n) * Decimal("0.0001"))
prices = st.integers(60000, 300000).map(lambda n: Decimal(n) * Decimal("0.00001"))


@dataclass(frozen=True, slots=True)
class Risk:
    """What the loss at the stop depends on."""

    price: Decimal
    stop_distance: Decimal
    side: str
    drift_pips: Decimal
    equity: Decimal
    fraction: Decimal
    tick_value: Decimal

    @property
    def direction(self) -> int:
        return 1 if self.side == "buy" else -1

    @property
    def stop_loss(self) -> Decimal:
        return self.price - self.direction * self.stop_distance

    def lost_at(self, fill: Decimal, volume: Decimal) -> Decimal:
        ticks = max(self.direction * (fill - self.stop_loss), Decimal(0)) / EURUSD.tick_size
        return ticks * self.tick_value * volume


risks = st.builds(
    Risk,
    price=prices,
    stop_distance=pips,
    side=st.sampled_from(["buy", "sell"]),
    drift_pips=st.decimals("0.000000001", 100, places=9),
    equity=st.decimals(1, 10_000_000, places=2),
    fraction=st.decimals("0.001", "0.1", places=3),
    tick_value=st.decimals("0.0001", 100, places=4),
).filter(lambda risk: risk.stop_loss > 0)


@given(risks)
def test_at_no_price_of_the_band_is_more_lost_at_the_stop_than_the_owner_allows(risk: Risk) -> None:
    subscription = a_subscription(
        (SizingRule.RISK, str(risk.fraction)), limits={"max_drift_pips": risk.drift_pips}
    )
    follower = a_follower(
        subscription=subscription,
        symbol=a_symbol(replace(EURUSD, tick_value=risk.tick_value)),
        funds=Funds(risk.equity, risk.equity, NOW),
    )
    terms = a_signal(side=risk.side, price=risk.price, stop_loss=risk.stop_loss, take_profit=None)

    outcome = outcome_of(terms, follower)

    if isinstance(outcome, Declined):
        assert outcome.reason == "VOLUME_TOO_SMALL"
        return
    intent = outcome.intent
    assert intent.volume is not None
    assert intent.price_min is not None
    assert intent.price_max is not None
    for fill in (intent.price_min, risk.price, intent.price_max):
        assert risk.lost_at(fill, intent.volume) <= risk.equity * risk.fraction


@given(
    price=prices | st.integers(1, 100).map(lambda n: Decimal(n) * Decimal("0.00001")),
    drift=st.decimals("0.000000001", 1000, places=9),
)
def test_the_band_is_never_wider_than_allowed_and_always_holds_the_signals_price(
    price: Decimal, drift: Decimal
) -> None:
    follower = a_follower(subscription=a_subscription(limits={"max_drift_pips": drift}))
    intent = planned(a_signal(price=price, stop_loss=None, take_profit=None), follower).intent
    assert intent.price_min is not None
    assert intent.price_max is not None
    allowed = drift * EURUSD.pip_size
    assert max(price - allowed, Decimal(0)) <= intent.price_min <= price
    assert price <= intent.price_max <= price + allowed
    assert intent.price_min > 0
    assert not intent.price_min % Decimal("0.00001")
    assert not intent.price_max % Decimal("0.00001")


def _seconds(*counts: int) -> list[timedelta]:
    return [timedelta(seconds=count) for count in counts]
