"""Which position or pending order a command is about."""

from dataclasses import dataclass

from countersign_bridge.intents import Intent, Kind, MarginMode
from countersign_bridge.terminal.jobs import InspectAnswer
from countersign_bridge.terminal.views import OrderView, PositionView


@dataclass(frozen=True, slots=True)
class Target:
    """What the server says a command is about. 0 where it does not know."""

    opening_magic: int = 0
    position_id: int = 0
    order_ticket: int = 0


@dataclass(frozen=True, slots=True)
class TargetMissing:
    """Nothing open is what the command is about."""

    reason: str
    detail: str


def find_target(
    intent: Intent, target: Target, shown: InspectAnswer
) -> PositionView | OrderView | TargetMissing:
    """Return the open position or pending order that the command is about.

    A position is found by its identifier, which is stable; its ticket is read afresh, because the
    broker may have replaced it.
    """
    if intent.kind is Kind.CANCEL:
        return _fitting(intent, _pending(target, shown), "pending order")
    position = _position(intent, target, shown)
    if intent.kind is Kind.MODIFY and position is None:
        return _fitting(intent, _pending(target, shown), "position or pending order")
    return _fitting(intent, position, "position")


def _position(intent: Intent, target: Target, shown: InspectAnswer) -> PositionView | None:
    identifiers = {target.position_id} - {0}
    if not identifiers:
        identifiers = {deal.position_id for deal in shown.opening.deals} - {0}
    found = [p for p in shown.positions if p.identifier in identifiers]
    if found:
        return found[0]
    if intent.margin_mode is not MarginMode.HEDGING:
        # One position a symbol, whose tag is only that of the last order to touch it.
        return next((p for p in shown.positions if p.symbol == intent.symbol), None)
    return next(iter(shown.opening.positions), None)


def _pending(target: Target, shown: InspectAnswer) -> OrderView | None:
    if target.opening_magic:
        return next(iter(shown.opening.orders), None)
    return next((order for order in shown.orders if order.ticket == target.order_ticket), None)


def _fitting(
    intent: Intent, found: PositionView | OrderView | None, what: str
) -> PositionView | OrderView | TargetMissing:
    if found is None:
        return TargetMissing("TARGET_NOT_FOUND", f"the terminal shows no such {what}")
    # The text was approved by its owner, the target was only named by the server.
    if found.symbol != intent.symbol or found.side is not intent.side:
        shown = f"{found.side} {found.symbol}"
        return TargetMissing(
            "TARGET_MISMATCH", f"the {what} found is {shown}, ticket {found.ticket}"
        )
    return found
