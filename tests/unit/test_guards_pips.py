"""What one pip is, for bridge and server alike."""

from decimal import Decimal

import pytest

from countersign_guards.pips import pip_of, pip_of_price


@pytest.mark.parametrize(
    ("symbol", "digits", "tick", "base", "profit", "price", "pip"),
    [
        ("EURUSD", 5, "0.00001", "EUR", "USD", "1.0845", "0.0001"),
        ("EURUSD", 4, "0.0001", "EUR", "USD", "1.0845", "0.0001"),
        ("USDJPY.r", 3, "0.001", "USD", "JPY", "151.2", "0.01"),
        ("USDJPY", 2, "0.01", "USD", "JPY", "151.2", "0.01"),
        # Whatever digits a broker quotes.
        ("XAUUSD", 2, "0.01", "XAU", "USD", "2650", "0.1"),
        ("XAUUSD", 3, "0.001", "XAU", "USD", "2650", "0.1"),
        ("XAGUSD.m", 3, "0.001", "XAG", "USD", "31", "0.01"),
        ("US30", 2, "0.01", "USD", "USD", "39000", "1"),
        ("AAPL", 2, "0.01", "USD", "USD", "180", "0.01"),
        ("BTCUSD", 2, "0.01", "BTC", "USD", "97000", "1"),
        # Never less than the price can move.
        ("US30", 0, "5", "USD", "USD", "39000", "5"),
        # Nobody knows where it stands.
        ("US30", 2, "0.01", "USD", "USD", "0", "0.01"),
    ],
)
def test_a_pip_is_what_people_call_one(  # noqa: PLR0913, PLR0917  # the columns of the table
    symbol: str, digits: int, tick: str, base: str, profit: str, price: str, pip: str
) -> None:
    told = pip_of(
        symbol,
        digits=digits,
        tick_size=Decimal(tick),
        currency_base=base,
        currency_profit=profit,
        price=Decimal(price),
    )
    assert told == Decimal(pip)


@pytest.mark.parametrize(
    ("symbol", "price", "pip"),
    [
        ("XAUUSD", "2650", "0.1"),
        ("US30", "39000", "1"),
        ("EURUSD", "1.08", "0.0001"),
        ("?", "0", "0.0001"),
    ],
)
def test_without_properties_the_price_says_what_a_pip_is(symbol: str, price: str, pip: str) -> None:
    assert pip_of_price(symbol, Decimal(price)) == Decimal(pip)
