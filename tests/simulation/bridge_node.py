"""One bridge in the simulation: runs the product's decisions over a machine that fails.

The same loop as the product's own shell, with the kernel in place of threads, clocks and files.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from uuid import UUID

from countersign.v1 import execution_pb2 as pb
from countersign_bridge.app import StartRefused, identity_of
from countersign_bridge.bridge import Bridge, Chance, Intervals
from countersign_bridge.channel.client import Credentials
from countersign_bridge.channel.session import StreamEnd
from countersign_bridge.clock import Moment
from countersign_bridge.crash_points import CrashPoint
from countersign_bridge.effects import (
    Acknowledge,
    Ask,
    CloseStream,
    Effect,
    Effects,
    End,
    Log,
    OpenStream,
    Write,
)
from countersign_bridge.journal.records import RecordKind
from countersign_bridge.journal.recovery import Past, recall
from countersign_bridge.journal.store import JournalUnavailable
from countersign_bridge.pairing import Pairing
from countersign_bridge.situation import Situation
from countersign_bridge.terminal import jobs
from tests.simulation.guarding import GuardWatch
from tests.simulation.machine import Disk, Machine
from tests.simulation.network import Network, Stream
from tests.simulation.perils import Died, Perils
from tests.simulation.terminal_node import TerminalNode

TICK = 0.5
INTERVALS = Intervals(scan=timedelta(seconds=3), watch=timedelta(seconds=6))
_AROUND = {
    RecordKind.RECEIVED: (CrashPoint.BEFORE_RECEIVED, CrashPoint.AFTER_RECEIVED),
    RecordKind.INTENT: (CrashPoint.BEFORE_INTENT, CrashPoint.AFTER_INTENT),
    RecordKind.RESULT: (CrashPoint.BEFORE_RESULT, CrashPoint.AFTER_RESULT),
    RecordKind.DEAL: (CrashPoint.BEFORE_DEAL, CrashPoint.AFTER_DEAL),
    RecordKind.CLOSING: (CrashPoint.BEFORE_GUARD_CLOSING, CrashPoint.AFTER_GUARD_CLOSING),
    RecordKind.CLOSED: (CrashPoint.BEFORE_GUARD_CLOSED, CrashPoint.AFTER_GUARD_CLOSED),
    RecordKind.GUARD: (CrashPoint.BEFORE_GUARD_ACT, CrashPoint.AFTER_GUARD_ACT),
}

Happening = Callable[[Moment], Effects]


@dataclass(frozen=True, slots=True)
class Trust:
    """What the bridge was paired with."""

    device_id: UUID
    keys: Mapping[str, bytes]


class BridgeNode:
    """A bridge process, started again whenever it ends, until it is switched off."""

    def __init__(  # noqa: PLR0913  # what it is made of, by name
        self,
        machine: Machine,
        *,
        disk: Disk,
        terminal: TerminalNode,
        network: Network,
        reach_server: Callable[[Stream, pb.ChannelRequest], None],
        perils: Perils,
        trust: Trust,
        guards: GuardWatch,
    ) -> None:
        self.machine = machine
        self.disk = disk
        self.terminal = terminal
        self.trust = trust
        self.write_delay = 0.0
        self.is_on = True
        self.bridge: Bridge | None = None
        self.situation: Situation | None = None
        self._kernel = machine.kernel
        self._network = network
        self._reach_server = reach_server
        self._perils = perils
        self._guards = guards
        self._random = machine.kernel.chance(f"{machine.name}/bridge")
        self._pairing = Pairing(Credentials(str(trust.device_id), ""), dict(trust.keys), None)
        self._run = 0
        self._past = Past()
        self._inbox: deque[Happening] = deque()
        self._asked: dict[int, Ask] = {}
        self._numbers = count(1)
        self._doing: deque[Effect] = deque()
        self._is_busy = False
        self._stream: Stream | None = None
        self._streams: list[Stream] = []  # of this run, those that it has closed as well

    @property
    def name(self) -> str:
        return self.machine.name

    def start(self) -> None:
        """Start the process from what the disk holds."""
        if not self.is_on:
            return
        self._run += 1
        self.bridge, self.situation = None, None
        self._past = recall(self.disk.records())
        self._inbox.clear()
        self._asked.clear()
        self._doing.clear()
        self._is_busy = False
        self._stream = None
        self._kernel.note(self.name, "starts")
        run = self._run
        self.terminal.start(
            used_grants=list(self._past.used_grants()),
            ages=self._past.recent_send_ages(self.machine.moment().utc),
            deliver=lambda number, outcome: self._happen(run, self._answered(number, outcome)),
            watch=lambda seen: self._happen(run, lambda at: self._see_terminal(seen, at)),
            may_open=lambda: self.bridge is not None and self.bridge.may_open,
            leaving=lambda send: self._guards.leaving(self.disk, send),
        )
        self._kernel.after(TICK, lambda: self._tick(run))

    def die(self, *, restart_after: float) -> None:
        """End without a word; whoever listens to the stream finds out in a while, or not."""
        self._kernel.note(self.name, "dies")
        self._run += 1
        self.bridge, self.situation = None, None
        self.disk.lose_power(self._random)
        self.terminal.stop()
        noticed = self._random.choice([0.01, 0.01, 0.5, None])
        for stream in self._streams:
            stream.abandon(server_notices=noticed)
        self._streams.clear()
        self._stream = None
        run = self._run
        self._kernel.after(restart_after, lambda: self.start() if run == self._run else None)

    def fresh_id(self) -> UUID:
        return UUID(int=self._random.getrandbits(128))

    def switch_off(self) -> None:
        """End for good."""
        if self.is_on:
            self.is_on = False
            self.die(restart_after=0.0)

    def hear(self, stream: int, frame: pb.ChannelResponse) -> None:
        self._happen(self._run, lambda at: self._running().hear(stream, frame, at))

    def stream_ended(self, stream: int, how: StreamEnd) -> None:
        self._happen(self._run, lambda at: self._running().stream_ended(stream, how, at))

    def _tick(self, run: int) -> None:
        if run == self._run:
            self._happen(run, lambda _: [])
            self._kernel.after(TICK, lambda: self._tick(run))

    def _happen(self, run: int, happening: Happening) -> None:
        def arrive() -> None:
            if run == self._run:
                self._inbox.append(happening)
                self._go_on()

        self.machine.awake(arrive)

    def _go_on(self) -> None:
        """Take what has happened, then do what is due; one thing after another."""
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._inbox:
                happening = self._inbox.popleft()
                if not self._do(happening(self.machine.moment())):
                    return
                if self.bridge is not None and not self._do(
                    self.bridge.tick(self.machine.moment())
                ):
                    return
        except Died:
            self.die(restart_after=self._random.uniform(0.5, 6.0))
            return
        except StartRefused as refused:
            self._kernel.note(self.name, "ends", refused)
            self.die(restart_after=5.0)
            return
        self._is_busy = False

    def _do(self, effects: Effects) -> bool:
        """Do effects and what follows from them. False: the disk takes its time over one."""
        self._doing.extendleft(reversed(effects))
        while self._doing:
            effect = self._doing.popleft()
            if isinstance(effect, Write):
                if self.write_delay:
                    self._write_slowly(effect)
                    return False
                self._doing.extendleft(reversed(self._write(effect)))
            else:
                self._done(effect)
            self._put_due()
        self._put_due()
        return True

    def _write_slowly(self, write: Write) -> None:
        run = self._run
        self._kernel.after(self.write_delay, lambda: self._resume(run, write))

    def _resume(self, run: int, write: Write) -> None:
        """Go on after a write that took its time."""
        if run != self._run:
            return

        def resume() -> None:
            if run != self._run:
                return
            try:
                finished = self._do(self._write(write))
            except Died:
                self.die(restart_after=self._random.uniform(0.5, 6.0))
                return
            if finished:
                self._is_busy = False
                self._go_on()

        self.machine.awake(resume)

    def _done(self, effect: Effect) -> None:
        if isinstance(effect, Ask):
            number = next(self._numbers)
            self._asked[number] = effect
            if isinstance(effect.job, jobs.Send):
                self._kernel.note(self.name, "sends", effect.job.fields.get("magic"))
                self.terminal.submit(number, effect.job)
                self._perils.reach(CrashPoint.DURING_SEND)
            else:
                self.terminal.submit(number, effect.job)
        elif isinstance(effect, OpenStream):
            self._stream = self._network.stream(effect.stream, bridge=self, name=self.name)
            self._streams.append(self._stream)
            self._reach_server(self._stream, effect.hello)
        elif isinstance(effect, CloseStream):
            self._close(effect)
        elif isinstance(effect, Acknowledge):
            try:
                self.disk.acknowledge(effect.numbers)
            except JournalUnavailable as error:
                self._kernel.note(self.name, "acknowledgement not written", error)
        elif isinstance(effect, Log):
            self._kernel.note(self.name, effect.message, *effect.facts.values())
        elif isinstance(effect, End):
            raise StartRefused(effect.message)

    def _close(self, closing: CloseStream) -> None:
        if self._stream is not None and self._stream.number == closing.stream:
            for frame in closing.farewell:
                self._stream.put(frame)
            self._stream.half_close()
            self._stream = None

    def _write(self, write: Write) -> Effects:
        bridge = self._running()
        before, after = _AROUND.get(write.records[0].kind, (None, None))
        if before is not None:
            self._perils.reach(before)
        try:
            kept = self.disk.append(write.records)
        except JournalUnavailable as error:
            return bridge.write_failed(write, str(error), self.machine.moment())
        for record in write.records:
            self._guards.written(record)
        if after is not None:
            self._perils.reach(after)
        return bridge.written(write, kept, self.machine.moment())

    def _put_due(self) -> None:
        bridge = self.bridge
        if bridge is None:
            return
        for frame in bridge.due():
            if self._stream is not None:
                self._stream.put(frame)
            if frame.HasField("claim"):
                self._kernel.note(self.name, "claims", frame.claim.command_id[-6:])
                self._perils.reach(CrashPoint.AFTER_CLAIM)
            elif frame.event.HasField("result"):
                self._perils.reach(CrashPoint.AFTER_RESULT_TOLD)

    def _answered(self, number: int, outcome: jobs.Answer | jobs.Failure) -> Happening:
        return lambda at: self._running().job_done(self._asked.pop(number), outcome, at)

    def _see_terminal(self, seen: jobs.HealthAnswer | jobs.Failure, at: Moment) -> Effects:
        if self.bridge is None:
            if isinstance(seen, jobs.AccountChanged):
                raise StartRefused(f"the terminal shows {seen.shown}")
            if not isinstance(seen, jobs.HealthAnswer):
                return []
            self.situation = Situation(identity_of(seen, self._pairing))
            self.bridge = Bridge(
                self.situation,
                self._past,
                journal_id=str(self.disk.journal_id),
                chance=Chance(
                    new_nonce=lambda: self._random.randbytes(16),
                    new_id=lambda: str(self.fresh_id()),
                    jitter=self._random.random,
                ),
                intervals=INTERVALS,
                now=at,
            )
        return self.bridge.terminal_seen(seen, at)

    def _running(self) -> Bridge:
        if self.bridge is None:
            raise AssertionError("nothing happens before the terminal has shown its account")
        return self.bridge
