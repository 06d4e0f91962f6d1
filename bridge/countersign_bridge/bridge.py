"""The whole bridge, without any I/O: what happens comes in, what is to be done goes out.

Everything it knows came with a call, and every call says what time it is; so a simulation can drive
it through any weather, crash it anywhere, and begin again from its journal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta

from countersign.v1 import devices_pb2, execution_pb2
from countersign_bridge import __version__
from countersign_bridge.channel.frames import trading_state_of
from countersign_bridge.channel.outbox import Outbox
from countersign_bridge.channel.session import Session, SessionState, StreamEnd
from countersign_bridge.clock import Moment
from countersign_bridge.effects import Ask, Effect, Effects, End, Log, Say, Tell, Write
from countersign_bridge.guarding.closer import Closer
from countersign_bridge.guarding.closing import Target
from countersign_bridge.guarding.guard import Guard
from countersign_bridge.intents import Kind
from countersign_bridge.journal.records import Kept, Record, RecordKind
from countersign_bridge.journal.recovery import Past
from countersign_bridge.reporting.events import (
    anomaly_event,
    fingerprint_message,
    health_message,
)
from countersign_bridge.reporting.ledger import Ledger
from countersign_bridge.reporting.rates import Rates
from countersign_bridge.reporting.watch import Watch
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from countersign_bridge.trading.desk import Desk
from countersign_bridge.trading.doubts import Doubts

CONTRACT_VERSION = 1
_UNRESOLVED_MAX = 1000
# How long stopping waits for an order on its way, and for the server to take its result.
STOP_PATIENCE = timedelta(seconds=12)

Act = Callable[[execution_pb2.ChannelResponse, Moment], Effects]


@dataclass(frozen=True, slots=True)
class Chance:
    """Where what nobody may guess comes from."""

    new_nonce: Callable[[], bytes]  # 16 random bytes
    new_id: Callable[[], str]  # a random UUID
    jitter: Callable[[], float]  # from [0, 1)


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often the terminal is read."""

    scan: timedelta
    watch: timedelta


class Bridge:
    """The decisions of one bridge. Not safe for two threads."""

    def __init__(  # noqa: PLR0913  # what a bridge is made of, named at its one call
        self,
        situation: Situation,
        past: Past,
        *,
        journal_id: str,
        chance: Chance,
        intervals: Intervals,
        now: Moment,
    ) -> None:
        self._situation = situation
        self._past = past
        self._journal_id = journal_id
        self._instance_id = chance.new_id()
        self._chance = chance
        self._outbox = Outbox(past.unacknowledged)
        self._session = Session(self._outbox, hello=self._hello, jitter=chance.jitter, now=now)
        self._doubts = Doubts(situation, past, now)
        self._desk = Desk(situation, past, self._doubts, new_nonce=chance.new_nonce)
        self._doubts.certainly_not_sent = self._desk.certainly_not_sent
        self._doubts.on_conclusion = self._desk.conclude_doubt
        self._guard = Guard(situation, past, now)
        self._closer = Closer(
            situation,
            past,
            self._guard,
            is_commanded=self._is_commanded,
            new_id=chance.new_id,
            new_nonce=chance.new_nonce,
            now=now,
        )
        self._desk.guard_is_about = self._closer.is_about
        self._desk.on_closing = self._closer.leave_to_server
        self._ledger = Ledger(situation, past, interval=intervals.scan, now=now)
        self._watch = Watch(situation, interval=intervals.watch, now=now)
        self._guard.openings = lambda at: self._desk.openings + self._doubts.openings(at)
        self._watch.on_read = self._guard.see
        self._rates = Rates(situation)
        self._ledger.on_scan = self._guard.add_deals
        self._stopping_since: Moment | None = None
        self._acts = self._acts_of_frames()
        situation.latch = past.latch
        if past.account_id:
            situation.identity = replace(situation.identity, account_id=past.account_id)
        situation.generation_seen = past.generation_seen

    def tick(self, now: Moment) -> Effects:
        """Do what has become due. To be called several times a second."""
        if self._stopping_since is not None:
            return self._stop(self._stopping_since, now)
        effects = self._session.tick(now)
        self._note_session()
        if (beat := self._session.beat(now)) is not None:
            beat.heartbeat.terminal.CopyFrom(self._health())
            effects.append(Say(beat))
        if self._session.state is SessionState.DRAINING and self._may_leave():
            effects += self._session.depart(now)
            self._note_session()
        if self._situation.account_is_ours:
            effects += [*self._guard.tick(now), *self._closer.tick(now)]
            effects += [*self._doubts.tick(now), *self._ledger.tick(now), *self._watch.tick(now)]
        return self._settled(effects)

    def hear(self, stream: int, frame: execution_pb2.ChannelResponse, now: Moment) -> Effects:
        """Act on a frame of the server."""
        effects, turn = self._session.hear(stream, frame, now)
        self._note_session()
        if turn is not None:
            effects = [*effects, *self._act(turn, now)]
        return self._settled(effects)

    def stream_ended(self, stream: int, how: StreamEnd, now: Moment) -> Effects:
        effects = self._session.end(stream, how, now)
        self._note_session()
        return self._settled(effects)

    def terminal_seen(self, seen: jobs.HealthAnswer | jobs.Failure, now: Moment) -> Effects:
        """Note that the terminal process has come up, or why it could not."""
        if isinstance(seen, jobs.HealthAnswer):
            self._situation.see_terminal(seen.terminal, now)
            self._situation.account_trade_allowed = seen.account.trade_allowed
            self._ledger.terminal_started(now)
            return []
        self._situation.terminal = None
        effects: Effects = [Log("error", "terminal not reached", {"why": str(seen)})]
        if isinstance(seen, jobs.AccountChanged):
            effects += self._lose_account(seen, now)
        return self._settled(effects)

    def job_done(self, ask: Ask, outcome: jobs.Answer | jobs.Failure, now: Moment) -> Effects:
        """Go on with what the terminal answered."""
        effects: Effects = []
        if isinstance(outcome, jobs.AccountChanged):
            effects += self._lose_account(outcome, now)
        if isinstance(outcome, jobs.CallFailed | jobs.Unavailable | jobs.Lost):
            facts = {"job": type(ask.job).__name__, "why": str(outcome)}
            effects.append(Log("warning", "terminal did not answer", facts))
        if isinstance(outcome, jobs.Unavailable | jobs.Lost):
            self._situation.terminal = None
        if isinstance(ask.job, jobs.Send):
            self._ledger.hasten(now)
            self._watch.hasten(now)
        return self._settled([*effects, *ask.then(outcome, now)])

    def written(self, write: Write, kept: Sequence[Kept], now: Moment) -> Effects:
        """Tell the server of records that are on the disk, and go on."""
        self._outbox.keep(kept)
        for item in kept:
            if item.record.kind is RecordKind.RECEIVED:
                self._past.take(item.record)
        return self._settled(write.then(now))

    def write_failed(self, write: Write, why: str, now: Moment) -> Effects:
        """Go on without records: what must not happen without them does not happen."""
        kinds = ",".join(sorted({str(record.kind) for record in write.records}))
        told = [
            Tell(f"unwritten:{number}", event)
            for number, event in enumerate(_results(write.records))
        ]
        facts = {"records": kinds, "why": why}
        return self._settled(
            [Log("error", "journal not written", facts), *told, *write.failed(now)]
        )

    @property
    def may_open(self) -> bool:
        """Whether an order that opens may still go to the terminal. Any thread may ask."""
        return self._situation.lets(Kind.OPEN)

    def due(self) -> list[execution_pb2.ChannelRequest]:
        """Return the frames to put on the stream now, in order. To be asked after every effect."""
        return self._outbox.due()

    def stop(self, now: Moment) -> Effects:
        """Take up nothing more; end when what is on its way has come home."""
        if self._stopping_since is None:
            self._stopping_since = now
            self._situation.draining = True
        return self.tick(now)

    def _stop(self, since: Moment, now: Moment) -> Effects:
        if not self._may_leave() and now.since(since) < STOP_PATIENCE:
            return self._settled(self._session.tick(now) if self._session.is_open else [])
        return [*self._session.leave("SHUTDOWN"), End(0, "")]

    def _may_leave(self) -> bool:
        is_sending = self._desk.is_sending or self._closer.is_sending
        return not is_sending and (self._outbox.is_empty or not self._session.is_open)

    def _acts_of_frames(self) -> Mapping[str, Act]:
        """Return what is done about each kind of frame; others are the session's own business."""
        return {
            "welcome": lambda frame, at: self._welcomed(frame.welcome, at),
            "offer": lambda frame, at: self._desk.hear_offer(frame.offer, at),
            "grant": lambda frame, at: self._desk.hear_grant(frame.grant, at),
            "deny": lambda frame, _: self._desk.hear_deny(frame.deny),
            "resolve": lambda frame, at: self._doubts.hear_resolve(frame.resolve, at),
            "cancel": lambda frame, _: self._desk.hear_cancel(frame.cancel.command_id),
            "halt": lambda frame, at: self._halted(frame.halt, at),
            "symbols": self._map_symbols,
            "fetch_deals": lambda frame, _: self._ledger.fetch(frame.fetch_deals.day),
            "fetch_snapshot": lambda _, at: self._watch.fetch_snapshot(at),
            "fetch_rates": lambda frame, _: self._rates.fetch(frame.fetch_rates),
            "heartbeat": self._hear_heartbeat,
            "guard_policy": lambda frame, at: self._guard.hear_policy(frame.guard_policy, at),
            "guard": lambda frame, at: self._guard.hear_held(frame.guard, at),
        }

    def _act(self, frame: execution_pb2.ChannelResponse, now: Moment) -> Effects:
        act = self._acts.get(str(frame.WhichOneof("frame")))
        return [] if act is None else act(frame, now)

    def _hear_heartbeat(self, frame: execution_pb2.ChannelResponse, now: Moment) -> Effects:
        self._situation.hear_server_time(frame.heartbeat.server_time.ToDatetime(UTC), now)
        return []

    def _map_symbols(self, frame: execution_pb2.ChannelResponse, now: Moment) -> Effects:
        mapped = [mapping.symbol for mapping in frame.symbols.symbols]
        return self._watch.symbols_mapped(mapped, now)

    def _welcomed(self, welcome: execution_pb2.Welcome, now: Moment) -> Effects:
        situation = self._situation
        situation.hear_server_time(welcome.server_time.ToDatetime(UTC), now)
        situation.identity = replace(situation.identity, account_id=welcome.account_id)
        self._ledger.session_opened(now)
        self._doubts.session_opened(now)
        self._closer.leave_to_server(now)
        mapped = [mapping.symbol for mapping in welcome.symbols]
        self._watch.session_opened(
            mapped,
            now,
            takes_deltas=welcome.takes_deltas,
            heartbeat=welcome.heartbeat_interval.ToTimedelta(),
        )
        if welcome.generation < situation.generation_seen:
            facts = {"server": welcome.generation, "seen": situation.generation_seen}
            return [Log("error", "the server was restored from a backup", facts)]
        if welcome.generation == situation.generation_seen:
            return []
        situation.generation_seen = welcome.generation
        details = {"generation": welcome.generation}
        return [Write([Record(RecordKind.GENERATION, now.utc, details=details)])]

    def _halted(self, halt: execution_pb2.Halt, now: Moment) -> Effects:
        state = trading_state_of(halt)
        latch = self._situation.latch.turned(state, cause=halt.cause, changes=halt.latch)
        if latch == self._situation.latch:
            return []
        # In force before it is on the disk: a latch that cannot be written must still hold.
        self._situation.latch = latch
        details = {"state": str(latch.state), "cause": latch.cause, "changes": latch.changes}
        return [
            Log("warning", "trading state changed", details),
            Write([Record(RecordKind.LATCH, now.utc, details=details)]),
        ]

    def _lose_account(self, changed: jobs.AccountChanged, now: Moment) -> Effects:
        """Stop for good: whatever the terminal shows now is not our account's."""
        if not self._situation.account_is_ours:
            return []
        self._situation.account_is_ours = False
        identity = self._situation.identity
        detail = f"served {identity.login}@{identity.server}, the terminal shows {changed.shown}"
        anomaly = anomaly_event(
            "ACCOUNT_CHANGED", detail, now.utc, anomaly_id=self._chance.new_id()
        )
        remedy = "log in to the account again, then restart the bridge"
        return [
            Log("error", "another account is logged in", {"detail": detail, "remedy": remedy}),
            Tell(anomaly.natural_key, anomaly),
        ]

    def _is_commanded(self, target: Target, now: Moment) -> bool:
        """Whether a command is about what the guard would close, or may have closed it."""
        position, order = (None, target.ticket) if target.is_order else (target.ticket, None)
        since = self._doubts.since(position=position, order=order)
        if since is not None and not self._closer.is_harmless_twice(target, now.since(since)):
            return True
        return self._desk.is_about(position=position, order=order)

    def _note_session(self) -> None:
        was_open = self._situation.session_open
        self._situation.session_open = self._session.is_open
        self._situation.held_elsewhere = self._session.held_elsewhere
        draining = self._session.state is SessionState.DRAINING
        self._situation.draining = draining or self._stopping_since is not None
        if was_open and not self._session.is_open:
            self._desk.lose_session()

    def _hello(self) -> execution_pb2.ChannelRequest | None:
        identity = self._situation.identity
        hello = execution_pb2.Hello(
            instance_id=self._instance_id,
            agent_version=__version__,
            contract_version=CONTRACT_VERSION,
            account=fingerprint_message(
                login=identity.login,
                server=identity.server,
                currency=identity.currency,
                margin_mode=identity.margin_mode,
            ),
            generation_seen=self._situation.generation_seen,
            terminal=self._health(),
            journal_id=self._journal_id,
            guard=self._guard.held(),
        )
        for key in self._past.unresolved()[:_UNRESOLVED_MAX]:
            magic = self._past.intents[key].magic
            hello.unresolved.add(command_id=key[0], attempt=key[1], magic=magic)
        return execution_pb2.ChannelRequest(hello=hello)

    def _health(self) -> devices_pb2.TerminalHealth:
        situation = self._situation
        return health_message(
            situation.terminal, account_trade_allowed=situation.account_trade_allowed
        )

    def _settled(self, effects: Effects) -> Effects:
        """Hand what is to be said to the outbox. It goes out with `due`."""
        remaining: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Say):
                self._outbox.say(effect.frame)
            elif isinstance(effect, Tell):
                self._outbox.tell(effect.slot, effect.event)
            else:
                remaining.append(effect)
        return remaining


def _results(records: Sequence[Record]) -> list[execution_pb2.Event]:
    """Return the results among records: somebody waits for them, disk or no disk."""
    kinds = (RecordKind.RESULT, RecordKind.CLOSED)
    results = (record for record in records if record.kind in kinds and record.event)
    return [execution_pb2.Event.FromString(record.event) for record in results]
