"""Guards as their owners see them: how they stand, and what is being closed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign.v1 import guards_pb2 as pb
from countersign_server.accounts.account import Account, Snapshot
from countersign_server.accounts.store import snapshots_of
from countersign_server.accounts.switch_store import switches_on_everything
from countersign_server.guards.attempts import Outcome
from countersign_server.guards.closing_store import outcomes
from countersign_server.guards.records import Kept
from countersign_server.guards.store import guards_and_states, kept_policies
from countersign_server.guards.view import is_fresh
from countersign_server.guards.wire import closing_state, guard_message

# Closings that did not succeed are shown for so long.
_CLOSINGS_SHOWN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """A guard as it is shown. `moved_at`: when the newest of what it shows was stored."""

    message: pb.Guard
    snapshot: Snapshot | None
    moved_at: datetime


async def shown_guards(
    tx: AsyncConnection, accounts: Sequence[Account], *, fresh_for: timedelta, now: datetime
) -> Sequence[Shown]:
    """Return accounts' guards as they stand now, in the accounts' order."""
    ids = [one.id for one in accounts]
    if not ids:
        return []
    guarded = await guards_and_states(tx, ids)
    policies = await kept_policies(tx, [kept for kept, _ in guarded.values()])
    stored = await snapshots_of(tx, account_ids=ids, limit=len(ids))
    snapshots: Mapping[UUID, Snapshot] = {one.account_id: one for one, _ in stored}
    switches = await switches_on_everything(tx)
    closings = await outcomes(tx, account_ids=ids, since=now - _CLOSINGS_SHOWN)
    shown: list[Shown] = []
    for one in accounts:
        # The account may have been read before a guard that has changed it since.
        kept, state = guarded.get(one.id, (None, one.trading_state))
        snapshot = snapshots.get(one.id)
        own = [closing for closing in closings if closing.closing.account_id == one.id]
        message = guard_message(
            replace(one, trading_state=state),
            kept,
            snapshot=snapshot,
            policy=policies.get(one.id),
            fresh=snapshot is not None and is_fresh(snapshot, now=now, for_=fresh_for),
            switches=switches,
            closings=_not_done(own),
            now=now,
        )
        shown.append(Shown(message, snapshot, _moved_at(one, kept, snapshot, own)))
    return shown


def _moved_at(
    account: Account, kept: Kept | None, snapshot: Snapshot | None, closings: Collection[Outcome]
) -> datetime:
    # A switch that is pulled or released has every guard looked at, and kept.
    moments = [account.trading_since, *(one.heard_at for one in closings)]
    moments += [kept.kept_at] if kept and kept.kept_at else []
    moments += [snapshot.received_at] if snapshot else []
    return max(moments)


def _not_done(found: Sequence[Outcome]) -> Sequence[Outcome]:
    """Return the newest attempt for each position and order that is not closed yet."""
    newest = {(one.closing.position_id, one.closing.order_ticket): one for one in found}
    return [one for one in newest.values() if closing_state(one) != "done"]
