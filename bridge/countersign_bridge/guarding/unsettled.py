"""The guard's own attempts whose effect has not shown yet: looked for, and not made again blindly.

On a hedging account a close goes by its position's ticket, and a cancel by its order's, so that a
second one can do no more than the first. On a netting account it could open the other way round:
there only what the terminal shows, or a person's word, lets go on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from countersign_bridge.clock import Moment
from countersign_bridge.effects import Ask, Effects, Log, Write
from countersign_bridge.guarding.closing import Target
from countersign_bridge.guarding.recording import Closing, closed_record, closing_of
from countersign_bridge.intents import MarginMode
from countersign_bridge.journal.recovery import Past
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from countersign_bridge.trading.recording import shown
from countersign_bridge.trading.resolution import conclude
from countersign_bridge.trading.retcodes import Outcome

# The delays between looks at one attempt.
_DELAYS_S = (0.5, 1.0, 2.0, 4.0, 6.0)
_LATER_DELAY_S = 60.0
_LOOKS_SOON = 100
# A doubt keeps a second attempt back for so long, where that could do no more than the first.
HARMLESS_AFTER = timedelta(seconds=10)
# History goes by the broker's clock, which may be a day off ours and stop for two.
_LOOK_BACK = timedelta(days=4)
_DONE = (Outcome.EXECUTED, Outcome.PARTIAL)
_OPEN_ENDED = (Outcome.IN_DOUBT, Outcome.WORKING)

TargetKey = tuple[bool, int]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """`outcome`: as far as it is known. `sent` by the wall clock, to look for it in the history."""

    closing: Closing
    outcome: Outcome
    sent: datetime
    since: Moment
    next_look: Moment
    looks: int = 0
    looking: bool = False


class Unsettled:
    """Attempts that were sent, or may have been, until what they did shows."""

    def __init__(self, situation: Situation, past: Past, now: Moment) -> None:
        self._situation = situation
        self._attempts: dict[str, _Attempt] = {}
        for kept in past.closings.values():
            outcome = past.closed.get(kept.attempt_id, Outcome.IN_DOUBT)
            if outcome in _OPEN_ENDED:
                self.add(closing_of(kept), outcome, kept.time, now)

    def add(self, closing: Closing, outcome: Outcome, sent: datetime, now: Moment) -> None:
        self._attempts[closing.attempt_id] = _Attempt(closing, outcome, sent, now, now)

    def keeps_back(self, target: Target, *, resets: int, now: Moment) -> bool:
        """Whether a target is not to be tried again yet. A person's word since lets it."""
        return any(self._is_binding(one, now) for one in self._about(target.key, resets))

    def is_about(self, *, position: object, order: object, resets: int, now: Moment) -> bool:
        """Whether an attempt binds this position or order, by their tickets."""
        return any(
            self._is_binding(one, now)
            for one in self._attempts.values()
            if one.closing.resets == resets
            and one.closing.target.ticket == (order if one.closing.target.is_order else position)
        )

    def compare(self, open_now: Mapping[TargetKey, Decimal]) -> None:
        """Let go of what is done and shows: its target is gone, or is smaller."""
        for attempt_id, one in list(self._attempts.items()):
            target = one.closing.target
            if one.outcome in _DONE and open_now.get(target.key) != target.volume:
                del self._attempts[attempt_id]

    def tick(self, now: Moment) -> Effects:
        """Look for everything whose time has come."""
        effects: Effects = []
        for attempt_id, one in list(self._attempts.items()):
            due = now.monotonic >= one.next_look.monotonic
            if one.outcome in _OPEN_ENDED and due and not one.looking:
                self._attempts[attempt_id] = replace(one, looking=True)
                effects.append(
                    Ask(_look(one), lambda found, at, it=attempt_id: self._seen(it, found, at))
                )
        return effects

    def _seen(self, attempt_id: str, outcome: object, now: Moment) -> Effects:
        one = self._attempts.get(attempt_id)
        if one is None:
            return []
        self._attempts[attempt_id] = _looked(one, now)
        if not isinstance(outcome, jobs.LookAnswer):
            return []
        self._situation.see_terminal(outcome.terminal, now)
        found = conclude(outcome, one.closing.fields)
        if found is None or found.outcome in _OPEN_ENDED:
            return []  # an order at the broker is no end; its end is told once
        self._attempts[attempt_id] = replace(_looked(one, now), outcome=found.outcome)
        if found.outcome not in _DONE:
            del self._attempts[attempt_id]
        ending = shown(found, sent=one.sent)
        facts = {"attempt": attempt_id, "outcome": str(found.outcome), "reason": found.reason}
        record = closed_record(one.closing, ending, now.utc, resolved=True)
        return [Log("info", "own close resolved", facts), Write([record])]

    def _about(self, key: TargetKey, resets: int) -> Iterable[_Attempt]:
        return (
            one
            for one in self._attempts.values()
            if one.closing.target.key == key and one.closing.resets == resets
        )

    def _is_binding(self, one: _Attempt, now: Moment) -> bool:
        return not self.is_harmless_twice(one.closing.target, now.since(one.since))

    def is_harmless_twice(self, target: Target, doubted_for: timedelta) -> bool:
        """Whether closing a target again, after a doubt of so long, does no more than the first."""
        by_ticket = target.is_order or self._situation.identity.margin_mode is MarginMode.HEDGING
        return by_ticket and doubted_for >= HARMLESS_AFTER


def _look(one: _Attempt) -> jobs.Look:
    since = max(0, int((one.sent - _LOOK_BACK).timestamp()))
    target = one.closing.target
    position, order = (0, target.ticket) if target.is_order else (target.ticket, 0)
    return jobs.Look(one.closing.magic, since, position, order)


def _looked(one: _Attempt, now: Moment) -> _Attempt:
    soon = _DELAYS_S[min(one.looks, len(_DELAYS_S) - 1)]
    delay = soon if one.looks < _LOOKS_SOON else _LATER_DELAY_S
    later = now.later(timedelta(seconds=delay))
    return replace(one, looks=one.looks + 1, looking=False, next_look=later)
