"""Whether a snapshot still tells what the terminal holds."""

from collections.abc import Callable
from datetime import datetime, timedelta

from countersign_server.accounts.account import Snapshot

# One lost heartbeat, or two, is the weather; three is news.
HEARTBEATS = 3

Stale = Callable[[Snapshot], bool]


def stale_after(heartbeat_interval: timedelta, now: Callable[[], datetime]) -> Stale:
    """Return what tells whether a snapshot is stale at the moment of asking."""
    return lambda snapshot: is_stale(snapshot, now=now(), heartbeat_interval=heartbeat_interval)


def is_stale(snapshot: Snapshot, *, now: datetime, heartbeat_interval: timedelta) -> bool:
    """Return whether a snapshot is too old to act on, or was read while the terminal was cut off.

    The older of the bridge's time and of the server's counts: neither a frame that came late nor a
    bridge's clock that is ahead makes an old reading look new.
    """
    read_at = min(snapshot.event_time, snapshot.received_at)
    return not snapshot.connected or now - read_at > HEARTBEATS * heartbeat_interval
