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

class ApprovalState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPROVAL_STATE_UNSPECIFIED: _ClassVar[ApprovalState]
    APPROVAL_STATE_PENDING: _ClassVar[ApprovalState]
    APPROVAL_STATE_APPROVED: _ClassVar[ApprovalState]
    APPROVAL_STATE_REJECTED: _ClassVar[ApprovalState]
    APPROVAL_STATE_EXPIRED: _ClassVar[ApprovalState]
    APPROVAL_STATE_DECLINED: _ClassVar[ApprovalState]
    APPROVAL_STATE_REVOKED: _ClassVar[ApprovalState]

class Decision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECISION_UNSPECIFIED: _ClassVar[Decision]
    DECISION_APPROVE: _ClassVar[Decision]
    DECISION_REJECT: _ClassVar[Decision]

class DecisionMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECISION_MODE_UNSPECIFIED: _ClassVar[DecisionMode]
    DECISION_MODE_MANUAL: _ClassVar[DecisionMode]
    DECISION_MODE_AUTOMATIC: _ClassVar[DecisionMode]

class RiskMeasure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RISK_MEASURE_UNSPECIFIED: _ClassVar[RiskMeasure]
    RISK_MEASURE_LOSS: _ClassVar[RiskMeasure]
    RISK_MEASURE_MARGIN_LEVEL: _ClassVar[RiskMeasure]
    RISK_MEASURE_LEVERAGE: _ClassVar[RiskMeasure]
    RISK_MEASURE_LOTS: _ClassVar[RiskMeasure]
    RISK_MEASURE_POSITIONS: _ClassVar[RiskMeasure]
    RISK_MEASURE_CONDITION: _ClassVar[RiskMeasure]
    RISK_MEASURE_ORDERS: _ClassVar[RiskMeasure]
    RISK_MEASURE_MONEY_AT_RISK: _ClassVar[RiskMeasure]
APPROVAL_STATE_UNSPECIFIED: ApprovalState
APPROVAL_STATE_PENDING: ApprovalState
APPROVAL_STATE_APPROVED: ApprovalState
APPROVAL_STATE_REJECTED: ApprovalState
APPROVAL_STATE_EXPIRED: ApprovalState
APPROVAL_STATE_DECLINED: ApprovalState
APPROVAL_STATE_REVOKED: ApprovalState
DECISION_UNSPECIFIED: Decision
DECISION_APPROVE: Decision
DECISION_REJECT: Decision
DECISION_MODE_UNSPECIFIED: DecisionMode
DECISION_MODE_MANUAL: DecisionMode
DECISION_MODE_AUTOMATIC: DecisionMode
RISK_MEASURE_UNSPECIFIED: RiskMeasure
RISK_MEASURE_LOSS: RiskMeasure
RISK_MEASURE_MARGIN_LEVEL: RiskMeasure
RISK_MEASURE_LEVERAGE: RiskMeasure
RISK_MEASURE_LOTS: RiskMeasure
RISK_MEASURE_POSITIONS: RiskMeasure
RISK_MEASURE_CONDITION: RiskMeasure
RISK_MEASURE_ORDERS: RiskMeasure
RISK_MEASURE_MONEY_AT_RISK: RiskMeasure

class Intent(_message.Message):
    __slots__ = ("text", "digest", "kind", "instrument", "symbol", "side", "volume", "price_min", "price_max", "stop_loss", "take_profit", "price", "expire_time")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    PRICE_MIN_FIELD_NUMBER: _ClassVar[int]
    PRICE_MAX_FIELD_NUMBER: _ClassVar[int]
    STOP_LOSS_FIELD_NUMBER: _ClassVar[int]
    TAKE_PROFIT_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    text: str
    digest: str
    kind: _values_pb2.CommandKind
    instrument: str
    symbol: str
    side: _values_pb2.Side
    volume: str
    price_min: str
    price_max: str
    stop_loss: str
    take_profit: str
    price: str
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, text: _Optional[str] = ..., digest: _Optional[str] = ..., kind: _Optional[_Union[_values_pb2.CommandKind, str]] = ..., instrument: _Optional[str] = ..., symbol: _Optional[str] = ..., side: _Optional[_Union[_values_pb2.Side, str]] = ..., volume: _Optional[str] = ..., price_min: _Optional[str] = ..., price_max: _Optional[str] = ..., stop_loss: _Optional[str] = ..., take_profit: _Optional[str] = ..., price: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Approval(_message.Message):
    __slots__ = ("approval_id", "signal_id", "account_id", "subscription_id", "producer_id", "state", "intent", "money_at_risk", "note", "reason", "mode", "decided_by", "consent_version", "caller_address", "caller_agent", "create_time", "decide_time", "expire_time", "command_id", "signal_price", "server_signature", "server_key_id", "owner_signature", "foresight")
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    INTENT_FIELD_NUMBER: _ClassVar[int]
    MONEY_AT_RISK_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    CONSENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CALLER_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CALLER_AGENT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DECIDE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_PRICE_FIELD_NUMBER: _ClassVar[int]
    SERVER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    SERVER_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    FORESIGHT_FIELD_NUMBER: _ClassVar[int]
    approval_id: str
    signal_id: str
    account_id: str
    subscription_id: str
    producer_id: str
    state: ApprovalState
    intent: Intent
    money_at_risk: _values_pb2.Money
    note: str
    reason: str
    mode: DecisionMode
    decided_by: str
    consent_version: str
    caller_address: str
    caller_agent: str
    create_time: _timestamp_pb2.Timestamp
    decide_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    command_id: str
    signal_price: str
    server_signature: bytes
    server_key_id: str
    owner_signature: OwnerSignature
    foresight: Foresight
    def __init__(self, approval_id: _Optional[str] = ..., signal_id: _Optional[str] = ..., account_id: _Optional[str] = ..., subscription_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., state: _Optional[_Union[ApprovalState, str]] = ..., intent: _Optional[_Union[Intent, _Mapping]] = ..., money_at_risk: _Optional[_Union[_values_pb2.Money, _Mapping]] = ..., note: _Optional[str] = ..., reason: _Optional[str] = ..., mode: _Optional[_Union[DecisionMode, str]] = ..., decided_by: _Optional[str] = ..., consent_version: _Optional[str] = ..., caller_address: _Optional[str] = ..., caller_agent: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decide_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., command_id: _Optional[str] = ..., signal_price: _Optional[str] = ..., server_signature: _Optional[bytes] = ..., server_key_id: _Optional[str] = ..., owner_signature: _Optional[_Union[OwnerSignature, _Mapping]] = ..., foresight: _Optional[_Union[Foresight, _Mapping]] = ...) -> None: ...

class Foresight(_message.Message):
    __slots__ = ("figures", "read_time", "stale", "refusal")
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    READ_TIME_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    figures: _containers.RepeatedCompositeFieldContainer[RiskFigure]
    read_time: _timestamp_pb2.Timestamp
    stale: bool
    refusal: str
    def __init__(self, figures: _Optional[_Iterable[_Union[RiskFigure, _Mapping]]] = ..., read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stale: _Optional[bool] = ..., refusal: _Optional[str] = ...) -> None: ...

class RiskFigure(_message.Message):
    __slots__ = ("reason", "rule", "measure", "now", "after", "limit", "breaks", "text")
    REASON_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    BREAKS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    reason: str
    rule: str
    measure: RiskMeasure
    now: str
    after: str
    limit: str
    breaks: bool
    text: str
    def __init__(self, reason: _Optional[str] = ..., rule: _Optional[str] = ..., measure: _Optional[_Union[RiskMeasure, str]] = ..., now: _Optional[str] = ..., after: _Optional[str] = ..., limit: _Optional[str] = ..., breaks: _Optional[bool] = ..., text: _Optional[str] = ...) -> None: ...

class OwnerSignature(_message.Message):
    __slots__ = ("owner_key_id", "signature", "authenticator_data", "client_data_json")
    OWNER_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    AUTHENTICATOR_DATA_FIELD_NUMBER: _ClassVar[int]
    CLIENT_DATA_JSON_FIELD_NUMBER: _ClassVar[int]
    owner_key_id: str
    signature: bytes
    authenticator_data: bytes
    client_data_json: bytes
    def __init__(self, owner_key_id: _Optional[str] = ..., signature: _Optional[bytes] = ..., authenticator_data: _Optional[bytes] = ..., client_data_json: _Optional[bytes] = ...) -> None: ...

class CreateApprovalRequest(_message.Message):
    __slots__ = ("signal_id", "account_id", "decision", "intent_digest", "reason", "consent_version", "owner_signature")
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    INTENT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CONSENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    OWNER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    signal_id: str
    account_id: str
    decision: Decision
    intent_digest: str
    reason: str
    consent_version: str
    owner_signature: OwnerSignature
    def __init__(self, signal_id: _Optional[str] = ..., account_id: _Optional[str] = ..., decision: _Optional[_Union[Decision, str]] = ..., intent_digest: _Optional[str] = ..., reason: _Optional[str] = ..., consent_version: _Optional[str] = ..., owner_signature: _Optional[_Union[OwnerSignature, _Mapping]] = ...) -> None: ...

class CreateApprovalResponse(_message.Message):
    __slots__ = ("approval",)
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    approval: Approval
    def __init__(self, approval: _Optional[_Union[Approval, _Mapping]] = ...) -> None: ...

class GetApprovalRequest(_message.Message):
    __slots__ = ("approval_id",)
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    approval_id: str
    def __init__(self, approval_id: _Optional[str] = ...) -> None: ...

class GetApprovalResponse(_message.Message):
    __slots__ = ("approval",)
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    approval: Approval
    def __init__(self, approval: _Optional[_Union[Approval, _Mapping]] = ...) -> None: ...

class ListApprovalsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "states", "account_id", "signal_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    states: _containers.RepeatedScalarFieldContainer[ApprovalState]
    account_id: str
    signal_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., states: _Optional[_Iterable[_Union[ApprovalState, str]]] = ..., account_id: _Optional[str] = ..., signal_id: _Optional[str] = ...) -> None: ...

class ListApprovalsResponse(_message.Message):
    __slots__ = ("approvals", "next_page_token")
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    next_page_token: str
    def __init__(self, approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListInboxRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "account_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    account_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., account_id: _Optional[str] = ...) -> None: ...

class ListInboxResponse(_message.Message):
    __slots__ = ("approvals", "next_page_token", "server_time")
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    next_page_token: str
    server_time: _timestamp_pb2.Timestamp
    def __init__(self, approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., server_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RevokeApprovalRequest(_message.Message):
    __slots__ = ("approval_id", "reason")
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    approval_id: str
    reason: str
    def __init__(self, approval_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RevokeApprovalResponse(_message.Message):
    __slots__ = ("approval",)
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    approval: Approval
    def __init__(self, approval: _Optional[_Union[Approval, _Mapping]] = ...) -> None: ...

class Delegate(_message.Message):
    __slots__ = ("delegate_id", "account_id", "owner_id", "user_id", "create_time", "revoke_time")
    DELEGATE_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVOKE_TIME_FIELD_NUMBER: _ClassVar[int]
    delegate_id: str
    account_id: str
    owner_id: str
    user_id: str
    create_time: _timestamp_pb2.Timestamp
    revoke_time: _timestamp_pb2.Timestamp
    def __init__(self, delegate_id: _Optional[str] = ..., account_id: _Optional[str] = ..., owner_id: _Optional[str] = ..., user_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoke_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GrantDelegateRequest(_message.Message):
    __slots__ = ("account_id", "user_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    user_id: str
    def __init__(self, account_id: _Optional[str] = ..., user_id: _Optional[str] = ...) -> None: ...

class GrantDelegateResponse(_message.Message):
    __slots__ = ("delegate",)
    DELEGATE_FIELD_NUMBER: _ClassVar[int]
    delegate: Delegate
    def __init__(self, delegate: _Optional[_Union[Delegate, _Mapping]] = ...) -> None: ...

class ListDelegatesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "account_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    account_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., account_id: _Optional[str] = ...) -> None: ...

class ListDelegatesResponse(_message.Message):
    __slots__ = ("delegates", "next_page_token")
    DELEGATES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    delegates: _containers.RepeatedCompositeFieldContainer[Delegate]
    next_page_token: str
    def __init__(self, delegates: _Optional[_Iterable[_Union[Delegate, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RevokeDelegateRequest(_message.Message):
    __slots__ = ("delegate_id",)
    DELEGATE_ID_FIELD_NUMBER: _ClassVar[int]
    delegate_id: str
    def __init__(self, delegate_id: _Optional[str] = ...) -> None: ...

class RevokeDelegateResponse(_message.Message):
    __slots__ = ("delegate",)
    DELEGATE_FIELD_NUMBER: _ClassVar[int]
    delegate: Delegate
    def __init__(self, delegate: _Optional[_Union[Delegate, _Mapping]] = ...) -> None: ...

class ListDelegatedInboxRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListDelegatedInboxResponse(_message.Message):
    __slots__ = ("approvals", "server_time")
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    server_time: _timestamp_pb2.Timestamp
    def __init__(self, approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ..., server_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
