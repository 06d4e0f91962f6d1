"""Counting an account's new deals: each once, whatever order they come in and whoever dies."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.analytics import measures
from countersign_server.analytics.counted import (
    BEGINNING,
    Counted,
    CountedDeal,
    Place,
    additions_of,
)
from countersign_server.analytics.deal_store import (
    StoredDeal,
    counted_without_producer,
    deals_after,
    deals_to_count,
    is_counted_as_it_was,
    mark_all_uncounted,
    mark_counted,
)
from countersign_server.analytics.figures_store import (
    History,
    add_checkpoint,
    add_sums,
    checkpoint_before,
    history_for_update,
    remove_figures,
    save_history,
)

BATCH = 2_000
_CHECKPOINT_EVERY = 1_000


async def count_account(tx: AsyncConnection, account_id: UUID, now: datetime) -> bool:
    """Count some of what an account's figures have not; return whether there may be more.

    Sums are added to as deals come. Figures that depend on the order go back to before a deal that
    came late, and are counted from there. Once a counted deal is cancelled, all begins again.
    """
    history = await history_for_update(tx, account_id)
    if history is None:
        return False
    if await is_counted_as_it_was(tx, account_id):
        history = await _begun_again(tx, history)
    fresh = await deals_to_count(tx, account_id, limit=BATCH)
    if fresh:
        measures.lag_seconds.set(
            max((now - min(one.received_at for one in fresh)).total_seconds(), 0)
        )
        history = await _gone_back(tx, history, await _added(tx, history, fresh))
    history = await _counted_on(tx, history)
    await save_history(tx, history)
    return history.behind or len(fresh) == BATCH


async def _begun_again(tx: AsyncConnection, history: History) -> History:
    """Forget every figure: brokers cancel deals rarely, and what one had added cannot be told."""
    measures.recounts_total.inc()
    await mark_all_uncounted(tx, history.id)
    await remove_figures(tx, history.id)
    return replace(history, counted=Counted(), place=BEGINNING, deals=0, first_deal_ms=None)


async def _added(tx: AsyncConnection, history: History, fresh: Sequence[StoredDeal]) -> Place:
    """Add deals to the sums and mark them; return the first place that changed."""
    await add_sums(tx, history, additions_of(one.counted for one in fresh))
    await mark_counted(tx, history.id, fresh)
    measures.deals_counted_total.inc(len(fresh))
    owners = {
        one.counted.deal.position_id: one.counted.producer_id
        for one in fresh
        if one.counted.producer_id is not None
    }
    orphans = [
        replace(one, counted=CountedDeal(one.counted.deal, owners[one.counted.deal.position_id]))
        for one in await counted_without_producer(tx, history.id, owners)
    ]
    if orphans:
        named = additions_of((one.counted for one in orphans), only_producers=True)
        await add_sums(tx, history, named)
        await mark_counted(tx, history.id, orphans)
    return min(one.place for one in (*fresh, *orphans))


async def _gone_back(tx: AsyncConnection, history: History, changed: Place) -> History:
    if changed > history.place:
        return history
    measures.recounts_total.inc()
    place, deals, counted = await checkpoint_before(tx, history.id, changed)
    return replace(history, place=place, deals=deals, counted=counted)


async def _counted_on(tx: AsyncConnection, history: History) -> History:
    coming = await deals_after(tx, history.id, history.place, limit=BATCH)
    checkpoint_due = history.deals // _CHECKPOINT_EVERY + 1
    counted = history.counted
    for one in coming:
        counted = counted.after(one.counted)
    if not coming:
        return replace(history, behind=False)
    first_deal_ms = coming[0].place.milliseconds
    history = replace(
        history,
        counted=counted,
        place=coming[-1].place,
        deals=history.deals + len(coming),
        behind=len(coming) == BATCH,
        first_deal_ms=history.first_deal_ms if history.deals else first_deal_ms,
    )
    if history.deals // _CHECKPOINT_EVERY >= checkpoint_due:
        await add_checkpoint(tx, history)
    return history
