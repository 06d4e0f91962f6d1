import datetime

from buf.validate import validate_pb2 as _validate_pb2
from countersign.v1 import approvals_pb2 as _approvals_pb2
from countersign.v1 import rules_pb2 as _rules_pb2
from countersign.v1 import values_pb2 as _values_pb2
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

class GuardAct(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GUARD_ACT_UNSPECIFIED: _ClassVar[GuardAct]
    GUARD_ACT_WARNED: _ClassVar[GuardAct]
    GUARD_ACT_WARNING_LIFTED: _ClassVar[GuardAct]
    GUARD_ACT_CLOSING_ANNOUNCED: _ClassVar[GuardAct]
    GUARD_ACT_CLOSING_DISMISSED: _ClassVar[GuardAct]
    GUARD_ACT_CLOSING_CALLED_OFF: _ClassVar[GuardAct]
    GUARD_ACT_LATCHED: _ClassVar[GuardAct]
    GUARD_ACT_FLATTENING: _ClassVar[GuardAct]
    GUARD_ACT_FLATTENED: _ClassVar[GuardAct]

class GuardSide(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GUARD_SIDE_UNSPECIFIED: _ClassVar[GuardSide]
    GUARD_SIDE_SERVER: _ClassVar[GuardSide]
    GUARD_SIDE_BRIDGE: _ClassVar[GuardSide]

class GuardCloseState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GUARD_CLOSE_STATE_UNSPECIFIED: _ClassVar[GuardCloseState]
    GUARD_CLOSE_STATE_UNDER_WAY: _ClassVar[GuardCloseState]
    GUARD_CLOSE_STATE_DONE: _ClassVar[GuardCloseState]
    GUARD_CLOSE_STATE_PARTIAL: _ClassVar[GuardCloseState]
    GUARD_CLOSE_STATE_FAILED: _ClassVar[GuardCloseState]
    GUARD_CLOSE_STATE_IN_DOUBT: _ClassVar[GuardCloseState]
GUARD_ACT_UNSPECIFIED: GuardAct
GUARD_ACT_WARNED: GuardAct
GUARD_ACT_WARNING_LIFTED: GuardAct
GUARD_ACT_CLOSING_ANNOUNCED: GuardAct
GUARD_ACT_CLOSING_DISMISSED: GuardAct
GUARD_ACT_CLOSING_CALLED_OFF: GuardAct
GUARD_ACT_LATCHED: GuardAct
GUARD_ACT_FLATTENING: GuardAct
GUARD_ACT_FLATTENED: GuardAct
GUARD_SIDE_UNSPECIFIED: GuardSide
GUARD_SIDE_SERVER: GuardSide
GUARD_SIDE_BRIDGE: GuardSide
GUARD_CLOSE_STATE_UNSPECIFIED: GuardCloseState
GUARD_CLOSE_STATE_UNDER_WAY: GuardCloseState
GUARD_CLOSE_STATE_DONE: GuardCloseState
GUARD_CLOSE_STATE_PARTIAL: GuardCloseState
GUARD_CLOSE_STATE_FAILED: GuardCloseState
GUARD_CLOSE_STATE_IN_DOUBT: GuardCloseState

class GuardLatch(_message.Message):
    __slots__ = ("state", "cause", "reason", "by", "since_time", "resets", "called_off")
    STATE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    RESETS_FIELD_NUMBER: _ClassVar[int]
    CALLED_OFF_FIELD_NUMBER: _ClassVar[int]
    state: _values_pb2.TradingState
    cause: str
    reason: str
    by: str
    since_time: _timestamp_pb2.Timestamp
    resets: int
    called_off: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, state: _Optional[_Union[_values_pb2.TradingState, str]] = ..., cause: _Optional[str] = ..., reason: _Optional[str] = ..., by: _Optional[str] = ..., since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resets: _Optional[int] = ..., called_off: _Optional[_Iterable[str]] = ...) -> None: ...

class GuardStanding(_message.Message):
    __slots__ = ("rule_id", "value", "reference", "floor", "headroom", "share", "warned")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    HEADROOM_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    WARNED_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    value: str
    reference: str
    floor: str
    headroom: str
    share: str
    warned: bool
    def __init__(self, rule_id: _Optional[str] = ..., value: _Optional[str] = ..., reference: _Optional[str] = ..., floor: _Optional[str] = ..., headroom: _Optional[str] = ..., share: _Optional[str] = ..., warned: _Optional[bool] = ...) -> None: ...

class GuardCountdown(_message.Message):
    __slots__ = ("rule_id", "announce_time", "close_time", "evidence")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCE_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    announce_time: _timestamp_pb2.Timestamp
    close_time: _timestamp_pb2.Timestamp
    evidence: GuardStanding
    def __init__(self, rule_id: _Optional[str] = ..., announce_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Union[GuardStanding, _Mapping]] = ...) -> None: ...

class Guard(_message.Message):
    __slots__ = ("guard_id", "account_id", "state", "latch", "standings", "countdown", "policy_version", "policy_digest", "currency", "view_time", "stale", "kill_switches", "closings", "server_time")
    GUARD_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LATCH_FIELD_NUMBER: _ClassVar[int]
    STANDINGS_FIELD_NUMBER: _ClassVar[int]
    COUNTDOWN_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    POLICY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    VIEW_TIME_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    KILL_SWITCHES_FIELD_NUMBER: _ClassVar[int]
    CLOSINGS_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    guard_id: str
    account_id: str
    state: _values_pb2.TradingState
    latch: GuardLatch
    standings: _containers.RepeatedCompositeFieldContainer[GuardStanding]
    countdown: GuardCountdown
    policy_version: int
    policy_digest: str
    currency: str
    view_time: _timestamp_pb2.Timestamp
    stale: bool
    kill_switches: _containers.RepeatedCompositeFieldContainer[KillSwitch]
    closings: _containers.RepeatedCompositeFieldContainer[GuardClosing]
    server_time: _timestamp_pb2.Timestamp
    def __init__(self, guard_id: _Optional[str] = ..., account_id: _Optional[str] = ..., state: _Optional[_Union[_values_pb2.TradingState, str]] = ..., latch: _Optional[_Union[GuardLatch, _Mapping]] = ..., standings: _Optional[_Iterable[_Union[GuardStanding, _Mapping]]] = ..., countdown: _Optional[_Union[GuardCountdown, _Mapping]] = ..., policy_version: _Optional[int] = ..., policy_digest: _Optional[str] = ..., currency: _Optional[str] = ..., view_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stale: _Optional[bool] = ..., kill_switches: _Optional[_Iterable[_Union[KillSwitch, _Mapping]]] = ..., closings: _Optional[_Iterable[_Union[GuardClosing, _Mapping]]] = ..., server_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GuardClosing(_message.Message):
    __slots__ = ("closing_id", "account_id", "cause", "side", "command_id", "position_id", "order_ticket", "symbol", "position_side", "volume", "state", "reason", "filled_volume", "profit", "create_time", "update_time")
    CLOSING_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_TICKET_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    POSITION_SIDE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    FILLED_VOLUME_FIELD_NUMBER: _ClassVar[int]
    PROFIT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    closing_id: str
    account_id: str
    cause: str
    side: GuardSide
    command_id: str
    position_id: int
    order_ticket: int
    symbol: str
    position_side: _values_pb2.Side
    volume: str
    state: GuardCloseState
    reason: str
    filled_volume: str
    profit: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, closing_id: _Optional[str] = ..., account_id: _Optional[str] = ..., cause: _Optional[str] = ..., side: _Optional[_Union[GuardSide, str]] = ..., command_id: _Optional[str] = ..., position_id: _Optional[int] = ..., order_ticket: _Optional[int] = ..., symbol: _Optional[str] = ..., position_side: _Optional[_Union[_values_pb2.Side, str]] = ..., volume: _Optional[str] = ..., state: _Optional[_Union[GuardCloseState, str]] = ..., reason: _Optional[str] = ..., filled_volume: _Optional[str] = ..., profit: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GuardPolicy(_message.Message):
    __slots__ = ("account_id", "version", "text", "digest", "statement", "owner_signature", "create_time", "actor", "next_statement_head")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    OWNER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    NEXT_STATEMENT_HEAD_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    version: int
    text: str
    digest: str
    statement: str
    owner_signature: _approvals_pb2.OwnerSignature
    create_time: _timestamp_pb2.Timestamp
    actor: str
    next_statement_head: str
    def __init__(self, account_id: _Optional[str] = ..., version: _Optional[int] = ..., text: _Optional[str] = ..., digest: _Optional[str] = ..., statement: _Optional[str] = ..., owner_signature: _Optional[_Union[_approvals_pb2.OwnerSignature, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., next_statement_head: _Optional[str] = ...) -> None: ...

class GuardPreset(_message.Message):
    __slots__ = ("name", "title", "source", "read_on", "rule", "losses_json")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    READ_ON_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    LOSSES_JSON_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    source: str
    read_on: str
    rule: str
    losses_json: str
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., source: _Optional[str] = ..., read_on: _Optional[str] = ..., rule: _Optional[str] = ..., losses_json: _Optional[str] = ...) -> None: ...

class KillSwitch(_message.Message):
    __slots__ = ("kill_switch_id", "producer_id", "state", "reason", "actor", "create_time")
    KILL_SWITCH_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    kill_switch_id: str
    producer_id: str
    state: _values_pb2.TradingState
    reason: str
    actor: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, kill_switch_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., state: _Optional[_Union[_values_pb2.TradingState, str]] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GuardEvent(_message.Message):
    __slots__ = ("event_id", "account_id", "act", "side", "rule_id", "standing", "latch", "close_time", "evidence_json", "policy_version", "event_time", "receive_time")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    ACT_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    STANDING_FIELD_NUMBER: _ClassVar[int]
    LATCH_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_JSON_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    account_id: str
    act: GuardAct
    side: GuardSide
    rule_id: str
    standing: GuardStanding
    latch: GuardLatch
    close_time: _timestamp_pb2.Timestamp
    evidence_json: str
    policy_version: int
    event_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    def __init__(self, event_id: _Optional[str] = ..., account_id: _Optional[str] = ..., act: _Optional[_Union[GuardAct, str]] = ..., side: _Optional[_Union[GuardSide, str]] = ..., rule_id: _Optional[str] = ..., standing: _Optional[_Union[GuardStanding, _Mapping]] = ..., latch: _Optional[_Union[GuardLatch, _Mapping]] = ..., close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence_json: _Optional[str] = ..., policy_version: _Optional[int] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DrawdownAlert(_message.Message):
    __slots__ = ("alert_id", "account_id", "cause", "resets", "side", "evidence", "create_time", "end_time", "closings", "result")
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    RESETS_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSINGS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    alert_id: str
    account_id: str
    cause: str
    resets: int
    side: GuardSide
    evidence: GuardStanding
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    closings: _containers.RepeatedCompositeFieldContainer[GuardClosing]
    result: _values_pb2.Money
    def __init__(self, alert_id: _Optional[str] = ..., account_id: _Optional[str] = ..., cause: _Optional[str] = ..., resets: _Optional[int] = ..., side: _Optional[_Union[GuardSide, str]] = ..., evidence: _Optional[_Union[GuardStanding, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closings: _Optional[_Iterable[_Union[GuardClosing, _Mapping]]] = ..., result: _Optional[_Union[_values_pb2.Money, _Mapping]] = ...) -> None: ...

class GetGuardsRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    page_size: int
    page_token: str
    def __init__(self, account_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetGuardsResponse(_message.Message):
    __slots__ = ("guards", "next_page_token")
    GUARDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    guards: _containers.RepeatedCompositeFieldContainer[Guard]
    next_page_token: str
    def __init__(self, guards: _Optional[_Iterable[_Union[Guard, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class FollowGuardsRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    def __init__(self, account_id: _Optional[str] = ...) -> None: ...

class GetGuardPolicyRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    def __init__(self, account_id: _Optional[str] = ...) -> None: ...

class GetGuardPolicyResponse(_message.Message):
    __slots__ = ("policy",)
    POLICY_FIELD_NUMBER: _ClassVar[int]
    policy: GuardPolicy
    def __init__(self, policy: _Optional[_Union[GuardPolicy, _Mapping]] = ...) -> None: ...

class PutGuardPolicyRequest(_message.Message):
    __slots__ = ("account_id", "text", "version", "owner_signature")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OWNER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    text: str
    version: int
    owner_signature: _approvals_pb2.OwnerSignature
    def __init__(self, account_id: _Optional[str] = ..., text: _Optional[str] = ..., version: _Optional[int] = ..., owner_signature: _Optional[_Union[_approvals_pb2.OwnerSignature, _Mapping]] = ...) -> None: ...

class PutGuardPolicyResponse(_message.Message):
    __slots__ = ("policy",)
    POLICY_FIELD_NUMBER: _ClassVar[int]
    policy: GuardPolicy
    def __init__(self, policy: _Optional[_Union[GuardPolicy, _Mapping]] = ...) -> None: ...

class ListGuardPresetsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListGuardPresetsResponse(_message.Message):
    __slots__ = ("presets",)
    PRESETS_FIELD_NUMBER: _ClassVar[int]
    presets: _containers.RepeatedCompositeFieldContainer[GuardPreset]
    def __init__(self, presets: _Optional[_Iterable[_Union[GuardPreset, _Mapping]]] = ...) -> None: ...

class ResetGuardRequest(_message.Message):
    __slots__ = ("guard_id", "reason", "resets", "accept_loss")
    GUARD_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RESETS_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_LOSS_FIELD_NUMBER: _ClassVar[int]
    guard_id: str
    reason: str
    resets: int
    accept_loss: bool
    def __init__(self, guard_id: _Optional[str] = ..., reason: _Optional[str] = ..., resets: _Optional[int] = ..., accept_loss: _Optional[bool] = ...) -> None: ...

class ResetGuardResponse(_message.Message):
    __slots__ = ("guard",)
    GUARD_FIELD_NUMBER: _ClassVar[int]
    guard: Guard
    def __init__(self, guard: _Optional[_Union[Guard, _Mapping]] = ...) -> None: ...

class CallOffClosingRequest(_message.Message):
    __slots__ = ("guard_id", "reason")
    GUARD_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    guard_id: str
    reason: str
    def __init__(self, guard_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class CallOffClosingResponse(_message.Message):
    __slots__ = ("guard",)
    GUARD_FIELD_NUMBER: _ClassVar[int]
    guard: Guard
    def __init__(self, guard: _Optional[_Union[Guard, _Mapping]] = ...) -> None: ...

class PullKillSwitchRequest(_message.Message):
    __slots__ = ("account_id", "producer_id", "everything", "state", "reason")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    EVERYTHING_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    producer_id: str
    everything: bool
    state: _values_pb2.TradingState
    reason: str
    def __init__(self, account_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., everything: _Optional[bool] = ..., state: _Optional[_Union[_values_pb2.TradingState, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class PullKillSwitchResponse(_message.Message):
    __slots__ = ("accounts", "kill_switch")
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    KILL_SWITCH_FIELD_NUMBER: _ClassVar[int]
    accounts: int
    kill_switch: KillSwitch
    def __init__(self, accounts: _Optional[int] = ..., kill_switch: _Optional[_Union[KillSwitch, _Mapping]] = ...) -> None: ...

class ListKillSwitchesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListKillSwitchesResponse(_message.Message):
    __slots__ = ("kill_switches",)
    KILL_SWITCHES_FIELD_NUMBER: _ClassVar[int]
    kill_switches: _containers.RepeatedCompositeFieldContainer[KillSwitch]
    def __init__(self, kill_switches: _Optional[_Iterable[_Union[KillSwitch, _Mapping]]] = ...) -> None: ...

class ReleaseKillSwitchRequest(_message.Message):
    __slots__ = ("kill_switch_id", "reason")
    KILL_SWITCH_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    kill_switch_id: str
    reason: str
    def __init__(self, kill_switch_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ReleaseKillSwitchResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListGuardEventsRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    page_size: int
    page_token: str
    def __init__(self, account_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListGuardEventsResponse(_message.Message):
    __slots__ = ("events", "next_page_token")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[GuardEvent]
    next_page_token: str
    def __init__(self, events: _Optional[_Iterable[_Union[GuardEvent, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListDrawdownAlertsRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    page_size: int
    page_token: str
    def __init__(self, account_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDrawdownAlertsResponse(_message.Message):
    __slots__ = ("alerts", "next_page_token")
    ALERTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    alerts: _containers.RepeatedCompositeFieldContainer[DrawdownAlert]
    next_page_token: str
    def __init__(self, alerts: _Optional[_Iterable[_Union[DrawdownAlert, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
