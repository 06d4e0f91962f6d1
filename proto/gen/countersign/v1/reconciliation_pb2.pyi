import datetime

from buf.validate import validate_pb2 as _validate_pb2
from countersign.v1 import execution_pb2 as _execution_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DivergenceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIVERGENCE_KIND_UNSPECIFIED: _ClassVar[DivergenceKind]
    DIVERGENCE_KIND_SLIPPAGE: _ClassVar[DivergenceKind]
    DIVERGENCE_KIND_VOLUME: _ClassVar[DivergenceKind]
    DIVERGENCE_KIND_STOPS: _ClassVar[DivergenceKind]
    DIVERGENCE_KIND_MANUAL: _ClassVar[DivergenceKind]
    DIVERGENCE_KIND_CLOSED_BY_BROKER: _ClassVar[DivergenceKind]
    DIVERGENCE_KIND_PARTIAL: _ClassVar[DivergenceKind]
    DIVERGENCE_KIND_REVERSED: _ClassVar[DivergenceKind]
    DIVERGENCE_KIND_ORPHAN: _ClassVar[DivergenceKind]
    DIVERGENCE_KIND_UNKNOWN_DEAL: _ClassVar[DivergenceKind]
    DIVERGENCE_KIND_STATEMENT: _ClassVar[DivergenceKind]

class DivergenceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIVERGENCE_STATE_UNSPECIFIED: _ClassVar[DivergenceState]
    DIVERGENCE_STATE_OPEN: _ClassVar[DivergenceState]
    DIVERGENCE_STATE_ADOPTED: _ClassVar[DivergenceState]
    DIVERGENCE_STATE_IGNORED: _ClassVar[DivergenceState]
    DIVERGENCE_STATE_CLOSED: _ClassVar[DivergenceState]
    DIVERGENCE_STATE_ESCALATED: _ClassVar[DivergenceState]

class DivergenceAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIVERGENCE_ACTION_UNSPECIFIED: _ClassVar[DivergenceAction]
    DIVERGENCE_ACTION_ADOPT: _ClassVar[DivergenceAction]
    DIVERGENCE_ACTION_IGNORE: _ClassVar[DivergenceAction]
    DIVERGENCE_ACTION_CLOSE: _ClassVar[DivergenceAction]
    DIVERGENCE_ACTION_ESCALATE: _ClassVar[DivergenceAction]

class BreakerState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAKER_STATE_UNSPECIFIED: _ClassVar[BreakerState]
    BREAKER_STATE_CLOSED: _ClassVar[BreakerState]
    BREAKER_STATE_OPEN: _ClassVar[BreakerState]
    BREAKER_STATE_HALF_OPEN: _ClassVar[BreakerState]
DIVERGENCE_KIND_UNSPECIFIED: DivergenceKind
DIVERGENCE_KIND_SLIPPAGE: DivergenceKind
DIVERGENCE_KIND_VOLUME: DivergenceKind
DIVERGENCE_KIND_STOPS: DivergenceKind
DIVERGENCE_KIND_MANUAL: DivergenceKind
DIVERGENCE_KIND_CLOSED_BY_BROKER: DivergenceKind
DIVERGENCE_KIND_PARTIAL: DivergenceKind
DIVERGENCE_KIND_REVERSED: DivergenceKind
DIVERGENCE_KIND_ORPHAN: DivergenceKind
DIVERGENCE_KIND_UNKNOWN_DEAL: DivergenceKind
DIVERGENCE_KIND_STATEMENT: DivergenceKind
DIVERGENCE_STATE_UNSPECIFIED: DivergenceState
DIVERGENCE_STATE_OPEN: DivergenceState
DIVERGENCE_STATE_ADOPTED: DivergenceState
DIVERGENCE_STATE_IGNORED: DivergenceState
DIVERGENCE_STATE_CLOSED: DivergenceState
DIVERGENCE_STATE_ESCALATED: DivergenceState
DIVERGENCE_ACTION_UNSPECIFIED: DivergenceAction
DIVERGENCE_ACTION_ADOPT: DivergenceAction
DIVERGENCE_ACTION_IGNORE: DivergenceAction
DIVERGENCE_ACTION_CLOSE: DivergenceAction
DIVERGENCE_ACTION_ESCALATE: DivergenceAction
BREAKER_STATE_UNSPECIFIED: BreakerState
BREAKER_STATE_CLOSED: BreakerState
BREAKER_STATE_OPEN: BreakerState
BREAKER_STATE_HALF_OPEN: BreakerState

class Divergence(_message.Message):
    __slots__ = ("divergence_id", "account_id", "kind", "state", "command_id", "position_id", "deal_ticket", "expected_json", "actual_json", "create_time", "end_time", "reason", "closing_time")
    DIVERGENCE_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    DEAL_TICKET_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_JSON_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_JSON_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CLOSING_TIME_FIELD_NUMBER: _ClassVar[int]
    divergence_id: str
    account_id: str
    kind: DivergenceKind
    state: DivergenceState
    command_id: str
    position_id: int
    deal_ticket: int
    expected_json: str
    actual_json: str
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    reason: str
    closing_time: _timestamp_pb2.Timestamp
    def __init__(self, divergence_id: _Optional[str] = ..., account_id: _Optional[str] = ..., kind: _Optional[_Union[DivergenceKind, str]] = ..., state: _Optional[_Union[DivergenceState, str]] = ..., command_id: _Optional[str] = ..., position_id: _Optional[int] = ..., deal_ticket: _Optional[int] = ..., expected_json: _Optional[str] = ..., actual_json: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., closing_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReconciliationRun(_message.Message):
    __slots__ = ("run_id", "account_id", "start_time", "end_time", "matched", "diverged", "failure_reason")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MATCHED_FIELD_NUMBER: _ClassVar[int]
    DIVERGED_FIELD_NUMBER: _ClassVar[int]
    FAILURE_REASON_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    account_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    matched: int
    diverged: int
    failure_reason: str
    def __init__(self, run_id: _Optional[str] = ..., account_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., matched: _Optional[int] = ..., diverged: _Optional[int] = ..., failure_reason: _Optional[str] = ...) -> None: ...

class ReconciliationStatus(_message.Message):
    __slots__ = ("account_id", "last_run", "open_divergences", "breaker", "snapshot_time", "statement_difference")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_RUN_FIELD_NUMBER: _ClassVar[int]
    OPEN_DIVERGENCES_FIELD_NUMBER: _ClassVar[int]
    BREAKER_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_TIME_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    last_run: ReconciliationRun
    open_divergences: int
    breaker: BreakerState
    snapshot_time: _timestamp_pb2.Timestamp
    statement_difference: str
    def __init__(self, account_id: _Optional[str] = ..., last_run: _Optional[_Union[ReconciliationRun, _Mapping]] = ..., open_divergences: _Optional[int] = ..., breaker: _Optional[_Union[BreakerState, str]] = ..., snapshot_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., statement_difference: _Optional[str] = ...) -> None: ...

class StoredSnapshot(_message.Message):
    __slots__ = ("account_id", "event_time", "receive_time", "snapshot", "stale", "currency")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    event_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    snapshot: _execution_pb2.AccountSnapshot
    stale: bool
    currency: str
    def __init__(self, account_id: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., snapshot: _Optional[_Union[_execution_pb2.AccountSnapshot, _Mapping]] = ..., stale: _Optional[bool] = ..., currency: _Optional[str] = ...) -> None: ...

class PositionsDelta(_message.Message):
    __slots__ = ("account_id", "event_time", "receive_time", "delta", "stale")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    event_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    delta: _execution_pb2.AccountDelta
    stale: bool
    def __init__(self, account_id: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delta: _Optional[_Union[_execution_pb2.AccountDelta, _Mapping]] = ..., stale: _Optional[bool] = ...) -> None: ...

class StartReconciliationRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    def __init__(self, account_id: _Optional[str] = ...) -> None: ...

class StartReconciliationResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: ReconciliationRun
    def __init__(self, run: _Optional[_Union[ReconciliationRun, _Mapping]] = ...) -> None: ...

class GetReconciliationRequest(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class GetReconciliationResponse(_message.Message):
    __slots__ = ("accounts",)
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[ReconciliationStatus]
    def __init__(self, accounts: _Optional[_Iterable[_Union[ReconciliationStatus, _Mapping]]] = ...) -> None: ...

class ListDivergencesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "account_id", "states")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    account_id: str
    states: _containers.RepeatedScalarFieldContainer[DivergenceState]
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., account_id: _Optional[str] = ..., states: _Optional[_Iterable[_Union[DivergenceState, str]]] = ...) -> None: ...

class ListDivergencesResponse(_message.Message):
    __slots__ = ("divergences", "next_page_token")
    DIVERGENCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    divergences: _containers.RepeatedCompositeFieldContainer[Divergence]
    next_page_token: str
    def __init__(self, divergences: _Optional[_Iterable[_Union[Divergence, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetDivergenceRequest(_message.Message):
    __slots__ = ("divergence_id",)
    DIVERGENCE_ID_FIELD_NUMBER: _ClassVar[int]
    divergence_id: str
    def __init__(self, divergence_id: _Optional[str] = ...) -> None: ...

class GetDivergenceResponse(_message.Message):
    __slots__ = ("divergence",)
    DIVERGENCE_FIELD_NUMBER: _ClassVar[int]
    divergence: Divergence
    def __init__(self, divergence: _Optional[_Union[Divergence, _Mapping]] = ...) -> None: ...

class ResolveDivergenceRequest(_message.Message):
    __slots__ = ("divergence_id", "action", "reason")
    DIVERGENCE_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    divergence_id: str
    action: DivergenceAction
    reason: str
    def __init__(self, divergence_id: _Optional[str] = ..., action: _Optional[_Union[DivergenceAction, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class ResolveDivergenceResponse(_message.Message):
    __slots__ = ("divergence",)
    DIVERGENCE_FIELD_NUMBER: _ClassVar[int]
    divergence: Divergence
    def __init__(self, divergence: _Optional[_Union[Divergence, _Mapping]] = ...) -> None: ...

class DivergenceRule(_message.Message):
    __slots__ = ("kind", "action")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    kind: DivergenceKind
    action: DivergenceAction
    def __init__(self, kind: _Optional[_Union[DivergenceKind, str]] = ..., action: _Optional[_Union[DivergenceAction, str]] = ...) -> None: ...

class PutReconciliationPolicyRequest(_message.Message):
    __slots__ = ("account_id", "rules")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    rules: _containers.RepeatedCompositeFieldContainer[DivergenceRule]
    def __init__(self, account_id: _Optional[str] = ..., rules: _Optional[_Iterable[_Union[DivergenceRule, _Mapping]]] = ...) -> None: ...

class PutReconciliationPolicyResponse(_message.Message):
    __slots__ = ("rules",)
    RULES_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[DivergenceRule]
    def __init__(self, rules: _Optional[_Iterable[_Union[DivergenceRule, _Mapping]]] = ...) -> None: ...

class GetReconciliationPolicyRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    def __init__(self, account_id: _Optional[str] = ...) -> None: ...

class GetReconciliationPolicyResponse(_message.Message):
    __slots__ = ("rules",)
    RULES_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[DivergenceRule]
    def __init__(self, rules: _Optional[_Iterable[_Union[DivergenceRule, _Mapping]]] = ...) -> None: ...

class ListReconciliationRunsRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    page_size: int
    page_token: str
    def __init__(self, account_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListReconciliationRunsResponse(_message.Message):
    __slots__ = ("runs", "next_page_token")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[ReconciliationRun]
    next_page_token: str
    def __init__(self, runs: _Optional[_Iterable[_Union[ReconciliationRun, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListSnapshotsRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    page_size: int
    page_token: str
    def __init__(self, account_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSnapshotsResponse(_message.Message):
    __slots__ = ("snapshots", "next_page_token")
    SNAPSHOTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    snapshots: _containers.RepeatedCompositeFieldContainer[StoredSnapshot]
    next_page_token: str
    def __init__(self, snapshots: _Optional[_Iterable[_Union[StoredSnapshot, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListPositionsRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    def __init__(self, account_id: _Optional[str] = ...) -> None: ...

class ListPositionsResponse(_message.Message):
    __slots__ = ("accounts", "server_time")
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[StoredSnapshot]
    server_time: _timestamp_pb2.Timestamp
    def __init__(self, accounts: _Optional[_Iterable[_Union[StoredSnapshot, _Mapping]]] = ..., server_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FollowPositionsRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    def __init__(self, account_id: _Optional[str] = ...) -> None: ...
