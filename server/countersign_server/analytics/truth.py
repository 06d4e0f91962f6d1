"""Who took how long, and who cost what, between a signal and its fill."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """When a signal came where. None: not told. The last two are by the bridge's clock."""

    signed_at: datetime
    received_at: datetime
    asked_at: datetime
    decided_at: datetime | None
    decided_by_rule: bool
    granted_at: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None

    @property
    def delay_of_producer(self) -> timedelta:
        return self.received_at - self.signed_at

    @property
    def delay_of_person(self) -> timedelta | None:
        """Return how long the owner took; None: a rule decided, or nobody."""
        return None if self.decided_by_rule else _between(self.asked_at, self.decided_at)

    @property
    def delay_of_platform(self) -> timedelta | None:
        """Return what server and bridge took before and after the decision."""
        after = _between(self.decided_at, self.sent_at)
        if after is None or self.decided_at is None:
            return None
        before = (self.decided_at if self.decided_by_rule else self.asked_at) - self.received_at
        return before + after

    @property
    def delay_of_broker(self) -> timedelta | None:
        return _between(self.sent_at, self.answered_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The price on the way, in the quote currency. None: not kept, or there was none."""

    buys: bool
    decided_by_rule: bool
    signal: Decimal | None
    decided: Decimal | None
    sent: Decimal | None
    filled: Decimal | None

    @property
    def slippage(self) -> Decimal | None:
        """Return how much worse it was filled than signalled; negative: better."""
        return self._worse(self.signal, self.filled)

    @property
    def of_person(self) -> Decimal | None:
        """Return what the market did until the owner had decided; None: a rule did, or unknown."""
        return None if self.decided_by_rule else self._worse(self.signal, self.decided)

    @property
    def of_platform(self) -> Decimal | None:
        return self._worse(self.signal if self.decided_by_rule else self.decided, self.sent)

    @property
    def of_broker(self) -> Decimal | None:
        return self._worse(self.sent, self.filled)

    def _worse(self, before: Decimal | None, after: Decimal | None) -> Decimal | None:
        if before is None or after is None:
            return None
        return after - before if self.buys else before - after


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    return None if start is None or end is None else end - start
