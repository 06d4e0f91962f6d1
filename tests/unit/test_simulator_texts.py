"""A broker's books in words: always the same words, and each record's only once."""

import json
from datetime import timedelta
from decimal import Decimal

from mt5_simulator.broker.broker import Broker, Step
from mt5_simulator.broker.codes import Action, OrderType
from mt5_simulator.broker.records import Request
from mt5_simulator.plain import to_plain
from mt5_simulator.served.books import books_of, truth
from mt5_simulator.served.texts import Texts
from mt5_simulator.simulation import simulate
from tests.fixtures.work import work_of

LOGIN = 1_000_001
BUY = Request(symbol="EURUSD", volume=Decimal("0.1"), comment='\u20ac "quoted"')
WAIT = Request(
    action=Action.PENDING,
    symbol="EURUSD",
    type=OrderType.BUY_LIMIT,
    volume=Decimal("0.1"),
    price=Decimal("1.08"),
    type_filling=2,
)


def traded(broker: Broker, times: int) -> None:
    for _ in range(times):
        ticket = broker.send(LOGIN, BUY).order
        broker.send(LOGIN, Request(symbol="EURUSD", volume=BUY.volume, type=1, position=ticket))


def test_the_words_for_the_books_are_those_of_their_truth() -> None:
    broker, texts = simulate().broker, Texts()
    waiting = broker.send(LOGIN, WAIT).order

    def moved() -> None:
        move = Request(action=Action.MODIFY, order=waiting, price=Decimal("1.07"))
        broker.send(LOGIN, move)

    def put_off() -> None:
        broker.accept(LOGIN, BUY, broker.now + timedelta(seconds=5), Step.FILL)
        broker.send_later(LOGIN, BUY, broker.now + timedelta(seconds=9))

    changes = [
        lambda: traded(broker, 3),
        moved,
        put_off,
        lambda: broker.set_price("EURUSD", "1.0600", "1.0601"),
        lambda: broker.advance(broker.now + timedelta(days=1)),
    ]
    for change in changes:
        change()
        assert json.loads(texts.of(books_of(broker))) == truth(broker)


def test_other_values_are_told_as_plain_data_is() -> None:
    value = {1: [Decimal("0.10"), None, True, "\u20ac"], "none": [], "nested": {"a": 1.5}}

    assert json.loads(Texts().of(value)) == to_plain(value)


def test_a_record_that_lasts_is_put_into_words_once() -> None:
    broker, texts = simulate().broker, Texts()
    traded(broker, 200)
    first = work_of(lambda: texts.of(books_of(broker)))
    traded(broker, 1)

    assert work_of(lambda: texts.of(books_of(broker))) < first / 10
