"""`mt5-simulator serve`: a broker and a terminal in this process until it is told to stop."""

import argparse
import signal
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import Any

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.broker import Broker, Received
from mt5_simulator.broker.codes import MarginMode
from mt5_simulator.broker.prices import Bars, Feed, Script, Walk
from mt5_simulator.broker.recorded import read_bars, read_ticks
from mt5_simulator.broker.symbols import ALWAYS
from mt5_simulator.broker.valuation import refuse_unconvertible
from mt5_simulator.clock import Clock, VirtualClock, WallClock
from mt5_simulator.command.described import with_described
from mt5_simulator.command.tables import progress_line
from mt5_simulator.served.address import parsed_address
from mt5_simulator.served.books import BooksUnreadable, load, restore
from mt5_simulator.served.server import Served, Service
from mt5_simulator.terminal.terminal import Terminal


def add_serve(commands: Any) -> None:  # noqa: ANN401  # argparse does not name the type
    """Describe the options of `serve`."""
    parser = commands.add_parser("serve", help="run a broker and its terminal")
    parser.add_argument("--listen", required=True, help="unix:PATH or 127.0.0.1:PORT")
    parser.add_argument("--state", type=Path, help="file that keeps the books across restarts")
    parser.add_argument(
        "--account",
        type=int,
        action="append",
        metavar="LOGIN",
        help="repeat for more accounts; the first is logged in",
    )
    parser.add_argument("--server", default="Sim-Demo")
    parser.add_argument("--password", default=Terms(login=1).password)
    parser.add_argument("--currency", default="USD")
    parser.add_argument("--balance", type=Decimal, default=Decimal(10_000))
    parser.add_argument("--leverage", type=int, default=100)
    parser.add_argument("--commission", type=Decimal, default=Decimal(0), help="per lot and side")
    parser.add_argument(
        "--mode", choices=[mode.name.lower() for mode in MarginMode], default="hedging"
    )
    _add_prices(parser)
    parser.add_argument("--offset-hours", type=float, default=2.0, help="server time minus UTC")
    parser.add_argument("--clock", choices=["wall", "virtual"], default="wall")
    parser.add_argument(
        "--progress", action="store_true", help="one line for each request, on standard error"
    )
    parser.add_argument(
        "--always-open", action="store_true", help="trade every symbol on weekends, too"
    )


def _add_prices(parser: argparse.ArgumentParser) -> None:
    """Describe what is traded, and where its prices come from."""
    parser.add_argument("--seed", type=int, default=1, help="of the random prices")
    parser.add_argument(
        "--prices",
        choices=["walk", "still"],
        default="walk",
        help="random, or moved only by `mt5-simulator price`",
    )
    parser.add_argument(
        "--bars",
        metavar="SYMBOL=CSV",
        help="play one symbol's recorded bars; its clock starts where they do",
    )
    parser.add_argument(
        "--ticks",
        metavar="SYMBOL=CSV",
        help="play one symbol's recorded ticks; its clock starts where they do",
    )
    parser.add_argument(
        "--symbols",
        type=Path,
        metavar="JSON",
        help="trade a list of symbol_info(...)._asdict() besides the built-in symbols",
    )


def serve(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. Prints one line when programs may connect."""
    address = parsed_address(options.listen)
    try:
        terminal = _terminal(options)
    except BooksUnreadable as error:
        raise ValueError(str(error)) from error
    served = Served(terminal, options.state, _print_progress if options.progress else None)
    served.save()
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with Service(served, address) as service:
        logins = ", ".join(map(str, terminal.broker.accounts))
        print(f"serving {logins} on {service.address}", flush=True)  # noqa: T201
        stopped.wait()
    print("stopped", file=sys.stderr)  # noqa: T201  # the command's own voice
    return 0


def _print_progress(received: Received) -> None:
    print(progress_line(received), file=sys.stderr, flush=True)  # noqa: T201  # the command's own voice


def _terminal(options: argparse.Namespace) -> Terminal:
    offset = timedelta(hours=options.offset_hours)
    clock: Clock = WallClock() if options.clock == "wall" else VirtualClock()
    feed: Feed = Walk(options.seed) if options.prices == "walk" else Script()
    if options.bars or options.ticks:
        clock, feed = _played(options, offset)
    symbols = tuple(with_described(options.symbols).values())
    if options.always_open:
        symbols = tuple(replace(symbol, sessions=ALWAYS) for symbol in symbols)
    accounts = [_terms(options, login) for login in options.account or [1_000_001]]
    broker = Broker(
        accounts,
        now=clock.now(),
        symbols=symbols,
        feed=feed,
        server_offset=offset,
    )
    books = load(options.state) if options.state else None
    if books is not None:
        restore(broker, books)
        if isinstance(clock, VirtualClock):
            clock.advance(max(books.now - clock.now(), timedelta(0)))
    for login, account in broker.accounts.items():
        refuse_unconvertible(account, broker.market)
        if not account.deals:
            broker.transfer(login, options.balance, comment="deposit")
    return Terminal(broker, clock, login=accounts[0].login)


def _played(options: argparse.Namespace, offset: timedelta) -> tuple[Clock, Feed]:
    """Return a clock that starts where the recorded prices do, and the feed that plays them."""
    option, value = ("--bars", options.bars) if options.bars else ("--ticks", options.ticks)
    if options.bars and options.ticks:
        raise ValueError("--bars and --ticks exclude each other: name one")
    if options.clock != "virtual":
        raise ValueError(f"{option} needs --clock virtual: recorded prices are not of this moment")
    symbol, _, file = value.partition("=")
    if symbol not in with_described(options.symbols):
        raise ValueError(f"{option}: there is no symbol {symbol}; name it as SYMBOL=CSV")
    with Path(file).open(encoding="utf-8-sig") as lines:
        bars = read_bars(lines, offset) if options.bars else []
        ticks = [] if options.bars else read_ticks(lines, symbol, offset)
    if not bars and not ticks:
        raise ValueError(f"{option}: {file} holds no prices")
    first = min([bar.opens_at for bar in bars] + [tick.time for tick in ticks])
    feed: Feed = Bars(symbol, bars) if bars else Script(ticks)
    return VirtualClock(first - timedelta(seconds=1)), feed


def _terms(options: argparse.Namespace, login: int) -> Terms:
    return Terms(
        login=login,
        server=options.server,
        password=options.password,
        currency=options.currency,
        leverage=options.leverage,
        margin_mode=MarginMode[options.mode.upper()],
        commission_per_lot=options.commission,
    )
