"""Commands, deals and frames as the contract shows them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from countersign.v1 import execution_pb2 as pb, values_pb2
from countersign_server.decimals import decimal_text, optional_text
from countersign_server.execution.command import Command
from countersign_server.execution.deal import Deal
from countersign_server.execution.grants import Granted
from countersign_server.execution.lifecycle import CommandEvent, CommandState
from countersign_server.execution.report import Report
from countersign_server.execution.settlement import Mark, Settlement
from countersign_server.execution.symbols import MappedSymbol
from countersign_server.identity.owner_key import KeyAlgorithm
from countersign_server.identity.owner_key_wire import OWNER_KEY_ALGORITHMS
from countersign_server.rpc.conversion import optional_id, to_duration, to_timestamp

STATES: Mapping[CommandState, pb.CommandState] = {
    CommandState.APPROVED: pb.COMMAND_STATE_APPROVED,
    CommandState.OFFERED: pb.COMMAND_STATE_OFFERED,
    CommandState.GRANTED: pb.COMMAND_STATE_GRANTED,
    CommandState.EXECUTED: pb.COMMAND_STATE_EXECUTED,
    CommandState.PARTIAL: pb.COMMAND_STATE_PARTIAL,
    CommandState.WORKING: pb.COMMAND_STATE_WORKING,
    CommandState.REJECTED: pb.COMMAND_STATE_REJECTED,
    CommandState.IN_DOUBT: pb.COMMAND_STATE_IN_DOUBT,
    CommandState.PRESUMED_NOT_EXECUTED: pb.COMMAND_STATE_PRESUMED_NOT_EXECUTED,
    CommandState.REVOKED: pb.COMMAND_STATE_REVOKED,
    CommandState.EXPIRED: pb.COMMAND_STATE_EXPIRED,
    CommandState.NOT_SENT: pb.COMMAND_STATE_NOT_SENT,
}
KINDS: Mapping[str, values_pb2.CommandKind] = {
    "open": values_pb2.COMMAND_KIND_OPEN,
    "place": values_pb2.COMMAND_KIND_PLACE,
    "modify": values_pb2.COMMAND_KIND_MODIFY,
    "close": values_pb2.COMMAND_KIND_CLOSE,
    "partial-close": values_pb2.COMMAND_KIND_PARTIAL_CLOSE,
    "cancel": values_pb2.COMMAND_KIND_CANCEL,
}
TRADING_STATES: Mapping[str, values_pb2.TradingState] = {
    "active": values_pb2.TRADING_STATE_ACTIVE,
    "warned": values_pb2.TRADING_STATE_WARNED,
    "close-only": values_pb2.TRADING_STATE_CLOSE_ONLY,
    "halted": values_pb2.TRADING_STATE_HALTED,
    "flattening": values_pb2.TRADING_STATE_FLATTENING,
}
OUTCOMES: Mapping[str, pb.AttemptOutcome] = {
    "executed": pb.ATTEMPT_OUTCOME_EXECUTED,
    "partial": pb.ATTEMPT_OUTCOME_PARTIAL,
    "working": pb.ATTEMPT_OUTCOME_WORKING,
    "rejected": pb.ATTEMPT_OUTCOME_REJECTED,
    "not-sent": pb.ATTEMPT_OUTCOME_NOT_SENT,
    "in-doubt": pb.ATTEMPT_OUTCOME_IN_DOUBT,
}
OUTCOME_NAMES = {number: name for name, number in OUTCOMES.items()}
EVENT_OF_OUTCOME: Mapping[str, CommandEvent] = {
    "executed": CommandEvent.EXECUTE,
    "partial": CommandEvent.FILL_PART,
    "working": CommandEvent.ACCEPT,
    "rejected": CommandEvent.REJECT,
    "not-sent": CommandEvent.NOT_SEND,
    "in-doubt": CommandEvent.DOUBT,
}
SETTLEMENTS: Mapping[Mark, pb.Settlement] = {
    Mark.NOT_EXECUTED: pb.SETTLEMENT_NOT_EXECUTED,
    Mark.EXECUTED: pb.SETTLEMENT_EXECUTED,
    Mark.CLOSE_EXPOSURE: pb.SETTLEMENT_CLOSE_EXPOSURE,
}
MARKS = {number: mark for mark, number in SETTLEMENTS.items()}
ENTRIES: Mapping[str, pb.DealEntry] = {
    "": pb.DEAL_ENTRY_UNSPECIFIED,
    "in": pb.DEAL_ENTRY_IN,
    "out": pb.DEAL_ENTRY_OUT,
    "inout": pb.DEAL_ENTRY_INOUT,
    "out-by": pb.DEAL_ENTRY_OUT_BY,
}
ENTRY_NAMES = {number: name for name, number in ENTRIES.items()}

# What the system says of a command. Anything else is an owner's own words, and for nobody else.
_TOKEN = re.compile(r"[A-Z0-9_]{1,64}")


def offer_frame(command: Command, target: Command | None) -> pb.Offer:
    """Return the offer of a command; `target` is the command that opened what it is about."""
    offer = pb.Offer(
        command_id=str(command.id),
        attempt=command.attempt,
        intent_text=command.intent_text,
        intent_digest=command.intent_digest,
        # Where a person's word stands for an approval, the text names that.
        # The text of a guard's close names the command itself: no person approved it.
        approval_id=optional_id(command.approval_id or command.settlement_id or command.id),
        server_signature=command.server_signature,
        server_key_id=command.server_key_id,
        expire_time=to_timestamp(command.expires_at),
        magic=command.magic,
        owner_signature=owner_signature_frame(command.owner_signature),
    )
    if target is not None:
        offer.target.opening_magic = target.magic
        offer.target.position_id = target.position_id
        offer.target.order_ticket = target.order_ticket
    elif command.position_id:
        offer.target.position_id = command.position_id
    return offer


def grant_frame(granted: Granted) -> pb.Grant:
    return pb.Grant(
        command_id=str(granted.command.id),
        attempt=granted.command.attempt,
        grant_id=granted.grant_id,
        claim_nonce=granted.claim_nonce,
        valid_for_ms=int(granted.valid_for.total_seconds() * 1000),
        magic=granted.command.magic,
        generation=granted.generation,
    )


def command_message(
    command: Command,
    *,
    reports: Iterable[Report] = (),
    deals: Iterable[Deal] = (),
    held_by: UUID | None = None,
    full: bool,
) -> pb.Command:
    """Return a command; not `full`: only what its signal's producer may see.

    `held_by`: the command in doubt that holds it back.
    """
    message = pb.Command(
        command_id=str(command.id),
        account_id=str(command.account_id) if full else "",
        signal_id=optional_id(command.signal_id),
        approval_id=optional_id(command.approval_id) if full else "",
        kind=KINDS[command.kind],
        state=STATES[command.state],
        attempt=command.attempt,
        reason=command.reason if full or _TOKEN.fullmatch(command.reason) else "",
        create_time=to_timestamp(command.created_at),
        offer_time=to_timestamp(command.offered_at),
        grant_time=to_timestamp(command.granted_at),
        update_time=to_timestamp(command.updated_at),
        expire_time=to_timestamp(command.expires_at),
        settle_time=to_timestamp(command.settled_at) if full else None,
    )
    if full:
        message.intent_text = command.intent_text
        message.intent_digest = command.intent_digest
        message.magic = command.magic
        message.filled_volume = decimal_text(command.filled_volume)
        message.average_price = optional_text(command.average_price)
        message.held_by_command_id = optional_id(held_by)
        if command.settled_as:
            message.settled_as = SETTLEMENTS[Mark(command.settled_as)]
        if command.settlement_id:
            message.doubtful_command_id = optional_id(command.opening_command_id)
        message.reports.extend(map(_report_message, reports))
        message.deals.extend(map(deal_message, deals))
    return message


def deal_message(row: Deal) -> pb.Deal:
    deal = pb.Deal(
        ticket=row.ticket,
        order_ticket=row.order_ticket,
        position_id=row.position_id,
        magic=row.magic,
        type=row.type,
        entry=ENTRIES[row.entry],
        reason=row.reason,
        symbol=row.symbol,
        volume=decimal_text(row.volume),
        price=decimal_text(row.price),
        profit=decimal_text(row.profit),
        commission=decimal_text(row.commission),
        swap=decimal_text(row.swap),
        fee=decimal_text(row.fee),
        broker_time_ms=row.broker_time_ms,
        comment=row.comment,
    )
    if row.broker_utc_offset_seconds is not None:
        deal.broker_utc_offset.seconds = row.broker_utc_offset_seconds
    return deal


def deal_of(  # noqa: PLR0913  # what the message does not say, by name
    message: pb.Deal,
    *,
    account_id: UUID,
    owner_id: UUID,
    command_id: UUID | None,
    event_time: datetime,
    received_at: datetime,
) -> Deal:
    """Return a reported deal as it is remembered."""
    offset = message.broker_utc_offset.seconds if message.HasField("broker_utc_offset") else None
    return Deal(
        account_id=account_id,
        ticket=message.ticket,
        owner_id=owner_id,
        command_id=command_id,
        order_ticket=message.order_ticket,
        position_id=message.position_id,
        magic=message.magic,
        type=message.type,
        entry=ENTRY_NAMES[message.entry],
        reason=message.reason,
        symbol=message.symbol,
        volume=Decimal(message.volume),
        price=Decimal(message.price),
        profit=Decimal(message.profit),
        commission=Decimal(message.commission),
        swap=Decimal(message.swap),
        fee=Decimal(message.fee),
        broker_time_ms=message.broker_time_ms,
        broker_utc_offset_seconds=offset,
        comment=message.comment,
        event_time=event_time,
        received_at=received_at,
    )


def symbol_message(mapped: MappedSymbol) -> pb.SymbolMapping:
    return pb.SymbolMapping(
        instrument=mapped.instrument, symbol=mapped.symbol, fingerprint=mapped.fingerprint
    )


def halt_frame(trading_state: str, cause: str, latch: int) -> pb.Halt:
    return pb.Halt(state=TRADING_STATES[trading_state], cause=cause, latch=latch)


def poll_message(  # noqa: PLR0913  # the fields of one message, by name
    *,
    offers: Sequence[pb.Offer],
    cancels: Sequence[Command],
    doubts: Sequence[Command],
    halt: pb.Halt,
    now: datetime,
    poll_interval: timedelta,
) -> pb.PollCommandsResponse:
    return pb.PollCommandsResponse(
        offers=offers,
        cancels=[pb.Cancel(command_id=str(command.id)) for command in cancels],
        resolves=[resolve_frame(command) for command in doubts],
        halt=halt,
        server_time=to_timestamp(now),
        poll_interval=to_duration(poll_interval),
    )


def resolve_frame(command: Command) -> pb.Resolve:
    return pb.Resolve(command_id=str(command.id), attempt=command.attempt, magic=command.magic)


def owner_signature_frame(kept: Mapping[str, str] | None) -> pb.OfferOwnerSignature | None:
    """Return a kept signature as it travels to the bridge; None: the owner did not sign."""
    if not kept:
        return None
    return pb.OfferOwnerSignature(
        owner_key_id=kept["owner_key_id"],
        signature=bytes.fromhex(kept["signature"]),
        authenticator_data=bytes.fromhex(kept["authenticator_data"]),
        client_data_json=bytes.fromhex(kept["client_data_json"]),
        public_key=bytes.fromhex(kept["public_key"]),
        algorithm=OWNER_KEY_ALGORITHMS[KeyAlgorithm(kept["algorithm"])],
        origin=kept["origin"],
    )


def _report_message(row: Report) -> pb.CommandReport:
    return pb.CommandReport(
        kind=row.kind,
        event_time=to_timestamp(row.event_time),
        receive_time=to_timestamp(row.received_at),
        outcome=OUTCOMES.get(row.outcome, pb.ATTEMPT_OUTCOME_UNSPECIFIED),
        retcode=row.retcode,
        reason=row.reason,
        detail=row.detail,
    )


def settlement_message(settlement: Settlement, close: Command | None) -> pb.SettlementRecord:
    """Return what a person said; `close` is the command it led to."""
    return pb.SettlementRecord(
        settlement=SETTLEMENTS[settlement.settled_as],
        ticket=settlement.ticket,
        reason=settlement.reason,
        actor=settlement.actor,
        create_time=to_timestamp(settlement.created_at),
        close_command_id=str(close.id) if close else "",
    )
