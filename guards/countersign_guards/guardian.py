"""The guard itself: what an account shows comes in, what is to be done goes out.

Every function is pure: `(state, policy, event) -> (state, effects)`. Events carry their own time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from countersign_guards.conditions import is_doubtful
from countersign_guards.effects import (
    ClosingAnnounced,
    ClosingCalledOff,
    ClosingDismissed,
    Effect,
    Effects,
    Flatten,
    Flattened,
    Latched,
    Warned,
    WarningLifted,
)
from countersign_guards.latch import Latch, TradingState
from countersign_guards.policy import Action, LossRule, MarginRule, Policy
from countersign_guards.references import Seen, after_deposit, after_view, first_track
from countersign_guards.standing import Standing, standing_of_loss, standing_of_margin
from countersign_guards.state import Countdown, GuardState, Watch
from countersign_guards.view import AccountView

_LATCHED_BY = {
    Action.CLOSE_ONLY: TradingState.CLOSE_ONLY,
    Action.HALT: TradingState.HALTED,
    Action.FLATTEN: TradingState.FLATTENING,
}
# A warning is lifted only when this much more of the limit is free: it must not flutter.
_CALM = Decimal("0.05")
_GUARD = "guard"


@dataclass(frozen=True, slots=True)
class StillBroken:
    """A reset is refused: these rules would trip again at once."""

    standings: tuple[Standing, ...]


def see_account(state: GuardState, policy: Policy, view: AccountView) -> tuple[GuardState, Effects]:
    """Judge an account by what its terminal shows. An older view than the last changes nothing."""
    if state.seen is not None and view.at <= state.seen.at:
        return state, ()
    if view.net_deposits is not None:
        state = replace(state, unsettled_since=None)
    elif not _has_waited(state, policy, view):
        return replace(state, unsettled_since=state.unsettled_since or view.at), ()
    doubtful = is_doubtful(state, policy, view)
    state = _follow(state, policy, view, doubtful=doubtful)
    state, warnings = _warn(state, policy)
    state = _watch(state, view, doubtful=doubtful)
    state, acts = _act(state, policy, view)
    state, ends = _end(state, view)
    state, closings = tick(state, policy, view.at)
    return state, (*warnings, *acts, *ends, *closings)


def tick(state: GuardState, policy: Policy, now: datetime) -> tuple[GuardState, Effects]:
    """Close what was announced when its time has come."""
    countdown, seen = state.countdown, state.seen
    if countdown is None or seen is None or now < countdown.closes_at:
        return state, ()
    if now - seen.at > policy.patience.view_age:
        return state, ()  # nobody knows how the account stands; the next view decides
    # A rule that is gone, or a margin level when no margin is in use, is not broken.
    standing = state.standings.get(countdown.rule_id)
    state = replace(state, countdown=None)
    if standing is None or not standing.is_broken:
        return _unwatch(state, countdown.rule_id), (ClosingDismissed(countdown.rule_id, standing),)
    return _hold(
        state, TradingState.FLATTENING, cause=countdown.rule_id, evidence=standing, now=now
    )


def call_off(
    state: GuardState, *, by: str, reason: str, now: datetime
) -> tuple[GuardState, Effects]:
    """Let a person stop a closing that is announced or under way; without one nothing changes.

    Nothing is opened until the latch is reset, and the rule does not close again before that. What
    was halted stays so.
    """
    countdown, flattening = state.countdown, state.latch.state is TradingState.FLATTENING
    if countdown is None and not flattening:
        return state, ()
    rule_id = countdown.rule_id if countdown else state.latch.cause
    was_halted = state.latch.state is TradingState.HALTED
    latch = Latch(
        TradingState.HALTED if was_halted else TradingState.CLOSE_ONLY,
        cause=rule_id,
        reason=reason,
        by=by,
        since=now,
        # Goes before the closing that the other side of the link may have begun.
        resets=state.latch.resets + 1,
        called_off=state.latch.called_off | {rule_id},
    )
    state = replace(state, latch=latch, countdown=None)
    return state, (ClosingCalledOff(rule_id, by, reason), Latched(latch))


def switch(
    state: GuardState, to: TradingState, *, by: str, reason: str, now: datetime
) -> tuple[GuardState, Effects]:
    """Let a person pause, allow closing only, or flatten; a milder state takes a reset."""
    latch = state.latch.held(to, cause="person", reason=reason, by=by, now=now)
    if latch == state.latch:
        return state, ()
    if to is not TradingState.FLATTENING:
        # What a rule has announced goes on: to stop more is no word against closing.
        return replace(state, latch=latch), (Latched(latch),)
    return replace(state, latch=latch, countdown=None), (Latched(latch), Flatten("person"))


def reset(  # noqa: PLR0913  # two that are told apart by type, the rest by name
    state: GuardState,
    policy: Policy,
    *,
    by: str,
    reason: str,
    accept_loss: bool,
    now: datetime,
) -> tuple[GuardState, Effects] | StillBroken:
    """Let a person lift the latch.

    What is still broken stands in the way, unless the loss is accepted: then it is measured from
    where the account stands now.
    """
    broken = tuple(one for one in state.standings.values() if one.is_broken)
    losses = {rule.id for rule in policy.losses}
    unacceptable = tuple(one for one in broken if not accept_loss or one.rule_id not in losses)
    if unacceptable:
        return StillBroken(unacceptable)
    tracks = dict(state.tracks)
    standings = dict(state.standings)
    for one in broken:
        tracks[one.rule_id] = replace(tracks[one.rule_id], reference=one.value, since=now)
        del standings[one.rule_id]  # the next view tells
    latch = Latch(by=by, reason=reason, since=now, resets=state.latch.resets + 1)
    state = replace(
        state,
        latch=latch,
        tracks=tracks,
        standings=standings,
        watches={},
        warned=state.warned - {one.rule_id for one in broken},
        countdown=None,
        closed=frozenset(),
    )
    return state, (Latched(latch),)


def agree(state: GuardState, other: Latch) -> tuple[GuardState, Effects]:
    """Take over what the other side of the link holds, where that goes before ours."""
    latch = state.latch.agreed(other)
    is_flattening, countdown = latch.state is TradingState.FLATTENING, state.countdown
    if latch.resets > state.latch.resets:
        state, countdown = replace(state, watches={}, closed=frozenset()), None
    if other.state is TradingState.HALTED and other.resets == latch.resets:
        # It has closed everything, or its rule closes nothing.
        state = replace(state, closed=state.closed | {other.cause})
    if latch == state.latch:
        return state, ()
    if countdown and (is_flattening or countdown.rule_id in state.closed):
        countdown = None
    flatten = (Flatten(latch.cause),) if is_flattening else ()
    return replace(state, latch=latch, countdown=countdown), (Latched(latch), *flatten)


def _has_waited(state: GuardState, policy: Policy, view: AccountView) -> bool:
    """Tell whether a history that does not add up is waited for no longer.

    What then changes the balance counts as traded until the history says otherwise.
    """
    since = state.unsettled_since
    return since is not None and view.at - since >= policy.patience.unsettled


def _follow(state: GuardState, policy: Policy, view: AccountView, *, doubtful: bool) -> GuardState:
    """Move what losses are measured from, and say where the account stands with each rule."""
    paid = _paid_in(state, view)
    initial = _initial_balance(state, policy, view, paid)
    known = state.seen.net_deposits if state.seen else None
    net_deposits = known if view.net_deposits is None else view.net_deposits
    seen = Seen(view.at, view.balance, view.equity, net_deposits)
    tracks = dict(state.tracks)
    standings: dict[str, Standing] = {}
    for rule in policy.losses:
        track = tracks.get(rule.id)
        if track is None or state.seen is None:
            track = first_track(rule, view, initial)
        else:
            before = state.seen
            if paid:
                equity_before = view.equity - paid
                track = after_deposit(rule, track, amount=paid, equity_before=equity_before)
                before = replace(before, balance=before.balance + paid, equity=before.equity + paid)
            track = track if doubtful else after_view(rule, track, before, view)
        tracks[rule.id] = track
        standings[rule.id] = standing_of_loss(
            rule, track, equity=view.equity, initial_balance=initial
        )
    for rule in policy.margins:
        if (standing := standing_of_margin(rule, view)) is not None:
            standings[rule.id] = standing
    return replace(state, initial_balance=initial, seen=seen, tracks=tracks, standings=standings)


def _paid_in(state: GuardState, view: AccountView) -> Decimal:
    """Return what was paid in, or out if negative, since the view before."""
    before = state.seen.net_deposits if state.seen else None
    if view.net_deposits is None or before is None:
        return Decimal(0)
    return view.net_deposits - before


def _initial_balance(
    state: GuardState, policy: Policy, view: AccountView, paid: Decimal
) -> Decimal:
    if state.initial_balance is None or state.seen is None:
        return policy.initial_balance if policy.initial_balance is not None else view.balance
    return state.initial_balance + paid


def _warn(state: GuardState, policy: Policy) -> tuple[GuardState, Effects]:
    near = {
        one.rule_id: one
        for one in state.standings.values()
        if one.share >= policy.warn_at - (_CALM if one.rule_id in state.warned else 0)
    }
    new = [Warned(one) for one in near.values() if one.rule_id not in state.warned]
    lifted = [
        WarningLifted(state.standings[rule_id])
        for rule_id in sorted(state.warned - near.keys())
        if rule_id in state.standings
    ]
    return replace(state, warned=frozenset(near)), (*new, *lifted)


def _watch(state: GuardState, view: AccountView, *, doubtful: bool) -> GuardState:
    """Count how long and how often each rule has looked broken."""
    watches: dict[str, Watch] = {}
    for standing in state.standings.values():
        if not standing.is_broken:
            continue
        watch = state.watches.get(standing.rule_id) or Watch(view.at, 0, standing)
        watches[standing.rule_id] = Watch(
            since=watch.since,
            views=watch.views + 1,
            worst=min(watch.worst, standing, key=lambda one: one.headroom),
            clear_since=watch.clear_since or (None if doubtful else view.at),
            clear_views=watch.clear_views + (not doubtful),
        )
    return replace(state, watches=watches)


def _act(state: GuardState, policy: Policy, view: AccountView) -> tuple[GuardState, Effects]:
    """Do what the rules ask for that are surely broken, the first of the strictest first."""
    effects: list[Effect] = []
    for rule in sorted(_rules(policy), key=lambda rule: -_LATCHED_BY[rule.action].severity):
        watch = state.watches.get(rule.id)
        if watch is None or not _is_sure(watch, policy, view.at):
            continue
        to = _LATCHED_BY[rule.action]
        if to is not TradingState.FLATTENING:
            state, more = _hold(state, to, cause=rule.id, evidence=watch.worst, now=view.at)
        else:
            state, more = _announce(state, policy, watch.worst, view)
        effects += more
    return state, tuple(effects)


def _rules(policy: Policy) -> Iterator[LossRule | MarginRule]:
    yield from policy.losses
    yield from policy.margins


def _is_sure(watch: Watch, policy: Policy, now: datetime) -> bool:
    patience = policy.patience
    clear = (
        watch.clear_since is not None
        and now - watch.clear_since >= patience.persistence
        and watch.clear_views >= patience.views
    )
    lasting = now - watch.since >= patience.suspect_persistence and watch.views >= patience.views
    return clear or lasting


def _announce(
    state: GuardState, policy: Policy, evidence: Standing, view: AccountView
) -> tuple[GuardState, Effects]:
    if state.countdown or not _may_close(state, evidence.rule_id, view):
        return state, ()
    closes_at = view.at + policy.patience.alert
    countdown = Countdown(evidence.rule_id, view.at, closes_at, evidence)
    return replace(state, countdown=countdown), (
        ClosingAnnounced(evidence.rule_id, closes_at, evidence),
    )


def _may_close(state: GuardState, rule_id: str, view: AccountView) -> bool:
    """Tell whether a rule may still have everything closed.

    Once between two of a person's words: what a person opens after that is the person's. A halt
    keeps nothing open: it stops sending, and a loss that goes on calls for more.
    """
    latch = state.latch
    if rule_id in latch.called_off or rule_id in state.closed:
        return False
    if latch.state is TradingState.HALTED:
        return bool(view.positions or view.pending)
    return latch.state is not TradingState.FLATTENING


def _hold(
    state: GuardState, to: TradingState, *, cause: str, evidence: Standing, now: datetime
) -> tuple[GuardState, Effects]:
    latch = state.latch.held(to, cause=cause, reason="", by=_GUARD, now=now)
    if latch == state.latch:
        return state, ()
    flatten = (Flatten(cause),) if to is TradingState.FLATTENING else ()
    return replace(state, latch=latch), (Latched(latch, evidence), *flatten)


def _end(state: GuardState, view: AccountView) -> tuple[GuardState, Effects]:
    """Halt when everything is closed."""
    if state.latch.state is not TradingState.FLATTENING or view.positions or view.pending:
        return state, ()
    latch = replace(state.latch, state=TradingState.HALTED)
    state = replace(state, latch=latch, closed=state.closed | {latch.cause})
    return state, (Flattened(latch.cause), Latched(latch))


def _unwatch(state: GuardState, rule_id: str) -> GuardState:
    watches = {id_: watch for id_, watch in state.watches.items() if id_ != rule_id}
    return replace(state, watches=watches)
