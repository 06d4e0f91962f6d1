"""Divergences, runs and policies as the contract has them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from countersign.v1 import execution_pb2, reconciliation_pb2 as pb
from countersign_server.decimals import decimal_text
from countersign_server.errors import Invalid
from countersign_server.reconciliation.breaker import BreakerState
from countersign_server.reconciliation.divergence import Action, Divergence, Kind, Policy, State
from countersign_server.reconciliation.divergence_store import Run
from countersign_server.reconciliation.turns import LEASE, Turn
from countersign_server.rpc.conversion import optional_id, to_timestamp

KINDS: Mapping[Kind, pb.DivergenceKind] = {
    Kind.SLIPPAGE: pb.DIVERGENCE_KIND_SLIPPAGE,
    Kind.VOLUME: pb.DIVERGENCE_KIND_VOLUME,
    Kind.STOPS: pb.DIVERGENCE_KIND_STOPS,
    Kind.MANUAL: pb.DIVERGENCE_KIND_MANUAL,
    Kind.CLOSED_BY_BROKER: pb.DIVERGENCE_KIND_CLOSED_BY_BROKER,
    Kind.PARTIAL: pb.DIVERGENCE_KIND_PARTIAL,
    Kind.REVERSED: pb.DIVERGENCE_KIND_REVERSED,
    Kind.ORPHAN: pb.DIVERGENCE_KIND_ORPHAN,
    Kind.UNKNOWN_DEAL: pb.DIVERGENCE_KIND_UNKNOWN_DEAL,
    Kind.STATEMENT: pb.DIVERGENCE_KIND_STATEMENT,
}
STATES: Mapping[State, pb.DivergenceState] = {
    State.OPEN: pb.DIVERGENCE_STATE_OPEN,
    State.ADOPTED: pb.DIVERGENCE_STATE_ADOPTED,
    State.IGNORED: pb.DIVERGENCE_STATE_IGNORED,
    State.CLOSED: pb.DIVERGENCE_STATE_CLOSED,
    State.ESCALATED: pb.DIVERGENCE_STATE_ESCALATED,
}
ACTIONS: Mapping[Action, pb.DivergenceAction] = {
    Action.ADOPT: pb.DIVERGENCE_ACTION_ADOPT,
    Action.IGNORE: pb.DIVERGENCE_ACTION_IGNORE,
    Action.CLOSE: pb.DIVERGENCE_ACTION_CLOSE,
    Action.ESCALATE: pb.DIVERGENCE_ACTION_ESCALATE,
}
BREAKERS: Mapping[BreakerState, pb.BreakerState] = {
    BreakerState.CLOSED: pb.BREAKER_STATE_CLOSED,
    BreakerState.OPEN: pb.BREAKER_STATE_OPEN,
    BreakerState.HALF_OPEN: pb.BREAKER_STATE_HALF_OPEN,
}
_KINDS_READ = {number: kind for kind, number in KINDS.items()}
_STATES_READ = {number: state for state, number in STATES.items()}
_ACTIONS_READ = {number: action for action, number in ACTIONS.items()}


def divergence_message(divergence: Divergence) -> pb.Divergence:
    return pb.Divergence(
        divergence_id=str(divergence.id),
        account_id=str(divergence.account_id),
        kind=KINDS[divergence.kind],
        state=STATES[divergence.state],
        command_id=optional_id(divergence.command_id),
        position_id=divergence.position_id,
        deal_ticket=divergence.deal_ticket,
        expected_json=divergence.expected_json,
        actual_json=divergence.actual_json,
        create_time=to_timestamp(divergence.created_at),
        end_time=to_timestamp(divergence.ended_at),
        reason=divergence.reason,
        closing_time=to_timestamp(divergence.closing_since),
    )


def run_message(run: Run) -> pb.ReconciliationRun:
    return pb.ReconciliationRun(
        run_id=str(run.id),
        account_id=str(run.account_id),
        start_time=to_timestamp(run.started_at),
        end_time=to_timestamp(run.ended_at),
        matched=run.matched,
        diverged=run.diverged,
        failure_reason=run.failure_reason,
    )


def running_message(turn: Turn) -> pb.ReconciliationRun:
    """Return the run that somebody else makes now."""
    began = turn.leased_until - LEASE if turn.leased_until else None
    return pb.ReconciliationRun(
        run_id=optional_id(turn.lease_id),
        account_id=str(turn.account_id),
        start_time=to_timestamp(began),
    )


def snapshot_message(run: Run, currency: str) -> pb.StoredSnapshot:
    """Return the snapshot of a run; it is history, so whether it was stale is not asked."""
    return pb.StoredSnapshot(
        account_id=str(run.account_id),
        event_time=to_timestamp(run.snapshot_read_at),
        receive_time=to_timestamp(run.snapshot_stored_at),
        snapshot=execution_pb2.AccountSnapshot.FromString(run.snapshot or b""),
        currency=currency,
    )


def status_message(
    account_id: UUID, turn: Turn | None, run: Run | None, *, open_divergences: int, now: datetime
) -> pb.ReconciliationStatus:
    """Return how an account stands. `turn` None: it was never read."""
    difference = turn.statement_difference if turn else None
    breaker = turn.breaker.state(now) if turn else BreakerState.CLOSED
    return pb.ReconciliationStatus(
        account_id=str(account_id),
        last_run=run_message(run) if run else None,
        open_divergences=open_divergences,
        breaker=BREAKERS[breaker],
        snapshot_time=to_timestamp(turn.snapshot_at) if turn else None,
        statement_difference="" if difference is None else decimal_text(difference),
    )


def states_of(messages: Iterable[pb.DivergenceState]) -> set[State]:
    """Return the states. Raises Invalid."""
    try:
        return {_STATES_READ[message] for message in messages}
    except KeyError:
        raise Invalid("states holds a value that is no state", field="states") from None


def action_of(message: pb.DivergenceAction) -> Action:
    return _ACTIONS_READ[message]


def rules_of(messages: Iterable[pb.DivergenceRule]) -> Policy:
    """Return the rules. Raises Invalid if a kind has two."""
    rules: dict[Kind, Action] = {}
    for message in messages:
        kind = _KINDS_READ[message.kind]
        if kind in rules:
            raise Invalid(f"rules holds two for {kind}: give one", field="rules")
        rules[kind] = _ACTIONS_READ[message.action]
    return rules


def rule_messages(policy: Policy) -> list[pb.DivergenceRule]:
    return [pb.DivergenceRule(kind=KINDS[kind], action=ACTIONS[policy[kind]]) for kind in Kind]
