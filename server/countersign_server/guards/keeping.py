"""Keeping what a guard decided: its memory, the account's trading state, the story, the alert."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from countersign_guards.effects import Effects, Latched
from countersign_guards.latch import TradingState as Held
from countersign_guards.policy import Policy
from countersign_guards.state import GuardState
from countersign_server.accounts.account import Account, TradingState
from countersign_server.accounts.kill_switch import KILL_SWITCH, severity, state_of_everything
from countersign_server.audit.entries import Trace
from countersign_server.guards import measures
from countersign_server.guards.book import GuardBook
from countersign_server.guards.records import Alert, Kept, Side
from countersign_server.guards.telling import Scene, alert_of, entry_of, happenings_of
from countersign_server.identifiers import Random, uuid7

_GUARD = "guard"


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of the account beside its guard: for evidence, and whether it is flat."""

    shown: Mapping[str, Any]
    flat: bool


NOTHING_SEEN = Sight({}, flat=False)


async def keep(  # noqa: PLR0913  # three that are told apart by type, the rest by name
    book: GuardBook,
    account: Account,
    before: Kept,
    after: Kept,
    effects: Effects,
    *,
    policy: Policy,
    sight: Sight = NOTHING_SEEN,
    side: Side = Side.SERVER,
    trace: Trace,
    now: datetime,
    random: Random = os.urandom,
) -> tuple[Kept, Account]:
    """Keep what was decided and return guard and account as they now stand.

    The transaction holds the guard. Ring what `topics_of` names after the commit.
    """
    scene = Scene(before, after.state, side, trace, now, sight.shown, random)
    for happening in happenings_of(effects, scene):
        await book.story.add(happening)
        await book.execution.record(entry_of(happening, trace))
    if (alert := alert_of(effects, scene)) is not None:
        await book.story.begin(alert)
    _count(effects, policy)
    if (after.state.latch, after.policy_version) != (before.state.latch, before.policy_version):
        after = replace(after, changes=before.changes + 1)
    await book.guards.save(after, now)
    account = await follow(
        book, account, after, flat=sight.flat, trace=trace, now=now, random=random
    )
    return after, account


async def follow(  # noqa: PLR0913  # three that are told apart by type, the rest by name
    book: GuardBook,
    account: Account,
    kept: Kept,
    *,
    flat: bool,
    trace: Trace,
    now: datetime,
    random: Random = os.urandom,
) -> Account:
    """Let the account's trading state follow its guard, and the switches that hold everything."""
    # Held before the switches are read: whoever pulls one changes the accounts after it.
    await book.execution.accounts.held(account.id)
    everything = state_of_everything(await book.switches.holding())
    state, cause = standing_of(kept.state, everything, flat=flat)
    account = await book.standings.set_trading_state(
        account.id, state=state, cause=cause, now=now, trace=trace
    )
    going_on = await book.story.going_on(account.id)
    if state is not TradingState.FLATTENING and going_on is not None:
        await book.story.end(account.id, now)
    if state is TradingState.FLATTENING and going_on is None:
        await book.story.begin(_alert_of_switch(kept, account, now, random))
    return account


def standing_of(
    guard: GuardState, everything: TradingState, *, flat: bool
) -> tuple[TradingState, str]:
    """Return what an account may do and why: the stricter of its guard and of the switches.

    A switch that has everything closed halts an account that is `flat`.
    """
    own = TradingState(guard.trading_state)
    if everything is TradingState.FLATTENING and flat:
        everything = TradingState.HALTED
    if severity(everything) > severity(own):
        return everything, KILL_SWITCH
    return own, cause_of(guard)


def cause_of(guard: GuardState) -> str:
    """Return the rule, or "person", that a guard's trading state comes from; empty: none."""
    if guard.latch.state is not Held.ACTIVE:
        return guard.latch.cause
    if guard.countdown is not None:
        return guard.countdown.rule_id
    return min(guard.warned, default="")


def topics_of(account: Account) -> tuple[str, ...]:
    """Return whom to ring after a commit that changed a guard."""
    return ("audit", f"account:{account.id}", f"guards:{account.owner_id}")


def _alert_of_switch(kept: Kept, account: Account, now: datetime, random: Random) -> Alert:
    return Alert(
        id=uuid7(now, random),
        account_id=kept.account_id,
        owner_id=kept.owner_id,
        # The account's own count: one switch may close an account again after it was opened again.
        trip=f"{account.trading_cause}:latch-{account.latch}",
        cause=account.trading_cause,
        resets=kept.state.latch.resets,
        side=Side.SERVER,
        evidence=None,
        created_at=now,
    )


def _count(effects: Effects, policy: Policy) -> None:
    references = {rule.id: str(rule.reference) for rule in policy.losses}
    for effect in effects:
        if isinstance(effect, Latched) and effect.evidence and effect.latch.by == _GUARD:
            measures.tripped_total.labels(references.get(effect.latch.cause, "margin")).inc()
