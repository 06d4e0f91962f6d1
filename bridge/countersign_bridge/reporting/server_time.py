"""How far the broker's clock is from UTC, told by the only thing that shows it: new prices."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from countersign_bridge.terminal.views import TickView

# Brokers keep the clock of some place: whole quarters of an hour from UTC.
_QUARTER = timedelta(minutes=15)
# A price that has just come is at most this old, and our own clock at most this wrong.
_TOLERANCE = timedelta(seconds=60)
# No place on earth is further from UTC, and a price days old must not look like an offset.
_FURTHEST = timedelta(hours=15)


@dataclass(frozen=True, slots=True)
class BrokerClock:
    """What prices have told so far. `offset` is the broker's clock less UTC; None: nothing yet."""

    offset: timedelta | None = None
    newest_ms: dict[str, int] = field(default_factory=dict[str, int])

    def seen(self, ticks: Iterable[TickView], now: datetime) -> "BrokerClock":
        """Return what the newest prices tell.

        Only a price that changed is one of now: in a closed market the broker's clock stands still.
        """
        clock = self
        for tick in ticks:
            before = clock.newest_ms.get(tick.symbol)
            newest = {**clock.newest_ms, tick.symbol: tick.broker_time_ms}
            clock = replace(clock, newest_ms=newest)
            if before is not None and tick.broker_time_ms > before:
                offset = _offset(tick, now)
                clock = clock if offset is None else replace(clock, offset=offset)
        return clock


def _offset(tick: TickView, now: datetime) -> timedelta | None:
    shown = datetime.fromtimestamp(tick.broker_time_ms / 1000, UTC)
    difference = shown - now
    offset = round(difference / _QUARTER) * _QUARTER
    plausible = abs(difference - offset) <= _TOLERANCE and abs(offset) <= _FURTHEST
    return offset if plausible else None
