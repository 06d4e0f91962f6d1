"""The bridge tells bars when it is asked: one question at a time, in frames that fit."""

from datetime import UTC, datetime, timedelta

import pytest

from countersign.v1 import execution_pb2 as pb
from countersign_bridge.clock import Moment
from countersign_bridge.effects import Ask, Effects, Say
from countersign_bridge.intents import MarginMode
from countersign_bridge.reporting.rates import Rates
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from countersign_bridge.trading.verification import Identity

NOW = Moment(datetime(2026, 1, 5, 9, 30, tzinfo=UTC), 1000.0)
ASKED = pb.FetchRates(symbol="EURUSD", timeframe="M5", count=2_500)


def answer(count: int) -> jobs.RatesAnswer:
    prices = (1.1,) * count
    return jobs.RatesAnswer(
        tuple(range(count)), prices, prices, prices, prices, tuple(range(count))
    )


def said(effects: Effects) -> list[pb.RatesReport]:
    return [effect.frame.rates for effect in effects if isinstance(effect, Say)]


def asking(effects: Effects) -> Ask:
    (ask,) = effects
    assert isinstance(ask, Ask)
    return ask


@pytest.fixture
def situation() -> Situation:
    identity = Identity(
        login=1,
        server="Sim",
        currency="USD",
        margin_mode=MarginMode.HEDGING,
        account_id="",
        pinned_keys={},
    )
    return Situation(identity)


def test_bars_are_told_in_frames_that_fit_and_the_last_says_so(situation: Situation) -> None:
    situation.broker_offset = timedelta(hours=2)
    ask = asking(Rates(situation).fetch(ASKED))
    reports = said(ask.then(answer(2_500), NOW))

    assert ask.job == jobs.Rates("EURUSD", "M5", 2_500)
    assert [len(report.times) for report in reports] == [1_000, 1_000, 500]
    assert [report.last for report in reports] == [False, False, True]
    assert [time for report in reports for time in report.times] == [*range(2_500)]
    assert {report.broker_utc_offset.ToTimedelta() for report in reports} == {timedelta(hours=2)}
    assert all(frame.ByteSize() < 64 * 1024 for frame in reports)


def test_one_question_is_asked_of_the_terminal_at_a_time(situation: Situation) -> None:
    rates = Rates(situation)
    first = asking(rates.fetch(ASKED))
    assert rates.fetch(ASKED) == []
    first.then(jobs.Lost("killed"), NOW)
    assert asking(rates.fetch(ASKED))


@pytest.mark.parametrize(
    ("outcome", "failure"),
    [
        (jobs.CallFailed("copy_rates_from_pos", -4, "not found"), "SYMBOL_UNKNOWN"),
        (jobs.CallFailed("copy_rates_from_pos", -1, "failed"), "TERMINAL_FAILED"),
        (jobs.Lost("killed"), "TERMINAL_NOT_REACHED"),
        (answer(0), "NO_BARS"),
    ],
)
def test_a_question_without_bars_is_answered_with_why(
    situation: Situation, outcome: jobs.Answer | jobs.Failure, failure: str
) -> None:
    (report,) = said(asking(Rates(situation).fetch(ASKED)).then(outcome, NOW))
    assert (report.failure, report.last, [*report.times]) == (failure, True, [])


@pytest.mark.parametrize(
    "asked",
    [
        pb.FetchRates(symbol="EURUSD", timeframe="M7", count=5),
        pb.FetchRates(symbol="EURUSD", timeframe="M5", count=5_001),
        pb.FetchRates(symbol="EURUSD", timeframe="M5", count=0),
    ],
)
def test_a_question_out_of_bounds_never_reaches_the_terminal(
    situation: Situation, asked: pb.FetchRates
) -> None:
    (report,) = said(Rates(situation).fetch(asked))
    assert report.failure == "QUESTION_UNKNOWN"
