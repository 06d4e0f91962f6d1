"""Commands in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import execution_pb2 as pb
from countersign_server.accounts.account import TradingState
from countersign_server.accounts.tables import halted_producers
from countersign_server.approvals.tables import approvals
from countersign_server.database.questions import Question, ask
from countersign_server.execution.book import Due
from countersign_server.execution.claim import Claim
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import (
    DOUBTFUL,
    OPEN,
    OPENING,
    REDUCING,
    UNGRANTED,
    CommandState,
)
from countersign_server.execution.presumption import Doubt
from countersign_server.execution.report import FOUND
from countersign_server.execution.sql_records import LOOKED_AT
from countersign_server.execution.tables import command_reports, command_tags, commands, settlements

_COLUMNS = [field.name for field in fields(Command)]

# A command and its tag, in one statement.
_ADDED = (
    insert(commands)
    .values({name: bindparam(name) for name in _COLUMNS})
    .returning(
        commands.c.account_id,
        commands.c.magic,
        commands.c.owner_id,
        commands.c.id,
        commands.c.attempt,
    )
    .cte("added")
)
_ADD = insert(command_tags).from_select(
    ["account_id", "magic", "owner_id", "command_id", "attempt"], select(_ADDED)
)
# Asked alone, and by `sql_book` together with others. States are written out and not bound: a plan
# for whichever value could not use the indexes that hold these states only.
NOT_OVER = Question(
    select(commands)
    .where(
        commands.c.account_id == bindparam("account_id"),
        or_(
            commands.c.state.in_([literal_column(f"'{state}'") for state in sorted(OPEN)]),
            and_(
                commands.c.state.in_([literal_column(f"'{state}'") for state in sorted(DOUBTFUL)]),
                commands.c.settled_as == literal_column("''"),
            ),
        ),
    )
    .order_by(commands.c.created_at, commands.c.id)
)


def command_of(row: Row[Any]) -> Command:
    """Return a row of commands as a value."""
    facts: dict[str, Any] = dict(zip(row._fields, row, strict=True))  # pyright: ignore[reportPrivateUsage]  # as of any named tuple
    facts["state"] = CommandState(facts["state"])
    return Command(**facts)


class SqlCommands:
    """See `book.Commands`."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx

    async def add(self, command: Command) -> None:
        await self._tx.execute(_ADD, {name: getattr(command, name) for name in _COLUMNS})

    async def seen(self, command_id: UUID, *, account_id: UUID) -> Command | None:
        return await self._one(
            select(commands).where(commands.c.id == command_id, commands.c.account_id == account_id)
        )

    async def held(self, command_id: UUID, *, account_id: UUID | None = None) -> Command | None:
        return await self._one(
            select(commands)
            .where(
                commands.c.id == command_id,
                commands.c.account_id == account_id if account_id else true(),
            )
            .with_for_update()
        )

    async def of_approval(self, approval_id: UUID, *, hold: bool) -> Command | None:
        asked = select(commands).where(commands.c.approval_id == approval_id)
        return await self._one(asked.with_for_update() if hold else asked)

    async def tagged(self, account_id: UUID, magic: int) -> Command | None:
        return await self._one(
            select(commands)
            .join(command_tags, command_tags.c.command_id == commands.c.id)
            .where(command_tags.c.account_id == account_id, command_tags.c.magic == magic)
            .with_for_update(of=commands)
        )

    async def not_over(self, account_id: UUID) -> Sequence[Command]:
        (found,) = await ask(self._tx, (NOT_OVER, {"account_id": account_id}))
        return [command_of(row) for row in found]

    async def change(self, command: Command, changes: Mapping[str, Any]) -> Command | None:
        changed = await self._tx.execute(
            update(commands)
            # The row is held, so that this holds too; if it ever does not, nothing is overwritten.
            .where(commands.c.id == command.id, commands.c.state == command.state)
            .values(changes)
            .returning(commands)
        )
        row = changed.one_or_none()
        return command_of(row) if row else None

    async def offer(self, ids: Sequence[UUID], now: datetime) -> Sequence[Command]:
        changed = await self._tx.execute(
            update(commands)
            .where(
                commands.c.id.in_(ids),
                commands.c.state.in_(sorted(UNGRANTED)),
                commands.c.expires_at > func.clock_timestamp(),
                ~commands.c.cancel_asked,
            )
            .values(
                state=CommandState.OFFERED,
                offered_at=func.coalesce(commands.c.offered_at, now),
                updated_at=now,
            )
            .returning(commands)
        )
        return sorted(
            map(command_of, changed), key=lambda command: (command.created_at, command.id)
        )

    async def grant(self, claim: Claim, *, grant_id: bytes, generation: int) -> Command | None:
        granted = await self._tx.execute(
            update(commands)
            .where(
                commands.c.id == claim.command_id,
                commands.c.attempt == claim.attempt,
                commands.c.state == CommandState.OFFERED,
                # The database's clock, read when the row is held: one clock for every server.
                commands.c.expires_at > func.clock_timestamp(),
                ~commands.c.cancel_asked,
                or_(commands.c.kind.not_in(sorted(OPENING)), ~_doubt_about(commands).exists()),
                ~_switch_on(commands).exists(),
            )
            .values(
                state=CommandState.GRANTED,
                grant_id=grant_id,
                claim_nonce=claim.nonce,
                granted_at=claim.now,
                updated_at=claim.now,
                device_id=claim.device_id,
                generation=generation,
                reason="",
            )
            .returning(commands)
        )
        row = granted.one_or_none()
        return command_of(row) if row else None

    async def held_back_by(self, command: Command) -> UUID | None:
        if command.kind not in OPENING:
            return None
        return await self._tx.scalar(
            select(commands.c.id)
            .where(
                commands.c.account_id == command.account_id,
                commands.c.symbol == command.symbol,
                commands.c.side == command.side,
                _holds_back(commands),
            )
            .order_by(commands.c.id)
            .limit(1)
        )

    async def is_switched_off(self, command: Command) -> bool:
        found = await self._tx.scalar(
            select(commands.c.id).where(commands.c.id == command.id, _switch_on(commands).exists())
        )
        return found is not None

    async def closing(self, settlement_id: UUID) -> Command | None:
        return await self._one(select(commands).where(commands.c.settlement_id == settlement_id))

    async def closes_of(self, command_id: UUID) -> Sequence[Command]:
        return await self._all(
            select(commands)
            .join(settlements, settlements.c.id == commands.c.settlement_id)
            .where(settlements.c.command_id == command_id)
            .order_by(commands.c.created_at, commands.c.id)
        )

    async def overdue(
        self,
        state: Sequence[CommandState],
        *,
        due: Due,
        before: datetime,
        limit: int,
        skip_held: bool = True,
    ) -> Sequence[Command]:
        return await self._all(
            select(commands)
            .where(commands.c.state.in_(state), commands.c[due] <= before)
            .order_by(commands.c[due], commands.c.id)
            .limit(limit)
            .with_for_update(skip_locked=skip_held)
        )

    async def doubts_without_trace(
        self, *, after: UUID, before: datetime, limit: int
    ) -> Sequence[Doubt]:
        of_command = _evidence_of_command()
        newest = (
            select(command_reports.c.body, LOOKED_AT.label("looked_at"))
            .where(of_command)
            .order_by(LOOKED_AT.desc(), command_reports.c.natural_key.desc())
            .limit(1)
            .lateral("newest")
        )
        speaks = select(command_reports.c.natural_key).where(
            of_command, command_reports.c.outcome == FOUND
        )
        found = await self._tx.execute(
            select(
                commands.c.id,
                func.coalesce(commands.c.granted_at, commands.c.updated_at),
                newest.c.body,
                newest.c.looked_at,
            )
            .join(newest, true())
            .where(
                commands.c.state == CommandState.IN_DOUBT,
                commands.c.updated_at <= before,
                commands.c.id > after,
                ~speaks.exists(),
            )
            .order_by(commands.c.id)
            .limit(limit)
        )
        return [
            Doubt(row[0], row[1], pb.Evidence.FromString(bytes(row[2])), row[3]) for row in found
        ]

    async def count_granted(self, account_id: UUID, *, since: datetime) -> int:
        return await self._count(
            and_(commands.c.account_id == account_id, commands.c.granted_at > since)
        )

    async def count_coming(self, account_id: UUID, *, shown_at: datetime | None) -> int:
        may_come = commands.c.state.in_(
            [CommandState.GRANTED, CommandState.WORKING, CommandState.IN_DOUBT]
        )
        done = commands.c.state.in_([CommandState.EXECUTED, CommandState.PARTIAL])
        unshown = done if shown_at is None else and_(done, commands.c.updated_at > shown_at)
        return await self._count(
            and_(
                commands.c.account_id == account_id,
                commands.c.kind.notin_(sorted(REDUCING)),
                or_(may_come, unshown),
            )
        )

    async def _one(self, asked: Select[Any]) -> Command | None:
        row = (await self._tx.execute(asked)).one_or_none()
        return command_of(row) if row else None

    async def _all(self, asked: Select[Any]) -> Sequence[Command]:
        return [command_of(row) for row in await self._tx.execute(asked)]

    async def _count(self, which: ColumnElement[bool]) -> int:
        counted = await self._tx.scalar(select(func.count()).select_from(commands).where(which))
        return counted or 0


def _holds_back(doubt: FromClause) -> ColumnElement[bool]:
    return and_(doubt.c.state.in_(sorted(DOUBTFUL)), doubt.c.settled_as == "")


def _doubt_about(opening: Table) -> Select[tuple[UUID]]:
    """Return the unsettled doubts of an opening's symbol and direction."""
    doubt = commands.alias("doubt")
    return select(doubt.c.id).where(
        doubt.c.account_id == opening.c.account_id,
        doubt.c.symbol == opening.c.symbol,
        doubt.c.side == opening.c.side,
        _holds_back(doubt),
    )


def _switch_on(wanted: Table) -> Select[tuple[UUID]]:
    """Return what a kill switch on the producer has against one of its commands.

    What guards and people want closed besides is no command of the producer's.
    """
    state = halted_producers.c.state
    return (
        select(halted_producers.c.producer_id)
        .join(approvals, approvals.c.producer_id == halted_producers.c.producer_id)
        .where(
            approvals.c.id == wanted.c.approval_id,
            or_(
                wanted.c.kind.in_(sorted(OPENING)),
                state == TradingState.HALTED.value,
            ),
        )
    )


def _evidence_of_command() -> ColumnElement[bool]:
    return and_(
        command_reports.c.command_id == commands.c.id,
        command_reports.c.account_id == commands.c.account_id,
        command_reports.c.kind == "evidence",
    )
