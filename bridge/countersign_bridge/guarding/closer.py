"""Closes everything when the guard says so and no server does: one attempt at a time, sent once.

It is the server's to close, by commands, while it speaks. Nothing of the bridge's own begins about
a position or an order that a command is about, and no command is taken up about one that the
bridge is closing; so that never two are under way.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from countersign_bridge.clock import Moment
from countersign_bridge.effects import Ask, Effects, Log, Write
from countersign_bridge.fingerprints import order_magic
from countersign_bridge.guarding.closing import (
    MARKET_CLOSED,
    Target,
    closing_request,
    delay_after,
    found_again,
    targets,
)
from countersign_bridge.guarding.guard import Guard
from countersign_bridge.guarding.recording import Closing, closed_record, closing_record
from countersign_bridge.guarding.unsettled import Unsettled
from countersign_bridge.intents import MarginMode
from countersign_bridge.journal.recovery import Past
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from countersign_bridge.trading.recording import Ending, answered
from countersign_bridge.trading.refusals import unreachable
from countersign_bridge.trading.retcodes import Outcome, SendAnswer, classify
from countersign_bridge.trading.verification import Refusal

# How long a server that speaks may take to close before the bridge does: since the session opened,
# since closing began, since the last command that closes.
SERVERS_TURN = timedelta(seconds=5)
# How long a bridge that has just started waits for a server at all.
_START_PATIENCE = timedelta(seconds=3)
# How long an attempt holds, from the look at its target to the terminal's own process.
_VALID_FOR = timedelta(seconds=5)
# How far back the terminal's history is looked through for the tag of a new attempt.
_LOOK_BACK = timedelta(days=7)
# How soon a target is looked at again that was gone, or could not be looked at.
_SOON = timedelta(seconds=1)

TargetKey = tuple[bool, int]


@dataclass(frozen=True, slots=True)
class _Tried:
    """Why a target is not tried before `not_before`, nor before a price newer than `market_ms`."""

    refusals: int
    not_before: Moment
    market_ms: int = 0


@dataclass(frozen=True, slots=True)
class _InHand:
    """The one attempt that is being made. `closing` None: its target is being looked at."""

    target: Target
    resets: int
    attempt_id: str
    began: Moment
    closing: Closing | None = None
    sent: Moment | None = None


class Closer:
    """Everything that the guard closes by itself. Asked by one thread."""

    def __init__(  # noqa: PLR0913  # what it stands between, by name
        self,
        situation: Situation,
        past: Past,
        guard: Guard,
        *,
        is_commanded: Callable[[Target, Moment], bool],
        new_id: Callable[[], str],
        new_nonce: Callable[[], bytes],
        now: Moment,
    ) -> None:
        self._situation = situation
        self._guard = guard
        # Whether a command is about a target, or a doubt about it that must be waited for.
        self._is_commanded = is_commanded
        self._new_id = new_id
        self._new_nonce = new_nonce
        self._in_hand: _InHand | None = None
        self._tried: dict[TargetKey, _Tried] = {}
        self._unsettled = Unsettled(situation, past, now)
        self._started = now
        self._servers_since = now
        self._was_flattening = False

    @property
    def is_sending(self) -> bool:
        """Whether an attempt is written down and its end still to come."""
        return self._in_hand is not None and self._in_hand.closing is not None

    def leave_to_server(self, now: Moment) -> None:
        """Give the server its turn: it is there again, or has something closed."""
        self._servers_since = now

    def is_about(self, position: object, order: object, now: Moment) -> bool:
        """Whether an attempt of its own is about this position or order, by their tickets."""
        hand = self._in_hand
        if hand is not None and hand.target.ticket == (order if hand.target.is_order else position):
            return True
        resets = self._guard.latch.resets
        return self._unsettled.is_about(position=position, order=order, resets=resets, now=now)

    def is_harmless_twice(self, target: Target, doubted_for: timedelta) -> bool:
        """Whether a close in doubt for so long need not keep another one back."""
        return self._unsettled.is_harmless_twice(target, doubted_for)

    def tick(self, now: Moment) -> Effects:
        """Look for what became of earlier attempts, and begin the next one if it is ours to."""
        flattening = self._guard.is_flattening
        began = flattening and not self._was_flattening
        self._was_flattening = flattening
        if began:
            self._tried.clear()
            self._servers_since = now
        read = self._guard.read
        if read is not None:
            open_now = targets(read.positions, read.orders)
            self._unsettled.compare({one.key: one.volume for one in open_now})
        return [*self._unsettled.tick(now), *self._next(now)]

    def _is_ours(self, now: Moment) -> bool:
        """Whether everything is to be closed, and the server does not, or cannot."""
        situation = self._situation
        if not self._guard.is_flattening or situation.draining or not situation.account_is_ours:
            return False
        hedges = situation.identity.margin_mode is MarginMode.HEDGING
        if situation.held_elsewhere and not hedges:
            # Two that close one netting position at once turn it round; the other one is at it.
            return False
        if situation.session_open:
            return now.since(self._servers_since) >= SERVERS_TURN
        return now.since(self._started) >= _START_PATIENCE

    def _next(self, now: Moment) -> Effects:
        """Begin the next attempt that may be made, if any."""
        read = self._guard.read
        if self._in_hand is not None or read is None or not self._is_ours(now):
            return []
        open_now = targets(read.positions, read.orders)
        target = next((one for one in open_now if self._may_try(one, now)), None)
        return [] if target is None else [self._look(target, now)]

    def _may_try(self, target: Target, now: Moment) -> bool:
        if self._is_commanded(target, now):
            return False
        if self._unsettled.keeps_back(target, resets=self._guard.latch.resets, now=now):
            return False
        tried = self._tried.get(target.key)
        if tried is None:
            return True
        # In a closed market no price comes; the first one of the next session is newer.
        newest_ms = self._guard.prices.time_ms(target.symbol)
        is_shut = 0 < newest_ms <= tried.market_ms
        return now.monotonic >= tried.not_before.monotonic and not is_shut

    def _look(self, target: Target, now: Moment) -> Ask:
        """Read a target afresh: its volume may have changed, and its ticket."""
        its_id = self._new_id()
        self._in_hand = _InHand(target, self._guard.latch.resets, its_id, now)
        look = jobs.Inspect(
            symbol=target.symbol,
            magic=self._magic(its_id),
            opening_magic=0,
            since_s=max(0, int((now.utc - _LOOK_BACK).timestamp())),
            closes=True,
        )
        return Ask(look, self._looked)

    def _looked(self, outcome: object, now: Moment) -> Effects:
        hand = self._hand()
        if not isinstance(outcome, jobs.InspectAnswer):
            return self._put_off(hand, unreachable(outcome), now)
        self._situation.see_terminal(outcome.terminal, now)
        target = found_again(hand.target, outcome)
        if target is None or self._is_commanded(target, now) or not self._is_ours(now):
            self._tried[hand.target.key] = _Tried(0, now.later(_SOON))
            return self._over(now)
        magic = self._magic(hand.attempt_id)
        request = closing_request(target, outcome, magic=magic)
        if isinstance(request, Refusal):
            return self._put_off(hand, request, now)
        closing = Closing(
            attempt_id=hand.attempt_id,
            target=target,
            cause=self._guard.latch.cause,
            resets=hand.resets,
            magic=magic,
            grant_id=self._new_nonce(),
            fields=request.fields(),
        )
        self._in_hand = replace(hand, target=target, closing=closing)
        broken = Refusal.for_now("JOURNAL_UNAVAILABLE", "the bridge cannot write its journal")
        return [
            Write(
                [closing_record(closing, now.utc)],
                then=self._written,
                failed=lambda at: self._put_off(self._hand(), broken, at),
            )
        ]

    def _written(self, now: Moment) -> Effects:
        """Send, the intent being on the disk, unless something has come between."""
        hand, closing = self._hand(), self._closing()
        lapse = now.since(hand.began) - _VALID_FOR
        if lapse >= timedelta(0) or not self._is_ours(now):
            reason = "LAPSED" if lapse >= timedelta(0) else "NOT_WANTED"
            return self._ended(Ending(Outcome.NOT_SENT, reason), now)
        self._in_hand = replace(hand, sent=now)
        send = jobs.Send(
            fields=closing.fields,
            grant_id=closing.grant_id,
            deadline=now.monotonic - lapse.total_seconds(),
            deadline_wall=(now.utc - lapse).timestamp(),
            price_min=None,
            price_max=None,
            closes=True,
        )
        return [Ask(send, self._answered)]

    def _answered(self, outcome: object, now: Moment) -> Effects:
        hand, closing = self._hand(), self._closing()
        sent = hand.sent.utc if hand.sent else None
        if isinstance(outcome, SendAnswer):
            verdict = classify(outcome, closing.fields)
            return self._ended(answered(outcome, verdict, sent=sent, returned=now.utc), now)
        if isinstance(outcome, jobs.Lost):
            ending = Ending(Outcome.IN_DOUBT, "TERMINAL_LOST", outcome.detail, sent=sent)
            return self._ended(ending, now)
        refusal = unreachable(outcome)
        return self._ended(Ending(Outcome.NOT_SENT, refusal.reason, refusal.detail), now)

    def _ended(self, ending: Ending, now: Moment) -> Effects:
        """Write down how an attempt ended, and go on with the next."""
        hand, closing = self._hand(), self._closing()
        if ending.outcome in (Outcome.REJECTED, Outcome.NOT_SENT):
            self._tried[hand.target.key] = self._refused(hand.target, ending.reason, now)
        else:
            self._tried.pop(hand.target.key, None)
            sent = hand.sent or hand.began
            self._unsettled.add(closing, ending.outcome, sent.utc, now)
        facts = {
            "symbol": hand.target.symbol,
            "ticket": hand.target.ticket,
            "outcome": str(ending.outcome),
            "reason": ending.reason,
        }
        record = closed_record(closing, ending, now.utc, resolved=False)
        self._in_hand = None
        return [Log("warning", "own close ended", facts), Write([record]), *self._next(now)]

    def _put_off(self, hand: _InHand, refusal: Refusal, now: Moment) -> Effects:
        """Try a target later of which nothing was written down."""
        self._tried[hand.target.key] = self._refused(hand.target, refusal.reason, now)
        facts = {"ticket": hand.target.ticket, "reason": refusal.reason, "detail": refusal.detail}
        return [Log("warning", "own close put off", facts), *self._over(now)]

    def _refused(self, target: Target, reason: str, now: Moment) -> _Tried:
        before = self._tried.get(target.key)
        refusals = 1 + (before.refusals if before else 0)
        market_ms = self._guard.prices.time_ms(target.symbol) if reason == MARKET_CLOSED else 0
        return _Tried(refusals, now.later(delay_after(refusals)), market_ms)

    def _over(self, now: Moment) -> Effects:
        self._in_hand = None
        return self._next(now)

    def _magic(self, its_id: str) -> int:
        account_id = self._situation.identity.account_id
        return order_magic(account_id=account_id, command_id=its_id, attempt=1)

    def _hand(self) -> _InHand:
        if self._in_hand is None:
            raise AssertionError("an outcome is that of the attempt in hand")
        return self._in_hand

    def _closing(self) -> Closing:
        closing = self._hand().closing
        if closing is None:
            raise AssertionError("an attempt that is sent has been written down")
        return closing
