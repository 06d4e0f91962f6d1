"""The last fence: each grant once, and no order beyond the limits, whoever asks."""

from dataclasses import replace
from decimal import Decimal

import pytest

from countersign_bridge.terminal.fence import Fence, FenceLimits
from countersign_bridge.terminal.jobs import Refused, Send
from countersign_bridge.terminal.views import PositionView

LIMITS = FenceLimits(3, Decimal("0.5"), frozenset({"EURUSD", "XAUUSD"}))
ORDER = Send(
    fields={"action": 1, "magic": 7, "symbol": "EURUSD", "volume": 0.1},
    grant_id=b"1" * 16,
    deadline=100.0,
    deadline_wall=100.0,
    price_min=None,
    price_max=None,
    closes=False,
)


def a_fence(*, used: tuple[bytes, ...] = (), sent_at: tuple[float, ...] = ()) -> Fence:
    return Fence(LIMITS, used_grants=used, sent_at=sent_at)


def under(grant: bytes, **fields: float | str) -> Send:
    return replace(ORDER, grant_id=grant * 16, fields={**ORDER.fields, **fields})


def admit(
    fence: Fence, order: Send, now: float, positions: tuple[PositionView, ...] = ()
) -> Refused | None:
    return fence.admit(order, now, lambda: positions)


def reason(refusal: Refused | None) -> str | None:
    return refusal.reason if refusal else None


def test_a_grant_lets_one_order_through() -> None:
    fence = a_fence()
    assert admit(fence, ORDER, 10.0) is None
    assert reason(admit(fence, ORDER, 10.1)) == "SECOND_SEND_REFUSED"


def test_a_grant_used_before_this_process_began_is_used() -> None:
    assert reason(admit(a_fence(used=(b"1" * 16,)), ORDER, 10.0)) == "SECOND_SEND_REFUSED"


@pytest.mark.parametrize("now", [100.0, 100.1, 5000.0])
def test_a_lapsed_grant_lets_nothing_through(now: float) -> None:
    assert reason(admit(a_fence(), ORDER, now)) == "GRANT_LAPSED"


def test_more_orders_than_a_minute_may_have_are_refused() -> None:
    fence = a_fence()
    assert [reason(admit(fence, under(bytes([n])), 10.0)) for n in range(4)] == [
        *(None, None, None),
        "FENCE_RATE",
    ]
    assert reason(admit(fence, under(b"x"), 69.9)) == "FENCE_RATE"
    assert admit(fence, under(b"y"), 70.0) is None


def test_orders_sent_before_this_process_began_count() -> None:
    fence = a_fence(sent_at=(-30.0, -20.0, -10.0))
    assert reason(admit(fence, ORDER, 0.0)) == "FENCE_RATE"
    assert admit(fence, ORDER, 30.0) is None


def test_a_refused_order_counts_as_nothing() -> None:
    fence = a_fence()
    assert reason(admit(fence, under(b"1", volume=0.6), 10.0)) == "FENCE_VOLUME"
    assert admit(fence, under(b"1"), 10.0) is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"volume": 0.51}, "FENCE_VOLUME"),
        ({"symbol": "BTCUSD"}, "FENCE_SYMBOL"),
        ({"stop_loss": 1.0}, "FENCE_REQUEST_INVALID"),
        ({"volume": 1}, "FENCE_REQUEST_INVALID"),
        ({"magic": 0}, "FENCE_REQUEST_INVALID"),
    ],
)
def test_what_is_beyond_the_limits_is_refused(
    fields: dict[str, int | float | str], why: str
) -> None:
    assert reason(admit(a_fence(), under(b"1", **fields), 10.0)) == why


LONG = PositionView(
    ticket=401,
    identifier=401,
    magic=0,
    symbol="EURUSD",
    type=0,
    volume=Decimal(3),
    price_open=Decimal("1.1"),
    price_current=Decimal("1.1"),
    stop_loss=Decimal(0),
    take_profit=Decimal(0),
    profit=Decimal(0),
    swap=Decimal(0),
    broker_time_ms=0,
    comment="",
)


def a_close(**fields: float | str) -> Send:
    return under(b"1", **{"type": 1, "position": 401, "volume": 3.0, **fields})


def test_a_large_position_may_be_closed_whatever_may_be_opened() -> None:
    assert admit(a_fence(), a_close(), 10.0, (LONG,)) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"type": 0},
        {"volume": 3.01},
        {"position": 402},
        {"symbol": "XAUUSD"},
        {"action": 5},
    ],
    ids=["adds", "turns round", "names another", "in another symbol", "left at the broker"],
)
def test_what_may_do_more_than_reduce_is_held_to_the_limit(fields: dict[str, float | str]) -> None:
    assert reason(admit(a_fence(), a_close(**fields), 10.0, (LONG,))) == "FENCE_VOLUME"


def test_a_close_of_what_is_not_open_is_held_to_the_limit() -> None:
    assert reason(admit(a_fence(), a_close(), 10.0)) == "FENCE_VOLUME"
