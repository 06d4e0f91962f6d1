"""Every answer of the terminal means one thing, and what is not listed means doubt."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from countersign_bridge.trading.requests import Action, Filling
from countersign_bridge.trading.retcodes import (
    DOUBTS,
    NEVER_DELIVERED,
    REFUSALS,
    Outcome,
    SendAnswer,
    classify,
)

MARKET = {"action": int(Action.DEAL), "volume": 0.1, "type_filling": int(Filling.FOK)}
IOC = {**MARKET, "type_filling": int(Filling.IOC)}
RETURN = {**MARKET, "type_filling": int(Filling.RETURN)}
PENDING = {"action": int(Action.PENDING), "volume": 0.1, "type_filling": int(Filling.RETURN)}
STOPS = {"action": int(Action.STOPS), "sl": 1.0, "tp": 0.0}

# The table of the terminal's documentation and of what was measured, written down once more.
DEFINITE = {
    *(10004, 10006, 10007, *range(10013, 10024), 10024, 10026, 10027, 10029, 10030),
    *(*range(10032, 10037), *range(10038, 10041), *range(10042, 10046)),
}
AMBIGUOUS = {10011, 10012, 10028, 10031, 10041}
KNOWN = DEFINITE | AMBIGUOUS | {10008, 10009, 10010, 10025}


def answer(retcode: int, *, error: int = 1, deal: int = 0, volume: str = "0") -> SendAnswer:
    return SendAnswer(retcode, error, 7, deal, Decimal(volume), Decimal(1), "")


def test_the_refusals_are_those_of_the_table() -> None:
    assert set(REFUSALS) == DEFINITE
    assert set(DOUBTS) == AMBIGUOUS
    assert set(NEVER_DELIVERED) == {-2, -8, -10004}


@pytest.mark.parametrize("retcode", sorted(DEFINITE))
@pytest.mark.parametrize("request_", [MARKET, PENDING, STOPS])
def test_a_refusal_means_that_no_order_exists(
    retcode: int, request_: dict[str, int | float]
) -> None:
    assert classify(answer(retcode), request_).outcome is Outcome.REJECTED


@pytest.mark.parametrize("retcode", sorted(AMBIGUOUS))
@pytest.mark.parametrize("request_", [MARKET, PENDING, STOPS])
def test_an_ambiguous_code_is_never_a_refusal(
    retcode: int, request_: dict[str, int | float]
) -> None:
    assert classify(answer(retcode), request_).outcome is Outcome.IN_DOUBT


@given(retcode=st.integers(1, 2**31).filter(lambda code: code not in KNOWN))
def test_an_unlisted_code_is_doubt(retcode: int) -> None:
    assert classify(answer(retcode), MARKET).outcome is Outcome.IN_DOUBT


@given(error=st.integers(-20000, 20000))
def test_no_answer_is_doubt_unless_nothing_can_have_left(error: int) -> None:
    outcome = classify(answer(0, error=error), MARKET).outcome
    never_left = error in {-2, -8, -10004}
    assert outcome is (Outcome.REJECTED if never_left else Outcome.IN_DOUBT)


@pytest.mark.parametrize(
    ("given_answer", "request_", "outcome"),
    [
        (answer(10009, deal=9, volume="0.1"), MARKET, Outcome.EXECUTED),
        (answer(10009, deal=9), MARKET, Outcome.EXECUTED),
        (answer(10009, deal=9, volume="0.2"), MARKET, Outcome.EXECUTED),
        (answer(10009, deal=9, volume="0.04"), IOC, Outcome.PARTIAL),
        (answer(10009, deal=9, volume="0.04"), RETURN, Outcome.WORKING),
        (answer(10009), MARKET, Outcome.WORKING),
        (answer(10009), PENDING, Outcome.WORKING),
        (answer(10008), MARKET, Outcome.WORKING),
        (answer(10008), PENDING, Outcome.WORKING),
        (answer(10010, deal=9, volume="0.04"), IOC, Outcome.PARTIAL),
        (answer(10010, deal=9, volume="0.04"), RETURN, Outcome.WORKING),
        (answer(10009), STOPS, Outcome.EXECUTED),
        (answer(10025), STOPS, Outcome.EXECUTED),
        (answer(10025), MARKET, Outcome.IN_DOUBT),
        (answer(10008), STOPS, Outcome.IN_DOUBT),
        (answer(10010), STOPS, Outcome.IN_DOUBT),
    ],
)
def test_done_is_done_only_when_it_says_what_was_done(
    given_answer: SendAnswer, request_: dict[str, int | float], outcome: Outcome
) -> None:
    assert classify(given_answer, request_).outcome is outcome
