"""Telling whoever waits, in this process or another, that there may be something new to read.

A doorbell and nothing more: it may ring early, late or for nothing, and it carries no news. Whoever
waits subscribes before the first read, reads the tables again after each ring, and reads them
anyway when it has been quiet for long. NOTIFY takes a lock of the whole server when it commits;
so it is sent after the transaction that has the news, in a small one of its own, for many at once.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import psycopg
import structlog
from prometheus_client import Counter
from sqlalchemy import make_url

CHANNEL = "countersign"
# PostgreSQL refuses payloads of 8,000 bytes and more.
PAYLOAD_BYTES = 7_900
TOPIC_BYTES = 200
# Beyond it, whoever waits for anything is rung: a ring for nothing costs one read.
PENDING_TOPICS = 10_000

EVERYTHING = "*"

_FIRST_PAUSE = timedelta(milliseconds=100)
_LONGEST_PAUSE = timedelta(seconds=5)

failures_total = Counter(
    "wakeup_failures_total",
    "Wake-ups that may come late, because the database could not be reached or a topic was wrong.",
    ("part",),
)

_log = structlog.get_logger(__name__)


class Wakeup:
    """One bell of one who waits."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, patience: timedelta) -> bool:
        """Return True on the next ring or one since the last wait, False after `patience`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience.total_seconds()):
                await self._rung.wait()
        rung = self._rung.is_set()
        self._rung.clear()
        return rung


class Wakeups:
    """Who waits for what in this process, and the way to those who wait in others.

    A topic is a short name like "account:<uuid>" or "signals"; `kept_here` are those that are no
    news to other processes. Not for use from several threads.
    """

    def __init__(self, url: str, *, kept_here: Collection[str] = ()) -> None:
        self._conninfo = _conninfo(url)
        self._kept_here = frozenset(kept_here)
        self._waiting: dict[str, set[Wakeup]] = {}
        self._pending: set[str] = set()
        self._to_send = asyncio.Event()
        self._listening = asyncio.Event()
        self._sending = asyncio.Event()
        self._sender_pid = 0
        self._presence = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def presence(self) -> int:
        """The number of an advisory lock that is held for as long as this process listens.

        Whoever finds it free knows that the process has ended or lost the database. 0: it holds
        none now. Each connection has a number of its own.
        """
        return self._presence

    async def start(self, patience: timedelta = timedelta(seconds=5)) -> None:
        """Begin to listen and to send, and return when that works, or after `patience`.

        Without a database it goes on trying, and rings here only.
        """
        self._tasks = [
            asyncio.create_task(self._keep_on(self._listen, part="listen")),
            asyncio.create_task(self._keep_on(self._send, part="send")),
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(patience.total_seconds()):
                await self._listening.wait()
                await self._sending.wait()

    async def stop(self) -> None:
        """Stop listening and sending. What was rung and not sent yet is forgotten: it is a hint."""
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome  # a bug: they end by being cancelled only

    @contextmanager
    def subscribe(self, *topics: str) -> Generator[Wakeup]:
        """Be rung for each of `topics` inside the block.

        Raises ValueError when one is not a topic.
        """
        for topic in topics:
            if not _is_topic(topic):
                raise ValueError(
                    f"topic must be one line of 1 to {TOPIC_BYTES} bytes, and not "
                    f"{EVERYTHING!r}: {topic[:TOPIC_BYTES]!r}"
                )
        wakeup = Wakeup()
        for topic in topics:
            self._waiting.setdefault(topic, set()).add(wakeup)
        try:
            yield wakeup
        finally:
            for topic in topics:
                waiting = self._waiting[topic]
                waiting.discard(wakeup)
                if not waiting:
                    del self._waiting[topic]

    def ring(self, *topics: str) -> None:
        """Ring whoever waits for one of `topics`: here at once, elsewhere soon.

        Call it after the commit. It never raises and never waits.
        """
        good = {topic for topic in topics if _is_topic(topic)}
        if not good.issuperset(topics):
            failures_total.labels("ring").inc()
            _log.error("wakeup_topic_invalid", topics=[topic[:TOPIC_BYTES] for topic in topics])
        self._ring_here(good)
        self._leave_to_sender(good - self._kept_here)

    def _ring_here(self, topics: Iterable[str]) -> None:
        for topic in topics:
            for wakeup in self._waiting.get(topic, ()):
                wakeup.ring()

    def _leave_to_sender(self, topics: set[str]) -> None:
        self._pending |= topics
        if EVERYTHING in self._pending or len(self._pending) > PENDING_TOPICS:
            self._pending = {EVERYTHING}
        if self._pending:
            self._to_send.set()

    async def _listen(self) -> None:
        async with await _connect(self._conninfo) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            presence = 1 + secrets.randbelow(2**63 - 1)
            await connection.execute("SELECT pg_advisory_lock(%s)", (presence,))
            self._presence = presence
            # For whatever was rung while nobody listened.
            self._ring_here(self._waiting)
            self._listening.set()
            try:
                async for notification in connection.notifies():
                    # Our own have rung here already.
                    if notification.pid != self._sender_pid:
                        topics = notification.payload.split("\n")
                        self._ring_here(self._waiting if EVERYTHING in topics else topics)
            finally:
                self._presence = 0

    async def _send(self) -> None:
        async with await _connect(self._conninfo) as connection:
            self._sender_pid = connection.info.backend_pid
            self._sending.set()
            try:
                while True:
                    await self._to_send.wait()
                    await self._send_pending(connection)
            finally:
                # The number may become that of another process's sender, whom we must hear.
                self._sender_pid = 0

    async def _send_pending(self, connection: psycopg.AsyncConnection) -> None:
        # What is rung while this is under way goes together, next time.
        self._to_send.clear()
        topics, self._pending = self._pending, set()
        try:
            await connection.execute(
                "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload",
                (CHANNEL, list(payloads(sorted(topics)))),
            )
        except Exception:
            self._leave_to_sender(topics)
            raise

    async def _keep_on(self, work: Callable[[], Awaitable[None]], *, part: str) -> None:
        """Do `work` for ever, over any number of lost connections and whatever else goes wrong."""
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE
        while True:
            began = loop.time()
            try:
                await work()
            except psycopg.Error as error:
                failures_total.labels(part).inc()
                _log.warning("wakeup_connection_lost", part=part, error=str(error).strip())
            except Exception:  # noqa: BLE001  # a bug; without bells everybody here would wait for it
                failures_total.labels(part).inc()
                _log.exception("wakeup_failed", part=part)
            if loop.time() - began > _LONGEST_PAUSE.total_seconds():
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, _LONGEST_PAUSE)


def payloads(topics: Iterable[str]) -> Iterator[str]:
    """Join topics, one a line, to as few notifications as PostgreSQL allows."""
    lines: list[str] = []
    size = 0
    for topic in topics:
        added = len(topic.encode()) + 1
        if size + added > PAYLOAD_BYTES:
            yield "\n".join(lines)
            lines, size = [], 0
        lines.append(topic)
        size += added
    if lines:
        yield "\n".join(lines)


def _is_topic(topic: str) -> bool:
    # PostgreSQL refuses the zero character in any text.
    is_one_line = topic.isprintable() and topic != EVERYTHING
    return is_one_line and 0 < len(topic.encode()) <= TOPIC_BYTES


def _conninfo(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def _connect(conninfo: str) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(
        conninfo,
        autocommit=True,
        application_name="countersign wakeups",
        connect_timeout=3,
        # So that a connection to a machine that has vanished is noticed within half a minute.
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=25_000,
    )
