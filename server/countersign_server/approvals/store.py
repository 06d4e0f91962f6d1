"""Approvals: laid before owners, decided once, and found by id, signal or time of expiry."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, case, func, insert, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.approvals.approval import Approval, DecisionMode
from countersign_server.approvals.foresight import from_json, to_json
from countersign_server.approvals.intents import Kind
from countersign_server.approvals.lifecycle import ApprovalEvent, ApprovalState, next_state
from countersign_server.approvals.tables import approvals
from countersign_server.signals.tables import signals

_WITH_SIGNAL: Select[Any] = select(
    approvals, signals.c.received_at.label("signal_received_at")
).join(signals, signals.c.id == approvals.c.signal_id)


_FIELDS = tuple(field.name for field in fields(Approval))
# What a decision changes; everything else is as it was laid before the owner, for ever.
_DECIDED = (
    *(
        "state",
        "mode",
        "decided_by",
        "decided_at",
        "decided_price",
        "reason",
        "consent_version",
        "command_id",
    ),
    *("caller_address", "caller_agent", "server_signature", "server_key_id", "owner_signature"),
)
_SAVE_DECISION = (
    update(approvals)
    .where(approvals.c.id == bindparam("decided_id"))
    .values({name: bindparam(name) for name in _DECIDED})
)


def approval_of(row: Row[Any]) -> Approval:
    """Return a row of _WITH_SIGNAL as a value."""
    facts = {name: getattr(row, name) for name in _FIELDS}
    facts["state"] = ApprovalState(facts["state"])
    facts["mode"] = DecisionMode(facts["mode"])
    facts["kind"] = Kind(facts["kind"])
    facts["foresight"] = from_json(row.foresight) if row.foresight else None
    return Approval(**facts)


async def add_approvals(tx: AsyncConnection, added: Sequence[Approval]) -> None:
    """Store approvals. One signal is laid before one account once: the schema refuses a second."""
    if added:
        await tx.execute(insert(approvals), [_row_of(approval) for approval in added])


async def save_decisions(tx: AsyncConnection, decided: Sequence[Approval]) -> None:
    """Store how approvals, whose rows the transaction holds, stand now."""
    if decided:
        rows = [{name: getattr(one, name) for name in _DECIDED} for one in decided]
        ids = [{"decided_id": one.id} for one in decided]
        await tx.execute(_SAVE_DECISION, [row | id_ for row, id_ in zip(rows, ids, strict=True)])


async def approval(tx: AsyncConnection, approval_id: UUID) -> Approval | None:
    """Return one approval; None: there is none that the transaction may see."""
    return await _one(tx, _WITH_SIGNAL.where(approvals.c.id == approval_id))


async def approval_for_update(tx: AsyncConnection, approval_id: UUID) -> Approval | None:
    """Return one approval and hold its row until commit; None: there is none to see."""
    asked = _WITH_SIGNAL.where(approvals.c.id == approval_id)
    return await _one(tx, asked.with_for_update(of=approvals))


async def approval_of_signal_for_update(
    tx: AsyncConnection, *, signal_id: UUID, account_id: UUID
) -> Approval | None:
    """Return the approval of a signal for an account and hold its row until commit.

    None: there is none that the transaction may see.
    """
    asked = _WITH_SIGNAL.where(
        approvals.c.signal_id == signal_id, approvals.c.account_id == account_id
    )
    return await _one(tx, asked.with_for_update(of=approvals))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which approvals are asked for; None and empty: all."""

    states: Sequence[ApprovalState]
    account_id: UUID | None
    signal_id: UUID | None
    before: UUID | None  # ids sort by time
    limit: int


async def list_approvals(tx: AsyncConnection, asked: Listing) -> Sequence[Approval]:
    """Return the newest approvals first."""
    found = _WITH_SIGNAL.order_by(approvals.c.id.desc()).limit(asked.limit)
    if asked.states:
        found = found.where(approvals.c.state.in_(asked.states))
    if asked.account_id:
        found = found.where(approvals.c.account_id == asked.account_id)
    if asked.signal_id:
        found = found.where(approvals.c.signal_id == asked.signal_id)
    if asked.before:
        found = found.where(approvals.c.id < asked.before)
    return [approval_of(row) for row in await tx.execute(found)]


async def list_waiting(
    tx: AsyncConnection,
    *,
    account_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    now: datetime,
    limit: int,
) -> Sequence[Approval]:
    """Return what waits for a decision, the soonest to expire first."""
    place = tuple_(approvals.c.expires_at, approvals.c.id)
    found = (
        _WITH_SIGNAL.where(approvals.c.state == ApprovalState.PENDING, approvals.c.expires_at > now)
        .order_by(approvals.c.expires_at, approvals.c.id)
        .limit(limit)
    )
    if account_id:
        found = found.where(approvals.c.account_id == account_id)
    if after:
        found = found.where(place > tuple_(literal(after[0]), literal(after[1])))
    return [approval_of(row) for row in await tx.execute(found)]


async def accounts_reached(
    tx: AsyncConnection, signal_ids: Iterable[UUID]
) -> set[tuple[UUID, UUID]]:
    """Return which accounts each signal has been laid before, as (signal, account)."""
    found = await tx.execute(
        select(approvals.c.signal_id, approvals.c.account_id).where(
            approvals.c.signal_id.in_(list(signal_ids))
        )
    )
    return {(row.signal_id, row.account_id) for row in found}


async def openings_of(
    tx: AsyncConnection, openings: Iterable[tuple[UUID, str]], account_ids: Iterable[UUID]
) -> Mapping[tuple[UUID, str, UUID], Approval]:
    """Return what accounts approved of signals that open or place.

    `openings` are (producer, external id); the answer is by (producer, external id, account).
    """
    found = await tx.execute(
        _WITH_SIGNAL.add_columns(signals.c.external_id).where(
            tuple_(signals.c.producer_id, signals.c.external_id).in_(list(openings)),
            approvals.c.account_id.in_(list(account_ids)),
            # Also what was taken back: should it have traded all the same, it must be closable.
            approvals.c.command_id.isnot(None),
            approvals.c.kind.in_([kind for kind in Kind if kind.opens]),
        )
    )
    made: dict[tuple[UUID, str, UUID], Approval] = {}
    for row in found:
        opened = approval_of(row)
        made[opened.producer_id, row.external_id, opened.account_id] = opened
    return made


async def expire_waiting(tx: AsyncConnection, *, now: datetime, limit: int) -> Sequence[Approval]:
    """Mark what was not decided in time as expired, and return it.

    Rows that others hold are left for the next time.
    """
    due = (
        select(approvals.c.id)
        .where(approvals.c.state == ApprovalState.PENDING, approvals.c.expires_at <= now)
        .order_by(approvals.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    changed = await tx.execute(
        update(approvals)
        .where(approvals.c.id.in_(due.scalar_subquery()), approvals.c.signal_id == signals.c.id)
        .values(state=next_state(ApprovalState.PENDING, ApprovalEvent.EXPIRE))
        .returning(approvals, signals.c.received_at.label("signal_received_at"))
    )
    return [approval_of(row) for row in changed]


async def count_outcomes(
    tx: AsyncConnection, signal_ids: Sequence[UUID]
) -> Mapping[UUID, Mapping[str, int]]:
    """Return how each signal fared with the accounts that the transaction may see.

    Counts by "offered", "approved", "rejected", "expired", "declined:<REASON>" and
    "risk:<REASON>", which counts beside the others; an approval that was taken back counts as
    approved.
    """
    reason = case(
        (approvals.c.state == ApprovalState.DECLINED, approvals.c.reason),
        else_=approvals.c.risk_reason,
    )
    found = await tx.execute(
        select(approvals.c.signal_id, approvals.c.state, reason, func.count())
        .where(approvals.c.signal_id.in_(list(signal_ids)))
        .group_by(approvals.c.signal_id, approvals.c.state, reason)
    )
    counts: defaultdict[UUID, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for signal_id, state, why, count in found:
        of_signal = counts[signal_id]
        match ApprovalState(state):
            case ApprovalState.DECLINED:
                of_signal[f"declined:{why}"] += count
                continue
            case ApprovalState.APPROVED | ApprovalState.REVOKED:
                of_signal["approved"] += count
            case ApprovalState.REJECTED | ApprovalState.EXPIRED:
                of_signal[state] += count
            case ApprovalState.PENDING:
                pass
        of_signal["offered"] += count
        if why:
            of_signal[f"risk:{why}"] += count
    return counts


async def _one(tx: AsyncConnection, asked: Select[Any]) -> Approval | None:
    row = (await tx.execute(asked)).one_or_none()
    return None if row is None else approval_of(row)


def _row_of(approval: Approval) -> dict[str, Any]:
    row = {name: getattr(approval, name) for name in _FIELDS if name != "signal_received_at"}
    foresight = to_json(approval.foresight) if approval.foresight else None
    return row | {"foresight": foresight, "risk_reason": approval.risk_reason}
