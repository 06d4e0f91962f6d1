"""The guard's words on the channel, between the contract's messages and the guard's values."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType

from countersign.v1 import execution_pb2, guards_pb2, values_pb2
from countersign_bridge.channel.frames import TRADING_STATES, owner_signature_of
from countersign_bridge.decimals import PLACES_MAX, decimal_text
from countersign_bridge.guarding.policies import OfferedPolicy, PolicyInForce
from countersign_bridge.reporting.events import event
from countersign_guards.effects import (
    ClosingAnnounced,
    ClosingCalledOff,
    ClosingDismissed,
    Effect,
    Flatten,
    Flattened,
    Latched,
    Warned,
    WarningLifted,
)
from countersign_guards.latch import Latch, TradingState
from countersign_guards.standing import Standing
from countersign_guards.state import GuardState

_STATES: Mapping[TradingState, values_pb2.TradingState] = MappingProxyType(
    {state: number for number, state in TRADING_STATES.items()}
)
_ACTS: Mapping[type[Effect], guards_pb2.GuardAct] = MappingProxyType(
    {
        Warned: guards_pb2.GUARD_ACT_WARNED,
        WarningLifted: guards_pb2.GUARD_ACT_WARNING_LIFTED,
        ClosingAnnounced: guards_pb2.GUARD_ACT_CLOSING_ANNOUNCED,
        ClosingDismissed: guards_pb2.GUARD_ACT_CLOSING_DISMISSED,
        ClosingCalledOff: guards_pb2.GUARD_ACT_CLOSING_CALLED_OFF,
        Latched: guards_pb2.GUARD_ACT_LATCHED,
        Flatten: guards_pb2.GUARD_ACT_FLATTENING,
        Flattened: guards_pb2.GUARD_ACT_FLATTENED,
    }
)
# As many as fit into the contract's 8,192 characters, beside 32 rules.
_QUOTES_MAX = 40
_SMALLEST = Decimal(1).scaleb(-PLACES_MAX)


def policy_of(message: execution_pb2.PolicyInForce) -> OfferedPolicy:
    signed = message.owner_signature if message.HasField("owner_signature") else None
    return OfferedPolicy(
        version=message.version,
        text=message.text,
        statement=message.statement,
        signature=message.server_signature,
        key_id=message.server_key_id,
        owner_signature=None if signed is None else owner_signature_of(signed),
    )


def latch_of(message: guards_pb2.GuardLatch) -> Latch:
    """Return a latch as it was told. A state this bridge does not know stops trading."""
    return Latch(
        state=TRADING_STATES.get(message.state, TradingState.HALTED),
        cause=message.cause,
        reason=message.reason,
        by=message.by,
        since=message.since_time.ToDatetime(UTC) if message.HasField("since_time") else None,
        resets=message.resets,
        called_off=frozenset(message.called_off),
    )


def latch_message(latch: Latch) -> guards_pb2.GuardLatch:
    message = guards_pb2.GuardLatch(
        state=_STATES[latch.state],
        cause=latch.cause,
        reason=latch.reason,
        by=latch.by,
        resets=latch.resets,
        called_off=sorted(latch.called_off),
    )
    if latch.since is not None:
        message.since_time.FromDatetime(latch.since)
    return message


def held_message(latch: Latch, policy: PolicyInForce) -> execution_pb2.GuardHeld:
    return execution_pb2.GuardHeld(
        latch=latch_message(latch),
        policy_version=policy.version,
        policy_digest=policy.digest if policy.version else "",
    )


def act_event(
    effect: Effect, state: GuardState, policy: PolicyInForce, time: datetime
) -> execution_pb2.Event:
    """Return what tells of something that the guard did. `state`: as it is afterwards."""
    rule_id, standing = rule_of(effect), _standing_of(effect)
    act = _ACTS[type(effect)]
    name = guards_pb2.GuardAct.Name(act).removeprefix("GUARD_ACT_").lower()
    # The time, because a rule may warn more than once between two resets.
    moment = int(time.timestamp() * 1000)
    made = event(f"guard:{state.latch.resets}:{rule_id}:{name}:{moment}", time)
    told = made.guard_acted
    told.act = act
    told.rule_id = rule_id
    told.policy_version = policy.version
    told.latch.CopyFrom(latch_message(state.latch))
    if standing is not None:
        warned = standing.rule_id in state.warned
        told.standing.CopyFrom(_standing_message(standing, warned=warned))
        told.evidence_json = _evidence(state)
    if isinstance(effect, ClosingAnnounced):
        told.close_time.FromDatetime(effect.closes_at)
    return made


def rule_of(effect: Effect) -> str:
    """Return the rule that an effect is about, or "person"; empty: what was latched was lifted."""
    if isinstance(effect, Warned | WarningLifted):
        return effect.standing.rule_id
    if isinstance(effect, Latched):
        return effect.latch.cause
    if isinstance(effect, Flatten | Flattened):
        return effect.cause
    return effect.rule_id


def _standing_of(effect: Effect) -> Standing | None:
    if isinstance(effect, ClosingAnnounced | Latched):
        return effect.evidence
    if isinstance(effect, Warned | WarningLifted | ClosingDismissed):
        return effect.standing
    return None


def _standing_message(standing: Standing, *, warned: bool) -> guards_pb2.GuardStanding:
    return guards_pb2.GuardStanding(
        rule_id=standing.rule_id,
        value=_number(standing.value),
        reference=_number(standing.reference),
        floor=_number(standing.floor),
        headroom=_number(standing.headroom),
        share=_number(standing.share),
        warned=warned,
    )


def _evidence(state: GuardState) -> str:
    """Return the view and the prices that were judged by, as JSON."""
    seen = state.seen
    view = seen and {
        "at": seen.at.isoformat(),
        "balance": str(seen.balance),
        "equity": str(seen.equity),
    }
    quotes = {
        symbol: {
            "at": mark.quote.at.isoformat(),
            "bid": str(mark.quote.bid),
            "ask": str(mark.quote.ask),
        }
        for symbol, mark in sorted(state.quotes.items())[:_QUOTES_MAX]
    }
    watches = {
        rule_id: {"since": watch.since.isoformat(), "views": watch.views}
        for rule_id, watch in sorted(state.watches.items())
    }
    return json.dumps({"view": view, "watches": watches, "quotes": quotes}, separators=(",", ":"))


def _number(value: Decimal) -> str:
    """Return a number as the contract spells it, to nine decimals."""
    return decimal_text(value.quantize(_SMALLEST, rounding=ROUND_HALF_EVEN).normalize())
