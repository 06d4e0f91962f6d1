"""Attempts that may have been sent: looked for until the terminal shows them, never sent again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from countersign.v1 import execution_pb2
from countersign_bridge.clock import Moment
from countersign_bridge.effects import Ask, Effects, Log, Tell, Write
from countersign_bridge.journal.recovery import Past, SentIntent
from countersign_bridge.reporting.events import event
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.views import Traces
from countersign_bridge.trading.attempts import Attempt, Grant
from countersign_bridge.trading.in_hand import is_about
from countersign_bridge.trading.recording import Ending, result_record, shown
from countersign_bridge.trading.requests import Action, RequestFields
from countersign_bridge.trading.resolution import conclude, history_is_whole
from countersign_bridge.trading.retcodes import Outcome

AttemptKey = tuple[str, int]

# The delays between looks at one attempt. A late execution shows within a minute, or after days.
_DELAYS_S = (0.5, 1.0, 2.0, 4.0)
_DELAY_S = 6.0
_LATER_DELAY_S = 60.0
_PATIENCE = timedelta(minutes=10)
# History goes by the broker's clock, which may be a day off ours and stop for two.
_LOOK_BACK = timedelta(days=4)

# The server asks every five seconds for as long as it doubts, and a session lives for fifteen in
# silence: what it has not asked about for longer is settled there, by evidence, presumption or a
# person.
_SETTLED_AFTER = timedelta(seconds=20)

_ORDERS_MAX = 100
_DEALS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Doubt:
    """One attempt in doubt. `fields` None: only the tag is known. `sent` None: not by us, we think.

    `told`: the server was told of it as in doubt.
    """

    key: AttemptKey
    magic: int
    fields: RequestFields | None
    grant_id: bytes
    sent: datetime | None
    told: bool
    since: Moment
    next_look: Moment
    looks: int = 0
    looking: bool = False
    asked: Moment | None = None  # by the server, last

    @classmethod
    def of_attempt(cls, attempt: Attempt, grant: Grant, now: Moment) -> "Doubt":
        sent = attempt.sent_at.utc if attempt.sent_at else None
        return cls(
            attempt.key,
            grant.magic,
            attempt.fields,
            grant.grant_id,
            sent,
            told=True,
            since=now,
            next_look=now,
        )

    @classmethod
    def of_journal(cls, key: AttemptKey, intent: SentIntent, *, told: bool, now: Moment) -> "Doubt":
        return cls(
            key,
            intent.magic,
            intent.fields,
            intent.grant_id,
            intent.time,
            told=told,
            since=now,
            next_look=now,
        )

    def job(self) -> jobs.Look:
        fields = self.fields or {}
        since = 0 if self.sent is None else int((self.sent - _LOOK_BACK).timestamp())
        position, order = fields.get("position", 0), fields.get("order", 0)
        return jobs.Look(self.magic, max(0, since), int(position), int(order))

    def looked(self, now: Moment) -> "Doubt":
        """Return the doubt after a look that found nothing."""
        if self.looks < len(_DELAYS_S):
            delay = _DELAYS_S[self.looks]
        else:
            delay = _DELAY_S if now.since(self.since) < _PATIENCE else _LATER_DELAY_S
        later = now.later(timedelta(seconds=delay))
        return replace(self, looks=self.looks + 1, looking=False, next_look=later)


class Doubts:
    """What is in doubt, and the looking for it."""

    def __init__(self, situation: Situation, past: Past, now: Moment) -> None:
        self._situation = situation
        self._past = past
        self._doubts: dict[AttemptKey, Doubt] = {}
        self._session_since: Moment | None = None
        self.certainly_not_sent: Callable[[AttemptKey], bool] = lambda _: False
        self.on_conclusion: Callable[[AttemptKey], None] = lambda _: None
        for key in past.unresolved():
            told = key in past.outcomes
            self.add(Doubt.of_journal(key, past.intents[key], told=told, now=now))

    def add(self, doubt: Doubt) -> None:
        self._doubts[doubt.key] = doubt

    def __contains__(self, key: AttemptKey) -> bool:
        return key in self._doubts

    def session_opened(self, now: Moment) -> None:
        """Give the server time to ask about what it doubts."""
        self._session_since = now

    def rival_of(self, *, position: object, order: object, now: Moment) -> str | None:
        """Return the command in doubt that is about this position or order; None: none is.

        What the server has ceased to ask about is looked for still, and is in nobody's way.
        """
        for doubt in self._doubts.values():
            is_rival = is_about(doubt.fields or {}, position=position, order=order)
            if is_rival and not self._is_settled(doubt, now):
                return doubt.key[0]
        return None

    def _is_settled(self, doubt: Doubt, now: Moment) -> bool:
        """Tell whether the server, though it could ask, has not for long enough."""
        if self._session_since is None:
            return False
        since = (doubt.since, self._session_since, doubt.asked or doubt.since)
        return now.since(max(since, key=lambda moment: moment.monotonic)) >= _SETTLED_AFTER

    def since(self, *, position: object, order: object) -> Moment | None:
        """Return since when a command about this position or order is in doubt; None: none is."""
        doubted = [
            doubt.since
            for doubt in self._doubts.values()
            if is_about(doubt.fields or {}, position=position, order=order)
        ]
        return max(doubted, key=lambda moment: moment.monotonic, default=None)

    def openings(self, now: Moment) -> int:
        """Return how many attempts are in doubt that may yet open something.

        Not those that have been in doubt for so long that they are looked for rarely.
        """
        return sum(
            _may_open(doubt.fields or {}) and now.since(doubt.since) < _PATIENCE
            for doubt in self._doubts.values()
        )

    def hear_resolve(self, message: execution_pb2.Resolve, now: Moment) -> Effects:
        """Answer what became of an attempt: from the journal, or by looking at the terminal."""
        key = (message.command_id, message.attempt)
        # Known from now on, whatever the journal has lost: its order's end is to be told.
        self._past.magics.add(message.magic)
        if key in self._doubts:
            doubt = replace(self._doubts[key], asked=now)
            self.add(doubt if doubt.looking else replace(doubt, next_look=now))
            return self.tick(now)
        known = self._past.results.get(key)
        if known is not None:
            told = execution_pb2.Event.FromString(known)
            # It may not be believed: a restored book has forgotten the grant. Asked again, it may
            # conclude from what the terminal shows.
            return [Tell(told.natural_key, told), self._look(key, message.magic, now)]
        self.add(
            Doubt(key, message.magic, None, b"", sent=None, told=False, since=now, next_look=now)
        )
        return self.tick(now)

    def tick(self, now: Moment) -> Effects:
        """Look for everything whose time has come."""
        effects: Effects = []
        for doubt in list(self._doubts.values()):
            if doubt.looking or now.monotonic < doubt.next_look.monotonic:
                continue
            self.add(replace(doubt, looking=True))
            key = doubt.key
            effects.append(
                Ask(doubt.job(), lambda outcome, at, key=key: self._seen(key, outcome, at))
            )
        return effects

    def _look(self, key: AttemptKey, magic: int, now: Moment) -> Ask:
        """Look once at what the terminal shows of an attempt whose end is known here."""
        settled = Doubt(key, magic, None, b"", sent=None, told=True, since=now, next_look=now)

        def seen(outcome: object, at: Moment) -> Effects:
            if not isinstance(outcome, jobs.LookAnswer):
                return []
            self._situation.see_terminal(outcome.terminal, at)
            return [self._evidence(settled, outcome, at)]

        return Ask(settled.job(), seen)

    def _seen(self, key: AttemptKey, outcome: object, now: Moment) -> Effects:
        doubt = self._doubts.get(key)
        if doubt is None:
            # Another look that was under way has settled it.
            return []
        self.add(doubt.looked(now))
        if not isinstance(outcome, jobs.LookAnswer):
            return [Log("warning", "no look at the terminal", {"command_id": key[0]})]
        self._situation.see_terminal(outcome.terminal, now)
        found = conclude(outcome, doubt.fields)
        if found is not None:
            return self._conclude(doubt, shown(found, sent=doubt.sent), now)
        if self.certainly_not_sent(key):
            ending = Ending(Outcome.NOT_SENT, "GRANT_NOT_RECEIVED", "no grant reached this bridge")
            return self._conclude(doubt, ending, now)
        return [self._evidence(doubt, outcome, now)]

    def _conclude(self, doubt: Doubt, ending: Ending, now: Moment) -> Effects:
        del self._doubts[doubt.key]
        self.on_conclusion(doubt.key)
        record = result_record(
            doubt.key,
            ending,
            now.utc,
            grant_id=doubt.grant_id,
            generation=0,
            resolved=doubt.told,
        )
        self._past.take(record)
        facts = {"command_id": doubt.key[0], "outcome": str(ending.outcome)}
        return [Log("info", "doubt resolved", facts), Write([record])]

    def _evidence(self, doubt: Doubt, answer: jobs.LookAnswer, now: Moment) -> Tell:
        """Tell what was looked at and that nothing was there, which concludes nothing."""
        command_id, attempt = doubt.key
        # The time numbers the looks, so that those after a restart are not taken for repeats.
        number = int(now.utc.timestamp() * 1000)
        told = event(f"evidence:{command_id}:{attempt}:{number}", now.utc)
        evidence = told.evidence
        evidence.command_id, evidence.attempt = doubt.key
        _add_tickets(evidence, answer.traces)
        continuity = self._situation.continuity
        if doubt.sent is not None:
            evidence.connected_throughout = continuity.covers(doubt.sent)
        evidence.history_complete = history_is_whole(answer)
        if continuity.since is not None:
            # Counted back by the steady clock: the other may have been set since.
            connected_for = timedelta(seconds=now.monotonic - continuity.since.monotonic)
            evidence.connected_since_time.FromDatetime(now.utc - connected_for)
        return Tell(f"evidence:{command_id}:{attempt}", told)


def _may_open(fields: RequestFields) -> bool:
    return fields.get("action") in (Action.DEAL, Action.PENDING) and "position" not in fields


def _add_tickets(evidence: execution_pb2.Evidence, traces: Traces) -> None:
    orders = (*traces.orders, *traces.past_orders)
    evidence.order_tickets.extend([order.ticket for order in orders[:_ORDERS_MAX]])
    evidence.deal_tickets.extend([deal.ticket for deal in traces.deals[:_DEALS_MAX]])
    positions = traces.positions[:_ORDERS_MAX]
    evidence.position_tickets.extend([position.ticket for position in positions])
