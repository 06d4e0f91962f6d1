import datetime

from buf.validate import validate_pb2 as _validate_pb2
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

class EventTopic(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_TOPIC_UNSPECIFIED: _ClassVar[EventTopic]
    EVENT_TOPIC_SIGNAL: _ClassVar[EventTopic]
    EVENT_TOPIC_APPROVAL: _ClassVar[EventTopic]
    EVENT_TOPIC_COMMAND: _ClassVar[EventTopic]
    EVENT_TOPIC_DEAL: _ClassVar[EventTopic]
    EVENT_TOPIC_GUARD: _ClassVar[EventTopic]
    EVENT_TOPIC_DIVERGENCE: _ClassVar[EventTopic]
    EVENT_TOPIC_PAYOUT: _ClassVar[EventTopic]
    EVENT_TOPIC_DEVICE: _ClassVar[EventTopic]
    EVENT_TOPIC_SECURITY: _ClassVar[EventTopic]
    EVENT_TOPIC_TEST: _ClassVar[EventTopic]

class NotificationLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTIFICATION_LEVEL_UNSPECIFIED: _ClassVar[NotificationLevel]
    NOTIFICATION_LEVEL_INFO: _ClassVar[NotificationLevel]
    NOTIFICATION_LEVEL_WARNING: _ClassVar[NotificationLevel]
    NOTIFICATION_LEVEL_CRITICAL: _ClassVar[NotificationLevel]

class NotificationChannel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTIFICATION_CHANNEL_UNSPECIFIED: _ClassVar[NotificationChannel]
    NOTIFICATION_CHANNEL_WEBHOOK: _ClassVar[NotificationChannel]
    NOTIFICATION_CHANNEL_TELEGRAM: _ClassVar[NotificationChannel]

class NotificationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTIFICATION_STATE_UNSPECIFIED: _ClassVar[NotificationState]
    NOTIFICATION_STATE_WAITING: _ClassVar[NotificationState]
    NOTIFICATION_STATE_DELIVERED: _ClassVar[NotificationState]
    NOTIFICATION_STATE_DEAD: _ClassVar[NotificationState]
EVENT_TOPIC_UNSPECIFIED: EventTopic
EVENT_TOPIC_SIGNAL: EventTopic
EVENT_TOPIC_APPROVAL: EventTopic
EVENT_TOPIC_COMMAND: EventTopic
EVENT_TOPIC_DEAL: EventTopic
EVENT_TOPIC_GUARD: EventTopic
EVENT_TOPIC_DIVERGENCE: EventTopic
EVENT_TOPIC_PAYOUT: EventTopic
EVENT_TOPIC_DEVICE: EventTopic
EVENT_TOPIC_SECURITY: EventTopic
EVENT_TOPIC_TEST: EventTopic
NOTIFICATION_LEVEL_UNSPECIFIED: NotificationLevel
NOTIFICATION_LEVEL_INFO: NotificationLevel
NOTIFICATION_LEVEL_WARNING: NotificationLevel
NOTIFICATION_LEVEL_CRITICAL: NotificationLevel
NOTIFICATION_CHANNEL_UNSPECIFIED: NotificationChannel
NOTIFICATION_CHANNEL_WEBHOOK: NotificationChannel
NOTIFICATION_CHANNEL_TELEGRAM: NotificationChannel
NOTIFICATION_STATE_UNSPECIFIED: NotificationState
NOTIFICATION_STATE_WAITING: NotificationState
NOTIFICATION_STATE_DELIVERED: NotificationState
NOTIFICATION_STATE_DEAD: NotificationState

class Notification(_message.Message):
    __slots__ = ("notification_id", "destination_id", "channel", "event_sequence", "event_kind", "topic", "level", "account_id", "signal_id", "state", "create_time", "end_time", "attempts", "failure", "body_json")
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    EVENT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_KIND_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    BODY_JSON_FIELD_NUMBER: _ClassVar[int]
    notification_id: str
    destination_id: str
    channel: NotificationChannel
    event_sequence: int
    event_kind: str
    topic: EventTopic
    level: NotificationLevel
    account_id: str
    signal_id: str
    state: NotificationState
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    attempts: int
    failure: str
    body_json: str
    def __init__(self, notification_id: _Optional[str] = ..., destination_id: _Optional[str] = ..., channel: _Optional[_Union[NotificationChannel, str]] = ..., event_sequence: _Optional[int] = ..., event_kind: _Optional[str] = ..., topic: _Optional[_Union[EventTopic, str]] = ..., level: _Optional[_Union[NotificationLevel, str]] = ..., account_id: _Optional[str] = ..., signal_id: _Optional[str] = ..., state: _Optional[_Union[NotificationState, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempts: _Optional[int] = ..., failure: _Optional[str] = ..., body_json: _Optional[str] = ...) -> None: ...

class DeliveryAttempt(_message.Message):
    __slots__ = ("number", "attempt_time", "duration", "outcome", "status", "detail")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_TIME_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    number: int
    attempt_time: _timestamp_pb2.Timestamp
    duration: _duration_pb2.Duration
    outcome: str
    status: int
    detail: str
    def __init__(self, number: _Optional[int] = ..., attempt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., outcome: _Optional[str] = ..., status: _Optional[int] = ..., detail: _Optional[str] = ...) -> None: ...

class ListNotificationsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "destination_id", "states", "start_time", "end_time")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    destination_id: str
    states: _containers.RepeatedScalarFieldContainer[NotificationState]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., destination_id: _Optional[str] = ..., states: _Optional[_Iterable[_Union[NotificationState, str]]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListNotificationsResponse(_message.Message):
    __slots__ = ("notifications", "next_page_token")
    NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    notifications: _containers.RepeatedCompositeFieldContainer[Notification]
    next_page_token: str
    def __init__(self, notifications: _Optional[_Iterable[_Union[Notification, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetNotificationRequest(_message.Message):
    __slots__ = ("notification_id",)
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    notification_id: str
    def __init__(self, notification_id: _Optional[str] = ...) -> None: ...

class GetNotificationResponse(_message.Message):
    __slots__ = ("notification", "attempts")
    NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    notification: Notification
    attempts: _containers.RepeatedCompositeFieldContainer[DeliveryAttempt]
    def __init__(self, notification: _Optional[_Union[Notification, _Mapping]] = ..., attempts: _Optional[_Iterable[_Union[DeliveryAttempt, _Mapping]]] = ...) -> None: ...

class ReplayNotificationsRequest(_message.Message):
    __slots__ = ("destination_id", "start_time", "end_time", "dead_only")
    DESTINATION_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    DEAD_ONLY_FIELD_NUMBER: _ClassVar[int]
    destination_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    dead_only: bool
    def __init__(self, destination_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., dead_only: _Optional[bool] = ...) -> None: ...

class ReplayNotificationsResponse(_message.Message):
    __slots__ = ("count", "more")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    count: int
    more: bool
    def __init__(self, count: _Optional[int] = ..., more: _Optional[bool] = ...) -> None: ...
