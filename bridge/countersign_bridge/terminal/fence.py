"""The last fence before the terminal: limits that hold whatever the rest believes."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from countersign_bridge.terminal.jobs import Refused, Send
from countersign_bridge.terminal.views import PositionView
from countersign_bridge.trading.requests import Action, RequestInvalid, check_fields

_MINUTE = 60.0
_BUY_OR_SELL = {0, 1}


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

    def admit(
        self, order: Send, now: float, positions: Callable[[], Iterable[PositionView]]
    ) -> Refused | None:
        """Return why the order must not be sent; None: it may, once, and counts as sent.

        `positions`: what is open, read now.
        """
        refusal = self._refusal(order, now, positions)
        if refusal is None:
            # Before the call, not after it: whatever becomes of the call, the grant is used.
            self._used_grants.add(order.grant_id)
            self._sent_at.append(now)
        return refusal

    def _refusal(  # noqa: PLR0911  # one a limit
        self, order: Send, now: float, positions: Callable[[], Iterable[PositionView]]
    ) -> Refused | None:
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
        # A loss must not go on because it is a large one: what only reduces has no such limit.
        if volume > self._limits.volume_max and not only_reduces(order, positions()):
            limit = self._limits.volume_max
            return Refused("FENCE_VOLUME", f"{volume} lots are more than the {limit} allowed here")
        while self._sent_at and now - self._sent_at[0] >= _MINUTE:
            self._sent_at.popleft()
        if len(self._sent_at) >= self._limits.orders_per_minute_max:
            count = len(self._sent_at)
            return Refused("FENCE_RATE", f"{count} orders were sent within the last minute")
        return None


def only_reduces(order: Send, positions: Iterable[PositionView]) -> bool:
    """Tell whether an order can only make a position smaller: whatever whoever sends it believes.

    It names one that is open, goes against it, and is no larger.
    """
    fields = order.fields
    held = next((one for one in positions if one.ticket == fields.get("position")), None)
    return (
        held is not None
        and fields.get("action") == Action.DEAL
        and fields.get("symbol") == held.symbol
        and fields.get("type") in _BUY_OR_SELL - {held.type}
        and Decimal(repr(fields.get("volume", 0.0))) <= held.volume
    )
