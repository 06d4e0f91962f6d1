"""Taking a commission back, once: an operator does it, or a broker that cancels the deal."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.affiliates import ledger_store, measures, store
from countersign_server.affiliates.ledger import Entry, reversal_of
from countersign_server.affiliates.telling import told_entry
from countersign_server.audit.entries import Trace
from countersign_server.audit.store import record
from countersign_server.identifiers import uuid7


async def take_back(
    tx: AsyncConnection, commission: Entry, *, reason: str, trace: Trace, now: datetime
) -> Entry:
    """Return the entry that takes a commission back, made now unless there is one.

    The balance may become negative: what was paid out is made good by what is earned next.
    """
    # Of two that take it back at once the second sees that it was done.
    await store.affiliate_held(tx, commission.owner_id)
    made = await ledger_store.reversal(tx, commission.id)
    if made is None:
        made = reversal_of(commission, entry_id=uuid7(now), reason=reason, now=now)
        await ledger_store.add_entry(tx, made)
        await record(tx, told_entry(made, trace))
        measures.commissions_total.labels("REVERSED").inc()
    return made
