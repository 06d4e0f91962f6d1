"""What becomes of a doubt: by the attempt's own order, once, however many looks are under way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from countersign.v1 import execution_pb2
from countersign_bridge.clock import Moment
from countersign_bridge.effects import Ask, Effects, Say, Tell, Write
from countersign_bridge.guarding.closing import Target
from countersign_bridge.guarding.recording import Closing
from countersign_bridge.guarding.unsettled import Unsettled
from countersign_bridge.intents import MarginMode, Side
from countersign_bridge.journal.recovery import Past
from countersign_bridge.reporting.ledger import Ledger
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.views import (
    AccountView,
    DealView,
    OrderView,
    PositionView,
    TerminalView,
    Traces,
)
from countersign_bridge.trading.doubts import Doubts
from countersign_bridge.trading.requests import RequestFields
from countersign_bridge.trading.resolution import conclude
from countersign_bridge.trading.retcodes import Outcome
from countersign_bridge.trading.verification import Identity

NOW = Moment(datetime(2026, 3, 4, 12, tzinfo=UTC), 1000.0)
TERMINAL = TerminalView(
    connected=True, trade_allowed=True, api_disabled=False, build=5430, ping_last_us=0
)
ACCOUNT = AccountView(
    login=1,
    server="Sim-Demo",
    currency="USD",
    margin_mode=2,
    trade_allowed=True,
    trade_expert=True,
    balance=Decimal(0),
    equity=Decimal(0),
    credit=Decimal(0),
    margin=Decimal(0),
    margin_free=Decimal(0),
    currency_digits=2,
)
OPENED = OrderView(
    ticket=50,
    magic=7,
    symbol="EURUSD",
    type=0,
    state=4,
    volume_initial=Decimal("0.2"),
    volume_current=Decimal("0.1"),
    price_open=Decimal(1),
    stop_loss=Decimal(0),
    take_profit=Decimal(0),
    position_id=50,
    type_time=0,
    expiration_s=0,
    broker_time_ms=0,
)
HELD = PositionView(
    ticket=50,
    identifier=50,
    magic=7,
    symbol="EURUSD",
    type=0,
    volume=Decimal("0.2"),
    price_open=Decimal(1),
    price_current=Decimal(1),
    stop_loss=Decimal(0),
    take_profit=Decimal(0),
    profit=Decimal(0),
    swap=Decimal(0),
    broker_time_ms=0,
    comment="",
)
STOPPED = replace(OPENED, ticket=51, type=1, volume_initial=Decimal("0.1"))


def a_deal(ticket: int, *, order: int, kind: int) -> DealView:
    return DealView(
        ticket=ticket,
        order=order,
        position_id=50,
        magic=7,
        type=kind,
        entry=kind,
        reason=0,
        symbol="EURUSD",
        volume=Decimal("0.1"),
        price=Decimal(1),
        profit=Decimal(0),
        commission=Decimal(0),
        swap=Decimal(0),
        fee=Decimal(0),
        broker_time_ms=1_772_625_600_000,
        comment="",
    )


def shown(traces: Traces) -> jobs.LookAnswer:
    return jobs.LookAnswer(ACCOUNT, TERMINAL, traces, None, None, Decimal(0))


def a_situation() -> Situation:
    return Situation(Identity("", 1, "Sim-Demo", "USD", MarginMode.HEDGING, {}))


def asks(effects: Effects) -> list[Ask]:
    return [effect for effect in effects if isinstance(effect, Ask)]


def test_the_order_by_which_a_stop_closed_is_no_part_of_what_the_attempt_did() -> None:
    deals = (a_deal(1, order=50, kind=0), a_deal(2, order=51, kind=1))
    found = conclude(shown(Traces((), (STOPPED, OPENED), deals, ())), None)

    assert found is not None
    assert (found.outcome, found.volume) == (Outcome.PARTIAL, Decimal("0.1"))
    assert (found.order_ticket, found.deal_ticket) == (50, 1)


def test_a_look_that_comes_after_its_doubt_is_settled_changes_nothing() -> None:
    doubts = Doubts(a_situation(), Past(), NOW)
    question = execution_pb2.Resolve(command_id="c", attempt=1, magic=7)
    (first,) = asks(doubts.hear_resolve(question, NOW))
    traces = shown(Traces((), (OPENED,), (a_deal(1, order=50, kind=0),), ()))

    assert first.then(traces, NOW)
    assert not first.then(traces, NOW)


def test_evidence_says_since_when_by_the_clock_that_nobody_sets() -> None:
    situation = a_situation()
    situation.see_terminal(TERMINAL, NOW)
    doubts = Doubts(situation, Past(), NOW)
    question = execution_pb2.Resolve(command_id="c", attempt=1, magic=7)
    (look,) = asks(doubts.hear_resolve(question, NOW))
    set_back = Moment(NOW.utc - timedelta(minutes=5), NOW.monotonic + 10)
    (told,) = look.then(shown(Traces((), (), (), ())), set_back)

    assert isinstance(told, Tell)
    since = told.event.evidence.connected_since_time.ToDatetime(UTC)
    assert since == set_back.utc - timedelta(seconds=10)


def test_a_tag_that_the_server_asks_about_is_known_from_then_on() -> None:
    past = Past()
    Doubts(a_situation(), past, NOW).hear_resolve(
        execution_pb2.Resolve(command_id="c", attempt=1, magic=7), NOW
    )
    assert past.magics == {7}


def test_deals_are_compared_as_soon_as_the_terminal_shows_any() -> None:
    situation = a_situation()
    situation.session_open = True
    situation.broker_offset = timedelta(hours=2)
    ledger = Ledger(situation, Past(), interval=timedelta(seconds=1), now=NOW)
    empty = jobs.ScanAnswer(TERMINAL, (), (), ())
    (first,) = asks(ledger.tick(NOW))
    first.then(empty, NOW)
    later = NOW.later(timedelta(seconds=2))
    (second,) = asks(ledger.tick(later))
    effects = second.then(replace(empty, deals=(a_deal(1, order=50, kind=0),)), later)

    said = [effect.frame.deal_digest for effect in effects if isinstance(effect, Say)]
    assert [digest.count for digest in said] == [1]


def test_days_are_told_again_at_once_when_deals_that_were_asked_for_could_not_be_read() -> None:
    situation = a_situation()
    situation.session_open = True
    situation.broker_offset = timedelta(hours=2)
    ledger = Ledger(situation, Past(), interval=timedelta(seconds=1), now=NOW)
    whole = jobs.ScanAnswer(TERMINAL, (a_deal(1, order=50, kind=0),), (), ())
    (first,) = asks(ledger.tick(NOW))
    first.then(whole, NOW)
    (wanted,) = asks(ledger.fetch("2026-03-04"))
    wanted.then(jobs.CallFailed("account_info", -10001, "IPC send failed"), NOW)
    later = NOW.later(timedelta(seconds=2))
    (second,) = asks(ledger.tick(later))

    said = [effect for effect in second.then(whole, later) if isinstance(effect, Say)]
    assert [effect.frame.deal_digest.count for effect in said] == [1]


def test_a_deal_that_the_broker_cancels_is_told_once_more_and_after_a_restart_no_more() -> None:
    situation = a_situation()
    situation.broker_offset = timedelta(hours=2)
    past = Past()
    told: list[str] = []
    made = a_deal(1, order=50, kind=0)
    canceled = replace(made, type=13)
    for number, shown_deal in enumerate((made, made, canceled, canceled)):
        # Each time as if it had just started, with what its journal has.
        ledger = Ledger(situation, past, interval=timedelta(seconds=1), now=NOW)
        (scan,) = asks(ledger.tick(NOW.later(timedelta(seconds=number))))
        answer = jobs.ScanAnswer(TERMINAL, (shown_deal,), (), ())
        for effect in scan.then(answer, NOW):
            assert isinstance(effect, Write)
            for record in effect.records:
                told.append(execution_pb2.Event.FromString(record.event).natural_key)
                past.take(record)

    assert told == ["deal:1", "deal:1:canceled"]


def test_an_end_is_told_with_what_the_terminal_shows_as_often_as_it_is_asked() -> None:
    past = Past()
    doubts = Doubts(a_situation(), past, NOW)
    doubts.certainly_not_sent = lambda _: True
    doubts.on_conclusion = lambda _: None
    question = execution_pb2.Resolve(command_id="c", attempt=1, magic=7)
    (look,) = asks(doubts.hear_resolve(question, NOW))
    look.then(shown(Traces((), (), (), ())), NOW)

    for _ in range(2):
        told, again = doubts.hear_resolve(question, NOW)
        assert isinstance(told, Tell)
        assert told.event.result.outcome == execution_pb2.ATTEMPT_OUTCOME_NOT_SENT
        assert isinstance(again, Ask)
        (seen,) = again.then(shown(Traces((), (), (), ())), NOW)
        assert isinstance(seen, Tell)
        assert seen.event.HasField("evidence")


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        (0.2, Outcome.EXECUTED),
        (0.5, Outcome.WORKING),
        (None, Outcome.WORKING),
    ],
)
def test_a_position_alone_shows_the_whole_only_if_it_is_as_large_as_what_was_asked(
    asked: float | None, outcome: Outcome
) -> None:
    fields: RequestFields | None = None if asked is None else {"action": 1, "volume": asked}
    found = conclude(shown(Traces((), (), (), (HELD,))), fields)

    assert found is not None
    assert (found.outcome, found.volume) == (outcome, Decimal("0.2"))


def test_a_close_of_the_guard_s_own_that_works_at_the_broker_is_told_once_when_it_is_over() -> None:
    target = Target(50, False, 50, "EURUSD", Side.BUY, Decimal("0.1"))  # noqa: FBT003  # a position
    request = {"action": 1, "position": 50, "volume": 0.1, "magic": 7}
    closing = Closing("a", target, "drawdown", 0, magic=7, grant_id=bytes(16), fields=request)
    unsettled = Unsettled(a_situation(), Past(), NOW)
    unsettled.add(closing, Outcome.IN_DOUBT, NOW.utc, NOW)
    working = replace(OPENED, state=1, volume_initial=Decimal("0.1"))
    (first,) = asks(unsettled.tick(NOW))
    assert not first.then(shown(Traces((working,), (), (), ())), NOW)

    later = NOW.later(timedelta(seconds=5))
    (second,) = asks(unsettled.tick(later))
    done = Traces((), (working,), (a_deal(9, order=50, kind=1),), ())
    written = [one for one in second.then(shown(done), later) if isinstance(one, Write)]
    assert [one.records[0].details["outcome"] for one in written] == ["executed"]
    assert not asks(unsettled.tick(later.later(timedelta(minutes=5))))
