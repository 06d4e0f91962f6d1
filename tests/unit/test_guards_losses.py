"""A loss limit: warned in time, closed when it surely is reached, never by a bad tick alone."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from countersign_guards.effects import ClosingAnnounced, Flatten
from countersign_guards.guardian import StillBroken, agree, call_off, reset, switch
from countersign_guards.latch import Latch, TradingState
from countersign_guards.policy import (
    Action,
    Limit,
    LossRule,
    MarginRule,
    Market,
    Policy,
    Reference,
    default_policy,
)
from countersign_guards.state_text import parse_state, state_text, whole_state_text
from countersign_guards.trading_day import TradingDay
from tests.fixtures.guarded_account import LONG, START, GuardedAccount, kinds

DRAWDOWN = default_policy("USD")
PRAGUE = TradingDay(time(0), "Europe/Prague")
FIVE_PERCENT = Limit(fraction=Decimal("0.05"), of_initial_balance=True)


def daily(
    reference: Reference = Reference.DAY_START_BALANCE, limit: Limit = FIVE_PERCENT
) -> Policy:
    rule = LossRule("daily-loss", reference, limit, day=PRAGUE)
    return Policy("USD", losses=(rule,), initial_balance=Decimal(10_000))


def account(policy: Policy = DRAWDOWN) -> GuardedAccount:
    guarded = GuardedAccount(policy)
    guarded.hold("10000", seconds=3)
    return guarded


def flattening() -> GuardedAccount:
    guarded = account()
    guarded.hold("7900", seconds=20)
    assert guarded.trading_state is TradingState.FLATTENING
    return guarded


def test_a_drawdown_of_the_limit_is_announced_ten_seconds_before_everything_is_closed() -> None:
    guarded = account()
    announced = [e for e in guarded.hold("8000", seconds=4) if isinstance(e, ClosingAnnounced)]
    assert [e.closes_at for e in announced] == [
        guarded.now - timedelta(seconds=1) + timedelta(seconds=10)
    ]
    assert guarded.trading_state is TradingState.CLOSE_ONLY
    assert kinds(guarded.hold("8000", seconds=8)) == []
    assert kinds(guarded.show("8000")) == ["Latched", "Flatten"]
    assert guarded.state.latch.cause == "drawdown"


def test_one_cent_above_the_limit_closes_nothing() -> None:
    guarded = account()
    guarded.hold("8000.01", seconds=60)
    assert "ClosingAnnounced" not in kinds(guarded.effects)


def test_the_owner_is_warned_once_when_eighty_percent_of_the_limit_is_used_up() -> None:
    guarded = account()
    assert kinds(guarded.show("8401")) == []
    assert kinds(guarded.show("8400")) == ["Warned"]
    assert guarded.trading_state is TradingState.WARNED
    assert kinds(guarded.hold("8410", seconds=5)) == []
    assert kinds(guarded.show("8600")) == ["WarningLifted"]
    assert guarded.trading_state is TradingState.ACTIVE


@pytest.mark.parametrize("ticks", [1, 2])
def test_a_bad_tick_alone_closes_nothing(ticks: int) -> None:
    guarded = account()
    for _ in range(10):
        guarded.hold("1", seconds=ticks)
        guarded.hold("10000", seconds=2)
    assert not {"ClosingAnnounced", "Flatten"} & set(kinds(guarded.effects))


def test_many_views_within_a_moment_are_one_bad_tick() -> None:
    guarded = account()
    for _ in range(30):
        guarded.show("1", seconds=0.05)
    assert "ClosingAnnounced" not in kinds(guarded.effects)


def test_a_bad_tick_upwards_is_no_peak() -> None:
    guarded = account()
    guarded.show("90000")
    guarded.hold("9000", seconds=60)
    assert "ClosingAnnounced" not in kinds(guarded.effects)


def test_a_peak_that_lasts_is_what_the_drawdown_counts_from() -> None:
    guarded = account()
    guarded.hold("12000", seconds=2)
    guarded.hold("9600", seconds=4)
    assert "ClosingAnnounced" in kinds(guarded.effects)


def test_a_loss_that_rests_on_a_doubtful_price_must_last_longer() -> None:
    guarded = account()
    guarded.with_policy(market=Market(spread=Decimal("0.001")))
    guarded.quote("1.0000", "1.0500")
    guarded.hold("7900", seconds=9)
    assert "ClosingAnnounced" not in kinds(guarded.effects)
    guarded.hold("7900", seconds=3)
    assert "ClosingAnnounced" in kinds(guarded.effects)


def wide() -> GuardedAccount:
    guarded = account()
    guarded.with_policy(market=Market(spread=Decimal("0.001")))
    return guarded


def announced(guarded: GuardedAccount) -> bool:
    return "ClosingAnnounced" in kinds(guarded.effects)


def stale(guarded: GuardedAccount) -> None:
    guarded.with_policy(market=Market(quote_age=timedelta(seconds=5)))
    guarded.quote("1.0000", "1.0001")
    guarded.hold("10000", seconds=6)


def crossed(guarded: GuardedAccount) -> None:
    guarded.quote("1.0002", "1.0001")


def jumped(guarded: GuardedAccount) -> None:
    guarded.with_policy(market=Market(gap=Decimal("0.01")))
    guarded.quote("1.1000", "1.1001")
    guarded.show("10000")
    guarded.quote("1.0000", "1.0001")


def of_another_symbol(guarded: GuardedAccount) -> None:
    guarded.positions = (LONG, replace(LONG, ticket=8, symbol="GBPUSD"))
    guarded.quote("1.0000", "1.0001")
    guarded.quote("1.2700", "1.2600", symbol="GBPUSD")


@pytest.mark.parametrize("doubt", [stale, crossed, jumped, of_another_symbol])
def test_whatever_makes_a_price_doubtful_a_loss_that_rests_on_it_must_last_longer(
    doubt: Callable[[GuardedAccount], None],
) -> None:
    guarded = account()
    doubt(guarded)
    guarded.hold("7900", seconds=9)
    assert not announced(guarded)
    guarded.hold("7900", seconds=3)
    assert announced(guarded)


def test_one_sound_price_among_doubtful_ones_is_not_enough_to_be_sure() -> None:
    guarded = wide()
    guarded.quote("1.0000", "1.0001")
    guarded.show("7900")
    guarded.quote("1.0000", "1.0500")
    guarded.hold("7900", seconds=8)
    assert not announced(guarded)


def test_a_loss_counts_as_sure_from_its_first_sound_price_and_not_from_a_doubtful_one() -> None:
    guarded = wide()
    guarded.quote("1.0000", "1.0500")
    guarded.hold("7900", seconds=4)
    guarded.quote("1.0000", "1.0001")
    for _ in range(4):
        guarded.show("7900", seconds=0.4)
    assert not announced(guarded)
    guarded.show("7900", seconds=1)
    assert announced(guarded)


def test_a_loss_on_doubtful_prices_must_show_in_several_views_however_long_it_lasts() -> None:
    guarded = wide()
    guarded.quote("1.0000", "1.0500")
    guarded.show("7900")
    guarded.show("7900", seconds=11)
    assert not announced(guarded)
    guarded.show("7900")
    assert announced(guarded)


def test_an_account_that_recovers_in_the_ten_seconds_is_not_closed() -> None:
    guarded = account()
    guarded.hold("7900", seconds=5)
    guarded.hold("9000", seconds=15)
    assert kinds(guarded.effects)[-1] == "ClosingDismissed"
    assert "Flatten" not in kinds(guarded.effects)
    assert guarded.trading_state is TradingState.ACTIVE


def test_without_a_fresh_view_nobody_closes_and_the_next_view_decides() -> None:
    guarded = account()
    guarded.hold("7900", seconds=4)
    assert guarded.wait(60) == []
    assert kinds(guarded.show("7900")) == ["Latched", "Flatten"]


def test_the_closing_happens_by_the_clock_when_the_last_view_is_fresh() -> None:
    guarded = account()
    guarded.hold("7900", seconds=10)
    assert kinds(guarded.wait(3)) == ["Latched", "Flatten"]


def test_a_person_calls_the_closing_off_and_nothing_is_opened_until_a_reset() -> None:
    guarded = account()
    guarded.hold("7900", seconds=5)
    guarded.state, effects = call_off(guarded.state, by="ann", reason="hedged", now=guarded.now)
    assert kinds(effects) == ["ClosingCalledOff", "Latched"]
    guarded.hold("7000", seconds=60)
    assert "Flatten" not in kinds(guarded.effects)
    assert guarded.trading_state is TradingState.CLOSE_ONLY
    assert call_off(guarded.state, by="ann", reason="again", now=guarded.now)[1] == ()


def test_a_closing_under_way_can_be_called_off() -> None:
    guarded = flattening()
    guarded.state, effects = call_off(guarded.state, by="ann", reason="enough", now=guarded.now)
    assert kinds(effects) == ["ClosingCalledOff", "Latched"]
    assert guarded.trading_state is TradingState.CLOSE_ONLY
    assert kinds(guarded.hold("7900", seconds=60)) == []


def test_a_pending_order_that_may_still_open_something_keeps_the_closing_going() -> None:
    guarded = flattening()
    guarded.close_everything()
    guarded.pending = 1
    assert kinds(guarded.hold("7900", seconds=3)) == []
    guarded.pending = 0
    assert kinds(guarded.show("7900")) == ["Flattened", "Latched"]


def test_when_nothing_is_open_any_more_the_account_is_halted_until_a_person_resets_it() -> None:
    guarded = flattening()
    guarded.close_everything()
    assert kinds(guarded.show("7900")) == ["Flattened", "Latched"]
    guarded.hold("20000", seconds=120)
    assert guarded.trading_state is TradingState.HALTED


def halted_by_a_person() -> GuardedAccount:
    guarded = account()
    guarded.state, _ = switch(
        guarded.state, TradingState.HALTED, by="ann", reason="news", now=guarded.now
    )
    return guarded


def test_what_is_open_on_a_halted_account_is_closed_by_a_loss_that_goes_on() -> None:
    guarded = halted_by_a_person()
    assert "ClosingAnnounced" in kinds(guarded.hold("7900", seconds=4))
    assert guarded.trading_state is TradingState.HALTED, "what is announced opens nothing"
    assert kinds(guarded.hold("7900", seconds=10))[-2:] == ["Latched", "Flatten"]
    assert guarded.state.latch.cause == "drawdown"
    guarded.close_everything()
    guarded.show("7900")
    assert guarded.trading_state is TradingState.HALTED


def test_a_rule_that_halts_leaves_the_closing_to_one_that_closes() -> None:
    halts = replace(daily().losses[0], action=Action.HALT)
    guarded = account(replace(DRAWDOWN, losses=(halts, *DRAWDOWN.losses)))
    guarded.hold("9400", seconds=20)
    assert guarded.trading_state is TradingState.HALTED
    assert "Flatten" not in kinds(guarded.effects)
    guarded.hold("7900", seconds=20)
    assert guarded.trading_state is TradingState.FLATTENING


def test_a_pending_order_of_a_halted_account_is_cancelled_too_and_nothing_is_nothing() -> None:
    guarded = halted_by_a_person()
    guarded.close_everything()
    guarded.hold("7900", seconds=20)
    assert guarded.trading_state is TradingState.HALTED
    assert "ClosingAnnounced" not in kinds(guarded.effects)
    guarded.pending = 1
    guarded.hold("7900", seconds=20)
    assert guarded.trading_state is TradingState.FLATTENING


def test_what_a_person_opens_after_everything_was_closed_stays_until_a_reset() -> None:
    guarded = flattening()
    held, guarded.positions = guarded.positions, ()
    guarded.show("7900")
    guarded.positions = held
    guarded.state = parse_state(state_text(guarded.state))
    guarded.hold("7000", seconds=60)
    assert guarded.trading_state is TradingState.HALTED
    let_go = reset(
        guarded.state, DRAWDOWN, by="ann", reason="go on", accept_loss=True, now=guarded.now
    )
    assert not isinstance(let_go, StillBroken)
    guarded.state, _ = let_go
    guarded.hold("5000", seconds=20)
    assert guarded.trading_state is TradingState.FLATTENING


def test_a_memory_from_before_it_was_kept_has_closed_what_it_was_halted_by() -> None:
    guarded = flattening()
    held, guarded.positions = guarded.positions, ()
    guarded.show("7900")
    older = json.loads(state_text(guarded.state))
    del older["closed"]
    guarded.state, guarded.positions = parse_state(json.dumps(older)), held
    guarded.hold("7000", seconds=60)
    assert guarded.trading_state is TradingState.HALTED


def test_a_closing_called_off_on_a_halted_account_leaves_it_halted() -> None:
    guarded = halted_by_a_person()
    guarded.hold("7900", seconds=4)
    guarded.state, _ = call_off(guarded.state, by="ann", reason="no", now=guarded.now)
    guarded.hold("7900", seconds=60)
    assert guarded.trading_state is TradingState.HALTED


@pytest.mark.parametrize("to", [TradingState.CLOSE_ONLY, TradingState.HALTED])
def test_stopping_more_while_a_closing_counts_down_does_not_put_it_off(to: TradingState) -> None:
    guarded = account()
    guarded.hold("7900", seconds=4)
    guarded.state, _ = switch(guarded.state, to, by="ann", reason="news", now=guarded.now)
    guarded.hold("7900", seconds=9)
    assert guarded.trading_state is TradingState.FLATTENING


def test_a_halt_that_the_other_side_holds_does_not_put_a_closing_off_that_counts_down() -> None:
    guarded = account()
    guarded.hold("7900", seconds=4)
    halted = Latch(TradingState.HALTED, cause="person", by="ann", since=guarded.now)
    guarded.state, _ = agree(guarded.state, halted)
    guarded.hold("7900", seconds=9)
    assert guarded.trading_state is TradingState.FLATTENING


def test_a_reset_is_refused_while_the_rule_would_trip_again_and_names_it() -> None:
    guarded = flattening()
    refused = reset(
        guarded.state, DRAWDOWN, by="ann", reason="go on", accept_loss=False, now=guarded.now
    )
    assert isinstance(refused, StillBroken)
    assert [one.rule_id for one in refused.standings] == ["drawdown"]


def test_a_loss_that_is_accepted_is_what_the_next_is_counted_from() -> None:
    guarded = flattening()
    guarded.close_everything()
    guarded.show("7900")
    answer = reset(
        guarded.state, DRAWDOWN, by="ann", reason="go on", accept_loss=True, now=guarded.now
    )
    assert not isinstance(answer, StillBroken)
    guarded.state = answer[0]
    assert guarded.trading_state is TradingState.ACTIVE
    assert guarded.state.latch.resets == 1
    guarded.hold("7900", seconds=30)
    assert guarded.trading_state is TradingState.ACTIVE
    guarded.hold("6320", seconds=30)
    assert guarded.trading_state is TradingState.HALTED  # flattening, and nothing was open


def test_margin_that_is_too_low_cannot_be_accepted_away() -> None:
    policy = Policy("USD", margins=(MarginRule("margin", Decimal(150), Action.HALT),))
    guarded = account(policy)
    guarded.hold("700", seconds=5)
    assert guarded.trading_state is TradingState.HALTED
    refused = reset(
        guarded.state, policy, by="ann", reason="go on", accept_loss=True, now=guarded.now
    )
    assert isinstance(refused, StillBroken)


@pytest.mark.parametrize("amount", ["5000", "-5000", "100000", "-7000"])
def test_a_deposit_or_a_withdrawal_does_not_move_the_drawdown(amount: str) -> None:
    guarded = account()
    guarded.hold("9000", seconds=2)
    before = guarded.state.standings["drawdown"].share
    guarded.pay_in(amount)
    guarded.hold(str(9000 + int(amount)), seconds=60)
    assert guarded.state.standings["drawdown"].share == pytest.approx(before)  # pyright: ignore[reportUnknownMemberType]
    assert "ClosingAnnounced" not in kinds(guarded.effects)


def test_a_withdrawal_does_not_move_a_limit_in_money() -> None:
    guarded = account(daily())
    guarded.hold("9800", seconds=2)
    guarded.pay_in("-3000")
    guarded.hold("6800", seconds=2)
    standing = guarded.state.standings["daily-loss"]
    assert (standing.reference, standing.headroom) == (Decimal(7000), Decimal(150))


def test_a_withdrawal_that_the_history_does_not_show_yet_is_no_loss() -> None:
    guarded = account()
    guarded.balance -= 5000
    for _ in range(20):
        guarded.show("5000", settled=False)
    guarded.net_deposits -= 5000
    guarded.hold("5000", seconds=30)
    assert "ClosingAnnounced" not in kinds(guarded.effects)


def test_a_history_that_stays_incomplete_does_not_blind_the_guard() -> None:
    guarded = account()
    for _ in range(60):
        guarded.show("7000", settled=False)
    assert guarded.trading_state is TradingState.FLATTENING


def test_an_older_view_than_the_last_changes_nothing() -> None:
    guarded = account()
    guarded.now -= timedelta(seconds=30)
    state = guarded.state
    for _ in range(20):
        assert guarded.show("1") == []
    assert guarded.state == state


def test_the_day_begins_with_the_balance_at_midnight_by_the_firms_clock() -> None:
    guarded = account(daily())
    guarded.balance = Decimal(10_400)
    guarded.now = datetime(2026, 11, 2, 22, 59, 50, tzinfo=UTC)  # 23:59:50 in Prague
    guarded.show("10300")
    guarded.balance = Decimal(10_100)
    guarded.show("10300", seconds=20)
    standing = guarded.state.standings["daily-loss"]
    assert (standing.reference, standing.floor) == (Decimal(10_400), Decimal(9_900))


def test_a_day_whose_beginning_nobody_saw_counts_from_what_protects_more() -> None:
    guarded = account(daily())
    guarded.balance = Decimal(9_700)
    guarded.show("9700", seconds=24 * 3600)
    assert guarded.state.standings["daily-loss"].reference == Decimal(10_000)


@pytest.mark.parametrize(
    ("night", "reset_at"),
    [
        (datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (datetime(2026, 3, 29, 20, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)),
        (datetime(2026, 10, 25, 20, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)),
    ],
)
def test_the_daily_loss_begins_anew_at_the_reset_hour_when_clocks_are_changed(
    night: datetime, reset_at: datetime
) -> None:
    guarded = GuardedAccount(daily(), now=night)
    guarded.show("10000")
    guarded.balance = Decimal(9_600)
    guarded.now = reset_at - timedelta(seconds=2)
    guarded.show("9600")
    assert guarded.state.standings["daily-loss"].reference == Decimal(10_000)
    guarded.show("9600")
    assert guarded.state.standings["daily-loss"].reference == Decimal(9_600)


def test_a_floor_that_trails_stops_at_the_initial_balance() -> None:
    rule = LossRule(
        "overall",
        Reference.PEAK_DAY_END_BALANCE,
        Limit(fraction=Decimal("0.06"), of_initial_balance=True),
        day=PRAGUE,
        stops_at_initial_balance=True,
    )
    guarded = account(Policy("USD", losses=(rule,), initial_balance=Decimal(10_000)))
    for balance in (10_400, 11_500):
        guarded.balance = Decimal(balance)
        guarded.show(str(balance))
        guarded.show(str(balance), seconds=24 * 3600)
    standing = guarded.state.standings["overall"]
    assert (standing.reference, standing.floor) == (Decimal(11_500), Decimal(10_000))


def test_the_stricter_state_holds_whoever_speaks_first() -> None:
    guarded = account()
    guarded.state, effects = switch(
        guarded.state, TradingState.CLOSE_ONLY, by="ann", reason="news", now=guarded.now
    )
    assert kinds(effects) == ["Latched"]
    guarded.state, effects = switch(
        guarded.state, TradingState.FLATTENING, by="ann", reason="out", now=guarded.now
    )
    assert kinds(effects) == ["Latched", "Flatten"]
    assert switch(
        guarded.state, TradingState.CLOSE_ONLY, by="ann", reason="no", now=guarded.now
    ) == (guarded.state, ())


def test_after_a_broken_link_both_sides_hold_the_stricter_state_unless_a_person_lifted_it() -> None:
    ours, theirs = account().state, flattening().state
    met, effects = agree(ours, theirs.latch)
    assert met.latch == theirs.latch
    assert kinds(effects) == ["Latched", "Flatten"]
    assert agree(theirs, ours.latch) == (theirs, ())
    lifted = Latch(resets=1, by="ann", reason="seen")
    met, effects = agree(theirs, lifted)
    assert (met.latch, kinds(effects)) == (lifted, ["Latched"])


def test_a_closing_called_off_on_one_side_is_called_off_on_the_other_and_stays_so() -> None:
    ours, theirs = flattening(), flattening()
    ours.state, _ = call_off(ours.state, by="ann", reason="enough", now=ours.now)
    theirs.state, effects = agree(theirs.state, ours.state.latch)
    assert kinds(effects) == ["Latched"]
    assert agree(ours.state, flattening().state.latch) == (ours.state, ())
    assert kinds(theirs.hold("7900", seconds=60)) == []
    assert theirs.trading_state is TradingState.CLOSE_ONLY
    assert parse_state(state_text(theirs.state)).latch == ours.state.latch


def test_an_account_whose_history_never_adds_up_is_guarded_after_a_while() -> None:
    guarded = GuardedAccount(default_policy("USD"))
    for _ in range(60):
        guarded.show("10000", settled=False)
    for _ in range(20):
        guarded.show("7900", settled=False)
    assert kinds(guarded.effects)[-2:] == ["Latched", "Flatten"]


def test_a_history_that_adds_up_late_is_no_deposit() -> None:
    guarded = GuardedAccount(default_policy("USD"))
    for _ in range(60):
        guarded.show("10000", settled=False)
    guarded.show("10000")
    standing = guarded.state.standings["drawdown"]
    assert (standing.reference, standing.floor) == (Decimal(10_000), Decimal(8_000))


def test_a_restart_within_the_ten_seconds_still_closes() -> None:
    guarded = account()
    guarded.hold("7900", seconds=5)
    guarded.state = parse_state(state_text(guarded.state))
    guarded.hold("7900", seconds=10)
    assert kinds(guarded.effects)[-2:] == ["Latched", "Flatten"]


def test_a_latch_survives_a_restart() -> None:
    guarded = flattening()
    assert parse_state(state_text(guarded.state)).latch == guarded.state.latch


equities = st.lists(
    st.tuples(st.integers(1, 20_000), st.sampled_from([0.2, 1, 3, 8]), st.booleans()), max_size=60
)


@given(steps=equities)
def test_whatever_is_shown_nothing_is_closed_without_the_alert_and_no_latch_loosens(
    steps: list[tuple[int, float, bool]],
) -> None:
    guarded = account()
    for equity, seconds, restarts in steps:
        before, severity = guarded.state, guarded.state.latch.state.severity
        effects = guarded.show(str(equity), seconds=seconds)
        assert guarded.state.latch.state.severity >= severity
        if any(isinstance(effect, Flatten) for effect in effects):
            assert before.countdown is not None
            assert guarded.now - before.countdown.announced_at >= timedelta(seconds=10)
        if guarded.state.countdown or guarded.state.latch.state.severity > 1:
            assert not guarded.trading_state.may_open
        if restarts:
            guarded.state = parse_state(state_text(guarded.state))


@given(steps=equities)
def test_two_guards_that_see_the_same_do_the_same(steps: list[tuple[int, float, bool]]) -> None:
    one, other = account(), account()
    for equity, seconds, _ in steps:
        one.show(str(equity), seconds=seconds)
        other.show(str(equity), seconds=seconds)
    assert one.effects == other.effects
    assert one.state == other.state


def test_the_first_view_of_an_account_breaks_nothing() -> None:
    guarded = GuardedAccount(DRAWDOWN, now=START)
    assert guarded.show("5") == []


def test_two_views_far_apart_are_too_few_to_be_sure() -> None:
    guarded = account()
    guarded.show("1")
    guarded.show("1", seconds=3)
    assert "ClosingAnnounced" not in kinds(guarded.effects)
    assert "ClosingAnnounced" in kinds(guarded.show("1"))


def test_a_peak_that_rests_on_a_doubtful_price_is_none() -> None:
    guarded = account()
    guarded.with_policy(market=Market(spread=Decimal("0.001")))
    guarded.quote("1.0000", "1.0500")
    guarded.hold("90000", seconds=5)
    guarded.quote("1.0000", "1.0001")
    guarded.hold("10000", seconds=30)
    assert "ClosingAnnounced" not in kinds(guarded.effects)


def test_what_looks_broken_is_not_counted_anew_by_the_process_that_goes_on() -> None:
    guarded = account()
    guarded.hold("7900", seconds=2)
    guarded.quote("1.08", "1.0801")
    guarded.state = parse_state(whole_state_text(guarded.state))
    guarded.show("7900")
    assert kinds(guarded.effects)[-1] == "ClosingAnnounced"
    assert guarded.state.quotes["EURUSD"].quote.bid == Decimal("1.08")
