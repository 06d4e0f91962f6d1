"""The bridge reads every intent that the server writes, and reads the same of it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from countersign_bridge.intents import parse_intent
from countersign_server.approvals.intents import EntryKind, Kind
from countersign_server.approvals.planning import Declined, plan
from tests.fixtures.approvals import (
    APPROVAL,
    EXECUTION_WINDOW,
    NOW,
    a_signal,
    a_subscription,
    follower_for,
    planned,
)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_read_as_it_was_meant(kind: Kind) -> None:
    later = NOW + timedelta(days=1) if kind is Kind.PLACE else None
    asked = planned(a_signal(kind, good_until=later), follower_for(kind))
    meant, read = asked.intent, parse_intent(asked.text)

    assert (read.approval, read.signal) == (meant.approval_id, meant.signal_id)
    assert (read.login, read.server) == (meant.login, meant.server)
    assert (read.kind, read.side, read.volume) == (meant.kind, meant.side, meant.volume)
    assert (read.symbol, read.fingerprint) == (meant.symbol, meant.fingerprint)
    assert (read.price_min, read.price_max) == (meant.price_min, meant.price_max)
    assert (read.stop_loss, read.take_profit) == (meant.stop_loss, meant.take_profit)
    assert (read.good_until, read.expires) == (meant.good_until, meant.expires_at)
    assert read.opening_approval == meant.opening_approval_id
    if meant.entry.kind is EntryKind.NONE:
        assert read.entry is None
    else:
        assert read.entry is not None
        assert (read.entry.kind, read.entry.price) == (meant.entry.kind, meant.entry.price)


@given(
    price=st.integers(1, 3_000_000).map(lambda n: Decimal(n) * Decimal("0.00001")),
    drift=st.decimals("0.000000001", 100000, places=9),
    side=st.sampled_from(["buy", "sell"]),
)
def test_whatever_the_prices_the_bridge_reads_the_band(
    price: Decimal, drift: Decimal, side: str
) -> None:
    terms = a_signal(price=price, side=side, stop_loss=None, take_profit=None)
    follower = follower_for(
        Kind.OPEN, subscription=a_subscription(limits={"max_drift_pips": drift})
    )
    outcome = plan(
        terms, follower, approval_id=APPROVAL, execution_window=EXECUTION_WINDOW, now=NOW
    )
    assert not isinstance(outcome, Declined)
    read = parse_intent(outcome.text)
    assert (read.price_min, read.price_max) == (outcome.intent.price_min, outcome.intent.price_max)
