"""One server process in the simulation: the product's decisions on a store that all share.

It stands for the tasks, queues and sockets of the channel; whatever is decided is the product's.
"""

import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from countersign.v1 import execution_pb2 as pb
from countersign_server.audit.entries import Trace
from countersign_server.errors import CountersignError, Draining, IllegalTransition
from countersign_server.execution.command_clock import CommandClock
from countersign_server.execution.feeding import LOOK_ANYWAY, LOOK_EVERY, Feeder
from countersign_server.execution.intake import Intake
from countersign_server.execution.live_session import LiveSession, Pace, begin
from countersign_server.execution.opening import Opened, close_session, open_session
from countersign_server.execution.outbox import Ended
from countersign_server.execution.restored import quarantine
from countersign_server.rpc.caller import Caller
from tests.simulation.judging import TOPIC, Judging
from tests.simulation.kernel import Kernel
from tests.simulation.network import Direction, Stream
from tests.simulation.perils import Died, Perils, ServerPoint
from tests.simulation.store import Store
from tests.simulation.tasks import Pause, Task

PACE = Pace(
    heartbeat_interval=timedelta(seconds=5),
    heartbeat_timeout=timedelta(seconds=15),
    grant_validity=timedelta(seconds=5),
    offers_at_once=4,
)
# Shorter than in earnest, and still longer than the longest delay with which a broker executes.
DOUBT_AFTER = timedelta(seconds=10)
PRESUME_AFTER = timedelta(seconds=60)
_ATTEND_EVERY = 1.0
_CLOCK_EVERY = 1.0
_RESTART = (0.5, 8.0)


@dataclass(slots=True, eq=False)
class Held:
    """A session that this process holds, with what is under way in it."""

    stream: Stream
    session: LiveSession
    said: int = 0
    next_beat: float = 0.0
    next_look: float = 0.0
    is_reading: bool = False
    is_looking: bool = False
    look_again: bool = False
    is_over: bool = False
    came: list[pb.ChannelRequest] = field(default_factory=list[pb.ChannelRequest])
    has_left: bool = False


class ServerNode:
    """A server process, started again whenever it dies."""

    def __init__(  # noqa: PLR0913  # what it is made of, by name
        self,
        kernel: Kernel,
        name: str,
        *,
        store: Store,
        perils: Perils,
        ring_all: Callable[[tuple[str, ...]], None],
        callers: Callable[[Stream], Caller],
        clock_offset: timedelta,
        failed: Callable[[str], None],
    ) -> None:
        self.name = name
        self.is_up = False
        self.clock_offset = clock_offset
        self._kernel = kernel
        self._store = store
        self._perils = perils
        self._ring_all = ring_all
        self._callers = callers
        self._failed = failed
        self._random = kernel.chance(name)
        self._run = 0
        self._tasks: set[Task] = set()
        self._held: dict[Stream, Held] = {}
        self._draining = False
        self._is_restored = False
        # By an operator, who starts it again.
        self.is_stopped = False
        self._begin()

    def now(self) -> datetime:
        return self._kernel.now() + self.clock_offset

    def start(self, *, restored: bool = False) -> None:
        """Begin with nothing but the store."""
        self.is_stopped = False
        self._run += 1
        self._begin()
        self._kernel.note(self.name, "starts", "restored" if restored else "")
        # The setting stays until somebody takes it away.
        self._is_restored = self._is_restored or restored
        if self._is_restored:
            work = quarantine(self._store, now=self.now())
            self._go(work, lambda _: self._serve(), lambda error: self._failed(str(error)))
        else:
            self._serve()

    def _serve(self) -> None:
        self.is_up = True
        run = self._run
        self._kernel.after(0.1, lambda: self._tick_clock(run))

    def die(self, *, restart_after: float | None) -> None:
        """End without a word. None: whoever killed it starts it again."""
        self._kernel.note(self.name, "dies")
        self.is_up = False
        self.is_stopped = restart_after is None
        self._run += 1
        for task in list(self._tasks):
            task.stop()
        self._tasks.clear()
        for held in self._held.values():
            noticed = self._random.choice([0.02, 0.02, 0.5, None])
            # What the system had taken over from the process still leaves.
            arrives = self._random.choice([(), (Direction.DOWN,)])
            held.stream.cut(bridge_notices=noticed, server_notices=None, arrives=arrives)
        self._held.clear()
        if restart_after is not None:
            dead = self._run
            self._kernel.after(restart_after, lambda: self._start_again(dead))

    def drain(self) -> None:
        """Ask every bridge to come again elsewhere, then end and start again."""
        if not self.is_up or self._draining:
            return
        self._kernel.note(self.name, "drains")
        self._draining = True
        self._feeder.drain()
        for held in self._held.values():
            held.session.say(drain=pb.Drain())
        run = self._run
        self._kernel.after(3.0, lambda: self.die(restart_after=1.0) if run == self._run else None)

    def call(self, work: Coroutine[Pause, None, Any], done: Callable[[Any], None]) -> None:
        """Do somebody's unary call."""
        self._go(work, done, done)

    def ring(self, topics: tuple[str, ...]) -> None:
        """Look at the sessions of these topics, when those under way have ended."""
        if TOPIC in topics and self.is_up:
            self._judging.look()
        for held in list(self._held.values()):
            if f"account:{held.session.opened.account_id}" in topics:
                held.next_look = self._kernel.seconds
                self._look(held)

    def opened(self, stream: Stream, hello: pb.ChannelRequest) -> None:
        if not self.is_up:
            stream.cut(bridge_notices=0.02, server_notices=None)
            return
        if self._draining:
            self._refuse(stream, Draining("this server is stopping; connect again"))
            return
        caller = self._callers(stream)
        self._go(
            self._open(caller, hello.hello),
            lambda opened: self._hold(stream, caller, opened),
            lambda error: self._refuse(stream, error),
        )

    def heard(self, stream: Stream, frame: pb.ChannelRequest) -> None:
        held = self._held.get(stream)
        if held is None or held.is_over:
            return
        held.came.append(frame)
        self._read(held)

    def half_closed(self, stream: Stream) -> None:
        held = self._held.get(stream)
        if held is not None:
            held.has_left = True
            self._read(held)

    def _begin(self) -> None:
        self._draining = False
        self._judging = Judging(
            self._store,
            self._go,
            ring=self._ring,
            heartbeat=PACE.heartbeat_interval,
            now=self.now,
            random=self._random.randbytes,
        )
        self._feeder = Feeder(
            books=self._store,
            ring=self._ring,
            pace=PACE,
            now=self.now,
            ask_guard=self._judging.ask,
        )
        self._intake = Intake(
            books=self._store,
            ring=self._ring,
            grant_validity=PACE.grant_validity,
            now=self.now,
            random=self._random.randbytes,
        )
        self._clock = CommandClock(
            books=self._store,
            ring=self._ring,
            doubt_after=DOUBT_AFTER,
            presume_after=PRESUME_AFTER,
            now=self.now,
        )

    def _ring(self, *topics: str) -> None:
        self._ring_all(topics)

    def _start_again(self, dead: int) -> None:
        if self._run == dead:
            self.start()

    def _go(
        self,
        work: Coroutine[Pause, None, Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Run a coroutine in this process, whose death ends it wherever it is."""
        run = self._run

        async def guarded() -> None:
            try:
                result = await work
                outcome: Callable[[], None] = lambda: done(result)  # noqa: E731
            except CountersignError as error:
                if isinstance(error, IllegalTransition):
                    self._failed(str(error))
                refused = error
                outcome = lambda: failed(refused)  # noqa: E731
            except Died:
                if run == self._run:
                    self.die(restart_after=self._random.uniform(*_RESTART))
                return
            if run == self._run:
                outcome()

        task = Task(guarded())
        self._tasks.add(task)
        task.step(self._kernel, lambda _: self._tasks.discard(task))

    async def _open(self, caller: Caller, hello: pb.Hello) -> Opened:
        async with self._store.transaction(caller.tenant) as book:
            return await open_session(
                book,
                caller,
                hello,
                lease_for=PACE.heartbeat_timeout,
                trace=Trace(actor=caller.actor),
                now=self.now(),
                random=self._random.randbytes,
            )

    def _refuse(self, stream: Stream, error: Exception) -> None:
        reason = getattr(error, "reason", "INTERNAL")
        self._kernel.note(self.name, "refuses", stream.name, reason)
        stream.finish("FAILED_PRECONDITION", reason, str(error))

    def _hold(self, stream: Stream, caller: Caller, opened: Opened) -> None:
        if stream.is_cut:
            self._release(opened)
            return
        self._kernel.note(self.name, "welcomes", stream.name)
        session = begin(
            opened,
            caller,
            PACE,
            trace=Trace(actor=caller.actor),
            heard_at=self._kernel.seconds,
            now=self.now(),
        )
        held = Held(stream, session, next_beat=self._kernel.seconds)
        self._held[stream] = held
        session.outbox.put = lambda: self._written(held)
        self._written(held)
        self._attend(held)

    def _written(self, held: Held) -> None:
        """Write what waits."""
        while (frame := held.session.outbox.take()) is not None:
            if held.is_over:
                continue
            held.said += 1
            ended = frame if isinstance(frame, Ended) else None
            message = pb.ChannelResponse() if isinstance(frame, Ended) else frame
            if ended is not None:
                message.goodbye.reason = ended.reason
            message.session_epoch = held.session.opened.epoch
            message.sequence = held.said
            held.stream.say(message)
            if ended is not None:
                self._end(held, ended)
            elif message.HasField("grant"):
                self._kernel.note(self.name, "grants", message.grant.command_id[-6:])
                self._perils.reach(ServerPoint.AFTER_GRANT_TOLD)
            elif message.HasField("ack"):
                self._perils.reach(ServerPoint.AFTER_ACK_TOLD)

    def _end(self, held: Held, ended: Ended) -> None:
        held.is_over = True
        self._kernel.note(self.name, "ends", held.stream.name, ended.reason)
        held.stream.finish("OK" if ended.error is None else "ABORTED", ended.reason, "")
        self._held.pop(held.stream, None)
        self._release(held.session.opened)

    def _release(self, opened: Opened) -> None:
        self._go(close_session(self._store, opened), lambda _: None, lambda _: None)

    def _read(self, held: Held) -> None:
        """Take in what has come, one group after another."""
        if held.is_reading or held.is_over:
            return
        if not held.came:
            if held.has_left:
                held.session.outbox.end("DISCONNECTED")
            return
        frames, held.came = held.came, []
        held.is_reading = True
        held.session.heard_at = self._kernel.seconds

        def taken(goodbye: bool) -> None:  # noqa: FBT001  # what `take` returns
            held.is_reading = False
            if goodbye:
                held.session.outbox.end("GOODBYE")
            self._read(held)

        self._go(
            self._intake.take(held.session, frames), taken, lambda error: self._fail(held, error)
        )

    def _fail(self, held: Held, error: Exception) -> None:
        if not held.is_over:
            held.session.outbox.end(getattr(error, "reason", "INTERNAL"), error)

    def _attend(self, held: Held) -> None:
        """Look in once a second, as long as the session lasts."""
        if held.is_over or self._held.get(held.stream) is not held:
            return
        silent_for = self._kernel.seconds - held.session.heard_at
        if silent_for > PACE.heartbeat_timeout.total_seconds():
            held.session.outbox.end("SESSION_LAPSED")
            return
        if self._kernel.seconds >= min(held.next_beat, held.next_look):
            self._look(held)
        self._kernel.after(_ATTEND_EVERY, lambda: self._attend(held))

    def _look(self, held: Held) -> None:
        if held.is_over:
            return
        if held.is_looking:
            held.look_again = True
            return
        held.is_looking, held.look_again = True, False

        def looked(still_held: bool) -> None:  # noqa: FBT001  # what `beat` returns
            held.is_looking = False
            if not still_held:
                self._end_quietly(held, "LEASE_LOST")
            elif held.look_again:
                self._look(held)

        self._go(self._beat_and_look(held), looked, lambda error: self._fail(held, error))

    def _end_quietly(self, held: Held, reason: str) -> None:
        if not held.is_over:
            held.session.outbox.end(reason)

    async def _beat_and_look(self, held: Held) -> bool:
        if self._kernel.seconds >= held.next_beat:
            interval = PACE.heartbeat_interval.total_seconds()
            held.next_beat = self._kernel.seconds + interval
            if not await self._feeder.beat(held.session):
                return False
        if self._kernel.seconds >= held.next_look:
            held.next_look = math.inf  # a ring during the look asks for another
            every = LOOK_EVERY if await self._feeder.look(held.session) else LOOK_ANYWAY
            held.next_look = min(held.next_look, self._kernel.seconds + every.total_seconds())
        return True

    def _tick_clock(self, run: int) -> None:
        if run != self._run:
            return

        def looked(_: object) -> None:
            self._kernel.after(_CLOCK_EVERY, lambda: self._tick_clock(run))

        self._go(self._clock.look(), looked, looked)
        self._judging.look()
