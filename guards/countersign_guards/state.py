"""All that a guard remembers between two events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from countersign_guards.latch import Latch, TradingState
from countersign_guards.references import Seen, Track
from countersign_guards.standing import Standing
from countersign_guards.view import QuoteView


@dataclass(frozen=True, slots=True)
class Watch:
    """A rule that looks broken, and how sure that is."""

    since: datetime
    views: int
    worst: Standing
    # Views in which no price was doubtful.
    clear_since: datetime | None = None
    clear_views: int = 0


@dataclass(frozen=True, slots=True)
class Countdown:
    """Everything will be closed at `closes_at`, unless somebody says no."""

    rule_id: str
    announced_at: datetime
    closes_at: datetime
    evidence: Standing


@dataclass(frozen=True, slots=True)
class QuoteMark:
    """The last quote of a symbol, and when it last jumped."""

    quote: QuoteView
    gap_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GuardState:
    """A guard's memory. Everything in it fits a journal: see `state_text`."""

    latch: Latch = field(default_factory=Latch)
    initial_balance: Decimal | None = None
    seen: Seen | None = None
    unsettled_since: datetime | None = None
    tracks: Mapping[str, Track] = field(default_factory=dict[str, Track])
    watches: Mapping[str, Watch] = field(default_factory=dict[str, Watch])
    standings: Mapping[str, Standing] = field(default_factory=dict[str, Standing])
    warned: frozenset[str] = frozenset()
    countdown: Countdown | None = None
    quotes: Mapping[str, QuoteMark] = field(default_factory=dict[str, QuoteMark])
    # Rules that have had everything closed since a person's last word.
    closed: frozenset[str] = frozenset()

    @property
    def trading_state(self) -> TradingState:
        """Return what the account may do now."""
        if self.latch.state is not TradingState.ACTIVE:
            return self.latch.state
        if self.countdown is not None:
            return TradingState.CLOSE_ONLY
        return TradingState.WARNED if self.warned else TradingState.ACTIVE
