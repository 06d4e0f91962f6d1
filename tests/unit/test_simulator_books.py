"""Whatever happens, the books add up."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.catalogue import EURUSD, USDJPY, XAUUSD
from mt5_simulator.broker.codes import (
    LIMIT_TYPES,
    PENDING_TYPES,
    STOP_LIMIT_TYPES,
    Action,
    DealType,
    Entry,
    Filling,
    MarginMode,
    OrderState,
    OrderType,
    Reason,
    Side,
    TimePolicy,
)
from mt5_simulator.broker.records import Position, Request
from mt5_simulator.broker.symbols import ALWAYS
from mt5_simulator.broker.valuation import valued
from mt5_simulator.clock import VirtualClock
from mt5_simulator.simulation import simulate

LOGIN = 1
FINAL = {OrderState.CANCELED, OrderState.FILLED, OrderState.REJECTED, OrderState.EXPIRED}
TRADED = [replace(symbol, sessions=ALWAYS) for symbol in (EURUSD, USDJPY, XAUUSD)]
SYMBOLS = [symbol.name for symbol in TRADED]
volumes = st.integers(1, 30).map(lambda steps: Decimal(steps) / 100)
symbols = st.sampled_from(SYMBOLS)
sides = st.sampled_from([OrderType.BUY, OrderType.SELL])


class Books(RuleBasedStateMachine):
    """A broker to which anything is done in any order."""

    mode = MarginMode.HEDGING

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        terms = Terms(login=LOGIN, margin_mode=self.mode, commission_per_lot=Decimal("3.5"))
        self.terminal = simulate([terms], deposit=Decimal(2000), clock=self.clock, symbols=TRADED)
        self.broker = self.terminal.broker
        self.account = self.terminal.account

    @rule(symbol=symbols, side=sides, volume=volumes, stop=st.integers(0, 60))
    def trade(self, *, symbol: str, side: OrderType, volume: Decimal, stop: int) -> None:
        terms, quote = self.broker.market.symbols[symbol], self.broker.market.quotes[symbol]
        away = stop * terms.point * (1 if side is OrderType.BUY else -1)
        sl = (quote.bid if side is OrderType.BUY else quote.ask) - away if stop else Decimal(0)
        self.send(symbol=symbol, type=side, volume=volume, sl=sl)

    @rule(
        symbol=symbols,
        kind=st.sampled_from(sorted(PENDING_TYPES)),
        volume=volumes,
        points=st.integers(1, 80),
        policy=st.sampled_from(TimePolicy),
    )
    def wait(
        self, *, symbol: str, kind: OrderType, volume: Decimal, points: int, policy: TimePolicy
    ) -> None:
        quote, point = self.broker.market.quotes[symbol], self.broker.market.symbols[symbol].point
        away = points * point * kind.side.sign * (-1 if kind in LIMIT_TYPES else 1)
        price = (quote.ask if kind.side is Side.BUY else quote.bid) + away
        limit = price - points * point * kind.side.sign if kind in STOP_LIMIT_TYPES else Decimal(0)
        tomorrow = self.broker.market.server_time(self.broker.now) + timedelta(days=1)
        self.send(
            action=Action.PENDING,
            symbol=symbol,
            type=kind,
            volume=volume,
            price=price,
            stoplimit=limit,
            type_time=policy,
            expiration=int(tomorrow.timestamp()),
        )

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data(), points=st.integers(-20, 20))
    def move(self, *, data: st.DataObject, points: int) -> None:
        order = data.draw(st.sampled_from(list(self.account.orders.values())))
        shift = points * self.broker.market.symbols[order.symbol].point
        limit = order.stop_limit_price + shift if order.stop_limit_price else Decimal(0)
        self.send(
            action=Action.MODIFY, order=order.ticket, price=order.price + shift, stoplimit=limit
        )

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data())
    def withdraw(self, *, data: st.DataObject) -> None:
        self.send(action=Action.REMOVE, order=data.draw(st.sampled_from(list(self.account.orders))))

    @rule(symbol=symbols, lots=st.lists(st.integers(1, 9), max_size=3))
    def hold_less(self, *, symbol: str, lots: list[int]) -> None:
        """Let the market hold so many lots at prices ever worse; none means as many as you like."""
        levels = [(Decimal(lot) / 100, place) for place, lot in enumerate(lots)]
        self.broker.market.set_liquidity(symbol, levels or None)

    @precondition(lambda self: self.account.positions)
    @rule(data=st.data(), part=st.integers(1, 4))
    def close(self, *, data: st.DataObject, part: int) -> None:
        position = data.draw(st.sampled_from(list(self.account.positions.values())))
        volume = max(Decimal("0.01"), (position.volume / part).quantize(Decimal("0.01")))
        self.send(
            symbol=position.symbol,
            type=OrderType(position.side.opposite.value),
            volume=min(volume, position.volume),
            position=position.ticket,
        )

    @precondition(lambda self: self.opposites())
    @rule(data=st.data())
    def close_by(self, *, data: st.DataObject) -> None:
        position, other = data.draw(st.sampled_from(self.opposites()))
        self.send(action=Action.CLOSE_BY, position=position.ticket, position_by=other.ticket)

    @rule(symbol=symbols, points=st.integers(-150, 150))
    def drift(self, *, symbol: str, points: int) -> None:
        self.move_price(symbol=symbol, points=points)

    def move_price(self, *, symbol: str, points: int) -> None:
        terms, quote = self.broker.market.symbols[symbol], self.broker.market.quotes[symbol]
        bid = quote.bid + points * terms.point
        self.broker.set_price(symbol, bid, bid + terms.spread_points * terms.point)

    @rule(symbol=symbols)
    def crash(self, *, symbol: str) -> None:
        """Let the price fall by a twentieth, as on the worst of days."""
        self.move_by(symbol, -self.broker.market.quotes[symbol].bid / 20)

    def move_by(self, symbol: str, distance: Decimal) -> None:
        point = self.broker.market.symbols[symbol].point
        self.move_price(symbol=symbol, points=int(distance / point))

    @rule(hours=st.integers(1, 30))
    def sleep(self, *, hours: int) -> None:
        self.broker.advance(self.clock.advance(timedelta(hours=hours)))

    @rule(amount=st.integers(-300, 300), kind=st.sampled_from([DealType.BALANCE, DealType.CREDIT]))
    def transfer(self, *, amount: int, kind: DealType) -> None:
        self.broker.transfer(LOGIN, Decimal(amount), kind=kind)

    @precondition(lambda self: self.account.positions)
    @rule(percent=st.integers(0, 100))
    def take_money_away(self, *, percent: int) -> None:
        """Leave so many percent of the margin: less than the account needs, or hardly enough."""
        worth = valued(self.account, self.broker.market)
        left = (worth.margin * percent / 100).quantize(Decimal("0.01"))
        self.broker.transfer(LOGIN, min(left - worth.equity, Decimal(0)))

    @precondition(lambda self: self.account.positions)
    @rule(data=st.data())
    def close_by_phone(self, *, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(list(self.account.positions)))
        self.broker.close_position(LOGIN, ticket, Reason.MOBILE)

    def opposites(self) -> list[tuple[Position, Position]]:
        held = self.account.positions.values()
        return [
            (long, short)
            for long, short in product(held, held)
            if long.symbol == short.symbol and (long.side, short.side) == (Side.BUY, Side.SELL)
        ]

    def send(self, **fields: object) -> None:
        filling = Filling.RETURN if fields.get("action") == Action.PENDING else Filling.IOC
        if fields.get("symbol") == "EURUSD" and filling is Filling.IOC:
            filling = Filling.FOK
        self.broker.send(LOGIN, Request(**{"type_filling": filling, **fields}))  # pyright: ignore[reportArgumentType]  # by name

    @invariant()
    def balance_is_the_sum_of_all_deals(self) -> None:
        deals = self.account.deals.values()
        total = sum(deal.amount for deal in deals if deal.type is not DealType.CREDIT)
        assert self.account.balance == total
        granted = sum(deal.amount for deal in deals if deal.type is DealType.CREDIT)
        assert self.account.credit == granted

    @invariant()
    def open_volume_is_what_deals_opened_and_did_not_close(self) -> None:
        for symbol in SYMBOLS:
            net = sum(
                deal.volume * (1 if deal.type is DealType.BUY else -1)
                for deal in self.account.deals.values()
                if deal.symbol == symbol
            )
            held = sum(
                position.volume * position.side.sign
                for position in self.account.positions_of(symbol)
            )
            assert net == held

    @invariant()
    def a_position_is_what_its_own_deals_made_it(self) -> None:
        traded: dict[int, Decimal] = {}
        for deal in self.account.deals.values():
            if deal.symbol:
                signed = deal.volume * (1 if deal.type is DealType.BUY else -1)
                traded[deal.position_id] = traded.get(deal.position_id, Decimal(0)) + signed
        held = {
            position.identifier: position.volume * position.side.sign
            for position in self.account.positions.values()
        }
        assert held == {position: volume for position, volume in traded.items() if volume}

    @invariant()
    def a_position_keeps_the_ticket_of_the_order_that_opened_it(self) -> None:
        orders = {**self.account.history, **self.account.orders}
        for ticket, position in self.account.positions.items():
            assert ticket == position.ticket
            assert position.identifier in orders
            assert position.volume > 0

    @invariant()
    def money_is_whole_cents_and_margin_is_never_negative(self) -> None:
        worth = valued(self.account, self.broker.market)
        assert worth.margin >= 0
        # Of a price next to nothing, the margin may round to nothing.
        assert self.account.positions or not worth.margin
        assert worth.equity == self.account.balance + self.account.credit + worth.profit
        for amount in (worth.balance, worth.credit, worth.profit, worth.margin):
            assert amount == amount.quantize(Decimal("0.01"))

    @invariant()
    def what_the_account_cannot_carry_is_closed(self) -> None:
        worth = valued(self.account, self.broker.market)
        assert not worth.margin or worth.margin_level >= self.account.terms.stop_out_percent

    @invariant()
    def every_trade_belongs_to_an_order_and_a_position(self) -> None:
        orders = {**self.account.history, **self.account.orders}
        for deal in self.account.deals.values():
            if deal.symbol:
                assert deal.order in orders
                assert deal.position_id
            assert (deal.entry is Entry.IN) or deal.symbol

    @invariant()
    def an_order_is_filled_by_what_its_deals_say(self) -> None:
        filled: dict[int, Decimal] = {}
        for deal in self.account.deals.values():
            # One order closes two positions against each other, and counts once.
            if deal.symbol and deal.entry is not Entry.OUT_BY:
                filled[deal.order] = filled.get(deal.order, Decimal(0)) + deal.volume
        orders = {**self.account.history, **self.account.orders}
        for ticket, volume in filled.items():
            assert orders[ticket].volume_initial - orders[ticket].volume_current == volume

    @invariant()
    def an_order_is_either_working_or_final(self) -> None:
        assert not set(self.account.orders) & set(self.account.history)
        assert all(order.state in FINAL for order in self.account.history.values())
        assert all(order.state not in FINAL for order in self.account.orders.values())

    @invariant()
    def a_netting_account_has_one_position_per_symbol(self) -> None:
        if self.mode is not MarginMode.HEDGING:
            held = [position.symbol for position in self.account.positions.values()]
            assert len(held) == len(set(held))


class NettingBooks(Books):
    """The same, on an account that nets."""

    mode = MarginMode.NETTING


class ExchangeBooks(Books):
    """The same, at an exchange."""

    mode = MarginMode.EXCHANGE


@pytest.mark.parametrize("books", [Books, NettingBooks, ExchangeBooks])
def test_the_books_add_up_whatever_happens(books: type[Books]) -> None:
    case = books.TestCase
    case.settings = settings(
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    case("runTest").debug()
