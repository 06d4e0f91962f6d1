"""Where an order that does not exist yet would take an account, rule by rule, with the figures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

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


class Measure(StrEnum):
    """What the figures of a prospect are."""

    LOSS = "loss"  # money lost since what the rule counts from
    MARGIN_LEVEL = "margin-level"  # percent; less is worse
    LEVERAGE = "leverage"  # notional over equity
    LOTS = "lots"
    POSITIONS = "positions"
    CONDITION = "condition"  # no figures: it holds, or it does not


@dataclass(frozen=True, slots=True)
class Prospect:
    """Where an order would take an account with one rule.

    Figures are None where there are none: without margin there is no level, and without equity no
    leverage. `detail` says more in words.
    """

    reason: str  # public, permanent, upper-case: what a refusal by this rule is called
    rule: str
    measure: Measure
    now: Decimal | None
    after: Decimal | None
    limit: Decimal | None
    is_breach: bool
    detail: str = ""

    @property
    def share(self) -> Decimal | None:
        """Return how much of the limit would be used up; 1: all of it. None: no figures tell."""
        if self.after is None or self.limit is None or self.after <= 0 or self.limit <= 0:
            return None
        if self.measure is Measure.MARGIN_LEVEL:
            return self.limit / self.after
        return self.after / self.limit


def foresee(
    state: GuardState, policy: Policy, view: AccountView, order: Order, *, notional: Decimal
) -> list[Prospect]:
    """Return where opening `order` would take the account with every rule, the gravest first.

    `notional` is that of everything open already. The worst is assumed: every stop is hit.
    """
    if state.seen is None:
        return [_condition("NOT_SEEN_YET", "account", "nobody knows yet how the account stands")]
    return [
        *_losses(state, view, order),
        *_margin(policy, view, order, notional),
        *_exposure(policy, view, order),
        *_market(state, policy, order.symbol, view.at),
    ]


def breaches(
    state: GuardState, policy: Policy, view: AccountView, order: Order, *, notional: Decimal
) -> list[Prospect]:
    """Return what opening `order` would break, the gravest first; empty: nothing."""
    found = foresee(state, policy, view, order, notional=notional)
    return [prospect for prospect in found if prospect.is_breach]


def _losses(state: GuardState, view: AccountView, order: Order) -> Iterator[Prospect]:
    at_risk = sum((one.risk for one in view.positions if one.risk is not None), _ZERO)
    worst = view.equity - at_risk - (order.risk or _ZERO)
    for rule_id, track in state.tracks.items():
        standing = state.standings.get(rule_id)
        if standing is not None:
            yield Prospect(
                "WOULD_BREAK_LOSS_LIMIT",
                rule_id,
                Measure.LOSS,
                now=track.reference - view.equity,
                after=track.reference - worst,
                limit=track.reference - standing.floor,
                is_breach=worst <= standing.floor,
            )


def _margin(
    policy: Policy, view: AccountView, order: Order, notional: Decimal
) -> Iterator[Prospect]:
    exposure, margin = policy.exposure, view.margin + order.margin
    if exposure.margin_level is not None and margin > 0:
        level = view.equity / margin * 100
        yield Prospect(
            "MARGIN_TOO_LOW",
            "margin_level",
            Measure.MARGIN_LEVEL,
            now=view.margin_level,
            after=level,
            limit=exposure.margin_level,
            is_breach=level < exposure.margin_level,
        )
    if exposure.leverage is not None:
        has_equity = view.equity > 0
        after = (notional + order.notional) / view.equity if has_equity else None
        yield Prospect(
            "TOO_MUCH_LEVERAGE",
            "leverage",
            Measure.LEVERAGE,
            now=notional / view.equity if has_equity else None,
            after=after,
            limit=exposure.leverage,
            is_breach=after is None or after > exposure.leverage,
            detail="" if has_equity else "the account has no equity",
        )


def _exposure(policy: Policy, view: AccountView, order: Order) -> Iterator[Prospect]:
    exposure = policy.exposure
    if exposure.stop_required and order.risk is None:
        yield _condition(
            "STOP_REQUIRED", "stop_required", "the account takes no order without a stop"
        )
    same = [one for one in view.positions if one.symbol == order.symbol]
    way = [one for one in same if one.direction is order.direction]
    lots = (
        ("lots", exposure.lots, view.positions),
        ("lots_per_symbol", exposure.lots_per_symbol, same),
        ("lots_per_direction", exposure.lots_per_direction, way),
    )
    for name, most, held in lots:
        if most is not None:
            now = _lots(held)
            yield _counted("TOO_MANY_LOTS", name, Measure.LOTS, now, now + order.volume, most)
    counts = (
        ("positions", exposure.positions, view.positions),
        ("positions_per_symbol", exposure.positions_per_symbol, same),
    )
    for name, allowed, held in counts:
        if allowed is not None:
            now = Decimal(len(held))
            yield _counted(
                "TOO_MANY_POSITIONS", name, Measure.POSITIONS, now, now + 1, Decimal(allowed)
            )


def _market(state: GuardState, policy: Policy, symbol: str, now: datetime) -> Iterator[Prospect]:
    for blocked in blocks(state, policy, symbol, now):
        said = f"{blocked.reason} {blocked.value}".strip()
        limit = f", the limit is {blocked.limit}" if blocked.limit else ""
        yield _condition(
            "MARKET_NOT_FIT", symbol, f"the market is not fit to trade on: {said}{limit}"
        )


def _counted(  # noqa: PLR0913, PLR0917  # the parts of a prospect, in its order
    reason: str, rule: str, measure: Measure, now: Decimal, after: Decimal, limit: Decimal
) -> Prospect:
    return Prospect(reason, rule, measure, now, after, limit, is_breach=after > limit)


def _condition(reason: str, rule: str, detail: str) -> Prospect:
    return Prospect(
        reason, rule, Measure.CONDITION, None, None, None, is_breach=True, detail=detail
    )


def _lots(positions: Iterable[PositionView]) -> Decimal:
    return sum((one.volume for one in positions), _ZERO)
