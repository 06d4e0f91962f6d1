"""What happened at a symbol's prices: signals, approvals, orders and fills, and what is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2
from countersign_server.accounts.store import snapshot_of
from countersign_server.analytics.deal_time import likely_utc
from countersign_server.approvals.tables import approvals
from countersign_server.charts.spec import (
    LEVELS_MAX,
    MARKERS_MAX,
    Level,
    LevelKind,
    Marker,
    MarkerKind,
)
from countersign_server.decimals import decimal_text
from countersign_server.execution.tables import commands, deals
from countersign_server.signals.tables import signals

# Signal, approval and order of one command make three.
_STORIES_MAX = MARKERS_MAX // 6
_FILLS_MAX = MARKERS_MAX // 2
_LABEL_MAX = 20
_FILLS = {0: MarkerKind.BUY, 1: MarkerKind.SELL}


@dataclass(frozen=True, slots=True)
class Marks:
    """What is drawn into prices."""

    markers: Sequence[Marker] = ()
    levels: Sequence[Level] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """Which prices: an account's symbol, from a time on; one signal's, or everybody's."""

    account_id: UUID
    symbol: str
    since: datetime
    signal_id: UUID | None


async def marks_of(tx: AsyncConnection, scene: Scene) -> Marks:
    """Return what happened. Of one signal: its own stop and target; else those of what is open."""
    stories = await _stories(tx, scene)
    fills = await _fills(tx, scene, [row.position_id for row in stories if row.position_id])
    markers = [marker for row in stories for marker in _story(row)] + fills
    if scene.signal_id is None:
        levels = await _open_levels(tx, scene)
    else:
        levels = [level for row in stories for level in _levels(row)]
    by_time = sorted(markers, key=lambda marker: marker.time)
    return Marks(by_time[-MARKERS_MAX:], levels[:LEVELS_MAX])


async def _stories(tx: AsyncConnection, scene: Scene) -> Sequence[Any]:
    asked = (
        select(
            signals.c.received_at,
            approvals.c.signal_price,
            approvals.c.state,
            approvals.c.decided_at,
            approvals.c.stop_loss,
            approvals.c.take_profit,
            commands.c.granted_at,
            commands.c.average_price,
            commands.c.position_id,
        )
        .join(signals, signals.c.id == approvals.c.signal_id)
        .join(commands, commands.c.approval_id == approvals.c.id, isouter=True)
        .where(
            approvals.c.account_id == scene.account_id,
            approvals.c.symbol == scene.symbol,
            approvals.c.created_at >= scene.since,
        )
        .order_by(approvals.c.created_at.desc())
        .limit(_STORIES_MAX)
    )
    if scene.signal_id is not None:
        asked = asked.where(approvals.c.signal_id == scene.signal_id)
    return (await tx.execute(asked)).all()


async def _fills(tx: AsyncConnection, scene: Scene, position_ids: Sequence[int]) -> list[Marker]:
    asked = (
        select(deals)
        .where(
            deals.c.account_id == scene.account_id,
            deals.c.symbol == scene.symbol,
            deals.c.type.in_(_FILLS),
            deals.c.price > 0,
        )
        .order_by(deals.c.broker_time_ms.desc())
        .limit(_FILLS_MAX)
    )
    if scene.signal_id is not None:
        asked = asked.where(deals.c.position_id.in_(position_ids))
    return [_fill(row) for row in await tx.execute(asked)]


async def _open_levels(tx: AsyncConnection, scene: Scene) -> list[Level]:
    snapshot = await snapshot_of(tx, scene.account_id)
    if snapshot is None:
        return []
    held = execution_pb2.AccountSnapshot.FromString(snapshot.body).positions
    return [
        Level(kind, float(text))
        for position in held
        if position.symbol == scene.symbol
        for kind, text in (
            (LevelKind.ENTRY, position.price_open),
            (LevelKind.STOP, position.stop_loss),
            (LevelKind.TARGET, position.take_profit),
        )
        if text and Decimal(text) > 0
    ]


def _story(row: Any) -> list[Marker]:  # noqa: ANN401  # a row of _stories
    """Return a signal's markers. What had no price of its own stands at the signal's."""
    price = row.signal_price or row.average_price
    if price is None or price <= 0:
        return []
    was_approved = row.decided_at is not None and row.state in ("approved", "revoked")
    moments = (
        (MarkerKind.SIGNAL, row.received_at, price),
        (MarkerKind.APPROVAL, row.decided_at if was_approved else None, price),
        (MarkerKind.ORDER, row.granted_at, row.average_price or price),
    )
    return [Marker(kind, at, float(where)) for kind, at, where in moments if at is not None]


def _levels(row: Any) -> list[Level]:  # noqa: ANN401  # the same
    return [
        Level(kind, float(price))
        for kind, price in (
            (LevelKind.ENTRY, row.average_price),
            (LevelKind.STOP, row.stop_loss),
            (LevelKind.TARGET, row.take_profit),
        )
        if price is not None and price > 0
    ]


def _fill(row: Row[Any]) -> Marker:
    time = likely_utc(row.broker_time_ms, row.broker_utc_offset_seconds, told_at=row.event_time)
    label = decimal_text(row.volume)
    return Marker(_FILLS[row.type], time, float(row.price), label[:_LABEL_MAX])
