import datetime

from buf.validate import validate_pb2 as _validate_pb2
from countersign.v1 import devices_pb2 as _devices_pb2
from countersign.v1 import guards_pb2 as _guards_pb2
from countersign.v1 import rules_pb2 as _rules_pb2
from countersign.v1 import values_pb2 as _values_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CommandState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMMAND_STATE_UNSPECIFIED: _ClassVar[CommandState]
    COMMAND_STATE_APPROVED: _ClassVar[CommandState]
    COMMAND_STATE_OFFERED: _ClassVar[CommandState]
    COMMAND_STATE_GRANTED: _ClassVar[CommandState]
    COMMAND_STATE_EXECUTED: _ClassVar[CommandState]
    COMMAND_STATE_PARTIAL: _ClassVar[CommandState]
    COMMAND_STATE_WORKING: _ClassVar[CommandState]
    COMMAND_STATE_REJECTED: _ClassVar[CommandState]
    COMMAND_STATE_IN_DOUBT: _ClassVar[CommandState]
    COMMAND_STATE_PRESUMED_NOT_EXECUTED: _ClassVar[CommandState]
    COMMAND_STATE_REVOKED: _ClassVar[CommandState]
    COMMAND_STATE_EXPIRED: _ClassVar[CommandState]
    COMMAND_STATE_NOT_SENT: _ClassVar[CommandState]

class AttemptOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ATTEMPT_OUTCOME_UNSPECIFIED: _ClassVar[AttemptOutcome]
    ATTEMPT_OUTCOME_EXECUTED: _ClassVar[AttemptOutcome]
    ATTEMPT_OUTCOME_PARTIAL: _ClassVar[AttemptOutcome]
    ATTEMPT_OUTCOME_WORKING: _ClassVar[AttemptOutcome]
    ATTEMPT_OUTCOME_REJECTED: _ClassVar[AttemptOutcome]
    ATTEMPT_OUTCOME_NOT_SENT: _ClassVar[AttemptOutcome]
    ATTEMPT_OUTCOME_IN_DOUBT: _ClassVar[AttemptOutcome]

class DealEntry(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEAL_ENTRY_UNSPECIFIED: _ClassVar[DealEntry]
    DEAL_ENTRY_IN: _ClassVar[DealEntry]
    DEAL_ENTRY_OUT: _ClassVar[DealEntry]
    DEAL_ENTRY_INOUT: _ClassVar[DealEntry]
    DEAL_ENTRY_OUT_BY: _ClassVar[DealEntry]

class GuardClosePhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GUARD_CLOSE_PHASE_UNSPECIFIED: _ClassVar[GuardClosePhase]
    GUARD_CLOSE_PHASE_INTENT: _ClassVar[GuardClosePhase]
    GUARD_CLOSE_PHASE_RESULT: _ClassVar[GuardClosePhase]

class Settlement(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SETTLEMENT_UNSPECIFIED: _ClassVar[Settlement]
    SETTLEMENT_NOT_EXECUTED: _ClassVar[Settlement]
    SETTLEMENT_EXECUTED: _ClassVar[Settlement]
    SETTLEMENT_CLOSE_EXPOSURE: _ClassVar[Settlement]
COMMAND_STATE_UNSPECIFIED: CommandState
COMMAND_STATE_APPROVED: CommandState
COMMAND_STATE_OFFERED: CommandState
COMMAND_STATE_GRANTED: CommandState
COMMAND_STATE_EXECUTED: CommandState
COMMAND_STATE_PARTIAL: CommandState
COMMAND_STATE_WORKING: CommandState
COMMAND_STATE_REJECTED: CommandState
COMMAND_STATE_IN_DOUBT: CommandState
COMMAND_STATE_PRESUMED_NOT_EXECUTED: CommandState
COMMAND_STATE_REVOKED: CommandState
COMMAND_STATE_EXPIRED: CommandState
COMMAND_STATE_NOT_SENT: CommandState
ATTEMPT_OUTCOME_UNSPECIFIED: AttemptOutcome
ATTEMPT_OUTCOME_EXECUTED: AttemptOutcome
ATTEMPT_OUTCOME_PARTIAL: AttemptOutcome
ATTEMPT_OUTCOME_WORKING: AttemptOutcome
ATTEMPT_OUTCOME_REJECTED: AttemptOutcome
ATTEMPT_OUTCOME_NOT_SENT: AttemptOutcome
ATTEMPT_OUTCOME_IN_DOUBT: AttemptOutcome
DEAL_ENTRY_UNSPECIFIED: DealEntry
DEAL_ENTRY_IN: DealEntry
DEAL_ENTRY_OUT: DealEntry
DEAL_ENTRY_INOUT: DealEntry
DEAL_ENTRY_OUT_BY: DealEntry
GUARD_CLOSE_PHASE_UNSPECIFIED: GuardClosePhase
GUARD_CLOSE_PHASE_INTENT: GuardClosePhase
GUARD_CLOSE_PHASE_RESULT: GuardClosePhase
SETTLEMENT_UNSPECIFIED: Settlement
SETTLEMENT_NOT_EXECUTED: Settlement
SETTLEMENT_EXECUTED: Settlement
SETTLEMENT_CLOSE_EXPOSURE: Settlement

class ChannelRequest(_message.Message):
    __slots__ = ("session_epoch", "sequence", "hello", "claim", "event", "deal_digest", "heartbeat", "decline", "goodbye", "rates")
    SESSION_EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    DEAL_DIGEST_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    DECLINE_FIELD_NUMBER: _ClassVar[int]
    GOODBYE_FIELD_NUMBER: _ClassVar[int]
    RATES_FIELD_NUMBER: _ClassVar[int]
    session_epoch: bytes
    sequence: int
    hello: Hello
    claim: Claim
    event: Event
    deal_digest: DealDigest
    heartbeat: BridgeHeartbeat
    decline: Decline
    goodbye: Goodbye
    rates: RatesReport
    def __init__(self, session_epoch: _Optional[bytes] = ..., sequence: _Optional[int] = ..., hello: _Optional[_Union[Hello, _Mapping]] = ..., claim: _Optional[_Union[Claim, _Mapping]] = ..., event: _Optional[_Union[Event, _Mapping]] = ..., deal_digest: _Optional[_Union[DealDigest, _Mapping]] = ..., heartbeat: _Optional[_Union[BridgeHeartbeat, _Mapping]] = ..., decline: _Optional[_Union[Decline, _Mapping]] = ..., goodbye: _Optional[_Union[Goodbye, _Mapping]] = ..., rates: _Optional[_Union[RatesReport, _Mapping]] = ...) -> None: ...

class ChannelResponse(_message.Message):
    __slots__ = ("session_epoch", "sequence", "welcome", "offer", "grant", "deny", "resolve", "cancel", "ack", "halt", "fetch_deals", "heartbeat", "drain", "fault", "goodbye", "symbols", "fetch_snapshot", "guard_policy", "guard", "fetch_rates")
    SESSION_EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    OFFER_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    DENY_FIELD_NUMBER: _ClassVar[int]
    RESOLVE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    HALT_FIELD_NUMBER: _ClassVar[int]
    FETCH_DEALS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    GOODBYE_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    FETCH_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    GUARD_POLICY_FIELD_NUMBER: _ClassVar[int]
    GUARD_FIELD_NUMBER: _ClassVar[int]
    FETCH_RATES_FIELD_NUMBER: _ClassVar[int]
    session_epoch: bytes
    sequence: int
    welcome: Welcome
    offer: Offer
    grant: Grant
    deny: Deny
    resolve: Resolve
    cancel: Cancel
    ack: Ack
    halt: Halt
    fetch_deals: FetchDeals
    heartbeat: ServerHeartbeat
    drain: Drain
    fault: Fault
    goodbye: Goodbye
    symbols: SymbolList
    fetch_snapshot: FetchSnapshot
    guard_policy: PolicyInForce
    guard: GuardHeld
    fetch_rates: FetchRates
    def __init__(self, session_epoch: _Optional[bytes] = ..., sequence: _Optional[int] = ..., welcome: _Optional[_Union[Welcome, _Mapping]] = ..., offer: _Optional[_Union[Offer, _Mapping]] = ..., grant: _Optional[_Union[Grant, _Mapping]] = ..., deny: _Optional[_Union[Deny, _Mapping]] = ..., resolve: _Optional[_Union[Resolve, _Mapping]] = ..., cancel: _Optional[_Union[Cancel, _Mapping]] = ..., ack: _Optional[_Union[Ack, _Mapping]] = ..., halt: _Optional[_Union[Halt, _Mapping]] = ..., fetch_deals: _Optional[_Union[FetchDeals, _Mapping]] = ..., heartbeat: _Optional[_Union[ServerHeartbeat, _Mapping]] = ..., drain: _Optional[_Union[Drain, _Mapping]] = ..., fault: _Optional[_Union[Fault, _Mapping]] = ..., goodbye: _Optional[_Union[Goodbye, _Mapping]] = ..., symbols: _Optional[_Union[SymbolList, _Mapping]] = ..., fetch_snapshot: _Optional[_Union[FetchSnapshot, _Mapping]] = ..., guard_policy: _Optional[_Union[PolicyInForce, _Mapping]] = ..., guard: _Optional[_Union[GuardHeld, _Mapping]] = ..., fetch_rates: _Optional[_Union[FetchRates, _Mapping]] = ...) -> None: ...

class FetchRates(_message.Message):
    __slots__ = ("symbol", "timeframe", "count")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TIMEFRAME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    timeframe: str
    count: int
    def __init__(self, symbol: _Optional[str] = ..., timeframe: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class RatesReport(_message.Message):
    __slots__ = ("symbol", "timeframe", "times", "opens", "highs", "lows", "closes", "volumes", "broker_utc_offset", "last", "failure")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TIMEFRAME_FIELD_NUMBER: _ClassVar[int]
    TIMES_FIELD_NUMBER: _ClassVar[int]
    OPENS_FIELD_NUMBER: _ClassVar[int]
    HIGHS_FIELD_NUMBER: _ClassVar[int]
    LOWS_FIELD_NUMBER: _ClassVar[int]
    CLOSES_FIELD_NUMBER: _ClassVar[int]
    VOLUMES_FIELD_NUMBER: _ClassVar[int]
    BROKER_UTC_OFFSET_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    timeframe: str
    times: _containers.RepeatedScalarFieldContainer[int]
    opens: _containers.RepeatedScalarFieldContainer[float]
    highs: _containers.RepeatedScalarFieldContainer[float]
    lows: _containers.RepeatedScalarFieldContainer[float]
    closes: _containers.RepeatedScalarFieldContainer[float]
    volumes: _containers.RepeatedScalarFieldContainer[int]
    broker_utc_offset: _duration_pb2.Duration
    last: bool
    failure: str
    def __init__(self, symbol: _Optional[str] = ..., timeframe: _Optional[str] = ..., times: _Optional[_Iterable[int]] = ..., opens: _Optional[_Iterable[float]] = ..., highs: _Optional[_Iterable[float]] = ..., lows: _Optional[_Iterable[float]] = ..., closes: _Optional[_Iterable[float]] = ..., volumes: _Optional[_Iterable[int]] = ..., broker_utc_offset: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., last: _Optional[bool] = ..., failure: _Optional[str] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("instance_id", "agent_version", "contract_version", "account", "generation_seen", "unresolved", "terminal", "journal_id", "guard")
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_VERSION_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    GENERATION_SEEN_FIELD_NUMBER: _ClassVar[int]
    UNRESOLVED_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_ID_FIELD_NUMBER: _ClassVar[int]
    GUARD_FIELD_NUMBER: _ClassVar[int]
    instance_id: str
    agent_version: str
    contract_version: int
    account: _values_pb2.AccountFingerprint
    generation_seen: int
    unresolved: _containers.RepeatedCompositeFieldContainer[UnresolvedAttempt]
    terminal: _devices_pb2.TerminalHealth
    journal_id: str
    guard: GuardHeld
    def __init__(self, instance_id: _Optional[str] = ..., agent_version: _Optional[str] = ..., contract_version: _Optional[int] = ..., account: _Optional[_Union[_values_pb2.AccountFingerprint, _Mapping]] = ..., generation_seen: _Optional[int] = ..., unresolved: _Optional[_Iterable[_Union[UnresolvedAttempt, _Mapping]]] = ..., terminal: _Optional[_Union[_devices_pb2.TerminalHealth, _Mapping]] = ..., journal_id: _Optional[str] = ..., guard: _Optional[_Union[GuardHeld, _Mapping]] = ...) -> None: ...

class UnresolvedAttempt(_message.Message):
    __slots__ = ("command_id", "attempt", "magic")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    attempt: int
    magic: int
    def __init__(self, command_id: _Optional[str] = ..., attempt: _Optional[int] = ..., magic: _Optional[int] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("session_epoch", "server_time", "heartbeat_interval", "heartbeat_timeout", "credit", "generation", "policy_version", "account_id", "digests", "symbols", "takes_deltas")
    SESSION_EPOCH_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    DIGESTS_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    TAKES_DELTAS_FIELD_NUMBER: _ClassVar[int]
    session_epoch: bytes
    server_time: _timestamp_pb2.Timestamp
    heartbeat_interval: _duration_pb2.Duration
    heartbeat_timeout: _duration_pb2.Duration
    credit: int
    generation: int
    policy_version: int
    account_id: str
    digests: _containers.RepeatedCompositeFieldContainer[DealDigest]
    symbols: _containers.RepeatedCompositeFieldContainer[SymbolMapping]
    takes_deltas: bool
    def __init__(self, session_epoch: _Optional[bytes] = ..., server_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., heartbeat_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., heartbeat_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., credit: _Optional[int] = ..., generation: _Optional[int] = ..., policy_version: _Optional[int] = ..., account_id: _Optional[str] = ..., digests: _Optional[_Iterable[_Union[DealDigest, _Mapping]]] = ..., symbols: _Optional[_Iterable[_Union[SymbolMapping, _Mapping]]] = ..., takes_deltas: _Optional[bool] = ...) -> None: ...

class SymbolMapping(_message.Message):
    __slots__ = ("instrument", "symbol", "fingerprint")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    instrument: str
    symbol: str
    fingerprint: str
    def __init__(self, instrument: _Optional[str] = ..., symbol: _Optional[str] = ..., fingerprint: _Optional[str] = ...) -> None: ...

class SymbolList(_message.Message):
    __slots__ = ("symbols",)
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    symbols: _containers.RepeatedCompositeFieldContainer[SymbolMapping]
    def __init__(self, symbols: _Optional[_Iterable[_Union[SymbolMapping, _Mapping]]] = ...) -> None: ...

class Offer(_message.Message):
    __slots__ = ("command_id", "attempt", "intent_text", "intent_digest", "approval_id", "server_signature", "server_key_id", "expire_time", "magic", "owner_signature", "target")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    INTENT_TEXT_FIELD_NUMBER: _ClassVar[int]
    INTENT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    SERVER_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    OWNER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    attempt: int
    intent_text: str
    intent_digest: str
    approval_id: str
    server_signature: bytes
    server_key_id: str
    expire_time: _timestamp_pb2.Timestamp
    magic: int
    owner_signature: OfferOwnerSignature
    target: TargetPosition
    def __init__(self, command_id: _Optional[str] = ..., attempt: _Optional[int] = ..., intent_text: _Optional[str] = ..., intent_digest: _Optional[str] = ..., approval_id: _Optional[str] = ..., server_signature: _Optional[bytes] = ..., server_key_id: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., magic: _Optional[int] = ..., owner_signature: _Optional[_Union[OfferOwnerSignature, _Mapping]] = ..., target: _Optional[_Union[TargetPosition, _Mapping]] = ...) -> None: ...

class OfferOwnerSignature(_message.Message):
    __slots__ = ("owner_key_id", "signature", "authenticator_data", "client_data_json", "public_key", "algorithm", "origin")
    OWNER_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    AUTHENTICATOR_DATA_FIELD_NUMBER: _ClassVar[int]
    CLIENT_DATA_JSON_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    owner_key_id: str
    signature: bytes
    authenticator_data: bytes
    client_data_json: bytes
    public_key: bytes
    algorithm: _values_pb2.OwnerKeyAlgorithm
    origin: str
    def __init__(self, owner_key_id: _Optional[str] = ..., signature: _Optional[bytes] = ..., authenticator_data: _Optional[bytes] = ..., client_data_json: _Optional[bytes] = ..., public_key: _Optional[bytes] = ..., algorithm: _Optional[_Union[_values_pb2.OwnerKeyAlgorithm, str]] = ..., origin: _Optional[str] = ...) -> None: ...

class TargetPosition(_message.Message):
    __slots__ = ("opening_magic", "position_id", "order_ticket")
    OPENING_MAGIC_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_TICKET_FIELD_NUMBER: _ClassVar[int]
    opening_magic: int
    position_id: int
    order_ticket: int
    def __init__(self, opening_magic: _Optional[int] = ..., position_id: _Optional[int] = ..., order_ticket: _Optional[int] = ...) -> None: ...

class Claim(_message.Message):
    __slots__ = ("command_id", "attempt", "claim_nonce", "bid", "ask")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    CLAIM_NONCE_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    attempt: int
    claim_nonce: bytes
    bid: str
    ask: str
    def __init__(self, command_id: _Optional[str] = ..., attempt: _Optional[int] = ..., claim_nonce: _Optional[bytes] = ..., bid: _Optional[str] = ..., ask: _Optional[str] = ...) -> None: ...

class Grant(_message.Message):
    __slots__ = ("command_id", "attempt", "grant_id", "claim_nonce", "valid_for_ms", "magic", "generation")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIM_NONCE_FIELD_NUMBER: _ClassVar[int]
    VALID_FOR_MS_FIELD_NUMBER: _ClassVar[int]
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    attempt: int
    grant_id: bytes
    claim_nonce: bytes
    valid_for_ms: int
    magic: int
    generation: int
    def __init__(self, command_id: _Optional[str] = ..., attempt: _Optional[int] = ..., grant_id: _Optional[bytes] = ..., claim_nonce: _Optional[bytes] = ..., valid_for_ms: _Optional[int] = ..., magic: _Optional[int] = ..., generation: _Optional[int] = ...) -> None: ...

class Deny(_message.Message):
    __slots__ = ("command_id", "attempt", "claim_nonce", "reason")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    CLAIM_NONCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    attempt: int
    claim_nonce: bytes
    reason: str
    def __init__(self, command_id: _Optional[str] = ..., attempt: _Optional[int] = ..., claim_nonce: _Optional[bytes] = ..., reason: _Optional[str] = ...) -> None: ...

class Decline(_message.Message):
    __slots__ = ("command_id", "attempt", "reason", "detail", "final")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    attempt: int
    reason: str
    detail: str
    final: bool
    def __init__(self, command_id: _Optional[str] = ..., attempt: _Optional[int] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ..., final: _Optional[bool] = ...) -> None: ...

class Resolve(_message.Message):
    __slots__ = ("command_id", "attempt", "magic")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    attempt: int
    magic: int
    def __init__(self, command_id: _Optional[str] = ..., attempt: _Optional[int] = ..., magic: _Optional[int] = ...) -> None: ...

class Cancel(_message.Message):
    __slots__ = ("command_id",)
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    def __init__(self, command_id: _Optional[str] = ...) -> None: ...

class Ack(_message.Message):
    __slots__ = ("upto",)
    UPTO_FIELD_NUMBER: _ClassVar[int]
    upto: int
    def __init__(self, upto: _Optional[int] = ...) -> None: ...

class Halt(_message.Message):
    __slots__ = ("state", "cause", "latch")
    STATE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    LATCH_FIELD_NUMBER: _ClassVar[int]
    state: _values_pb2.TradingState
    cause: str
    latch: int
    def __init__(self, state: _Optional[_Union[_values_pb2.TradingState, str]] = ..., cause: _Optional[str] = ..., latch: _Optional[int] = ...) -> None: ...

class GuardHeld(_message.Message):
    __slots__ = ("latch", "policy_version", "policy_digest", "memory")
    LATCH_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    POLICY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    latch: _guards_pb2.GuardLatch
    policy_version: int
    policy_digest: str
    memory: str
    def __init__(self, latch: _Optional[_Union[_guards_pb2.GuardLatch, _Mapping]] = ..., policy_version: _Optional[int] = ..., policy_digest: _Optional[str] = ..., memory: _Optional[str] = ...) -> None: ...

class PolicyInForce(_message.Message):
    __slots__ = ("version", "text", "statement", "server_signature", "server_key_id", "owner_signature")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    SERVER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    SERVER_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    version: int
    text: str
    statement: str
    server_signature: bytes
    server_key_id: str
    owner_signature: OfferOwnerSignature
    def __init__(self, version: _Optional[int] = ..., text: _Optional[str] = ..., statement: _Optional[str] = ..., server_signature: _Optional[bytes] = ..., server_key_id: _Optional[str] = ..., owner_signature: _Optional[_Union[OfferOwnerSignature, _Mapping]] = ...) -> None: ...

class FetchDeals(_message.Message):
    __slots__ = ("day",)
    DAY_FIELD_NUMBER: _ClassVar[int]
    day: str
    def __init__(self, day: _Optional[str] = ...) -> None: ...

class FetchSnapshot(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DealDigest(_message.Message):
    __slots__ = ("day", "count", "tickets_sha256")
    DAY_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    TICKETS_SHA256_FIELD_NUMBER: _ClassVar[int]
    day: str
    count: int
    tickets_sha256: str
    def __init__(self, day: _Optional[str] = ..., count: _Optional[int] = ..., tickets_sha256: _Optional[str] = ...) -> None: ...

class BridgeHeartbeat(_message.Message):
    __slots__ = ("bridge_time", "server_sequence_seen", "terminal")
    BRIDGE_TIME_FIELD_NUMBER: _ClassVar[int]
    SERVER_SEQUENCE_SEEN_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_FIELD_NUMBER: _ClassVar[int]
    bridge_time: _timestamp_pb2.Timestamp
    server_sequence_seen: int
    terminal: _devices_pb2.TerminalHealth
    def __init__(self, bridge_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., server_sequence_seen: _Optional[int] = ..., terminal: _Optional[_Union[_devices_pb2.TerminalHealth, _Mapping]] = ...) -> None: ...

class ServerHeartbeat(_message.Message):
    __slots__ = ("server_time",)
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    server_time: _timestamp_pb2.Timestamp
    def __init__(self, server_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Drain(_message.Message):
    __slots__ = ("grace",)
    GRACE_FIELD_NUMBER: _ClassVar[int]
    grace: _duration_pb2.Duration
    def __init__(self, grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Fault(_message.Message):
    __slots__ = ("reason", "message", "resend_from")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RESEND_FROM_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    resend_from: int
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ..., resend_from: _Optional[int] = ...) -> None: ...

class Goodbye(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("natural_key", "event_time", "received", "intent", "result", "order", "deal", "snapshot", "guard_trip", "anomaly", "symbols", "evidence", "delta", "guard_acted", "guard_close")
    NATURAL_KEY_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    INTENT_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    DEAL_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    GUARD_TRIP_FIELD_NUMBER: _ClassVar[int]
    ANOMALY_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    GUARD_ACTED_FIELD_NUMBER: _ClassVar[int]
    GUARD_CLOSE_FIELD_NUMBER: _ClassVar[int]
    natural_key: str
    event_time: _timestamp_pb2.Timestamp
    received: CommandReceived
    intent: IntentRecorded
    result: AttemptResult
    order: OrderReport
    deal: Deal
    snapshot: AccountSnapshot
    guard_trip: GuardTrip
    anomaly: Anomaly
    symbols: SymbolReport
    evidence: Evidence
    delta: AccountDelta
    guard_acted: GuardActed
    guard_close: GuardClose
    def __init__(self, natural_key: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., received: _Optional[_Union[CommandReceived, _Mapping]] = ..., intent: _Optional[_Union[IntentRecorded, _Mapping]] = ..., result: _Optional[_Union[AttemptResult, _Mapping]] = ..., order: _Optional[_Union[OrderReport, _Mapping]] = ..., deal: _Optional[_Union[Deal, _Mapping]] = ..., snapshot: _Optional[_Union[AccountSnapshot, _Mapping]] = ..., guard_trip: _Optional[_Union[GuardTrip, _Mapping]] = ..., anomaly: _Optional[_Union[Anomaly, _Mapping]] = ..., symbols: _Optional[_Union[SymbolReport, _Mapping]] = ..., evidence: _Optional[_Union[Evidence, _Mapping]] = ..., delta: _Optional[_Union[AccountDelta, _Mapping]] = ..., guard_acted: _Optional[_Union[GuardActed, _Mapping]] = ..., guard_close: _Optional[_Union[GuardClose, _Mapping]] = ...) -> None: ...

class CommandReceived(_message.Message):
    __slots__ = ("command_id", "attempt")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    attempt: int
    def __init__(self, command_id: _Optional[str] = ..., attempt: _Optional[int] = ...) -> None: ...

class IntentRecorded(_message.Message):
    __slots__ = ("command_id", "attempt", "grant_id", "request_sha256", "price")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_SHA256_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    attempt: int
    grant_id: bytes
    request_sha256: str
    price: str
    def __init__(self, command_id: _Optional[str] = ..., attempt: _Optional[int] = ..., grant_id: _Optional[bytes] = ..., request_sha256: _Optional[str] = ..., price: _Optional[str] = ...) -> None: ...

class AttemptResult(_message.Message):
    __slots__ = ("command_id", "attempt", "grant_id", "outcome", "retcode", "error_code", "order_ticket", "deal_ticket", "volume", "price", "reason", "detail", "send_time", "return_time")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    RETCODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    ORDER_TICKET_FIELD_NUMBER: _ClassVar[int]
    DEAL_TICKET_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    SEND_TIME_FIELD_NUMBER: _ClassVar[int]
    RETURN_TIME_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    attempt: int
    grant_id: bytes
    outcome: AttemptOutcome
    retcode: int
    error_code: int
    order_ticket: int
    deal_ticket: int
    volume: str
    price: str
    reason: str
    detail: str
    send_time: _timestamp_pb2.Timestamp
    return_time: _timestamp_pb2.Timestamp
    def __init__(self, command_id: _Optional[str] = ..., attempt: _Optional[int] = ..., grant_id: _Optional[bytes] = ..., outcome: _Optional[_Union[AttemptOutcome, str]] = ..., retcode: _Optional[int] = ..., error_code: _Optional[int] = ..., order_ticket: _Optional[int] = ..., deal_ticket: _Optional[int] = ..., volume: _Optional[str] = ..., price: _Optional[str] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ..., send_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., return_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OrderReport(_message.Message):
    __slots__ = ("ticket", "magic", "symbol", "state", "type", "volume_initial", "volume_current", "position_id", "final")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_INITIAL_FIELD_NUMBER: _ClassVar[int]
    VOLUME_CURRENT_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    ticket: int
    magic: int
    symbol: str
    state: int
    type: int
    volume_initial: str
    volume_current: str
    position_id: int
    final: bool
    def __init__(self, ticket: _Optional[int] = ..., magic: _Optional[int] = ..., symbol: _Optional[str] = ..., state: _Optional[int] = ..., type: _Optional[int] = ..., volume_initial: _Optional[str] = ..., volume_current: _Optional[str] = ..., position_id: _Optional[int] = ..., final: _Optional[bool] = ...) -> None: ...

class Deal(_message.Message):
    __slots__ = ("ticket", "order_ticket", "position_id", "magic", "type", "entry", "reason", "symbol", "volume", "price", "profit", "commission", "swap", "fee", "broker_time_ms", "broker_utc_offset", "comment")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    ORDER_TICKET_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    PROFIT_FIELD_NUMBER: _ClassVar[int]
    COMMISSION_FIELD_NUMBER: _ClassVar[int]
    SWAP_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    BROKER_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    BROKER_UTC_OFFSET_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    ticket: int
    order_ticket: int
    position_id: int
    magic: int
    type: int
    entry: DealEntry
    reason: int
    symbol: str
    volume: str
    price: str
    profit: str
    commission: str
    swap: str
    fee: str
    broker_time_ms: int
    broker_utc_offset: _duration_pb2.Duration
    comment: str
    def __init__(self, ticket: _Optional[int] = ..., order_ticket: _Optional[int] = ..., position_id: _Optional[int] = ..., magic: _Optional[int] = ..., type: _Optional[int] = ..., entry: _Optional[_Union[DealEntry, str]] = ..., reason: _Optional[int] = ..., symbol: _Optional[str] = ..., volume: _Optional[str] = ..., price: _Optional[str] = ..., profit: _Optional[str] = ..., commission: _Optional[str] = ..., swap: _Optional[str] = ..., fee: _Optional[str] = ..., broker_time_ms: _Optional[int] = ..., broker_utc_offset: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., comment: _Optional[str] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("ticket", "identifier", "magic", "symbol", "side", "volume", "price_open", "price_current", "stop_loss", "take_profit", "profit", "swap", "broker_time_ms", "comment")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    PRICE_OPEN_FIELD_NUMBER: _ClassVar[int]
    PRICE_CURRENT_FIELD_NUMBER: _ClassVar[int]
    STOP_LOSS_FIELD_NUMBER: _ClassVar[int]
    TAKE_PROFIT_FIELD_NUMBER: _ClassVar[int]
    PROFIT_FIELD_NUMBER: _ClassVar[int]
    SWAP_FIELD_NUMBER: _ClassVar[int]
    BROKER_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    ticket: int
    identifier: int
    magic: int
    symbol: str
    side: _values_pb2.Side
    volume: str
    price_open: str
    price_current: str
    stop_loss: str
    take_profit: str
    profit: str
    swap: str
    broker_time_ms: int
    comment: str
    def __init__(self, ticket: _Optional[int] = ..., identifier: _Optional[int] = ..., magic: _Optional[int] = ..., symbol: _Optional[str] = ..., side: _Optional[_Union[_values_pb2.Side, str]] = ..., volume: _Optional[str] = ..., price_open: _Optional[str] = ..., price_current: _Optional[str] = ..., stop_loss: _Optional[str] = ..., take_profit: _Optional[str] = ..., profit: _Optional[str] = ..., swap: _Optional[str] = ..., broker_time_ms: _Optional[int] = ..., comment: _Optional[str] = ...) -> None: ...

class AccountSnapshot(_message.Message):
    __slots__ = ("revision", "balance", "equity", "credit", "margin", "margin_free", "positions", "connected")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FREE_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    revision: int
    balance: str
    equity: str
    credit: str
    margin: str
    margin_free: str
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    connected: bool
    def __init__(self, revision: _Optional[int] = ..., balance: _Optional[str] = ..., equity: _Optional[str] = ..., credit: _Optional[str] = ..., margin: _Optional[str] = ..., margin_free: _Optional[str] = ..., positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., connected: _Optional[bool] = ...) -> None: ...

class AccountDelta(_message.Message):
    __slots__ = ("revision", "balance", "equity", "credit", "margin", "margin_free", "changed", "closed", "connected")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FREE_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    revision: int
    balance: str
    equity: str
    credit: str
    margin: str
    margin_free: str
    changed: _containers.RepeatedCompositeFieldContainer[Position]
    closed: _containers.RepeatedScalarFieldContainer[int]
    connected: bool
    def __init__(self, revision: _Optional[int] = ..., balance: _Optional[str] = ..., equity: _Optional[str] = ..., credit: _Optional[str] = ..., margin: _Optional[str] = ..., margin_free: _Optional[str] = ..., changed: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., closed: _Optional[_Iterable[int]] = ..., connected: _Optional[bool] = ...) -> None: ...

class GuardTrip(_message.Message):
    __slots__ = ("guard", "state", "evidence_json", "policy_version")
    GUARD_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_JSON_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    guard: str
    state: _values_pb2.TradingState
    evidence_json: str
    policy_version: int
    def __init__(self, guard: _Optional[str] = ..., state: _Optional[_Union[_values_pb2.TradingState, str]] = ..., evidence_json: _Optional[str] = ..., policy_version: _Optional[int] = ...) -> None: ...

class GuardActed(_message.Message):
    __slots__ = ("act", "rule_id", "standing", "latch", "close_time", "evidence_json", "policy_version")
    ACT_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    STANDING_FIELD_NUMBER: _ClassVar[int]
    LATCH_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_JSON_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    act: _guards_pb2.GuardAct
    rule_id: str
    standing: _guards_pb2.GuardStanding
    latch: _guards_pb2.GuardLatch
    close_time: _timestamp_pb2.Timestamp
    evidence_json: str
    policy_version: int
    def __init__(self, act: _Optional[_Union[_guards_pb2.GuardAct, str]] = ..., rule_id: _Optional[str] = ..., standing: _Optional[_Union[_guards_pb2.GuardStanding, _Mapping]] = ..., latch: _Optional[_Union[_guards_pb2.GuardLatch, _Mapping]] = ..., close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence_json: _Optional[str] = ..., policy_version: _Optional[int] = ...) -> None: ...

class GuardClose(_message.Message):
    __slots__ = ("attempt_id", "phase", "magic", "cause", "resets", "position_id", "pending_ticket", "symbol", "side", "volume", "outcome", "retcode", "error_code", "order_ticket", "deal_ticket", "volume_done", "price", "reason", "detail")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    RESETS_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    PENDING_TICKET_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    RETCODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    ORDER_TICKET_FIELD_NUMBER: _ClassVar[int]
    DEAL_TICKET_FIELD_NUMBER: _ClassVar[int]
    VOLUME_DONE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    phase: GuardClosePhase
    magic: int
    cause: str
    resets: int
    position_id: int
    pending_ticket: int
    symbol: str
    side: _values_pb2.Side
    volume: str
    outcome: AttemptOutcome
    retcode: int
    error_code: int
    order_ticket: int
    deal_ticket: int
    volume_done: str
    price: str
    reason: str
    detail: str
    def __init__(self, attempt_id: _Optional[str] = ..., phase: _Optional[_Union[GuardClosePhase, str]] = ..., magic: _Optional[int] = ..., cause: _Optional[str] = ..., resets: _Optional[int] = ..., position_id: _Optional[int] = ..., pending_ticket: _Optional[int] = ..., symbol: _Optional[str] = ..., side: _Optional[_Union[_values_pb2.Side, str]] = ..., volume: _Optional[str] = ..., outcome: _Optional[_Union[AttemptOutcome, str]] = ..., retcode: _Optional[int] = ..., error_code: _Optional[int] = ..., order_ticket: _Optional[int] = ..., deal_ticket: _Optional[int] = ..., volume_done: _Optional[str] = ..., price: _Optional[str] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class Anomaly(_message.Message):
    __slots__ = ("kind", "detail", "command_id")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    kind: str
    detail: str
    command_id: str
    def __init__(self, kind: _Optional[str] = ..., detail: _Optional[str] = ..., command_id: _Optional[str] = ...) -> None: ...

class SymbolReport(_message.Message):
    __slots__ = ("symbols", "quotes")
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    symbols: _containers.RepeatedCompositeFieldContainer[_values_pb2.SymbolProperties]
    quotes: _containers.RepeatedCompositeFieldContainer[Quote]
    def __init__(self, symbols: _Optional[_Iterable[_Union[_values_pb2.SymbolProperties, _Mapping]]] = ..., quotes: _Optional[_Iterable[_Union[Quote, _Mapping]]] = ...) -> None: ...

class Quote(_message.Message):
    __slots__ = ("symbol", "bid", "ask", "quote_time")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    QUOTE_TIME_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    bid: str
    ask: str
    quote_time: _timestamp_pb2.Timestamp
    def __init__(self, symbol: _Optional[str] = ..., bid: _Optional[str] = ..., ask: _Optional[str] = ..., quote_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("command_id", "attempt", "order_tickets", "deal_tickets", "position_tickets", "connected_throughout", "history_complete", "connected_since_time")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    ORDER_TICKETS_FIELD_NUMBER: _ClassVar[int]
    DEAL_TICKETS_FIELD_NUMBER: _ClassVar[int]
    POSITION_TICKETS_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_THROUGHOUT_FIELD_NUMBER: _ClassVar[int]
    HISTORY_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    attempt: int
    order_tickets: _containers.RepeatedScalarFieldContainer[int]
    deal_tickets: _containers.RepeatedScalarFieldContainer[int]
    position_tickets: _containers.RepeatedScalarFieldContainer[int]
    connected_throughout: bool
    history_complete: bool
    connected_since_time: _timestamp_pb2.Timestamp
    def __init__(self, command_id: _Optional[str] = ..., attempt: _Optional[int] = ..., order_tickets: _Optional[_Iterable[int]] = ..., deal_tickets: _Optional[_Iterable[int]] = ..., position_tickets: _Optional[_Iterable[int]] = ..., connected_throughout: _Optional[bool] = ..., history_complete: _Optional[bool] = ..., connected_since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Command(_message.Message):
    __slots__ = ("command_id", "account_id", "signal_id", "approval_id", "kind", "state", "attempt", "intent_text", "intent_digest", "magic", "reason", "create_time", "offer_time", "grant_time", "update_time", "expire_time", "reports", "deals", "filled_volume", "average_price", "settled_as", "settle_time", "held_by_command_id", "doubtful_command_id")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    INTENT_TEXT_FIELD_NUMBER: _ClassVar[int]
    INTENT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    OFFER_TIME_FIELD_NUMBER: _ClassVar[int]
    GRANT_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    DEALS_FIELD_NUMBER: _ClassVar[int]
    FILLED_VOLUME_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_PRICE_FIELD_NUMBER: _ClassVar[int]
    SETTLED_AS_FIELD_NUMBER: _ClassVar[int]
    SETTLE_TIME_FIELD_NUMBER: _ClassVar[int]
    HELD_BY_COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    DOUBTFUL_COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    account_id: str
    signal_id: str
    approval_id: str
    kind: _values_pb2.CommandKind
    state: CommandState
    attempt: int
    intent_text: str
    intent_digest: str
    magic: int
    reason: str
    create_time: _timestamp_pb2.Timestamp
    offer_time: _timestamp_pb2.Timestamp
    grant_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    reports: _containers.RepeatedCompositeFieldContainer[CommandReport]
    deals: _containers.RepeatedCompositeFieldContainer[Deal]
    filled_volume: str
    average_price: str
    settled_as: Settlement
    settle_time: _timestamp_pb2.Timestamp
    held_by_command_id: str
    doubtful_command_id: str
    def __init__(self, command_id: _Optional[str] = ..., account_id: _Optional[str] = ..., signal_id: _Optional[str] = ..., approval_id: _Optional[str] = ..., kind: _Optional[_Union[_values_pb2.CommandKind, str]] = ..., state: _Optional[_Union[CommandState, str]] = ..., attempt: _Optional[int] = ..., intent_text: _Optional[str] = ..., intent_digest: _Optional[str] = ..., magic: _Optional[int] = ..., reason: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., offer_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., grant_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reports: _Optional[_Iterable[_Union[CommandReport, _Mapping]]] = ..., deals: _Optional[_Iterable[_Union[Deal, _Mapping]]] = ..., filled_volume: _Optional[str] = ..., average_price: _Optional[str] = ..., settled_as: _Optional[_Union[Settlement, str]] = ..., settle_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., held_by_command_id: _Optional[str] = ..., doubtful_command_id: _Optional[str] = ...) -> None: ...

class CommandReport(_message.Message):
    __slots__ = ("kind", "event_time", "receive_time", "outcome", "retcode", "reason", "detail")
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    RETCODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    kind: str
    event_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    outcome: AttemptOutcome
    retcode: int
    reason: str
    detail: str
    def __init__(self, kind: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outcome: _Optional[_Union[AttemptOutcome, str]] = ..., retcode: _Optional[int] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class PollCommandsRequest(_message.Message):
    __slots__ = ("limit", "generation_seen")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    GENERATION_SEEN_FIELD_NUMBER: _ClassVar[int]
    limit: int
    generation_seen: int
    def __init__(self, limit: _Optional[int] = ..., generation_seen: _Optional[int] = ...) -> None: ...

class PollCommandsResponse(_message.Message):
    __slots__ = ("offers", "cancels", "resolves", "halt", "server_time", "poll_interval")
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    CANCELS_FIELD_NUMBER: _ClassVar[int]
    RESOLVES_FIELD_NUMBER: _ClassVar[int]
    HALT_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    POLL_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    offers: _containers.RepeatedCompositeFieldContainer[Offer]
    cancels: _containers.RepeatedCompositeFieldContainer[Cancel]
    resolves: _containers.RepeatedCompositeFieldContainer[Resolve]
    halt: Halt
    server_time: _timestamp_pb2.Timestamp
    poll_interval: _duration_pb2.Duration
    def __init__(self, offers: _Optional[_Iterable[_Union[Offer, _Mapping]]] = ..., cancels: _Optional[_Iterable[_Union[Cancel, _Mapping]]] = ..., resolves: _Optional[_Iterable[_Union[Resolve, _Mapping]]] = ..., halt: _Optional[_Union[Halt, _Mapping]] = ..., server_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., poll_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ClaimCommandRequest(_message.Message):
    __slots__ = ("claim", "account", "generation_seen")
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    GENERATION_SEEN_FIELD_NUMBER: _ClassVar[int]
    claim: Claim
    account: _values_pb2.AccountFingerprint
    generation_seen: int
    def __init__(self, claim: _Optional[_Union[Claim, _Mapping]] = ..., account: _Optional[_Union[_values_pb2.AccountFingerprint, _Mapping]] = ..., generation_seen: _Optional[int] = ...) -> None: ...

class ClaimCommandResponse(_message.Message):
    __slots__ = ("grant",)
    GRANT_FIELD_NUMBER: _ClassVar[int]
    grant: Grant
    def __init__(self, grant: _Optional[_Union[Grant, _Mapping]] = ...) -> None: ...

class ReportAckRequest(_message.Message):
    __slots__ = ("event_time", "received", "intent")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    INTENT_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    received: CommandReceived
    intent: IntentRecorded
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., received: _Optional[_Union[CommandReceived, _Mapping]] = ..., intent: _Optional[_Union[IntentRecorded, _Mapping]] = ...) -> None: ...

class ReportAckResponse(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: CommandState
    def __init__(self, state: _Optional[_Union[CommandState, str]] = ...) -> None: ...

class ReportFillRequest(_message.Message):
    __slots__ = ("event_time", "deal")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    DEAL_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    deal: Deal
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deal: _Optional[_Union[Deal, _Mapping]] = ...) -> None: ...

class ReportFillResponse(_message.Message):
    __slots__ = ("state", "command_id")
    STATE_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    state: CommandState
    command_id: str
    def __init__(self, state: _Optional[_Union[CommandState, str]] = ..., command_id: _Optional[str] = ...) -> None: ...

class ReportErrorRequest(_message.Message):
    __slots__ = ("event_time", "result")
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    event_time: _timestamp_pb2.Timestamp
    result: AttemptResult
    def __init__(self, event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., result: _Optional[_Union[AttemptResult, _Mapping]] = ...) -> None: ...

class ReportErrorResponse(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: CommandState
    def __init__(self, state: _Optional[_Union[CommandState, str]] = ...) -> None: ...

class GetExecutionStatusRequest(_message.Message):
    __slots__ = ("signal_id",)
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    signal_id: str
    def __init__(self, signal_id: _Optional[str] = ...) -> None: ...

class GetExecutionStatusResponse(_message.Message):
    __slots__ = ("commands",)
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    commands: _containers.RepeatedCompositeFieldContainer[Command]
    def __init__(self, commands: _Optional[_Iterable[_Union[Command, _Mapping]]] = ...) -> None: ...

class CancelCommandRequest(_message.Message):
    __slots__ = ("command_id", "reason")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    reason: str
    def __init__(self, command_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class CancelCommandResponse(_message.Message):
    __slots__ = ("command",)
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    command: Command
    def __init__(self, command: _Optional[_Union[Command, _Mapping]] = ...) -> None: ...

class ListInDoubtRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListInDoubtResponse(_message.Message):
    __slots__ = ("commands", "next_page_token")
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    commands: _containers.RepeatedCompositeFieldContainer[Command]
    next_page_token: str
    def __init__(self, commands: _Optional[_Iterable[_Union[Command, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetEvidenceRequest(_message.Message):
    __slots__ = ("command_id",)
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    def __init__(self, command_id: _Optional[str] = ...) -> None: ...

class GetEvidenceResponse(_message.Message):
    __slots__ = ("command", "evidence", "evidence_time", "summary", "intent_time", "orders", "positions", "snapshot_time", "snapshot_connected", "settlements")
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_TIME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    INTENT_TIME_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_TIME_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_CONNECTED_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENTS_FIELD_NUMBER: _ClassVar[int]
    command: Command
    evidence: Evidence
    evidence_time: _timestamp_pb2.Timestamp
    summary: str
    intent_time: _timestamp_pb2.Timestamp
    orders: _containers.RepeatedCompositeFieldContainer[OrderReport]
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    snapshot_time: _timestamp_pb2.Timestamp
    snapshot_connected: bool
    settlements: _containers.RepeatedCompositeFieldContainer[SettlementRecord]
    def __init__(self, command: _Optional[_Union[Command, _Mapping]] = ..., evidence: _Optional[_Union[Evidence, _Mapping]] = ..., evidence_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., summary: _Optional[str] = ..., intent_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., orders: _Optional[_Iterable[_Union[OrderReport, _Mapping]]] = ..., positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., snapshot_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., snapshot_connected: _Optional[bool] = ..., settlements: _Optional[_Iterable[_Union[SettlementRecord, _Mapping]]] = ...) -> None: ...

class SettlementRecord(_message.Message):
    __slots__ = ("settlement", "ticket", "reason", "actor", "create_time", "close_command_id")
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    TICKET_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    settlement: Settlement
    ticket: int
    reason: str
    actor: str
    create_time: _timestamp_pb2.Timestamp
    close_command_id: str
    def __init__(self, settlement: _Optional[_Union[Settlement, str]] = ..., ticket: _Optional[int] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., close_command_id: _Optional[str] = ...) -> None: ...

class SettleInDoubtRequest(_message.Message):
    __slots__ = ("command_id", "settlement", "ticket", "reason", "confirmation_token")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    TICKET_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CONFIRMATION_TOKEN_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    settlement: Settlement
    ticket: int
    reason: str
    confirmation_token: str
    def __init__(self, command_id: _Optional[str] = ..., settlement: _Optional[_Union[Settlement, str]] = ..., ticket: _Optional[int] = ..., reason: _Optional[str] = ..., confirmation_token: _Optional[str] = ...) -> None: ...

class SettleInDoubtResponse(_message.Message):
    __slots__ = ("command", "confirmation_token", "plan", "close_command_id")
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    CONFIRMATION_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    CLOSE_COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command: Command
    confirmation_token: str
    plan: str
    close_command_id: str
    def __init__(self, command: _Optional[_Union[Command, _Mapping]] = ..., confirmation_token: _Optional[str] = ..., plan: _Optional[str] = ..., close_command_id: _Optional[str] = ...) -> None: ...
