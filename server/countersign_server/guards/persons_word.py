"""What a person says to guards: let go on, do not close, stop this account, stop everything."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from countersign_guards.effects import Effects
from countersign_guards.guardian import StillBroken, call_off, reset, switch
from countersign_guards.latch import TradingState as Held
from countersign_server.accounts.account import Account, TradingState
from countersign_server.accounts.kill_switch import KILL_SWITCH, KillSwitch, severity, strictest
from countersign_server.audit.entries import Entry, Trace
from countersign_server.errors import Forbidden, NotFound
from countersign_server.guard_errors import GuardChanged, LimitStillBroken, NoClosing
from countersign_server.guards.book import GuardBook
from countersign_server.guards.keeping import keep
from countersign_server.guards.records import Kept, policy_of
from countersign_server.identifiers import Random, uuid7


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody says, and when. `by_operator`: they speak for the platform."""

    trace: Trace
    reason: str
    now: datetime
    by_operator: bool = False
    random: Random = os.urandom

    @property
    def actor(self) -> str:
        return self.trace.actor


async def reset_guard(
    book: GuardBook, found: Account, word: Word, *, resets: int, accept_loss: bool
) -> Account:
    """Lift an account's latch, as it stood after so many resets, and return the account.

    A repeat changes nothing. Raises GuardChanged and LimitStillBroken.
    """
    kept = await held_guard(book, found)
    latch = kept.state.latch
    is_repeat = latch.state is Held.ACTIVE and (latch.by, latch.reason) == (word.actor, word.reason)
    if resets != latch.resets and not (is_repeat and latch.resets == resets + 1):
        raise GuardChanged(
            f"the guard has been reset or called off {latch.resets} times by now",
            resets=str(latch.resets),
        )
    if resets != latch.resets:
        return found
    policy = policy_of(await book.guards.policy(found.id, kept.policy_version), found.currency)
    after = reset(
        kept.state,
        policy,
        by=word.actor,
        reason=word.reason,
        accept_loss=accept_loss,
        now=word.now,
    )
    if isinstance(after, StillBroken):
        raise _still_broken(after)
    state, effects = after
    changed = replace(kept, state=state, due_at=word.now)
    return await _keep(book, found, kept, changed, effects, word)


async def call_off_closing(book: GuardBook, found: Account, word: Word) -> Account:
    """Stop a closing that is announced or under way. A repeat changes nothing. Raises NoClosing."""
    kept = await held_guard(book, found)
    state, effects = call_off(kept.state, by=word.actor, reason=word.reason, now=word.now)
    latch = kept.state.latch
    is_repeat = bool(latch.called_off) and (latch.by, latch.reason) == (word.actor, word.reason)
    if not effects and not is_repeat:
        raise NoClosing("nothing is announced and nothing is being closed")
    if not effects:
        return found
    return await _keep(book, found, kept, replace(kept, state=state, due_at=None), effects, word)


async def hold_accounts(
    book: GuardBook, found: Sequence[Account], state: TradingState, word: Word
) -> None:
    """Hold the latches of accounts, in one order for all who hold several."""
    for one in sorted(found, key=lambda account: account.id):
        kept = await held_guard(book, one)
        after, effects = switch(
            kept.state, Held(state), by=word.actor, reason=word.reason, now=word.now
        )
        # Looked at at once: what is open may have to be closed.
        await _keep(book, one, kept, replace(kept, state=after, due_at=word.now), effects, word)


async def stop_producer(
    book: GuardBook, producer_id: UUID, owner_id: UUID, state: TradingState, word: Word
) -> KillSwitch:
    """Stop a producer, and return the switch that holds it."""
    pulled = await _pull(book, owner_id, producer_id, state, word)
    await _let_producer(book, producer_id)
    return pulled


async def stop_everything(
    book: GuardBook, state: TradingState, word: Word
) -> tuple[KillSwitch, Sequence[Account]]:
    """Hold every account that is freer than `state`; return the switch, and those accounts.

    Whoever judges an account meanwhile has its guard: this waits, or it sees the switch.
    """
    pulled = await _pull(book, None, None, state, word)
    await book.switches.have_all_looked_at(word.now)
    changed = await book.standings.hold_freer(state, cause=KILL_SWITCH, now=word.now)
    entries = [
        Entry(
            kind="account.trading_state_changed",
            subject=f"account:{one.id}",
            event_time=word.now,
            trace=word.trace,
            owner_id=one.owner_id,
            account_id=one.id,
            after={"state": state, "cause": KILL_SWITCH, "latch": one.latch},
        )
        for one in changed
    ]
    await book.execution.record(*entries)
    return pulled, changed


async def release(
    book: GuardBook, switch_id: UUID, word: Word, *, may_release: Callable[[KillSwitch], bool]
) -> None:
    """Let go on what a switch stops. A repeat changes nothing. Raises NotFound and Forbidden."""
    seen = await book.switches.seen(switch_id)
    if seen is None:
        raise NotFound(f"no kill switch {switch_id}", kill_switch_id=str(switch_id))
    if not may_release(seen):
        raise Forbidden("an operator pulled this switch: an operator releases it")
    held = await book.switches.held(switch_id)
    assert held is not None  # noqa: S101  # it was seen, and switches are never deleted
    if held.released_at is not None:
        return
    await book.switches.release(switch_id, word.now)
    if held.producer_id is not None:
        await _let_producer(book, held.producer_id)
    else:
        # Each follows its own guard again at its next look, which is now.
        await book.switches.have_all_looked_at(word.now)
    await book.execution.record(_entry("kill_switch.released", held, word))


async def held_guard(book: GuardBook, found: Account) -> Kept:
    """Return an account's guard and hold it until the commit."""
    kept = await book.guards.held(found.id, found.owner_id, wait=True)
    assert kept is not None  # noqa: S101  # it was waited for
    return kept


async def _keep(  # noqa: PLR0913, PLR0917  # told apart by type
    book: GuardBook, found: Account, before: Kept, after: Kept, effects: Effects, word: Word
) -> Account:
    policy = await book.guards.policy(found.id, before.policy_version)
    _, found = await keep(
        book,
        found,
        before,
        after,
        effects,
        policy=policy_of(policy, found.currency),
        trace=word.trace,
        now=word.now,
        random=word.random,
    )
    return found


async def _pull(
    book: GuardBook,
    owner_id: UUID | None,
    producer_id: UUID | None,
    state: TradingState,
    word: Word,
) -> KillSwitch:
    """Return the switch that holds: the one that holds so already, or a new one."""
    for one in await book.switches.holding():
        is_same = (one.producer_id, one.actor) == (producer_id, word.actor)
        if is_same and severity(one.state) >= severity(state):
            return one
    pulled = KillSwitch(
        id=uuid7(word.now, word.random),
        owner_id=owner_id,
        producer_id=producer_id,
        state=state,
        reason=word.reason,
        actor=word.actor,
        by_operator=word.by_operator,
        created_at=word.now,
    )
    await book.switches.add(pulled)
    await book.execution.record(_entry("kill_switch.pulled", pulled, word))
    return pulled


async def _let_producer(book: GuardBook, producer_id: UUID) -> None:
    """Leave a producer what its switches leave it."""
    holding = await book.switches.holding()
    mine = [one.state for one in holding if one.producer_id == producer_id]
    await book.switches.set_producer_state(producer_id, strictest(*mine))


def _entry(kind: str, held: KillSwitch, word: Word) -> Entry:
    return Entry(
        kind=kind,
        subject=f"kill-switch:{held.id}",
        event_time=word.now,
        trace=word.trace,
        owner_id=held.owner_id,
        after={"state": held.state, "producer_id": held.producer_id, "reason": word.reason},
    )


def _still_broken(broken: StillBroken) -> LimitStillBroken:
    rules = ", ".join(
        f"{one.rule_id} at {one.value:f}, the limit is {one.floor:f}" for one in broken.standings
    )
    return LimitStillBroken(
        f"still broken: {rules}", rules=",".join(one.rule_id for one in broken.standings)
    )
