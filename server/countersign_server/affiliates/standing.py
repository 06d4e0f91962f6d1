"""Where an affiliate stands in a program: what is measured, and which tier it reaches."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.affiliates.ledger_store import activity
from countersign_server.affiliates.program import Measure, Program
from countersign_server.affiliates.store import referred_count


async def measured(
    tx: AsyncConnection, owner_id: UUID, program: Program | None, moment: datetime
) -> Decimal:
    """Return what decides an affiliate's tier at a moment; zero where no program asks."""
    match program.measure if program else None:
        case Measure.MONTHLY_LOTS:
            return (await activity(tx, owner_id, moment)).lots
        case Measure.REFERRED:
            return Decimal(await referred_count(tx, owner_id))
        case None:
            return Decimal(0)
