"""What guards accounts, and how each guard stands, for whoever wants to open something there."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import Account
from countersign_server.approvals.risk import Guarded
from countersign_server.guards.records import policy_of
from countersign_server.guards.store import guards_of, kept_policies


async def guarded_accounts(
    tx: AsyncConnection, accounts: Collection[Account]
) -> Mapping[UUID, Guarded]:
    """Return the policies in force and the guards' memories.

    An account that no guard has seen yet is not in it.
    """
    kept = await guards_of(tx, [account.id for account in accounts])
    policies = await kept_policies(tx, list(kept.values()))
    return {
        account.id: Guarded(
            policy_of(policies.get(account.id), account.currency), kept[account.id].state
        )
        for account in accounts
        if account.id in kept
    }
