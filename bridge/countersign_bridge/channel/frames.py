"""Frames of the channel, between the contract's messages and the bridge's values."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from countersign.v1 import execution_pb2, values_pb2
from countersign_bridge.owner_signatures import (
    ED25519,
    PASSKEY_ED25519,
    PASSKEY_ES256,
    OwnerSignature,
)
from countersign_bridge.trading.attempts import Attempt, Grant
from countersign_bridge.trading.targets import Target
from countersign_bridge.trading.verification import Offer, Refusal
from countersign_guards.latch import TradingState

_DETAIL_MAX = 500

# A state this bridge does not know stops trading: it can only be one that means less, not more.
TRADING_STATES: Mapping[values_pb2.TradingState, TradingState] = MappingProxyType(
    {
        values_pb2.TRADING_STATE_ACTIVE: TradingState.ACTIVE,
        values_pb2.TRADING_STATE_WARNED: TradingState.WARNED,
        values_pb2.TRADING_STATE_CLOSE_ONLY: TradingState.CLOSE_ONLY,
        values_pb2.TRADING_STATE_HALTED: TradingState.HALTED,
        values_pb2.TRADING_STATE_FLATTENING: TradingState.FLATTENING,
    }
)
_OWNER_KEY_ALGORITHMS: Mapping[int, str] = MappingProxyType(
    {
        values_pb2.OWNER_KEY_ALGORITHM_ED25519: ED25519,
        values_pb2.OWNER_KEY_ALGORITHM_PASSKEY_ES256: PASSKEY_ES256,
        values_pb2.OWNER_KEY_ALGORITHM_PASSKEY_ED25519: PASSKEY_ED25519,
    }
)


def offer_of(message: execution_pb2.Offer) -> Offer:
    expires = None
    if message.HasField("expire_time"):
        expires = message.expire_time.ToDatetime(UTC)
    return Offer(
        command_id=message.command_id,
        attempt=message.attempt,
        intent_text=message.intent_text,
        intent_digest=message.intent_digest,
        approval_id=message.approval_id,
        signature=message.server_signature,
        key_id=message.server_key_id,
        expires=expires,
        magic=message.magic,
        target=Target(
            opening_magic=message.target.opening_magic,
            position_id=message.target.position_id,
            order_ticket=message.target.order_ticket,
        ),
        owner_signature=(
            owner_signature_of(message.owner_signature)
            if message.HasField("owner_signature")
            else None
        ),
    )


def owner_signature_of(signed: execution_pb2.OfferOwnerSignature) -> OwnerSignature:
    return OwnerSignature(
        key_id=signed.owner_key_id,
        algorithm=_OWNER_KEY_ALGORITHMS.get(signed.algorithm, ""),
        origin=signed.origin,
        public_key=signed.public_key,
        signature=signed.signature,
        authenticator_data=signed.authenticator_data,
        client_data_json=signed.client_data_json,
    )


def grant_of(message: execution_pb2.Grant) -> Grant:
    return Grant(
        grant_id=message.grant_id,
        valid_for=timedelta(milliseconds=message.valid_for_ms),
        magic=message.magic,
        generation=message.generation,
    )


def trading_state_of(message: execution_pb2.Halt) -> TradingState:
    return TRADING_STATES.get(message.state, TradingState.HALTED)


def claim_frame(attempt: Attempt) -> execution_pb2.ChannelRequest:
    return execution_pb2.ChannelRequest(
        claim=execution_pb2.Claim(
            command_id=attempt.offer.command_id,
            attempt=attempt.offer.attempt,
            claim_nonce=attempt.claim_nonce,
            bid=attempt.bid,
            ask=attempt.ask,
        )
    )


def decline_frame(offer: Offer, refusal: Refusal) -> execution_pb2.ChannelRequest:
    return execution_pb2.ChannelRequest(
        decline=execution_pb2.Decline(
            command_id=offer.command_id,
            attempt=offer.attempt,
            reason=refusal.reason,
            detail=refusal.detail[:_DETAIL_MAX],
            final=refusal.final,
        )
    )


def heartbeat_frame(time: datetime, *, server_sequence_seen: int) -> execution_pb2.ChannelRequest:
    """Return a heartbeat that says nothing of the terminal yet."""
    frame = execution_pb2.ChannelRequest()
    frame.heartbeat.bridge_time.FromDatetime(time)
    frame.heartbeat.server_sequence_seen = server_sequence_seen
    return frame


def goodbye_frame(reason: str) -> execution_pb2.ChannelRequest:
    return execution_pb2.ChannelRequest(goodbye=execution_pb2.Goodbye(reason=reason))


def digest_frame(day: str, *, count: int, tickets_sha256: str) -> execution_pb2.ChannelRequest:
    return execution_pb2.ChannelRequest(
        deal_digest=execution_pb2.DealDigest(day=day, count=count, tickets_sha256=tickets_sha256)
    )
