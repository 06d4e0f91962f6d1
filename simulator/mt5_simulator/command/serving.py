"""`mt5-simulator serve`: a broker and a terminal in this process until it is told to stop."""

import argparse
import signal
import sys
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

from mt5_simulator.broker.account import Terms
from mt5_simulator.broker.broker import Broker
from mt5_simulator.broker.codes import MarginMode
from mt5_simulator.broker.prices import Bars, Feed, Script, Walk, length_of
from mt5_simulator.broker.recorded import read_bars, read_ticks
from mt5_simulator.broker.symbols import never_closing
from mt5_simulator.broker.valuation import refuse_unconvertible
from mt5_simulator.clock import Clock, VirtualClock, WallClock
from mt5_simulator.command.described import with_described
from mt5_simulator.command.progress import Progress, Recording
from mt5_simulator.exact import exact
from mt5_simulator.served.address import Address, parsed_address
from mt5_simulator.served.books import BooksUnreadable, load, restore
from mt5_simulator.served.claim import claimed
from mt5_simulator.served.server import Served, serving
from mt5_simulator.terminal.terminal import Terminal

HOURS_MAX = 24


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
    parser.add_argument("--balance", type=_amount, default=Decimal(10_000))
    parser.add_argument("--leverage", type=int, default=100)
    parser.add_argument("--commission", type=_amount, default=Decimal(0), help="per lot and side")
    parser.add_argument(
        "--mode", choices=[mode.name.lower() for mode in MarginMode], default="hedging"
    )
    _add_prices(parser)
    parser.add_argument("--offset-hours", type=_hours, default=2.0, help="server time minus UTC")
    parser.add_argument("--clock", choices=["wall", "virtual"], default="wall")
    parser.add_argument(
        "--progress", action="store_true", help="one line for each request, on standard error"
    )
    parser.add_argument(
        "--always-open", action="store_true", help="trade every symbol on weekends, too"
    )


def _amount(text: str) -> Decimal:
    try:
        return exact(text, "it")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _hours(text: str) -> float:
    hours = float(text)
    if not abs(hours) <= HOURS_MAX:
        raise argparse.ArgumentTypeError(f"it must be between -{HOURS_MAX} and {HOURS_MAX}")
    return hours


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
    other = "end it, or name another --state"
    with claimed(options.state, other) if options.state else nullcontext():
        return _serve(options, address)


def _serve(options: argparse.Namespace, address: Address) -> int:
    if options.progress and (options.bars or options.ticks):
        _say(f"reads {options.bars or options.ticks}")
    prices = _prices(options)
    try:
        terminal = _terminal(options, prices)
    except BooksUnreadable as error:
        raise ValueError(str(error)) from error
    progress = Progress(_say, monotonic, prices.recording) if options.progress else None
    served = Served(terminal, options.state, progress.note if progress else None)
    served.save()
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with serving(served, address) as bound:
        logins = ", ".join(map(str, terminal.broker.accounts))
        print(f"serving {logins} on {bound}", flush=True)  # noqa: T201
        stopped.wait()
    _say(f"stopped: {progress.summary(terminal.broker.now)}" if progress else "stopped")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # the command's own voice


@dataclass(frozen=True, slots=True)
class _Prices:
    """Where the prices come from, and the time that goes with them."""

    clock: Clock
    feed: Feed
    recording: Recording | None = None


def _prices(options: argparse.Namespace) -> _Prices:
    if options.bars or options.ticks:
        return _played(options)
    clock = WallClock() if options.clock == "wall" else VirtualClock()
    return _Prices(clock, Walk(options.seed) if options.prices == "walk" else Script())


def _terminal(options: argparse.Namespace, prices: _Prices) -> Terminal:
    clock = prices.clock
    symbols = tuple(with_described(options.symbols).values())
    if options.always_open:
        symbols = never_closing(symbols)
    accounts = [_terms(options, login) for login in options.account or [1_000_001]]
    broker = Broker(
        accounts,
        now=clock.now(),
        symbols=symbols,
        feed=prices.feed,
        server_offset=timedelta(hours=options.offset_hours),
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


def _played(options: argparse.Namespace) -> _Prices:
    """Return a clock that starts where the recorded prices do, and the feed that plays them."""
    offset = timedelta(hours=options.offset_hours)
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
    times = [bar.opens_at for bar in bars] + [tick.time for tick in ticks]
    what = f"{len(times)} {'bars' if bars else 'ticks'} of {symbol}"
    recording = Recording(
        what, min(times), max(times) + (length_of(bars) if bars else timedelta(0))
    )
    feed: Feed = Bars(symbol, bars) if bars else Script(ticks)
    return _Prices(VirtualClock(recording.starts_at - timedelta(seconds=1)), feed, recording)


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
