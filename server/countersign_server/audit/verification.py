"""Whether the chain of the event log holds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.audit.chain import GENESIS, Break, first_break
from countersign_server.audit.seal_store import LastSeal, Waiting, last_seal, links_from, waiting
from countersign_server.database.engine import Database

# Hashed in one go, a few milliseconds: whoever else is served waits no longer.
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the chain was read, and where it does not hold; `broken` None: it holds so far."""

    checked: int
    last: LastSeal
    waiting: Waiting
    broken: Break | None


async def verify(
    database: Database,
    *,
    from_sequence: int,
    budget: timedelta,
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Compute the chain anew from a sequence on (0: the first) and return what was found.

    Stops at the first break, and after `budget`; then whoever wants the rest goes on after what was
    checked.
    """
    stop_at = clock() + budget.total_seconds()
    first = max(from_sequence, 1)
    async with database.transaction(None) as tx:
        last = await last_seal(tx)
        left = await waiting(tx, last.place)
        previous_hash = await _hash_before(tx, first)
    sequence, broken = first, None
    if previous_hash is None:
        broken = Break(first - 1, "SEAL_DELETED: there is no seal with this sequence")
    while broken is None and previous_hash is not None and clock() < stop_at:
        async with database.transaction(None) as tx:
            # One more than is checked: it tells which of an entry and its seal was edited.
            links = await links_from(tx, sequence, _CHUNK + 1)
        if not links:
            break
        broken = first_break(previous_hash, sequence, links)
        checked = links[:_CHUNK]
        if broken is not None:
            sequence = broken.sequence
        else:
            sequence, previous_hash = checked[-1].sequence + 1, checked[-1].entry_hash
    return Verdict(max(0, sequence - first), last, left, broken)


async def _hash_before(tx: AsyncConnection, first: int) -> bytes | None:
    """Return the hash that the link `first` must name; None: the seal before it is not there."""
    if first == 1:
        return GENESIS
    links = await links_from(tx, first - 1, 1)
    return links[0].entry_hash if links and links[0].sequence == first - 1 else None
