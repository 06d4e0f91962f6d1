"""The broker: takes requests, keeps the books, and is never wrong about them."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mt5_simulator.broker import handling, rollover, triggers
from mt5_simulator.broker.account import Account, Terms
from mt5_simulator.broker.catalogue import CATALOGUE
from mt5_simulator.broker.codes import (
    DealType,
    Entry,
    OrderState,
    Reason,
    Retcode,
)
from mt5_simulator.broker.execution import Desk, Tickets
from mt5_simulator.broker.market import Market
from mt5_simulator.broker.prices import Feed, Quote, Script
from mt5_simulator.broker.records import COMMENT_MAX, Answer, Deal, Position, Request
from mt5_simulator.broker.symbols import Symbol
from mt5_simulator.exact import Number, exact


class Step(StrEnum):
    """What is still to be done about a request that was put off."""

    SEND = "send"  # the whole request
    FILL = "fill"  # the order it became
    CANCEL = "cancel"  # the order it became


@dataclass(frozen=True, slots=True)
class PutOff:
    """A step the broker takes at a later moment."""

    due: datetime
    step: Step
    login: int
    request: Request
    ticket: int = 0  # of the order, for FILL and CANCEL


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it reached the broker, and what came of it; None while it is put off."""

    at: datetime
    login: int
    request: Request
    answer: Answer | None


class Broker:
    """Accounts, prices and the books, moved along by `advance`."""

    def __init__(
        self,
        accounts: Iterable[Terms],
        *,
        now: datetime,
        symbols: Sequence[Symbol] = CATALOGUE,
        feed: Feed | None = None,
        server_offset: timedelta = timedelta(hours=2),
    ) -> None:
        accounts = [*accounts]
        _refuse_twice("accounts", [str(terms.login) for terms in accounts])
        _refuse_twice("symbols", [symbol.name for symbol in symbols])
        self.market = Market(symbols=symbols, feed=feed or Script(), offset=server_offset, now=now)
        self.accounts = {terms.login: Account(terms) for terms in accounts}
        self.tickets = Tickets()
        self.put_off: list[PutOff] = []
        self.received: list[Received] = []
        self._desk = Desk(self.market, self.tickets)
        self.now = now
        self.watchers: list[Callable[[datetime], None]] = []  # told of every change, and when
        self.rename_watchers: list[Callable[[str, str], None]] = []  # told the old and new name

    def advance(self, now: datetime) -> None:
        """Let everything happen that is due up to `now`: prices and put-off steps, in order."""
        for quote in self.market.fresh_quotes(now):
            self._reach(quote.time)
            self._apply(quote)
        self._reach(now)
        for quote in self.market.opening_quotes(self.now):
            self._apply(quote)
        for account in self.accounts.values():
            triggers.expire(self._desk, account, self.now)
        self._settle(self.now)

    def set_price(self, symbol: str, bid: Number, ask: Number) -> None:
        """Set a price by hand, with all its consequences.

        While the market is closed it is shown, and what it sets off waits for the opening. Raises
        KeyError for an unknown symbol, and ValueError for what is no price.
        """
        known = self.market.symbols[symbol]
        sold, bought = known.rounded(exact(bid, "bid")), known.rounded(exact(ask, "ask"))
        quote = Quote(known.name, self.now, sold, bought)
        self.market.set_quote(quote)
        if self.market.is_open(quote.symbol, quote.time):
            self._apply(quote)
        else:
            # Nothing trades at it, but it turns money: another position may have to go.
            self._settle(quote.time)

    def send(self, login: int, request: Request) -> Answer:
        """Handle a request at once."""
        answer = handling.handle(self._desk, self.accounts[login], request, self.now)
        self.received.append(Received(self.now, login, request, answer))
        self._settle(self.now)
        return answer

    def note_declined(self, login: int, request: Request, answer: Answer) -> None:
        """Keep a request that was turned down for reasons of the broker's own."""
        self.received.append(Received(self.now, login, request, answer))

    def send_later(self, login: int, request: Request, due: datetime) -> None:
        """Handle a request at `due`, whoever has stopped waiting by then."""
        self.received.append(Received(self.now, login, request, None))
        self.put_off.append(PutOff(due, Step.SEND, login, request))

    def accept(self, login: int, request: Request, due: datetime, step: Step) -> Answer:
        """Take a market order on without executing it; fill or cancel it at `due`."""
        answer = handling.accept(self._desk, self.accounts[login], request, self.now)
        if answer.retcode is Retcode.PLACED:
            self.put_off.append(PutOff(due, step, login, request, answer.order))
        self.received.append(Received(self.now, login, request, answer))
        self._settle(self.now)
        return answer

    def check(self, login: int, request: Request) -> Retcode:
        """Return what `send` would say, without doing anything. ACCEPTABLE when it would do it."""
        case = handling.case_of(self.accounts[login], self.market, request, self.now)
        if isinstance(case, Retcode):
            return case
        return handling.objection(self._desk, case) or Retcode.ACCEPTABLE

    def transfer(
        self,
        login: int,
        amount: Number,
        *,
        kind: DealType = DealType.BALANCE,
        comment: str = "",
    ) -> Deal:
        """Book money without a trade: a deposit, credit, charge, correction, dividend or tax."""
        if kind in {DealType.BUY, DealType.SELL}:
            raise ValueError(f"kind must be a balance operation, not {kind.name}")
        money = exact(amount, "amount")
        account = self.accounts[login]
        deal = Deal(
            ticket=self.tickets.next_deal(),
            order=0,
            time=self.now,
            type=kind,
            entry=Entry.IN,
            reason=Reason.CLIENT,
            profit=account.terms.rounded(money),
            comment=comment[:COMMENT_MAX],
        )
        account.record(deal)
        self._settle(self.now)
        return deal

    def change_symbol(self, name: str, symbol: Symbol) -> None:
        """Change a symbol's terms or its name overnight; what is open goes by the new name.

        Raises KeyError for an unknown symbol, and ValueError for a name that is taken.
        """
        self.market.replace_symbol(name, symbol)
        if symbol.name != name:
            for account in self.accounts.values():
                account.rename(name, symbol.name)
            for watcher in self.rename_watchers:
                watcher(name, symbol.name)
        self._settle(self.now)

    def change_terms(self, terms: Terms) -> None:
        """Change an account's terms overnight.

        Raises KeyError for an unknown account, and ValueError for terms it cannot have with what is
        on its books.
        """
        account = self.accounts[terms.login]
        account.refuse_terms(terms)
        account.terms = terms
        self._settle(self.now)

    def close_position(self, login: int, ticket: int, reason: Reason) -> Deal:
        """Close a position as if by another hand: a phone, the web, a stop-out.

        Raises KeyError when there is no such position.
        """
        account = self.accounts[login]
        deal = self._desk.close(account, account.positions[ticket], reason, "", self.now)
        self._settle(self.now)
        return deal

    def reopen_position(self, login: int, ticket: int) -> Position:
        """Give a position a new ticket, as a swap by re-opening does. Its identifier stays."""
        account = self.accounts[login]
        position = account.positions[ticket]
        moved = replace(position, ticket=self.tickets.next_order(), updated_at=self.now)
        account.drop(position)
        account.hold(moved)
        self._settle(self.now)
        return moved

    def _apply(self, quote: Quote) -> None:
        waiting = {step.ticket for step in self.put_off}
        for account in self.accounts.values():
            triggers.expire(self._desk, account, quote.time)
            triggers.apply_quote(self._desk, account, quote, waiting.__contains__)
        self._tell(quote.time)

    def _settle(self, moment: datetime) -> None:
        """Close what an account can no longer carry, and say that something has changed."""
        for account in self.accounts.values():
            triggers.stop_out(self._desk, account, moment)
        self._tell(moment)

    def _tell(self, moment: datetime) -> None:
        for watcher in self.watchers:
            watcher(moment)

    def _reach(self, moment: datetime) -> None:
        """Bring the books from the last moment to this one, nights in between included."""
        for midnight in rollover.midnights(self.now, moment, self.market.offset):
            self._take_steps(midnight)
            for account in self.accounts.values():
                rollover.roll(self._desk, account, midnight)
            self._settle(midnight)
        self._take_steps(moment)
        self.now = max(self.now, moment)

    def _take_steps(self, now: datetime) -> None:
        due = sorted((step for step in self.put_off if step.due <= now), key=lambda step: step.due)
        for step in due:
            self.put_off.remove(step)
            self.now = max(self.now, step.due)
            self._take(step)
            self._settle(self.now)

    def _take(self, step: PutOff) -> None:
        if step.step is Step.SEND:
            handling.handle(self._desk, self.accounts[step.login], step.request, self.now)
            return
        account = self.accounts[step.login]
        order = account.orders.get(step.ticket)
        if order is None:
            return  # removed by its owner meanwhile
        if step.step is Step.CANCEL:
            self._desk.conclude(account, order, OrderState.CANCELED, self.now)
        elif self._desk.carries(account, order):
            self._desk.fill(account, order, self.now)
        else:
            self._desk.conclude(account, order, OrderState.REJECTED, self.now)


def _refuse_twice(what: str, names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ValueError(f"{what} must differ, and {name} is there {count} times")
