"""One look at one account: judge what its terminal showed, and do what follows, all or nothing."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from countersign.v1 import execution_pb2 as pb
from countersign_guards.conditions import see_quote
from countersign_guards.effects import Effects
from countersign_guards.guardian import see_account, tick
from countersign_guards.policy import Market, Policy
from countersign_guards.policy_text import policy_text
from countersign_guards.view import QuoteView
from countersign_server.accounts.account import Account, Snapshot
from countersign_server.audit.entries import Trace
from countersign_server.execution.book import Ring
from countersign_server.execution.command import Command
from countersign_server.guards import measures
from countersign_server.guards.book import GuardBook, GuardBooks
from countersign_server.guards.bridge_story import take_story
from countersign_server.guards.closer import Closer, Pursued
from countersign_server.guards.keeping import Sight, keep, topics_of
from countersign_server.guards.policy_statement import policy_digest
from countersign_server.guards.records import Kept, PaidIn, policy_of
from countersign_server.guards.view import count_pending, is_fresh, view_of
from countersign_server.identifiers import Random

TRACE = Trace(actor="system:guards")
# Deals are added up again after so long though the balance is the same; sooner while they are not
# the balance.
_SURE_FOR = timedelta(seconds=30)
_UNSURE_FOR = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look came to: the guard, what it wants done, and what it saw."""

    kept: Kept
    effects: Effects
    sight: Sight


class Attendant:
    """Looks at accounts. Any number of processes may: each account is held while it is judged."""

    def __init__(  # noqa: PLR0913  # what it stands on, named at its one call
        self,
        *,
        books: GuardBooks,
        ring: Ring,
        closer: Closer,
        fresh_for: timedelta,
        now: Callable[[], datetime],
        random: Random = os.urandom,
    ) -> None:
        self._books = books
        self._ring = ring
        self._closer = closer
        self._fresh_for = fresh_for
        self._now = now
        self._random = random

    async def attend(self, account_id: UUID, owner_id: UUID) -> bool:
        """Judge an account as it stands now; False: another process does."""
        now = self._now()
        async with self._books.transaction(None) as book:
            kept = await book.guards.held(account_id, owner_id, wait=False)
            if kept is None:
                return False
            found = await book.standings.seen(account_id)
            assert found is not None  # noqa: S101  # its guard refers to it
            set_policy = await book.guards.policy(account_id, kept.policy_version)
            policy = policy_of(set_policy, found.currency)
            snapshot = await book.execution.accounts.snapshot(account_id)
            not_over = await book.execution.commands.not_over(account_id)
            heard = await take_story(
                book,
                kept,
                await book.guards.told(account_id, kept.told_until),
                now=now,
                random=self._random,
            )
            looked = await self._look(book, heard.kept, policy, snapshot, not_over, now)
            after, standing = await keep(
                book,
                found,
                kept,
                looked.kept,
                (*heard.effects, *looked.effects),
                policy=policy,
                sight=looked.sight,
                trace=TRACE,
                now=now,
                random=self._random,
            )
            closing = await self._pursue(book, standing, after, policy, snapshot, not_over, now)
            moments = (after.due_at, closing.look_again_at)
            due_at = min((at for at in moments if at is not None), default=None)
            if due_at != after.due_at:
                await book.guards.save(replace(after, due_at=due_at), now)
        if closing.made or after.changes != kept.changes or standing.latch != found.latch:
            self._ring(*topics_of(standing))
        else:
            self._ring(f"guards:{owner_id}", *(["audit"] if looked.effects else []))
        return True

    async def _look(  # noqa: PLR0913, PLR0917  # told apart by type
        self,
        book: GuardBook,
        kept: Kept,
        policy: Policy,
        snapshot: Snapshot | None,
        not_over: Sequence[Command],
        now: datetime,
    ) -> Looked:
        state, effects, sight = kept.state, (), Sight({}, flat=False)
        is_new = snapshot is not None and (
            kept.viewed_at is None or snapshot.received_at > kept.viewed_at
        )
        if snapshot and is_new and is_fresh(snapshot, now=now, for_=self._fresh_for):
            measures.view_lag_seconds.set(max((now - snapshot.received_at).total_seconds(), 0))
            shown = pb.AccountSnapshot.FromString(snapshot.body)
            paid = await self._paid(book, kept, Decimal(shown.balance), now)
            for quote in await _quotes(book, kept.account_id, shown, policy, now):
                state = see_quote(state, policy, quote)
            view = view_of(
                shown,
                at=snapshot.received_at,
                net_deposits=paid.amount,
                pending=count_pending(not_over),
            )
            state, effects = see_account(state, policy, view)
            kept = replace(kept, paid=paid)
            sight = Sight(_evidence(shown), flat=not view.positions and not view.pending)
        if snapshot is not None:
            kept = replace(kept, viewed_at=snapshot.received_at)
        state, more = tick(state, policy, now)
        closes_at = state.countdown.closes_at if state.countdown else None
        # Past its time it waits for a view, and looking again without one shows nothing.
        due_at = closes_at if closes_at and closes_at > now else None
        return Looked(replace(kept, state=state, due_at=due_at), (*effects, *more), sight)

    async def _pursue(  # noqa: PLR0913, PLR0917  # told apart by type
        self,
        book: GuardBook,
        standing: Account,
        kept: Kept,
        policy: Policy,
        snapshot: Snapshot | None,
        not_over: Sequence[Command],
        now: datetime,
    ) -> Pursued:
        if snapshot is None or not is_fresh(snapshot, now=now, for_=self._fresh_for):
            return Pursued()
        return await self._closer.pursue(
            book,
            standing,
            kept,
            snapshot=snapshot,
            not_over=not_over,
            policy_digest=policy_digest(policy_text(policy)),
            trace=TRACE,
            now=now,
        )

    async def _paid(self, book: GuardBook, kept: Kept, balance: Decimal, now: datetime) -> PaidIn:
        """Return what was paid in. Adding up every deal is done when it may have changed."""
        before = kept.paid
        if before is not None and before.balance == balance:
            sure_for = _SURE_FOR if before.amount is not None else _UNSURE_FOR
            if now - before.at < sure_for:
                return before
        return PaidIn(balance, await book.guards.paid_in(kept.account_id, balance), now)


async def _quotes(
    book: GuardBook,
    account_id: UUID,
    shown: pb.AccountSnapshot,
    policy: Policy,
    now: datetime,
) -> Sequence[QuoteView]:
    """Return the prices that an account's equity rests on, if the policy judges prices."""
    if policy.market == Market():
        return []
    symbols = sorted({position.symbol for position in shown.positions})
    told = [await book.standings.quote(account_id, symbol) for symbol in symbols]
    return [
        # A clock of the bridge that is ahead must not make a price look newer than it can be.
        QuoteView(one.symbol, min(one.quoted_at, now), bid=one.bid, ask=one.ask)
        for one in told
        if one is not None
    ]


def _evidence(shown: pb.AccountSnapshot) -> Mapping[str, Any]:
    """Return what a breach is judged by, as it is kept with it."""
    prices = {one.symbol: one.price_current for one in shown.positions}
    return {
        "balance": shown.balance,
        "equity": shown.equity,
        "margin": shown.margin,
        "positions": len(shown.positions),
        "prices": dict(sorted(prices.items())[:_PRICES_MAX]),
    }


_PRICES_MAX = 50
