"""How the account and its positions are told: whole at first and when asked, then what changed."""

from datetime import datetime, timedelta

from countersign.v1 import execution_pb2
from countersign_bridge.clock import Moment
from countersign_bridge.effects import Effects, Tell
from countersign_bridge.reporting.events import event, snapshot_event
from countersign_bridge.terminal import jobs

# What has not changed is told again after this long at the latest, so that the server can tell
# quiet from dead. It counts in heartbeats, so that each of them may have to bring it.
_AGAIN = timedelta(seconds=5)
# Nothing should need it; it bounds how long a mistake of either side could last.
_WHOLE_AGAIN = timedelta(minutes=1)
# Deltas that wait for the stream at once. One more takes the place of another, and the server,
# which misses that, asks for a whole snapshot.
_WAITING_MAX = 64


class Portfolio:
    """What the server was told of the account in this session."""

    def __init__(self) -> None:
        self._told: execution_pb2.AccountSnapshot | None = None
        self._takes_deltas = False
        self._revision = 0
        self._every = _AGAIN
        self._again: Moment | None = None
        self._whole_again: Moment | None = None

    def session_opened(self, *, takes_deltas: bool, heartbeat: timedelta) -> None:
        """Begin anew. `takes_deltas`: the server can read them. `heartbeat`: zero if not told."""
        self._every = min(_AGAIN, heartbeat or _AGAIN)
        self._told = None
        self._takes_deltas = takes_deltas
        self._revision = 0

    def fetch(self) -> None:
        """Tell it whole the next time: the server lacks something."""
        self._told = None

    def tell(self, read: jobs.SnapshotAnswer, now: Moment) -> Effects:
        """Tell what was read, if it changed or was not told for a while."""
        whole = snapshot_event(
            read.account, read.terminal, read.positions, now.utc, revision=self._revision + 1
        )
        told = self._told
        is_whole = told is None or not self._takes_deltas or _is_due(self._whole_again, now)
        if told is not None and _same(whole.snapshot, told) and not _is_due(self._again, now):
            return []
        self._told = whole.snapshot
        self._revision += 1
        self._again = now.later(self._every)
        if is_whole or told is None:
            self._whole_again = now.later(_WHOLE_AGAIN)
            return [Tell("snapshot", whole)]
        slot = f"delta:{self._revision % _WAITING_MAX}"
        return [Tell(slot, delta_event(told, whole.snapshot, now.utc))]


def delta_event(
    before: execution_pb2.AccountSnapshot, now: execution_pb2.AccountSnapshot, time: datetime
) -> execution_pb2.Event:
    """Return what has changed between two snapshots."""
    was = {position.identifier: position for position in before.positions}
    still = {position.identifier for position in now.positions}
    told = event(f"delta:{now.revision}", time)
    told.delta.CopyFrom(
        execution_pb2.AccountDelta(
            revision=now.revision,
            balance=now.balance,
            equity=now.equity,
            credit=now.credit,
            margin=now.margin,
            margin_free=now.margin_free,
            changed=[one for one in now.positions if was.get(one.identifier) != one],
            closed=sorted(was.keys() - still),
            connected=now.connected,
        )
    )
    return told


def _is_due(moment: Moment | None, now: Moment) -> bool:
    return moment is not None and now.monotonic >= moment.monotonic


def _same(now: execution_pb2.AccountSnapshot, before: execution_pb2.AccountSnapshot) -> bool:
    """Whether nothing but the count of revisions differs."""
    renumbered = execution_pb2.AccountSnapshot()
    renumbered.CopyFrom(before)
    renumbered.revision = now.revision
    return now == renumbered
