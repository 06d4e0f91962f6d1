"""Callers that keep a server busy, and how long each call took."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.work import measured

CALLERS = 64


@dataclass(frozen=True, slots=True)
class Run:
    """What one run measured. Seconds."""

    calls: int
    seconds: float
    latencies: tuple[float, ...]
    # Of the processor, by whose it was; see `bench.work`.
    work: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def rate(self) -> float:
        return self.calls / self.seconds

    def percentile(self, share: float) -> float:
        """Return the latency that `share` of the calls did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


async def closed_loop(
    requests: Sequence[bytes],
    call: Callable[[int, bytes], Awaitable[None]],
    callers: int = CALLERS,
) -> Run:
    """Send every request once; each caller sends its next when the last has been answered.

    `call` gets the caller's number and the request.
    """
    queue = iter(requests)
    latencies: list[float] = []

    async def caller(number: int) -> None:
        for request in queue:
            begun = time.perf_counter()
            await call(number, request)
            latencies.append(time.perf_counter() - begun)

    with measured() as work:
        started = time.perf_counter()
        await asyncio.gather(*(caller(number) for number in range(callers)))
        seconds = time.perf_counter() - started
    return Run(len(requests), seconds, tuple(latencies), work)


class HttpCallers:
    """Keep-alive HTTP/1.1 connections, one a caller: as little client as there can be."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._open: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def post(self, caller: int, request: bytes) -> None:
        """Send a whole request and read its answer. Raises RuntimeError unless it is 200."""
        if caller not in self._open:
            self._open[caller] = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._open[caller]
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        body = await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200"):
            status, _, _ = head.partition(b"\r\n")
            raise RuntimeError(f"the peer answered {status!r} {body!r}")

    def close(self) -> None:
        for _, writer in self._open.values():
            writer.close()
