import datetime

from buf.validate import validate_pb2 as _validate_pb2
from countersign.v1 import notifications_pb2 as _notifications_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TelegramChat(_message.Message):
    __slots__ = ("chat_id", "display_name", "topics", "level_min", "mute_end_time", "create_time", "remove_time", "paused_reason")
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_MIN_FIELD_NUMBER: _ClassVar[int]
    MUTE_END_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REMOVE_TIME_FIELD_NUMBER: _ClassVar[int]
    PAUSED_REASON_FIELD_NUMBER: _ClassVar[int]
    chat_id: str
    display_name: str
    topics: _containers.RepeatedScalarFieldContainer[_notifications_pb2.EventTopic]
    level_min: _notifications_pb2.NotificationLevel
    mute_end_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    remove_time: _timestamp_pb2.Timestamp
    paused_reason: str
    def __init__(self, chat_id: _Optional[str] = ..., display_name: _Optional[str] = ..., topics: _Optional[_Iterable[_Union[_notifications_pb2.EventTopic, str]]] = ..., level_min: _Optional[_Union[_notifications_pb2.NotificationLevel, str]] = ..., mute_end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., remove_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., paused_reason: _Optional[str] = ...) -> None: ...

class CreateTelegramPairingRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CreateTelegramPairingResponse(_message.Message):
    __slots__ = ("link", "code", "expire_time")
    LINK_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    link: str
    code: str
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, link: _Optional[str] = ..., code: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListTelegramChatsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTelegramChatsResponse(_message.Message):
    __slots__ = ("chats", "next_page_token")
    CHATS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    chats: _containers.RepeatedCompositeFieldContainer[TelegramChat]
    next_page_token: str
    def __init__(self, chats: _Optional[_Iterable[_Union[TelegramChat, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateTelegramChatRequest(_message.Message):
    __slots__ = ("chat", "update_mask", "clear_mask")
    CHAT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    CLEAR_MASK_FIELD_NUMBER: _ClassVar[int]
    chat: TelegramChat
    update_mask: _field_mask_pb2.FieldMask
    clear_mask: _field_mask_pb2.FieldMask
    def __init__(self, chat: _Optional[_Union[TelegramChat, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., clear_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateTelegramChatResponse(_message.Message):
    __slots__ = ("chat",)
    CHAT_FIELD_NUMBER: _ClassVar[int]
    chat: TelegramChat
    def __init__(self, chat: _Optional[_Union[TelegramChat, _Mapping]] = ...) -> None: ...

class RemoveTelegramChatRequest(_message.Message):
    __slots__ = ("chat_id",)
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    chat_id: str
    def __init__(self, chat_id: _Optional[str] = ...) -> None: ...

class RemoveTelegramChatResponse(_message.Message):
    __slots__ = ("chat",)
    CHAT_FIELD_NUMBER: _ClassVar[int]
    chat: TelegramChat
    def __init__(self, chat: _Optional[_Union[TelegramChat, _Mapping]] = ...) -> None: ...

class ReceiveTelegramUpdateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
