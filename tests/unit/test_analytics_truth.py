"""Who cost what between a signal and its fill: nothing is nobody's, and nothing is guessed."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, strategies as st

from countersign_server.analytics.truth import Prices

PRICES = st.decimals("0.00001", "5000", places=5)
KNOWN = st.builds(
    Prices,
    buys=st.booleans(),
    decided_by_rule=st.booleans(),
    signal=PRICES,
    decided=PRICES,
    sent=PRICES,
    filled=PRICES,
)


@given(KNOWN)
def test_the_parts_come_to_the_whole(prices: Prices) -> None:
    parts = (prices.of_person, prices.of_platform, prices.of_broker)
    assert sum((part for part in parts if part is not None), Decimal(0)) == prices.slippage
    assert (prices.of_person is None) == prices.decided_by_rule


@given(KNOWN)
def test_a_part_with_a_price_that_was_not_kept_is_unknown(prices: Prices) -> None:
    undecided = replace(prices, decided_by_rule=False, decided=None)
    assert (undecided.of_person, undecided.of_platform) == (None, None)
    assert undecided.of_broker is not None
    unsent = replace(prices, sent=None)
    assert (unsent.of_platform, unsent.of_broker) == (None, None)
    assert unsent.slippage is not None
