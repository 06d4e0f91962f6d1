"""Puts a broker, a terminal and a clock together; the shortest way to a running simulator."""

import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.broker import Broker
from mt5_simulator.broker.catalogue import CATALOGUE
from mt5_simulator.broker.prices import Feed
from mt5_simulator.broker.symbols import Symbol, never_closing
from mt5_simulator.broker.valuation import refuse_unconvertible
from mt5_simulator.clock import Clock, VirtualClock
from mt5_simulator.exact import Number, exact
from mt5_simulator.face.exporting import session
from mt5_simulator.terminal.link import TerminalLink
from mt5_simulator.terminal.terminal import Terminal

DEPOSIT = Decimal(10_000)


def simulate(  # noqa: PLR0913  # the parts of a simulation, each with a default
    accounts: Iterable[Terms] = (Terms(login=1_000_001),),
    *,
    deposit: Number = DEPOSIT,
    clock: Clock | None = None,
    feed: Feed | None = None,
    symbols: Sequence[Symbol] = CATALOGUE,
    server_offset: timedelta = timedelta(hours=2),
    always_open: bool = False,
) -> Terminal:
    """Return a terminal logged in to the first account, each funded with `deposit`.

    Without a clock time stands still until told otherwise, and without a feed so do prices. Markets
    keep their hours unless they are `always_open`. Raises ValueError for symbols whose money
    nothing turns into an account's currency.
    """
    accounts, money = [*accounts], exact(deposit, "deposit")
    if not accounts:
        raise ValueError("accounts must name one account at least, such as [Terms(login=1)]")
    if money < 0:
        raise ValueError(f"deposit must not be negative, not {deposit}")
    clock = clock or VirtualClock()
    broker = Broker(
        accounts,
        now=clock.now(),
        symbols=never_closing(symbols) if always_open else symbols,
        feed=feed,
        server_offset=server_offset,
    )
    for login, account in broker.accounts.items():
        refuse_unconvertible(account, broker.market)
        broker.transfer(login, money, comment="deposit")
    return Terminal(broker, clock, login=next(iter(broker.accounts)))


def attach(terminal: Terminal) -> None:
    """Let `initialize` in this process connect to `terminal`, whatever path it is given."""
    session.attach(lambda: TerminalLink(terminal))


def stand_in() -> None:
    """Answer to `import MetaTrader5` in this process, where the real package cannot be installed.

    Call it before the program under test is imported, in a conftest.py for example. Raises
    RuntimeError when the real package has been imported already.
    """
    module = sys.modules["mt5_simulator"]
    if sys.modules.setdefault("MetaTrader5", module) is not module:
        raise RuntimeError("MetaTrader5 is imported already; call stand_in() before that")


def detach() -> None:
    """Take `attach` back: from now on this process has no terminal of its own."""
    session.attach(None)
