"""How differences become divergences, and how every divergence ends."""

import json
from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from countersign_server.audit.entries import canonical_json
from countersign_server.reconciliation.divergence import (
    ENDS,
    Action,
    Difference,
    Divergence,
    Kind,
    Policy,
    State,
)

CLOSED_AT_TERMINAL = "CLOSED_AT_TERMINAL"
DIFFERENCE_GONE = "DIFFERENCE_GONE"
CLOSE_OVERDUE = "CLOSE_OVERDUE"
CLOSE_GIVEN_UP = "CLOSE_GIVEN_UP"
# One cycle to decide and one to close: what is open then is a person's to look at, while it is
# being closed all the same.
OVERDUE_AFTER = timedelta(seconds=10)
# No new close is made then; one that waits for its market may still come.
CLOSE_WITHIN = timedelta(minutes=2)
# Why a divergence ended that nobody decided: our book has nothing to follow.
GONE = frozenset({CLOSED_AT_TERMINAL, DIFFERENCE_GONE})


@dataclass(frozen=True, slots=True)
class Look:
    """One comparison: of whose account, and of which moment."""

    account_id: UUID
    owner_id: UUID
    stored_at: datetime  # when the server stored the snapshot
    now: datetime
    held: AbstractSet[int] = frozenset()  # identifiers of what is open
    untold: AbstractSet[UUID | int] = frozenset()  # commands and deals; see `Comparison`
    # Of these it tells nothing new: what is known of them neither goes on nor ends.
    not_compared: AbstractSet[Kind] = frozenset()


def settle(
    look: Look,
    seen: Sequence[Difference],
    kept: Mapping[UUID, Divergence],
    policy: Policy,
) -> list[Divergence]:
    """Return the divergences that begin or change by a comparison, in the order they were seen.

    `kept` are those of the account that are not over, and any with the ids of what was seen. What
    is seen first is open; what a later snapshot shows too ends as the policy says, or waits for a
    person; what is seen no more ends by itself, unless the comparison could not tell of it. What
    is to be closed stays open for one more look, and is a person's if its position is then; it
    goes on being closed, and ends when its position has. What is over stays over.
    """
    seen = [difference for difference in seen if difference.kind not in look.not_compared]
    kept = {one: known for one, known in kept.items() if known.kind not in look.not_compared}
    by_id = {difference.id_for(look.account_id): difference for difference in seen}
    changed = [
        divergence
        for one, difference in by_id.items()
        for divergence in _of(look, one, difference, kept.get(one), policy)
    ]
    gone = [
        divergence
        for one, divergence in kept.items()
        if one not in by_id
        and not divergence.state.is_over
        and look.untold.isdisjoint((divergence.command_id, divergence.deal_ticket))
    ]
    return changed + [_gone(divergence, look) for divergence in gone]


def _of(
    look: Look, one: UUID, difference: Difference, known: Divergence | None, policy: Policy
) -> list[Divergence]:
    if known is None:
        return [_begun(look, one, difference)]
    if known.state.is_over:
        return []
    current = replace(known, actual_json=canonical_json(difference.actual))
    if known.closing_since is not None:
        closing_for = look.now - known.closing_since
        if closing_for >= CLOSE_WITHIN:
            return [_ended(current, State.ESCALATED, CLOSE_GIVEN_UP, look.now)]
        if closing_for >= OVERDUE_AFTER:
            current = replace(current, state=State.ESCALATED, reason=CLOSE_OVERDUE)
    elif known.state is State.OPEN and look.stored_at > known.seen_at:
        action = policy[known.kind]
        if action is Action.CLOSE:
            return [_being_closed(current, f"POLICY_{action.name}", look.now)]
        return [_ended(current, ENDS[action], f"POLICY_{action.name}", look.now)]
    return [current] if current != known else []


def resolved(divergence: Divergence, action: Action, reason: str, now: datetime) -> Divergence:
    """Return a divergence as a person ended it, or wants it ended."""
    if action is Action.CLOSE:
        return _being_closed(divergence, reason, now)
    return _ended(divergence, ENDS[action], reason, now)


def _begun(look: Look, one: UUID, difference: Difference) -> Divergence:
    return Divergence(
        id=one,
        account_id=look.account_id,
        owner_id=look.owner_id,
        kind=difference.kind,
        state=State.OPEN,
        command_id=difference.command_id,
        position_id=difference.position_id,
        deal_ticket=difference.deal_ticket,
        expected_json=canonical_json(difference.expected),
        actual_json=canonical_json(difference.actual),
        created_at=look.now,
        seen_at=look.stored_at,
    )


def _being_closed(divergence: Divergence, reason: str, now: datetime) -> Divergence:
    return replace(divergence, state=State.OPEN, reason=reason, closing_since=now)


def _gone(divergence: Divergence, look: Look) -> Divergence:
    if divergence.closing_since is not None and divergence.position_id not in look.held:
        return _ended(divergence, State.CLOSED, divergence.reason, look.now)
    if divergence.kind is Kind.MANUAL:
        return _ended(divergence, State.CLOSED, CLOSED_AT_TERMINAL, look.now)
    return _ended(divergence, State.IGNORED, DIFFERENCE_GONE, look.now)


def _ended(divergence: Divergence, state: State, reason: str, now: datetime) -> Divergence:
    ended_at = now if state.is_over else None
    return replace(divergence, state=state, reason=reason, ended_at=ended_at, closing_since=None)


def facts_of(divergence: Divergence) -> dict[str, object]:
    """Return what the audit tells of a divergence."""
    return {
        "kind": divergence.kind,
        "state": divergence.state,
        "reason": divergence.reason,
        "position_id": divergence.position_id,
        "deal_ticket": divergence.deal_ticket,
        "expected": json.loads(divergence.expected_json),
        "actual": json.loads(divergence.actual_json),
        "closing_since": divergence.closing_since,
    }
