"""What the app hands to approvals, so that they import no later area."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.approvals.commands_port import CommandPort, Exposure, Mandate
from countersign_server.audit.entries import Trace
from countersign_server.execution.issued import issued_since
from countersign_server.execution.mandates import exposure, issue, withdraw
from countersign_server.execution.sql_book import SqlBook


def command_port() -> CommandPort:
    """Return the four functions, each on what the transaction that it is given may see."""
    return CommandPort(issue=_issue, withdraw=_withdraw, exposure=_exposure, issued=issued_since)


async def _issue(tx: AsyncConnection, mandate: Mandate, trace: Trace, now: datetime) -> UUID:
    return await issue(SqlBook(tx), mandate, trace, now)


async def _withdraw(
    tx: AsyncConnection, approval_id: UUID, reason: str, trace: Trace, now: datetime
) -> str | None:
    return await withdraw(SqlBook(tx), approval_id, reason, trace, now)


async def _exposure(tx: AsyncConnection, approval_id: UUID) -> Exposure | None:
    return await exposure(SqlBook(tx), approval_id)
