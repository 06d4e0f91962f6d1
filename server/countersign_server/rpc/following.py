"""How a stream of what is stored goes on: rung, it reads; in between it looks at the clock."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta

from countersign_server.database.wakeups import Wakeup
from countersign_server.rpc.server_sent_events import end_event

# How soon it shows that something has grown old, or that the server goes away.
_LOOK_UP = timedelta(milliseconds=500)
# A silent doorbell is not trusted for longer.
_READ_ANYWAY_SECONDS = 5.0
_HEARTBEAT_SECONDS = 10.0


async def told_as_it_comes(
    bell: Wakeup,
    *,
    read: Callable[[], Awaitable[bytes]],
    look_again: Callable[[], bytes],
    is_stopped: Callable[[], bool],
    clock: Callable[[], float],
) -> AsyncGenerator[bytes]:
    """Yield server-sent events until the server goes away.

    `read` returns those of what was stored since it was asked last, `look_again` those of time
    alone; empty: there are none. Subscribe `bell` before.
    """
    rung, read_at, spoken_at = True, 0.0, clock()
    while not is_stopped():
        if rung or clock() - read_at >= _READ_ANYWAY_SECONDS:
            read_at = clock()
            data = await read()
        else:
            data = look_again()
        if not data and clock() - spoken_at >= _HEARTBEAT_SECONDS:
            data = b": alive\n\n"
        if data:
            spoken_at = clock()
            yield data
        rung = await bell.wait(_LOOK_UP)
    yield end_event("UNAVAILABLE", "DRAINING")
