"""The guard beside the terminal: judges every reading by the owner's policy, link or no link.

What it holds is in force before it is on the disk, and again after any restart.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from countersign.v1 import execution_pb2
from countersign_bridge.clock import Moment
from countersign_bridge.effects import Effects, Log, Write
from countersign_bridge.guarding.policies import (
    NotTaken,
    OfferedPolicy,
    PolicyInForce,
    default_for,
    kept,
    taken,
)
from countersign_bridge.guarding.seeing import (
    Funds,
    GuardClock,
    Prices,
    is_believable,
    seen_account,
)
from countersign_bridge.guarding.wire import act_event, held_message, latch_of, policy_of, rule_of
from countersign_bridge.journal.records import Record, RecordKind
from countersign_bridge.journal.recovery import Past
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from countersign_guards.conditions import see_quote
from countersign_guards.effects import Effect
from countersign_guards.guardian import agree, see_account, tick
from countersign_guards.latch import Latch, TradingState
from countersign_guards.policy_text import PolicyUnreadable
from countersign_guards.state import GuardState
from countersign_guards.state_text import StateUnreadable, parse_state, state_text

# How long peaks and standings may be younger than what the disk has of them. What holds, and what
# counts down, is written at once.
_MEMORY_INTERVAL = timedelta(seconds=10)
# After a write that failed.
_WRITE_AGAIN = timedelta(seconds=1)
_UNWRITTEN_MAX = 500


class GuardUnreadable(Exception):
    """What the journal holds of the guard cannot be read; the message says what to do."""


class Guard:
    """Holds one account to its owner's policy. Asked by one thread."""

    def __init__(self, situation: Situation, past: Past, now: Moment) -> None:
        self._situation = situation
        self.policy, self.state = remembered(past, situation.identity.currency)
        seen = self.state.seen
        self._clock = GuardClock(now, seen=seen.at if seen else None)
        self._funds = Funds()
        self.prices = Prices()
        self.read: jobs.SnapshotAnswer | None = None
        self._written = past.guard_memory
        self._written_at = now
        self._unwritten: list[Record] = []
        situation.guard = self.state.trading_state
        # How many orders may yet open something that the terminal does not show.
        self.openings: Callable[[Moment], int] = lambda _: 0

    @property
    def latch(self) -> Latch:
        return self.state.latch

    @property
    def is_flattening(self) -> bool:
        """Whether everything is to be closed."""
        return self.state.latch.state is TradingState.FLATTENING

    def held(self) -> execution_pb2.GuardHeld:
        """Return what this side of the link holds, for the other one to agree with."""
        return held_message(self.latch, self.policy)

    def add_deals(self, scanned: jobs.ScanAnswer) -> None:
        """Learn what was paid in."""
        self._funds.add(scanned.deals)

    def see(self, read: jobs.SnapshotAnswer, now: Moment) -> Effects:
        """Judge a reading of the account. One that cannot be believed is none."""
        if not is_believable(read):
            return []
        self.read = read
        at = self._clock.at(now)
        policy, state = self.policy.policy, self.state
        for quote in self.prices.seen(read.ticks, at):
            state = see_quote(state, policy, quote)
        net_deposits = self._funds.net_deposits(read.account)
        openings = self.openings(now)
        view = seen_account(read, at=at, net_deposits=net_deposits, openings=openings)
        state, did = see_account(state, policy, view)
        measured = [
            Log("info", "guard measures", {"rule": rule, "from": str(track.reference)})
            for rule, track in state.tracks.items()
            if rule not in self.state.tracks
        ]
        return [*measured, *self._turn(state, did, now)]

    def tick(self, now: Moment) -> Effects:
        """Close what was announced when its time has come, and write what is not written yet."""
        state, did = tick(self.state, self.policy.policy, self._clock.at(now))
        return self._turn(state, did, now)

    def hear_policy(self, message: execution_pb2.PolicyInForce, now: Moment) -> Effects:
        """Go by a policy from now on, if it was signed by whoever may and is the newest."""
        return self._offered(policy_of(message), now)

    def hear_held(self, message: execution_pb2.GuardHeld, now: Moment) -> Effects:
        """Agree with what the server's guard holds."""
        theirs = _memory_of(message)
        state = self.state
        if theirs is not None and state.seen is None:
            # Never seen the account here: its peaks and its days are the server's.
            state = _adopted(theirs, state.latch, self._clock.at(now))
        latch = latch_of(message.latch)
        is_reset = latch.resets > state.latch.resets
        state, _ = agree(state, latch)
        if theirs is not None and is_reset:
            state = _measured_again(state, theirs)
        told = [Log("warning", "guard reset", {"resets": latch.resets})] if is_reset else []
        # The server knows what it has told; only what changes here is written.
        return [*told, *self._turn(state, (), now)]

    def _offered(self, offered: OfferedPolicy, now: Moment) -> Effects:
        found = taken(offered, self.policy, self._situation.identity)
        if isinstance(found, NotTaken):
            facts = {"reason": found.reason, "detail": found.detail, "version": offered.version}
            return [Log("error", "policy not taken", facts)] if found.is_alarming else []
        self.policy = found
        details = {"version": found.version, "text": found.text}
        log = Log("info", "policy taken", {"version": found.version, "sha256": found.digest})
        return [log, *self._write([Record(RecordKind.POLICY, now.utc, details=details)], now)]

    def _turn(self, state: GuardState, did: tuple[Effect, ...], now: Moment) -> Effects:
        """Go over to what the guard now is, and write down what must outlive this process."""
        before, self.state = self.state, state
        self._situation.guard = state.trading_state
        records = [self._act_record(effect, now) for effect in did]
        logs = [
            Log("warning", "guard", {"did": type(effect).__name__, "rule": rule_of(effect)})
            for effect in did
        ]
        must = _held(state) != _held(before)
        due = now.since(self._written_at) >= _MEMORY_INTERVAL
        again = self._unwritten and now.since(self._written_at) >= _WRITE_AGAIN
        if not (records or must or due or again):
            return []
        return [*logs, *self._write(records, now)]

    def _write(self, records: list[Record], now: Moment) -> Effects:
        """Write records, what could not be written before them, and the memory if it changed."""
        self._written_at = now
        records = [*self._unwritten, *records]
        memory = state_text(self.state)
        if memory != self._written:
            records.append(self._memory_record(memory, now))
        if not records:
            return []
        self._unwritten, self._written = [], memory

        def failed(_: Moment) -> Effects:
            self._unwritten = records[-_UNWRITTEN_MAX:]
            return []

        return [Write(records, failed=failed)]

    def _memory_record(self, memory: str, now: Moment) -> Record:
        details = {"memory": memory, "account_id": self._situation.identity.account_id}
        return Record(RecordKind.MEMORY, now.utc, details=details)

    def _act_record(self, effect: Effect, now: Moment) -> Record:
        told = act_event(effect, self.state, self.policy, now.utc)
        details = {
            "did": type(effect).__name__,
            "rule": rule_of(effect),
            "state": str(self.state.trading_state),
        }
        return Record(RecordKind.GUARD, now.utc, details=details, event=told.SerializeToString())


def remembered(past: Past, currency: str) -> tuple[PolicyInForce, GuardState]:
    """Return the policy and the memory of before. Raises GuardUnreadable."""
    try:
        policy = default_for(currency) if past.policy is None else kept(*past.policy)
        state = parse_state(past.guard_memory) if past.guard_memory else GuardState()
    except (PolicyUnreadable, StateUnreadable) as error:
        raise GuardUnreadable(
            f"{error}: a later version of the bridge wrote it; install that version again"
        ) from error
    return policy, state


def _held(state: GuardState) -> tuple[object, ...]:
    """Return what the disk must have at once: what holds, what counts down, a beginning."""
    return state.latch, state.countdown, state.warned, state.seen is None


def _memory_of(message: execution_pb2.GuardHeld) -> GuardState | None:
    """Return what the server's guard remembers; None: nothing, or nothing that is read here."""
    try:
        return parse_state(message.memory) if message.memory else None
    except StateUnreadable:
        return None


def _adopted(theirs: GuardState, latch: Latch, now: datetime) -> GuardState:
    """Return the server's memory as one's own, seen by a clock that may be behind the server's."""
    seen = theirs.seen and replace(theirs.seen, at=min(theirs.seen.at, now))
    return replace(theirs, seen=seen, unsettled_since=None, latch=latch, countdown=None)


def _measured_again(state: GuardState, theirs: GuardState) -> GuardState:
    """Return a memory after a person's word: what is broken is measured as the server does now."""
    broken = {one.rule_id for one in state.standings.values() if one.is_broken}
    moved = {rule_id: theirs.tracks[rule_id] for rule_id in broken & theirs.tracks.keys()}
    return replace(
        state,
        tracks={**state.tracks, **moved},
        # The next view tells.
        standings={
            rule_id: one for rule_id, one in state.standings.items() if rule_id not in moved
        },
    )
