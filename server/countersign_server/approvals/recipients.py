"""Which signals and accounts have not met yet."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import Account
from countersign_server.accounts.subscription import Subscription
from countersign_server.accounts.subscription_store import subscriptions_following
from countersign_server.approvals.store import accounts_reached
from countersign_server.approvals.terms import Terms


@dataclass(frozen=True, slots=True)
class Recipient:
    """One signal and one account that follows its producer."""

    terms: Terms
    subscription: Subscription
    account: Account


async def recipients_of(tx: AsyncConnection, signals: Sequence[Terms]) -> list[Recipient]:
    """Return every signal and live follower that have not met yet, signals in the order given."""
    following = await subscriptions_following(tx, {terms.producer_id for terms in signals})
    reached = await accounts_reached(tx, [terms.signal_id for terms in signals])
    by_producer: defaultdict[UUID, list[tuple[Subscription, Account]]] = defaultdict(list)
    for subscription, account in following:
        by_producer[subscription.producer_id].append((subscription, account))
    return [
        Recipient(terms, subscription, account)
        for terms in signals
        for subscription, account in by_producer[terms.producer_id]
        if (terms.signal_id, account.id) not in reached
    ]
