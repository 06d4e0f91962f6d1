"""How much an account trades: never more than its owner asked for."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from countersign_server.accounts.account import Funds
from countersign_server.accounts.sizing import (
    Sizing,
    SizingRefusal,
    SizingRule,
    loss_per_lot,
    volume_for,
)
from tests.fixtures.back_office import euro_dollar

EURUSD = euro_dollar()
FUNDS = Funds(Decimal(10_000), Decimal(9_000), datetime(2026, 1, 5, tzinfo=UTC))
PRICE, STOP = Decimal("1.0845"), Decimal("1.0801")


def volume(
    rule: SizingRule,
    value: str,
    *,
    funds: Funds | None = FUNDS,
    stop_loss: Decimal | None = STOP,
    limit: str | None = None,
) -> Decimal | SizingRefusal:
    return volume_for(
        Sizing(rule, Decimal(value)),
        symbol=EURUSD,
        funds=funds,
        price=PRICE,
        stop_loss=stop_loss,
        volume_limit=None if limit is None else Decimal(limit),
    )


@pytest.mark.parametrize(
    ("rule", "value", "lots"),
    [
        (SizingRule.FIXED_LOTS, "0.1", "0.1"),
        (SizingRule.FIXED_LOTS, "0.109", "0.1"),  # rounded down to the broker's step
        (SizingRule.FIXED_LOTS, "1000", "100"),  # capped at the broker's largest
        (SizingRule.MULTIPLIER, "2.5", "0.02"),
        (SizingRule.BALANCE, "0.05", "0.5"),
        (SizingRule.EQUITY, "0.05", "0.45"),
        # 90 at risk of 9,000; 440 ticks of 1 each lost by a lot: 0.2045 lots.
        (SizingRule.RISK, "0.01", "0.2"),
    ],
)
def test_a_rule_asks_for_its_lots(rule: SizingRule, value: str, lots: str) -> None:
    assert volume(rule, value) == Decimal(lots)


@pytest.mark.parametrize(
    ("rule", "value", "refusal"),
    [
        (SizingRule.FIXED_LOTS, "0.009", SizingRefusal.VOLUME_TOO_SMALL),
        (SizingRule.MULTIPLIER, "0.5", SizingRefusal.VOLUME_TOO_SMALL),
        (SizingRule.RISK, "0.0001", SizingRefusal.VOLUME_TOO_SMALL),
    ],
)
def test_what_the_broker_does_not_take_is_not_rounded_up(
    rule: SizingRule, value: str, refusal: SizingRefusal
) -> None:
    assert volume(rule, value) is refusal


@pytest.mark.parametrize("rule", [SizingRule.BALANCE, SizingRule.EQUITY, SizingRule.RISK])
def test_an_account_never_read_is_not_taken_for_empty_or_full(rule: SizingRule) -> None:
    assert volume(rule, "0.05", funds=None) is SizingRefusal.FUNDS_UNKNOWN


def test_the_brokers_smallest_volume_may_be_several_steps() -> None:
    coarse = replace(EURUSD, volume_min=Decimal("0.1"))
    sizing = Sizing(SizingRule.FIXED_LOTS, Decimal("0.05"))
    found = volume_for(
        sizing, symbol=coarse, funds=FUNDS, price=PRICE, stop_loss=STOP, volume_limit=None
    )
    assert found is SizingRefusal.VOLUME_TOO_SMALL


def test_a_risk_less_than_one_step_by_the_last_of_thirty_digits_is_not_rounded_up() -> None:
    """One step loses a little more than a tenth of equity; in 28 digits, exactly that."""
    symbol = replace(
        EURUSD,
        tick_size=Decimal(1),
        tick_value=Decimal("510658.444737612"),
        volume_min=Decimal("88024.824027642"),
        volume_step=Decimal("88024.824027642"),
        volume_max=Decimal("88024.824027642"),
    )
    equity = Decimal("288434026520221251.14618349")
    found = volume_for(
        Sizing(SizingRule.RISK, Decimal("0.1")),
        symbol=symbol,
        funds=Funds(equity, equity, FUNDS.event_time),
        price=Decimal("641669.63151737"),
        stop_loss=Decimal(1),
        volume_limit=None,
    )
    assert found is SizingRefusal.VOLUME_TOO_SMALL


def test_an_account_in_debt_trades_nothing() -> None:
    debt = replace(FUNDS, balance=Decimal(-50), equity=Decimal(-50))
    assert volume(SizingRule.EQUITY, "1", funds=debt) is SizingRefusal.VOLUME_TOO_SMALL
    assert volume(SizingRule.RISK, "0.1", funds=debt) is SizingRefusal.VOLUME_TOO_SMALL


@pytest.mark.parametrize("stop_loss", [None, PRICE])
def test_risk_needs_a_stop_away_from_the_price(stop_loss: Decimal | None) -> None:
    assert volume(SizingRule.RISK, "0.01", stop_loss=stop_loss) is SizingRefusal.STOP_REQUIRED


def test_risk_is_not_guessed_when_the_terminal_does_not_say_what_a_tick_is_worth() -> None:
    silent = replace(EURUSD, tick_value=Decimal(0))
    sizing = Sizing(SizingRule.RISK, Decimal("0.01"))
    found = volume_for(
        sizing, symbol=silent, funds=FUNDS, price=PRICE, stop_loss=STOP, volume_limit=None
    )
    assert found is SizingRefusal.TICK_VALUE_UNKNOWN
    assert loss_per_lot(silent, PRICE, STOP) is None


def test_above_the_owners_limit_is_refused_and_not_capped() -> None:
    assert volume(SizingRule.FIXED_LOTS, "0.5", limit="0.5") == Decimal("0.5")
    assert volume(SizingRule.FIXED_LOTS, "0.5", limit="0.4") is SizingRefusal.VOLUME_ABOVE_LIMIT


amounts = st.decimals("0.01", 10_000_000, places=2)
steps = st.sampled_from([Decimal(text) for text in ("0.001", "0.01", "0.1", "1", "0.03")])


@given(
    rule=st.sampled_from(SizingRule),
    value=st.decimals("0.000000001", "0.1", places=9),
    equity=amounts,
    distance=st.decimals("0.00001", 10, places=5),
    tick_value=st.decimals("0.000000001", 1000, places=9),
    step=steps,
    minimum_steps=st.integers(1, 10),
    maximum_steps=st.integers(10, 100_000),
)
def test_a_volume_is_one_the_broker_takes_and_never_more_than_was_asked(  # noqa: PLR0913  # one a dimension
    *,
    rule: SizingRule,
    value: Decimal,
    equity: Decimal,
    distance: Decimal,
    tick_value: Decimal,
    step: Decimal,
    minimum_steps: int,
    maximum_steps: int,
) -> None:
    symbol = replace(
        EURUSD,
        tick_value=tick_value,
        volume_step=step,
        volume_min=minimum_steps * step,
        volume_max=maximum_steps * step,
    )
    funds = Funds(equity, equity, FUNDS.event_time)
    found = volume_for(
        Sizing(rule, value),
        symbol=symbol,
        funds=funds,
        price=PRICE + distance,
        stop_loss=PRICE,
        volume_limit=None,
    )

    if isinstance(found, SizingRefusal):
        assert found is SizingRefusal.VOLUME_TOO_SMALL
        return
    assert symbol.volume_min <= found <= symbol.volume_max
    assert found % step == 0
    match rule:
        case SizingRule.FIXED_LOTS:
            assert found <= value
        case SizingRule.MULTIPLIER:
            assert found <= value * symbol.volume_min
        case SizingRule.BALANCE | SizingRule.EQUITY:
            assert found * 1000 <= value * equity
        case SizingRule.RISK:
            # Multiplied out, so that the check itself divides nothing.
            assert found * distance * tick_value <= equity * value * symbol.tick_size
