"""Signals and approvals as the contract shows them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from countersign.v1 import approvals_pb2, signals_pb2, values_pb2
from countersign_server.approvals.approval import Approval, DecisionMode
from countersign_server.approvals.foresight_wire import foresight_message
from countersign_server.approvals.intents import Entry, EntryKind, Kind
from countersign_server.approvals.lifecycle import ApprovalState
from countersign_server.approvals.owner_countersignature import owner_signature_message
from countersign_server.approvals.terms import Terms
from countersign_server.decimals import decimal_text, optional_text
from countersign_server.rpc.conversion import from_timestamp, optional_id, to_timestamp
from countersign_server.signals.payload import read_signal

STATES: Mapping[ApprovalState, approvals_pb2.ApprovalState] = {
    ApprovalState.PENDING: approvals_pb2.APPROVAL_STATE_PENDING,
    ApprovalState.APPROVED: approvals_pb2.APPROVAL_STATE_APPROVED,
    ApprovalState.REJECTED: approvals_pb2.APPROVAL_STATE_REJECTED,
    ApprovalState.EXPIRED: approvals_pb2.APPROVAL_STATE_EXPIRED,
    ApprovalState.DECLINED: approvals_pb2.APPROVAL_STATE_DECLINED,
    ApprovalState.REVOKED: approvals_pb2.APPROVAL_STATE_REVOKED,
}
STATE_OF = {number: state for state, number in STATES.items()}
_MODES: Mapping[DecisionMode, approvals_pb2.DecisionMode] = {
    DecisionMode.NOBODY: approvals_pb2.DECISION_MODE_UNSPECIFIED,
    DecisionMode.MANUAL: approvals_pb2.DECISION_MODE_MANUAL,
    DecisionMode.AUTOMATIC: approvals_pb2.DECISION_MODE_AUTOMATIC,
}
_KINDS: Mapping[Kind, values_pb2.CommandKind] = {
    Kind.OPEN: values_pb2.COMMAND_KIND_OPEN,
    Kind.PLACE: values_pb2.COMMAND_KIND_PLACE,
    Kind.MODIFY: values_pb2.COMMAND_KIND_MODIFY,
    Kind.CLOSE: values_pb2.COMMAND_KIND_CLOSE,
    Kind.PARTIAL_CLOSE: values_pb2.COMMAND_KIND_PARTIAL_CLOSE,
    Kind.CANCEL: values_pb2.COMMAND_KIND_CANCEL,
}
_SIDES = {"buy": values_pb2.SIDE_BUY, "sell": values_pb2.SIDE_SELL}
_AT_MARKET, _NO_ENTRY = Entry(EntryKind.MARKET), Entry(EntryKind.NONE)


def approval_message(approval: Approval) -> approvals_pb2.Approval:
    """Return an approval as the contract shows it."""
    risk = approval.money_at_risk
    return approvals_pb2.Approval(
        approval_id=str(approval.id),
        signal_id=str(approval.signal_id),
        account_id=str(approval.account_id),
        subscription_id=str(approval.subscription_id),
        producer_id=str(approval.producer_id),
        state=STATES[approval.state],
        intent=_intent_message(approval),
        money_at_risk=None
        if risk is None
        else values_pb2.Money(amount=decimal_text(risk), currency=approval.currency),
        note=approval.note,
        reason=approval.reason,
        mode=_MODES[approval.mode],
        decided_by=optional_id(approval.decided_by),
        consent_version=approval.consent_version,
        caller_address=approval.caller_address,
        caller_agent=approval.caller_agent,
        create_time=to_timestamp(approval.created_at),
        decide_time=to_timestamp(approval.decided_at),
        expire_time=to_timestamp(approval.expires_at),
        command_id=optional_id(approval.command_id),
        signal_price=optional_text(approval.signal_price),
        server_signature=approval.server_signature or b"",
        server_key_id=approval.server_key_id or "",
        owner_signature=owner_signature_message(approval.owner_signature),
        foresight=foresight_message(approval.foresight),
    )


def terms_of(row: Row[Any]) -> Terms:
    """Return what a row of signals asks for, read from the signed bytes and from nothing else."""
    signal = read_signal(row.format, bytes(row.payload))
    action = getattr(signal, signal.WhichOneof("action") or "")
    return Terms(
        signal_id=row.id,
        producer_id=row.producer_id,
        payload_sha256=bytes(row.payload_sha256).hex(),
        kind=_kind_of(signal),
        instrument=signal.instrument,
        side=row.side,
        price=Decimal(action.price) if getattr(action, "price", "") else None,
        entry=_entry_of(signal),
        stop_loss=_chosen(action, "stop", "stop_loss"),
        take_profit=_chosen(action, "target", "take_profit"),
        good_until=from_timestamp(signal.place.good_until_time, field="good_until_time")
        if signal.place.HasField("good_until_time")
        else None,
        fraction=Decimal(signal.close.fraction) if signal.close.fraction else None,
        opening_external_id=getattr(action, "opening_external_id", ""),
        note=signal.note,
        received_at=row.received_at,
        expires_at=row.expires_at,
    )


def _kind_of(signal: signals_pb2.Signal) -> Kind:
    if signal.close.fraction:
        return Kind.PARTIAL_CLOSE
    return Kind(signal.WhichOneof("action") or "")


def _entry_of(signal: signals_pb2.Signal) -> Entry:
    match signal.WhichOneof("action"):
        case "place" if signal.place.limit_price:
            return Entry(EntryKind.LIMIT, Decimal(signal.place.limit_price))
        case "place":
            return Entry(EntryKind.STOP, Decimal(signal.place.stop_price))
        case "open" | "close":
            return _AT_MARKET
        case _:
            return _NO_ENTRY


def _chosen(action: Any, choice: str, price: str) -> Decimal | None:  # noqa: ANN401  # any of the actions
    text = getattr(getattr(action, choice, None), price, "")
    return Decimal(text) if text else None


def _intent_message(approval: Approval) -> approvals_pb2.Intent | None:
    if approval.intent_text is None:
        return None
    return approvals_pb2.Intent(
        text=approval.intent_text,
        digest=approval.intent_digest or "",
        kind=_KINDS[approval.kind],
        instrument=approval.instrument,
        symbol=approval.symbol or "",
        side=_SIDES[approval.side],
        volume=optional_text(approval.volume),
        price_min=optional_text(approval.price_min),
        price_max=optional_text(approval.price_max),
        stop_loss=optional_text(approval.stop_loss),
        take_profit=optional_text(approval.take_profit),
        price=optional_text(approval.price),
        expire_time=to_timestamp(approval.intent_expires_at),
    )
