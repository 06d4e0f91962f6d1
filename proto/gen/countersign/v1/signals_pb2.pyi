import datetime

from buf.validate import validate_pb2 as _validate_pb2
from countersign.v1 import rules_pb2 as _rules_pb2
from countersign.v1 import values_pb2 as _values_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PayloadFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAYLOAD_FORMAT_UNSPECIFIED: _ClassVar[PayloadFormat]
    PAYLOAD_FORMAT_PROTOBUF: _ClassVar[PayloadFormat]
    PAYLOAD_FORMAT_JSON: _ClassVar[PayloadFormat]

class SignatureAlgorithm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIGNATURE_ALGORITHM_UNSPECIFIED: _ClassVar[SignatureAlgorithm]
    SIGNATURE_ALGORITHM_HMAC_SHA256: _ClassVar[SignatureAlgorithm]
    SIGNATURE_ALGORITHM_ED25519: _ClassVar[SignatureAlgorithm]

class SignalState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIGNAL_STATE_UNSPECIFIED: _ClassVar[SignalState]
    SIGNAL_STATE_ACCEPTED: _ClassVar[SignalState]
    SIGNAL_STATE_DELIVERED: _ClassVar[SignalState]
    SIGNAL_STATE_EXPIRED: _ClassVar[SignalState]
PAYLOAD_FORMAT_UNSPECIFIED: PayloadFormat
PAYLOAD_FORMAT_PROTOBUF: PayloadFormat
PAYLOAD_FORMAT_JSON: PayloadFormat
SIGNATURE_ALGORITHM_UNSPECIFIED: SignatureAlgorithm
SIGNATURE_ALGORITHM_HMAC_SHA256: SignatureAlgorithm
SIGNATURE_ALGORITHM_ED25519: SignatureAlgorithm
SIGNAL_STATE_UNSPECIFIED: SignalState
SIGNAL_STATE_ACCEPTED: SignalState
SIGNAL_STATE_DELIVERED: SignalState
SIGNAL_STATE_EXPIRED: SignalState

class SignedSignal(_message.Message):
    __slots__ = ("key_id", "algorithm", "sent_time_ms", "nonce", "format", "payload", "signature")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    SENT_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    algorithm: SignatureAlgorithm
    sent_time_ms: int
    nonce: bytes
    format: PayloadFormat
    payload: bytes
    signature: bytes
    def __init__(self, key_id: _Optional[str] = ..., algorithm: _Optional[_Union[SignatureAlgorithm, str]] = ..., sent_time_ms: _Optional[int] = ..., nonce: _Optional[bytes] = ..., format: _Optional[_Union[PayloadFormat, str]] = ..., payload: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Signal(_message.Message):
    __slots__ = ("external_id", "instrument", "side", "version", "open", "place", "modify", "close", "cancel", "expire_time", "note")
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    MODIFY_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    external_id: str
    instrument: str
    side: _values_pb2.Side
    version: str
    open: OpenAction
    place: PlaceAction
    modify: ModifyAction
    close: CloseAction
    cancel: CancelAction
    expire_time: _timestamp_pb2.Timestamp
    note: str
    def __init__(self, external_id: _Optional[str] = ..., instrument: _Optional[str] = ..., side: _Optional[_Union[_values_pb2.Side, str]] = ..., version: _Optional[str] = ..., open: _Optional[_Union[OpenAction, _Mapping]] = ..., place: _Optional[_Union[PlaceAction, _Mapping]] = ..., modify: _Optional[_Union[ModifyAction, _Mapping]] = ..., close: _Optional[_Union[CloseAction, _Mapping]] = ..., cancel: _Optional[_Union[CancelAction, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., note: _Optional[str] = ...) -> None: ...

class OpenAction(_message.Message):
    __slots__ = ("price", "stop", "target")
    PRICE_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    price: str
    stop: _values_pb2.StopChoice
    target: _values_pb2.TargetChoice
    def __init__(self, price: _Optional[str] = ..., stop: _Optional[_Union[_values_pb2.StopChoice, _Mapping]] = ..., target: _Optional[_Union[_values_pb2.TargetChoice, _Mapping]] = ...) -> None: ...

class PlaceAction(_message.Message):
    __slots__ = ("limit_price", "stop_price", "stop", "target", "good_until_time")
    LIMIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    STOP_PRICE_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    GOOD_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    limit_price: str
    stop_price: str
    stop: _values_pb2.StopChoice
    target: _values_pb2.TargetChoice
    good_until_time: _timestamp_pb2.Timestamp
    def __init__(self, limit_price: _Optional[str] = ..., stop_price: _Optional[str] = ..., stop: _Optional[_Union[_values_pb2.StopChoice, _Mapping]] = ..., target: _Optional[_Union[_values_pb2.TargetChoice, _Mapping]] = ..., good_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ModifyAction(_message.Message):
    __slots__ = ("opening_external_id", "stop", "target")
    OPENING_EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    opening_external_id: str
    stop: _values_pb2.StopChoice
    target: _values_pb2.TargetChoice
    def __init__(self, opening_external_id: _Optional[str] = ..., stop: _Optional[_Union[_values_pb2.StopChoice, _Mapping]] = ..., target: _Optional[_Union[_values_pb2.TargetChoice, _Mapping]] = ...) -> None: ...

class CloseAction(_message.Message):
    __slots__ = ("opening_external_id", "everything", "fraction", "price")
    OPENING_EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    EVERYTHING_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    opening_external_id: str
    everything: bool
    fraction: str
    price: str
    def __init__(self, opening_external_id: _Optional[str] = ..., everything: _Optional[bool] = ..., fraction: _Optional[str] = ..., price: _Optional[str] = ...) -> None: ...

class CancelAction(_message.Message):
    __slots__ = ("opening_external_id",)
    OPENING_EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    opening_external_id: str
    def __init__(self, opening_external_id: _Optional[str] = ...) -> None: ...

class StoredSignal(_message.Message):
    __slots__ = ("signal_id", "producer_id", "signal", "payload_sha256", "key_id", "sent_time", "receive_time", "expire_time", "state", "funnel")
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_SHA256_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SENT_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FUNNEL_FIELD_NUMBER: _ClassVar[int]
    signal_id: str
    producer_id: str
    signal: Signal
    payload_sha256: str
    key_id: str
    sent_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    state: SignalState
    funnel: SignalFunnel
    def __init__(self, signal_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., signal: _Optional[_Union[Signal, _Mapping]] = ..., payload_sha256: _Optional[str] = ..., key_id: _Optional[str] = ..., sent_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[SignalState, str]] = ..., funnel: _Optional[_Union[SignalFunnel, _Mapping]] = ...) -> None: ...

class SignalFunnel(_message.Message):
    __slots__ = ("offered", "declined", "approved", "rejected", "expired", "executed", "declined_reasons", "risk_reasons")
    class DeclinedReasonsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class RiskReasonsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    OFFERED_FIELD_NUMBER: _ClassVar[int]
    DECLINED_FIELD_NUMBER: _ClassVar[int]
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    EXECUTED_FIELD_NUMBER: _ClassVar[int]
    DECLINED_REASONS_FIELD_NUMBER: _ClassVar[int]
    RISK_REASONS_FIELD_NUMBER: _ClassVar[int]
    offered: int
    declined: int
    approved: int
    rejected: int
    expired: int
    executed: int
    declined_reasons: _containers.ScalarMap[str, int]
    risk_reasons: _containers.ScalarMap[str, int]
    def __init__(self, offered: _Optional[int] = ..., declined: _Optional[int] = ..., approved: _Optional[int] = ..., rejected: _Optional[int] = ..., expired: _Optional[int] = ..., executed: _Optional[int] = ..., declined_reasons: _Optional[_Mapping[str, int]] = ..., risk_reasons: _Optional[_Mapping[str, int]] = ...) -> None: ...

class SubmitSignalRequest(_message.Message):
    __slots__ = ("signal",)
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    signal: SignedSignal
    def __init__(self, signal: _Optional[_Union[SignedSignal, _Mapping]] = ...) -> None: ...

class SubmitSignalResponse(_message.Message):
    __slots__ = ("signal_id", "duplicate", "receive_time", "expire_time")
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    signal_id: str
    duplicate: bool
    receive_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, signal_id: _Optional[str] = ..., duplicate: _Optional[bool] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SubmitSignalsRequest(_message.Message):
    __slots__ = ("signals",)
    SIGNALS_FIELD_NUMBER: _ClassVar[int]
    signals: _containers.RepeatedCompositeFieldContainer[SignedSignal]
    def __init__(self, signals: _Optional[_Iterable[_Union[SignedSignal, _Mapping]]] = ...) -> None: ...

class SubmitSignalsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[SubmitResult]
    def __init__(self, results: _Optional[_Iterable[_Union[SubmitResult, _Mapping]]] = ...) -> None: ...

class SubmitResult(_message.Message):
    __slots__ = ("accepted", "refused")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    accepted: SubmitSignalResponse
    refused: SubmitRefusal
    def __init__(self, accepted: _Optional[_Union[SubmitSignalResponse, _Mapping]] = ..., refused: _Optional[_Union[SubmitRefusal, _Mapping]] = ...) -> None: ...

class SubmitRefusal(_message.Message):
    __slots__ = ("code", "reason", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: str
    message: str
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class StreamSignalsRequest(_message.Message):
    __slots__ = ("sequence", "signal")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    signal: SignedSignal
    def __init__(self, sequence: _Optional[int] = ..., signal: _Optional[_Union[SignedSignal, _Mapping]] = ...) -> None: ...

class StreamSignalsResponse(_message.Message):
    __slots__ = ("sequence", "result")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    result: SubmitResult
    def __init__(self, sequence: _Optional[int] = ..., result: _Optional[_Union[SubmitResult, _Mapping]] = ...) -> None: ...

class GetSignalRequest(_message.Message):
    __slots__ = ("signal_id",)
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    signal_id: str
    def __init__(self, signal_id: _Optional[str] = ...) -> None: ...

class GetSignalResponse(_message.Message):
    __slots__ = ("signal",)
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    signal: StoredSignal
    def __init__(self, signal: _Optional[_Union[StoredSignal, _Mapping]] = ...) -> None: ...

class ListSignalsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "states", "instrument", "producer_id", "start_time", "end_time", "external_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    states: _containers.RepeatedScalarFieldContainer[SignalState]
    instrument: str
    producer_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    external_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., states: _Optional[_Iterable[_Union[SignalState, str]]] = ..., instrument: _Optional[str] = ..., producer_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., external_id: _Optional[str] = ...) -> None: ...

class ListSignalsResponse(_message.Message):
    __slots__ = ("signals", "next_page_token")
    SIGNALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    signals: _containers.RepeatedCompositeFieldContainer[StoredSignal]
    next_page_token: str
    def __init__(self, signals: _Optional[_Iterable[_Union[StoredSignal, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchSignalsRequest(_message.Message):
    __slots__ = ("after_sequence",)
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    after_sequence: int
    def __init__(self, after_sequence: _Optional[int] = ...) -> None: ...

class WatchSignalsResponse(_message.Message):
    __slots__ = ("sequence", "event_time", "kind", "signal_id", "account_id", "reason")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    event_time: _timestamp_pb2.Timestamp
    kind: str
    signal_id: str
    account_id: str
    reason: str
    def __init__(self, sequence: _Optional[int] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[str] = ..., signal_id: _Optional[str] = ..., account_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RedeliverSignalRequest(_message.Message):
    __slots__ = ("signal_id",)
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    signal_id: str
    def __init__(self, signal_id: _Optional[str] = ...) -> None: ...

class RedeliverSignalResponse(_message.Message):
    __slots__ = ("signal",)
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    signal: StoredSignal
    def __init__(self, signal: _Optional[_Union[StoredSignal, _Mapping]] = ...) -> None: ...
