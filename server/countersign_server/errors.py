"""Every way Countersign says no.

CountersignError
  Invalid             the request can never succeed as written
  Unauthenticated     nobody knows who is asking
  Forbidden           this caller may not ask it
  NotFound            it names something that does not exist, or that the caller may not see
  Taken               it would make something that exists already
  Contradiction       it contradicts what is already recorded
  NotNow              it is right, and the state of things does not allow it
  Exhausted           there is too much of it at the moment
  Unavailable         something the server stands on does not answer
  DeadlineExceeded    it took longer than it may
  NotImplementedYet   the contract names it and this version does not do it

A subclass is a thing that a caller can act on; its `reason` is public and permanent.
`docs/errors.json` lists them all, and the gateway's, with their codes and the advice on what to do.
Those about owners' own keys are in `owner_key_errors.py`, those about risk in `risk_errors.py`.
"""

from typing import ClassVar


class CountersignError(Exception):
    """Base of every error that may reach a caller; anything else is a bug.

    `facts` become the error's metadata.
    """

    reason: ClassVar[str]
    advice: ClassVar[str]

    def __init__(self, message: str, **facts: str) -> None:
        super().__init__(message)
        self.facts = facts


class Invalid(CountersignError):
    """The request can never succeed as written."""

    reason = "INVALID"
    advice = "Change the field that is named."

    def __init__(self, message: str, *, field: str = "", **facts: str) -> None:
        super().__init__(message, **({"field": field} if field else {}), **facts)
        self.field = field


class PayloadUnreadable(Invalid):
    reason = "PAYLOAD_UNREADABLE"
    advice = "Sign and send a Signal in the format that you name."


class UnknownField(Invalid):
    reason = "UNKNOWN_FIELD"
    advice = "Remove the field or correct its spelling; what is not understood is not traded."


class SignatureTooOld(Invalid):
    reason = "SIGNATURE_TOO_OLD"
    advice = "Sign again with the current time, and check this machine's clock."


class SignatureFromFuture(Invalid):
    reason = "SIGNATURE_FROM_FUTURE"
    advice = "Set this machine's clock, then sign again."


class InstrumentNotAllowed(Invalid):
    reason = "INSTRUMENT_NOT_ALLOWED"
    advice = "Add the instrument to the producer's list, or signal another."


class UpdateMaskInvalid(Invalid):
    reason = "UPDATE_MASK_INVALID"
    advice = (
        "Name the fields to change in update_mask and give each a value; "
        "name those to empty or switch off in clear_mask."
    )


class PageTokenInvalid(Invalid):
    reason = "PAGE_TOKEN_INVALID"
    advice = "Use next_page_token of the previous answer unchanged, with the same filters."


class Unauthenticated(CountersignError):
    """Nobody knows who is asking."""

    reason = "UNAUTHENTICATED"
    advice = "Send 'authorization: Bearer <access token>'."


class TokenInvalid(Unauthenticated):
    reason = "TOKEN_INVALID"
    advice = "Get a new access token with CreateSession."


class TokenExpired(Unauthenticated):
    reason = "TOKEN_EXPIRED"
    advice = "Get a new access token with CreateSession."


class TokenRevoked(Unauthenticated):
    reason = "TOKEN_REVOKED"
    advice = "Sign in again."


class CredentialsInvalid(Unauthenticated):
    reason = "CREDENTIALS_INVALID"
    advice = "Check name and secret."


class SignatureInvalid(Unauthenticated):
    reason = "SIGNATURE_INVALID"
    advice = (
        "Check the key id, the secret and the signed text; docs/protocol.md has it to the byte."
    )


class Forbidden(CountersignError):
    """The caller may not ask it."""

    reason = "FORBIDDEN"
    advice = "Ask with the role that the contract names."


class DeviceRevoked(Forbidden):
    reason = "DEVICE_REVOKED"
    advice = "Pair the bridge again."


class AccountMismatch(Forbidden):
    reason = "ACCOUNT_MISMATCH"
    advice = "Log the terminal in to the account that the device was paired for."


class NotFound(CountersignError):
    """It names something that does not exist, or that the caller may not see."""

    reason = "NOT_FOUND"
    advice = "Check the id."


class Taken(CountersignError):
    """It would make something that exists already."""

    reason = "TAKEN"
    advice = "Use what exists."


class SignalIdReused(Taken):
    reason = "SIGNAL_ID_REUSED"
    advice = "Give each signal an external id of its own; the stored one stays as it is."


class NonceReused(Taken):
    reason = "NONCE_REUSED"
    advice = "Draw a new random nonce for each signature."


class SignalDuplicated(Taken):
    reason = "SIGNAL_DUPLICATED"
    advice = (
        "The same idea came under another external id within the window; "
        "raise version if it is meant."
    )


class AccountExists(Taken):
    reason = "ACCOUNT_EXISTS"
    advice = "Use the account that exists, or correct the login."


class SymbolTaken(Taken):
    reason = "SYMBOL_TAKEN"
    advice = "A broker's symbol is one instrument; change or use the one that it is."


class AlreadySubscribed(Taken):
    reason = "ALREADY_SUBSCRIBED"
    advice = "Change or cancel the subscription that exists."


class ProducerExists(Taken):
    reason = "PRODUCER_EXISTS"
    advice = "Choose another name."


class EmailTaken(Taken):
    reason = "EMAIL_TAKEN"
    advice = "The user exists already."


class RequestRepeated(Taken):
    reason = "REQUEST_REPEATED"
    advice = (
        "The first request succeeded; its secret was shown once. "
        "Revoke what it made, and ask with a new request_id."
    )


class ConsentVersionExists(Taken):
    reason = "CONSENT_VERSION_EXISTS"
    advice = "Publish changed text under a new version."


class Contradiction(CountersignError):
    """It contradicts what is already recorded."""

    reason = "CONTRADICTION"
    advice = "Look at what is recorded."


class AlreadyDecided(Contradiction):
    reason = "ALREADY_DECIDED"
    advice = "One decision a signal and account: look at it."


class IntentChanged(Contradiction):
    reason = "INTENT_CHANGED"
    advice = "Look at the intent again and send its digest."


class SessionHeld(Contradiction):
    reason = "SESSION_HELD"
    advice = "Another bridge holds the account; stop it, or wait until its heartbeat has lapsed."


class EpochUnknown(Contradiction):
    reason = "EPOCH_UNKNOWN"
    advice = "Open a new session with Hello."


class NotNow(CountersignError):
    """It is right, and the state of things does not allow it."""

    reason = "NOT_NOW"
    advice = "Look at the state."


class IllegalTransition(NotNow):
    reason = "ILLEGAL_TRANSITION"
    advice = "Look at the state."


class SignalExpired(NotNow):
    reason = "SIGNAL_EXPIRED"
    advice = "Send a new signal."


class ApprovalExpired(NotNow):
    reason = "APPROVAL_EXPIRED"
    advice = "Nothing was traded; wait for the next signal."


class ApprovalDeclined(NotNow):
    reason = "APPROVAL_DECLINED"
    advice = "A rule refused the signal for this account; the entry names it."


class PriceDrifted(NotNow):
    reason = "PRICE_DRIFTED"
    advice = (
        "The price has left the band that the subscription allows; "
        "approve again if it comes back in time."
    )


class SpreadTooWide(NotNow):
    reason = "SPREAD_TOO_WIDE"
    advice = "Approve again when the spread is narrower."


class QuoteStale(NotNow):
    reason = "QUOTE_STALE"
    advice = "The bridge has told no recent price for the symbol; check that it is connected."


class SignalTooOld(NotNow):
    reason = "SIGNAL_TOO_OLD"
    advice = "The signal is older than the subscription allows."


class TradingHalted(NotNow):
    reason = "TRADING_HALTED"
    advice = "The account may not open positions; its trading state says why."


class TooLateToRevoke(NotNow):
    reason = "TOO_LATE_TO_REVOKE"
    advice = "The command is past taking back; its state says what became of it."


class TooLateToCancel(NotNow):
    reason = "TOO_LATE_TO_CANCEL"
    advice = "The command is past taking back; one that is granted the bridge may still drop."


class ClaimDenied(NotNow):
    reason = "CLAIM_DENIED"
    advice = "Do not send; the metadata's 'denial' says why."


class ConsentOutdated(NotNow):
    reason = "CONSENT_OUTDATED"
    advice = "Read the newest consent text and name its version."


class SymbolUnknown(NotNow):
    reason = "SYMBOL_UNKNOWN"
    advice = "Name a symbol that the terminal has told of, or give its properties."


class SymbolChanged(NotNow):
    reason = "SYMBOL_CHANGED"
    advice = "Look at what the broker says of the symbol now, and confirm it with PutSymbol."


class SubscriptionCancelled(NotNow):
    reason = "SUBSCRIPTION_CANCELLED"
    advice = "Reject the entry or let it expire; to follow the producer again, subscribe anew."


class ProducerPaused(NotNow):
    reason = "PRODUCER_PAUSED"
    advice = "The producer's owner has paused it."


class DelegatesExhausted(NotNow):
    reason = "DELEGATES_EXHAUSTED"
    advice = "Revoke a delegate first."


class KeysExhausted(NotNow):
    reason = "KEYS_EXHAUSTED"
    advice = "Revoke a key first."


class Exhausted(CountersignError):
    """There is too much of it at the moment."""

    reason = "EXHAUSTED"
    advice = "Wait, then try again."


class IngestQueueFull(Exhausted):
    reason = "INGEST_QUEUE_FULL"
    advice = "Wait a moment and send the same bytes again; nothing was stored."


class TooManyAttempts(Exhausted):
    reason = "TOO_MANY_ATTEMPTS"
    advice = "Wait a minute."


class TooManyStreams(Exhausted):
    reason = "TOO_MANY_STREAMS"
    advice = "Close a stream first."


class Unavailable(CountersignError):
    """Something the server stands on does not answer."""

    reason = "UNAVAILABLE"
    advice = "Try again; whatever was accepted is kept."


class DatabaseUnavailable(Unavailable):
    reason = "DATABASE_UNAVAILABLE"
    advice = "Try again with the same ids; whatever was accepted is kept."


class Draining(Unavailable):
    reason = "DRAINING"
    advice = "This server is stopping; connect again."


class DeadlineExceeded(CountersignError):
    """It took longer than it may."""

    reason = "DEADLINE_EXCEEDED"
    advice = "The call may or may not have taken effect: look, or ask again with the same ids."


class NotImplementedYet(CountersignError):
    """The contract names it and this version does not do it."""

    reason = "NOT_IMPLEMENTED_YET"
    advice = "Use a later version."
