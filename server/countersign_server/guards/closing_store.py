"""What guards close and why: attempts, alerts, and what came of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, exists, func, literal_column, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import TradingState
from countersign_server.accounts.tables import broker_symbols, halted_producers, subscriptions
from countersign_server.approvals.tables import approvals
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.tables import command_tags, commands, deals
from countersign_server.guards.attempts import Origin, Outcome
from countersign_server.guards.records import Act, Alert, Closing, Happening, Side
from countersign_server.guards.tables import drawdown_alerts, guard_closings, guard_events

SHOWN_MAX = 500
_CLOSING = [field.name for field in fields(Closing)]
_ALERT = [field.name for field in fields(Alert)]
_HAPPENING = [field.name for field in fields(Happening)]


async def add_happening(tx: AsyncConnection, happening: Happening) -> bool:
    """Keep what a guard did; False: it was kept before."""
    values = {name: getattr(happening, name) for name in _HAPPENING}
    added = await tx.execute(
        insert(guard_events)
        .values(values)
        .on_conflict_do_nothing(constraint="one_guard_event_per_natural_key")
        .returning(guard_events.c.id)
    )
    return added.one_or_none() is not None


async def happenings(
    tx: AsyncConnection,
    *,
    account_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Happening]:
    """Return what guards did, newest first."""
    place = tuple_(guard_events.c.received_at, guard_events.c.id)
    question = select(guard_events).order_by(place.desc()).limit(limit)
    if account_id is not None:
        question = question.where(guard_events.c.account_id == account_id)
    if before is not None:
        question = question.where(place < before)
    return [_happening(row) for row in await tx.execute(question)]


async def begin_alert(tx: AsyncConnection, alert: Alert) -> bool:
    """Keep that everything is to be closed; False: the trip is known, from either side."""
    values = {name: getattr(alert, name) for name in _ALERT}
    added = await tx.execute(
        insert(drawdown_alerts)
        .values(values)
        .on_conflict_do_nothing(constraint="one_alert_per_trip")
        .returning(drawdown_alerts.c.id)
    )
    return added.one_or_none() is not None


async def open_alert(tx: AsyncConnection, account_id: UUID) -> Alert | None:
    """Return the newest closing of everything that goes on; None: none does."""
    found = await tx.execute(
        select(drawdown_alerts)
        .where(drawdown_alerts.c.account_id == account_id, drawdown_alerts.c.ended_at.is_(None))
        .order_by(drawdown_alerts.c.created_at.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return _alert(row) if row else None


async def end_alerts(
    tx: AsyncConnection, account_id: UUID, now: datetime, *, trip: str | None = None
) -> None:
    """Say that the closing of a trip is over; None: that of each."""
    question = update(drawdown_alerts).where(
        drawdown_alerts.c.account_id == account_id, drawdown_alerts.c.ended_at.is_(None)
    )
    if trip is not None:
        question = question.where(drawdown_alerts.c.trip == trip)
    await tx.execute(question.values(ended_at=now))


async def alert_of_trip(tx: AsyncConnection, account_id: UUID, trip: str) -> UUID | None:
    """Return the alert of a trip; None: none was told of."""
    return await tx.scalar(
        select(drawdown_alerts.c.id).where(
            drawdown_alerts.c.account_id == account_id, drawdown_alerts.c.trip == trip
        )
    )


async def alerts(
    tx: AsyncConnection,
    *,
    account_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Alert]:
    """Return closings of everything, newest first."""
    place = tuple_(drawdown_alerts.c.created_at, drawdown_alerts.c.id)
    question = select(drawdown_alerts).order_by(place.desc()).limit(limit)
    if account_id is not None:
        question = question.where(drawdown_alerts.c.account_id == account_id)
    if before is not None:
        question = question.where(place < before)
    return [_alert(row) for row in await tx.execute(question)]


async def add_closing(tx: AsyncConnection, closing: Closing) -> None:
    await tx.execute(
        insert(guard_closings).values({name: getattr(closing, name) for name in _CLOSING})
    )


async def save_closing(tx: AsyncConnection, closing: Closing) -> bool:
    """Keep a closing of the bridge's own, whatever of it was kept; False: nothing is new."""
    values = {name: getattr(closing, name) for name in _CLOSING}
    fresh = insert(guard_closings).values(values)
    kept = await tx.execute(
        fresh.on_conflict_do_update(
            index_elements=[guard_closings.c.id],
            set_={
                "outcome": fresh.excluded.outcome,
                "reason": fresh.excluded.reason,
                "updated_at": fresh.excluded.updated_at,
            },
            # A result takes the place of an intent, and of a doubt; never the other way round.
            where=and_(
                fresh.excluded.outcome.not_in(["", "in-doubt"]),
                guard_closings.c.outcome.in_(["", "in-doubt"]),
            ),
        ).returning(guard_closings.c.id)
    )
    return kept.one_or_none() is not None


async def outcomes(
    tx: AsyncConnection,
    *,
    account_ids: Collection[UUID] = (),
    alert_ids: Collection[UUID] = (),
    since: datetime | None = None,
) -> Sequence[Outcome]:
    """Return the newest closings of accounts since a moment, or of alerts; the oldest first."""
    money = deals.c.profit + deals.c.commission + deals.c.swap + deals.c.fee
    made = (
        select(
            deals.c.account_id,
            deals.c.magic,
            func.sum(money).label("profit"),
            func.sum(deals.c.volume).label("volume"),
        )
        .where(deals.c.magic == guard_closings.c.magic)
        .where(deals.c.account_id == guard_closings.c.account_id)
        .where(guard_closings.c.magic != 0)
        .group_by(deals.c.account_id, deals.c.magic)
        .lateral("made")
    )
    question = (
        select(
            guard_closings,
            commands.c.state,
            commands.c.settled_as,
            commands.c.reason.label("command_reason"),
            commands.c.updated_at.label("command_updated_at"),
            made.c.profit,
            made.c.volume.label("made_volume"),
        )
        .join_from(
            guard_closings, commands, commands.c.id == guard_closings.c.command_id, isouter=True
        )
        .join(made, made.c.magic == guard_closings.c.magic, isouter=True)
        .order_by(guard_closings.c.created_at.desc(), guard_closings.c.id.desc())
        .limit(SHOWN_MAX * 10)
    )
    if account_ids:
        question = question.where(guard_closings.c.account_id.in_(account_ids))
    if alert_ids:
        question = question.where(guard_closings.c.alert_id.in_(alert_ids))
    if since is not None:
        question = question.where(guard_closings.c.created_at >= since)
    return [_outcome(row) for row in await tx.execute(question)][::-1]


async def is_closing_wanted(tx: AsyncConnection, account_id: UUID) -> bool:
    """Tell whether something but its own guard may want positions of an account closed."""
    stopped = exists().where(halted_producers.c.state == TradingState.FLATTENING.value)
    ends = exists().where(subscriptions.c.account_id == account_id, subscriptions.c.close_on_expiry)
    return bool(await tx.scalar(select(or_(stopped, ends))))


async def origins(
    tx: AsyncConnection, account_id: UUID, *, magics: Collection[int]
) -> Sequence[Origin]:
    """Return our commands that opened what carries these tags, or that wait at the broker."""
    tagged = select(command_tags.c.command_id).where(
        command_tags.c.account_id == account_id, command_tags.c.magic.in_(magics)
    )
    # Written out: the index holds what is not over only.
    waiting = select(commands.c.id).where(
        commands.c.account_id == account_id, commands.c.state == literal_column("'working'")
    )
    found = await tx.execute(
        select(
            commands,
            approvals.c.producer_id,
            approvals.c.expires_at.label("mandate_expires_at"),
            halted_producers.c.state.label("producer_state"),
            subscriptions.c.close_on_expiry,
        )
        .join(approvals, approvals.c.id == commands.c.approval_id)
        .join(subscriptions, subscriptions.c.id == approvals.c.subscription_id)
        .join(
            halted_producers,
            halted_producers.c.producer_id == approvals.c.producer_id,
            isouter=True,
        )
        .where(
            commands.c.account_id == account_id,
            commands.c.kind.in_(["open", "place"]),
            commands.c.id.in_(tagged.union(waiting)),
        )
    )
    width = len(commands.c)
    return [
        Origin(
            command=_command(row, width),
            producer_id=row.producer_id,
            producer_state=row.producer_state,
            expires_at=row.mandate_expires_at,
            close_on_expiry=row.close_on_expiry,
        )
        for row in found
    ]


def _command(row: Row[Any], width: int) -> Command:
    """Return the command in the first columns of a row."""
    facts: dict[str, Any] = {name: row[at] for at, name in enumerate(commands.c.keys()[:width])}
    facts["state"] = CommandState(facts["state"])
    return Command(**facts)


async def fingerprints(
    tx: AsyncConnection, account_id: UUID, symbols: Collection[str]
) -> Mapping[str, str]:
    """Return the fingerprints of symbols as the terminal told of them last."""
    found = await tx.execute(
        select(broker_symbols.c.symbol, broker_symbols.c.fingerprint).where(
            broker_symbols.c.account_id == account_id, broker_symbols.c.symbol.in_(symbols)
        )
    )
    return {row.symbol: row.fingerprint for row in found}


def _happening(row: Row[Any]) -> Happening:
    facts: dict[str, Any] = {name: getattr(row, name) for name in _HAPPENING}
    facts["act"], facts["side"] = Act(row.act), Side(row.side)
    return Happening(**facts)


def _alert(row: Row[Any]) -> Alert:
    facts: dict[str, Any] = {name: getattr(row, name) for name in _ALERT}
    facts["side"] = Side(row.side)
    return Alert(**facts)


def _outcome(row: Row[Any]) -> Outcome:
    facts: dict[str, Any] = {name: getattr(row, name) for name in _CLOSING}
    facts["side"] = Side(row.side)
    closing = Closing(**facts)
    return Outcome(
        closing=closing,
        state=CommandState(row.state) if row.state else None,
        settled=bool(row.settled_as),
        reason=row.command_reason or closing.reason,
        filled_volume=Decimal(row.made_volume or 0),
        profit=None if row.profit is None else Decimal(row.profit),
        heard_at=max(closing.updated_at, row.command_updated_at or closing.updated_at),
    )
