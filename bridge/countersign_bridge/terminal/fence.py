"""The last fence before the terminal: limits that hold whatever the rest believes."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from countersign_bridge.terminal.jobs import Refused, Send
from countersign_bridge.trading.requests import RequestInvalid, check_fields

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class FenceLimits:
    """`symbols` empty: any. Volume in lots, for one order."""

    orders_per_minute_max: int
    volume_max: Decimal
    symbols: frozenset[str]


class Fence:
    """Admits each grant once, and no order beyond the limits. Times are steady seconds."""

    def __init__(
        self, limits: FenceLimits, *, used_grants: Iterable[bytes], sent_at: Iterable[float]
    ) -> None:
        self._limits = limits
        self._used_grants = set(used_grants)
        self._sent_at = deque(sorted(sent_at))

    def admit(self, order: Send, now: float) -> Refused | None:
        """Return why the order must not be sent; None: it may, once, and counts as sent."""
        refusal = self._refusal(order, now)
        if refusal is None:
            # Before the call, not after it: whatever becomes of the call, the grant is used.
            self._used_grants.add(order.grant_id)
            self._sent_at.append(now)
        return refusal

    def _refusal(self, order: Send, now: float) -> Refused | None:  # noqa: PLR0911  # one a limit
        try:
            check_fields(order.fields)
        except RequestInvalid as error:
            return Refused("FENCE_REQUEST_INVALID", str(error))
        if order.grant_id in self._used_grants:
            return Refused("SECOND_SEND_REFUSED", "an order was already sent under this grant")
        if now >= order.deadline:
            late = now - order.deadline
            return Refused("GRANT_LAPSED", f"the grant had lapsed {late:.3f} s before the send")
        symbol = str(order.fields.get("symbol", ""))
        if self._limits.symbols and symbol not in self._limits.symbols:
            return Refused("FENCE_SYMBOL", f"{symbol} is not among the symbols allowed here")
        volume = Decimal(repr(order.fields.get("volume", 0.0)))
        if volume > self._limits.volume_max:
            limit = self._limits.volume_max
            return Refused("FENCE_VOLUME", f"{volume} lots are more than the {limit} allowed here")
        while self._sent_at and now - self._sent_at[0] >= _MINUTE:
            self._sent_at.popleft()
        if len(self._sent_at) >= self._limits.orders_per_minute_max:
            count = len(self._sent_at)
            return Refused("FENCE_RATE", f"{count} orders were sent within the last minute")
        return None
