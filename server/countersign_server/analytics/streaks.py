"""Wins and losses in a row."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Streak:
    """Trades in a row of one outcome, and what they came to."""

    count: int = 0
    amount: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class Streaks:
    """All runs of one outcome: the longest, the one with most money, and how many there were."""

    longest: Streak = field(default_factory=Streak)
    largest: Streak = field(default_factory=Streak)
    runs: int = 0
    trades: int = 0

    def with_run(self, run: Streak) -> "Streaks":
        """Return the streaks with a run as it stands; of runs as long, the one with more money."""
        longest = max(self.longest, run, key=lambda one: (one.count, abs(one.amount)))
        largest = max(self.largest, run, key=lambda one: abs(one.amount))
        return replace(self, longest=longest, largest=largest)

    @property
    def average(self) -> Decimal | None:
        """Return how long a run is on average; None: there was none."""
        return Decimal(self.trades) / self.runs if self.runs else None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Wins and losses as they came. A trade whose result is exactly 0 is a win."""

    wins: Streaks = field(default_factory=Streaks)
    losses: Streaks = field(default_factory=Streaks)
    current: Streak = field(default_factory=Streak)
    is_winning: bool | None = None  # None: no trade yet

    def after(self, result: Decimal) -> "Outcomes":
        """Return the outcomes after one more trade."""
        is_win = result >= 0
        begins = is_win != self.is_winning
        current = (
            Streak(1, result)
            if begins
            else Streak(self.current.count + 1, self.current.amount + result)
        )
        streaks = self.wins if is_win else self.losses
        streaks = replace(
            streaks.with_run(current), runs=streaks.runs + begins, trades=streaks.trades + 1
        )
        changed = replace(self, current=current, is_winning=is_win)
        return replace(changed, wins=streaks) if is_win else replace(changed, losses=streaks)

    @property
    def trades(self) -> int:
        return self.wins.trades + self.losses.trades

    @property
    def runs(self) -> int:
        return self.wins.runs + self.losses.runs
