"""Whether an order that does not exist yet would break a rule, with the figures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from countersign_guards.conditions import blocks
from countersign_guards.policy import Policy
from countersign_guards.state import GuardState
from countersign_guards.view import AccountView, Direction, PositionView

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Order:
    """What would be opened. Money in account currency."""

    symbol: str
    direction: Direction
    volume: Decimal  # lots
    risk: Decimal | None  # lost if its stop is hit; None: it has no stop
    margin: Decimal
    notional: Decimal


@dataclass(frozen=True, slots=True)
class Breach:
    """What the order would break: a public reason, the rule, what it would come to, the limit."""

    reason: str
    rule: str
    value: str
    limit: str

    @property
    def text(self) -> str:
        """Return a sentence that an owner and a producer can read."""
        return f"{_TEXTS[self.reason]}: {self.value}, the limit is {self.limit} ({self.rule})"


_TEXTS = {
    "WOULD_BREAK_LOSS_LIMIT": "with every stop hit, equity would fall to the limit of a loss",
    "STOP_REQUIRED": "the account takes no order without a stop",
    "TOO_MANY_LOTS": "the account would hold too many lots",
    "TOO_MANY_POSITIONS": "the account would hold too many positions",
    "TOO_MUCH_LEVERAGE": "the account would be leveraged too much",
    "MARGIN_TOO_LOW": "too little margin would be left",
    "MARKET_NOT_FIT": "the market is not fit to trade on",
    "NOT_SEEN_YET": "nobody knows yet how the account stands",
}


def breaches(
    state: GuardState, policy: Policy, view: AccountView, order: Order, *, notional: Decimal
) -> list[Breach]:
    """Return what opening `order` would break, the gravest first; empty: nothing.

    `notional` is that of everything open already.
    """
    if state.seen is None:
        return [Breach("NOT_SEEN_YET", "account", "no view", "one view")]
    return [
        *_losses(state, view, order),
        *_margin(policy, view, order, notional),
        *_exposure(policy, view, order),
        *_market(state, policy, order.symbol, view.at),
    ]


def _losses(state: GuardState, view: AccountView, order: Order) -> Iterator[Breach]:
    at_risk = sum((one.risk for one in view.positions if one.risk is not None), _ZERO)
    worst = view.equity - at_risk - (order.risk or _ZERO)
    for rule_id, track in state.tracks.items():
        standing = state.standings.get(rule_id)
        if standing is not None and worst <= standing.floor:
            floor = f"{standing.floor:.2f}, counted from {track.reference:.2f}"
            yield Breach("WOULD_BREAK_LOSS_LIMIT", rule_id, f"{worst:.2f}", floor)


def _margin(policy: Policy, view: AccountView, order: Order, notional: Decimal) -> Iterator[Breach]:
    exposure, margin = policy.exposure, view.margin + order.margin
    if exposure.margin_level is not None and margin > 0:
        level = view.equity / margin * 100
        if level < exposure.margin_level:
            limit = f"{exposure.margin_level} %"
            yield Breach("MARGIN_TOO_LOW", "margin_level", f"{level:.2f} %", limit)
    if exposure.leverage is not None:
        leverage = (notional + order.notional) / view.equity if view.equity > 0 else None
        if leverage is None or leverage > exposure.leverage:
            value = "without equity" if leverage is None else f"{leverage:.2f}"
            yield Breach("TOO_MUCH_LEVERAGE", "leverage", value, str(exposure.leverage))


def _exposure(policy: Policy, view: AccountView, order: Order) -> Iterator[Breach]:
    exposure = policy.exposure
    if exposure.stop_required and order.risk is None:
        yield Breach("STOP_REQUIRED", "stop_required", "no stop", "a stop")
    same = [one for one in view.positions if one.symbol == order.symbol]
    way = [one for one in same if one.direction is order.direction]
    lots = (
        ("lots", exposure.lots, view.positions),
        ("lots_per_symbol", exposure.lots_per_symbol, same),
        ("lots_per_direction", exposure.lots_per_direction, way),
    )
    for name, most, held in lots:
        total = _lots(held) + order.volume
        if most is not None and total > most:
            yield Breach("TOO_MANY_LOTS", name, str(total), str(most))
    counts = (
        ("positions", exposure.positions, view.positions),
        ("positions_per_symbol", exposure.positions_per_symbol, same),
    )
    for name, most, held in counts:
        if most is not None and len(held) + 1 > most:
            yield Breach("TOO_MANY_POSITIONS", name, str(len(held) + 1), str(most))


def _market(state: GuardState, policy: Policy, symbol: str, now: datetime) -> Iterator[Breach]:
    for blocked in blocks(state, policy, symbol, now):
        value = f"{blocked.reason} {blocked.value}".strip()
        yield Breach("MARKET_NOT_FIT", symbol, value, blocked.limit or "none of it")


def _lots(positions: Iterable[PositionView]) -> Decimal:
    return sum((one.volume for one in positions), _ZERO)
