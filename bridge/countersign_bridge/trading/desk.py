"""Where offers become orders: verify, claim, write down, send once, conclude.

No I/O and no clock of its own: what happens comes in with the moment it happened, and what is to be
done goes out as effects.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from countersign.v1 import execution_pb2
from countersign_bridge.channel.frames import claim_frame, decline_frame, grant_of, offer_of
from countersign_bridge.clock import Moment
from countersign_bridge.decimals import decimal_text
from countersign_bridge.effects import Ask, Effects, Log, Say, Tell, Write
from countersign_bridge.journal.records import Record
from countersign_bridge.journal.recovery import Past
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from countersign_bridge.trading.attempts import (
    Attempt,
    AttemptEvent,
    AttemptState,
    Circumstances,
    Grant,
    forgo_reason,
    lapse_of,
)
from countersign_bridge.trading.doubts import Doubt, Doubts
from countersign_bridge.trading.in_hand import InHand, is_unclaimed
from countersign_bridge.trading.ordering import order_for
from countersign_bridge.trading.recording import (
    Ending,
    answered,
    declined_record,
    intent_record,
    overfill_event,
    received_record,
    result_record,
)
from countersign_bridge.trading.refusals import check_refusal, unreachable
from countersign_bridge.trading.requests import Action, RequestFields
from countersign_bridge.trading.retcodes import (
    Outcome,
    SendAnswer,
    classify,
)
from countersign_bridge.trading.verification import (
    Offer,
    Refusal,
    check_terminal,
    verify_offer,
)

AttemptKey = tuple[str, int]

# Attempts in hand at once; the server's credit is smaller.
ATTEMPTS_MAX = 64
# How far back the terminal's history is looked through for the tag of a new attempt.
LOOK_BACK = timedelta(days=7)


class Desk:
    """The attempts in hand. One desk, one account, one thread."""

    def __init__(
        self, situation: Situation, past: Past, doubts: Doubts, *, new_nonce: Callable[[], bytes]
    ) -> None:
        self._situation = situation
        self._past = past
        self._doubts = doubts
        self._new_nonce = new_nonce
        self._in_hand = InHand()
        # Whether the guard's own closing is about a position or an order.
        # Told when the server has something closed, so that the guard leaves that to it.
        self.on_closing: Callable[[Moment], None] = lambda _: None
        self.guard_is_about: Callable[[object, object, Moment], bool] = lambda _, __, ___: False

    def hear_offer(self, message: execution_pb2.Offer, now: Moment) -> Effects:
        """Take up an offer, or say why not. A repeat of one in hand changes nothing."""
        offer = offer_of(message)
        key = (offer.command_id, offer.attempt)
        known = self._in_hand.get(key)
        if self._situation.draining or (known and not known.state.is_over):
            return []
        if key in self._past.intents or key in self._past.outcomes:
            detail = "this attempt was granted before; an order may have been sent for it"
            refusal = Refusal.for_good("ALREADY_SENT", detail)
            return [*self._decline(offer, refusal, now), *self._tell_again(key)]
        intent = verify_offer(
            offer,
            self._situation.identity,
            server_now=self._situation.server_now(now),
            bridge_now=now.utc,
            opening_magics=self._past.opening_magics,
        )
        if isinstance(intent, Refusal):
            return self._decline(offer, intent, now)
        attempt = Attempt(offer, intent)
        refusal = self._house_refusal(attempt)
        if refusal is not None:
            return self._decline(offer, refusal, now)
        self._in_hand.keep(attempt)
        if intent.kind.reduces:
            self.on_closing(now)
        look = jobs.Inspect(
            symbol=intent.symbol,
            magic=offer.magic,
            opening_magic=offer.target.opening_magic,
            since_s=max(0, int((now.utc - LOOK_BACK).timestamp())),
            closes=intent.kind.reduces,
        )
        return [Ask(look, lambda outcome, at: self._inspected(key, outcome, at))]

    def hear_grant(self, message: execution_pb2.Grant, now: Moment) -> Effects:
        """Write the intent down if the grant answers our claim and still holds."""
        attempt = self._in_hand.get((message.command_id, message.attempt))
        if (
            attempt is None
            or attempt.state is not AttemptState.CLAIMED
            or attempt.claim_nonce != message.claim_nonce
        ):
            facts = {"command_id": message.command_id, "attempt": message.attempt}
            return [Log("warning", "grant answers no claim in hand", facts)]
        grant = grant_of(message)
        self._situation.generation_seen = max(self._situation.generation_seen, grant.generation)
        reason = forgo_reason(attempt, grant, self._circumstances(attempt), now)
        if reason is not None:
            return self._forgo(attempt, grant, reason, "", now)
        armed = self._in_hand.keep(replace(attempt.after(AttemptEvent.GRANT), grant=grant))
        record = intent_record(armed, grant, armed.fields or {}, now.utc)
        return [
            Write(
                [record],
                then=lambda at: self._armed(armed.key, record, at),
                failed=lambda at: self._forgo(armed, grant, "JOURNAL_UNAVAILABLE", "", at),
            )
        ]

    def hear_deny(self, message: execution_pb2.Deny) -> Effects:
        attempt = self._in_hand.get((message.command_id, message.attempt))
        if attempt is None or attempt.claim_nonce != message.claim_nonce:
            return []
        if attempt.state is AttemptState.CLAIMED:
            self._in_hand.keep(attempt.after(AttemptEvent.WITHDRAW))
        facts = {"command_id": message.command_id, "reason": message.reason}
        return [Log("info", "claim denied", facts)]

    def hear_cancel(self, command_id: str) -> Effects:
        """Do not send, if it is not sent yet."""
        for attempt in self._in_hand.of_command(command_id):
            if is_unclaimed(attempt):
                self._in_hand.withdraw(attempt)
            else:
                self._in_hand.keep(replace(attempt, cancelled=True))
        return []

    @property
    def openings(self) -> int:
        """How many orders are on their way that may open something."""
        return self._in_hand.openings

    def is_about(self, *, position: object, order: object) -> bool:
        """Whether a command under way is about this position or order."""
        return self._in_hand.is_about(position=position, order=order)

    def lose_session(self) -> None:
        """Give up what was not granted: the server will offer it again, or tell what it granted."""
        self._in_hand.withdraw_ungranted()

    def certainly_not_sent(self, key: AttemptKey) -> bool:
        """Whether this very process claimed the attempt and never saw its grant."""
        attempt = self._in_hand.get(key)
        return (
            attempt is not None
            and attempt.state is AttemptState.WITHDRAWN
            and key not in self._past.intents
        )

    @property
    def is_sending(self) -> bool:
        """Whether an order is on its way and its answer still to come."""
        return self._in_hand.is_sending

    def _inspected(self, key: AttemptKey, outcome: object, now: Moment) -> Effects:
        attempt = self._in_hand[key]
        if attempt.state is not AttemptState.INSPECTING:
            return []
        if not isinstance(outcome, jobs.InspectAnswer):
            return self._decline(attempt.offer, unreachable(outcome), now)
        self._situation.see_terminal(outcome.terminal, now)
        fields = self._request(attempt, outcome, now)
        if isinstance(fields, Refusal):
            return self._decline(attempt.offer, fields, now)
        priced = outcome.tick is not None and attempt.intent.kind.has_price
        checking = replace(
            attempt.after(AttemptEvent.INSPECT),
            fields=fields,
            bid=decimal_text(outcome.tick.bid) if outcome.tick and priced else "",
            ask=decimal_text(outcome.tick.ask) if outcome.tick and priced else "",
        )
        self._in_hand.keep(checking)
        if fields["action"] == Action.REMOVE:  # needs no funds and breaks no rule
            return self._receive(checking, now)
        job = jobs.Check(fields, attempt.intent.kind.reduces)
        return [Ask(job, lambda answer, at: self._checked(key, answer, at))]

    def _request(
        self, attempt: Attempt, shown: jobs.InspectAnswer, now: Moment
    ) -> RequestFields | Refusal:
        """Return the request the attempt becomes if the terminal, as it stands, allows it."""
        refusal = check_terminal(attempt.intent, self._situation.identity, shown)
        if refusal is not None:
            return refusal
        request = order_for(
            attempt.offer, attempt.intent, shown, broker_offset=self._situation.broker_offset
        )
        if isinstance(request, Refusal):
            return request
        fields = request.fields()
        position, order = fields.get("position"), fields.get("order")
        rival = self._in_hand.rival_of(attempt, position=position, order=order)
        rival = rival or self._doubts.rival_of(position=position, order=order, now=now)
        if rival is not None:
            detail = f"command {rival} is about the same and not over"
            return Refusal.for_now("TARGET_BUSY", detail)
        if self.guard_is_about(position, order, now):
            return Refusal.for_now("TARGET_BUSY", "the guard beside the terminal is closing it")
        return fields

    def _checked(self, key: AttemptKey, outcome: object, now: Moment) -> Effects:
        attempt = self._in_hand[key]
        if attempt.state is not AttemptState.CHECKING:
            return []
        if not isinstance(outcome, jobs.CheckAnswer):
            return self._decline(attempt.offer, unreachable(outcome), now)
        refusal = check_refusal(outcome)
        if refusal is not None:
            return self._decline(attempt.offer, refusal, now)
        return self._receive(attempt, now)

    def _receive(self, attempt: Attempt, now: Moment) -> Effects:
        """Write down that the attempt will be claimed, then claim it."""
        broken = Refusal.for_now("JOURNAL_UNAVAILABLE", "the bridge cannot write its journal")
        return [
            Write(
                [received_record(attempt, now.utc)],
                then=lambda at: self._claim(attempt.key, at),
                failed=lambda at: self._decline(attempt.offer, broken, at),
            )
        ]

    def _claim(self, key: AttemptKey, now: Moment) -> Effects:
        attempt = self._in_hand[key]
        if attempt.state is not AttemptState.CHECKING or not self._situation.session_open:
            return []
        claimed = replace(
            attempt.after(AttemptEvent.CHECK), claim_nonce=self._new_nonce(), claimed_at=now
        )
        return [Say(claim_frame(self._in_hand.keep(claimed)))]

    def _armed(self, key: AttemptKey, record: Record, now: Moment) -> Effects:
        """Send, the intent being on the disk, unless something has come between.

        The disk may have taken a second or a minute: everything is asked again.
        """
        self._past.take(record)
        attempt = self._in_hand[key]
        grant = attempt.grant
        if grant is None or attempt.fields is None:
            raise AssertionError("an armed attempt has its grant and its request")
        reason = forgo_reason(attempt, grant, self._circumstances(attempt), now)
        if reason is not None:
            return self._forgo(attempt, grant, reason, "", now)
        sending = self._in_hand.keep(replace(attempt.after(AttemptEvent.SEND), sent_at=now))
        lapse = lapse_of(attempt, grant, now)
        send = jobs.Send(
            fields=attempt.fields,
            grant_id=grant.grant_id,
            deadline=now.monotonic - lapse.total_seconds(),
            deadline_wall=(now.utc - lapse).timestamp(),
            price_min=attempt.intent.price_min if "volume" in attempt.fields else None,
            price_max=attempt.intent.price_max if "volume" in attempt.fields else None,
            closes=attempt.intent.kind.reduces,
        )
        if attempt.intent.entry is not None and attempt.intent.entry.price is not None:
            # A pending order waits for its own price; the band is about trading now.
            send = replace(send, price_min=None, price_max=None)
        return [Ask(send, lambda outcome, at: self._sent(sending.key, outcome, at))]

    def _sent(self, key: AttemptKey, outcome: object, now: Moment) -> Effects:
        attempt = self._in_hand[key]
        grant = attempt.grant
        if grant is None or attempt.fields is None or attempt.sent_at is None:
            raise AssertionError("a sent attempt has its grant, its request and its time")
        if isinstance(outcome, SendAnswer):
            verdict = classify(outcome, attempt.fields)
            ending = answered(outcome, verdict, sent=attempt.sent_at.utc, returned=now.utc)
            return self._concluded(attempt, grant, ending, now)
        if isinstance(outcome, jobs.Lost):
            ending = Ending(
                Outcome.IN_DOUBT, "TERMINAL_LOST", outcome.detail, sent=attempt.sent_at.utc
            )
            return self._concluded(attempt, grant, ending, now)
        refusal = unreachable(outcome)
        return self._forgo(attempt, grant, refusal.reason, refusal.detail, now)

    def _concluded(self, attempt: Attempt, grant: Grant, ending: Ending, now: Moment) -> Effects:
        known = ending.outcome.is_known
        self._in_hand.keep(attempt.after(AttemptEvent.ANSWER if known else AttemptEvent.DOUBT))
        if not known:
            self._doubts.add(Doubt.of_attempt(attempt, grant, now))
        effects = self._result(attempt, grant, ending, now)
        alarm = overfill_event(attempt, ending, now.utc)
        return effects if alarm is None else [*effects, Tell(alarm.natural_key, alarm)]

    def _forgo(
        self, attempt: Attempt, grant: Grant, reason: str, detail: str, now: Moment
    ) -> Effects:
        """Conclude a granted attempt that was definitely not sent."""
        self._in_hand.keep(attempt.after(AttemptEvent.FORGO))
        return self._result(attempt, grant, Ending(Outcome.NOT_SENT, reason, detail), now)

    def _result(self, attempt: Attempt, grant: Grant, ending: Ending, now: Moment) -> Effects:
        record = result_record(
            attempt.key,
            ending,
            now.utc,
            grant_id=grant.grant_id,
            generation=grant.generation,
            resolved=False,
        )
        self._past.take(record)
        facts = {
            "command_id": attempt.offer.command_id,
            "attempt": attempt.offer.attempt,
            "outcome": str(ending.outcome),
            "reason": ending.reason,
            "retcode": ending.retcode,
        }
        return [Log("info", "attempt ended", facts), Write([record])]

    def _decline(self, offer: Offer, refusal: Refusal, now: Moment) -> Effects:
        attempt = self._in_hand.get((offer.command_id, offer.attempt))
        if attempt is not None:
            self._in_hand.withdraw(attempt)
        facts = {
            "command_id": offer.command_id,
            "attempt": offer.attempt,
            "reason": refusal.reason,
            "detail": refusal.detail,
        }
        return [
            Log("warning", "offer declined", facts),
            Write([declined_record(offer, refusal, now.utc)]),
            Say(decline_frame(offer, refusal)),
        ]

    def _tell_again(self, key: AttemptKey) -> Effects:
        """Tell how an attempt ended to a server that seems to have forgotten."""
        told = self._past.results.get(key)
        if told is None:
            return []
        event = execution_pb2.Event.FromString(told)
        return [Tell(event.natural_key, event)]

    def _house_refusal(self, attempt: Attempt) -> Refusal | None:
        situation = self._situation
        if not situation.account_is_ours:
            return Refusal.for_now("ACCOUNT_MISMATCH", "the terminal shows another account")
        # One approval, one order: a signed text is worth nothing the second time, whoever sends it.
        spent = self._past.may_have_sent(str(attempt.intent.approval))
        if spent or self._in_hand.has_another_of(attempt):
            detail = "the approval was carried out under another command"
            return Refusal.for_good("APPROVAL_USED", detail)
        if not situation.lets(attempt.intent.kind):
            return Refusal.for_now("HALTED", f"the account is {situation.trading_state}")
        if self._in_hand.count >= ATTEMPTS_MAX:
            return Refusal.for_now("BUSY", f"{ATTEMPTS_MAX} attempts are in hand")
        return None

    def _circumstances(self, attempt: Attempt) -> Circumstances:
        situation = self._situation
        return Circumstances(
            session_open=situation.session_open,
            latch_lets=situation.lets(attempt.intent.kind),
            terminal_connected=situation.terminal_connected,
            account_is_ours=situation.account_is_ours,
        )

    def conclude_doubt(self, key: AttemptKey) -> None:
        """Conclude an attempt of which the terminal has shown what became."""
        attempt = self._in_hand.get(key)
        if attempt is not None and attempt.state is AttemptState.IN_DOUBT:
            self._in_hand.keep(attempt.after(AttemptEvent.FIND))
