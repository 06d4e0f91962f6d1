"""What a terminal holds, kept whole: from whole snapshots, and from what has changed since."""

from datetime import datetime
from decimal import Decimal

from countersign.v1 import execution_pb2 as pb
from countersign_server.accounts.account import Snapshot
from countersign_server.errors import Invalid
from countersign_server.execution.book import Book
from countersign_server.execution.measures import snapshot_gaps_total
from countersign_server.execution.report import Reporter

# As many as a whole snapshot may tell.
_POSITIONS_MAX = 2000


def with_delta(snapshot: pb.AccountSnapshot, delta: pb.AccountDelta) -> pb.AccountSnapshot:
    """Return a snapshot as a delta changes it: what it does not name stays, in its place."""
    positions = {position.identifier: position for position in snapshot.positions}
    positions |= {position.identifier: position for position in delta.changed}
    closed = set(delta.closed)
    return pb.AccountSnapshot(
        revision=delta.revision,
        balance=delta.balance,
        equity=delta.equity,
        credit=delta.credit,
        margin=delta.margin,
        margin_free=delta.margin_free,
        positions=[one for identifier, one in positions.items() if identifier not in closed],
        connected=delta.connected,
    )


async def take_snapshot(
    book: Book,
    reporter: Reporter,
    snapshot: pb.AccountSnapshot,
    *,
    read_at: datetime,
    now: datetime,
) -> None:
    """Keep a whole snapshot, if no newer one of its session is kept."""
    await book.accounts.save_snapshot(
        Snapshot(
            account_id=reporter.account_id,
            owner_id=reporter.owner_id,
            session_epoch=reporter.session_epoch,
            revision=snapshot.revision,
            balance=Decimal(snapshot.balance),
            equity=Decimal(snapshot.equity),
            body=snapshot.SerializeToString(),
            connected=snapshot.connected,
            event_time=read_at,
            received_at=now,
        ),
    )


async def take_delta(
    book: Book, reporter: Reporter, delta: pb.AccountDelta, *, read_at: datetime, now: datetime
) -> bool:
    """Change the snapshot by a delta; False: what it follows is not kept, so nothing changed.

    What is kept then grows old, and is shown so, until a whole snapshot comes.
    """
    kept = await book.accounts.snapshot(reporter.account_id)
    is_ours = kept is not None and kept.session_epoch == reporter.session_epoch
    if kept is None or not is_ours or delta.revision > kept.revision + 1:
        snapshot_gaps_total.inc()
        return False
    changed = with_delta(pb.AccountSnapshot.FromString(kept.body), delta)
    if len(changed.positions) > _POSITIONS_MAX:
        raise Invalid(f"more than {_POSITIONS_MAX} open positions cannot be kept", field="changed")
    # Which keeps nothing older than what is kept: a delta told twice changes nothing.
    await take_snapshot(book, reporter, changed, read_at=read_at, now=now)
    return True
