"""Every deal of the account, whoever made it, found by its ticket and told until it is taken."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from countersign_bridge.channel.frames import digest_frame
from countersign_bridge.clock import Moment
from countersign_bridge.effects import Ask, Effects, Log, Say, Tell, Write
from countersign_bridge.journal.records import Record, RecordKind
from countersign_bridge.journal.recovery import Past
from countersign_bridge.reporting.digests import day_digests, seconds_of_day
from countersign_bridge.reporting.events import deal_event, order_event
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.views import DealView, OrderView

# How far each scan reaches back. The broker's clock may be a day off ours and stop over a weekend,
# and a terminal that was offline learns of deals late.
OVERLAP = timedelta(days=4)
# One transaction's worth: a first start may find years of deals.
BATCH_MAX = 500
# How long to wait at first for a price to tell the broker's time, which every deal is told with.
_TIME_PATIENCE = timedelta(seconds=5)
_DIGEST_INTERVAL = timedelta(minutes=5)
# A terminal may show an empty history at first and the rest of it, however old, later.
_FULL_INTERVAL = timedelta(minutes=10)


class Ledger:
    """Scans the terminal's history at its own pace, apart from any command."""

    def __init__(
        self, situation: Situation, past: Past, *, interval: timedelta, now: Moment
    ) -> None:
        self._situation = situation
        self._past = past
        self._interval = interval
        self._started = now
        self._next_scan = now
        self._next_digest = now
        self._scanning = False
        self._next_full = now
        self._told_orders: set[str] = set()
        # Who counts what was paid in.
        self.on_scan: Callable[[jobs.ScanAnswer], None] = lambda _: None

    def session_opened(self, now: Moment) -> None:
        """Tell everything that only a session holds again."""
        self._told_orders.clear()
        self._next_digest = now
        self._next_scan = now

    def terminal_started(self, now: Moment) -> None:
        """Read the whole history again: this terminal may know more than the last."""
        self._next_full = now

    def hasten(self, now: Moment) -> None:
        """Scan as soon as may be: something was sent."""
        self._next_scan = now

    def tick(self, now: Moment) -> Effects:
        time_known = self._situation.broker_offset is not None
        waited = now.since(self._started) > _TIME_PATIENCE
        due = now.monotonic >= self._next_scan.monotonic
        if self._scanning or not due or not (time_known or waited):
            return []
        self._scanning = True
        since = int((now.utc - OVERLAP).timestamp())
        if now.monotonic >= self._next_full.monotonic:
            since = 0
            self._next_full = now.later(_FULL_INTERVAL)
        return [Ask(jobs.Scan(since), self._scanned)]

    def fetch(self, day: str) -> Effects:
        """Tell every deal of a day again: the server lacks some."""
        try:
            since, until = seconds_of_day(day)
        except ValueError:
            return [Log("warning", "deals of no day asked for", {"day": day})]
        return [Ask(jobs.Scan(since, until), self._fetched)]

    def _scanned(self, outcome: object, now: Moment) -> Effects:
        self._scanning = False
        self._next_scan = now.later(self._interval)
        if not isinstance(outcome, jobs.ScanAnswer):
            return []
        self._situation.see_terminal(outcome.terminal, now)
        self.on_scan(outcome)
        effects = self._new_deals(outcome.deals, now)
        effects += self._changed_orders(outcome.orders, now, final=False)
        effects += self._changed_orders(outcome.past_orders, now, final=True)
        if self._situation.session_open and now.monotonic >= self._next_digest.monotonic:
            effects += _digests(outcome.deals)
            # A terminal that has just started may show nothing yet; then the next scan tells.
            if outcome.deals:
                self._next_digest = now.later(_DIGEST_INTERVAL)
        return effects

    def _fetched(self, outcome: object, now: Moment) -> Effects:
        if not isinstance(outcome, jobs.ScanAnswer):
            # The next scan that works tells the days again, and the server asks again.
            self._next_digest = now
            return [Log("warning", "deals asked for cannot be read", {})]
        offset = self._situation.broker_offset
        told: Effects = []
        for deal in outcome.deals:
            event = deal_event(deal, now.utc, broker_offset=offset)
            told.append(Tell(event.natural_key, event))
        return [*told, *_digests(outcome.deals)]

    def _new_deals(self, deals: Sequence[DealView], now: Moment) -> Effects:
        new = [deal for deal in deals if self._is_news(deal)]
        effects: Effects = []
        for start in range(0, len(new), BATCH_MAX):
            batch = new[start : start + BATCH_MAX]
            effects.append(Write([self._record(deal, now) for deal in batch], self._written(batch)))
        return effects

    def _is_news(self, deal: DealView) -> bool:
        # A deal keeps its ticket when the broker cancels it.
        told = self._past.canceled_deals if deal.is_canceled else self._past.deal_tickets
        return deal.ticket not in told

    def _written(self, batch: Sequence[DealView]) -> Callable[[Moment], Effects]:
        def remember(_: Moment) -> Effects:
            self._past.deal_tickets.update(deal.ticket for deal in batch)
            self._past.canceled_deals.update(deal.ticket for deal in batch if deal.is_canceled)
            return []

        return remember

    def _record(self, deal: DealView, now: Moment) -> Record:
        event = deal_event(deal, now.utc, broker_offset=self._situation.broker_offset)
        return Record(
            kind=RecordKind.DEAL,
            time=now.utc,
            details={"ticket": deal.ticket, "magic": deal.magic, "canceled": deal.is_canceled},
            event=event.SerializeToString(),
        )

    def _changed_orders(self, orders: Sequence[OrderView], now: Moment, *, final: bool) -> Effects:
        told: Effects = []
        if not self._situation.session_open:
            return told
        for order in orders:
            if order.magic not in self._past.magics:
                continue
            event = order_event(order, now.utc, final=final)
            if event.natural_key not in self._told_orders:
                self._told_orders.add(event.natural_key)
                told.append(Tell(event.natural_key, event))
        return told


def _digests(deals: Sequence[DealView]) -> Effects:
    return [
        Say(digest_frame(digest.day, count=digest.count, tickets_sha256=digest.tickets_sha256))
        for digest in day_digests(deals)
    ]
