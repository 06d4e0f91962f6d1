"""Divergences, runs and policies as they are kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.entries import Entry, Trace
from countersign_server.audit.store import record
from countersign_server.reconciliation.divergence import (
    DEFAULT_POLICY,
    Action,
    Divergence,
    Kind,
    Policy,
    State,
)
from countersign_server.reconciliation.settlement import facts_of
from countersign_server.reconciliation.tables import (
    divergences,
    reconciliation_policies,
    reconciliation_runs,
)

_NOT_OVER = (State.OPEN, State.ESCALATED)
# Of each account: what has not changed makes no run, so this is a long time.
_RUNS_KEPT = 1000
# One run in so many looks for what is too old.
_FORGET_EVERY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One comparison of an account's book with its terminal."""

    id: UUID
    account_id: UUID
    owner_id: UUID
    started_at: datetime
    ended_at: datetime
    matched: int
    diverged: int
    failure_reason: str = ""  # empty: it did not fail
    snapshot: bytes | None = None  # None: there was nothing to compare with
    snapshot_read_at: datetime | None = None
    snapshot_stored_at: datetime | None = None

    def found_the_same_as(self, other: "Run | None") -> bool:
        return other is not None and (self.matched, self.diverged, self.failure_reason) == (
            other.matched,
            other.diverged,
            other.failure_reason,
        )


_DIVERGENCE = [field.name for field in fields(Divergence)]
_RUN = [field.name for field in fields(Run)]


async def divergence(tx: AsyncConnection, one: UUID, *, hold: bool = False) -> Divergence | None:
    question = select(divergences).where(divergences.c.id == one)
    row = (await tx.execute(question.with_for_update() if hold else question)).one_or_none()
    return None if row is None else divergence_of(row)


async def kept_divergences(
    tx: AsyncConnection, account_id: UUID, ids: Collection[UUID]
) -> Mapping[UUID, Divergence]:
    """Return those of an account that are not over, and those with the ids, held."""
    found = await tx.execute(
        select(divergences)
        .where(
            divergences.c.account_id == account_id,
            or_(divergences.c.state.in_(_NOT_OVER), divergences.c.id.in_(ids)),
        )
        .order_by(divergences.c.id)
        .with_for_update()
    )
    return {row.id: divergence_of(row) for row in found}


async def save_divergence(
    tx: AsyncConnection,
    after: Divergence,
    before: Divergence | None,
    *,
    trace: Trace,
    now: datetime,
) -> None:
    """Keep a divergence; the audit is told if it began, changed its state or is to be closed."""
    fresh = insert(divergences).values(asdict(after))
    await tx.execute(
        fresh.on_conflict_do_update(
            index_elements=[divergences.c.id],
            set_={
                name: fresh.excluded[name]
                for name in ("state", "actual_json", "ended_at", "reason", "closing_since")
            },
        )
    )
    # One that is overdue is closed on, and is news for a person.
    is_closing = after.closing_since is not None and after.state is State.OPEN
    if before is not None and (before.state, before.closing_since) == (
        after.state,
        after.closing_since,
    ):
        return
    entry = Entry(
        kind=f"divergence.{'closing' if is_closing else after.state}",
        subject=f"divergence:{after.id}",
        event_time=now,
        trace=trace,
        owner_id=after.owner_id,
        account_id=after.account_id,
        command_id=after.command_id,
        before=facts_of(before) if before else None,
        after=facts_of(after),
    )
    await record(tx, entry)


async def list_divergences(
    tx: AsyncConnection,
    *,
    account_id: UUID | None,
    states: Collection[State],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Divergence]:
    """Return divergences, newest first. No states: all."""
    place = func.row(divergences.c.created_at, divergences.c.id)
    found = await tx.execute(
        select(divergences)
        .where(
            divergences.c.account_id == account_id if account_id else true(),
            divergences.c.state.in_(states) if states else true(),
            place < func.row(*before) if before else true(),
        )
        .order_by(divergences.c.created_at.desc(), divergences.c.id.desc())
        .limit(limit)
    )
    return [divergence_of(row) for row in found]


async def positions_to_close(tx: AsyncConnection, account_id: UUID) -> frozenset[int]:
    """Return the identifiers of an account's positions that a divergence wants closed."""
    found = await tx.scalars(
        select(divergences.c.position_id).where(
            divergences.c.account_id == account_id,
            divergences.c.state.in_(_NOT_OVER),
            divergences.c.closing_since.is_not(None),
        )
    )
    return frozenset(found)


async def open_counts(tx: AsyncConnection, account_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return how many divergences of each account are not over; none: not in it."""
    found = await tx.execute(
        select(divergences.c.account_id, func.count())
        .where(divergences.c.account_id.in_(account_ids), divergences.c.state.in_(_NOT_OVER))
        .group_by(divergences.c.account_id)
    )
    return {row[0]: row[1] for row in found}


async def add_run(tx: AsyncConnection, run: Run) -> None:
    """Keep a run, and now and then forget the oldest of its account."""
    await tx.execute(insert(reconciliation_runs).values(asdict(run)))
    if run.id.int % _FORGET_EVERY:
        return
    mine = reconciliation_runs.c.account_id == run.account_id
    oldest = (
        select(reconciliation_runs.c.started_at)
        .where(mine)
        .order_by(reconciliation_runs.c.started_at.desc())
        .offset(_RUNS_KEPT)
        .limit(1)
        .scalar_subquery()
    )
    await tx.execute(
        delete(reconciliation_runs).where(mine, reconciliation_runs.c.started_at <= oldest)
    )


async def runs_by_id(tx: AsyncConnection, ids: Collection[UUID]) -> Mapping[UUID, Run]:
    found = await tx.execute(select(reconciliation_runs).where(reconciliation_runs.c.id.in_(ids)))
    return {row.id: run_of(row) for row in found}


async def list_runs(
    tx: AsyncConnection,
    account_id: UUID,
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
    read_only: bool,
) -> Sequence[Run]:
    """Return an account's runs, newest first. `read_only`: those that had a snapshot."""
    place = func.row(reconciliation_runs.c.started_at, reconciliation_runs.c.id)
    found = await tx.execute(
        select(reconciliation_runs)
        .where(
            reconciliation_runs.c.account_id == account_id,
            place < func.row(*before) if before else true(),
            reconciliation_runs.c.snapshot.is_not(None) if read_only else true(),
        )
        .order_by(reconciliation_runs.c.started_at.desc(), reconciliation_runs.c.id.desc())
        .limit(limit)
    )
    return [run_of(row) for row in found]


async def policy_of(tx: AsyncConnection, account_id: UUID) -> Policy:
    """Return how an account's divergences end without a person."""
    rules = await tx.scalar(
        select(reconciliation_policies.c.rules).where(
            reconciliation_policies.c.account_id == account_id
        )
    )
    stored: dict[str, str] = rules or {}
    given = {Kind(kind): Action(action) for kind, action in stored.items()}
    return {**DEFAULT_POLICY, **given}


async def save_policy(
    tx: AsyncConnection, *, account_id: UUID, owner_id: UUID, rules: Policy, now: datetime
) -> None:
    fresh = insert(reconciliation_policies).values(
        account_id=account_id, owner_id=owner_id, rules=dict(rules), updated_at=now
    )
    await tx.execute(
        fresh.on_conflict_do_update(
            index_elements=[reconciliation_policies.c.account_id],
            set_={"rules": fresh.excluded.rules, "updated_at": fresh.excluded.updated_at},
        )
    )


def divergence_of(row: Row[Any]) -> Divergence:
    facts: dict[str, Any] = {name: getattr(row, name) for name in _DIVERGENCE}
    facts["kind"], facts["state"] = Kind(row.kind), State(row.state)
    return Divergence(**facts)


def run_of(row: Row[Any]) -> Run:
    facts: dict[str, Any] = {name: getattr(row, name) for name in _RUN}
    return Run(**facts)
