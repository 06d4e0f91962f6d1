"""How fast openings are permitted: one limit after the other, each for itself."""

from dataclasses import replace

import pytest

from countersign_server.accounts.account import AccountLimits, OwnerLimits
from countersign_server.execution.opening_pace import OpeningPace

OF_ACCOUNT = AccountLimits(max_orders_per_second=3, max_identical_orders_per_minute=3)
OF_OWNER = OwnerLimits(max_orders_per_second=3, max_orders_per_minute=3)
PACE = OpeningPace(
    owner_limits=OF_OWNER,
    in_second=2,
    identical_in_minute=2,
    of_owner_in_second=2,
    of_owner_in_minute=2,
)


@pytest.mark.parametrize(
    ("counted", "reason"),
    [
        ("in_second", "ORDERS_PER_SECOND"),
        ("identical_in_minute", "IDENTICAL_ORDERS"),
        ("of_owner_in_second", "OWNER_ORDERS_PER_SECOND"),
        ("of_owner_in_minute", "OWNER_ORDERS_PER_MINUTE"),
    ],
)
def test_what_is_permitted_so_often_waits(counted: str, reason: str) -> None:
    assert PACE.limit_reached(OF_ACCOUNT) is None
    assert replace(PACE, **{counted: 3}).limit_reached(OF_ACCOUNT) == reason  # pyright: ignore[reportArgumentType]  # counts


def test_without_a_limit_nothing_waits() -> None:
    pace = replace(PACE, owner_limits=OwnerLimits(), in_second=10_000, of_owner_in_second=10_000)
    assert pace.limit_reached(AccountLimits()) is None
