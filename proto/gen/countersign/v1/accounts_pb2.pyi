import datetime

from buf.validate import validate_pb2 as _validate_pb2
from countersign.v1 import rules_pb2 as _rules_pb2
from countersign.v1 import signals_pb2 as _signals_pb2
from countersign.v1 import values_pb2 as _values_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ApprovalMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPROVAL_MODE_UNSPECIFIED: _ClassVar[ApprovalMode]
    APPROVAL_MODE_MANUAL: _ClassVar[ApprovalMode]
    APPROVAL_MODE_AUTOMATIC_WITHIN_LIMITS: _ClassVar[ApprovalMode]
    APPROVAL_MODE_AUTOMATIC_OUTSIDE_QUIET_HOURS: _ClassVar[ApprovalMode]
APPROVAL_MODE_UNSPECIFIED: ApprovalMode
APPROVAL_MODE_MANUAL: ApprovalMode
APPROVAL_MODE_AUTOMATIC_WITHIN_LIMITS: ApprovalMode
APPROVAL_MODE_AUTOMATIC_OUTSIDE_QUIET_HOURS: ApprovalMode

class Account(_message.Message):
    __slots__ = ("account_id", "owner_id", "name", "fingerprint", "broker", "trading_state", "trading_state_cause", "trading_state_time", "limits", "create_time", "demo", "owner_signature_required")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    BROKER_FIELD_NUMBER: _ClassVar[int]
    TRADING_STATE_FIELD_NUMBER: _ClassVar[int]
    TRADING_STATE_CAUSE_FIELD_NUMBER: _ClassVar[int]
    TRADING_STATE_TIME_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DEMO_FIELD_NUMBER: _ClassVar[int]
    OWNER_SIGNATURE_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    owner_id: str
    name: str
    fingerprint: _values_pb2.AccountFingerprint
    broker: str
    trading_state: _values_pb2.TradingState
    trading_state_cause: str
    trading_state_time: _timestamp_pb2.Timestamp
    limits: AccountLimits
    create_time: _timestamp_pb2.Timestamp
    demo: bool
    owner_signature_required: bool
    def __init__(self, account_id: _Optional[str] = ..., owner_id: _Optional[str] = ..., name: _Optional[str] = ..., fingerprint: _Optional[_Union[_values_pb2.AccountFingerprint, _Mapping]] = ..., broker: _Optional[str] = ..., trading_state: _Optional[_Union[_values_pb2.TradingState, str]] = ..., trading_state_cause: _Optional[str] = ..., trading_state_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., limits: _Optional[_Union[AccountLimits, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., demo: _Optional[bool] = ..., owner_signature_required: _Optional[bool] = ...) -> None: ...

class AccountLimits(_message.Message):
    __slots__ = ("max_volume", "max_open_positions", "max_commands_per_minute", "max_orders_per_second", "max_identical_orders_per_minute")
    MAX_VOLUME_FIELD_NUMBER: _ClassVar[int]
    MAX_OPEN_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_COMMANDS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    MAX_ORDERS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    MAX_IDENTICAL_ORDERS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    max_volume: str
    max_open_positions: int
    max_commands_per_minute: int
    max_orders_per_second: int
    max_identical_orders_per_minute: int
    def __init__(self, max_volume: _Optional[str] = ..., max_open_positions: _Optional[int] = ..., max_commands_per_minute: _Optional[int] = ..., max_orders_per_second: _Optional[int] = ..., max_identical_orders_per_minute: _Optional[int] = ...) -> None: ...

class OwnerLimits(_message.Message):
    __slots__ = ("max_orders_per_second", "max_orders_per_minute", "max_lots", "max_positions", "max_daily_losses")
    MAX_ORDERS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    MAX_ORDERS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    MAX_LOTS_FIELD_NUMBER: _ClassVar[int]
    MAX_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_DAILY_LOSSES_FIELD_NUMBER: _ClassVar[int]
    max_orders_per_second: int
    max_orders_per_minute: int
    max_lots: str
    max_positions: int
    max_daily_losses: _containers.RepeatedCompositeFieldContainer[_values_pb2.Money]
    def __init__(self, max_orders_per_second: _Optional[int] = ..., max_orders_per_minute: _Optional[int] = ..., max_lots: _Optional[str] = ..., max_positions: _Optional[int] = ..., max_daily_losses: _Optional[_Iterable[_Union[_values_pb2.Money, _Mapping]]] = ...) -> None: ...

class ProducerLimits(_message.Message):
    __slots__ = ("max_openings_per_minute",)
    MAX_OPENINGS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    max_openings_per_minute: int
    def __init__(self, max_openings_per_minute: _Optional[int] = ...) -> None: ...

class Sizing(_message.Message):
    __slots__ = ("fixed_lots", "multiplier", "lots_per_thousand_balance", "lots_per_thousand_equity", "risk_fraction")
    FIXED_LOTS_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    LOTS_PER_THOUSAND_BALANCE_FIELD_NUMBER: _ClassVar[int]
    LOTS_PER_THOUSAND_EQUITY_FIELD_NUMBER: _ClassVar[int]
    RISK_FRACTION_FIELD_NUMBER: _ClassVar[int]
    fixed_lots: str
    multiplier: str
    lots_per_thousand_balance: str
    lots_per_thousand_equity: str
    risk_fraction: str
    def __init__(self, fixed_lots: _Optional[str] = ..., multiplier: _Optional[str] = ..., lots_per_thousand_balance: _Optional[str] = ..., lots_per_thousand_equity: _Optional[str] = ..., risk_fraction: _Optional[str] = ...) -> None: ...

class QuietHours(_message.Message):
    __slots__ = ("start", "end", "time_zone")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    start: str
    end: str
    time_zone: str
    def __init__(self, start: _Optional[str] = ..., end: _Optional[str] = ..., time_zone: _Optional[str] = ...) -> None: ...

class SubscriptionLimits(_message.Message):
    __slots__ = ("max_volume", "max_drift_pips", "max_spread_pips", "max_signal_age", "automatic_max_volume", "instruments", "max_orders_per_minute", "max_money_at_risk")
    MAX_VOLUME_FIELD_NUMBER: _ClassVar[int]
    MAX_DRIFT_PIPS_FIELD_NUMBER: _ClassVar[int]
    MAX_SPREAD_PIPS_FIELD_NUMBER: _ClassVar[int]
    MAX_SIGNAL_AGE_FIELD_NUMBER: _ClassVar[int]
    AUTOMATIC_MAX_VOLUME_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    MAX_ORDERS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    MAX_MONEY_AT_RISK_FIELD_NUMBER: _ClassVar[int]
    max_volume: str
    max_drift_pips: str
    max_spread_pips: str
    max_signal_age: _duration_pb2.Duration
    automatic_max_volume: str
    instruments: _containers.RepeatedScalarFieldContainer[str]
    max_orders_per_minute: int
    max_money_at_risk: str
    def __init__(self, max_volume: _Optional[str] = ..., max_drift_pips: _Optional[str] = ..., max_spread_pips: _Optional[str] = ..., max_signal_age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., automatic_max_volume: _Optional[str] = ..., instruments: _Optional[_Iterable[str]] = ..., max_orders_per_minute: _Optional[int] = ..., max_money_at_risk: _Optional[str] = ...) -> None: ...

class Subscription(_message.Message):
    __slots__ = ("subscription_id", "account_id", "producer_id", "sizing", "approval_mode", "quiet_hours", "limits", "consent_version", "consent_time", "create_time", "cancel_time", "close_on_expiry")
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    SIZING_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_MODE_FIELD_NUMBER: _ClassVar[int]
    QUIET_HOURS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    CONSENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONSENT_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CANCEL_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_ON_EXPIRY_FIELD_NUMBER: _ClassVar[int]
    subscription_id: str
    account_id: str
    producer_id: str
    sizing: Sizing
    approval_mode: ApprovalMode
    quiet_hours: QuietHours
    limits: SubscriptionLimits
    consent_version: str
    consent_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    cancel_time: _timestamp_pb2.Timestamp
    close_on_expiry: bool
    def __init__(self, subscription_id: _Optional[str] = ..., account_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., sizing: _Optional[_Union[Sizing, _Mapping]] = ..., approval_mode: _Optional[_Union[ApprovalMode, str]] = ..., quiet_hours: _Optional[_Union[QuietHours, _Mapping]] = ..., limits: _Optional[_Union[SubscriptionLimits, _Mapping]] = ..., consent_version: _Optional[str] = ..., consent_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cancel_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., close_on_expiry: _Optional[bool] = ...) -> None: ...

class Producer(_message.Message):
    __slots__ = ("producer_id", "owner_id", "name", "instruments", "listed", "paused", "create_time", "limits")
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    LISTED_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    producer_id: str
    owner_id: str
    name: str
    instruments: _containers.RepeatedScalarFieldContainer[str]
    listed: bool
    paused: bool
    create_time: _timestamp_pb2.Timestamp
    limits: ProducerLimits
    def __init__(self, producer_id: _Optional[str] = ..., owner_id: _Optional[str] = ..., name: _Optional[str] = ..., instruments: _Optional[_Iterable[str]] = ..., listed: _Optional[bool] = ..., paused: _Optional[bool] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., limits: _Optional[_Union[ProducerLimits, _Mapping]] = ...) -> None: ...

class ProducerKey(_message.Message):
    __slots__ = ("key_id", "producer_id", "algorithm", "public_key", "create_time", "revoke_time", "last_used_time")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVOKE_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_USED_TIME_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    producer_id: str
    algorithm: _signals_pb2.SignatureAlgorithm
    public_key: bytes
    create_time: _timestamp_pb2.Timestamp
    revoke_time: _timestamp_pb2.Timestamp
    last_used_time: _timestamp_pb2.Timestamp
    def __init__(self, key_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., algorithm: _Optional[_Union[_signals_pb2.SignatureAlgorithm, str]] = ..., public_key: _Optional[bytes] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoke_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_used_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ConsentText(_message.Message):
    __slots__ = ("version", "text", "text_sha256", "publish_time")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TEXT_SHA256_FIELD_NUMBER: _ClassVar[int]
    PUBLISH_TIME_FIELD_NUMBER: _ClassVar[int]
    version: str
    text: str
    text_sha256: str
    publish_time: _timestamp_pb2.Timestamp
    def __init__(self, version: _Optional[str] = ..., text: _Optional[str] = ..., text_sha256: _Optional[str] = ..., publish_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AccountSymbol(_message.Message):
    __slots__ = ("instrument", "properties", "fingerprint", "confirm_time", "changed")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    CONFIRM_TIME_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    instrument: str
    properties: _values_pb2.SymbolProperties
    fingerprint: str
    confirm_time: _timestamp_pb2.Timestamp
    changed: bool
    def __init__(self, instrument: _Optional[str] = ..., properties: _Optional[_Union[_values_pb2.SymbolProperties, _Mapping]] = ..., fingerprint: _Optional[str] = ..., confirm_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., changed: _Optional[bool] = ...) -> None: ...

class CreateAccountRequest(_message.Message):
    __slots__ = ("name", "broker", "fingerprint", "limits", "demo")
    NAME_FIELD_NUMBER: _ClassVar[int]
    BROKER_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    DEMO_FIELD_NUMBER: _ClassVar[int]
    name: str
    broker: str
    fingerprint: _values_pb2.AccountFingerprint
    limits: AccountLimits
    demo: bool
    def __init__(self, name: _Optional[str] = ..., broker: _Optional[str] = ..., fingerprint: _Optional[_Union[_values_pb2.AccountFingerprint, _Mapping]] = ..., limits: _Optional[_Union[AccountLimits, _Mapping]] = ..., demo: _Optional[bool] = ...) -> None: ...

class CreateAccountResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class GetAccountRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    def __init__(self, account_id: _Optional[str] = ...) -> None: ...

class GetAccountResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class ListAccountsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAccountsResponse(_message.Message):
    __slots__ = ("accounts", "next_page_token")
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[Account]
    next_page_token: str
    def __init__(self, accounts: _Optional[_Iterable[_Union[Account, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateAccountRequest(_message.Message):
    __slots__ = ("account", "update_mask", "clear_mask")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    CLEAR_MASK_FIELD_NUMBER: _ClassVar[int]
    account: Account
    update_mask: _field_mask_pb2.FieldMask
    clear_mask: _field_mask_pb2.FieldMask
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., clear_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateAccountResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class PutSymbolRequest(_message.Message):
    __slots__ = ("account_id", "instrument", "symbol", "properties")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    instrument: str
    symbol: str
    properties: _values_pb2.SymbolProperties
    def __init__(self, account_id: _Optional[str] = ..., instrument: _Optional[str] = ..., symbol: _Optional[str] = ..., properties: _Optional[_Union[_values_pb2.SymbolProperties, _Mapping]] = ...) -> None: ...

class PutSymbolResponse(_message.Message):
    __slots__ = ("symbol",)
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    symbol: AccountSymbol
    def __init__(self, symbol: _Optional[_Union[AccountSymbol, _Mapping]] = ...) -> None: ...

class ListSymbolsRequest(_message.Message):
    __slots__ = ("account_id",)
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    def __init__(self, account_id: _Optional[str] = ...) -> None: ...

class ListSymbolsResponse(_message.Message):
    __slots__ = ("symbols", "unmapped")
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    UNMAPPED_FIELD_NUMBER: _ClassVar[int]
    symbols: _containers.RepeatedCompositeFieldContainer[AccountSymbol]
    unmapped: _containers.RepeatedCompositeFieldContainer[_values_pb2.SymbolProperties]
    def __init__(self, symbols: _Optional[_Iterable[_Union[AccountSymbol, _Mapping]]] = ..., unmapped: _Optional[_Iterable[_Union[_values_pb2.SymbolProperties, _Mapping]]] = ...) -> None: ...

class CreateSubscriptionRequest(_message.Message):
    __slots__ = ("account_id", "producer_id", "sizing", "approval_mode", "quiet_hours", "limits", "consent_version", "close_on_expiry")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    SIZING_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_MODE_FIELD_NUMBER: _ClassVar[int]
    QUIET_HOURS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    CONSENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CLOSE_ON_EXPIRY_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    producer_id: str
    sizing: Sizing
    approval_mode: ApprovalMode
    quiet_hours: QuietHours
    limits: SubscriptionLimits
    consent_version: str
    close_on_expiry: bool
    def __init__(self, account_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., sizing: _Optional[_Union[Sizing, _Mapping]] = ..., approval_mode: _Optional[_Union[ApprovalMode, str]] = ..., quiet_hours: _Optional[_Union[QuietHours, _Mapping]] = ..., limits: _Optional[_Union[SubscriptionLimits, _Mapping]] = ..., consent_version: _Optional[str] = ..., close_on_expiry: _Optional[bool] = ...) -> None: ...

class CreateSubscriptionResponse(_message.Message):
    __slots__ = ("subscription",)
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    subscription: Subscription
    def __init__(self, subscription: _Optional[_Union[Subscription, _Mapping]] = ...) -> None: ...

class GetSubscriptionRequest(_message.Message):
    __slots__ = ("subscription_id",)
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    subscription_id: str
    def __init__(self, subscription_id: _Optional[str] = ...) -> None: ...

class GetSubscriptionResponse(_message.Message):
    __slots__ = ("subscription",)
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    subscription: Subscription
    def __init__(self, subscription: _Optional[_Union[Subscription, _Mapping]] = ...) -> None: ...

class ListSubscriptionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "account_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    account_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., account_id: _Optional[str] = ...) -> None: ...

class ListSubscriptionsResponse(_message.Message):
    __slots__ = ("subscriptions", "next_page_token")
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    subscriptions: _containers.RepeatedCompositeFieldContainer[Subscription]
    next_page_token: str
    def __init__(self, subscriptions: _Optional[_Iterable[_Union[Subscription, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateSubscriptionRequest(_message.Message):
    __slots__ = ("subscription", "update_mask", "clear_mask")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    CLEAR_MASK_FIELD_NUMBER: _ClassVar[int]
    subscription: Subscription
    update_mask: _field_mask_pb2.FieldMask
    clear_mask: _field_mask_pb2.FieldMask
    def __init__(self, subscription: _Optional[_Union[Subscription, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., clear_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateSubscriptionResponse(_message.Message):
    __slots__ = ("subscription",)
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    subscription: Subscription
    def __init__(self, subscription: _Optional[_Union[Subscription, _Mapping]] = ...) -> None: ...

class CancelSubscriptionRequest(_message.Message):
    __slots__ = ("subscription_id",)
    SUBSCRIPTION_ID_FIELD_NUMBER: _ClassVar[int]
    subscription_id: str
    def __init__(self, subscription_id: _Optional[str] = ...) -> None: ...

class CancelSubscriptionResponse(_message.Message):
    __slots__ = ("subscription",)
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    subscription: Subscription
    def __init__(self, subscription: _Optional[_Union[Subscription, _Mapping]] = ...) -> None: ...

class CreateProducerRequest(_message.Message):
    __slots__ = ("name", "instruments", "listed")
    NAME_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    LISTED_FIELD_NUMBER: _ClassVar[int]
    name: str
    instruments: _containers.RepeatedScalarFieldContainer[str]
    listed: bool
    def __init__(self, name: _Optional[str] = ..., instruments: _Optional[_Iterable[str]] = ..., listed: _Optional[bool] = ...) -> None: ...

class CreateProducerResponse(_message.Message):
    __slots__ = ("producer",)
    PRODUCER_FIELD_NUMBER: _ClassVar[int]
    producer: Producer
    def __init__(self, producer: _Optional[_Union[Producer, _Mapping]] = ...) -> None: ...

class GetProducerRequest(_message.Message):
    __slots__ = ("producer_id",)
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    producer_id: str
    def __init__(self, producer_id: _Optional[str] = ...) -> None: ...

class GetProducerResponse(_message.Message):
    __slots__ = ("producer",)
    PRODUCER_FIELD_NUMBER: _ClassVar[int]
    producer: Producer
    def __init__(self, producer: _Optional[_Union[Producer, _Mapping]] = ...) -> None: ...

class ListProducersRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListProducersResponse(_message.Message):
    __slots__ = ("producers", "next_page_token")
    PRODUCERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    producers: _containers.RepeatedCompositeFieldContainer[Producer]
    next_page_token: str
    def __init__(self, producers: _Optional[_Iterable[_Union[Producer, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateProducerRequest(_message.Message):
    __slots__ = ("producer", "update_mask", "clear_mask")
    PRODUCER_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    CLEAR_MASK_FIELD_NUMBER: _ClassVar[int]
    producer: Producer
    update_mask: _field_mask_pb2.FieldMask
    clear_mask: _field_mask_pb2.FieldMask
    def __init__(self, producer: _Optional[_Union[Producer, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., clear_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateProducerResponse(_message.Message):
    __slots__ = ("producer",)
    PRODUCER_FIELD_NUMBER: _ClassVar[int]
    producer: Producer
    def __init__(self, producer: _Optional[_Union[Producer, _Mapping]] = ...) -> None: ...

class CreateProducerKeyRequest(_message.Message):
    __slots__ = ("request_id", "producer_id", "algorithm", "public_key")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    producer_id: str
    algorithm: _signals_pb2.SignatureAlgorithm
    public_key: bytes
    def __init__(self, request_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., algorithm: _Optional[_Union[_signals_pb2.SignatureAlgorithm, str]] = ..., public_key: _Optional[bytes] = ...) -> None: ...

class CreateProducerKeyResponse(_message.Message):
    __slots__ = ("key", "secret")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    key: ProducerKey
    secret: str
    def __init__(self, key: _Optional[_Union[ProducerKey, _Mapping]] = ..., secret: _Optional[str] = ...) -> None: ...

class ListProducerKeysRequest(_message.Message):
    __slots__ = ("producer_id",)
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    producer_id: str
    def __init__(self, producer_id: _Optional[str] = ...) -> None: ...

class ListProducerKeysResponse(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[ProducerKey]
    def __init__(self, keys: _Optional[_Iterable[_Union[ProducerKey, _Mapping]]] = ...) -> None: ...

class RevokeProducerKeyRequest(_message.Message):
    __slots__ = ("producer_id", "key_id", "revoke_time")
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    REVOKE_TIME_FIELD_NUMBER: _ClassVar[int]
    producer_id: str
    key_id: str
    revoke_time: _timestamp_pb2.Timestamp
    def __init__(self, producer_id: _Optional[str] = ..., key_id: _Optional[str] = ..., revoke_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RevokeProducerKeyResponse(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: ProducerKey
    def __init__(self, key: _Optional[_Union[ProducerKey, _Mapping]] = ...) -> None: ...

class PublishConsentTextRequest(_message.Message):
    __slots__ = ("version", "text")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    version: str
    text: str
    def __init__(self, version: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class PublishConsentTextResponse(_message.Message):
    __slots__ = ("consent_text",)
    CONSENT_TEXT_FIELD_NUMBER: _ClassVar[int]
    consent_text: ConsentText
    def __init__(self, consent_text: _Optional[_Union[ConsentText, _Mapping]] = ...) -> None: ...

class ListConsentTextsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListConsentTextsResponse(_message.Message):
    __slots__ = ("consent_texts",)
    CONSENT_TEXTS_FIELD_NUMBER: _ClassVar[int]
    consent_texts: _containers.RepeatedCompositeFieldContainer[ConsentText]
    def __init__(self, consent_texts: _Optional[_Iterable[_Union[ConsentText, _Mapping]]] = ...) -> None: ...

class GetOwnerLimitsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetOwnerLimitsResponse(_message.Message):
    __slots__ = ("limits",)
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    limits: OwnerLimits
    def __init__(self, limits: _Optional[_Union[OwnerLimits, _Mapping]] = ...) -> None: ...

class PutOwnerLimitsRequest(_message.Message):
    __slots__ = ("limits",)
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    limits: OwnerLimits
    def __init__(self, limits: _Optional[_Union[OwnerLimits, _Mapping]] = ...) -> None: ...

class PutOwnerLimitsResponse(_message.Message):
    __slots__ = ("limits",)
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    limits: OwnerLimits
    def __init__(self, limits: _Optional[_Union[OwnerLimits, _Mapping]] = ...) -> None: ...
