"""Statistics kept deal by deal, beside counting the whole history again."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from countersign_server.analytics.counted import Counted, CountedDeal
from countersign_server.analytics.history import DealEntry, DealKind, HistoryDeal
from countersign_server.analytics.keeping import counted_json, counted_of

FEW, MANY = 100, 100_000
_REPEATS = 200
_START = datetime(2020, 1, 6, tzinfo=UTC)


def deals(count: int) -> Sequence[CountedDeal]:
    """Return a deposit and closing deals, from a seed."""
    drawn = Random(5)  # noqa: S311  # a made history
    history = [HistoryDeal(1, _START, DealKind.BALANCE, profit=Decimal(1_000_000))]
    history += [
        HistoryDeal(
            ticket=number,
            time=_START + timedelta(minutes=7 * number),
            kind=DealKind.SELL if number % 2 else DealKind.BUY,
            entry=DealEntry.OUT,
            symbol="EURUSD",
            volume=Decimal("0.1"),
            profit=Decimal(drawn.randint(-5_000, 5_100)) / 100,
        )
        for number in range(2, count + 1)
    ]
    return [CountedDeal(deal) for deal in history]


def loop_run(history: Sequence[CountedDeal]) -> tuple[float, Counted]:
    """Return the processor's seconds to count a whole history, and what it came to."""
    began, counted = time.process_time(), Counted()
    for deal in history:
        counted = counted.after(deal)
    return time.process_time() - began, counted


def product_run(counted: Counted, deal: CountedDeal) -> float:
    """Return the processor's seconds for one more deal: figures read, counted on, written."""
    kept = counted_json(counted)
    began = time.process_time()
    for _ in range(_REPEATS):
        kept_again = counted_json(counted_of(kept).after(deal))
        assert kept_again  # noqa: S101  # nothing may be left out
    return (time.process_time() - began) / _REPEATS
