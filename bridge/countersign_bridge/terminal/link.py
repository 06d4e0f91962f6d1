"""Supervises the terminal process: one question at a time, killed when it hangs, started again."""

import heapq
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO, cast

import structlog

from countersign_bridge.crash_points import CrashPoint, reach
from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.wire import (
    WireBroken,
    decode,
    encode,
    read_message,
    write_message,
)
from countersign_bridge.trading.retcodes import OUT_OF_STEP, SendAnswer

_log = structlog.get_logger()

QUEUE_MAX = 20
_RESTART_DELAY_FIRST_S = 0.2
_RESTART_DELAY_MAX_S = 10.0
_EXIT_PATIENCE_S = 2.0
# Also -10001, a write that failed, and -10004: only a new connection helps.
_BROKEN_PIPE = OUT_OF_STEP | {-10001, -10004}

Outcome = jobs.Answer | jobs.Failure
Deliver = Callable[[int, Outcome], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the terminal may take, in seconds: for any call, and to start."""

    call_s: float
    start_s: float


class TerminalLink:
    """The one way to the terminal. Every job submitted is delivered exactly one outcome.

    `deliver` is called on the link's own thread with the job's number and its outcome; `watch` with
    what the terminal shows each time it has been reached, or with why it could not be. `may_open`
    is asked there before an order that opens something leaves: a latch may have fallen meanwhile.
    """

    def __init__(  # noqa: PLR0913  # what it stands between, by name
        self,
        opening: jobs.Opening,
        patience: Patience,
        *,
        deliver: Deliver,
        watch: Callable[[jobs.HealthAnswer | jobs.Failure], None],
        may_open: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        self._opening = opening
        self._may_open = may_open
        self._patience = patience
        self._deliver = deliver
        self._watch = watch
        self._now = now
        self._waiting: list[tuple[jobs.Lane, int, jobs.Job]] = []
        self._changed = threading.Condition()
        self._order = count(1)
        self._stopping = False
        self._send_times: list[float] = []
        self._started_at = now()
        self._thread = threading.Thread(target=self._run, name="terminal-link", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, number: int, job: jobs.Job) -> None:
        """Queue a job. One too many is delivered Unavailable at once; a granted send never is."""
        with self._changed:
            full = len(self._waiting) >= QUEUE_MAX and not isinstance(job, jobs.Send)
            if not full and not self._stopping:
                heapq.heappush(self._waiting, (jobs.lane_of(job), number, job))
                self._changed.notify()
                return
        reason = f"{QUEUE_MAX} jobs wait already" if full else "the bridge is stopping"
        self._deliver(number, jobs.Unavailable(reason))

    def stop(self) -> None:
        """End the terminal process after the call it is in, at most the patience for a call."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        delay = _RESTART_DELAY_FIRST_S
        while not self._stopping:
            process = self._start_process()
            if process is None:
                self._turn_away(delay)
                delay = min(delay * 2, _RESTART_DELAY_MAX_S)
                continue
            delay = _RESTART_DELAY_FIRST_S
            try:
                self._serve(process)
            finally:
                process.end()

    def _start_process(self) -> "_Process | None":
        process = _Process()
        try:
            process.write(encode(self._current_opening()))
            message = process.read(self._patience.start_s)
        except WireBroken as broken:
            process.end()
            self._watch(jobs.Unavailable(f"the terminal process did not start: {broken}"))
            return None
        if "failure" in message:
            process.end()
            self._watch(_failure_of(message))
            return None
        self._watch(decode(jobs.HealthAnswer, message["answer"]))
        return process

    def _serve(self, process: "_Process") -> None:
        """Put waiting jobs to the process until it is of no more use or the bridge stops."""
        while (waiting := self._next()) is not None:
            number, job = waiting
            try:
                outcome = self._ask(process, number, job)
            except WireBroken as broken:
                _log.warning("terminal process lost", job=type(job).__name__, reason=str(broken))
                self._deliver(number, jobs.Lost(str(broken)))
                return
            self._deliver(number, outcome)
            if is_out_of_step(outcome):
                _log.warning("terminal process restarted", job=type(job).__name__)
                return

    def _next(self) -> tuple[int, jobs.Job] | None:
        """Wait for the next job. None: the bridge stops."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            if self._stopping:
                self._drop_waiting("the bridge is stopping")
                return None
            _, number, job = heapq.heappop(self._waiting)
            return number, job

    def _ask(self, process: "_Process", number: int, job: jobs.Job) -> Outcome:
        if isinstance(job, jobs.Send):
            if self._now() >= job.deadline:
                return jobs.Refused("GRANT_LAPSED", "the grant lapsed while the send was waiting")
            if not (job.closes or self._may_open()):
                return jobs.Refused("HALTED", "trading was halted while the send was waiting")
            self._remember_send(job)
        question = {"id": number, "job": type(job).__name__, "details": encode(job)}
        process.write(question)
        if isinstance(job, jobs.Send):
            reach(CrashPoint.DURING_SEND)
        message = process.read(self._patience.call_s)
        if message["id"] != number:
            raise WireBroken(f"answer {message['id']} to question {number}")
        if "failure" in message:
            return _failure_of(message)
        return decode(jobs.ANSWERS[type(job)], message["answer"])

    def _turn_away(self, delay: float) -> None:
        """Deliver what waits as undone, and pause before the next start."""
        with self._changed:
            self._drop_waiting("the terminal process is not running")
            self._changed.wait_for(lambda: self._stopping, timeout=delay)
            self._drop_waiting("the terminal process is not running")

    def _drop_waiting(self, why: str) -> None:
        dropped, self._waiting = self._waiting, []
        for _, number, _ in dropped:
            self._deliver(number, jobs.Unavailable(why))

    def _remember_send(self, job: jobs.Send) -> None:
        # Written down before the call: a new process must know what its predecessor may have done.
        self._opening = replace(
            self._opening, used_grants=(*self._opening.used_grants, job.grant_id)
        )
        self._send_times.append(self._now())

    def _current_opening(self) -> jobs.Opening:
        now = self._now()
        earlier = (age + now - self._started_at for age in self._opening.recent_send_ages)
        ages = (*earlier, *(now - sent for sent in self._send_times))
        return replace(self._opening, recent_send_ages=tuple(ages))


class _Process:
    """One run of the terminal process, and its pipes."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "countersign_bridge.terminal.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **_own_group(),
        )
        self._answers: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._reader = threading.Thread(target=self._read_all, daemon=True)
        self._reader.start()

    def write(self, message: Mapping[str, object]) -> None:
        """Send one message. Raises WireBroken."""
        write_message(cast("BinaryIO", self._process.stdin), message)

    def read(self, patience_s: float) -> dict[str, Any]:
        """Return the next answer. Raises WireBroken if there will be none, or none in time."""
        try:
            message = self._answers.get(timeout=patience_s)
        except Empty:
            raise WireBroken(f"no answer within {patience_s:g} s") from None
        if message is None:
            raise WireBroken(f"it ended with code {self._process.wait()}")
        return message

    def end(self) -> None:
        """End the process: by closing its input, then by force. It is gone when this returns."""
        stdin = cast("BinaryIO", self._process.stdin)
        try:
            stdin.close()
        except OSError as error:  # what was written last cannot be flushed to a dead process
            _log.debug("terminal process closed first", error=str(error))
        try:
            self._process.wait(_EXIT_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        cast("BinaryIO", self._process.stdout).close()

    def _read_all(self) -> None:
        answers = cast("BinaryIO", self._process.stdout)
        while True:
            try:
                self._answers.put(read_message(answers))
            except WireBroken:
                self._answers.put(None)
                return


def _own_group() -> dict[str, Any]:
    """Keep the console's Ctrl-C from the terminal process: the bridge ends it in good order."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _failure_of(message: Mapping[str, Any]) -> jobs.Failure:
    return decode(jobs.FAILURES[message["failure"]], message["details"])


def is_out_of_step(outcome: Outcome) -> bool:
    """Whether only a new connection makes sure that answers belong to their questions."""
    if isinstance(outcome, SendAnswer):
        return outcome.retcode == 0 and outcome.error_code in OUT_OF_STEP
    if isinstance(outcome, jobs.CheckAnswer):
        return outcome.retcode == 0 and outcome.error_code in OUT_OF_STEP
    return isinstance(outcome, jobs.CallFailed) and outcome.code in _BROKEN_PIPE
