"""The truth sheet, read from what signals, approvals, commands, reports and deals already say."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2
from countersign_server.analytics.tables import excursions
from countersign_server.analytics.truth import Course, Prices
from countersign_server.approvals.tables import approvals
from countersign_server.decimals import optional_decimal
from countersign_server.execution.tables import command_reports, commands, deals
from countersign_server.signals.tables import signals

_OPENING = ("open", "place")
_DONE = ("executed", "partial")
_MONEY = deals.c.profit + deals.c.commission + deals.c.swap + deals.c.fee
_CLOSES = deals.c.entry.in_(("out", "inout", "out-by"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the deals of a position came to so far. Prices None: no deal of that kind."""

    result: Decimal
    closed_volume: Decimal
    close_price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRow:
    """One position that an approved command opened."""

    command_id: UUID
    account_id: UUID
    signal_id: UUID
    producer_id: UUID
    position_id: int
    symbol: str
    side: str
    volume: Decimal
    created_at: datetime
    course: Course
    prices: Prices
    outcome: Outcome | None
    worst: Decimal | None
    best: Decimal | None


@dataclass(frozen=True, slots=True)
class Sending:
    """How the order of a command was sent, as far as its bridge has told."""

    sent_at: datetime | None = None
    answered_at: datetime | None = None
    price: Decimal | None = None  # None: the order had none, or it was not told


async def list_trades(
    tx: AsyncConnection,
    *,
    account_id: UUID | None,
    producer_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[TradeRow]:
    """Return trades, newest first."""
    asked = (
        select(
            commands,
            approvals.c.producer_id,
            approvals.c.signal_price,
            approvals.c.created_at.label("asked_at"),
            approvals.c.decided_at,
            approvals.c.decided_price,
            approvals.c.mode,
            signals.c.sent_at,
            signals.c.received_at,
        )
        .join(approvals, approvals.c.id == commands.c.approval_id)
        .join(signals, signals.c.id == commands.c.signal_id)
        .where(
            commands.c.kind.in_(_OPENING),
            or_(commands.c.filled_volume > 0, commands.c.state.in_(_DONE)),
        )
        .order_by(commands.c.created_at.desc(), commands.c.id.desc())
        .limit(limit)
    )
    if account_id is not None:
        asked = asked.where(commands.c.account_id == account_id)
    if producer_id is not None:
        asked = asked.where(approvals.c.producer_id == producer_id)
    if before is not None:
        asked = asked.where(tuple_(commands.c.created_at, commands.c.id) < before)
    rows = (await tx.execute(asked)).all()
    positions = {(row.account_id, row.position_id) for row in rows if row.position_id}
    outcomes = await _outcomes(tx, positions)
    extremes = await _extremes(tx, positions)
    sendings = await _sendings(tx, [row.id for row in rows])
    return [
        _trade(
            row,
            sendings.get((row.account_id, row.id), Sending()),
            outcomes.get((row.account_id, row.position_id)),
            extremes.get((row.account_id, row.position_id), (None, None)),
        )
        for row in rows
    ]


async def _outcomes(
    tx: AsyncConnection, positions: Collection[tuple[UUID, int]]
) -> Mapping[tuple[UUID, int], Outcome]:
    closed = func.coalesce(func.sum(deals.c.volume).filter(_CLOSES), 0)
    found = await tx.execute(
        select(
            deals.c.account_id,
            deals.c.position_id,
            func.sum(_MONEY).label("result"),
            closed.label("closed"),
            case(
                (closed > 0, func.sum(deals.c.volume * deals.c.price).filter(_CLOSES) / closed)
            ).label("close_price"),
        )
        .where(tuple_(deals.c.account_id, deals.c.position_id).in_(positions))
        .group_by(deals.c.account_id, deals.c.position_id)
    )
    return {
        (row.account_id, row.position_id): Outcome(
            result=row.result, closed_volume=row.closed, close_price=row.close_price
        )
        for row in found
    }


async def _extremes(
    tx: AsyncConnection, positions: Collection[tuple[UUID, int]]
) -> Mapping[tuple[UUID, int], tuple[Decimal, Decimal]]:
    found = await tx.execute(
        select(excursions).where(
            tuple_(excursions.c.account_id, excursions.c.position_id).in_(positions)
        )
    )
    return {(row.account_id, row.position_id): (row.worst, row.best) for row in found}


async def _sendings(
    tx: AsyncConnection, command_ids: Collection[UUID]
) -> Mapping[tuple[UUID, UUID], Sending]:
    """Return how orders were sent, by account and command."""
    found = await tx.execute(
        select(
            command_reports.c.account_id,
            command_reports.c.command_id,
            command_reports.c.kind,
            command_reports.c.body,
            command_reports.c.event_time,
        )
        .where(
            command_reports.c.command_id.in_(command_ids),
            command_reports.c.kind.in_(("intent", "result")),
        )
        .order_by(command_reports.c.received_at)
    )
    told: defaultdict[tuple[UUID, UUID], Sending] = defaultdict(Sending)
    for row in found:
        key = row.account_id, row.command_id
        told[key] = _after(told[key], row)
    return told


def _after(known: Sending, row: Any) -> Sending:  # noqa: ANN401  # a row of _sendings
    if row.kind == "intent":
        price = execution_pb2.IntentRecorded.FromString(row.body).price
        return Sending(row.event_time, known.answered_at, optional_decimal(price))
    result = execution_pb2.AttemptResult.FromString(row.body)
    sent = result.send_time.ToDatetime(UTC) if result.HasField("send_time") else known.sent_at
    returned = result.HasField("return_time")
    answered = result.return_time.ToDatetime(UTC) if returned else row.event_time
    return Sending(sent, answered, known.price)


def _trade(
    row: Row[Any],
    sending: Sending,
    outcome: Outcome | None,
    extremes: tuple[Decimal | None, Decimal | None],
) -> TradeRow:
    return TradeRow(
        command_id=row.id,
        account_id=row.account_id,
        signal_id=row.signal_id,
        producer_id=row.producer_id,
        position_id=row.position_id,
        symbol=row.symbol,
        side=row.side,
        volume=row.filled_volume or row.volume or Decimal(0),
        created_at=row.created_at,
        course=Course(
            signed_at=row.sent_at,
            received_at=row.received_at,
            asked_at=row.asked_at,
            decided_at=row.decided_at,
            decided_by_rule=row.mode == "automatic",
            granted_at=row.granted_at,
            sent_at=sending.sent_at,
            answered_at=sending.answered_at,
        ),
        prices=Prices(
            buys=row.side == "buy",
            decided_by_rule=row.mode == "automatic",
            signal=row.signal_price,
            decided=row.decided_price,
            # A pending order has waited at its price: what was sent with it says nothing of then.
            sent=sending.price if row.kind == "open" else None,
            filled=row.average_price,
        ),
        outcome=outcome,
        worst=extremes[0],
        best=extremes[1],
    )
