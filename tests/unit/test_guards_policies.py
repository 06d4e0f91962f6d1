"""A policy's text: exact, complete, and refused by name where it is not."""

import json
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from countersign_guards.policy import (
    Action,
    Exposure,
    Limit,
    LossRule,
    MarginRule,
    Market,
    Policy,
    Reference,
    default_policy,
)
from countersign_guards.policy_text import PolicyUnreadable, parse_policy, policy_text
from countersign_guards.presets import presets
from countersign_guards.trading_day import TradingDay

FULL = Policy(
    "USD",
    losses=(
        LossRule("drawdown", Reference.PEAK_EQUITY, Limit(fraction=Decimal("0.2"))),
        LossRule(
            "daily",
            Reference.DAY_START_HIGHER,
            Limit(amount=Decimal("250.5")),
            Action.HALT,
            TradingDay(time(17), "America/New_York"),
        ),
    ),
    margins=(MarginRule("margin", Decimal(120), Action.FLATTEN),),
    exposure=Exposure(lots=Decimal(3), positions=4, stop_required=True),
    market=Market(spread=Decimal("0.002"), quote_age=timedelta(seconds=5)),
    initial_balance=Decimal(10_000),
)


@pytest.mark.parametrize("policy", [FULL, default_policy("EUR")])
def test_a_policy_is_its_text(policy: Policy) -> None:
    assert parse_policy(policy_text(policy)) == policy
    assert policy_text(parse_policy(policy_text(policy))) == policy_text(policy)


def changed(path: str, value: Any) -> str:
    plain = json.loads(policy_text(FULL))
    *parents, last = path.split(".")
    place = plain
    for name in parents:
        place = place[int(name)] if name.isdigit() else place[name]
    place[last] = value
    return json.dumps(plain)


WRONG: list[tuple[str, Any, str]] = [
    ("loses", [], "policy.loses"),
    ("losses.0.limits", {"fraction": "0.1"}, "policy.losses[0].limits"),
    ("losses.0.limit.fractoin", "0.1", "policy.losses[0].limit.fractoin"),
    ("losses.0.limit.fraction", "5", "policy.losses[0].limit.fraction"),
    ("losses.0.limit.fraction", "0", "policy.losses[0].limit.fraction"),
    ("losses.0.limit.fraction", "1e-3", "policy.losses[0].limit.fraction"),
    ("losses.0.limit.fraction", "NaN", "policy.losses[0].limit.fraction"),
    ("losses.0.limit", {}, "policy.losses[0].limit"),
    ("losses.0.limit.amount", "10", "policy.losses[0].limit"),
    ("losses.0.reference", "peak", "policy.losses[0].reference"),
    ("losses.0.day", {"resets_at": "00:00", "zone": "UTC"}, "policy.losses[0].day"),
    ("losses.1.day", None, "policy.losses[1].day"),
    ("losses.1.day.zone", "Europe/Atlantis", "policy.losses[1].day.zone"),
    ("losses.1.day.zone", "../../etc/passwd", "policy.losses[1].day.zone"),
    ("losses.1.day.resets_at", "24:00", "policy.losses[1].day.resets_at"),
    ("losses.1.id", "drawdown", "policy"),
    ("losses", [{}] * 33, "policy.losses"),
    ("margins.0.level", -5, "policy.margins[0].level"),
    ("exposure.positions", True, "policy.exposure.positions"),
    ("exposure.lots", 2, "policy.exposure.lots"),
    ("patience.alert_seconds", 3601, "policy.patience.alert_seconds"),
    ("currency", "usd", "policy.currency"),
]


@pytest.mark.parametrize(("path", "value", "field"), WRONG)
def test_what_is_wrong_is_named(path: str, value: Any, field: str) -> None:
    with pytest.raises(PolicyUnreadable) as refused:
        parse_policy(changed(path, value))
    assert refused.value.field == field


def test_a_number_with_a_point_is_refused_for_what_it_would_become() -> None:
    with pytest.raises(PolicyUnreadable, match="are text"):
        parse_policy('{"currency":"USD","warn_at":0.8}')


@given(
    text=st.one_of(
        st.text(max_size=200),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(["currency", "losses", "limit", "day", "exposure", "market"]),
                    inner,
                    max_size=4,
                )
            ),
        ).map(json.dumps),
    )
)
def test_garbage_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        policy = parse_policy(text)
    except PolicyUnreadable:
        return
    assert parse_policy(policy_text(policy)) == policy


def test_what_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(PolicyUnreadable):
        parse_policy("[" * 16_000)


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_a_policy_with_its_source(name: str) -> None:
    preset = presets()[name]
    policy = preset.policy(currency="USD", initial_balance=Decimal(100_000))
    assert policy.initial_balance == Decimal(100_000)
    assert policy.losses
    assert preset.source
    assert preset.rule
    assert preset.read_on


def test_the_presets_are_those_that_are_documented() -> None:
    assert list(presets()) == [
        "breakout-1-step",
        "breakout-2-step",
        "ftmo-1-step",
        "ftmo-2-step",
        "the5ers-high-stakes",
    ]
