"""How fast openings are permitted, asked of PostgreSQL in one round trip."""

from datetime import datetime

from sqlalchemy import bindparam, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import OwnerLimits
from countersign_server.accounts.tables import accounts, owner_limits
from countersign_server.database.questions import Question, ask
from countersign_server.execution.command import Command
from countersign_server.execution.lifecycle import OPENING
from countersign_server.execution.opening_pace import MINUTE, SECOND, OpeningPace
from countersign_server.execution.tables import commands

# Held, so that what another account of the owner is granted at the same time is counted.
_OWNER_LIMITS = Question(
    select(owner_limits.c.max_orders_per_second, owner_limits.c.max_orders_per_minute)
    .where(owner_limits.c.owner_id == bindparam("owner_id"))
    .with_for_update()
)
_IS_OPENING = commands.c.kind.in_([literal_column(f"'{kind}'") for kind in sorted(OPENING)])
_IN_SECOND = func.count().filter(commands.c.granted_at > bindparam("second_ago"))
_OF_ACCOUNT = Question(
    select(
        _IN_SECOND,
        func.count().filter(
            commands.c.symbol == bindparam("symbol"),
            commands.c.side == bindparam("side"),
            commands.c.volume == bindparam("volume"),
        ),
    ).where(
        commands.c.account_id == bindparam("account_id"),
        commands.c.granted_at > bindparam("minute_ago"),
        _IS_OPENING,
    )
)
_OF_OWNER = Question(
    select(_IN_SECOND, func.count()).where(
        commands.c.account_id.in_(
            select(accounts.c.id).where(accounts.c.owner_id == bindparam("owner_id"))
        ),
        commands.c.granted_at > bindparam("minute_ago"),
        _IS_OPENING,
    )
)


async def opening_pace(tx: AsyncConnection, command: Command, now: datetime) -> OpeningPace:
    """Return how fast the account of an opening, and its owner, have come to open."""
    times = {"second_ago": now - SECOND, "minute_ago": now - MINUTE}
    owner = {"owner_id": command.owner_id}
    alike = {
        "account_id": command.account_id,
        "symbol": command.symbol,
        "side": command.side,
        "volume": command.volume,
    }
    limits, ((in_second, identical),), ((of_owner_in_second, of_owner_in_minute),) = await ask(
        tx, (_OWNER_LIMITS, owner), (_OF_ACCOUNT, times | alike), (_OF_OWNER, times | owner)
    )
    return OpeningPace(
        owner_limits=OwnerLimits(*limits[0]) if limits else OwnerLimits(),
        in_second=in_second,
        identical_in_minute=identical,
        of_owner_in_second=of_owner_in_second,
        of_owner_in_minute=of_owner_in_minute,
    )
