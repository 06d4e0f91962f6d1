"""The firms' own examples, and the nights on which clocks are changed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from countersign_guards.presets import presets
from tests.fixtures.guarded_account import GuardedAccount


def funded(preset: str, *, start: datetime, size: int = 100_000) -> GuardedAccount:
    policy = presets()[preset].policy(currency="USD", initial_balance=Decimal(size))
    guarded = GuardedAccount(policy, now=start, balance=Decimal(size), net_deposits=Decimal(size))
    guarded.show(str(size))
    return guarded


def floor(guarded: GuardedAccount, rule: str) -> Decimal:
    return guarded.state.standings[rule].floor


def end_day(guarded: GuardedAccount, *, at: datetime, balance: int, equity: int) -> None:
    """Show the account just before a day ends and just after."""
    guarded.balance = Decimal(balance)
    for second in (-1, 1):
        guarded.now = at + timedelta(seconds=second - 1)
        guarded.show(str(equity))


def test_the_trailing_limit_of_one_step_follows_the_best_day_end_and_never_falls() -> None:
    guarded = funded("ftmo-1-step", start=datetime(2026, 6, 1, 10, tzinfo=UTC))
    assert floor(guarded, "overall-loss") == Decimal(90_000)
    end_day(guarded, at=datetime(2026, 6, 1, 22, tzinfo=UTC), balance=104_000, equity=104_000)
    assert floor(guarded, "overall-loss") == Decimal(94_000)
    end_day(guarded, at=datetime(2026, 6, 2, 22, tzinfo=UTC), balance=103_000, equity=103_000)
    assert floor(guarded, "overall-loss") == Decimal(94_000)


def test_what_is_open_within_a_day_does_not_move_the_limit_of_one_step() -> None:
    guarded = funded("ftmo-1-step", start=datetime(2026, 6, 1, 10, tzinfo=UTC))
    guarded.hold("108000", seconds=5)
    assert floor(guarded, "overall-loss") == Decimal(90_000)


def test_a_loss_that_is_open_at_midnight_counts_against_the_new_day() -> None:
    guarded = funded("ftmo-2-step", start=datetime(2026, 6, 1, 10, tzinfo=UTC))
    end_day(guarded, at=datetime(2026, 6, 1, 22, tzinfo=UTC), balance=102_000, equity=98_000)
    # The balance at midnight less 5 % of the initial capital, whatever is open.
    assert floor(guarded, "daily-loss") == Decimal(97_000)


def test_the_higher_of_balance_and_equity_begins_the_day_of_high_stakes() -> None:
    guarded = funded("the5ers-high-stakes", start=datetime(2026, 6, 1, 10, tzinfo=UTC))
    end_day(guarded, at=datetime(2026, 6, 1, 21, tzinfo=UTC), balance=100_000, equity=104_000)
    assert floor(guarded, "daily-loss") == Decimal(98_800)


def test_five_percent_of_the_balance_at_half_past_midnight_utc() -> None:
    guarded = funded("breakout-1-step", start=datetime(2026, 6, 1, 10, tzinfo=UTC))
    end_day(guarded, at=datetime(2026, 6, 2, 0, 30, tzinfo=UTC), balance=105_000, equity=105_000)
    assert floor(guarded, "daily-loss") == Decimal(100_800)


@pytest.mark.parametrize(
    ("preset", "reset_at"),
    [
        ("ftmo-2-step", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("ftmo-2-step", datetime(2026, 3, 29, 22, tzinfo=UTC)),
        ("ftmo-2-step", datetime(2026, 10, 24, 22, tzinfo=UTC)),
        ("ftmo-2-step", datetime(2026, 10, 25, 23, tzinfo=UTC)),
        ("the5ers-high-stakes", datetime(2026, 3, 7, 22, tzinfo=UTC)),
        ("the5ers-high-stakes", datetime(2026, 3, 8, 21, tzinfo=UTC)),
        ("the5ers-high-stakes", datetime(2026, 10, 31, 21, tzinfo=UTC)),
        ("the5ers-high-stakes", datetime(2026, 11, 1, 22, tzinfo=UTC)),
        ("breakout-2-step", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
    ],
)
def test_the_day_of_a_firm_ends_by_its_own_clock_when_clocks_are_changed(
    preset: str, reset_at: datetime
) -> None:
    guarded = funded(preset, start=reset_at - timedelta(hours=5))
    guarded.balance = Decimal(97_000)
    guarded.now = reset_at - timedelta(seconds=2)
    guarded.show("97000")
    before = floor(guarded, "daily-loss")
    guarded.show("97000")
    assert floor(guarded, "daily-loss") < before
