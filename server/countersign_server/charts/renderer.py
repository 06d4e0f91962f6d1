"""Processes that draw, kept ready: one that dies or hangs costs its picture and no other."""

import asyncio
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from datetime import timedelta

import structlog

from countersign_server.charts.report import Report
from countersign_server.charts.spec import EquityChart, PriceChart, SpecInvalid
from countersign_server.charts.worker import DRAWN, INVALID
from countersign_server.media_errors import TooManyCharts

WORKER = (sys.executable, "-m", "countersign_server.charts.worker")
_ANSWER_MAX = 64 * 1024 * 1024

log = structlog.get_logger()


class NotDrawn(Exception):
    """There is no picture; `reason` is upper-case, for headers and measures."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Renderer:
    """Draws charts in processes of its own, a few at once."""

    def __init__(
        self,
        *,
        workers: int,
        waiting_max: int,
        patience: timedelta,
        command: Sequence[str] = WORKER,
    ) -> None:
        self._workers: set[Process] = set()
        self._idle: list[Process] = []
        self._room = asyncio.Semaphore(workers)
        self._waiting = 0
        self._waiting_max = waiting_max
        self._patience = patience.total_seconds()
        self._command = command

    async def draw(self, chart: PriceChart | EquityChart | Report) -> bytes:
        """Return the picture. Raises NotDrawn, SpecInvalid, TooManyCharts."""
        if self._waiting >= self._waiting_max:
            raise TooManyCharts(f"{self._waiting} charts are being drawn or wait for it")
        self._waiting += 1
        try:
            async with self._room:
                kind, told = await self._ask(chart)
        finally:
            self._waiting -= 1
        if kind == DRAWN:
            return told
        if kind == INVALID:
            field, reason = pickle.loads(told)  # noqa: S301  # of our own worker
            raise SpecInvalid(field, reason.removeprefix(f"{field}: "))
        log.warning("chart not drawn", error=told.decode(errors="replace"))
        raise NotDrawn("BACKEND_FAILED")

    async def run(self) -> None:
        """Be there until cancelled, and end the workers then."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """End every worker, whatever it is at."""
        self._idle.clear()
        await asyncio.gather(*map(self._end, list(self._workers)))

    async def _ask(self, chart: PriceChart | EquityChart | Report) -> tuple[bytes, bytes]:
        worker = await self._worker()
        try:
            async with asyncio.timeout(self._patience):
                answer = await _exchange(worker, pickle.dumps(chart))
        except (TimeoutError, EOFError, OSError) as error:
            await self._end(worker)
            is_late = isinstance(error, TimeoutError)
            log.warning("chart worker lost", error=type(error).__name__)
            raise NotDrawn("TOOK_TOO_LONG" if is_late else "WORKER_DIED") from None
        except BaseException:
            # Cancelled in between: nobody knows which answer comes next.
            worker.kill()
            self._workers.discard(worker)
            raise
        self._idle.append(worker)
        return answer

    async def _worker(self) -> Process:
        while self._idle:
            worker = self._idle.pop()
            if worker.returncode is None:
                return worker
            await self._end(worker)
        try:
            worker = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        except OSError as error:
            log.warning("chart worker not started", error=str(error))
            raise NotDrawn("WORKER_NOT_STARTED") from None
        self._workers.add(worker)
        return worker

    async def _end(self, worker: Process) -> None:
        self._workers.discard(worker)
        if worker.returncode is None:
            worker.kill()
        # Closes its pipes, and waits until it is gone.
        await worker.communicate(b"")


async def _exchange(worker: Process, body: bytes) -> tuple[bytes, bytes]:
    assert worker.stdin is not None  # noqa: S101  # it was started with pipes
    assert worker.stdout is not None  # noqa: S101  # the same
    worker.stdin.write(len(body).to_bytes(4, "big") + body)
    await worker.stdin.drain()
    head = await worker.stdout.readexactly(5)
    size = int.from_bytes(head[1:], "big")
    if size > _ANSWER_MAX:
        raise EOFError(f"a picture of {size} bytes")
    return head[:1], await worker.stdout.readexactly(size)
