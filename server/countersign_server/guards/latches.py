"""Latches and standings as the contract and the tables have them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from countersign.v1 import guards_pb2 as pb, values_pb2
from countersign_guards.latch import Latch, TradingState
from countersign_guards.standing import Standing
from countersign_server.decimals import FRACTION_DIGITS, decimal_text
from countersign_server.rpc.conversion import from_timestamp, to_timestamp

STATES: Mapping[str, values_pb2.TradingState] = {
    TradingState.ACTIVE: values_pb2.TRADING_STATE_ACTIVE,
    TradingState.WARNED: values_pb2.TRADING_STATE_WARNED,
    TradingState.CLOSE_ONLY: values_pb2.TRADING_STATE_CLOSE_ONLY,
    TradingState.HALTED: values_pb2.TRADING_STATE_HALTED,
    TradingState.FLATTENING: values_pb2.TRADING_STATE_FLATTENING,
}
STATES_READ = {number: TradingState(state) for state, number in STATES.items()}
_FINEST = Decimal(1).scaleb(-FRACTION_DIGITS)


def latch_message(latch: Latch) -> pb.GuardLatch:
    return pb.GuardLatch(
        state=STATES[latch.state],
        cause=latch.cause,
        reason=latch.reason,
        by=latch.by,
        since_time=to_timestamp(latch.since),
        resets=latch.resets,
        called_off=sorted(latch.called_off),
    )


def latch_of(message: pb.GuardLatch) -> Latch:
    """Return the latch that a message tells of. Raises Invalid."""
    since = None
    if message.HasField("since_time"):
        since = from_timestamp(message.since_time, field="since_time")
    return Latch(
        STATES_READ[message.state],
        cause=message.cause,
        reason=message.reason,
        by=message.by,
        since=since,
        resets=message.resets,
        called_off=frozenset(message.called_off),
    )


def latch_facts(latch: Latch) -> dict[str, Any]:
    """Return a latch as it is kept beside an event, and told in the audit."""
    facts = asdict(latch)
    facts["since"] = latch.since.isoformat() if latch.since else None
    facts["called_off"] = sorted(latch.called_off)
    return facts


def latch_from_facts(facts: Mapping[str, Any]) -> Latch:
    since = facts["since"]
    return Latch(
        TradingState(facts["state"]),
        cause=facts["cause"],
        reason=facts["reason"],
        by=facts["by"],
        since=datetime.fromisoformat(since) if since else None,
        resets=facts["resets"],
        called_off=frozenset(facts["called_off"]),
    )


def standing_facts(standing: Standing) -> dict[str, str]:
    """Return a standing as it is kept: canonical decimals, to nine digits after the point."""
    return {
        "rule_id": standing.rule_id,
        "value": _text(standing.value),
        "reference": _text(standing.reference),
        "floor": _text(standing.floor),
        "headroom": _text(standing.headroom),
        "share": _text(standing.share),
    }


def standing_message(facts: Mapping[str, str], *, warned: bool = False) -> pb.GuardStanding:
    return pb.GuardStanding(**facts, warned=warned)


def told_standing(message: pb.GuardStanding) -> dict[str, str]:
    """Return what a bridge measured, as it is kept."""
    names = ("rule_id", "value", "reference", "floor", "headroom", "share")
    return {name: getattr(message, name) for name in names}


def _text(value: Decimal) -> str:
    return decimal_text(value.quantize(_FINEST, rounding=ROUND_HALF_EVEN))
