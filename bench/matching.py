"""Matching positions with trades, beside an all-pairs loop and scipy's optimal assignment."""

import gc
import random
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import numpy as np
from scipy.optimize import (  # pyright: ignore[reportMissingTypeStubs]  # it has none
    linear_sum_assignment,  # pyright: ignore[reportUnknownVariableType]  # scipy has no types
)

from countersign_server.reconciliation.matching import match
from countersign_server.reconciliation.position import Held, Trade
from countersign_server.reconciliation.symbol_names import SymbolNames

MANY = 100_000
# All that a loop over all pairs can be asked for; its time grows with the square.
FEW = 2_000
_SYMBOLS = 60
_PIP = Decimal("0.0001")
_POINT = Decimal("0.00001")
_FAR = 1e9
_NAMES = SymbolNames({"SYM00.r": "SYM00"})
Books = tuple[list[Held], list[Trade]]


def books(count: int) -> Books:
    """Return as many positions as trades: entries spread over 1,000 pips of 60 symbols.

    Of the positions 95 % are a trade's, filled up to a pip beside it; the rest are strangers.
    """
    chance = random.Random(1)  # noqa: S311  # the same books in each run
    held: list[Held] = []
    trades: list[Trade] = []
    for number in range(count):
        symbol, side = f"SYM{chance.randrange(_SYMBOLS):02}", chance.choice(("buy", "sell"))
        volume = (
            Decimal(chance.choice((1, 1, 2, 5, 10, 10, 20, 50, chance.randrange(1, 300)))) / 100
        )
        entry = (110_000 + chance.randrange(10_000)) * _POINT
        is_ours = chance.random() < 0.95  # noqa: PLR2004  # as the docstring says
        shift = chance.randrange(-10, 11) if is_ours else chance.randrange(500, 1000)
        trades.append(
            Trade(
                command_id=UUID(int=chance.getrandbits(128)),
                magics=(),
                position_id=0,
                symbol=symbol,
                side=side,
                volume=volume,
                entry_price=entry,
                pip=_PIP,
            )
        )
        held.append(
            Held(
                identifier=number + 1,
                magic=0,
                symbol=f"{symbol}.R",
                side=side,
                volume=volume if is_ours else volume * 3,
                entry_price=entry + shift * _POINT,
            )
        )
    chance.shuffle(held)
    return held, trades


def product_run(given: Books) -> tuple[float, int]:
    """Return the processor's seconds, and how many pairs were found."""
    return _timed(lambda: len(match(*given, _NAMES).pairs))


def loop_run(given: Books) -> tuple[float, int]:
    """Measure the loop that anybody writes first: the first that fits, each used once."""

    def loop() -> int:
        used: set[int] = set()
        for one in given[0]:
            for at, trade in enumerate(given[1]):
                if at not in used and _are_alike(one, trade):
                    used.add(at)
                    break
        return len(used)

    return _timed(loop)


def scipy_run(given: Books) -> tuple[float, int]:
    """Measure scipy's optimal assignment over the whole matrix, which it needs."""

    def solve() -> int:
        held, trades = _columns(given[0]), _columns(given[1])
        kinds = {kind: number for number, kind in enumerate(sorted(set(held[0]) | set(trades[0])))}
        a, b = (np.array([kinds[k] for k in side[0]]) for side in (held, trades))
        away = np.abs(np.array(held[1])[:, None] - np.array(trades[1])[None, :]) / (2 * float(_PIP))
        lots = np.array(trades[2])[None, :]
        apart = np.abs(np.array(held[2])[:, None] - lots) / (lots * 0.05)
        near = (a[:, None] == b[None, :]) & (away <= 1 + 1e-9) & (apart <= 1 + 1e-9)
        cost = np.where(near, away + apart, _FAR)
        rows, columns = cast("tuple[Any, Any]", linear_sum_assignment(cost))
        return int((cost[rows, columns] < _FAR).sum())

    return _timed(solve)


def _columns(side: Sequence[Held | Trade]) -> tuple[list[str], list[float], list[float]]:
    return (
        [f"{_NAMES.instrument_of(one.symbol)} {one.side}" for one in side],
        [float(one.entry_price) for one in side],
        [float(one.volume) for one in side],
    )


def _are_alike(held: Held, trade: Trade) -> bool:
    return (
        held.side == trade.side
        and _NAMES.instrument_of(held.symbol) == _NAMES.instrument_of(trade.symbol)
        and abs(held.entry_price - trade.entry_price) <= 2 * trade.pip
        and abs(held.volume - trade.volume) * 20 <= trade.volume
    )


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    # As in a server that runs, the collector of cycles is spared what was there before.
    gc.collect()
    gc.freeze()
    began = time.process_time()
    found = work()
    spent = time.process_time() - began
    gc.unfreeze()
    return spent, found
