"""Kill switches, and what they leave of trading."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import TradingState
from countersign_server.accounts.kill_switch import KillSwitch
from countersign_server.accounts.tables import halted_producers, kill_switches

SHOWN_MAX = 500
_COLUMNS = [field.name for field in fields(KillSwitch)]


async def add_switch(tx: AsyncConnection, switch: KillSwitch) -> None:
    await tx.execute(
        insert(kill_switches).values({name: getattr(switch, name) for name in _COLUMNS})
    )


async def release_switch(tx: AsyncConnection, switch_id: UUID, now: datetime) -> None:
    await tx.execute(
        update(kill_switches).where(kill_switches.c.id == switch_id).values(released_at=now)
    )


async def switch_for_update(tx: AsyncConnection, switch_id: UUID) -> KillSwitch | None:
    """Return a switch, held or released, and keep it until the commit; None: none is seen."""
    found = await tx.execute(
        select(kill_switches).where(kill_switches.c.id == switch_id).with_for_update()
    )
    row = found.one_or_none()
    return None if row is None else _switch(row)


async def switch_seen(tx: AsyncConnection, switch_id: UUID) -> KillSwitch | None:
    """Return a switch without holding it; None: none is seen."""
    found = await tx.execute(select(kill_switches).where(kill_switches.c.id == switch_id))
    row = found.one_or_none()
    return None if row is None else _switch(row)


async def switches_that_hold(tx: AsyncConnection) -> Sequence[KillSwitch]:
    """Return the switches that hold and that the transaction may see, newest first."""
    found = await tx.execute(
        select(kill_switches)
        .where(kill_switches.c.released_at.is_(None))
        .order_by(kill_switches.c.created_at.desc(), kill_switches.c.id.desc())
        .limit(SHOWN_MAX)
    )
    return [_switch(row) for row in found]


async def switches_on_everything(tx: AsyncConnection) -> Sequence[KillSwitch]:
    """Return the switches that hold every account, newest first."""
    return [one for one in await switches_that_hold(tx) if one.producer_id is None]


async def set_producer_state(tx: AsyncConnection, producer_id: UUID, state: TradingState) -> None:
    """Say what its switches leave of a producer. Ring the keys' topic after the commit."""
    if state is TradingState.ACTIVE:
        await tx.execute(
            delete(halted_producers).where(halted_producers.c.producer_id == producer_id)
        )
        return
    await tx.execute(
        upsert(halted_producers)
        .values(producer_id=producer_id, state=state)
        .on_conflict_do_update(
            index_elements=[halted_producers.c.producer_id], set_={"state": state}
        )
    )


async def states_of_producers(
    tx: AsyncConnection, producer_ids: Collection[UUID]
) -> Mapping[UUID, TradingState]:
    """Return what switches leave of producers, whosever they are; who may trade is not in it."""
    found = await tx.execute(
        select(halted_producers).where(halted_producers.c.producer_id.in_(producer_ids))
    )
    return {row.producer_id: TradingState(row.state) for row in found}


def _switch(row: Row[Any]) -> KillSwitch:
    facts: dict[str, Any] = {name: getattr(row, name) for name in _COLUMNS}
    facts["state"] = TradingState(row.state)
    return KillSwitch(**facts)
