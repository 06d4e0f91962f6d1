"""The terminal process beside a bridge: one question at a time, killed when it hangs.

What decides is the product's: the calls, the fence, the lanes. This stands for the threads, pipes
and processes around them.
"""

import heapq
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import mt5_simulator
from countersign_bridge.crash_points import CrashPoint
from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.calls import Failed, TerminalCalls
from countersign_bridge.terminal.link import QUEUE_MAX, is_out_of_step
from countersign_bridge.trading.requests import RequestFields
from countersign_bridge.trading.retcodes import SendAnswer
from mt5_simulator.face.exporting import session
from mt5_simulator.terminal.link import TerminalLink
from mt5_simulator.terminal.terminal import Terminal
from tests.simulation.kernel import Kernel
from tests.simulation.machine import Machine
from tests.simulation.perils import Died, Perils

CALL_PATIENCE = 10.0
_RESTART_DELAY = 0.4
_FOR_EVER = 1e6

Outcome = jobs.Answer | jobs.Failure
Deliver = Callable[[int, Outcome], None]
Watch = Callable[[jobs.HealthAnswer | jobs.Failure], None]


class KernelClock:
    """The kernel's time for the simulator. A wait is noted and not waited."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.waited = 0.0

    def now(self) -> datetime:
        return self._kernel.now()

    def wait(self, seconds: float | None) -> None:
        self.waited += _FOR_EVER if seconds is None else seconds


class TerminalNode:
    """Runs of the terminal process, one after another, and what waits for them."""

    def __init__(  # noqa: PLR0913  # what it is made of, by name
        self,
        machine: Machine,
        terminal: Terminal,
        *,
        perils: Perils,
        server: str,
        login: int,
        clock: KernelClock,
        sending: Callable[[RequestFields], None],
        asked_broker: Callable[[], None],
    ) -> None:
        self.terminal = terminal
        self.is_slow = False
        self._kernel = machine.kernel
        self._machine = machine
        self._perils = perils
        self._server = server
        self._login = login
        self._clock = clock
        self._sending = sending
        self._asked_broker = asked_broker
        self._link = TerminalLink(terminal)
        self._chance = machine.kernel.chance(f"{machine.name}/terminal")
        self._waiting: list[tuple[jobs.Lane, int, jobs.Job]] = []
        self._grants: list[bytes] = []
        self._sent_at: list[float] = []
        self._calls: TerminalCalls | None = None
        self._asking: int | None = None
        # Counts the runs: what an earlier one still has under way is nobody's any more.
        self._run = 0
        self._deliver: Deliver = lambda _, __: None
        self._watch: Watch = lambda _: None
        self._may_open: Callable[[], bool] = lambda: False
        self._leaving: Callable[[jobs.Send], None] = lambda _: None

    def start(  # noqa: PLR0913  # whom it asks and tells, by name
        self,
        *,
        used_grants: list[bytes],
        ages: list[float],
        deliver: Deliver,
        watch: Watch,
        may_open: Callable[[], bool],
        leaving: Callable[[jobs.Send], None],
    ) -> None:
        """Begin for a bridge that has just started."""
        self._may_open, self._leaving = may_open, leaving
        self._grants = used_grants
        self._sent_at = [self._machine.steady() - age for age in ages]
        self._waiting = []
        self._deliver, self._watch = deliver, watch
        self._restart(self._chance.uniform(0.1, 0.8))

    def stop(self) -> None:
        """End with the bridge: nobody reads the answer, yet what was asked may still be done."""
        asked_and_unread = self._asking is not None and self._chance.random() < 0.3
        self._run += 0 if asked_and_unread else 1
        self._deliver, self._watch = (lambda _, __: None), (lambda _: None)
        self._waiting = []
        if not asked_and_unread:
            self._calls, self._asking = None, None

    def kill(self) -> None:
        """End the process alone, as its watchdog or the system may."""
        self._kernel.note(self._machine.name, "terminal process dies")
        asking = self._asking
        self._restart(_RESTART_DELAY)
        if asking is not None:
            self._deliver(asking, jobs.Lost("the terminal process died"))

    def submit(self, number: int, job: jobs.Job) -> None:
        if len(self._waiting) >= QUEUE_MAX and not isinstance(job, jobs.Send):
            self._deliver(number, jobs.Unavailable(f"{QUEUE_MAX} jobs wait already"))
            return
        heapq.heappush(self._waiting, (jobs.lane_of(job), number, job))
        self._next()

    def _restart(self, delay: float) -> None:
        self._run += 1
        self._calls, self._asking = None, None
        run = self._run
        self._kernel.after(delay, lambda: self._machine.awake(lambda: self._begin(run)))

    def _begin(self, run: int) -> None:
        if run != self._run:
            return
        now = self._machine.steady()
        opening = jobs.Opening(
            module="mt5_simulator",
            connection={},
            login=self._login,
            server=self._server,
            orders_per_minute_max=100,
            volume_max=Decimal(5),
            symbols=(),
            used_grants=tuple(self._grants),
            recent_send_ages=tuple(now - sent for sent in self._sent_at),
        )
        calls = TerminalCalls(
            mt5_simulator, opening, now=self._machine.steady, wall=self._machine.wall
        )
        self._connect_face()
        try:
            seen: jobs.HealthAnswer | jobs.Failure = calls.connect()
        except Failed as failed:
            seen = failed.failure
            dropped, self._waiting = self._waiting, []
            for _, number, _ in dropped:
                self._deliver(number, jobs.Unavailable("the terminal process is not running"))
            self._restart(_RESTART_DELAY * 4)
        else:
            self._calls = calls
        self._watch(seen)
        self._next()

    def _next(self) -> None:
        """Put the next job to the process, if it is free."""
        if self._calls is None or self._asking is not None or not self._waiting:
            return
        _, number, job = heapq.heappop(self._waiting)
        self._asking = number
        if isinstance(job, jobs.Send):
            if is_late(job, self._machine.steady()):
                self._answer(self._run, number, jobs.Refused("GRANT_LAPSED", "lapsed in the queue"))
                return
            if not (job.closes or self._may_open()):
                self._answer(self._run, number, jobs.Refused("HALTED", "halted in the queue"))
                return
            self._leaving(job)
            self._grants.append(job.grant_id)
            self._sent_at.append(self._machine.steady())
        run, calls = self._run, self._calls
        delay = self._chance.uniform(0.5, 4.0) if self.is_slow else 0.003
        self._kernel.after(
            delay, lambda: self._machine.awake(lambda: self._ask(run, calls, number, job))
        )

    def _ask(self, run: int, calls: TerminalCalls, number: int, job: jobs.Job) -> None:
        if run != self._run:
            return
        sending = isinstance(job, jobs.Send)
        try:
            if sending:
                self._perils.reach(CrashPoint.BEFORE_ORDER_SEND)
            outcome, took = self._done(calls, job)
            if isinstance(job, jobs.Send) and isinstance(outcome, SendAnswer):
                self._sending(job.fields)
                self._asked_broker()
                self._perils.reach(CrashPoint.AFTER_ORDER_SEND)
                took += self._chance.uniform(0.02, 0.3)
        except Died:
            self.kill()
            return
        if took >= CALL_PATIENCE:
            self._kernel.after(CALL_PATIENCE, lambda: self._give_up(run))
        else:
            self._kernel.after(took + 0.001, lambda: self._answer(run, number, outcome))

    def _done(self, calls: TerminalCalls, job: jobs.Job) -> tuple[Outcome, float]:
        self._connect_face()
        self._clock.waited = 0.0
        try:
            outcome: Outcome = calls.do(job)
        except Failed as failed:
            outcome = failed.failure
        return outcome, self._clock.waited

    def _answer(self, run: int, number: int, outcome: Outcome) -> None:
        if run != self._run:
            return
        self._asking = None
        if is_out_of_step(outcome):
            self._restart(_RESTART_DELAY)
        self._deliver(number, outcome)
        self._next()

    def _give_up(self, run: int) -> None:
        if run == self._run:
            self.kill()

    def _connect_face(self) -> None:
        # The package knows one connection a process; here several processes share one module.
        session.attach(lambda: self._link)
        session.connect(None)


def is_late(job: jobs.Send, now: float) -> bool:
    """Whether a grant has lapsed while its send was waiting, as the product's link asks."""
    return now >= job.deadline
