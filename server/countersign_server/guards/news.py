"""What a bridge is told of its account's guard: the policy in force, and what is held."""

from uuid import UUID

from countersign_guards.policy import default_policy
from countersign_guards.state import GuardState
from countersign_server.execution.guard_news import GuardNews
from countersign_server.guards.book import GuardBooks
from countersign_server.guards.records import Kept
from countersign_server.guards.wire import default_digest, held_frame, policy_frame


class News:
    """Answers what has changed since a bridge was told last."""

    def __init__(self, books: GuardBooks) -> None:
        self._books = books

    async def ask(self, account_id: UUID, owner_id: UUID, told: int) -> GuardNews | None:
        """Return what is new to who was told of everything up to a change; None: nothing is."""
        async with self._books.transaction(owner_id) as book:
            if await book.guards.changes(account_id) == told:
                return None
            found = await book.standings.seen(account_id)
            if found is None:
                return None
            kept = await book.guards.seen(account_id) or Kept(
                account_id=account_id, owner_id=owner_id, state=GuardState()
            )
            policy = await book.guards.policy(account_id, kept.policy_version)
        digest = policy.digest if policy else default_digest(found.currency)
        frames = (
            policy_frame(policy, default_policy(found.currency)),
            held_frame(kept, digest),
        )
        return GuardNews(kept.changes, frames)
