"""One trading account: its terms, and the books the server keeps for it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from mt5_simulator.broker.codes import DealType, MarginMode, Side
from mt5_simulator.broker.records import Deal, Order, Position
from mt5_simulator.exact import make_exact

ZERO = Decimal(0)

DIGITS_MAX = 8
_UNITS = tuple(Decimal(1).scaleb(-digits) for digits in range(DIGITS_MAX + 1))


@dataclass(frozen=True, slots=True)
class Terms:
    """What an account was opened with. Money in `currency`."""

    login: int
    server: str = "Sim-Demo"
    name: str = "Simulated Trader"
    company: str = "Simulated Markets Ltd"
    password: str = "simulated"  # noqa: S105  # a make-believe account's
    investor_password: str = "simulated-investor"  # noqa: S105  # a make-believe account's
    currency: str = "USD"
    currency_digits: int = 2
    leverage: int = 100
    margin_mode: MarginMode = MarginMode.HEDGING
    trade_mode: int = 0  # demo
    limit_orders: int = 200
    limit_positions: int = 0  # zero means no limit
    margin_call_percent: Decimal = Decimal(50)
    stop_out_percent: Decimal = Decimal(30)
    fifo_close: bool = False
    trade_allowed: bool = True
    trade_expert: bool = True
    commission_per_lot: Decimal = ZERO  # charged per side, as a positive number

    def __post_init__(self) -> None:
        make_exact(self, ("margin_call_percent", "stop_out_percent", "commission_per_lot"))
        if self.margin_mode not in frozenset(MarginMode):
            modes = ", ".join(f"{mode} ({mode.name})" for mode in MarginMode)
            raise ValueError(f"margin_mode must be one of {modes}, not {self.margin_mode!r}")
        object.__setattr__(self, "margin_mode", MarginMode(self.margin_mode))
        if self.login <= 0:
            raise ValueError(f"login must be positive, not {self.login}")
        if self.leverage <= 0:
            raise ValueError(f"leverage must be positive, not {self.leverage}")
        if not 0 <= self.currency_digits <= DIGITS_MAX:
            raise ValueError(
                f"currency_digits must be between 0 and {DIGITS_MAX}, not {self.currency_digits}"
            )
        if self.fifo_close and self.margin_mode is not MarginMode.HEDGING:
            raise ValueError("fifo_close is for hedging accounts only")

    def rounded(self, amount: Decimal) -> Decimal:
        """Return `amount` to the smallest unit of the account's currency."""
        # Nothing is nothing: not minus zero, which a loss of nothing is.
        return amount.quantize(_UNITS[self.currency_digits]) + ZERO


@dataclass(slots=True)
class Account:
    """The books of one account. `balance` is always the sum of the deals that are not credit."""

    terms: Terms
    orders: dict[int, Order] = field(default_factory=dict[int, Order])  # working, by ticket
    history: dict[int, Order] = field(default_factory=dict[int, Order])  # final, by ticket
    deals: dict[int, Deal] = field(default_factory=dict[int, Deal])  # by ticket
    positions: dict[int, Position] = field(default_factory=dict[int, Position])  # by ticket
    balance: Decimal = ZERO
    credit: Decimal = ZERO
    version: int = 0  # grows with every change

    @property
    def is_hedging(self) -> bool:
        return self.terms.margin_mode is MarginMode.HEDGING

    def refuse_terms(self, terms: Terms) -> None:
        """Raise ValueError for terms that contradict what is on the books."""
        before = self.terms
        if self.deals and (terms.currency, terms.currency_digits) != (
            before.currency,
            before.currency_digits,
        ):
            raise ValueError(
                f"account {before.login} has deals in {before.currency} and keeps that currency: "
                "open another account"
            )
        if terms.margin_mode is MarginMode.HEDGING:
            return
        held = Counter(position.symbol for position in self.positions.values())
        for symbol, count in held.items():
            if count > 1:
                raise ValueError(
                    f"margin_mode cannot become {terms.margin_mode.name}: account {before.login} "
                    f"holds {count} positions of {symbol}; close all but one"
                )

    def record(self, deal: Deal) -> None:
        """Enter a deal, and its money."""
        self.version += 1
        self.deals[deal.ticket] = deal
        if deal.type is DealType.CREDIT:
            self.credit += deal.amount
        else:
            self.balance += deal.amount

    def hold(self, position: Position) -> None:
        """Open a position, or put it in place of the one with its ticket."""
        self.version += 1
        self.positions[position.ticket] = position

    def drop(self, position: Position) -> None:
        """Take a position off the books. The deals that closed it stay."""
        self.version += 1
        del self.positions[position.ticket]

    def work(self, order: Order) -> None:
        """Keep an order among the working ones."""
        self.version += 1
        self.orders[order.ticket] = order

    def finish(self, order: Order) -> None:
        """Move an order to the history, in its final state."""
        self.version += 1
        self.orders.pop(order.ticket, None)
        self.history[order.ticket] = order

    def rename(self, old: str, new: str) -> None:
        """Call a symbol by its new name in what is open. What is over keeps the name it had."""
        self.version += 1
        for position in [*self.positions_of(old)]:
            self.positions[position.ticket] = replace(position, symbol=new)
        for order in [*self.orders.values()]:
            if order.symbol == old:
                self.orders[order.ticket] = replace(order, symbol=new)

    def positions_of(self, symbol: str) -> Iterator[Position]:
        """Return the open positions of a symbol, oldest first."""
        return (position for position in self.positions.values() if position.symbol == symbol)

    def net_position(self, symbol: str) -> Position | None:
        """Return the one position a netting account can have in a symbol."""
        return next(self.positions_of(symbol), None)

    def may_open(self, symbol: str, *, waiting: int = 0) -> bool:
        """Whether the limit of open positions lets a symbol have one more, after `waiting` others.

        On netting accounts a symbol with a position has had its own already. Source: the
        description of return code 10040 in the MQL5 reference.
        """
        limit = self.terms.limit_positions
        if not limit:
            return True
        if self.is_hedging:
            return len(self.positions) + waiting < limit
        return self.net_position(symbol) is not None or len(self.positions) < limit

    def volume_of(self, symbol: str, side: Side) -> Decimal:
        """Return all lots in one direction, open and waiting."""
        held = sum(
            (position.volume for position in self.positions_of(symbol) if position.side is side),
            ZERO,
        )
        waiting = sum(
            (
                order.volume_current
                for order in self.orders.values()
                if order.symbol == symbol and order.side is side
            ),
            ZERO,
        )
        return held + waiting
