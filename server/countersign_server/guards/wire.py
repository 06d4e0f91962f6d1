"""Guards, their story and their closings as the contract has them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from countersign.v1 import execution_pb2, guards_pb2 as pb, values_pb2
from countersign_guards.policy import Policy, default_policy
from countersign_guards.policy_text import policy_text
from countersign_guards.presets import Preset
from countersign_guards.state import GuardState
from countersign_guards.state_text import state_text
from countersign_server.accounts.account import Account, Snapshot
from countersign_server.accounts.kill_switch import KillSwitch
from countersign_server.accounts.wire import TRADING_STATES
from countersign_server.approvals.owner_countersignature import owner_signature_message
from countersign_server.decimals import decimal_text, optional_text
from countersign_server.execution.lifecycle import CommandState
from countersign_server.execution.wire import owner_signature_frame
from countersign_server.guards.attempts import Outcome
from countersign_server.guards.latches import (
    latch_from_facts,
    latch_message,
    standing_facts,
    standing_message,
)
from countersign_server.guards.policy_statement import policy_digest, statement_head
from countersign_server.guards.records import Act, Alert, Happening, Kept, KeptPolicy, Side
from countersign_server.rpc.conversion import optional_id, to_timestamp

ACTS: Mapping[Act, pb.GuardAct] = {
    Act.WARNED: pb.GUARD_ACT_WARNED,
    Act.WARNING_LIFTED: pb.GUARD_ACT_WARNING_LIFTED,
    Act.CLOSING_ANNOUNCED: pb.GUARD_ACT_CLOSING_ANNOUNCED,
    Act.CLOSING_DISMISSED: pb.GUARD_ACT_CLOSING_DISMISSED,
    Act.CLOSING_CALLED_OFF: pb.GUARD_ACT_CLOSING_CALLED_OFF,
    Act.LATCHED: pb.GUARD_ACT_LATCHED,
    Act.FLATTENING: pb.GUARD_ACT_FLATTENING,
    Act.FLATTENED: pb.GUARD_ACT_FLATTENED,
}
SIDES: Mapping[Side, pb.GuardSide] = {
    Side.SERVER: pb.GUARD_SIDE_SERVER,
    Side.BRIDGE: pb.GUARD_SIDE_BRIDGE,
}
_POSITION_SIDES = {"buy": values_pb2.SIDE_BUY, "sell": values_pb2.SIDE_SELL}
_CLOSE_STATES: Mapping[str, pb.GuardCloseState] = {
    "": pb.GUARD_CLOSE_STATE_UNDER_WAY,
    "done": pb.GUARD_CLOSE_STATE_DONE,
    "partial": pb.GUARD_CLOSE_STATE_PARTIAL,
    "failed": pb.GUARD_CLOSE_STATE_FAILED,
    "in-doubt": pb.GUARD_CLOSE_STATE_IN_DOUBT,
}
_OF_COMMANDS: Mapping[CommandState, str] = {
    CommandState.EXECUTED: "done",
    CommandState.PARTIAL: "partial",
    CommandState.IN_DOUBT: "in-doubt",
    CommandState.PRESUMED_NOT_EXECUTED: "in-doubt",
    CommandState.REJECTED: "failed",
    CommandState.NOT_SENT: "failed",
    CommandState.REVOKED: "failed",
    CommandState.EXPIRED: "failed",
}


def guard_message(  # noqa: PLR0913  # what one account's guard is shown with, by name
    account: Account,
    kept: Kept | None,
    *,
    snapshot: Snapshot | None,
    policy: KeptPolicy | None,
    fresh: bool,
    switches: Sequence[KillSwitch],
    closings: Iterable[Outcome],
    now: datetime,
) -> pb.Guard:
    """Return how an account stands. `kept` None: it was never seen."""
    state = kept.state if kept else GuardState()
    standings = sorted(state.standings.values(), key=lambda one: one.share, reverse=True)
    message = pb.Guard(
        guard_id=str(account.id),
        account_id=str(account.id),
        state=TRADING_STATES[account.trading_state],
        latch=latch_message(state.latch),
        standings=[
            standing_message(standing_facts(one), warned=one.rule_id in state.warned)
            for one in standings
        ],
        policy_version=policy.version if policy else 0,
        policy_digest=policy.digest if policy else default_digest(account.currency),
        currency=account.currency,
        view_time=to_timestamp(snapshot.event_time) if snapshot else None,
        stale=not fresh,
        kill_switches=map(switch_message, switches),
        closings=map(closing_message, closings),
        server_time=to_timestamp(now),
    )
    if (countdown := state.countdown) is not None:
        message.countdown.rule_id = countdown.rule_id
        message.countdown.announce_time.FromDatetime(countdown.announced_at)
        message.countdown.close_time.FromDatetime(countdown.closes_at)
        message.countdown.evidence.CopyFrom(standing_message(standing_facts(countdown.evidence)))
    return message


def default_digest(currency: str) -> str:
    """Return the digest of the policy that guards where no owner set one."""
    return policy_digest(policy_text(default_policy(currency)))


def switch_message(switch: KillSwitch) -> pb.KillSwitch:
    return pb.KillSwitch(
        kill_switch_id=str(switch.id),
        producer_id=optional_id(switch.producer_id),
        state=TRADING_STATES[switch.state],
        reason=switch.reason,
        actor=switch.actor,
        create_time=to_timestamp(switch.created_at),
    )


def closing_state(outcome: Outcome) -> str:
    """Return where a closing stands: "" under way, "done", "partial", "failed", "in-doubt"."""
    if outcome.state is None:
        return outcome.closing.outcome
    return _OF_COMMANDS.get(outcome.state, "")


def closing_message(outcome: Outcome) -> pb.GuardClosing:
    closing = outcome.closing
    return pb.GuardClosing(
        closing_id=str(closing.id),
        account_id=str(closing.account_id),
        cause=closing.cause,
        side=SIDES[closing.side],
        command_id=optional_id(closing.command_id),
        position_id=closing.position_id,
        order_ticket=closing.order_ticket,
        symbol=closing.symbol,
        position_side=_POSITION_SIDES.get(closing.position_side, values_pb2.SIDE_UNSPECIFIED),
        volume=optional_text(closing.volume),
        state=_CLOSE_STATES[closing_state(outcome)],
        reason=outcome.reason,
        filled_volume=decimal_text(outcome.filled_volume),
        profit=optional_text(outcome.profit),
        create_time=to_timestamp(closing.created_at),
        update_time=to_timestamp(outcome.heard_at),
    )


def policy_message(account: Account, policy: KeptPolicy | None, text: str) -> pb.GuardPolicy:
    """Return the policy in force; `policy` None: the default, whose text is `text`."""
    version = policy.version if policy else 0
    return pb.GuardPolicy(
        account_id=str(account.id),
        version=version,
        text=text,
        digest=policy_digest(text),
        statement=policy.statement if policy else "",
        owner_signature=owner_signature_message(policy.owner_signature) if policy else None,
        create_time=to_timestamp(policy.created_at) if policy else None,
        actor=policy.actor if policy else "",
        next_statement_head=statement_head(account, version + 1),
    )


def preset_message(preset: Preset) -> pb.GuardPreset:
    return pb.GuardPreset(
        name=preset.name,
        title=preset.title,
        source=preset.source,
        read_on=preset.read_on,
        rule=preset.rule,
        losses_json=preset.losses,
    )


def event_message(happening: Happening) -> pb.GuardEvent:
    return pb.GuardEvent(
        event_id=str(happening.id),
        account_id=str(happening.account_id),
        act=ACTS[happening.act],
        side=SIDES[happening.side],
        rule_id=happening.rule_id,
        standing=standing_message(happening.standing) if happening.standing else None,
        latch=latch_message(latch_from_facts(happening.latch)),
        close_time=to_timestamp(happening.close_at),
        evidence_json=happening.evidence_json,
        policy_version=happening.policy_version,
        event_time=to_timestamp(happening.event_time),
        receive_time=to_timestamp(happening.received_at),
    )


def alert_message(
    alert: Alert, closings: Sequence[Outcome], currencies: Mapping[UUID, str]
) -> pb.DrawdownAlert:
    made = sum((one.profit for one in closings if one.profit is not None), Decimal(0))
    return pb.DrawdownAlert(
        alert_id=str(alert.id),
        account_id=str(alert.account_id),
        cause=alert.cause,
        resets=alert.resets,
        side=SIDES[alert.side],
        evidence=standing_message(alert.evidence) if alert.evidence else None,
        create_time=to_timestamp(alert.created_at),
        end_time=to_timestamp(alert.ended_at),
        closings=map(closing_message, closings),
        result=values_pb2.Money(
            amount=decimal_text(made), currency=currencies.get(alert.account_id, "")
        ),
    )


def policy_frame(policy: KeptPolicy | None, default: Policy) -> execution_pb2.PolicyInForce:
    """Return the policy as it travels to the bridge."""
    if policy is None:
        return execution_pb2.PolicyInForce(version=0, text=policy_text(default))
    return execution_pb2.PolicyInForce(
        version=policy.version,
        text=policy.text,
        statement=policy.statement,
        server_signature=policy.server_signature,
        server_key_id=policy.server_key_id,
        owner_signature=owner_signature_frame(policy.owner_signature),
    )


def held_frame(kept: Kept, digest: str) -> execution_pb2.GuardHeld:
    """Return what this side's guard holds, and what a bridge that knows nothing begins with."""
    return execution_pb2.GuardHeld(
        latch=latch_message(kept.state.latch),
        policy_version=kept.policy_version,
        policy_digest=digest,
        memory=state_text(kept.state) if kept.state.seen else "",
    )
