"""What a follower of positions is told next, given what it was told before."""

from dataclasses import dataclass

from google.protobuf.message import Message

from countersign.v1 import execution_pb2, reconciliation_pb2
from countersign_server.accounts.account import Snapshot
from countersign_server.rpc.conversion import to_timestamp


@dataclass(frozen=True, slots=True)
class Told:
    """What a follower knows of one account."""

    snapshot: Snapshot
    stale: bool


@dataclass(frozen=True, slots=True)
class News:
    """One event: "snapshot", "delta" or "stale"."""

    kind: str
    message: Message


def news_of(snapshot: Snapshot, currency: str, *, stale: bool, before: Told | None) -> News | None:
    """Return what to tell of an account; None: nothing that the follower does not know.

    What changed is told as a delta of what the follower knows, whatever came in between; whole, if
    it knows nothing or the bridge has begun anew.
    """
    known = before.snapshot if before else None
    if known is None or known.session_epoch != snapshot.session_epoch:
        return News("snapshot", stored_message(snapshot, currency, stale=stale))
    if known.revision == snapshot.revision:
        grew_stale = before is not None and before.stale != stale
        return News("stale", _delta_message(snapshot, None, stale=stale)) if grew_stale else None
    return News("delta", _delta_message(snapshot, known, stale=stale))


def stored_message(
    snapshot: Snapshot, currency: str, *, stale: bool
) -> reconciliation_pb2.StoredSnapshot:
    return reconciliation_pb2.StoredSnapshot(
        account_id=str(snapshot.account_id),
        event_time=to_timestamp(snapshot.event_time),
        receive_time=to_timestamp(snapshot.received_at),
        snapshot=execution_pb2.AccountSnapshot.FromString(snapshot.body),
        stale=stale,
        currency=currency,
    )


def _delta_message(
    snapshot: Snapshot, known: Snapshot | None, *, stale: bool
) -> reconciliation_pb2.PositionsDelta:
    return reconciliation_pb2.PositionsDelta(
        account_id=str(snapshot.account_id),
        event_time=to_timestamp(snapshot.event_time),
        receive_time=to_timestamp(snapshot.received_at),
        delta=_difference(known, snapshot) if known else None,
        stale=stale,
    )


def _difference(known: Snapshot, snapshot: Snapshot) -> execution_pb2.AccountDelta:
    before = execution_pb2.AccountSnapshot.FromString(known.body)
    now = execution_pb2.AccountSnapshot.FromString(snapshot.body)
    was = {position.identifier: position for position in before.positions}
    still = {position.identifier for position in now.positions}
    return execution_pb2.AccountDelta(
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
