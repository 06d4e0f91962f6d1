"""What goes to the terminal has the fields it needs, no other, and each of the one right type."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from countersign_bridge.terminal.views import OrderType
from countersign_bridge.trading.requests import (
    Filling,
    MarketOrder,
    PendingOrder,
    PendingRemoval,
    PendingStops,
    PositionStops,
    RequestInvalid,
    TradeRequest,
    check_fields,
    choose_filling,
    request_sha256,
)

# What the package reads of a request; it ignores everything else without a word.
PACKAGE_FIELDS = {
    *("action", "magic", "order", "symbol", "volume", "price", "stoplimit", "sl", "tp"),
    *("deviation", "type", "type_filling", "type_time", "expiration", "comment", "position"),
    "position_by",
}
FLOATS = {"volume", "price", "stoplimit", "sl", "tp"}

prices = st.decimals("0.00001", "100000", places=5)
volumes = st.decimals("0.01", "100", places=2)
magics = st.integers(1, 2**62 - 1)
tickets = st.integers(1, 2**63 - 1)
requests = st.one_of(
    st.builds(
        MarketOrder,
        symbol=st.just("EURUSD"),
        type=st.sampled_from([OrderType.BUY, OrderType.SELL]),
        volume=volumes,
        price=prices,
        deviation_points=st.integers(0, 10**6),
        filling=st.sampled_from(Filling),
        magic=magics,
        comment=st.text(max_size=13),
        stop_loss=st.none() | prices,
        take_profit=st.none() | prices,
        position=st.none() | tickets,
    ),
    st.builds(
        PendingOrder,
        symbol=st.just("EURUSD"),
        type=st.sampled_from([OrderType.BUY_LIMIT, OrderType.SELL_STOP]),
        volume=volumes,
        price=prices,
        filling=st.sampled_from(Filling),
        magic=magics,
        comment=st.text(max_size=13),
        stop_loss=st.none() | prices,
        take_profit=st.none() | prices,
        expiration_s=st.none() | st.integers(1, 2**31),
    ),
    st.builds(
        PositionStops,
        symbol=st.just("EURUSD"),
        position=tickets,
        magic=magics,
        stop_loss=st.none() | prices,
        take_profit=st.none() | prices,
    ),
    st.builds(
        PendingStops,
        order=tickets,
        symbol=st.just("EURUSD"),
        price=prices,
        type_time=st.sampled_from([0, 1, 2]),
        expiration_s=st.integers(0, 2**31),
        magic=magics,
        stop_loss=st.none() | prices,
        take_profit=st.none() | prices,
    ),
    st.builds(PendingRemoval, order=tickets, symbol=st.just("EURUSD"), magic=magics),
)


@given(request=requests)
def test_every_request_has_only_fields_the_package_reads(request: TradeRequest) -> None:
    fields = request.fields()

    assert set(fields) <= PACKAGE_FIELDS
    for name, value in fields.items():
        wanted = float if name in FLOATS else str if name in {"symbol", "comment"} else int
        assert type(value) is wanted, name
    check_fields(fields)


def test_a_stop_is_sent_under_the_name_the_package_reads() -> None:
    order = MarketOrder(
        symbol="EURUSD",
        type=OrderType.BUY,
        volume=Decimal("0.1"),
        price=Decimal("1.085"),
        deviation_points=5,
        filling=Filling.FOK,
        magic=1,
        comment="",
        stop_loss=Decimal("1.0801"),
        take_profit=Decimal("1.09"),
    )
    fields = order.fields()
    assert (fields["sl"], fields["tp"]) == (1.0801, 1.09)


def test_removing_a_stop_says_so_with_zero() -> None:
    fields = PositionStops("EURUSD", 5, 1, stop_loss=None, take_profit=None).fields()
    assert (fields["sl"], fields["tp"]) == (0.0, 0.0)


GOOD: dict[str, int | float | str] = {"action": 1, "magic": 1, "volume": 0.1, "symbol": "EURUSD"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stop_loss", 1.08),
        ("volume", 1),
        ("volume", True),
        ("volume", float("nan")),
        ("volume", float("inf")),
        ("volume", -0.1),
        ("price", "1.08"),
        ("magic", 0),
        ("magic", -1),
        ("magic", 2**62),
        ("magic", 1.0),
        ("magic", True),
        ("action", 10),
        ("action", 99),
        ("position", 5.0),
        ("comment", "x" * 27),
        ("comment", "\N{GRINNING FACE}" * 14),
        ("expiration", 1.5),
    ],
)
def test_a_field_the_package_would_misread_is_refused(field: str, value: float | str) -> None:
    check_fields(GOOD)
    with pytest.raises(RequestInvalid, match=field):
        check_fields({**GOOD, field: value})


@pytest.mark.parametrize(
    ("mask", "filling"),
    [(0, Filling.RETURN), (1, Filling.FOK), (2, Filling.IOC), (3, Filling.FOK)],
)
def test_the_mask_of_a_symbol_is_not_the_number_of_a_request(mask: int, filling: Filling) -> None:
    assert choose_filling(filling_mask=mask) is filling


@given(one=requests, other=requests)
def test_a_request_is_named_by_all_its_fields(one: TradeRequest, other: TradeRequest) -> None:
    same = request_sha256(one.fields()) == request_sha256(other.fields())
    assert same == (one.fields() == other.fields())
