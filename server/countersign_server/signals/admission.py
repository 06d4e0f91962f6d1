"""Whether a signed signal may come in: who signed it, when, and whether it keeps the rules."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from countersign.v1 import signals_pb2, values_pb2
from countersign_server.accounts.producer import VerifiedKey
from countersign_server.audit.entries import Trace
from countersign_server.errors import (
    InstrumentNotAllowed,
    Invalid,
    ProducerPaused,
    SignalExpired,
    SignatureFromFuture,
    SignatureInvalid,
    SignatureTooOld,
)
from countersign_server.guard_errors import ProducerHalted
from countersign_server.rpc.conversion import from_timestamp
from countersign_server.rpc.validation import check
from countersign_server.signals.payload import read_signal, window_action
from countersign_server.signals.rules import is_signal
from countersign_server.signals.signing import Algorithm, is_signed_by, signed_text

_OPENING = ("open", "place")
_ALGORITHM_OF = {
    signals_pb2.SIGNATURE_ALGORITHM_HMAC_SHA256: Algorithm.HMAC_SHA256,
    signals_pb2.SIGNATURE_ALGORITHM_ED25519: Algorithm.ED25519,
}
SIDES = {values_pb2.SIDE_BUY: "buy", values_pb2.SIDE_SELL: "sell"}


@dataclass(frozen=True, slots=True)
class Windows:
    """How old, how new and how long-lived a signal may be."""

    back: timedelta
    ahead: timedelta
    lifetime: timedelta
    lifetime_max: timedelta


class Admitted(NamedTuple):
    """A signal that may be stored: verified, read, and within the rules.

    A tuple, because thousands a second are made, and turned into columns to be stored.
    """

    id: UUID
    owner_id: UUID
    producer_id: UUID
    external_id: str
    instrument: str
    side: str
    action: str  # "open", "place", or "close:<what exactly>"
    version: str
    payload: bytes
    payload_sha256: bytes
    format: int
    key_id: str
    nonce: bytes
    signature: bytes
    sent_at: datetime
    received_at: datetime
    expires_at: datetime
    trace: Trace  # who handed it in, and from where

    @property
    def window(self) -> tuple[UUID, str, str, str, str]:
        """What a second signal may not share within the duplicate window."""
        return (self.producer_id, self.instrument, self.side, self.action, self.version)


def admit(  # noqa: PLR0913  # two that are told apart by type, the rest by name
    signed: signals_pb2.SignedSignal,
    key: VerifiedKey | None,
    *,
    signal_id: UUID,
    producer_id: UUID,
    windows: Windows,
    trace: Trace,
    now: datetime,
) -> Admitted:
    """Return what is to be stored, or raise the reason why not.

    The signature is checked before a byte of the payload is read. `key` None: no such key. Raises
    SignatureInvalid, SignatureTooOld, SignatureFromFuture, ProducerPaused, ProducerHalted,
    PayloadUnreadable, UnknownField, RulesBroken, InstrumentNotAllowed, SignalExpired, Invalid.
    """
    payload = signed.payload
    payload_sha256 = sha256(payload).digest()
    known = _verified(signed, key, producer_id, payload_sha256, now)
    sent_at = _fresh(signed.sent_time_ms, windows, now)
    if known.paused:
        raise ProducerPaused("the producer is paused by its owner and takes no signals")
    signal = _ruled(read_signal(signed.format, payload), now)
    _check_may_say(known, signal)
    return Admitted(
        id=signal_id,
        owner_id=known.owner_id,
        producer_id=known.producer_id,
        external_id=signal.external_id,
        instrument=signal.instrument,
        side=SIDES[signal.side],
        action=window_action(signal),
        version=signal.version,
        payload=payload,
        payload_sha256=payload_sha256,
        format=signed.format,
        key_id=signed.key_id,
        nonce=signed.nonce,
        signature=signed.signature,
        sent_at=sent_at,
        received_at=now,
        expires_at=_expiry(signal, windows, now),
        trace=trace,
    )


def _check_may_say(known: VerifiedKey, signal: signals_pb2.Signal) -> None:
    """Raise ProducerHalted or InstrumentNotAllowed unless the producer may say this now."""
    state = known.trading_state
    if not (state.may_open if signal.WhichOneof("action") in _OPENING else state.may_reduce):
        raise ProducerHalted(f"a kill switch holds the producer: {state}", trading_state=state)
    if known.instruments and signal.instrument not in known.instruments:
        raise InstrumentNotAllowed(
            f"{signal.instrument} is not on the producer's list of instruments",
            field="instrument",
            instrument=signal.instrument,
        )


def _verified(
    signed: signals_pb2.SignedSignal,
    key: VerifiedKey | None,
    producer_id: UUID,
    payload_sha256: bytes,
    now: datetime,
) -> VerifiedKey:
    text = signed_text(
        key_id=signed.key_id,
        payload_format=signed.format,
        sent_time_ms=signed.sent_time_ms,
        nonce=signed.nonce,
        payload_sha256=payload_sha256,
    )
    right = is_signed_by(
        algorithm=key.algorithm if key else Algorithm.HMAC_SHA256,
        key=key.key if key else None,
        text=text,
        signature=signed.signature,
    )
    named = _ALGORITHM_OF.get(signed.algorithm)
    if (
        key is None
        or not right
        or key.producer_id != producer_id
        or (key.revoked_at is not None and key.revoked_at <= now)
        or (named is not None and named != key.algorithm)
    ):
        # One answer for all, so that nobody learns which keys exist.
        raise SignatureInvalid("the signature does not verify with a key of this producer")
    return key


def _fresh(sent_time_ms: int, windows: Windows, now: datetime) -> datetime:
    try:
        sent_at = datetime.fromtimestamp(sent_time_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise Invalid("sent_time_ms is not a time", field="signal.sent_time_ms") from None
    if sent_at < now - windows.back:
        raise SignatureTooOld(
            f"signed {(now - sent_at).total_seconds():.1f} s ago; "
            f"{windows.back.total_seconds():g} s are accepted",
            field="signal.sent_time_ms",
        )
    if sent_at > now + windows.ahead:
        raise SignatureFromFuture(
            f"signed {(sent_at - now).total_seconds():.1f} s in the future; "
            f"{windows.ahead.total_seconds():g} s are accepted",
            field="signal.sent_time_ms",
        )
    return sent_at


def _ruled(signal: signals_pb2.Signal, now: datetime) -> signals_pb2.Signal:
    """Return a signal that keeps the rules, and that those who deliver it will be able to read."""
    if not is_signal(signal):
        check(signal)
    if signal.HasField("place") and signal.place.HasField("good_until_time"):
        good_until = from_timestamp(signal.place.good_until_time, field="good_until_time")
        if good_until <= now:
            raise SignalExpired("good_until_time is past", field="good_until_time")
    return signal


def _expiry(signal: signals_pb2.Signal, windows: Windows, now: datetime) -> datetime:
    if not signal.HasField("expire_time"):
        return now + windows.lifetime
    expires_at = from_timestamp(signal.expire_time, field="expire_time")
    if expires_at <= now:
        raise SignalExpired("expire_time is past", field="expire_time")
    if expires_at > now + windows.lifetime_max:
        raise Invalid(f"expire_time is more than {windows.lifetime_max} ahead", field="expire_time")
    return expires_at
