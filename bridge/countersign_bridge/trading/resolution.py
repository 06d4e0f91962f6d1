"""What became of an attempt, by what the terminal shows and by nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from countersign_bridge.clock import Moment
from countersign_bridge.terminal.jobs import LookAnswer
from countersign_bridge.terminal.views import AccountMode, DealView, OrderState, OrderView, Traces
from countersign_bridge.trading.requests import Action, RequestFields
from countersign_bridge.trading.retcodes import Outcome

_ENDED_WITHOUT_DEAL: Mapping[int, str] = {
    OrderState.CANCELED: "ORDER_CANCELED",
    OrderState.REJECTED: "ORDER_REJECTED",
    OrderState.EXPIRED: "ORDER_EXPIRED",
}


@dataclass(frozen=True, slots=True)
class Found:
    """The terminal shows what became of it. Tickets 0 and volume, price None: it does not say."""

    outcome: Outcome
    order_ticket: int = 0
    deal_ticket: int = 0
    volume: Decimal | None = None
    price: Decimal | None = None
    reason: str = ""


def conclude(shown: LookAnswer, fields: RequestFields | None) -> Found | None:
    """Return what became of an attempt; None: nothing shows, which proves nothing.

    `fields` is the request that may have been sent; None: only its tag is known.
    """
    netting = shown.account.margin_mode != AccountMode.HEDGING
    found = _from_traces(shown.traces, fields, netting=netting)
    if found is not None or fields is None:
        return found
    return _from_change(shown, fields)


def _from_traces(traces: Traces, fields: RequestFields | None, *, netting: bool) -> Found | None:
    # The attempt's own order is the first that carries its tag. A stop, or a broker's hand, that
    # closes the position makes another of the same tag, and is no part of what the attempt did.
    orders = (*traces.orders, *traces.past_orders)
    tickets = [order.ticket for order in orders] or [deal.order for deal in traces.deals]
    own = min(tickets, default=0)
    order = next((order for order in orders if order.ticket == own), None)
    working = any(order.ticket == own for order in traces.orders)
    deals = [deal for deal in traces.deals if deal.order == own]
    if deals:
        return _from_deals(deals, order, working=working)
    if order is not None:
        return _from_order(order, working=working)
    # A netting position carries the tag of whichever order touched it last: it proves nothing.
    if traces.positions and not netting:
        position = traces.positions[0]
        # Less than was asked may be a part, or what is left of the whole: its deals will tell.
        asked = Decimal(repr(fields["volume"])) if fields and "volume" in fields else None
        return Found(
            Outcome.EXECUTED if position.volume == asked else Outcome.WORKING,
            order_ticket=position.identifier,
            volume=position.volume,
            price=position.price_open,
        )
    return None


def _from_deals(deals: Sequence[DealView], order: OrderView | None, *, working: bool) -> Found:
    volume = sum((deal.volume for deal in deals), Decimal(0))
    outcome = Outcome.EXECUTED
    if order is not None and volume < order.volume_initial:
        outcome = Outcome.WORKING if working else Outcome.PARTIAL
    return Found(
        outcome,
        order_ticket=deals[0].order,
        deal_ticket=deals[-1].ticket,
        volume=volume,
        price=average_price(deals),
    )


def _from_order(order: OrderView, *, working: bool) -> Found:
    ended = None if working else _ENDED_WITHOUT_DEAL.get(order.state)
    if ended is not None and order.volume_current == order.volume_initial:
        return Found(Outcome.REJECTED, order_ticket=order.ticket, reason=ended)
    # Filled, says the history, and the deal has not come yet; or still at the broker.
    return Found(Outcome.WORKING, order_ticket=order.ticket)


def _from_change(shown: LookAnswer, fields: RequestFields) -> Found | None:
    """Return what became of a change, which leaves no order and no deal, by what it changed."""
    action = fields["action"]
    if action == Action.REMOVE:
        # Gone from the open orders may also mean filled: only a cancelled one was removed.
        removed = shown.order is not None and shown.order.state == OrderState.CANCELED
        ticket = shown.order.ticket if shown.order else 0
        return Found(Outcome.EXECUTED, order_ticket=ticket) if removed else None
    subject = {Action.STOPS: shown.position, Action.MODIFY: shown.order}.get(Action(int(action)))
    if subject is None:
        return None
    wanted = (Decimal(repr(fields["sl"])), Decimal(repr(fields["tp"])))
    if (subject.stop_loss, subject.take_profit) == wanted:
        return Found(Outcome.EXECUTED, order_ticket=subject.ticket)
    return None


def average_price(deals: Sequence[DealView]) -> Decimal | None:
    """Return the volume-weighted price of deals, to nine decimals; None: no volume."""
    volume = sum((deal.volume for deal in deals), Decimal(0))
    if not volume:
        return None
    total = sum((deal.price * deal.volume for deal in deals), Decimal(0))
    return (total / volume).quantize(Decimal(1).scaleb(-9)).normalize()


@dataclass(frozen=True, slots=True)
class Continuity:
    """Since when the terminal is known to have been connected without a break."""

    since: Moment | None = None
    last_seen: Moment | None = None

    def seen(self, *, connected: bool, now: Moment, gap_max: timedelta) -> "Continuity":
        """Return what one more look tells. Longer without a look than `gap_max` is a break."""
        if not connected:
            return Continuity()
        broken = self.last_seen is None or now.since(self.last_seen) > gap_max
        return Continuity(now if broken else self.since, now)

    def covers(self, time: datetime) -> bool:
        """Whether the terminal has been connected ever since `time`."""
        return self.since is not None and self.since.utc <= time


def history_is_whole(shown: LookAnswer) -> bool:
    """Whether the deals shown add up to the balance, to the account's smallest coin.

    Right after a start the terminal shows an empty history and no error.
    """
    smallest = Decimal(1).scaleb(-shown.account.currency_digits)
    return shown.terminal.connected and abs(shown.unexplained) < smallest
