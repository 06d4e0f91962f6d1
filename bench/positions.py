"""What keeping positions live costs the processor: reading, changing, keeping, and telling on."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from countersign.v1 import execution_pb2 as pb, values_pb2
from countersign_server.accounts.account import Snapshot
from countersign_server.execution.portfolio import with_delta
from countersign_server.reconciliation.news import Told, news_of

_POSITIONS = 50
_UPDATES = 400
_NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def product_run() -> float:
    """Return how many changed positions a second one thread takes in and tells on.

    Each update is read from its bytes, changes the account's whole snapshot, is made what is
    stored, and becomes the news of one follower. Storing it is one row a frame, and not in it.
    """
    shown = pb.AccountSnapshot(
        revision=1, balance="10000", equity="10000", credit="0", margin="0", margin_free="10000",
        positions=[_position(number, 0) for number in range(_POSITIONS)], connected=True,
    )  # fmt: skip
    kept = Snapshot(
        account_id=UUID(int=1),
        owner_id=UUID(int=2),
        session_epoch=b"e" * 16,
        revision=1,
        balance=Decimal(10000),
        equity=Decimal(10000),
        body=shown.SerializeToString(),
        connected=True,
        event_time=_NOW,
        received_at=_NOW,
    )
    frames = [_delta(revision).SerializeToString() for revision in range(2, _UPDATES + 2)]
    began = time.process_time()
    for frame in frames:
        delta = pb.AccountDelta.FromString(frame)
        changed = with_delta(pb.AccountSnapshot.FromString(kept.body), delta)
        after = replace(kept, revision=delta.revision, body=changed.SerializeToString())
        news = news_of(after, "USD", stale=False, before=Told(kept, stale=False))
        if news is None or len(news.message.delta.changed) != _POSITIONS:  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue, reportUnknownArgumentType]  # a PositionsDelta
            raise RuntimeError("an update was lost")
        kept = after
    return _POSITIONS * _UPDATES / (time.process_time() - began)


def _delta(revision: int) -> pb.AccountDelta:
    return pb.AccountDelta(
        revision=revision, balance="10000", equity=f"{10_000 + revision}", credit="0",
        margin="0", margin_free="10000", connected=True,
        changed=[_position(number, revision) for number in range(_POSITIONS)],
    )  # fmt: skip


def _position(number: int, revision: int) -> pb.Position:
    return pb.Position(
        ticket=number + 1, identifier=number + 1, magic=number + 1, symbol="EURUSD",
        side=values_pb2.SIDE_BUY, volume="0.1", price_open="1.0845",
        price_current=f"1.08{revision % 100:02}", profit=f"{revision}.5", swap="0",
    )  # fmt: skip
