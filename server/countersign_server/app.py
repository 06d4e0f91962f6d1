"""Puts the server together. The only module that knows every part."""

import asyncio
import gc
import json
import os
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import structlog
from prometheus_client import start_http_server

from countersign_server.audit.loop import WRITTEN
from countersign_server.database.engine import Database
from countersign_server.database.schema_version import check_schema
from countersign_server.database.wakeups import Wakeups
from countersign_server.execution.restored import quarantine
from countersign_server.execution.sql_book import SqlBooks
from countersign_server.parts import Parts, build
from countersign_server.rpc.boundary import Boundary
from countersign_server.rpc.health import Health, add_operators_services
from countersign_server.settings import Settings
from countersign_server.signals.rules import SURELY_VALID

log = structlog.get_logger()

_MESSAGE_MAX = 4 * 1024 * 1024
# A few megabytes of garbage at most.
_NEW_OBJECTS_A_COLLECTION = 20_000
_OPTIONS = (
    # Without it a second server binds the same port and takes half of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", _MESSAGE_MAX),
    ("grpc.max_send_message_length", _MESSAGE_MAX),
    ("grpc.max_metadata_size", 8 * 1024),
    ("grpc.max_concurrent_streams", 10_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Clients ping every 20 s; the default of five minutes would end their connections.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 3),
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running server listens; empty: not at all."""

    public: str
    internal: str
    metrics: str


@asynccontextmanager
async def serving(
    settings: Settings,
    database_url: str,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncGenerator[Addresses]:
    """Serve inside the block and provide the addresses.

    Calls under way get a grace period on the way out.
    """
    database = Database(database_url, connections=settings.database_connections)
    # Every process seals, and looks by itself in a while.
    wakeups = Wakeups(database_url, kept_here={WRITTEN})
    try:
        await check_schema(database.system_engine)
        if settings.restored:
            doubted = await quarantine(SqlBooks(database), now=now())
            log.warning("restored start: put in doubt what was not over", commands=doubted)
        await wakeups.start()
        parts = await build(settings, database_url, database, wakeups, now)
        async with _running(parts.loops), _listening(settings, parts) as addresses:
            _write_ready_file(settings, addresses)
            log.info("serving", **asdict(addresses))
            yield addresses
    finally:
        await wakeups.stop()
        await database.close()


async def serve_until_told_to_stop(settings: Settings, database_url: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with serving(settings, database_url):
        _spare_the_collector()
        await told.wait()
        log.info("stopping")


def _spare_the_collector() -> None:
    """Keep Python's collector of cycles from what is there for good.

    Left as it is, it walks through every module, message type and statement again and again: a
    fifth of the processor's time under load, and pauses that callers notice.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS_A_COLLECTION, 10, 10)


@asynccontextmanager
async def _listening(settings: Settings, parts: Parts) -> AsyncGenerator[Addresses]:
    health = Health()
    public, internal = _server(settings, parts), _server(settings, parts)
    for server in (public, internal):
        for area in parts.areas:
            area.door(server)
        health.add_to(server)
    add_operators_services(internal)
    addresses = Addresses(
        public=_bind(public, settings.listen),
        internal=_bind(internal, settings.listen_internal) if settings.listen_internal else "",
        metrics=_measure(settings.metrics_listen) if settings.metrics_listen else "",
    )
    await public.start()
    if addresses.internal:
        await internal.start()
    await health.serving()
    try:
        yield addresses
    finally:
        # The gateway must notice first, or it sends new calls to a server that takes none.
        await health.stopping()
        parts.feed.stop()
        await parts.channels.drain(settings.shutdown_grace)
        await asyncio.sleep(settings.drain_wait.total_seconds())
        grace = settings.shutdown_grace.total_seconds()
        await asyncio.gather(public.stop(grace), internal.stop(grace))


def _server(settings: Settings, parts: Parts) -> grpc.aio.Server:
    boundary = Boundary(
        parts.authenticate,
        default_deadline_seconds=settings.call_deadline.total_seconds(),
        trusted_proxies=settings.trusted_proxies,
        surely_valid=SURELY_VALID,
    )
    return grpc.aio.server(interceptors=[boundary], options=_OPTIONS)


def _bind(server: grpc.aio.Server, address: str) -> str:
    port = server.add_insecure_port(address)
    return address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{port}"


def _measure(address: str) -> str:
    host, _, port = address.rpartition(":")
    server, _ = start_http_server(int(port), host)
    return f"{host}:{server.server_port}"


@asynccontextmanager
async def _running(
    loops: tuple[Callable[[], Coroutine[Any, Any, None]], ...],
) -> AsyncGenerator[None]:
    """Run every background loop inside the block.

    One that ends, which none should, takes the server down.
    """
    tasks = [asyncio.create_task(loop(), name=loop.__qualname__) for loop in loops]
    main = asyncio.current_task()

    def notice(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            log.error(
                "a background loop has ended", loop=task.get_name(), exc_info=task.exception()
            )
            if main is not None:
                main.cancel()

    for task in tasks:
        task.add_done_callback(notice)
    try:
        yield
    finally:
        for task in tasks:
            task.remove_done_callback(notice)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _write_ready_file(settings: Settings, addresses: Addresses) -> None:
    """Tell whoever started the server that it is ready, and where: whole, or not at all."""
    if not settings.ready_file:
        return
    path = Path(settings.ready_file)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(asdict(addresses)))
    unfinished.replace(path)
